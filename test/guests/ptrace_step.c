/* ptrace: SINGLESTEP counts the instructions of a loop, over calls, pushf and a signal handler, and shows no TF of its own. */
#include "tracer.h"

static void on(int signal, struct siginfo *info, struct context *context)
{
	(void)signal;
	(void)info;
	(void)context;
}
static int child(void)
{
	install(SIGUSR1, on, SA_SIGINFO, 0);
	__asm__ volatile("int3\n\tmov $5, %%ecx\n1:\tdec %%ecx\n\tjnz 1b\n\tnop\n\tint3" : : : "ecx", "cc");
	__asm__ volatile("int3\n\tmov $20, %%eax\n\tint $0x80\n\tnop\n\tnop\n\tint3" : : : "eax", "cc");
	__asm__ volatile("int3\n\tpushf\n\tandl $~0x100, (%%esp)\n\tpopf\n\tnop\n\tint3" : : : "cc", "memory");
	return 3;
}

/* Steps from one int3 to the next; how many instructions. */
static u32 walk(int pid, int show)
{
	u32 steps = 0;
	for (;;) {
		u32 eip = peek_user(pid, REG(eip));
		u32 word = 0;
		ptrace(PTRACE_PEEKTEXT, pid, eip, &word);
		if ((word & 0xff) == 0xcc) break;
		int status = resume(PTRACE_SINGLESTEP, pid, 0);
		if (status != (SIGTRAP << 8 | 0x7f)) print("status %x\n", status);
		struct siginfo info;
		ptrace(PTRACE_GETSIGINFO, pid, 0, &info);
		if (show) {
			print("insn %x code %d TF %d dr6 %x\n", word & 0xff, info.code, peek_user(pid, REG(eflags)) >> 8 & 1,
			      peek_user(pid, DEBUGREG + 24) & 0xffff);
		}
		steps++;
	}
	return steps;
}

int main(void)
{
	int pid = spawn_traced(child);
	for (int i = 0; i < 3; i++) {
		print("to int3: %x\n", resume(PTRACE_CONT, pid, 0));
		print("steps %u\n", walk(pid, i > 0));
		print("its int3: %x\n", resume(PTRACE_CONT, pid, 0));
	}
	/* a step into a handler stops at its first instruction */
	ptrace(PTRACE_SINGLESTEP, pid, 0, SIGUSR1);
	int status = stop_of(pid);
	struct siginfo info;
	ptrace(PTRACE_GETSIGINFO, pid, 0, &info);
	print("into the handler: %x at its start %d code %d\n", status, peek_user(pid, REG(eip)) == (u32)on, info.code);
	/* the flag that popf made the child's own is taken away */
	ptrace(PTRACE_POKEUSER, pid, REG(eflags), peek_user(pid, REG(eflags)) & ~0x100u);
	print("end: %x\n", resume(PTRACE_CONT, pid, 0));
	return 0;
}
