/* Parent and child take turns by signals: none is lost between the look and the sleep. */
#include "procs.h"

static volatile int got;
static int parent;
static void on_usr(int signo) { (void)signo; got++; }
static void turn(int n) { u64 none = 0; while (got < n) sys(NR_rt_sigsuspend, &none, 8); }
static int child(void)
{
	for (int i = 1; i <= 20; i++) {
		turn(i);
		sys(NR_kill, parent, SIGUSR1);
	}
	return got;
}
int main(void)
{
	parent = sys(NR_getpid);
	install(SIGUSR1, on_usr, 0, 0);
	set_mask(SIG_BLOCK, BIT(SIGUSR1));
	int pid = spawn(child);
	for (int i = 1; i <= 20; i++) {
		sys(NR_kill, pid, SIGUSR1);
		turn(i);
	}
	say("turns", got);
	say("status", reap(pid) >> 8);
	return 0;
}
