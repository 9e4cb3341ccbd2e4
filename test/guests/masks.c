/* Masks and pending signals: how often a blocked signal comes, delivery order on unblocking, SIGKILL cannot be blocked. */
#include "guest.h"

static void on_signal(int signal) { print("got %d\n", signal); }
static void on_queued(int signal, struct siginfo *info) { print("got %d value %d\n", signal, info->value); }

static u64 pending(void)
{
	u64 set = 0;
	sys(NR_rt_sigpending, &set, 8);
	return set;
}

int main(void)
{
	int pid = sys(NR_getpid);
	static const u8 plain[] = { SIGHUP, SIGINT, SIGUSR1, SIGUSR2, SIGTERM, SIGSEGV };
	for (u32 i = 0; i < sizeof plain; i++) install(plain[i], on_signal, 0, ~0ull);
	for (int s = 34; s <= 36; s++) install(s, on_queued, SA_SIGINFO, ~0ull);
	print("old mask %Q\n", set_mask(SIG_SETMASK, ~0ull));
	print("cannot block KILL and STOP: %Q\n", set_mask(SIG_BLOCK, 0));
	for (int i = 0; i < 3; i++) sys(NR_kill, pid, SIGUSR1);
	sys(NR_kill, pid, SIGTERM);
	sys(NR_tkill, pid, SIGUSR2);
	sys(NR_tkill, pid, SIGHUP);
	sys(NR_tkill, pid, SIGSEGV);
	for (int i = 0; i < 3; i++)
		for (int s = 36; s >= 34; s--) {
			struct siginfo info = { .signo = s, .code = -1, .pid = pid, .value = i * 100 + s };
			sys(NR_rt_sigqueueinfo, pid, s, &info);
		}
	print("pending %Q\n", pending());
	install(SIGTERM, SIG_IGN, 0, 0);
	print("ignoring drops it: %Q\n", pending());
	print("unblock USR1 only\n");
	set_mask(SIG_UNBLOCK, BIT(SIGUSR1));
	print("pending %Q\n", pending());
	print("unblock all\n");
	set_mask(SIG_SETMASK, 0);
	print("pending %Q\n", pending());
	u64 mask = 0;
	say("unknown how", sys(NR_rt_sigprocmask, 7, &mask, 0, 8));
	say("unknown how without a set", sys(NR_rt_sigprocmask, 7, 0, &mask, 8));
	say("set size", sys(NR_rt_sigprocmask, SIG_BLOCK, &mask, 0, 4));
	say("bad address", sys(NR_rt_sigprocmask, SIG_BLOCK, 16, 0, 8));
	return 0;
}
