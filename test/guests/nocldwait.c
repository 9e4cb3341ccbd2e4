/* Children nobody wants to hear of are gone at once: SIG_IGN, SA_NOCLDWAIT; SA_NOCLDSTOP keeps stops quiet. */
#include "procs.h"

static volatile int seen;
static int gate[2];
static void on_child(int signo) { (void)signo; seen++; }
static int exits(void) { return 7; }
static int waits(void) { await(gate[0]); return 0; }
int main(void)
{
	sys(NR_pipe, gate);
	install(SIGCHLD, SIG_IGN, 0, 0);
	say("ignored: waits till it is gone", sys(NR_waitpid, spawn(exits), 0, 0));
	install(SIGCHLD, on_child, SA_NOCLDWAIT | SA_RESTART, 0);
	say("SA_NOCLDWAIT", sys(NR_waitpid, spawn(exits), 0, 0));
	say("the signal comes all the same", seen);
	install(SIGCHLD, on_child, SA_NOCLDSTOP | SA_RESTART, 0);
	seen = 0;
	int pid = spawn(waits);
	sys(NR_kill, pid, SIGSTOP);
	print("stopped %x\n", reap_stop(pid));
	say("signals", seen);
	sys(NR_kill, pid, SIGKILL);
	print("killed %x\n", reap(pid));
	say("signals", seen);
	return 0;
}
