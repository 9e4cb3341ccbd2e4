/* futex: waiters move to another word and are woken there; WAKE_OP wakes on two. */
#include "procs.h"

static volatile int a, b, count, asleep;
static void wait_a(void *unused) { (void)unused; __sync_fetch_and_add(&asleep, 1); sys(NR_futex, &a, FUTEX_WAIT, 0, 0); __sync_fetch_and_add(&count, 1); }
static void wait_b(void *unused) { (void)unused; __sync_fetch_and_add(&asleep, 1); sys(NR_futex, &b, FUTEX_WAIT, b, 0); __sync_fetch_and_add(&count, 1); }
static void settle(int n) { while (asleep < n) pause_ms(1); pause_ms(5); }
int main(void)
{
	for (int i = 0; i < 4; i++) start(i, wait_a, 0);
	settle(4);
	say("the word changed", sys(NR_futex, &a, FUTEX_CMP_REQUEUE, 1, 9, &b, 7));
	say("one wakes, three move", sys(NR_futex, &a, FUTEX_CMP_REQUEUE, 1, 9, &b, 0));
	while (count < 1) pause_ms(1);
	say("nobody is left", sys(NR_futex, &a, FUTEX_WAKE, 9));
	say("they are here", sys(NR_futex, &b, FUTEX_WAKE, 9));
	for (int i = 0; i < 4; i++) join(i);
	asleep = count = 0;
	start(0, wait_a, 0);
	start(1, wait_b, 0);
	settle(2);
	/* b = 5; if b was 0 wake one there too: op SET 5, cmp EQ 0 */
	say("both", sys(NR_futex, &a, FUTEX_WAKE_OP, 1, 1, &b, 5 << 12));
	say("b", b);
	join(0);
	join(1);
	/* b += 2 (ADD); compare LT 5 is false */
	say("only the operation", sys(NR_futex, &a, FUTEX_WAKE_OP, 1, 1, &b, 1 << 28 | 2 << 24 | 2 << 12 | 5));
	say("b", b);
	return 0;
}
