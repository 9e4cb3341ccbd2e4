/* Two processes that read from each other's pipe before either writes: a deadlock, unless there is an argument: then an alarm ends it.
 * @args ["break"] */
#include "procs.h"

static int p[2], q[2];
static int child(void) { await(p[0]); tell(q[1]); return 0; }
int main(int argc, char **argv)
{
	(void)argv;
	sys(NR_pipe, p);
	sys(NR_pipe, q);
	int pid = spawn(child);
	if (argc > 1) {
		pause_ms(5);
		tell(p[1]);
	}
	await(q[0]);
	print("over %x\n", reap(pid));
	return 0;
}
