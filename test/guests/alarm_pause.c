/* alarm and pause: EINTR after the handler, what alarm returns, cancelling, sigsuspend with the old mask back, death by SIGALRM. */
#include "guest.h"

static void on_alarm(int signal) { print("handler %d, mask %Q\n", signal, set_mask(SIG_BLOCK, 0)); }

int main(void)
{
	install(SIGALRM, on_alarm, SA_RESTART, 0);
	say("alarm", sys(NR_alarm, 100));
	say("alarm tells the rest", sys(NR_alarm, 50));
	say("cancel", sys(NR_alarm, 0));
	say("nothing was set", sys(NR_alarm, 1));
	say("pause", sys(NR_pause)); /* SA_RESTART does not restart it */
	set_mask(SIG_BLOCK, BIT(SIGALRM));
	sys(NR_alarm, 1);
	u64 none = BIT(SIGUSR2);
	say("sigsuspend", sys(NR_rt_sigsuspend, &none, 8));
	print("mask is back %Q\n", set_mask(SIG_BLOCK, 0));
	raise(SIGALRM);
	say("sigsuspend with one pending", sys(NR_rt_sigsuspend, &none, 8));
	set_mask(SIG_SETMASK, 0);
	install(SIGALRM, SIG_DFL, 0, 0);
	struct itimerval timer = { { 0, 0 }, { 0, 10000 } };
	say("setitimer", sys(NR_setitimer, 0, &timer, 0));
	say("pause", sys(NR_pause));
	return 0;
}
