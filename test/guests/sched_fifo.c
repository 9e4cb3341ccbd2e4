/* SCHED_FIFO on one processor: who has a higher priority runs first and at once, equals in the order in which they came. */
#include "sched.h"

static volatile u32 word, lock, gate;
static void arrives(void *who) { here((int)who); }
static void twice(void *who) { here((int)who); sys(NR_sched_yield); here((int)who); }
static void spins(void *who)
{
	here((int)who);
	for (volatile int i = 0; i < 2000000; i++) continue;
	here((int)who);
}
static void waits(void *who) { futex(&word, FUTEX_WAIT, 0, 0, 0, 0); here((int)who); }
static void locks(void *who) { futex(&lock, FUTEX_LOCK_PI, 0, 0, 0, 0); here((int)who); futex(&lock, FUTEX_UNLOCK_PI, 0, 0, 0, 0); }
static int begin(int i, void (*run)(void *), int who, int policy, int priority)
{
	start(i, run, (void *)who);
	return set_policy(tids[i], policy, priority);
}
static void joined(int n, const char *what)
{
	for (int i = 0; i < n; i++) join(i);
	shown(what);
}

int main(void)
{
	one_processor();
	say("FIFO 50", set_policy(0, SCHED_FIFO, 50));
	begin(0, arrives, 'd', SCHED_OTHER, 0);
	begin(1, arrives, 'a', SCHED_FIFO, 40);
	begin(2, arrives, 'b', SCHED_FIFO, 40);
	begin(3, arrives, 'c', SCHED_RR, 45);
	here('m');
	joined(4, "by priority");

	begin(0, arrives, 'a', SCHED_FIFO, 50);
	here('m');
	sys(NR_sched_yield);
	here('m');
	joined(1, "an equal runs when it is let");

	begin(0, arrives, 'a', SCHED_FIFO, 49);
	sys(NR_sched_yield);
	here('m');
	joined(1, "a lesser one is not let");

	here('m');
	begin(0, arrives, 'a', SCHED_FIFO, 51);
	here('n');
	joined(1, "a greater one does not ask");

	begin(0, arrives, 'a', SCHED_FIFO, 45);
	here('m');
	set_policy(0, SCHED_FIFO, 40);
	here('n');
	joined(1, "who becomes less lets it run");
	set_policy(0, SCHED_FIFO, 50);

	begin(0, twice, 'a', SCHED_FIFO, 40);
	begin(1, twice, 'b', SCHED_FIFO, 40);
	begin(2, twice, 'c', SCHED_FIFO, 40);
	joined(3, "they let each other run");

	begin(0, spins, 'a', SCHED_FIFO, 40);
	begin(1, spins, 'b', SCHED_FIFO, 40);
	joined(2, "there is no quantum");

	begin(0, arrives, 'a', SCHED_FIFO, 40);
	begin(1, arrives, 'b', SCHED_FIFO, 40);
	begin(2, arrives, 'c', SCHED_FIFO, 40);
	set_policy(tids[0], SCHED_FIFO, 39);
	set_policy(tids[2], SCHED_FIFO, 41);
	set_policy(tids[2], SCHED_FIFO, 40);
	joined(3, "down to the front, up to the end");

	begin(0, waits, 'a', SCHED_FIFO, 10);
	begin(1, waits, 'c', SCHED_FIFO, 60);
	begin(2, waits, 'b', SCHED_FIFO, 20);
	begin(3, waits, 'd', SCHED_OTHER, 0);
	pause_ms(5);
	for (int i = 0; i < 4; i++) { futex(&word, FUTEX_WAKE, 1, 0, 0, 0); here('m'); pause_ms(2); }
	joined(4, "woken by priority");

	futex(&lock, FUTEX_LOCK_PI, 0, 0, 0, 0);
	begin(0, locks, 'a', SCHED_FIFO, 10);
	begin(1, locks, 'b', SCHED_FIFO, 30);
	begin(2, locks, 'c', SCHED_FIFO, 20);
	pause_ms(5);
	futex(&lock, FUTEX_UNLOCK_PI, 0, 0, 0, 0);
	here('m');
	joined(3, "the lock by priority");

	/* The child of a realtime process waits until its parent sleeps. */
	int pid = sys(NR_fork);
	if (pid == 0) { sys(NR_exit_group, 0); }
	int status = 0;
	say("it has not run yet", sys(NR_waitpid, pid, &status, WNOHANG));
	say("now it has", reap(pid));
	return 0;
}
