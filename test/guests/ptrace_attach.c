/* ptrace: ATTACH stops a child that sleeps, DETACH lets it go with a signal; SEIZE and INTERRUPT; a group's stop; a tracer that ends. */
#include "tracer.h"

static int to_child[2], from_child[2];
static int got;
static void on(int signal, struct siginfo *info, struct context *context)
{
	(void)info;
	(void)context;
	got = signal;
}
static int child(void)
{
	install(SIGUSR1, on, SA_SIGINFO | SA_RESTART, 0);
	tell(from_child[1]);
	await(to_child[0]);
	return 40 + (got == SIGUSR1);
}

/* A tracer that attaches and ends: its tracee goes on. */
static int victim;
static int short_tracer(void)
{
	int result = ptrace(PTRACE_ATTACH, victim, 0, 0);
	return result * 16 + (stop_of(victim) == (SIGSTOP << 8 | 0x7f));
}

int main(void)
{
	sys(NR_pipe, to_child);
	sys(NR_pipe, from_child);
	int pid = spawn(child);
	await(from_child[0]);
	pause_ms(30);
	say("itself", ptrace(PTRACE_ATTACH, sys(NR_getpid), 0, 0));
	say("nobody", ptrace(PTRACE_ATTACH, 0x7ffffff, 0, 0));
	say("attach", ptrace(PTRACE_ATTACH, pid, 0, 0));
	print("stops: %x\n", stop_of(pid));
	print("in read: eax %d orig %d\n", peek_user(pid, REG(eax)), peek_user(pid, REG(orig_eax)));
	say("detach", ptrace(PTRACE_DETACH, pid, 0, SIGUSR1));
	say("not traced", ptrace(PTRACE_CONT, pid, 0, 0));
	say("seize", ptrace(PTRACE_SEIZE, pid, 0, PTRACE_O_TRACESYSGOOD));
	say("runs", ptrace(PTRACE_CONT, pid, 0, 0));
	say("interrupt", ptrace(PTRACE_INTERRUPT, pid, 0, 0));
	int status = stop_of(pid);
	struct childinfo info;
	print("stops: %x, siginfo %d", status, ptrace(PTRACE_GETSIGINFO, pid, 0, &info));
	print(" %d code %x\n", info.signo, info.code);
	say("go on", ptrace(PTRACE_CONT, pid, 0, 0));
	sys(NR_kill, pid, SIGSTOP);
	print("signal: %x\n", stop_of(pid));
	print("group: %x\n", resume(PTRACE_CONT, pid, SIGSTOP));
	say("detach", ptrace(PTRACE_DETACH, pid, 0, 0));
	print("stopped: %x\n", reap_stop(pid));
	say("attach", ptrace(PTRACE_ATTACH, pid, 0, 0));
	print("stopped for its tracer: %x\n", stop_of(pid));
	sys(NR_kill, pid, SIGCONT);
	status = resume(PTRACE_CONT, pid, 0);
	print("one: %x\n", status);
	say("detach", ptrace(PTRACE_DETACH, pid, 0, 0));
	victim = pid;
	print("a tracer that ends: %x\n", reap(spawn(short_tracer)));
	tell(to_child[1]);
	print("end: %x\n", reap(pid));
	return 0;
}
