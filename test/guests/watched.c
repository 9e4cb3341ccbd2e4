/* For debug registers set from outside: writes and reads a word, calls a function, and says how often SIGTRAP came (natively never). */
#include "guest.h"

#define WATCHED ((void *)0x20000000)
static volatile u32 *watched;
static u32 traps;
static struct { int code, trapno; u32 where, rf; } seen[32];

__attribute__((noinline)) u32 watched_call(u32 x) { return x * 3 + 1; }

static void on_trap(int signal, struct siginfo *info, struct context *context)
{
	(void)signal;
	if (traps < 32) {
		seen[traps].code = info->code;
		seen[traps].trapno = context->trapno;
		seen[traps].where = info->address == context->eip ? context->eip - (u32)watched_call : 1u << 31;
		seen[traps].rf = context->eflags >> 16 & 1;
	}
	traps++;
}

int main(void)
{
	install(SIGTRAP, on_trap, SA_SIGINFO, 0);
	watched = (u32 *)map(WATCHED, PAGE, PROT_RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	u32 sum = 0;
	for (u32 i = 0; i < 3; i++) {
		*watched = i;
		sum += watched_call(i);
	}
	sum += *watched;
	/* the kernel's own accesses do not count */
	int fds[2];
	sys(NR_pipe, fds);
	sys(NR_write, fds[1], (void *)watched, 4);
	sys(NR_read, fds[0], (void *)watched, 4);
	print("sum %u, traps %u\n", sum, traps);
	for (u32 i = 0; i < traps; i++)
		print("code %d trapno %d RF %d%s\n", seen[i].code, seen[i].trapno, seen[i].rf, seen[i].where ? "" : " at the call");
	return 0;
}
