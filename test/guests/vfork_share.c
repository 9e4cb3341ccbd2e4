/* vfork: the child runs in the parent's memory, and the parent waits until it is gone. */
#include "procs.h"

static volatile int order, value;
int main(void)
{
	flush();
	int pid = vfork_here();
	if (pid == 0) {
		value = 77;
		order = 1;
		sys(NR_exit, 9);
	}
	check("the child was first", order == 1);
	say("it wrote to our memory", value);
	say("status", reap(pid));
	return 0;
}
