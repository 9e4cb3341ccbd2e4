/* ptrace: TRACEME and CONT: signals stop the child first, and are delivered, dropped or changed; what wait and SIGCHLD say; errors. */
#include "tracer.h"

static int handled[65];
static void on(int signal, struct siginfo *info, struct context *context)
{
	(void)info;
	(void)context;
	handled[signal]++;
	print("handler %d code %d\n", signal, info->code);
	flush();
}

static int child(void)
{
	int me = sys(NR_getpid);
	install(SIGUSR1, on, SA_SIGINFO, 0);
	install(SIGUSR2, on, SA_SIGINFO, 0);
	print("first result %d\n", ptrace(PTRACE_TRACEME));
	flush();
	sys(NR_kill, me, SIGUSR1);
	sys(NR_kill, me, SIGUSR1);
	sys(NR_kill, me, SIGUSR1);
	sys(NR_kill, me, SIGCHLD);
	return handled[SIGUSR1] * 16 + handled[SIGUSR2];
}

static struct childinfo told;
static void on_child(int signal, struct siginfo *info, struct context *context)
{
	(void)signal;
	(void)context;
	told = *(struct childinfo *)info;
}

int main(void)
{
	install(SIGCHLD, on_child, SA_SIGINFO | SA_RESTART, 0);
	int pid = spawn_traced(child);
	print("told code %d status %d\n", told.code, told.status);
	struct childinfo info;
	say("none is pending", sys(NR_waitid, P_PID, pid, &info, WSTOPPED | WNOHANG, 0));
	print("SIGSTOP is dropped: %x\n", resume(PTRACE_CONT, pid, 0));
	struct childinfo of;
	say("siginfo", ptrace(PTRACE_GETSIGINFO, pid, 0, &of));
	print("signo %d code %d from itself %d\n", of.signo, of.code, of.pid == pid);
	print("delivered, next: %x\n", resume(PTRACE_CONT, pid, SIGUSR1));
	print("dropped, next: %x\n", resume(PTRACE_CONT, pid, 0));
	print("changed, next: %x\n", resume(PTRACE_CONT, pid, SIGUSR2));
	say("no such signal", ptrace(PTRACE_CONT, pid, 0, 65));
	say("no such child", ptrace(PTRACE_CONT, sys(NR_getpid), 0, 0));
	say("traced already", ptrace(PTRACE_ATTACH, pid, 0, 0));
	int status = resume(PTRACE_CONT, pid, 0);
	print("ended: %x\n", status);
	print("told code %d status %x\n", told.code, told.status);
	say("gone", ptrace(PTRACE_CONT, pid, 0, 0));
	say("no child", sys(NR_waitpid, pid, &status, 0));
	pid = spawn_traced(child);
	say("kill", ptrace(PTRACE_KILL, pid, 0, 0));
	print("killed: %x\n", stop_of(pid));
	return 0;
}
