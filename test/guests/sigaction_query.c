/* sigaction as a question: old actions, both calls, refusals, SIGKILL and SIGSTOP, bits the kernel strips. */
#include "guest.h"

static void handler(int signal) { (void)signal; }

static void show(int signal)
{
	struct action old = { (void *)1234, 0x5555, 0, ~0ull };
	int result = sys(NR_rt_sigaction, signal, 0, &old, 8);
	print("%d: result %d handler %s flags %x mask %Q\n", signal, result, old.handler == handler ? "mine" : old.handler == SIG_IGN ? "ignore" : old.handler ? "other" : "default",
		old.flags, old.mask);
}

int main(void)
{
	show(SIGUSR1);
	say("install", install(SIGUSR1, handler, SA_RESTART | SA_SIGINFO, BIT(SIGHUP) | BIT(SIGKILL) | BIT(64)));
	show(SIGUSR1);
	say("ignore", install(SIGUSR2, SIG_IGN, SA_NODEFER, 0));
	show(SIGUSR2);
	show(SIGKILL);
	say("SIGKILL", install(SIGKILL, handler, 0, 0));
	say("SIGSTOP to default", install(SIGSTOP, SIG_DFL, 0, 0));
	say("signal 0", install(0, handler, 0, 0));
	say("signal 65", install(65, handler, 0, 0));
	say("signal 64", install(64, handler, 0, 0));
	struct action action = { handler, 0, 0, 0 };
	say("mask size 4", sys(NR_rt_sigaction, SIGUSR1, &action, 0, 4));
	say("bad address", sys(NR_rt_sigaction, SIGUSR1, 16, 0, 8));
	say("bad old address", sys(NR_rt_sigaction, SIGUSR1, &action, 16, 8));
	show(SIGUSR1); /* the new action was taken nevertheless */

	struct { void *handler; u32 mask, flags; void *restorer; } plain = { handler, BIT(SIGINT) | BIT(SIGSTOP), SA_NODEFER, 0 }, before = { 0 };
	say("old sigaction", sys(NR_sigaction, SIGHUP, &plain, &before));
	print("before: handler %s flags %x mask %x\n", before.handler ? "some" : "default", before.flags, before.mask);
	show(SIGHUP);
	say("signal() returns the old handler", (void *)sys(NR_signal, SIGHUP, SIG_IGN) == (void *)handler);
	show(SIGHUP);
	say("sgetmask", sys(NR_sgetmask));
	return 0;
}
