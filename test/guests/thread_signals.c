/* A signal to a thread is its own; one to the group goes to a thread that does not block it. */
#include "procs.h"

static volatile int who[3], ready, done;
static void on_usr(int signo) { who[signo == SIGUSR2] = sys(NR_gettid); }
static void work(void *unused)
{
	(void)unused;
	set_mask(SIG_UNBLOCK, BIT(SIGUSR1) | BIT(SIGUSR2));
	ready = 1;
	sys(NR_futex, &ready, FUTEX_WAKE, 1);
	while (!done) pause_ms(1);
}
int main(void)
{
	install(SIGUSR1, on_usr, 0, 0);
	install(SIGUSR2, on_usr, 0, 0);
	set_mask(SIG_BLOCK, BIT(SIGUSR1) | BIT(SIGUSR2));
	int tid = start(0, work, 0);
	while (!ready) sys(NR_futex, &ready, FUTEX_WAIT, 0, 0);
	sys(NR_kill, sys(NR_getpid), SIGUSR1);
	while (!who[0]) pause_ms(1);
	check("the group's goes to the thread that takes it", who[0] == tid);
	sys(NR_tgkill, sys(NR_getpid), tid, SIGUSR2);
	while (!who[1]) pause_ms(1);
	check("its own goes to it", who[1] == tid);
	who[1] = 0;
	sys(NR_tkill, sys(NR_gettid), SIGUSR2);
	u64 pending;
	sys(NR_rt_sigpending, &pending, 8);
	print("blocked and pending here %Q\n", pending);
	pause_ms(5);
	say("nobody else takes it", who[1]);
	done = 1;
	join(0);
	say("no such thread", sys(NR_tgkill, sys(NR_getpid), 1234567, SIGUSR1));
	return 0;
}
