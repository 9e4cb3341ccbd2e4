/* The window between a test and pause(): a flag set by a handler, with the race closed by sigsuspend; counts wake-ups of two timers. */
#include "guest.h"

static volatile int alarms, users, woken;
static int pid;

static void on_alarm(int signal)
{
	(void)signal;
	alarms++;
	sys(NR_kill, pid, SIGUSR1); /* comes right after this handler */
}

static void on_user(int signal)
{
	(void)signal;
	users++;
	woken = 1;
}

int main(void)
{
	u64 open = 0;
	pid = sys(NR_getpid);
	install(SIGALRM, on_alarm, 0, BIT(SIGUSR1));
	install(SIGUSR1, on_user, 0, 0);
	struct itimerval once = { { 0, 0 }, { 0, 2000 } };
	for (int round = 0; round < 20; round++) { /* open window: a timer well in the future, then pause */
		sys(NR_setitimer, 0, &once, 0);
		int result = sys(NR_pause);
		if (result != -EINTR) print("pause gave %d\n", result);
	}
	print("pause: alarms %d users %d\n", alarms, users);
	alarms = users = 0;
	set_mask(SIG_BLOCK, BIT(SIGALRM) | BIT(SIGUSR1));
	struct itimerval short_once = { { 0, 0 }, { 0, 1 } }; /* may expire before the wait begins */
	for (int round = 0; round < 50; round++) {
		woken = 0;
		sys(NR_setitimer, 0, &short_once, 0);
		while (!woken) sys(NR_rt_sigsuspend, &open, 8);
	}
	print("sigsuspend: alarms %d users %d\n", alarms, users);
	return 0;
}
