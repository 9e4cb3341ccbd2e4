/* Prints the signal frames that the kernel it runs on builds, as hex: sigframe.native.txt is what it said on x86-64 Linux.
 * gcc -m32 -static -O1 -mno-sse -fno-pic -no-pie -o sigframe sigframe.native.c && ./sigframe >sigframe.native.txt
 * A line: name, the handler's esp, the interrupted esp, then the bytes from the handler's esp to the end of the FXSAVE image. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

typedef unsigned int u32;
struct action { void *handler; u32 flags; void *restorer; u32 mask[2]; };

unsigned char copy[8192];
int bounds[2] = { 1, 5 };
u32 entry_esp, entry_regs[5];
u32 resume; /* eip to go on at, 0 = where it was */
const char *name;
int rt;
extern char on_signal[];
__asm__(".globl on_signal\non_signal: mov %esp, entry_esp; mov %eax, entry_regs; mov %edx, entry_regs+4; mov %ecx, entry_regs+8; "
	"pushf; pop entry_regs+12; cld; call report; ret");

void report(void)
{
	u32 *frame = (u32 *)entry_esp;
	u32 *sc = rt ? frame + 41 : frame + 2;
	u32 size = sc[19] + 112 + 512 - entry_esp;
	memcpy(copy, frame, size);
	printf("%s %08x %08x %x,%x,%x,%x ", name, entry_esp, sc[7], entry_regs[0], entry_regs[1], entry_regs[2], entry_regs[3]);
	for (u32 i = 0; i < size; i++) printf("%02x", copy[i]);
	printf("\n");
	fflush(stdout);
	if (resume) sc[14] = resume;
	sc[16] &= ~0x500u;
}

static void install(int signal, u32 flags)
{
	struct action a = { on_signal, flags, 0, { 0x200, 0x40 } };
	rt = (flags & SA_SIGINFO) != 0;
	syscall(SYS_rt_sigaction, signal, &a, 0, 8);
}

/* Registers with values that are easy to see, three numbers and an odd control word on the x87, DF and CF set. */
static void send(int signal)
{
	u32 pid = getpid();
	unsigned short cw = 0x0e7f;
	__asm__ volatile("fninit; fldcw %[cw]; fldl2e; fldpi; fld1; fldz; fstp %%st(0)\n push %%ebp; push %%ebx; mov %%eax, %%ecx; mov %%edx, %%ebx\n"
		"mov $0x0d1d1d1d, %%edi; mov $0x05151515, %%esi; mov $0x0b0b0b0b, %%ebp; mov $0x0d0d0d0d, %%edx; mov $37, %%eax\n"
		"std; stc; int $0x80; cld\n pop %%ebx; pop %%ebp; fninit"
		: : "a"(signal), "d"(pid), [cw] "m"(cw) : "esi", "edi", "ecx", "memory", "cc");
}

#define FAULT(text) do { __asm__ volatile("push %%ebp; push %%ebx; movl $1f, resume; " text "; 1: cld; pop %%ebx; pop %%ebp; fninit" : : : "eax", "ecx", "edx", "esi", "edi", "memory", "cc"); } while (0)

int main(void)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, 50);
	sigprocmask(SIG_BLOCK, &set, 0);
	name = "plain-kill";
	install(SIGUSR1, 0);
	send(SIGUSR1);
	name = "rt-kill";
	install(SIGUSR1, SA_SIGINFO);
	send(SIGUSR1);
	for (int s = 1; s < 32; s++) if (s == SIGSEGV || s == SIGFPE || s == SIGILL || s == SIGTRAP || s == SIGBUS) install(s, SA_SIGINFO);
	name = "rt-write-unmapped";
	FAULT("mov $0x123, %%eax; movl $1, (%%eax)");
	name = "rt-read-unmapped";
	FAULT("mov $0x1000, %%eax; mov (%%eax), %%eax");
	name = "rt-write-code";
	FAULT("movl $7, main");
	name = "rt-jump-unmapped";
	FAULT("mov $0x2345, %%eax; jmp *%%eax");
	name = "rt-divide";
	FAULT("xor %%ecx, %%ecx; mov $7, %%eax; cltd; div %%ecx");
	name = "rt-ud2";
	FAULT("ud2");
	name = "rt-int3";
	FAULT("int3");
	name = "rt-into";
	FAULT("mov $0x7fffffff, %%eax; inc %%eax; into");
	name = "rt-bound";
	FAULT("mov $9, %%eax; bound %%eax, bounds");
	name = "rt-hlt";
	FAULT("hlt");
	name = "rt-int1";
	FAULT(".byte 0xf1");
	name = "rt-step";
	FAULT("pushf; orl $0x100, (%%esp); popf; nop");
	name = "rt-x87-divide";
	FAULT("fninit; push $0x37b; fldcw (%%esp); pop %%eax; fld1; fldz; fdivrp; fwait");
	name = "rt-x87-stack";
	FAULT("fninit; push $0x37e; fldcw (%%esp); pop %%eax; fstp %%st(0); fwait");
	name = "rt-selector";
	FAULT("mov $0x1233, %%eax; mov %%eax, %%es");
	return 0;
}
