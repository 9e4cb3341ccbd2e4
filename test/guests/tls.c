/* Thread-local segment: set_thread_area allocates an entry, gs reaches it, limits bite, entries can be changed and cleared. */
#include "guest.h"

struct desc { u32 entry, base, limit, flags; };
enum { SEG32 = 1, READ_ONLY = 8, IN_PAGES = 16, NOT_PRESENT = 32, USABLE = 64 };

static u32 block[64], second[64], offset;
static struct desc mine;

static void load_gs(void) { (void)({ u32 v; __asm__ volatile("movl %%gs:(%1), %0" : "=r"(v) : "r"(offset)); v; }); }
static void store_gs(void) { __asm__ volatile("movl $1, %%gs:(%0)" : : "r"(offset) : "memory"); }
static void set_gs(void) { __asm__ volatile("mov %0, %%gs" : : "r"(mine.entry << 3 | 3)); }

static u32 gs(u32 at)
{
	u32 value;
	__asm__ volatile("movl %%gs:(%1), %0" : "=r"(value) : "r"(at));
	return value;
}

static void tried(const char *what, void (*run)(void), u32 at)
{
	offset = at;
	if (!try(run)) print("%s: no fault\n", what);
	else print("%s: signal %d code %d trapno %d err %x\n", what, fault.signal, fault.code, fault.trapno, fault.err);
}

int main(void)
{
	for (u32 i = 0; i < 64; i++) {
		block[i] = i * 3;
		second[i] = i * 5;
	}
	mine = (struct desc){ ~0u, (u32)block, 0xfffff, SEG32 | IN_PAGES | USABLE };
	say("set_thread_area", sys(NR_set_thread_area, &mine));
	check("an entry was chosen", mine.entry >= 6 && mine.entry <= 14);
	set_gs();
	print("gs: %u %u\n", gs(4), gs(40));
	__asm__ volatile("movl $777, %%gs:8; movw $5, %%gs:14" : : : "memory");
	print("stored %u %x\n", block[2], block[3]);
	struct desc back = { .entry = mine.entry };
	say("get_thread_area", sys(NR_get_thread_area, &back));
	print("base %d limit %x flags %x\n", back.base == (u32)block, back.limit, back.flags);
	raise(0);
	check("gs survives a system call", gs(4) == 3);
	mine.base = (u32)second;
	say("another base", sys(NR_set_thread_area, &mine));
	set_gs(); /* loads the hidden part anew */
	print("gs: %u %u\n", gs(4), gs(40));
	mine.limit = 31;
	mine.flags = SEG32 | USABLE;
	say("limit of 32 bytes", sys(NR_set_thread_area, &mine));
	set_gs();
	tried("last dword", load_gs, 28);
	tried("one byte over", load_gs, 29);
	tried("far over", load_gs, 4096);
	mine.flags = SEG32 | USABLE | READ_ONLY;
	sys(NR_set_thread_area, &mine);
	set_gs();
	tried("read-only: load", load_gs, 0);
	tried("read-only: store", store_gs, 0);
	struct desc more = { ~0u, 0, 0, SEG32 };
	say("second entry", sys(NR_set_thread_area, &more));
	say("is the next", more.entry - mine.entry);
	struct desc third = { ~0u, 1, 0, SEG32 }, fourth = { ~0u, 1, 0, SEG32 };
	say("third", sys(NR_set_thread_area, &third));
	say("there are only three", sys(NR_set_thread_area, &fourth));
	mine = (struct desc){ mine.entry, 0, 0, READ_ONLY | NOT_PRESENT };
	say("clear", sys(NR_set_thread_area, &mine));
	say("load of its selector: signal", try(set_gs));
	check("err is the selector", fault.err == (int)(mine.entry << 3));
	fourth.entry = 99;
	say("bad entry", sys(NR_set_thread_area, &fourth));
	say("get of a bad entry", sys(NR_get_thread_area, &fourth));
	return 0;
}
