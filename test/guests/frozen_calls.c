/* Asleep in pause, nanosleep, poll and sigtimedwait, each to be frozen in; a timer wakes pause, time the others. */
#include "guest.h"

static volatile int alarms;

static void on_alarm(int signal) { alarms += signal == SIGALRM; }

int main(void)
{
	install(SIGALRM, on_alarm, 0, 0);
	struct itimerval often = { { 0, 20000 }, { 0, 20000 } }, never = { { 0, 0 }, { 0, 0 } };
	sys(NR_setitimer, 0, &often, 0);
	int first = sys(NR_pause), second = sys(NR_pause);
	sys(NR_setitimer, 0, &never, 0);
	print("pause: %d %d, alarms %d\n", first, second, alarms);
	struct timespec while_ = { 0, 10000000 }, left = { 7, 7 };
	say("nanosleep", sys(NR_nanosleep, &while_, &left));
	int ends[2];
	sys(NR_pipe, ends);
	struct pollfd one = { ends[0], POLLIN, 0 };
	say("poll", sys(NR_poll, &one, 1, 10));
	u64 set = BIT(SIGUSR2);
	set_mask(SIG_BLOCK, set);
	say("sigtimedwait", sys(NR_rt_sigtimedwait, &set, 0, &while_, 8));
	say("read of a pipe with nobody", (sys(NR_close, ends[1]), sys(NR_read, ends[0], &one, 1)));
	return 0;
}
