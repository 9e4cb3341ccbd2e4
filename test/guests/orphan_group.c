/* A stopped member of a process group that becomes orphaned is hung up and goes on. */
#include "procs.h"

static int gate[2];
static void on_hup(int signo) { print("hung up by %d\n", signo); }
static int grandchild(void)
{
	install(SIGHUP, on_hup, 0, 0);
	sys(NR_setpgid, 0, 0);
	tell(gate[1]);
	sys(NR_kill, sys(NR_getpid), SIGSTOP);
	print("goes on\n");
	return 6;
}
static int child(void)
{
	sys(NR_setsid);
	int pid = spawn(grandchild), status;
	await(gate[0]);
	sys(NR_waitpid, pid, &status, WUNTRACED);
	print("stopped %x\n", status);
	return 0;
}
int main(void)
{
	sys(NR_pipe, gate);
	sys(NR_prctl, PR_SET_CHILD_SUBREAPER, 1);
	int first = reap(spawn(child)), second = reap(-1);
	print("child %x, orphan %x\n", first, second);
	return 0;
}
