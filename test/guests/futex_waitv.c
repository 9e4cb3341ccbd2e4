/* futex_waitv: sleeps until one of several words is woken, and says which. */
#include "futexes.h"

enum { FUTEX_32 = 2 };
struct waitv { u64 value, address; u32 flags, reserved; };
static volatile u32 words[4];
static volatile int asleep, result;
static struct waitv list[130];

static void fill(int n)
{
	for (int i = 0; i < n; i++) list[i] = (struct waitv){ 0, (u32)&words[i % 4], FUTEX_32 | FUTEX_PRIVATE, 0 };
}
static int waitv(void *at, u32 n, u32 flags, void *timeout, int clock) { return sys(NR_futex_waitv, at, n, flags, timeout, clock); }
static void waiter(void *n) { asleep = 1; result = waitv(list, (u32)n, 0, 0, 0); }
static void begin(int n) { asleep = 0; start(0, waiter, (void *)n); settle(&asleep, 1); }
static int timed(int clock, int ms)
{
	struct timespec now;
	sys(NR_clock_gettime, clock, &now);
	struct { i64 sec; int nsec, pad; } at = { now.sec, now.nsec + ms * 1000000, 0 };
	if (at.nsec >= 1000000000) at.nsec -= 1000000000, at.sec++;
	return waitv(list, 3, 0, &at, clock);
}
static volatile int handled;
static void on_signal(int signal) { (void)signal; handled++; }

int main(void)
{
	fill(130);
	struct { i64 sec; int nsec, pad; } bad = { 0, 1000000000, 0 }, past = { 0, 1, 0 };
	say("flags", waitv(list, 1, 1, 0, 0));
	say("none", waitv(list, 0, 0, 0, 0));
	say("too many", waitv(list, 129, 0, 0, 0));
	say("no list", waitv(0, 1, 0, 0, 0));
	say("not there", waitv((void *)8, 1, 0, 0, 0));
	say("another clock", waitv(list, 1, 0, &past, 7));
	words[0] = 1;
	say("no clock without a time", waitv(list, 128, 0, 0, 7));
	words[0] = 0;
	say("no such time", waitv(list, 1, 0, &bad, 1));
	say("no time there", waitv(list, 1, 0, (void *)8, 1));
	list[1].flags = FUTEX_PRIVATE;
	say("no size", waitv(list, 2, 0, 0, 0));
	list[1].flags = FUTEX_32 | 0x100;
	say("a strange flag", waitv(list, 2, 0, 0, 0));
	list[1].flags = FUTEX_32, list[1].reserved = 1;
	say("a reserved word", waitv(list, 2, 0, 0, 0));
	fill(4);
	list[2].address += 2;
	say("not aligned", waitv(list, 3, 0, 0, 0));
	list[2].address = 8;
	say("no word", waitv(list, 3, 0, 0, 0));
	words[1] = 1;
	say("what comes first", waitv(list, 3, 0, 0, 0));
	words[1] = 0;
	fill(4);
	words[2] = 7;
	say("one has changed", waitv(list, 3, 0, 0, 0));
	words[2] = 0;
	say("long past", waitv(list, 3, 0, &past, 1));
	say("10 ms, monotonic", timed(1, 10));
	say("10 ms, realtime", timed(0, 10));
	for (int i = 0; i < 3; i++) {
		begin(3);
		say("wake", futex(&words[i], FUTEX_WAKE | FUTEX_PRIVATE, 9, 0, 0, 0));
		join(0);
		say("who", result);
	}
	begin(3);
	say("nobody at the fourth", futex(&words[3], FUTEX_WAKE | FUTEX_PRIVATE, 9, 0, 0, 0));
	say("moved", futex(&words[1], FUTEX_CMP_REQUEUE | FUTEX_PRIVATE, 0, 9, &words[3], 0));
	say("nobody is left", futex(&words[1], FUTEX_WAKE | FUTEX_PRIVATE, 9, 0, 0, 0));
	say("woken there", futex(&words[3], FUTEX_WAKE | FUTEX_PRIVATE, 9, 0, 0, 0));
	join(0);
	say("who", result);
	/* One word twice in the list. */
	list[2].address = (u32)&words[0];
	begin(3);
	say("twice", futex(&words[0], FUTEX_WAKE | FUTEX_PRIVATE, 9, 0, 0, 0));
	join(0);
	say("the last", result);
	fill(4);
	install(SIGUSR1, on_signal, 0, 0);
	begin(3);
	sys(NR_tkill, tids[0], SIGUSR1);
	join(0);
	print("a signal: %d, %d\n", result, handled);
	install(SIGUSR1, on_signal, SA_RESTART, 0);
	begin(3);
	sys(NR_tkill, tids[0], SIGUSR1);
	while (handled < 2) pause_ms(1);
	pause_ms(5);
	futex(&words[1], FUTEX_WAKE | FUTEX_PRIVATE, 9, 0, 0, 0);
	join(0);
	print("restarted: %d, %d\n", result, handled);
	return 0;
}
