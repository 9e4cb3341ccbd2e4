/* fork: the child has a copy of memory and its own pid, the parent waits for it and gets its exit status. */
#include "guest.h"

static int shared = 7;

int main(void)
{
	int parent = sys(NR_getpid);
	flush();
	int pid = sys(NR_fork);
	if (pid == 0) {
		check("the child sees what the parent had", shared == 7);
		shared = 8;
		check("and is the parent's child", sys(NR_getppid) == parent);
		check("with a pid of its own", sys(NR_getpid) != parent);
		print("child writes %d\n", shared);
		finish(42);
	}
	int status = 0;
	int got = sys(NR_waitpid, pid, &status, 0);
	check("waitpid gives the child's pid", got == pid);
	say("status", status);
	check("the parent's memory is as it was", shared == 7);
	say("no more children", sys(NR_waitpid, -1, &status, 0));
	return 0;
}
