/* A timerfd counts its expiries: once, at intervals, at an absolute time; it is read, polled, disarmed and set again. */
#include "polling.h"

static int ms_of(const struct timespec *t) { return t->sec * 1000 + t->nsec / 1000000; }
int main(void)
{
	int fd = sys(NR_timerfd_create, 1, O_NONBLOCK);
	struct itimerspec set = { { 0, 0 }, { 0, 5000000 } }, old;
	u64 n = 0;
	say("not set", sys(NR_read, fd, &n, 8));
	say("once", sys(NR_timerfd_settime, fd, 0, &set, 0));
	struct pollfd p = { fd, POLLIN, 0 };
	say("poll", sys(NR_poll, &p, 1, 1000));
	say("read", sys(NR_read, fd, &n, 8));
	say("expiries", (int)n);
	say("again", sys(NR_read, fd, &n, 8));
	sys(NR_timerfd_gettime, fd, &old);
	say("left", ms_of(&old.value));
	set.interval.nsec = 20000000;
	sys(NR_timerfd_settime, fd, 0, &set, 0);
	pause_ms(70);
	sys(NR_read, fd, &n, 8);
	say("at intervals", n >= 3);
	set.value.sec = 100;
	say("another", sys(NR_timerfd_settime, fd, 0, &set, &old));
	say("old interval", ms_of(&old.interval));
	sys(NR_timerfd_gettime, fd, &old);
	say("nearly all is left", ms_of(&old.value) > 90000);
	set.value.sec = set.value.nsec = 0;
	say("disarm", sys(NR_timerfd_settime, fd, 0, &set, 0));
	say("nothing", sys(NR_read, fd, &n, 8));
	struct timespec now;
	sys(NR_clock_gettime, 1, &now);
	set.interval.nsec = 0;
	set.value = now;
	say("in the past", sys(NR_timerfd_settime, fd, 1, &set, 0));
	pause_ms(1);
	say("at once", sys(NR_read, fd, &n, 8));
	int wait = sys(NR_timerfd_create, 0, 0);
	set.value.sec = 0;
	set.value.nsec = 3000000;
	sys(NR_timerfd_settime, wait, 0, &set, 0);
	say("waited", sys(NR_read, wait, &n, 8));
	say("bad clock", sys(NR_timerfd_create, 2, 0));
	say("write", sys(NR_write, fd, &n, 8));
	set.value.nsec = 1000000000;
	say("bad time", sys(NR_timerfd_settime, fd, 0, &set, 0));
	say("not one", sys(NR_timerfd_settime, 1, 0, &old, 0));
	return 0;
}
