/* futex: waiters wake first come first, by count and by mask; a changed word is not waited for. */
#include "procs.h"

static volatile int word, order[4], count, asleep;
static void wait_any(void *n) { __sync_fetch_and_add(&asleep, 1); sys(NR_futex, &word, FUTEX_WAIT, 0, 0); order[__sync_fetch_and_add(&count, 1)] = (int)n; }
static void wait_bit(void *n) { __sync_fetch_and_add(&asleep, 1); sys(NR_futex, &word, FUTEX_WAIT_BITSET, 0, 0, 0, 1 << (int)n); order[__sync_fetch_and_add(&count, 1)] = (int)n; }
static void sleepers(int n, void (*run)(void *))
{
	count = asleep = 0;
	for (int i = 0; i < n; i++) {
		start(i, run, (void *)i);
		while (asleep <= i) pause_ms(1);
		pause_ms(3);
	}
}
int main(void)
{
	say("another value", sys(NR_futex, &word, FUTEX_WAIT, 1, 0));
	say("nobody to wake", sys(NR_futex, &word, FUTEX_WAKE, 9));
	say("not aligned", sys(NR_futex, (char *)&word + 1, FUTEX_WAKE, 1));
	struct timespec t = { 0, 2000000 };
	say("in time", sys(NR_futex, &word, FUTEX_WAIT, 0, &t));
	sleepers(3, wait_any);
	for (int i = 0; i < 3; i++) {
		say("woken", sys(NR_futex, &word, FUTEX_WAKE, 1));
		while (count <= i) pause_ms(1);
	}
	for (int i = 0; i < 3; i++) join(i);
	print("order %d %d %d\n", order[0], order[1], order[2]);
	sleepers(3, wait_bit);
	say("by mask", sys(NR_futex, &word, FUTEX_WAKE_BITSET, 9, 0, 0, 4));
	while (count < 1) pause_ms(1);
	say("who", order[0]);
	say("the others", sys(NR_futex, &word, FUTEX_WAKE, 9));
	for (int i = 0; i < 3; i++) join(i);
	return 0;
}
