/* CLONE_CHILD_SETTID, PARENT_SETTID and CHILD_CLEARTID after a fork: in whose memory the tid stands. */
#include "procs.h"

static volatile int parent, child;
int main(void)
{
	flush();
	int pid = sys(NR_clone, CLONE_PARENT_SETTID | CLONE_CHILD_SETTID | SIGCHLD, 0, &parent, 0, &child);
	if (pid == 0) {
		check("the child's own tid in its memory", child == sys(NR_gettid));
		check("not the parent's word", parent == 0);
		finish(1);
	}
	print("status %x\n", reap(pid));
	check("the parent's word", parent == pid && child == 0);
	int mine;
	check("set_tid_address gives the tid", sys(NR_set_tid_address, &mine) == sys(NR_gettid));
	return 0;
}
