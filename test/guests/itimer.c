/* setitimer, periodic: ticks taken by sigsuspend, getitimer's relations, stopping, a virtual timer in a busy loop. */
#include "guest.h"

static volatile int ticks, virtual_ticks;

static void on_tick(int signal)
{
	if (signal == SIGALRM) ticks++;
	else virtual_ticks++;
}

int main(void)
{
	struct itimerval period = { { 0, 10000 }, { 0, 25000 } }, now, stop = { { 0, 0 }, { 0, 0 } };
	u64 open = 0;
	install(SIGALRM, on_tick, 0, 0);
	install(SIGVTALRM, on_tick, 0, 0);
	set_mask(SIG_BLOCK, BIT(SIGALRM));
	say("setitimer", sys(NR_setitimer, 0, &period, 0));
	say("getitimer", sys(NR_getitimer, 0, &now));
	check("interval", now.interval.sec == 0 && now.interval.usec == 10000);
	check("rest is less than was set", now.value.sec == 0 && now.value.usec > 0 && now.value.usec <= 25000);
	for (int i = 1; i <= 5; i++) {
		sys(NR_rt_sigsuspend, &open, 8);
		print("tick %d\n", ticks);
	}
	say("stop", sys(NR_setitimer, 0, &stop, &now));
	check("the old one is told", now.interval.usec == 10000 && now.value.usec > 0 && now.value.usec <= 10000);
	sys(NR_getitimer, 0, &now);
	print("stopped: %d %d %d %d\n", now.interval.sec, now.interval.usec, now.value.sec, now.value.usec);
	struct timespec rest = { 0, 30000000 };
	set_mask(SIG_SETMASK, 0);
	int before = ticks; /* the last tick may have been pending */
	say("nanosleep", sys(NR_nanosleep, &rest, 0));
	say("no more ticks", ticks - before);
	say("setitimer virtual", sys(NR_setitimer, 1, &(struct itimerval){ { 0, 0 }, { 0, 20000 } }, 0));
	while (!virtual_ticks);
	say("virtual ticks", virtual_ticks);
	say("unknown timer", sys(NR_setitimer, 3, &period, 0));
	period.value.usec = 1000000;
	say("bad microseconds", sys(NR_setitimer, 0, &period, 0));
	return 0;
}
