/* FUTEX_WAIT_REQUEUE_PI, FUTEX_CMP_REQUEUE_PI: who waits for a condition gets the lock, or waits for it. */
#include "futexes.h"

static volatile u32 lock, other, *cond;
static volatile u32 word, word2;
static volatile int asleep, results[4], order[4], orders;

static int clock_in(int clock, int ms, struct timespec *at)
{
	sys(NR_clock_gettime, clock, at);
	at->nsec += ms * 1000000;
	if (at->nsec >= 1000000000) at->nsec -= 1000000000, at->sec++;
	return 0;
}
static void take_part(int i)
{
	asleep++;
	int result = futex(cond, FUTEX_WAIT_REQUEUE_PI, *cond, 0, &lock, 0);
	results[i] = result;
	if (result == 0) {
		order[orders++] = (lock & FUTEX_TID_MASK) == (u32)sys(NR_gettid) ? i : -1;
		results[i] = futex(&lock, FUTEX_UNLOCK_PI, 0, 0, 0, 0);
	}
}
static void waiter(void *i) { take_part((int)i); }
static void start_waiters(int n)
{
	asleep = orders = 0;
	for (int i = 0; i < n; i++) { start(i, waiter, (void *)i); settle(&asleep, i + 1); }
}
static void timed_waiter(void *op)
{
	struct timespec at;
	clock_in((u32)op & FUTEX_CLOCK_REALTIME ? 0 : 1, 20, &at);
	results[0] = futex(cond, FUTEX_WAIT_REQUEUE_PI | (int)op, *cond, (int)&at, &lock, 0);
}
static volatile int handled;
static void on_signal(int signal) { (void)signal; handled++; word++; }

int main(void)
{
	cond = &word;
	u32 me = sys(NR_gettid);
	struct timespec bad = { 0, 1000000000 };
	say("the same word", futex(cond, FUTEX_WAIT_REQUEUE_PI, 0, 0, cond, 0));
	say("a lock that is not aligned", futex(cond, FUTEX_WAIT_REQUEUE_PI, 0, 0, (char *)&lock + 2, 0));
	say("a word that is not aligned", futex((char *)cond + 1, FUTEX_WAIT_REQUEUE_PI, 0, 0, &lock, 0));
	say("no word", futex((void *)8, FUTEX_WAIT_REQUEUE_PI | FUTEX_PRIVATE, 0, 0, &lock, 0));
	say("no lock", futex(cond, FUTEX_WAIT_REQUEUE_PI, 0, 0, (void *)8, 0));
	say("the word changed", futex(cond, FUTEX_WAIT_REQUEUE_PI, 1, 0, &lock, 0));
	say("no such time", futex(cond, FUTEX_WAIT_REQUEUE_PI, 0, (int)&bad, &lock, 0));
	say("no time there", futex(cond, FUTEX_WAIT_REQUEUE_PI, 0, 8, &lock, 0));
	say("wake two", futex(cond, FUTEX_CMP_REQUEUE_PI, 2, 0, &lock, 0));
	say("wake none", futex(cond, FUTEX_CMP_REQUEUE_PI, 0, 0, &lock, 0));
	say("move to itself", futex(cond, FUTEX_CMP_REQUEUE_PI, 1, 0, cond, 0));
	say("move less than none", futex(cond, FUTEX_CMP_REQUEUE_PI, 1, -1, &lock, 0));
	say("compared", futex(cond, FUTEX_CMP_REQUEUE_PI, 1, 0, &lock, 1));
	say("nobody waits", futex(cond, FUTEX_CMP_REQUEUE_PI, 1, 9, &lock, 0));
	say("requeue on a clock", futex(cond, FUTEX_CMP_REQUEUE_PI | FUTEX_CLOCK_REALTIME, 1, 9, &lock, 0));
	print("lock %x\n", lock);

	/* The lock is free: the first gets it, with WAITERS for those who are to come. */
	start_waiters(3);
	say("they are not to be woken", futex(cond, FUTEX_WAKE, 1, 0, 0, 0));
	say("nor to be moved so", futex(cond, FUTEX_REQUEUE, 1, 9, &word2, 0));
	say("WAKE_OP neither", futex(cond, FUTEX_WAKE_OP, 1, 1, &word2, 0));
	say("to another lock", futex(cond, FUTEX_CMP_REQUEUE_PI, 1, 9, &other, 0));
	say("one has it, one waits", futex(cond, FUTEX_CMP_REQUEUE_PI, 1, 1, &lock, 0));
	while (orders < 2) pause_ms(1);
	say("the last one", futex(cond, FUTEX_CMP_REQUEUE_PI, 1, 1, &lock, 0));
	for (int i = 0; i < 3; i++) join(i);
	for (int i = 0; i < 3; i++) print("waiter %d: turn %d, result %d\n", i, order[i], results[i]);
	print("lock %x\n", lock);

	/* Somebody has the lock: one more than was said waits for it. */
	futex(&lock, FUTEX_LOCK_PI, 0, 0, 0, 0);
	start_waiters(4);
	say("they wait for the owner", futex(cond, FUTEX_CMP_REQUEUE_PI, 1, 2, &lock, 0));
	check("the word says so", lock == (me | FUTEX_WAITERS));
	pause_ms(5);
	say("nobody has it yet", orders);
	say("unlock", futex(&lock, FUTEX_UNLOCK_PI, 0, 0, 0, 0));
	while (orders < 3) pause_ms(1);
	say("one is left", futex(cond, FUTEX_CMP_REQUEUE_PI, 1, 0, &lock, 0));
	for (int i = 0; i < 4; i++) join(i);
	for (int i = 0; i < 4; i++) print("waiter %d: turn %d, result %d\n", i, order[i], results[i]);
	print("lock %x\n", lock);

	/* Points of time, before and after the move. */
	for (int realtime = 0; realtime <= FUTEX_CLOCK_REALTIME; realtime += FUTEX_CLOCK_REALTIME) {
		start(0, timed_waiter, (void *)realtime);
		join(0);
		say("time is up at the word", results[0]);
		futex(&lock, FUTEX_LOCK_PI, 0, 0, 0, 0);
		start(0, timed_waiter, (void *)realtime);
		int moved;
		while ((moved = futex(cond, FUTEX_CMP_REQUEUE_PI, 1, 0, &lock, 0)) == 0) pause_ms(1);
		say("moved", moved);
		join(0);
		say("time is up at the lock", results[0]);
		futex(&lock, FUTEX_UNLOCK_PI, 0, 0, 0, 0);
	}

	/* A signal before the move makes the call again: the word is another by then. After it, the call gives up. */
	install(SIGUSR1, on_signal, 0, 0);
	start_waiters(1);
	sys(NR_tkill, tids[0], SIGUSR1);
	join(0);
	print("signal at the word: %d, %d\n", results[0], handled);
	futex(&lock, FUTEX_LOCK_PI, 0, 0, 0, 0);
	start_waiters(1);
	say("moved", futex(cond, FUTEX_CMP_REQUEUE_PI, 1, 0, &lock, *cond));
	sys(NR_tkill, tids[0], SIGUSR1);
	join(0);
	print("signal at the lock: %d, %d\n", results[0], handled);
	futex(&lock, FUTEX_UNLOCK_PI, 0, 0, 0, 0);

	/* Nobody has that tid. */
	start_waiters(1);
	lock = 0x3ffffff0;
	say("an owner who is not there", futex(cond, FUTEX_CMP_REQUEUE_PI, 1, 0, &lock, *cond));
	print("lock %x\n", lock);
	lock = FUTEX_OWNER_DIED;
	say("whose owner died", futex(cond, FUTEX_CMP_REQUEUE_PI, 1, 0, &lock, *cond));
	join(0);
	print("waiter: turn %d, result %d, lock %x\n", order[0], results[0], lock);
	return 0;
}
