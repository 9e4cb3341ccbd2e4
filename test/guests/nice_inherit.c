/* Priorities, limits and prctl settings go to children; some do not. */
#include "procs.h"

static int child(void)
{
	say("nice", 20 - sys(NR_getpriority, 0, 0));
	u32 limit[2];
	sys(NR_ugetrlimit, 7, limit);
	say("files", limit[0]);
	char name[16];
	sys(NR_prctl, 16, name);
	print("name %s\n", name);
	int signo = -1;
	sys(NR_prctl, 2, &signo);
	say("death signal", signo);
	say("no new privileges", sys(NR_prctl, 39, 0, 0, 0, 0));
	return 0;
}
int main(void)
{
	u32 limit[2] = { 77, 100 };
	sys(NR_setpriority, 0, 0, 7);
	sys(NR_setrlimit, 7, limit);
	sys(NR_prctl, 15, "renamed");
	sys(NR_prctl, PR_SET_PDEATHSIG, SIGUSR1);
	sys(NR_prctl, 38, 1, 0, 0, 0);
	say("status", reap(spawn(child)));
	return 0;
}
