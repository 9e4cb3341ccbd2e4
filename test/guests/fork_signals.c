/* What of signals goes to a child: handlers and mask do, pending signals and timers do not. */
#include "procs.h"

static int caught;
static void on_usr(int signo) { caught = signo; }
static int child(void)
{
	u64 pending = 0;
	sys(NR_rt_sigpending, &pending, 8);
	print("pending %Q mask %Q\n", pending, set_mask(SIG_BLOCK, 0));
	say("alarm", sys(NR_alarm, 0));
	set_mask(SIG_SETMASK, 0);
	raise(SIGUSR1);
	say("caught", caught);
	return 0;
}
int main(void)
{
	install(SIGUSR1, on_usr, 0, 0);
	set_mask(SIG_BLOCK, BIT(SIGUSR1) | BIT(SIGUSR2));
	raise(SIGUSR1);
	sys(NR_alarm, 100);
	say("status", reap(spawn(child)));
	check("the parent's alarm goes on", sys(NR_alarm, 0) > 90);
	say("nothing caught yet", caught);
	set_mask(SIG_SETMASK, 0);
	say("now", caught);
	return 0;
}
