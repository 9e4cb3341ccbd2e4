/* getpriority, setpriority, nice by process, group and user; the processors a task may run on. */
#include "sched.h"

int main(void)
{
	say("which 3", sys(NR_getpriority, 3, 0));
	say("which -1", sys(NR_getpriority, -1, 0));
	say("set 3", sys(NR_setpriority, 3, 0, 0));
	say("user 12345", sys(NR_getpriority, 2, 12345));
	say("pgrp 999999", sys(NR_getpriority, 1, 999999));
	say("process -1", sys(NR_getpriority, 0, -1));
	sys(NR_setpgid, 0, 0);
	int pid = sys(NR_fork);
	if (!pid) { pause_ms(100000); }
	say("pgrp set", sys(NR_setpriority, 1, 0, 9));
	say("child", sys(NR_getpriority, 0, pid));
	say("self", sys(NR_getpriority, 0, 0));
	say("child up", sys(NR_setpriority, 0, pid, 3));
	say("pgrp best", sys(NR_getpriority, 1, 0));
	sys(NR_setpriority, 0, pid, 100);
	say("clamped", sys(NR_getpriority, 0, pid));
	sys(NR_setpriority, 0, pid, -100);
	say("clamped", sys(NR_getpriority, 0, pid));
	sys(NR_kill, pid, SIGKILL); pause_ms(5);
	say("zombie", sys(NR_getpriority, 0, pid));
	say("zombie set", sys(NR_setpriority, 0, pid, 5));
	reap(pid);
	say("gone", sys(NR_getpriority, 0, pid));
	say("nice", sys(34, 3));
	say("is", sys(NR_getpriority, 0, 0));
	say("nice -100", sys(34, -100));
	say("is", sys(NR_getpriority, 0, 0));
	say("nice 100", sys(34, 1000));
	say("is", sys(NR_getpriority, 0, 0));
	/* All of a user. */
	int pids[2];
	for (int i = 0; i < 2; i++) {
		pids[i] = sys(NR_fork);
		if (pids[i] == 0) { sys(NR_setpriority, 0, 0, 4 + i); sys(NR_setuid32, 12345); pause_ms(100000); }
	}
	pause_ms(5);
	say("a user's best", sys(NR_getpriority, 2, 12345));
	say("set", sys(NR_setpriority, 2, 12345, 10));
	say("the first", sys(NR_getpriority, 0, pids[0]));
	say("the second", sys(NR_getpriority, 0, pids[1]));
	for (int i = 0; i < 2; i++) sys(NR_kill, pids[i], SIGKILL), reap(pids[i]);
	/* processors */
	u32 mask[32] = { 0 };
	say("get 3", sys(242, 0, 3, mask));
	say("get 5", sys(242, 0, 5, mask));
	say("get nobody", sys(242, 999999, 128, mask));
	say("get negative", sys(242, -1, 128, mask));
	say("get 0", sys(242, 0, 0, mask));
	say("get bad", sys(242, 0, 128, 8));
	say("set none", sys(241, 0, 128, mask));
	say("set 0", sys(241, 0, 0, mask));
	say("set bad", sys(241, 0, 4, 8));
	say("set nobody", sys(241, 999999, 4, mask));
	mask[0] = 1;
	say("set 1", sys(241, 0, 1, mask));
	say("set 4", sys(241, 0, 4, mask));
	sys(242, 0, 128, mask);
	say("mask", mask[0]);
	say("nobody, nowhere", sys(241, 999999, 4, 8));
	u32 cpu = 9, node = 9;
	say("getcpu", sys(318, &cpu, &node, 0));
	print("%d %d\n", cpu, node);
	say("bad", sys(318, 8, 0, 0));
	say("null", sys(318, 0, 0, 0));
	return 0;
}
