/* Threads share memory and descriptors, have a tid each, and are joined by the word that is cleared at their end. */
#include "procs.h"

static volatile int sum[4], pids[4], ids[4];
static void work(void *n)
{
	int i = (int)n;
	for (int k = 1; k <= 1000; k++) sum[i] += k;
	pids[i] = sys(NR_getpid);
	ids[i] = sys(NR_gettid);
}
int main(void)
{
	for (int i = 0; i < 4; i++) check("started", start(i, work, (void *)i) > 0);
	for (int i = 0; i < 4; i++) join(i);
	int total = 0, same_pid = 1, own_tid = 1;
	for (int i = 0; i < 4; i++) {
		total += sum[i];
		same_pid &= pids[i] == sys(NR_getpid);
		own_tid &= ids[i] != sys(NR_getpid);
		for (int k = 0; k < i; k++) own_tid &= ids[i] != ids[k];
	}
	say("total", total);
	check("one pid", same_pid);
	check("a tid each", own_tid);
	say("threads are nobody's children", sys(NR_waitpid, -1, 0, 0));
	return 0;
}
