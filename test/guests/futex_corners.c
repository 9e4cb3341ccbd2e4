/* futex: deadlocks through several owners, words that lie about their owner, private and shared keys, odd operations. */
#include "futexes.h"

static volatile u32 a, b, word, plain;
static volatile int asleep, first, second, wakes;
static u8 *readonly, *shared, *sharedReadonly;

static void holds_b_wants_a(void *unused)
{
	(void)unused;
	futex(&b, FUTEX_LOCK_PI, 0, 0, 0, 0);
	asleep = 1;
	first = futex(&a, FUTEX_LOCK_PI, 0, 0, 0, 0);
	second = futex(&a, FUTEX_UNLOCK_PI, 0, 0, 0, 0);
	futex(&b, FUTEX_UNLOCK_PI, 0, 0, 0, 0);
}
static void wants_a(void *unused)
{
	(void)unused;
	asleep = 1;
	first = futex(&a, FUTEX_LOCK_PI, 0, 0, 0, 0);
	second = futex(&a, FUTEX_UNLOCK_PI, 0, 0, 0, 0);
}
static void waits_timed(void *ms)
{
	struct timespec at = { 0, (int)ms * 1000000 };
	asleep = 1;
	first = futex(&a, FUTEX_LOCK_PI, 0, (int)&at, 0, 0);
}
static void waits_timed2(void *ms)
{
	struct timespec at;
	sys(NR_clock_gettime, 1, &at);
	if ((at.nsec += (int)ms * 1000000) >= 1000000000) at.nsec -= 1000000000, at.sec++;
	asleep = 1;
	first = futex(&a, FUTEX_LOCK_PI2, 0, (int)&at, 0, 0);
}
static void waits(void *op) { asleep = 1; first = futex(&plain, (int)op, 0, 0, 0, 4); wakes++; }
static void dies_with_a(void *unused) { (void)unused; futex(&a, FUTEX_LOCK_PI, 0, 0, 0, 0); asleep = 1; while (!wakes) pause_ms(1); }

int main(void)
{
	u32 me = sys(NR_gettid);
	/* A has the one and wants the other, B the other way round. */
	futex(&a, FUTEX_LOCK_PI, 0, 0, 0, 0);
	start(0, holds_b_wants_a, 0);
	settle(&asleep, 1);
	say("each waits for the other", futex(&b, FUTEX_LOCK_PI, 0, 0, 0, 0));
	say("trying is no waiting", futex(&b, FUTEX_TRYLOCK_PI, 0, 0, 0, 0));
	check("yet is seen in the word", b == (FUTEX_WAITERS | (u32)tids[0]));
	say("unlock", futex(&a, FUTEX_UNLOCK_PI, 0, 0, 0, 0));
	join(0);
	print("it got %d, %d; words %x %x\n", first, second, a, b);

	/* The word lies. */
	asleep = 0;
	futex(&a, FUTEX_LOCK_PI, 0, 0, 0, 0);
	start(0, wants_a, 0);
	settle(&asleep, 1);
	a = 0;
	say("free, says the word, but one waits", futex(&a, FUTEX_TRYLOCK_PI, 0, 0, 0, 0));
	a = 0x3ffffff0;
	say("another's, says the word", futex(&a, FUTEX_LOCK_PI, 0, 0, 0, 0));
	a = me;
	say("its waiters cannot be woken so", futex(&a, FUTEX_WAKE, 1, 0, 0, 0));
	say("nor with a mask", futex(&a, FUTEX_WAKE_BITSET, 1, 0, 0, 0x10));
	say("unlock", futex(&a, FUTEX_UNLOCK_PI, 0, 0, 0, 0));
	join(0);
	print("it got %d, %d; word %x\n", first, second, a);
	a = 0x3ffffff0;
	say("nobody's", futex(&a, FUTEX_LOCK_PI, 0, 0, 0, 0));
	print("word %x\n", a);
	a = FUTEX_OWNER_DIED;
	say("whose owner died", futex(&a, FUTEX_LOCK_PI, 0, 0, 0, 0));
	check("keeps saying so", a == (FUTEX_OWNER_DIED | me));
	say("until it is unlocked", futex(&a, FUTEX_UNLOCK_PI, 0, 0, 0, 0));
	print("word %x\n", a);
	asleep = 0;
	start(0, waits, (void *)FUTEX_WAIT);
	settle(&asleep, 1);
	say("a lock on a word where others wait", futex(&plain, FUTEX_LOCK_PI, 0, 0, 0, 0));
	plain = me;
	say("or its unlocking", futex(&plain, FUTEX_UNLOCK_PI, 0, 0, 0, 0));
	plain = 0;
	futex(&plain, FUTEX_WAKE, 1, 0, 0, 0);
	join(0);

	/* An owner that ends without a word: the next one has it, marked. */
	asleep = wakes = 0;
	start(0, dies_with_a, 0);
	settle(&asleep, 1);
	asleep = 0;
	start(1, wants_a, 0);
	settle(&asleep, 1);
	wakes = 1;
	join(0);
	join(1);
	print("after its end: %d, %d\n", first, second);

	/* Times: LOCK_PI's of the realtime clock, LOCK_PI2's of the monotonic one unless it says otherwise. */
	futex(&a, FUTEX_LOCK_PI, 0, 0, 0, 0);
	asleep = 0;
	start(0, waits_timed, (void *)1);
	join(0);
	say("long past", first);
	start(0, waits_timed2, (void *)10);
	join(0);
	say("10 ms", first);
	say("LOCK_PI needs no clock", futex(&a, FUTEX_LOCK_PI | FUTEX_CLOCK_REALTIME, 0, 0, 0, 0));
	say("nor has WAIT one", futex(&plain, FUTEX_WAIT | FUTEX_CLOCK_REALTIME, 0, 0, 0, 0));
	say("but its time is looked at first", futex(&plain, FUTEX_WAIT | FUTEX_CLOCK_REALTIME, 0, 8, 0, 0));
	futex(&a, FUTEX_UNLOCK_PI, 0, 0, 0, 0);

	/* A private and a shared futex at one address are two. */
	asleep = 0;
	start(0, waits, (void *)(FUTEX_WAIT | FUTEX_PRIVATE));
	settle(&asleep, 1);
	say("shared finds nobody", futex(&plain, FUTEX_WAKE, 9, 0, 0, 0));
	say("private does", futex(&plain, FUTEX_WAKE | FUTEX_PRIVATE, 9, 0, 0, 0));
	join(0);
	asleep = 0;
	start(0, waits, (void *)FUTEX_WAIT_BITSET);
	settle(&asleep, 1);
	say("other bits", futex(&plain, FUTEX_WAKE_BITSET, 9, 0, 0, ~4u));
	say("no bits", futex(&plain, FUTEX_WAKE_BITSET, 9, 0, 0, 0));
	say("count 0 wakes one", futex(&plain, FUTEX_WAKE_BITSET, 0, 0, 0, 12));
	join(0);

	/* WAKE_OP: an unknown comparison comes after the operation, an unknown operation before. */
	word = 3;
	say("an unknown comparison", futex(&plain, FUTEX_WAKE_OP, 1, 1, &word, 1 << 28 | 9 << 24 | 4 << 12));
	say("was operated on", word);
	say("an unknown operation", futex(&plain, FUTEX_WAKE_OP, 1, 1, &word, 6u << 28));
	say("at a bad address", futex(&plain, FUTEX_WAKE_OP | FUTEX_PRIVATE, 1, 1, (void *)8, 6u << 28));
	say("a known one there", futex(&plain, FUTEX_WAKE_OP | FUTEX_PRIVATE, 1, 1, (void *)8, 1u << 28));
	say("a shift", futex(&plain, FUTEX_WAKE_OP, 1, 1, &word, 0xau << 28 | 4 << 12));
	say("word", word);

	/* Pages that may not be written. */
	readonly = map(0, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	shared = map(0, PAGE, PROT_RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	sharedReadonly = map(0, PAGE, PROT_READ, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	say("readonly, private, said so", futex(readonly, FUTEX_WAKE | FUTEX_PRIVATE, 1, 0, 0, 0));
	say("readonly, private", futex(readonly, FUTEX_WAKE, 1, 0, 0, 0));
	say("readonly, shared", futex(sharedReadonly, FUTEX_WAKE, 1, 0, 0, 0));
	say("its lock", futex(sharedReadonly, FUTEX_LOCK_PI, 0, 0, 0, 0));
	say("shared", futex(shared, FUTEX_WAKE, 1, 0, 0, 0));
	say("a lock moves to a readonly page", futex(&plain, FUTEX_WAIT_REQUEUE_PI, 0, 0, sharedReadonly, 0));
	say("FUTEX_FD", futex(&plain, 2, 0, 0, 0, 0));
	say("no such operation", futex(&plain, 14, 0, 0, 0, 0));
	return 0;
}
