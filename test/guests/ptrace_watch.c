/* ptrace: debug registers by POKEUSER: a watched write and an instruction stop the child with TRAP_HWBKPT; what the kernel refuses. */
#include "tracer.h"

static volatile u32 watched[4];
__attribute__((noinline)) static u32 called(u32 x)
{
	watched[2] = x;
	return x + 1;
}
static int child(void)
{
	u32 sum = 0;
	for (u32 i = 0; i < 3; i++) {
		watched[1] = i;
		sum += called(i) + watched[1];
	}
	return (int)sum;
}

static int set(int pid, int n, u32 value) { return ptrace(PTRACE_POKEUSER, pid, DEBUGREG + 4 * n, value); }
static u32 get(int pid, int n) { return peek_user(pid, DEBUGREG + 4 * n); }

int main(void)
{
	int pid = spawn_traced(child);
	say("dr0", set(pid, 0, (u32)&watched[1]));
	say("dr1", set(pid, 1, (u32)called));
	say("dr2", set(pid, 2, 0x1001));
	/* dr0: writes of four bytes; dr1: execution */
	say("dr7", set(pid, 7, 0xd0000 | 1 | 4));
	check("dr0 is back", get(pid, 0) == (u32)&watched[1]);
	print("dr7 %x dr6 %x dr4 %x\n", get(pid, 7), get(pid, 6), get(pid, 4));
	say("dr4", set(pid, 4, 0));
	say("I/O", set(pid, 7, 0x20000 | 1));
	say("execution of 4", set(pid, 7, 0xc0000 | 1));
	say("not aligned", set(pid, 7, 0xd000000 | 16));
	print("dr7 is as it was %x\n", get(pid, 7));
	for (int i = 0; i < 4; i++) {
		int status = resume(PTRACE_CONT, pid, 0);
		struct siginfo info;
		ptrace(PTRACE_GETSIGINFO, pid, 0, &info);
		print("%x code %d dr6 %x at the function %d, watched %u\n", status, info.code, get(pid, 6) & 0xf,
		      peek_user(pid, REG(eip)) == (u32)called, peek_data(pid, &watched[1]));
		set(pid, 6, 0);
		print("dr6 %x\n", get(pid, 6) & 0xf);
		/* the flag that lets it go over the instruction */
		if (peek_user(pid, REG(eip)) == (u32)called)
			ptrace(PTRACE_POKEUSER, pid, REG(eflags), peek_user(pid, REG(eflags)) | 0x10000);
	}
	say("off", set(pid, 7, 0));
	print("end: %x\n", resume(PTRACE_CONT, pid, 0));
	return 0;
}
