/* A pid namespace of clone: numbers inside begin at 1, the parent sees others, who is outside is nobody. Waiting, groups, sessions, threads' numbers, signals in and out. */
#include "namespaces.h"

static int up[2], down[2];
static volatile int got, from, how, ended;
static void on_signal(int signo, struct siginfo *info, void *context)
{
	(void)context;
	if (signo == SIGCHLD) {
		ended = info->pid;
		return;
	}
	got = signo;
	from = info->pid;
	how = info->code;
}
static void report(int value) { sys(NR_write, up[1], &value, 4); }
static int hear(void)
{
	int value = -1;
	sys(NR_read, up[0], &value, 4);
	return value;
}
static int grandchild(void)
{
	int fails = 0;
	fails += sys(NR_getpid) != 2;
	fails += sys(NR_getppid) != 1;
	fails += sys(NR_kill, 1, 0) != 0;
	sys(NR_kill, 1, SIGUSR1);
	return fails ? 100 + fails : 42;
}
static int outside;
static int init(void)
{
	int fails = 0;
	report(sys(NR_getpid));
	report(sys(NR_gettid));
	report(sys(NR_getppid));
	/* Its group and session are outside. */
	report(sys(NR_getpgid, 0));
	report(sys(NR_getsid, 0));
	report(sys(NR_kill, outside, 0));
	report(sys(NR_kill, -1, 0));
	report(sys(NR_setpgid, 0, 0));
	report(sys(NR_getpgid, 0));
	report(sys(NR_setsid));
	install(SIGUSR1, on_signal, SA_SIGINFO | SA_RESTART, 0);
	int pid = spawn(grandchild), status = 0;
	report(pid);
	report(sys(NR_waitpid, pid, &status, 0));
	report(status);
	report(got == SIGUSR1 && how == 0);
	report(from);
	got = 0;
	report(1000);
	int c;
	sys(NR_read, down[0], &c, 4);
	/* From outside nobody sent it. */
	report(got == SIGUSR1);
	report(from);
	sys(NR_kill, 1, SIGUSR1);
	report(from);
	pid = spawn(grandchild);
	report(pid);
	struct siginfo info;
	fails += sys(NR_waitid, P_ALL, 0, &info, WEXITED, 0) != 0;
	report(info.pid);
	return fails ? 99 : 7;
}
int main(void)
{
	sys(NR_pipe, up);
	sys(NR_pipe, down);
	outside = sys(NR_getpid);
	install(SIGCHLD, on_signal, SA_SIGINFO | SA_RESTART, 0);
	int pid = spawn_in(CLONE_NEWPID, init), status = 0;
	check("another number outside", pid > 1);
	say("pid", hear());
	say("tid", hear());
	say("parent", hear());
	say("group", hear());
	say("session", hear());
	say("a signal to one outside", hear());
	say("to everybody", hear());
	say("a group of its own", hear());
	say("group", hear());
	say("a leader makes no session", hear());
	say("its child", hear());
	say("waited for", hear());
	say("status", hear());
	say("heard", hear());
	say("from", hear());
	say("go on", hear());
	check("its group", sys(NR_getpgid, pid) == pid);
	sys(NR_kill, pid, SIGUSR1);
	int c = 1;
	sys(NR_write, down[1], &c, 4);
	say("heard", hear());
	say("from outside", hear());
	say("from itself", hear());
	say("its next child", hear());
	say("of waitid", hear());
	check("waited for", sys(NR_waitpid, pid, &status, 0) == pid);
	say("status", status);
	check("told of it", ended == pid);
	say("a number of the inside", sys(NR_waitpid, 2, &status, 0));
	return 0;
}
