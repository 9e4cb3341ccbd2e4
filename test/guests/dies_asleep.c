/* A parent that a timer ends in its sleep, while its child computes in user mode: the child goes on with all its registers. */
#include "procs.h"

static int numbers[2];
static int child(void)
{
	u32 x = 1, n;
	for (n = 0; n < 500000; n++) {
		x = x * 1103515245 + 12345;
		__asm__ volatile("" : "+r"(x));
	}
	sys(NR_write, numbers[1], &x, 4);
	return 0;
}
static int parent(void)
{
	spawn(child);
	struct itimerval soon = { { 0, 0 }, { 0, 1000 } };
	sys(NR_setitimer, 0, &soon, 0);
	for (;;) sys(NR_pause);
	return 0;
}
int main(void)
{
	u32 x = 0;
	sys(NR_pipe, numbers);
	print("status %x\n", reap(spawn(parent)));
	sys(NR_read, numbers[0], &x, 4);
	print("the child's number: %x\n", x);
	return 0;
}
