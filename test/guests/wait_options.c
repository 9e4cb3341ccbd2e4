/* waitpid: any child, one, a process group; WNOHANG; nobody; bad options. */
#include "procs.h"

static int gate[2];
static int child(void) { sys(NR_close, gate[1]); await(gate[0]); return 5; }
static int grouped(void) { sys(NR_setpgid, 0, 0); sys(NR_close, gate[1]); await(gate[0]); return 6; }
int main(void)
{
	say("none", sys(NR_waitpid, -1, 0, 0));
	sys(NR_pipe, gate);
	int a = spawn(child), b = spawn(grouped);
	sys(NR_setpgid, b, b);
	say("WNOHANG while they run", sys(NR_waitpid, -1, 0, WNOHANG));
	say("not a child", sys(NR_waitpid, sys(NR_getpid), 0, 0));
	say("bad options", sys(NR_waitpid, -1, 0, 0x100));
	say("group without children", sys(NR_waitpid, -12345, 0, 0));
	sys(NR_close, gate[1]);
	int status;
	check("by process group", sys(NR_waitpid, -b, &status, 0) == b);
	say("status", status);
	check("by the caller's group", sys(NR_waitpid, 0, &status, 0) == a);
	say("status", status);
	say("bad address after the child is gone", sys(NR_waitpid, spawn(child), 16, 0));
	say("it was reaped all the same", sys(NR_waitpid, -1, 0, 0));
	return 0;
}
