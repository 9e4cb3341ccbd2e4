/* The trap flag: SIGTRAP after each instruction and each turn of a repeated one; what the shadow of mov ss, calls, faults and handlers do to it. */
#include "guest.h"

/* A snippet runs with TF from the instruction behind its popf to the one that clears it, inclusive. */
#define STEPPED(name, text) \
	extern u8 name##_start[]; void name(void); \
	__asm__(".text\n.globl " #name "\n.type " #name ", @function\n" #name ": pushf; orl $0x100, (%esp); popf\n.globl " #name "_start\n" #name "_start:" text \
		"\npushf; andl $~0x100, (%esp); popf; ret");
u32 scratch[16], saved_ss, far_stack[2], count, traps;
static u8 *start;
STEPPED(plain, "nop; inc %eax; .byte 0x66; nop; nop")
STEPPED(branches, "mov $2, %ecx; 1: dec %ecx; jnz 1b; call 2f; jmp 3f; 2: ret; 3: jecxz 4f; ud2; 4:")
STEPPED(repeated, "push %edi; mov $scratch, %edi; mov $3, %ecx; rep stosl; rep stosl; pop %edi")
STEPPED(compared, "push %edi; push %esi; mov $scratch, %edi; mov $scratch, %esi; movb $9, 2(%edi); mov $scratch+4, %esi; mov $5, %ecx; repe cmpsb; pop %esi; pop %edi")
STEPPED(move_ss, "mov %ss, %eax; mov %eax, %ss; nop; nop")
STEPPED(pop_ss, "push %ss; pop %ss; nop; nop")
STEPPED(twice_ss, "mov %ss, %eax; mov %eax, %ss; mov %eax, %ss; nop; nop")
STEPPED(pushed, "pushf; pop %eax; and $0x100, %eax; mov %eax, scratch")
STEPPED(call_getpid, "mov $20, %eax; int $0x80; nop; nop")
STEPPED(faulting, "xor %eax, %eax; mov %eax, (%eax); nop")
STEPPED(breakpoint, "nop; int3; nop; nop")
STEPPED(overflow, "mov $0x7fffffff, %eax; inc %eax; into; nop; nop")
STEPPED(returned, "pushf; push %cs; push $1f; iret; ud2; 1: nop")
STEPPED(cleared_by_iret, "pushf; andl $~0x100, (%esp); push %cs; push $1f; iret; ud2; 1: nop; nop")
STEPPED(far, "push %cs; push $1f; lret; ud2; 1: nop")
STEPPED(popf_again, "pushf; popf; nop")
STEPPED(shadow_call, "mov $20, %eax; mov %ss, %edx; mov %edx, %ss; int $0x80; nop; nop")
STEPPED(shadow_popf, "pushf; mov %ss, %edx; mov %edx, %ss; popf; nop")
STEPPED(string_none, "xor %ecx, %ecx; rep movsb; nop")
STEPPED(x87, "fninit; fld1; fldz; fwait; fstp %st(0); fstp %st(0)")
STEPPED(lss_load, "mov %esp, far_stack; mov %ss, far_stack+4; lss far_stack, %esp; nop; nop")

static struct { int signal; u32 eip; int code, trapno; u32 err, eflags, count; int addressed; } seen[64];

static void on_trap(int signal, struct siginfo *info, struct context *context)
{
	u32 flags;
	__asm__ volatile("pushf; pop %0" : "=r"(flags));
	if (traps < 64) {
		seen[traps].signal = signal;
		seen[traps].eip = context->eip - (u32)start;
		seen[traps].code = info->code;
		seen[traps].trapno = context->trapno;
		seen[traps].err = context->err;
		seen[traps].eflags = (context->eflags & 0x10100) | (flags & 0x100) << 4;
		seen[traps].addressed = info->address == context->eip;
		seen[traps].count = context->ecx & 0xff;
	}
	traps++;
	if (signal == SIGSEGV && context->trapno == 14) context->eip += 2;
}

static void run(const char *name, void (*snippet)(void), u8 *at)
{
	start = at;
	traps = 0;
	snippet();
	print("%s: %u\n", name, traps);
	for (u32 i = 0; i < traps; i++)
		print("  +%d sig %d code %d trapno %d err %x flags %x ecx %d%s\n", seen[i].eip, seen[i].signal, seen[i].code, seen[i].trapno, seen[i].err,
			seen[i].eflags, seen[i].count, seen[i].addressed ? " at eip" : "");
}
#define RUN(name) run(#name, name, name##_start)

static void nested(int signal)
{
	(void)signal;
	scratch[0] = traps; /* no traps while a handler runs, though it was entered with TF set */
	for (volatile int i = 0; i < 10; i++) {}
	scratch[1] = traps;
}

STEPPED(signalled, "push %ebx; mov $20, %eax; int $0x80; mov %eax, %ebx; mov $37, %eax; mov $10, %ecx; int $0x80; nop; pop %ebx")

int main(void)
{
	install(SIGTRAP, on_trap, SA_SIGINFO, 0);
	install(SIGSEGV, on_trap, SA_SIGINFO, 0);
	install(SIGUSR1, nested, 0, 0);
	RUN(plain);
	RUN(branches);
	RUN(repeated);
	RUN(compared);
	RUN(move_ss);
	RUN(pop_ss);
	RUN(twice_ss);
	RUN(pushed);
	print("pushf shows it: %x\n", scratch[0]);
	RUN(call_getpid);
	RUN(faulting);
	RUN(breakpoint);
	RUN(overflow);
	RUN(returned);
	RUN(cleared_by_iret);
	RUN(far);
	RUN(popf_again);
	RUN(shadow_call);
	RUN(shadow_popf);
	RUN(string_none);
	RUN(x87);
	RUN(lss_load);
	RUN(signalled);
	check("no steps inside a handler", scratch[0] == scratch[1]);

	/* sigreturn sets TF: the step behind it traps */
	set_mask(SIG_BLOCK, BIT(SIGTRAP));
	set_mask(SIG_UNBLOCK, BIT(SIGTRAP));
	print("done\n");
	return 0;
}
