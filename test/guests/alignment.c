/* Alignment checks: AC set by popf makes misaligned accesses SIGBUS, by operand size; the stack, strings and the kernel's own accesses. */
#include "guest.h"

#define CHECKED(name, text) void name(void); __asm__(".text\n.globl " #name "\n.type " #name ", @function\n" #name ": pushf; orl $0x40000, (%esp); popf\n" \
	text "\npushf; andl $~0x40000, (%esp); popf; ret");
u8 area[64] __attribute__((aligned(16)));
CHECKED(aligned4, "movl area+4, %eax")
CHECKED(load4, "movl area+1, %eax")
CHECKED(load4_by2, "movl area+2, %eax")
CHECKED(load2, "movw area+1, %ax")
CHECKED(load2_even, "movw area+2, %ax")
CHECKED(load1, "movb area+1, %al")
CHECKED(store4, "movl %eax, area+3")
CHECKED(store2, "movw %ax, area+3")
CHECKED(locked, "lock incl area+2")
CHECKED(exchange, "xchg %eax, area+2")
CHECKED(bit_string, "mov $5, %eax; bts %eax, area+1")
CHECKED(compare8, "lock cmpxchg8b area+4")
CHECKED(fld4, "flds area+2; fstp %st(0)")
CHECKED(fld8_by4, "fldl area+4; fstp %st(0)")
CHECKED(fld10, "fldt area+8; fstp %st(0)")
CHECKED(fld10_by4, "fldt area+4; fstp %st(0)")
CHECKED(environment, "fnstenv area+2")
CHECKED(environment4, "fnstenv area+4")
CHECKED(pushed, "mov %esp, %edx; sub $3, %esp; push %eax; mov %edx, %esp")
CHECKED(pushed2, "mov %esp, %edx; sub $2, %esp; pushw %ax; mov %edx, %esp")
CHECKED(pushed4_by2, "mov %esp, %edx; sub $2, %esp; push %eax; mov %edx, %esp")
CHECKED(called, "mov %esp, %edx; sub $2, %esp; call 1f; 1: mov %edx, %esp")
CHECKED(string1, "push %esi; push %edi; mov $area+1, %esi; mov $area+21, %edi; movsb; pop %edi; pop %esi")
CHECKED(string4, "mov %esi, %edx; mov $area+1, %esi; lodsl; mov %edx, %esi")
CHECKED(repeated, "push %edi; mov $area+4, %edi; mov $3, %ecx; rep stosl; pop %edi")
CHECKED(bounds, "mov $1, %eax; bound %eax, area+33")
CHECKED(address16, "lea area+1, %eax; movzwl %ax, %eax; nop")

static const struct { const char *name; void (*run)(void); } rows[] = {
#define ROW(name) { #name, name }
	ROW(aligned4), ROW(load4), ROW(load4_by2), ROW(load2), ROW(load2_even), ROW(load1), ROW(store4), ROW(store2), ROW(locked), ROW(exchange), ROW(bit_string),
	ROW(compare8), ROW(fld4), ROW(fld8_by4), ROW(fld10), ROW(fld10_by4), ROW(environment), ROW(environment4), ROW(pushed), ROW(pushed2), ROW(pushed4_by2),
	ROW(called), ROW(string1), ROW(string4), ROW(repeated), ROW(bounds), ROW(address16),
};

static volatile int hits;
static void in_handler(int signal, struct siginfo *info, struct context *context)
{
	u32 flags, value;
	__asm__ volatile("pushf; pop %0" : "=r"(flags));
	(void)info;
	hits++;
	print("handler: signal %d, AC %d in the handler, %d in the frame\n", signal, flags >> 18 & 1, context->eflags >> 18 & 1);
	__asm__ volatile("push %1; andl $~0x40000, (%%esp); popf; movl area+1, %0" : "=r"(value) : "r"(flags) : "cc");
	context->eflags &= ~0x40000;
}

int main(void)
{
	for (u32 i = 0; i < sizeof rows / sizeof *rows; i++) {
		int signal = try(rows[i].run);
		__asm__ volatile("pushf; andl $~0x40000, (%%esp); popf; cld; fninit" : : : "memory", "cc");
		if (!signal) print("%s: no fault\n", rows[i].name);
		else print("%s: signal %d code %d trapno %d err %x address %x eip +%d\n", rows[i].name, signal, fault.code, fault.trapno, fault.err, fault.address, fault.eip - (u32)rows[i].run);
	}
	install(SIGBUS, in_handler, SA_SIGINFO, 0);
	load4();
	print("after the handler cleared AC: %d\n", hits);

	/* the kernel does not care: a write from a misaligned buffer while AC is set */
	memcpy(area + 1, "kernel reads\n", 13);
	int n;
	flush();
	__asm__ volatile("pushf; orl $0x40000, (%%esp); popf; int $0x80; pushf; andl $~0x40000, (%%esp); popf" : "=a"(n) : "0"(NR_write), "b"(1), "c"(area + 1), "d"(13) : "memory", "cc");
	say("bytes written", n);
	return 0;
}
