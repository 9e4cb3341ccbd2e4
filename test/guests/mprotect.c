/* mprotect and the page faults it makes: SIGSEGV with si_code, si_addr, trapno, err and cr2, for reads and writes, split maps. */
#include "guest.h"

static u8 *base, *at;
static void load(void) { (void)*(volatile u8 *)at; }
static void store(void) { *(volatile u8 *)at = 77; }
static void store4(void) { *(volatile u32 *)at = 0x01020304; }
static void modify(void) { __asm__ volatile("addb $1, (%0)" : : "r"(at) : "memory", "cc"); }
static void move(void) { u8 *to = at; u32 n = 200; __asm__ volatile("rep stosb" : "+D"(to), "+c"(n) : "a"(5) : "memory"); }
static void call(void) { ((void (*)(void))at)(); }

static void tried(const char *what, void (*run)(void), u8 *address)
{
	at = address;
	if (!try(run)) {
		print("%s: no fault\n", what);
		return;
	}
	print("%s: signal %d code %d trapno %d err %x offset %x cr2 %s\n", what, fault.signal, fault.code, fault.trapno, fault.err & 7 /* bit 4, fetch, is told only by processors with NX */,
		fault.address - (u32)base,
		fault.cr2 == fault.address ? "the same" : "differs");
}

int main(void)
{
	base = map(0, 4 * PAGE, PROT_RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	for (u32 i = 0; i < 4 * PAGE; i++) base[i] = 1;
	say("page 1 read-only", sys(NR_mprotect, base + PAGE, PAGE, PROT_READ));
	say("page 2 none", sys(NR_mprotect, base + 2 * PAGE, PAGE, PROT_NONE));
	tried("load from r", load, base + PAGE + 8);
	tried("store to r", store, base + PAGE + 8);
	tried("add to r", modify, base + PAGE + 9);
	tried("load from none", load, base + 2 * PAGE);
	tried("store to none", store, base + 3 * PAGE - 1);
	tried("store across rw, r", store4, base + PAGE - 2);
	check("no byte of it was written", base[PAGE - 2] == 1 && base[PAGE - 1] == 1);
	tried("rep stosb runs into r", move, base + PAGE - 100);
	check("what came before was written", base[PAGE - 100] == 5 && base[PAGE - 1] == 5 && base[PAGE] == 1);
	u8 *pages = base;
	base = 0;
	tried("null", load, (u8 *)4);
	tried("call of null", call, (u8 *)0);
	say("eip", fault.eip);
	tried("not mapped", store, (u8 *)0x20000000);
	base = pages;
	say("back to rw", sys(NR_mprotect, base + PAGE, 2 * PAGE, PROT_RW));
	tried("store", store, base + 2 * PAGE);
	check("contents stayed", base[PAGE] == 1 && base[2 * PAGE + 1] == 1 && base[2 * PAGE] == 77);
	say("write only", sys(NR_mprotect, base, PAGE, PROT_WRITE));
	tried("load from w", load, base);
	say("unaligned", sys(NR_mprotect, base + 1, PAGE, PROT_READ));
	say("length 0", sys(NR_mprotect, base, 0, PROT_READ));
	say("bad bits", sys(NR_mprotect, base, PAGE, 0x100));
	say("munmap of page 2", sys(NR_munmap, base + 2 * PAGE, PAGE));
	say("a hole in the range", sys(NR_mprotect, base, 4 * PAGE, PROT_READ));
	tried("protected up to the hole", store, base + PAGE);
	tried("but not behind it", store, base + 3 * PAGE);
	say("a system call writes to r", sys(NR_gettimeofday, base + PAGE, 0));
	say("a system call reads from the hole", sys(NR_write, 1, base + 2 * PAGE, 5));
	return 0;
}
