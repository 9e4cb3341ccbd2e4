/* clone3: a struct of arguments, with its checks. */
#include "procs.h"

struct clone_args { u64 flags, pidfd, childTid, parentTid, exitSignal, stack, stackSize, tls, setTid, setTidSize, cgroup; };
static volatile int word;
int main(void)
{
	struct clone_args a = { 0 };
	say("too short", sys(NR_clone3, &a, 40));
	a.exitSignal = 100;
	say("no such signal", sys(NR_clone3, &a, 64));
	a.exitSignal = SIGCHLD;
	a.flags = SIGCHLD;
	say("a signal among the flags", sys(NR_clone3, &a, 64));
	a.flags = CLONE_PARENT_SETTID;
	a.parentTid = (u32)&word;
	a.stack = (u32)&a;
	say("a stack without size", sys(NR_clone3, &a, 88));
	a.stack = 0;
	flush();
	int pid = sys(NR_clone3, &a, 88);
	if (pid == 0) finish(4);
	check("pid and word", pid > 0 && word == pid);
	print("status %x\n", reap(pid));
	return 0;
}
