/* ptrace: GETREGS, SETREGS, GETREGSET and SETREGSET: all registers are those of the child, flags and selectors are checked. */
#include "tracer.h"

static volatile u32 seen[6];
static int child(void)
{
	__asm__ volatile("push %%ebp\n\tmov $1, %%eax\n\tmov $2, %%ebx\n\tmov $3, %%ecx\n\tmov $4, %%edx\n\tmov $5, %%esi\n\tmov $6, %%edi\n\t"
			 "mov $7, %%ebp\n\tstc\n\tint3\n\t"
			 "mov %%eax, seen\n\tmov %%ebx, seen+4\n\tmov %%ecx, seen+8\n\tmov %%ebp, seen+12\n\tpushf\n\tpopl seen+16\n\tpop %%ebp\n\tcld"
			 : : : "eax", "ebx", "ecx", "edx", "esi", "edi", "cc", "memory");
	print("child sees %x %x %x %x, CF %d DF %d\n", seen[0], seen[1], seen[2], seen[3], seen[4] & 1, seen[4] >> 10 & 1);
	return 0;
}

int main(void)
{
	int pid = spawn_traced(child);
	print("at int3: %x\n", resume(PTRACE_CONT, pid, 0));
	struct regs r;
	say("getregs", ptrace(PTRACE_GETREGS, pid, 0, &r));
	print("%x %x %x %x %x %x %x orig %d\n", r.eax, r.ebx, r.ecx, r.edx, r.esi, r.edi, r.ebp, r.orig_eax);
	print("cs %x ss %x ds %x es %x CF %d TF %d\n", r.cs & 3, r.ss & 3, r.ds & 3, r.es & 3, r.eflags & 1, r.eflags >> 8 & 1);
	check("same segments as here", r.ds == r.es && r.ss == r.ds);
	r.eax = 0x11111111;
	r.ebx = 0x22222222;
	r.ecx = 0x33333333;
	r.eflags = (r.eflags & ~1u) | 0x400 | 0x3000 | 0x20000;
	say("setregs", ptrace(PTRACE_SETREGS, pid, 0, &r));
	struct regs now;
	ptrace(PTRACE_GETREGS, pid, 0, &now);
	print("flags changed %x\n", (now.eflags ^ r.eflags) & 0x23fff);
	u32 words[20];
	struct iovec part = { words, 8 };
	say("getregset", ptrace(PTRACE_GETREGSET, pid, NT_PRSTATUS, &part));
	print("%u bytes %x %x\n", part.length, words[0], words[1]);
	part.length = 80;
	say("getregset", ptrace(PTRACE_GETREGSET, pid, NT_PRSTATUS, &part));
	print("%u bytes\n", part.length);
	words[5] = 0x55555555;
	part.length = 24;
	say("setregset", ptrace(PTRACE_SETREGSET, pid, NT_PRSTATUS, &part));
	part.length = 7;
	say("odd length", ptrace(PTRACE_GETREGSET, pid, NT_PRSTATUS, &part));
	part.length = 8;
	say("no such set", ptrace(PTRACE_GETREGSET, pid, 0x999, &part));
	say("cs 0", ptrace(PTRACE_POKEUSER, pid, REG(cs), 0));
	say("kernel's ds", ptrace(PTRACE_POKEUSER, pid, REG(ds), 0x18));
	say("fs 0", ptrace(PTRACE_POKEUSER, pid, REG(fs), 0));
	say("no memory", ptrace(PTRACE_GETREGS, pid, 0, 0));
	u32 area[4];
	say("tls", ptrace(PTRACE_GET_THREAD_AREA, pid, 5, area));
	print("end: %x\n", resume(PTRACE_CONT, pid, 0));
	return 0;
}
