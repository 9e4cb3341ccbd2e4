/* SA_NODEFER, SA_RESETHAND, sa_mask, sa_restorer: which signals are blocked inside handlers, and what stays after. */
#include "guest.h"

static int depth, again;

static void on_signal(int signal)
{
	u64 blocked = set_mask(SIG_BLOCK, 0);
	print("%d at depth %d, blocked %Q\n", signal, ++depth, blocked);
	if (again) {
		again = 0;
		raise(signal);
		print("raised %d again\n", signal);
	}
	depth--;
}

__asm__(".text; own_restorer: incl restored; pop %eax; mov $119, %eax; int $0x80"); /* sigreturn */
extern char own_restorer[];
int restored;

int main(void)
{
	struct action action;
	install(SIGUSR1, on_signal, 0, 0);
	again = 1;
	raise(SIGUSR1); /* the second comes after the first handler */
	install(SIGUSR1, on_signal, SA_NODEFER, 0);
	again = 1;
	raise(SIGUSR1);
	install(SIGUSR1, on_signal, SA_NODEFER, BIT(SIGUSR2) | BIT(SIGUSR1) | BIT(SIGKILL));
	again = 1;
	raise(SIGUSR1);
	install(SIGUSR2, on_signal, SA_RESETHAND, BIT(SIGHUP));
	raise(SIGUSR2);
	sys(NR_rt_sigaction, SIGUSR2, 0, &action, 8);
	say("after SA_RESETHAND the handler is", (int)action.handler);
	print("its flags stay %x mask %Q\n", action.flags, action.mask);
	print("mask after all %Q\n", set_mask(SIG_BLOCK, 0));

	action = (struct action){ on_signal, SA_RESTORER, own_restorer, 0 };
	sys(NR_rt_sigaction, SIGUSR1, &action, 0, 8);
	raise(SIGUSR1);
	say("own restorer ran", restored);
	return 0;
}
