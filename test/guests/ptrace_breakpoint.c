/* ptrace: a breakpoint by POKETEXT in code that may not be written: hit, taken back, run over; data read and changed; unmapped is EIO. */
#include "tracer.h"

static volatile u32 counter = 7;
__attribute__((noinline)) static u32 bump(u32 by)
{
	counter += by;
	return counter;
}
static int child(void)
{
	for (int i = 0; i < 3; i++) bump(1);
	return (int)counter;
}

int main(void)
{
	int pid = spawn_traced(child);
	u32 old;
	say("peek", ptrace(PTRACE_PEEKTEXT, pid, bump, &old));
	check("same text", old == *(u32 *)bump);
	say("poke", ptrace(PTRACE_POKETEXT, pid, bump, (old & ~0xffu) | 0xcc));
	check("own text is as it was", old == *(u32 *)bump);
	for (int i = 0; i < 3; i++) {
		int status = resume(PTRACE_CONT, pid, 0);
		u32 eip = peek_user(pid, REG(eip));
		print("hit %x at %d, counter %u\n", status, eip - (u32)bump, peek_data(pid, &counter));
		ptrace(PTRACE_POKETEXT, pid, bump, old);
		ptrace(PTRACE_POKEUSER, pid, REG(eip), bump);
		print("over %x\n", resume(PTRACE_SINGLESTEP, pid, 0));
		if (i < 2) ptrace(PTRACE_POKETEXT, pid, bump, (old & ~0xffu) | 0xcc);
		if (i == 1) say("poke data", ptrace(PTRACE_POKEDATA, pid, &counter, 40));
	}
	print("end %x, own counter %u\n", resume(PTRACE_CONT, pid, 0), counter);
	pid = spawn_traced(child);
	say("peek nothing", ptrace(PTRACE_PEEKDATA, pid, 0, &old));
	say("poke nothing", ptrace(PTRACE_POKEDATA, pid, 0, 1));
	say("to nowhere", ptrace(PTRACE_PEEKDATA, pid, &counter, 0));
	say("odd offset", ptrace(PTRACE_PEEKUSER, pid, 2, &old));
	say("beyond", ptrace(PTRACE_PEEKUSER, pid, 4096, &old));
	say("kill", ptrace(PTRACE_KILL, pid, 0, 0));
	print("end %x\n", stop_of(pid));
	return 0;
}
