/* SA_SIGINFO: what siginfo and ucontext hold for kill, tkill, tgkill, sigqueue and a timer; the plain handler's argument too. */
#include "guest.h"

static int pid, uid;

static void on_info(int signal, struct siginfo *info, struct context *context)
{
	print("signal %d signo %d errno %d code %d", signal, info->signo, info->error, info->code);
	if (info->code <= 0) print(" pid %s uid %s", info->pid == pid ? "mine" : "other", info->uid == uid ? "mine" : "other");
	if (info->code == -1) print(" value %x", info->value);
	print(" mask %Q oldmask %x trapno %d err %d cr2 %x\n", context->mask, context->oldmask, context->trapno, context->err, context->cr2);
	check("the context is the interrupted stack's", context->esp > (u32)context && context->esp == context->espAtSignal);
}

static void on_plain(int signal) { print("plain %d\n", signal); }

static void fault_once(void) { *(volatile u8 *)0x123 = 1; }

int main(void)
{
	pid = sys(NR_getpid);
	uid = sys(NR_getuid32);
	for (int s = SIGUSR1; s <= SIGUSR2; s += 2) install(s, on_info, SA_SIGINFO, 0);
	install(SIGALRM, on_info, SA_SIGINFO, 0);
	install(40, on_info, SA_SIGINFO | SA_RESTART, 0);
	sys(NR_kill, pid, SIGUSR1);
	sys(NR_tkill, pid, SIGUSR2);
	sys(NR_tgkill, pid, pid, SIGUSR1);
	set_mask(SIG_BLOCK, BIT(SIGHUP) | BIT(50));
	struct siginfo info = { .signo = 40, .code = -1, .pid = pid, .uid = uid, .value = 0xcafe };
	say("sigqueue", sys(NR_rt_sigqueueinfo, pid, 40, &info));
	info.code = 5;
	say("forged kernel code to itself", sys(NR_rt_sigqueueinfo, pid, 40, &info));
	struct itimerval timer = { { 0, 0 }, { 0, 1000 } };
	sys(NR_setitimer, 0, &timer, 0);
	say("pause", sys(NR_pause));
	try(fault_once);
	sys(NR_tkill, pid, SIGUSR1); /* trapno, err and cr2 are the last fault's */
	install(SIGUSR1, on_plain, 0, 0);
	raise(SIGUSR1);
	return 0;
}
