/* Clocks: they agree, never go back, sleeping moves them; resolutions and errors. Only relations are printed. */
#include "guest.h"

static i64 now(int clock)
{
	struct timespec t;
	return sys(NR_clock_gettime, clock, &t) ? -1 : t.sec * 1000000000ll + t.nsec;
}

int main(void)
{
	struct timeval day;
	say("gettimeofday", sys(NR_gettimeofday, &day, 0));
	i64 real = now(0);
	int seconds = sys(NR_time, 0);
	check("after 2001", day.sec > 1000000000);
	check("microseconds", day.usec >= 0 && day.usec < 1000000);
	check("clock_gettime is not before it", real >= day.sec * 1000000000ll + day.usec * 1000ll);
	check("and near", real - day.sec * 1000000000ll < 60000000000ll);
	/* That clock is as old as the last tick. */
	check("time", seconds >= day.sec - 1 && seconds - day.sec < 60);
	i64 before = now(1);
	int back = 0;
	for (int i = 0; i < 1000; i++) {
		i64 t = now(1);
		if (t < before) back++;
		before = t;
	}
	check("monotonic", back == 0);
	i64 start = now(1), raw = now(4), boot = now(7), coarse = now(6);
	check("other clocks", raw > 0 && boot >= start && coarse > 0);
	struct timespec nap = { 0, 30000000 };
	say("nanosleep", sys(NR_nanosleep, &nap, 0));
	check("it took as long as asked", now(1) - start >= 30000000);
	check("real time went with it", now(0) - real >= 30000000);
	check("no processor time for it", now(2) < 30000000 || now(2) < now(1) - start + 1000000000);
	say("clock_nanosleep relative", sys(NR_clock_nanosleep, 1, 0, &nap, 0));
	i64 wake = now(1) + 20000000;
	struct timespec at;
	u64 whole = (u64)wake;
	at.nsec = divide64(&whole, 1000000000);
	at.sec = (int)whole;
	say("clock_nanosleep until", sys(NR_clock_nanosleep, 1, 1, &at, 0));
	check("not before", now(1) >= wake);
	say("until a time that was", sys(NR_clock_nanosleep, 1, 1, &at, 0));
	struct timespec resolution;
	say("clock_getres", sys(NR_clock_getres, 1, &resolution));
	print("%d s %d ns\n", resolution.sec, resolution.nsec);
	say("unknown clock", sys(NR_clock_gettime, 99, &resolution));
	nap.nsec = 1000000000;
	say("bad nanoseconds", sys(NR_nanosleep, &nap, 0));
	nap.nsec = nap.sec = 0;
	say("sleep of nothing", sys(NR_nanosleep, &nap, 0));
	say("bad address", sys(NR_clock_gettime, 1, 16));
	return 0;
}
