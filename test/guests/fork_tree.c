/* A child has children: each waits for its own, and exit statuses go up the tree. */
#include "procs.h"

static int leaf(void) { return 3; }
static int branch(void)
{
	int a = spawn(leaf), b = spawn(leaf);
	int sum = (reap(a) >> 8) + (reap(b) >> 8);
	check("a branch sees both leaves", sum == 6);
	return sum + 1;
}
int main(void)
{
	int a = spawn(branch);
	int first = reap(a) >> 8;
	int b = spawn(branch);
	say("branches", first + (reap(b) >> 8));
	say("grandchildren are not children", sys(NR_waitpid, -1, 0, 0));
	return 0;
}
