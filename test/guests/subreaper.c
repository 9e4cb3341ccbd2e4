/* An orphan goes to the nearest subreaper above, which waits for it. */
#include "procs.h"

static int gate[2], self;
static int grandchild(void)
{
	await(gate[0]);
	check("its parent is the subreaper now", sys(NR_getppid) == self);
	return 4;
}
static int child(void) { return spawn(grandchild) > 0 ? 2 : 1; }
int main(void)
{
	sys(NR_pipe, gate);
	self = sys(NR_getpid);
	say("PR_SET_CHILD_SUBREAPER", sys(NR_prctl, PR_SET_CHILD_SUBREAPER, 1));
	print("child %x\n", reap(spawn(child)));
	tell(gate[1]);
	print("orphan %x\n", reap(-1));
	say("no more", sys(NR_waitpid, -1, 0, 0));
	return 0;
}
