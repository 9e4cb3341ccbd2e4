/* PR_SET_PDEATHSIG: a child hears of its parent's end. */
#include "procs.h"

static int gate[2], up[2];
static void on_usr(int signo) { print("signal %d\n", signo); }
static int grandchild(void)
{
	install(SIGUSR2, on_usr, 0, 0);
	sys(NR_prctl, PR_SET_PDEATHSIG, SIGUSR2);
	u64 none = 0;
	set_mask(SIG_BLOCK, BIT(SIGUSR2));
	tell(gate[1]);
	sys(NR_rt_sigsuspend, &none, 8);
	return 0;
}
static int child(void) { spawn(grandchild); await(gate[0]); return 2; }
int main(void)
{
	sys(NR_pipe, gate);
	sys(NR_pipe, up);
	sys(NR_prctl, PR_SET_CHILD_SUBREAPER, 1);
	int first = reap(spawn(child)), second = reap(-1);
	print("child %x, orphan %x\n", first, second);
	return 0;
}
