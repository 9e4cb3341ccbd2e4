/* SCHED_RR: equals take turns after a quantum, without being asked. */
#include "sched.h"

static volatile int seen[2];
static void until_the_other(void *me)
{
	here('a' + (int)me);
	seen[(int)me] = 1;
	while (!seen[1 - (int)me]) continue;
	here('a' + (int)me);
}
int main(void)
{
	one_processor();
	set_policy(0, SCHED_FIFO, 50);
	for (int i = 0; i < 2; i++) {
		start(i, until_the_other, (void *)i);
		say("round robin", set_policy(tids[i], SCHED_RR, 20));
	}
	for (int i = 0; i < 2; i++) join(i);
	shown("turns");
	return 0;
}
