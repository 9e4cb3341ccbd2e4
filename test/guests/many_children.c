/* Two hundred children at once, all waited for. */
#include "procs.h"

static int number;
static int child(void) { return number & 63; }
int main(void)
{
	int pids[200], sum = 0, want = 0;
	for (number = 0; number < 200; number++) {
		pids[number] = spawn(child);
		want += number & 63;
	}
	for (int i = 0; i < 100; i++) sum += reap(pids[i]) >> 8;
	for (int i = 0; i < 100; i++) sum += reap(-1) >> 8;
	check("every status", sum == want);
	say("none left", sys(NR_waitpid, -1, 0, 0));
	return 0;
}
