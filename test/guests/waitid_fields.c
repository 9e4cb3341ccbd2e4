/* waitid writes its siginfo with an error, too; of who has ended only the end is seen; a wait for other things has no child. */
#include "procs.h"

static void wait_id(const char *what, int kind, int id, int options)
{
	struct childinfo info;
	memset(&info, 0x55, sizeof info);
	int result = sys(NR_waitid, kind, id, &info, options);
	print("%s: %d signo %x code %x status %x uid %x pid %s\n", what, result, info.signo, info.code, info.status, info.uid,
		info.pid == 0x55555555 ? "untouched" : info.pid ? "a child's" : "0");
}
static int end7(void) { return 7; }
static int end_after_stop(void)
{
	raise(19);
	return 3;
}
static void settle(int pid) /* until it has ended */
{
	struct childinfo info;
	sys(NR_waitid, P_PID, pid, &info, WEXITED | WNOWAIT);
}

int main(void)
{
	wait_id("no event asked for", 0, 0, WNOHANG);
	wait_id("an unknown option", 0, 0, WEXITED | 0x100);
	wait_id("an unknown kind", 9, 0, WEXITED);
	wait_id("pid 0", P_PID, 0, WEXITED);
	wait_id("no child", P_ALL, 0, WEXITED);
	wait_id("no descriptor", 3, 99, WEXITED);
	say("nowhere to write, no child", sys(NR_waitid, P_ALL, 0, 16, WEXITED));
	say("not asked for", sys(NR_waitid, P_ALL, 0, 0, WEXITED));
	int pid = spawn(end7);
	settle(pid);
	wait_id("a zombie's stop", P_PID, pid, WSTOPPED | WNOHANG);
	wait_id("a zombie's stop, waiting", P_PID, pid, WSTOPPED);
	wait_id("a zombie's going on", P_ALL, 0, WCONTINUED | WNOHANG);
	int other = spawn(end_after_stop);
	wait_id("one of two lives", P_ALL, 0, WCONTINUED | WNOHANG);
	wait_id("its stop", P_ALL, 0, WSTOPPED);
	sys(NR_kill, other, SIGCONT);
	settle(other);
	wait_id("went on, but has ended", P_PID, other, WCONTINUED | WNOHANG);
	wait_id("the end", P_PID, other, WEXITED | WCONTINUED);
	wait_id("the other end", P_ALL, 0, WEXITED);
	wait_id("and no more", P_ALL, 0, WEXITED);
	return 0;
}
