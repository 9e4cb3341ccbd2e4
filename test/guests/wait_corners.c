/* Waiting for children: every option and kind of id, what an error leaves in the siginfo, a wait that comes to nothing. */
#include "procs.h"

static int exits(void) { return 3; }
static int sleeps(void) { pause_ms(1000000); return 0; }
static struct childinfo info;
static int late(void) { pause_ms(20); return 3; }
static volatile int handled;
static void on_signal(int signal) { (void)signal; handled++; }
static int wid(int which, int id, int options) { memset(&info, 0x11, sizeof info); return sys(NR_waitid, which, id, &info, options, 0); }
static void show(const char *w, int r) { print("%s: %d signo %x code %x pid %d status %x\n", w, r, info.signo, info.code, info.pid == 0x11111111 ? -1 : info.pid == 0 ? 0 : 1, info.status); }
int main(void)
{
	say("nobody", sys(NR_wait4, -1, 0, 0, 0));
	u32 flags[] = { 0, 1, 2, 3, 4, 8, 9, 0x10, 0x40, 0x1000000, 0x1000001, 0x1000004, 0x20000000, 0x40000000, 0x80000000, 0xe0000001u, 0x80000001u, 0x20000001, 0x100 };
	for (u32 i = 0; i < sizeof flags / 4; i++) print("opt %x: wait4 %d waitid %d %d\n", flags[i], sys(NR_wait4, -1, 0, flags[i], 0), sys(NR_waitid, 0, 0, 0, flags[i], 0), sys(NR_waitid, 0, 0, 0, flags[i] | 4, 0));
	int whichs[] = { -1, 0, 1, 2, 3, 4, 5 };
	int ids[] = { 0, 1, -1, 999999, -0x7fffffff - 1 };
	for (u32 w = 0; w < 7; w++) for (u32 i = 0; i < 5; i++) print("which %d id %d: %d\n", whichs[w], ids[i], sys(NR_waitid, whichs[w], ids[i], 0, 4 | WNOHANG, 0));
	for (u32 i = 0; i < 5; i++) print("wait4 %d: %d\n", ids[i], sys(NR_wait4, ids[i], 0, WNOHANG, 0));
	int pid = spawn(exits);
	pause_ms(5);
	show("nowait", wid(P_ALL, 0, WEXITED | WNOWAIT));
	show("stopped only", wid(P_ALL, 0, WSTOPPED | WNOHANG));
	show("clone only", wid(P_ALL, 0, WEXITED | WNOHANG | 0x80000000));
	show("all", wid(P_ALL, 0, WEXITED | WNOHANG | WNOWAIT | 0x40000000));
	show("nothread", wid(P_ALL, 0, WEXITED | WNOHANG | WNOWAIT | 0x20000000));
	say("wait4 clone", sys(NR_wait4, pid, 0, WNOHANG | 0x80000000, 0));
	say("bad info", sys(NR_waitid, P_PID, pid, 8, WEXITED | WNOHANG, 0));
	say("gone", sys(NR_waitid, P_PID, pid, 8, WEXITED | WNOHANG, 0));
	pid = spawn(exits);
	say("bad status", sys(NR_wait4, pid, 8, 0, 0));
	say("gone", sys(NR_wait4, pid, 8, 0, 0));
	pid = spawn(exits);
	say("bad rusage", sys(NR_wait4, pid, 0, 0, 8));
	pid = spawn(exits);
	say("bad rusage waitid", sys(NR_waitid, P_PID, pid, &info, WEXITED, 8));
	pid = spawn(sleeps);
	int pid2 = spawn(sleeps);
	sys(NR_kill, pid, SIGSTOP);
	pause_ms(5);
	show("stopped nowait", wid(P_PID, pid, WSTOPPED | WNOWAIT));
	show("exited?", wid(P_PID, pid, WEXITED | WNOHANG));
	show("continued?", wid(P_PID, pid, WCONTINUED | WNOHANG));
	show("stopped", wid(P_PGID, 0, WSTOPPED | WEXITED | WCONTINUED));
	show("again", wid(P_PID, pid, WSTOPPED | WNOHANG));
	sys(NR_kill, pid, SIGCONT);
	show("continued nowait", wid(P_PID, pid, WCONTINUED | WNOWAIT));
	int st = 0;
	say("wait4 continued", sys(NR_wait4, pid, &st, 8, 0) == pid);
	print("%x\n", st);
	sys(NR_kill, pid, SIGSTOP);
	pause_ms(5);
	say("wait4 plain nohang", sys(NR_wait4, -1, &st, WNOHANG, 0));
	say("wait4 untraced", sys(NR_wait4, -1, &st, WNOHANG | WUNTRACED, 0) == pid);
	print("%x\n", st);
	sys(NR_kill, pid, SIGTERM);
	say("still there", sys(NR_wait4, pid, &st, WNOHANG, 0));
	sys(NR_kill, pid, SIGCONT);
	show("killed", wid(P_PID, pid, WEXITED | WSTOPPED));
	sys(NR_kill, pid2, SIGKILL);
	show("the other", wid(P_PID, pid2, WEXITED));
	sys(NR_setpgid, 0, 0);
	pid = spawn(exits);
	sys(NR_setpgid, pid, pid);
	say("its group", sys(NR_wait4, -pid, &st, 0, 0) == pid);
	pid = spawn(late);
	memset(&info, 0x11, sizeof info);
	say("ends while we wait for a stop", sys(NR_waitid, P_PID, pid, &info, WSTOPPED, 0));
	say("si_signo", info.signo);
	reap(pid);
	pid = spawn(late);
	say("or for it to go on", sys(NR_waitid, P_ALL, 0, &info, WCONTINUED, 0));
	reap(pid);
	install(SIGALRM, on_signal, 0, 0);
	struct itimerval it = { { 0, 0 }, { 0, 5000 } };
	pid = spawn(late);
	sys(NR_setitimer, 0, &it, 0);
	memset(&info, 0x11, sizeof info);
	say("interrupted", sys(NR_waitid, P_PID, pid, &info, WEXITED, 0));
	say("si_signo", info.signo); say("handled", handled);
	say("then", sys(NR_waitid, P_PID, pid, &info, WEXITED, 0));
	print("%d %d\n", info.signo, info.status);
	memset(&info, 0x11, sizeof info);
	say("options", sys(NR_waitid, P_PID, pid, &info, 0, 0)); say("si_signo", info.signo);
	say("options nowhere", sys(NR_waitid, P_PID, pid, 8, 0, 0));
	return 0;
}
