/* A child is stopped and goes on: statuses of WUNTRACED and WCONTINUED, and its sleep is not lost. */
#include "procs.h"

static int gate[2];
static int child(void)
{
	tell(gate[1]);
	pause_ms(1000);
	print("slept\n");
	return 1;
}
int main(void)
{
	int status;
	sys(NR_pipe, gate);
	int pid = spawn(child);
	await(gate[0]);
	sys(NR_kill, pid, SIGSTOP);
	check("stopped", sys(NR_waitpid, pid, &status, WUNTRACED) == pid);
	print("status %x\n", status);
	say("told once", sys(NR_waitpid, pid, &status, WUNTRACED | WNOHANG));
	sys(NR_kill, pid, SIGCONT);
	check("continued", sys(NR_waitpid, pid, &status, WCONTINUED) == pid);
	print("status %x\n", status);
	print("status %x\n", reap(pid));
	return 0;
}
