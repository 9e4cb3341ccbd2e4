/* What a tracer is told of a call (PTRACE_GET_SYSCALL_INFO) and of waiting signals (PEEKSIGINFO), and calls that it makes itself (SYSEMU). */
#include "tracer.h"

enum { PTRACE_SYSEMU = 31, PTRACE_SYSEMU_SINGLESTEP = 32, PTRACE_PEEKSIGINFO = 0x4209, PTRACE_GET_SYSCALL_INFO = 0x420e };
static struct info { u8 op, pad[3]; u32 arch; u64 ip, sp, nr, args[6]; u8 rest[40]; } __attribute__((packed)) info;
static void told(const char *what, int pid, int size)
{
	struct regs r;
	memset(&info, 0xee, sizeof info);
	int n = ptrace(PTRACE_GET_SYSCALL_INFO, pid, size, &info);
	ptrace(PTRACE_GETREGS, pid, 0, &r);
	print("%s: %d op %d arch %x place %s\n", what, n, info.op, info.arch, info.ip == r.eip && info.sp == r.esp ? "ok" : "wrong");
	for (int i = 0; i < 6; i++)
		if (info.args[i] == (u32)pid) info.args[i] = 1111;
	if (info.nr == (u32)pid) info.nr = 1111;
	if (info.op == 1 && size == 88) print(" call %D of %D %D %D %D\n", info.nr, info.args[0], info.args[1], info.args[2], info.args[5]);
	if (info.op == 2 && size == 88) print(" result %D error %d\n", info.nr, (u8)info.args[0]);
	u8 *end = (u8 *)&info + (n < size ? n : size);
	print(" beyond it %x\n", *end);
}
static int calls(void)
{
	sys(NR_dup2, 77, 78, 79, 80, 81, 82);
	sys(NR_umask, 0);
	sys(NR_kill, sys(NR_getpid), SIGUSR2);
	return 5;
}
static int emulated(void)
{
	int r = sys(NR_getppid);
	r += sys(NR_dup2, 1, 2);
	/* -516 of its own: nothing restarts what was no call of the kernel's. */
	return r;
}
static int quiet(void)
{
	set_mask(SIG_BLOCK, BIT(SIGUSR1) | BIT(SIGUSR2) | BIT(40));
	u32 with[32] = { 0, 0, (u32)-1, 7, 8, 99 };
	sys(NR_rt_sigqueueinfo, sys(NR_getpid), 40, with);
	with[5] = 100;
	sys(NR_rt_sigqueueinfo, sys(NR_getpid), 40, with);
	sys(NR_tkill, sys(NR_gettid), SIGUSR1);
	sys(NR_kill, sys(NR_getpid), SIGUSR2);
	sys(NR_kill, sys(NR_getpid), SIGSTOP);
	return 0;
}
static void peek(int pid, u64 from, u32 flags, int count)
{
	static struct siginfo list[4];
	struct { u64 from; u32 flags; int count; } args = { from, flags, count };
	memset(list, 0, sizeof list);
	int n = ptrace(PTRACE_PEEKSIGINFO, pid, &args, list);
	print("from %d flags %d: %d", (int)from, flags, n);
	for (int i = 0; i < n; i++) print(" (%d code %d value %d)", list[i].signo, list[i].code, list[i].code == -1 ? list[i].value : 0);
	print("\n");
}
int main(void)
{
	int pid = spawn_traced(calls);
	told("at a stop", pid, 88);
	ptrace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACESYSGOOD);
	for (int i = 0; i < 5; i++) {
		say("status", resume(PTRACE_SYSCALL, pid, 0));
		told("told", pid, i == 2 ? 40 : i == 3 ? 28 : 88);
	}
	say("nowhere", ptrace(PTRACE_GET_SYSCALL_INFO, pid, 88, 16));
	say("nothing", ptrace(PTRACE_GET_SYSCALL_INFO, pid, 0, &info));
	int status;
	while ((status = resume(PTRACE_SYSCALL, pid, 0)) == ((SIGTRAP | 0x80) << 8 | 0x7f)) told("told", pid, 88);
	say("a signal", status);
	told("told", pid, 88);
	while ((status = resume(PTRACE_SYSCALL, pid, 0)) == ((SIGTRAP | 0x80) << 8 | 0x7f)) continue;
	say("ends", status);

	pid = spawn_traced(emulated);
	ptrace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACESYSGOOD);
	say("its call", resume(PTRACE_SYSEMU, pid, 0));
	told("told", pid, 88);
	say("ax", peek_user(pid, REG(eax)));
	ptrace(PTRACE_POKEUSER, pid, REG(eax), 30);
	say("the next", resume(PTRACE_SYSEMU, pid, 0));
	told("told", pid, 88);
	ptrace(PTRACE_POKEUSER, pid, REG(eax), 4);
	/* A step leads behind the call, without a stop there. */
	say("a step", resume(PTRACE_SYSEMU_SINGLESTEP, pid, 0));
	struct regs r;
	ptrace(PTRACE_GETREGS, pid, 0, &r);
	say("ax", r.eax);
	int steps = 0;
	while ((status = resume(PTRACE_SYSEMU_SINGLESTEP, pid, 0)) == (SIGTRAP << 8 | 0x7f)) steps++;
	check("some steps", steps > 3 && steps < 1000);
	say("a call", status);
	told("told", pid, 88);
	check("the way out", info.nr == NR_exit_group || info.nr == NR_exit || info.nr == NR_write);
	/* It can be made after all, by asking for it again. */
	ptrace(PTRACE_GETREGS, pid, 0, &r);
	check("with the sum", info.nr == NR_write || r.ebx == 34);
	say("again", ptrace(PTRACE_POKEUSER, pid, REG(eip), r.eip - 2));
	ptrace(PTRACE_POKEUSER, pid, REG(eax), r.orig_eax);
	say("ends", resume(PTRACE_CONT, pid, 0));

	pid = spawn_traced(quiet);
	say("stopped", resume(PTRACE_CONT, pid, 0));
	for (u32 flags = 0; flags < 3; flags++) {
		peek(pid, 0, flags, 4);
		peek(pid, 1, flags, 1);
		peek(pid, 9, flags, 4);
	}
	peek(pid, 0, 0, 0);
	peek(pid, 0, 0, -1);
	say("no arguments", ptrace(PTRACE_PEEKSIGINFO, pid, 16, &info));
	say("ends", resume(PTRACE_CONT, pid, 0));
	return 0;
}
