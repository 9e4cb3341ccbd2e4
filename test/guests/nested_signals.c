/* Handlers inside handlers: three signals unblocked together, a fault inside a handler, leaving a handler without sigreturn. */
#include "guest.h"

static int depth;
static jump_buf out;

static void on_signal(int signal)
{
	print("%s%d in\n", "        " + (depth > 8 ? 0 : 8 - depth * 2), signal);
	depth++;
	if (signal == SIGUSR2) raise(SIGHUP);
	if (signal == SIGHUP) __asm__ volatile("movb $1, 4" : : : "memory"); /* 7 bytes */
	depth--;
	print("%s%d out\n", "        " + (8 - depth * 2), signal);
}

static void on_fault_inside(int signal, struct siginfo *info, struct context *context)
{
	print("%s%d at %d, going on elsewhere\n", "        " + (8 - depth * 2), signal, info->address);
	context->eip += 7;
}

static void on_leave(int signal)
{
	jump(out, signal);
}

int main(void)
{
	int pid = sys(NR_getpid);
	install(SIGUSR1, on_signal, 0, 0);
	install(SIGUSR2, on_signal, 0, 0);
	install(SIGTERM, on_signal, 0, 0);
	install(SIGHUP, on_signal, 0, 0);
	install(SIGSEGV, on_fault_inside, SA_SIGINFO, 0);
	set_mask(SIG_BLOCK, BIT(SIGUSR1) | BIT(SIGUSR2) | BIT(SIGTERM));
	sys(NR_kill, pid, SIGTERM);
	sys(NR_kill, pid, SIGUSR2);
	sys(NR_kill, pid, SIGUSR1);
	print("unblock three\n"); /* frames are stacked in number order, so the last one runs first */
	set_mask(SIG_SETMASK, 0);

	install(SIGINT, on_leave, 0, 0);
	int came = set_jump(out);
	if (!came) raise(SIGINT);
	print("left by a jump from %d, mask %Q\n", came, set_mask(SIG_SETMASK, 0));
	u32 sum = 0;
	install(SIGUSR1, on_signal, SA_NODEFER, 0);
	for (int i = 0; i < 3; i++) {
		raise(SIGUSR1);
		sum += i;
	}
	print("sum %u\n", sum);
	return 0;
}
