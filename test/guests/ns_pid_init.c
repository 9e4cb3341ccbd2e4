/* The init of a pid namespace: signals from inside do not harm it, orphans are its children, with it everybody ends, and nobody is born there any more. */
#include "namespaces.h"

static int up[2], down[2];
static void report(int value) { sys(NR_write, up[1], &value, 4); }
static int hear(void)
{
	int value = -1;
	sys(NR_read, up[0], &value, 4);
	return value;
}
static void wait_here(void)
{
	int c;
	sys(NR_read, down[0], &c, 4);
}
static int orphan(void)
{
	while (sys(NR_getppid) != 1) pause_ms(1);
	return sys(NR_getpid) == 4 ? 5 : 6;
}
static int middle(void)
{
	spawn(orphan);
	return 4;
}
static int attacker(void)
{
	int fails = 0;
	for (int signo = 1; signo < 65; signo++)
		if (signo != SIGCHLD && signo != 32 && signo != 33) fails += sys(NR_kill, 1, signo) != 0;
	fails += sys(NR_tgkill, 1, 1, SIGKILL) != 0;
	return fails;
}
static int sleeper(void)
{
	install(SIGTERM, SIG_IGN, 0, 0);
	for (;;) sys(NR_pause);
	return 0;
}
static int init(void)
{
	report(reap(spawn(attacker)));
	sys(NR_kill, 1, SIGKILL);
	sys(NR_kill, 1, SIGSTOP);
	report(1);
	int pid = spawn(middle), status = 0;
	report(sys(NR_waitpid, pid, &status, 0) == pid);
	report(status);
	int orphaned = sys(NR_waitpid, -1, &status, 0);
	report(orphaned);
	report(status);
	/* From outside: what is not SIGKILL or SIGSTOP does nothing. */
	wait_here();
	report(2);
	spawn(sleeper);
	int group = spawn(sleeper);
	sys(NR_setpgid, group, group);
	report(group);
	wait_here();
	return 3;
}
static int killed(void)
{
	report(spawn(sleeper));
	for (;;) sys(NR_pause);
	return 0;
}
static int faulting(void)
{
	*(volatile int *)8 = 1;
	return 1;
}
static int nobody(void) { return 0; }
static int quits(void) { return 9; }
static int unsharer(void)
{
	int status, fails = 0;
	fails += sys(NR_unshare, CLONE_NEWPID) != 0;
	fails += sys(NR_getpid) == 1;
	fails += reap(spawn(quits)) != 9 << 8;
	status = spawn(nobody);
	fails += status != -ENOMEM;
	/* Again is one too many: its children are elsewhere already. */
	fails += sys(NR_unshare, CLONE_NEWPID) != -EINVAL;
	return fails;
}
int main(void)
{
	sys(NR_pipe, up);
	sys(NR_pipe, down);
	int pid = spawn_in(CLONE_NEWPID, init), status = 0, c = 1;
	say("every signal from inside", hear());
	say("still there", hear());
	say("a child", hear());
	say("status", hear());
	say("an orphan", hear());
	say("status", hear());
	say("SIGTERM", sys(NR_kill, pid, SIGTERM));
	say("SIGHUP", sys(NR_kill, pid, SIGHUP));
	sys(NR_write, down[1], &c, 4);
	say("still there", hear());
	say("a sleeper", hear());
	say("SIGSTOP", sys(NR_kill, pid, SIGSTOP));
	status = reap_stop(pid);
	say("stopped", status);
	say("SIGCONT", sys(NR_kill, pid, SIGCONT));
	sys(NR_write, down[1], &c, 4);
	say("ends", reap(pid));

	pid = spawn_in(CLONE_NEWPID, killed);
	say("a child", hear());
	say("SIGKILL from outside", sys(NR_kill, pid, SIGKILL));
	say("status", reap(pid));
	pid = spawn_in(CLONE_NEWPID, faulting);
	say("a fault", reap(pid) & 0x7f);
	say("after its end", reap(spawn(unsharer)));
	/* All that ends in the pipe's writers: whoever was in there is gone. */
	sys(NR_close, up[1]);
	say("nobody is left", sys(NR_read, up[0], &c, 4));
	return 0;
}
