/* sigaltstack: handlers on it and not on it, SS_ONSTACK inside, changing it there is refused, nested handlers stay on it. */
#include "guest.h"

static u8 other[16384] __attribute__((aligned(16)));
static int nest;

static void on_signal(int signal, struct siginfo *info, struct context *context)
{
	struct altstack now, same = { other, 0, sizeof other };
	int here = (u8 *)&now >= other && (u8 *)&now < other + sizeof other;
	sys(NR_sigaltstack, 0, &now);
	print("%d: on it %d flags %d size %u, uc_stack flags %d size %u\n", signal, here, now.flags, now.size, context->stack.flags, context->stack.size);
	check("siginfo and context lie near", (u32)context - (u32)info == 128);
	if (here) say("changing it inside", sys(NR_sigaltstack, &same, 0));
	if (nest-- > 0) raise(SIGUSR2);
	print("%d returns\n", signal);
}

int main(void)
{
	struct altstack old, stack = { other, 0, sizeof other };
	sys(NR_sigaltstack, 0, &old);
	print("at first flags %d size %u sp %x\n", old.flags, old.size, old.sp);
	install(SIGUSR1, on_signal, SA_SIGINFO | SA_ONSTACK, 0);
	install(SIGUSR2, on_signal, SA_SIGINFO | SA_ONSTACK, 0);
	install(SIGHUP, on_signal, SA_SIGINFO, 0);
	raise(SIGUSR1); /* none is set: the normal stack */
	say("set", sys(NR_sigaltstack, &stack, 0));
	nest = 1;
	raise(SIGUSR1);
	nest = 0;
	raise(SIGHUP); /* without SA_ONSTACK */
	sys(NR_sigaltstack, 0, &old);
	print("after flags %d size %u mine %d\n", old.flags, old.size, old.sp == other);
	stack.size = 100;
	say("too small", sys(NR_sigaltstack, &stack, 0));
	stack.size = sizeof other;
	stack.flags = 77;
	say("bad flags", sys(NR_sigaltstack, &stack, 0));
	stack.flags = SS_DISABLE;
	say("disable", sys(NR_sigaltstack, &stack, &old));
	nest = 0;
	raise(SIGUSR1);
	stack.flags = (int)0x80000000; /* SS_AUTODISARM */
	say("autodisarm", sys(NR_sigaltstack, &stack, 0));
	nest = 0;
	raise(SIGUSR1);
	sys(NR_sigaltstack, 0, &old);
	print("armed again %d flags %x\n", old.sp == other, old.flags);
	return 0;
}
