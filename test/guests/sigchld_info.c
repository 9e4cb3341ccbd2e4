/* SIGCHLD carries what happened: exited, killed, stopped, continued. */
#include "procs.h"

static volatile int seen;
static int gate[2];
static void on_child(int signo, struct childinfo *info)
{
	print("%d: code %d status %d\n", signo, info->code, info->status);
	seen++;
}
static int exits(void) { return 7; }
static int waits(void) { await(gate[0]); return 0; }
static void until(int n)
{
	u64 none = 0;
	set_mask(SIG_BLOCK, BIT(SIGCHLD));
	while (seen < n) sys(NR_rt_sigsuspend, &none, 8);
	set_mask(SIG_UNBLOCK, BIT(SIGCHLD));
}
int main(void)
{
	sys(NR_pipe, gate);
	install(SIGCHLD, on_child, SA_SIGINFO, 0);
	reap(spawn(exits));
	until(1);
	int pid = spawn(waits);
	sys(NR_kill, pid, SIGSTOP);
	until(2);
	sys(NR_kill, pid, SIGCONT);
	until(3);
	sys(NR_kill, pid, SIGTERM);
	reap(pid);
	until(4);
	return 0;
}
