/* A tracer that seized: a group's stop it listens in, the notice that it is over, SIGCONT to one that runs, interrupts of one that stands still. */
#include "tracer.h"

enum { PTRACE_LISTEN = 0x4208 };
static int run(void)
{
	for (;;) sys(NR_pause);
	return 0;
}
static void on_usr1(int signo) { (void)signo; }
static int busy(void)
{
	install(SIGUSR1, on_usr1, SA_RESTART, 0);
	volatile int n = 0;
	for (;;) n++;
	return 0;
}
static void shown(const char *what, int pid)
{
	struct siginfo info = { 0 };
	int status = stop_of(pid), r = ptrace(PTRACE_GETSIGINFO, pid, 0, &info);
	print("%s: status %x siginfo %d", what, status, r);
	if (r == 0) print(" signo %d code %x", info.signo, info.code);
	print("\n");
}
static int seize(int (*what)(void))
{
	int pid = spawn(what);
	pause_ms(5);
	say("seize", ptrace(PTRACE_SEIZE, pid, 0, 0));
	return pid;
}
static void nothing_new(int pid)
{
	int status;
	pause_ms(5);
	say("nothing new", sys(NR_wait4, pid, &status, TRACE_WALL | WNOHANG, 0));
}
static void with(int (*what)(void))
{
	struct regs r;
	int pid = seize(what);
	say("listen to one that runs", ptrace(PTRACE_LISTEN, pid, 0, 0));
	sys(NR_kill, pid, SIGSTOP);
	shown("its signal", pid);
	say("listen there", ptrace(PTRACE_LISTEN, pid, 0, 0));
	say("on with it", ptrace(PTRACE_CONT, pid, 0, SIGSTOP));
	shown("its group's stop", pid);
	say("listen", ptrace(PTRACE_LISTEN, pid, 0, 0));
	nothing_new(pid);
	say("registers", ptrace(PTRACE_GETREGS, pid, 0, &r));
	say("on", ptrace(PTRACE_CONT, pid, 0, 0));
	say("SIGCONT", sys(NR_kill, pid, SIGCONT));
	shown("it is over", pid);
	say("on", ptrace(PTRACE_CONT, pid, 0, 0));
	shown("the signal itself", pid);
	say("on", ptrace(PTRACE_CONT, pid, 0, SIGCONT));
	nothing_new(pid);

	say("SIGCONT again", sys(NR_kill, pid, SIGCONT));
	shown("a notice", pid);
	say("on", ptrace(PTRACE_CONT, pid, 0, 0));
	shown("the signal itself", pid);
	say("on without it", ptrace(PTRACE_CONT, pid, 0, 0));
	nothing_new(pid);

	say("interrupt", ptrace(PTRACE_INTERRUPT, pid, 0, 0));
	shown("interrupted", pid);
	say("listen there", ptrace(PTRACE_LISTEN, pid, 0, 0));
	nothing_new(pid);
	say("interrupt it", ptrace(PTRACE_INTERRUPT, pid, 0, 0));
	shown("interrupted", pid);
	say("interrupt it in its stop", ptrace(PTRACE_INTERRUPT, pid, 0, 0));
	nothing_new(pid);
	say("on", ptrace(PTRACE_CONT, pid, 0, 0));
	shown("again", pid);
	say("on", ptrace(PTRACE_CONT, pid, 0, 0));

	sys(NR_kill, pid, SIGSTOP);
	shown("stopped", pid);
	say("on with it", ptrace(PTRACE_CONT, pid, 0, SIGSTOP));
	shown("its group's stop", pid);
	sys(NR_kill, pid, SIGCONT);
	nothing_new(pid);
	say("on", ptrace(PTRACE_CONT, pid, 0, 0));
	shown("it is over", pid);
	say("on", ptrace(PTRACE_CONT, pid, 0, 0));
	shown("the signal", pid);
	say("on", ptrace(PTRACE_CONT, pid, 0, 0));

	sys(NR_kill, pid, SIGSTOP);
	shown("stopped", pid);
	say("on with it", ptrace(PTRACE_CONT, pid, 0, SIGSTOP));
	shown("its group's stop", pid);
	say("listen", ptrace(PTRACE_LISTEN, pid, 0, 0));
	sys(NR_kill, pid, SIGKILL);
	say("killed", stop_of(pid));
}
/* One that stands still already when it is seized. */
static int stands(void)
{
	sys(NR_kill, sys(NR_getpid), SIGSTOP);
	return 6;
}
static void in_its_stop(int interrupts)
{
	int pid = spawn(stands);
	say("stopped", reap_stop(pid));
	say("seize", ptrace(PTRACE_SEIZE, pid, 0, 0));
	if (interrupts) say("interrupt", ptrace(PTRACE_INTERRUPT, pid, 0, 0));
	shown("it stands still", pid);
	say("listen", ptrace(PTRACE_LISTEN, pid, 0, 0));
	if (!interrupts) nothing_new(pid);
	say("SIGCONT", sys(NR_kill, pid, SIGCONT));
	shown("it is over", pid);
	int status;
	while ((status = resume(PTRACE_CONT, pid, 0)) != 6 << 8) say("status", status);
	say("ends", status);
}
int main(void)
{
	in_its_stop(0);
	in_its_stop(1);
	with(run);
	with(busy);
	return 0;
}
