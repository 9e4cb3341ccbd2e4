/* A dead child that was not waited for: it can be asked for and signalled, then it is gone. */
#include "procs.h"

static int exits(void) { return 1; }
int main(void)
{
	int pid = spawn(exits);
	struct childinfo info;
	sys(NR_waitid, P_PID, pid, &info, WEXITED | WNOWAIT, 0);
	say("a signal to it", sys(NR_kill, pid, SIGTERM));
	check("its group", sys(NR_getpgid, pid) == sys(NR_getpgrp));
	say("status", reap(pid));
	say("a signal to nobody", sys(NR_kill, pid, SIGTERM));
	say("group of nobody", sys(NR_getpgid, pid));
	return 0;
}
