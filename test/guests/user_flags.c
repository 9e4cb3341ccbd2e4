/* What popf, iret and sahf may change in user mode: IOPL, IF, VM, RF, NT, VIF, VIP, AC, ID; pushf images of 16 and 32 bits; bound, into, int n. */
#include "guest.h"

static u32 popf32(u32 value)
{
	u32 got;
	__asm__ volatile("push %1; popf; pushf; pop %0; push $0x202; popf" : "=r"(got) : "r"(value) : "cc", "memory");
	return got;
}
static u32 popf16(u32 before, u16 value)
{
	u32 got;
	__asm__ volatile("push %1; popf; pushw %2; popfw; pushf; pop %0; push $0x202; popf" : "=r"(got) : "r"(before), "r"(value) : "cc", "memory");
	return got;
}
static u32 iret32(u32 value)
{
	u32 got;
	__asm__ volatile("push %1; push %%cs; push $1f; iret; 1: pushf; pop %0; push $0x202; popf" : "=r"(got) : "r"(value) : "cc", "memory");
	return got;
}
static u32 handler_flags;
static void on_user(int signal) { (void)signal; __asm__ volatile("pushf; pop %0" : "=m"(handler_flags)); }

static void show(const char *what, u32 flags)
{
	print("%s: %x\n", what, flags & ~0x28);
}
static const u32 tries[] = { 0, 0xffffffff & ~0x100, 0x3000, 0x200, 0x4000, 0x10000, 0x20000, 0x40000, 0x80000, 0x100000, 0x200000, 0x8d5, 0x400, 0xffc00000, 0x8028 };

static void iret_rpl0(void) { __asm__ volatile("pushf; push $8; push $1f; iret; 1:" : : : "cc", "memory"); }
static void iret_null(void) { __asm__ volatile("pushf; push $0; push $1f; iret; 1:" : : : "cc", "memory"); }
static void iret_data(void) { __asm__ volatile("pushf; push %%ds; push $1f; iret; 1:" : : : "cc", "memory"); }
static void lret_null(void) { __asm__ volatile("push $0; push $1f; lret; 1:" : : : "cc", "memory"); }
static void lret_data(void) { __asm__ volatile("push %%ds; push $1f; lret; 1:" : : : "cc", "memory"); }
int limits[2] = { -5, 5 };
short limits16[2] = { -5, 5 };
static int index;
static void bound32(void) { __asm__ volatile("bound %0, limits" : : "r"(index)); }
static void bound16(void) { __asm__ volatile("boundw %w0, limits16" : : "r"(index)); }
static void into(void) { __asm__ volatile("mov $0x7f, %%al; inc %%al; into" : : : "eax", "cc"); }
static void into_not(void) { __asm__ volatile("xor %%eax, %%eax; into" : : : "eax", "cc"); }

static void tried(const char *what, void (*run)(void))
{
	int signal = try(run);
	__asm__ volatile("push $0x202; popf" : : : "cc", "memory");
	if (!signal) print("%s: no fault\n", what);
	else print("%s: signal %d code %d trapno %d err %x\n", what, signal, fault.code, fault.trapno, fault.err & ~0x58); /* selectors differ */
}

int main(void)
{
	for (u32 i = 0; i < sizeof tries / sizeof *tries; i++) {
		print("%X", tries[i]);
		show(" popf", popf32(tries[i]));
		show("         iret", iret32(tries[i] & ~0x4000));
	}
	show("popf16 ones", popf16(0x202, 0xfeff));
	show("popf16 zeros keeps the upper half", popf16(0x240202, 0));

	tried("iret to privilege 0", iret_rpl0);
	tried("iret to a null selector", iret_null);
	tried("iret to a data segment", iret_data);
	tried("lret to a null selector", lret_null);
	tried("lret to a data segment", lret_data);
	static const int values[] = { -6, -5, 0, 5, 6, 0x10005, 0x7fffffff, (int)0x80000000 };
	for (u32 i = 0; i < sizeof values / sizeof *values; i++) {
		index = values[i];
		print("%d ", index);
		tried("bound", bound32);
		tried("  bound 16", bound16);
	}
	tried("into", into);
	tried("into without overflow", into_not);

	install(SIGUSR1, on_user, 0, 0);
	int pid = sys(NR_getpid);
	u32 after;
	__asm__ volatile("push $0x244ed7; popf; int $0x80; pushf; pop %0; push $0x202; popf" : "=r"(after) : "a"(NR_kill), "b"(pid), "c"(SIGUSR1) : "cc", "memory");
	show("in a handler", handler_flags);
	show("after it", after);
	__asm__ volatile("push $0x244ed7; popf; int $0x80; pushf; pop %0; push $0x202; popf" : "=r"(after) : "a"(NR_getpid) : "cc", "memory");
	show("after a call", after);
	return 0;
}
