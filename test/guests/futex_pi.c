/* Locks with priority inheritance: the word holds the owner, unlocking hands over, trying and deadlock. */
#include "procs.h"

static volatile u32 lock;
static volatile int got, unlocked = -1;
static void taker(void *unused)
{
	(void)unused;
	int result = sys(NR_futex, &lock, FUTEX_LOCK_PI, 0, 0);
	got = result == 0 && (lock & 0x3fffffff) == (u32)sys(NR_gettid);
	unlocked = sys(NR_futex, &lock, FUTEX_UNLOCK_PI);
}
static void trier(void *unused) { (void)unused; say("held by another", sys(NR_futex, &lock, FUTEX_TRYLOCK_PI)); }
int main(void)
{
	u32 me = sys(NR_gettid);
	say("lock", sys(NR_futex, &lock, FUTEX_LOCK_PI, 0, 0));
	check("owner", lock == me);
	say("again", sys(NR_futex, &lock, FUTEX_LOCK_PI, 0, 0));
	start(0, trier, 0);
	join(0);
	start(0, taker, 0);
	while (!(lock & FUTEX_WAITERS)) pause_ms(1);
	check("who waits is seen in the word", lock == (me | FUTEX_WAITERS));
	pause_ms(5);
	say("not yet", got);
	int result = sys(NR_futex, &lock, FUTEX_UNLOCK_PI);
	join(0);
	say("unlock", result);
	check("the second owner", got);
	say("unlocked", unlocked);
	print("word %x\n", lock);
	say("not ours", sys(NR_futex, &lock, FUTEX_UNLOCK_PI));
	return 0;
}
