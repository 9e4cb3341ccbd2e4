/* rt_sigtimedwait: takes a pending signal without its handler, in number order, waits for a timer, times out, is interrupted by others. */
#include "guest.h"

static void on_signal(int signal) { print("handler %d\n", signal); }

static void wait(const char *what, u64 set, int milliseconds)
{
	struct siginfo info = { 0 };
	struct timespec limit = { milliseconds / 1000, milliseconds % 1000 * 1000000 };
	int got = sys(NR_rt_sigtimedwait, &set, &info, milliseconds < 0 ? 0 : &limit, 8);
	print("%s: %d", what, got);
	if (got > 0) print(" code %d", info.code);
	print("\n");
}

int main(void)
{
	int pid = sys(NR_getpid);
	u64 set = BIT(SIGUSR1) | BIT(SIGUSR2) | BIT(SIGALRM) | BIT(35);
	install(SIGUSR1, on_signal, 0, 0);
	install(SIGHUP, on_signal, SA_RESTART, 0);
	set_mask(SIG_BLOCK, set | BIT(SIGHUP));
	wait("nothing pending, no wait", set, 0);
	wait("nothing pending, 20 ms", set, 20);
	sys(NR_kill, pid, SIGUSR2);
	sys(NR_tkill, pid, 35);
	sys(NR_kill, pid, SIGUSR1);
	wait("own ones first", set, 0);
	wait("then the group's", set, 0);
	wait("only USR2", BIT(SIGUSR2), 0);
	struct itimerval soon = { { 0, 0 }, { 0, 20000 } };
	sys(NR_setitimer, 0, &soon, 0);
	wait("waits for the timer", set, -1);
	set_mask(SIG_UNBLOCK, BIT(SIGHUP));
	install(SIGALRM, on_signal, SA_RESTART, 0);
	set_mask(SIG_UNBLOCK, BIT(SIGALRM));
	sys(NR_setitimer, 0, &soon, 0);
	wait("another signal's handler ends it", BIT(SIGUSR1), -1);
	sys(NR_setitimer, 0, &soon, 0);
	wait("waits for one that is not blocked", BIT(SIGALRM), 3000);
	say("size of the set", sys(NR_rt_sigtimedwait, &set, 0, 0, 4));
	struct timespec bad = { 0, -1 };
	say("bad time", sys(NR_rt_sigtimedwait, &set, 0, &bad, 8));
	return 0;
}
