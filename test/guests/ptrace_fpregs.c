/* ptrace: GETFPREGS and SETFPREGS: the x87 of the child in the layout of FNSAVE, read and changed. */
#include "tracer.h"

static volatile double result;
static int child(void)
{
	double a = 1.5, b = 2.25;
	double top;
	__asm__ volatile("fninit\n\tfldl %1\n\tfldl %2\n\tint3\n\tfaddp\n\tfstpl %0" : "=m"(top) : "m"(a), "m"(b));
	result = top;
	print("child's sum in quarters %d\n", (int)(result * 4));
	return 0;
}

struct fsave { u32 cwd, swd, twd, fip, fcs, foo, fos; u16 st[8][5]; };

int main(void)
{
	int pid = spawn_traced(child);
	print("at int3: %x\n", resume(PTRACE_CONT, pid, 0));
	struct fsave f;
	say("getfpregs", ptrace(PTRACE_GETFPREGS, pid, 0, &f));
	print("cwd %x swd %x twd %x\n", f.cwd & 0xffff, f.swd & 0xffff, f.twd & 0xffff);
	for (int i = 0; i < 2; i++) print("st%d %x %x %x\n", i, f.st[i][4], f.st[i][3], f.st[i][2]);
	struct fsave set;
	struct iovec part = { &set, sizeof set };
	say("getregset", ptrace(PTRACE_GETREGSET, pid, NT_PRFPREG, &part));
	print("%u bytes, as before %d\n", part.length, set.st[1][3] == f.st[1][3] && set.swd == f.swd);
	/* 2.25 becomes 4.5 */
	f.st[0][4]++;
	say("setfpregs", ptrace(PTRACE_SETFPREGS, pid, 0, &f));
	ptrace(PTRACE_GETFPREGS, pid, 0, &set);
	print("st0 %x %x\n", set.st[0][4], set.st[0][3]);
	say("nowhere", ptrace(PTRACE_GETFPREGS, pid, 0, 0));
	print("end: %x\n", resume(PTRACE_CONT, pid, 0));
	return 0;
}
