/* waitid: what it tells of exits, signals, stops and continues; WNOWAIT leaves the child as it is. */
#include "procs.h"

static int gate[2];
static int child(void) { sys(NR_close, gate[1]); await(gate[0]); return 5; }
static int sleeper(void) { for (;;) sys(NR_pause); return 0; }
static void show(const char *what, int result, struct childinfo *i, int pid)
{
	print("%s: %d signo %d code %d status %d %s\n", what, result, i->signo, i->code, i->status, i->pid == pid ? "pid" : i->pid ? "other" : "none");
}
int main(void)
{
	struct childinfo info;
	sys(NR_pipe, gate);
	int pid = spawn(child);
#define WAITID(what, options) memset(&info, 0, sizeof info); show(what, sys(NR_waitid, P_PID, pid, &info, options, 0), &info, pid)
	WAITID("nothing yet", WEXITED | WNOHANG);
	sys(NR_kill, pid, SIGSTOP);
	WAITID("stopped", WSTOPPED | WNOWAIT);
	WAITID("still", WSTOPPED);
	WAITID("told once", WSTOPPED | WNOHANG);
	sys(NR_kill, pid, SIGCONT);
	WAITID("continued", WCONTINUED);
	WAITID("told once", WCONTINUED | WNOHANG);
	sys(NR_close, gate[1]);
	WAITID("exited", WEXITED | WNOWAIT);
	WAITID("still", WEXITED);
	WAITID("gone", WEXITED);
	pid = spawn(sleeper);
	sys(NR_kill, pid, SIGKILL);
	WAITID("killed", WEXITED);
	say("no events asked for", sys(NR_waitid, P_ALL, 0, &info, WNOHANG, 0));
	say("bad id type", sys(NR_waitid, 9, 1, &info, WEXITED, 0));
	return 0;
}
