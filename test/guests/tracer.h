/* What guests that trace others share: requests, options, events of ptrace, and the tracer's turns. */
#pragma once
#include "procs.h"

enum { NR_ptrace = 26, EIO = 5 };
enum {
	PTRACE_TRACEME, PTRACE_PEEKTEXT, PTRACE_PEEKDATA, PTRACE_PEEKUSER, PTRACE_POKETEXT, PTRACE_POKEDATA, PTRACE_POKEUSER,
	PTRACE_CONT, PTRACE_KILL, PTRACE_SINGLESTEP, PTRACE_GETREGS = 12, PTRACE_SETREGS, PTRACE_GETFPREGS, PTRACE_SETFPREGS,
	PTRACE_ATTACH, PTRACE_DETACH, PTRACE_GETFPXREGS, PTRACE_SETFPXREGS, PTRACE_SYSCALL = 24, PTRACE_GET_THREAD_AREA,
	PTRACE_SET_THREAD_AREA, PTRACE_SETOPTIONS = 0x4200, PTRACE_GETEVENTMSG, PTRACE_GETSIGINFO, PTRACE_SETSIGINFO,
	PTRACE_GETREGSET, PTRACE_SETREGSET, PTRACE_SEIZE, PTRACE_INTERRUPT,
};
enum {
	PTRACE_O_TRACESYSGOOD = 1, PTRACE_O_TRACEFORK = 2, PTRACE_O_TRACEVFORK = 4, PTRACE_O_TRACECLONE = 8, PTRACE_O_TRACEEXEC = 16,
	PTRACE_O_TRACEVFORKDONE = 32, PTRACE_O_TRACEEXIT = 64, PTRACE_O_EXITKILL = 0x100000,
};
enum { EVENT_FORK = 1, EVENT_VFORK, EVENT_CLONE, EVENT_EXEC, EVENT_VFORK_DONE, EVENT_EXIT, EVENT_STOP = 128 };
enum { NT_PRSTATUS = 1, NT_PRFPREG, NT_386_TLS = 0x200 };
enum { TRACE_WALL = 0x40000000, DEBUGREG = 252 };

/* struct user_regs_struct */
struct regs { u32 ebx, ecx, edx, esi, edi, ebp, eax, ds, es, fs, gs, orig_eax, eip, cs, eflags, esp, ss; };
#define REG(name) ((u32) & ((struct regs *)0)->name)

#define ptrace(...) sys(NR_ptrace, __VA_ARGS__)

static inline u32 peek_user(int pid, u32 offset)
{
	u32 word = 0xbad;
	ptrace(PTRACE_PEEKUSER, pid, offset, &word);
	return word;
}
static inline u32 peek_data(int pid, volatile void *address)
{
	u32 word = 0xbad;
	ptrace(PTRACE_PEEKDATA, pid, address, &word);
	return word;
}

/* The status with which a tracee stands still, or ended. */
static inline int stop_of(int pid)
{
	int status = -1;
	while (sys(NR_wait4, pid, &status, TRACE_WALL, 0) == -EINTR) continue;
	return status;
}
static inline int resume(int request, int pid, int signal)
{
	int result = ptrace(request, pid, 0, signal);
	if (result != 0) print("resume: %d\n", result);
	return stop_of(pid);
}

/* A child that lets its parent trace it, stops, and does `run`. */
static int (*traced_run)(void);
static inline int traced_child(void)
{
	ptrace(PTRACE_TRACEME);
	sys(NR_kill, sys(NR_getpid), SIGSTOP);
	return traced_run();
}
static inline int spawn_traced(int (*run)(void))
{
	traced_run = run;
	int pid = spawn(traced_child);
	int status = stop_of(pid);
	if (status != (SIGSTOP << 8 | 0x7f)) print("FAIL: status %x\n", status);
	return pid;
}
