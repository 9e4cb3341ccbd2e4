/* Owners of inherited locks that end: the one who waits next has the lock, marked, also who was moved to it, in whatever process. */
#include "futexes.h"

struct head { void *first; int offset; void *pending; };
struct entry { struct entry *next; volatile u32 word; };
struct shared { volatile u32 cond, asleep, held, ends; struct entry lock; volatile int result, marked, mine, unlocked; };
static struct shared *s;
static struct head head;

/* Ends with the lock held: `robust` 1 with it in its list, 2 while it was about to enter it there. */
static int owner(int robust)
{
	head.first = robust == 1 ? (void *)((u32)&s->lock | 1) : &head;
	head.offset = 4;
	head.pending = robust == 2 ? (void *)((u32)&s->lock | 1) : 0;
	s->lock.next = (struct entry *)&head;
	if (robust) sys(NR_set_robust_list, &head, sizeof head);
	futex(&s->lock.word, FUTEX_LOCK_PI, 0, 0, 0, 0);
	s->held = 1;
	while (!s->ends) pause_ms(1);
	return 0;
}
static int waiter(int requeued)
{
	s->asleep = 1;
	s->result = requeued ? futex(&s->cond, FUTEX_WAIT_REQUEUE_PI, 0, 0, &s->lock.word, 0) : futex(&s->lock.word, FUTEX_LOCK_PI, 0, 0, 0, 0);
	u32 word = s->lock.word;
	s->mine = (word & FUTEX_TID_MASK) == (u32)sys(NR_gettid);
	s->marked = word >> 30;
	s->unlocked = futex(&s->lock.word, FUTEX_UNLOCK_PI, 0, 0, 0, 0);
	return 0;
}
static void owner_thread(void *robust) { owner((int)robust); }
static void waiter_thread(void *requeued) { waiter((int)requeued); }
static void begin(void) { memset(s, 0, sizeof *s); }
static void shown(const char *what, int robust, int requeued)
{
	print("%s, robust %d, moved %d: result %d, mine %d, bits %d, unlock %d, word %x\n", what, robust, requeued, s->result, s->mine, s->marked, s->unlocked, s->lock.word);
}
static void move_it(int requeued)
{
	while (!s->asleep) pause_ms(1);
	pause_ms(5);
	if (requeued) say("moved", futex(&s->cond, FUTEX_CMP_REQUEUE_PI, 1, 0, &s->lock.word, 0));
	s->ends = 1;
}

int main(void)
{
	s = (struct shared *)map(0, PAGE, PROT_RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	for (int requeued = 0; requeued < 2; requeued++)
		for (int robust = 0; robust < 3; robust++) {
			begin();
			start(0, owner_thread, (void *)robust);
			while (!s->held) pause_ms(1);
			start(1, waiter_thread, (void *)requeued);
			move_it(requeued);
			join(0);
			join(1);
			shown("threads", robust, requeued);
			begin();
			flush();
			int a = sys(NR_fork);
			if (a == 0) finish(owner(robust));
			while (!s->held) pause_ms(1);
			int b = sys(NR_fork);
			if (b == 0) finish(waiter(requeued));
			move_it(requeued);
			reap(a);
			reap(b);
			shown("processes", robust, requeued);
		}
	/* Nobody waits: whoever comes next finds it marked, or the owner gone. */
	for (int robust = 0; robust < 3; robust++) {
		begin();
		flush();
		int a = sys(NR_fork);
		if (a == 0) finish(owner(robust));
		s->ends = 1;
		reap(a);
		print("alone, robust %d: bits %d, no owner %d\n", robust, s->lock.word >> 30, (s->lock.word & FUTEX_TID_MASK) == 0);
		print("then %d, bits %d\n", futex(&s->lock.word, FUTEX_TRYLOCK_PI, 0, 0, 0, 0), s->lock.word >> 30);
	}
	return 0;
}
