/* Ends and leaves a child behind that stands still. For the machine alone: natively it would stay. */
#include "../guests/procs.h"

static int stands(void)
{
	sys(NR_kill, sys(NR_getpid), SIGSTOP);
	return 0;
}
int main(void)
{
	reap_stop(spawn(stands));
	return 3;
}
