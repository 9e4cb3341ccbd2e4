/* kill to a process group reaches all its members and nobody else. */
#include "procs.h"

static int gate[2], back[2], group;
static void on_usr(int signo) { (void)signo; }
static int member(void)
{
	install(SIGUSR1, on_usr, 0, 0);
	sys(NR_setpgid, 0, group);
	u64 none = 0;
	set_mask(SIG_BLOCK, BIT(SIGUSR1));
	tell(back[1]);
	return sys(NR_rt_sigsuspend, &none, 8) == -EINTR ? 3 : 4;
}
int main(void)
{
	sys(NR_pipe, gate);
	sys(NR_pipe, back);
	int a = group = spawn(member);
	await(back[0]);
	int b = spawn(member), c = spawn(member);
	await(back[0]);
	await(back[0]);
	say("kill", sys(NR_kill, -group, SIGUSR1));
	int sum = reap(a) + reap(b) + reap(c);
	print("all three %x\n", sum);
	say("an empty group", sys(NR_kill, -group, SIGUSR1));
	say("a signal that is none", sys(NR_kill, 0, 65));
	say("0 only asks", sys(NR_kill, sys(NR_getpid), 0));
	return 0;
}
