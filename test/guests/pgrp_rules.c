/* Process groups and sessions: who may be put where. */
#include "procs.h"

static int gate[2], back[2];
static int child(void)
{
	check("it starts in its parent's group", sys(NR_getpgrp) == sys(NR_getpgid, sys(NR_getppid)));
	tell(back[1]);
	await(gate[0]);
	check("the parent moved it", sys(NR_getpgrp) == sys(NR_getpid));
	say("a leader of a group makes no session", sys(NR_setsid));
	return 0;
}
static int leader(void)
{
	int sid = sys(NR_setsid);
	check("a session of its own", sid == sys(NR_getpid) && sys(NR_getsid, 0) == sid && sys(NR_getpgrp) == sid);
	say("a session's leader stays", sys(NR_setpgid, 0, 0));
	tell(back[1]);
	await(gate[0]);
	return 0;
}
int main(void)
{
	sys(NR_pipe, gate);
	sys(NR_pipe, back);
	int pid = spawn(child);
	await(back[0]);
	say("a group that is not", sys(NR_setpgid, pid, 12345));
	say("its own", sys(NR_setpgid, pid, pid));
	tell(gate[1]);
	say("child", reap(pid));
	pid = spawn(leader);
	await(back[0]);
	say("of another session", sys(NR_setpgid, pid, sys(NR_getpgrp)));
	say("nobody", sys(NR_setpgid, 1234567, 0));
	say("negative", sys(NR_setpgid, 0, -1));
	tell(gate[1]);
	say("leader", reap(pid));
	return 0;
}
