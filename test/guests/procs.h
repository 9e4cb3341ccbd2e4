/* What guests with several processes or threads share. All inline: guests without it stay as they are, byte for byte. */
#pragma once
#include "guest.h"

enum {
	WNOHANG = 1, WUNTRACED = 2, WSTOPPED = 2, WEXITED = 4, WCONTINUED = 8, WNOWAIT = 0x1000000, P_ALL = 0, P_PID = 1, P_PGID = 2,
	CLD_EXITED = 1, CLD_KILLED, CLD_DUMPED, CLD_TRAPPED, CLD_STOPPED, CLD_CONTINUED,
	SA_NOCLDSTOP = 1, SA_NOCLDWAIT = 2, SIGTSTP = 20,
	ECHILD = 10, ESRCH = 3, EDEADLK = 35, ETIMEDOUT = 110, ENOEXEC = 8, EBUSY = 16,
	CLONE_VM = 0x100, CLONE_FS = 0x200, CLONE_FILES = 0x400, CLONE_SIGHAND = 0x800, CLONE_VFORK = 0x4000, CLONE_PARENT = 0x8000,
	CLONE_THREAD = 0x10000, CLONE_SYSVSEM = 0x40000, CLONE_SETTLS = 0x80000, CLONE_PARENT_SETTID = 0x100000,
	CLONE_CHILD_CLEARTID = 0x200000, CLONE_CHILD_SETTID = 0x1000000,
	FUTEX_WAIT = 0, FUTEX_WAKE = 1, FUTEX_REQUEUE = 3, FUTEX_CMP_REQUEUE = 4, FUTEX_WAKE_OP = 5, FUTEX_LOCK_PI = 6,
	FUTEX_UNLOCK_PI = 7, FUTEX_TRYLOCK_PI = 8, FUTEX_WAIT_BITSET = 9, FUTEX_WAKE_BITSET = 10, FUTEX_PRIVATE = 128,
	PR_SET_PDEATHSIG = 1, PR_SET_CHILD_SUBREAPER = 36,
};
#define THREAD_FLAGS (CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM)
#define FUTEX_WAITERS 0x80000000u
#define FUTEX_OWNER_DIED 0x40000000u

struct childinfo { int signo, error, code, pid, uid, status, rest[26]; };

/* A child that does `run` and ends with what it returns. Nothing that was printed is printed twice. */
static inline int spawn(int (*run)(void))
{
	flush();
	int pid = sys(NR_fork);
	if (pid == 0) finish(run());
	return pid;
}

/* Waits for a child; its status word. */
static inline int reap(int pid)
{
	int status = -1;
	while (sys(NR_waitpid, pid, &status, 0) == -EINTR) continue;
	return status;
}

static inline int reap_stop(int pid)
{
	int status = -1;
	sys(NR_waitpid, pid, &status, WUNTRACED);
	return status;
}

static inline void pause_ms(int ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000 };
	while (sys(NR_nanosleep, &t, &t) == -EINTR) continue;
}

/* A pipe through which one tells the other that it has come so far. */
static inline void tell(int fd) { sys(NR_write, fd, "x", 1); }
static inline int await(int fd) { char c; return sys(NR_read, fd, &c, 1); }

/* vfork without a frame of its own: the child would write over the parent's way back. */
static inline __attribute__((always_inline)) int vfork_here(void)
{
	int pid;
	__asm__ volatile("int $0x80" : "=a"(pid) : "0"(NR_vfork) : "memory");
	return pid;
}

/* clone with a stack of its own: the child calls run(argument) and leaves by exit. */
__attribute__((noinline)) static int thread(u32 flags, void *stackTop, void (*run)(void *), void *argument, int *tid, void *tls)
{
	u32 *stack = stackTop;
	*--stack = (u32)argument;
	*--stack = (u32)run;
	int result = (int)flags;
	__asm__ volatile("push %%ebp\n\tpush %%ebx\n\tmov %%eax, %%ebx\n\tmov $120, %%eax\n\tint $0x80\n\ttest %%eax, %%eax\n\tjnz 1f\n\t"
			 "xor %%ebp, %%ebp\n\tpop %%eax\n\tcall *%%eax\n\tmov $1, %%eax\n\txor %%ebx, %%ebx\n\tint $0x80\n\thlt\n"
			 "1:\tpop %%ebx\n\tpop %%ebp"
			 : "+a"(result) : "c"(stack), "d"(tid), "S"(tls), "D"(tid) : "memory", "cc");
	return result;
}

#define STACKS 8
static u8 stacks[STACKS][8192] __attribute__((aligned(16)));
static int tids[STACKS];
static inline int start(int i, void (*run)(void *), void *argument)
{
	tids[i] = 1;
	return thread(THREAD_FLAGS | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID, stacks[i] + sizeof stacks[i], run, argument, &tids[i], 0);
}
static inline void join(int i)
{
	int tid;
	while ((tid = *(volatile int *)&tids[i]) != 0) sys(NR_futex, &tids[i], FUTEX_WAIT, tid, 0);
}
