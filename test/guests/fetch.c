/* Fetching instructions: across pages, into pages that are not there or not readable, the limit of 15 bytes, prefixes in any number and order, lock where it may not stand. */
#include "guest.h"

static u8 *code; /* two pages, then one that cannot be read, then nothing */
static u8 *hole;
static u8 *entry;
static void call_it(void) { __asm__ volatile("call *%0" : : "r"(entry) : "eax", "ecx", "edx", "memory", "cc"); }

static void tried(const char *what)
{
	int signal = try(call_it);
	if (!signal) print("%s: no fault\n", what);
	else {
		print("%s: signal %d code %d trapno %d err %x eip +%d", what, signal, fault.code, fault.trapno, fault.err & ~0x10, fault.eip - (u32)entry);
		if (fault.trapno != 14) print("\n");
		else if (fault.cr2 < 0x100000) print(" cr2 %x\n", fault.cr2);
		else print(" cr2 hole%d\n", fault.cr2 - (u32)hole);
	}
}
static void at(u8 *place, const char *what, const void *bytes, u32 count)
{
	memcpy(place, bytes, count);
	entry = place;
	tried(what);
}
/* the bytes end where the unreadable page begins */
static void before(const char *what, const void *bytes, u32 count)
{
	u8 *place = hole - count;
	memcpy(place, bytes, count);
	entry = place;
	tried(what);
}
#define BEFORE(what, text) before(what, text, sizeof text - 1)
#define AT(what, text) at(code + 0x100, what, text, sizeof text - 1)

int main(void)
{
	code = map(0, 4 * PAGE, PROT_RW | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	hole = code + 2 * PAGE;
	memset(code, 0x90, 2 * PAGE);
	sys(NR_munmap, hole, 2 * PAGE);
	BEFORE("returns at the end of the page", "\xc3");
	BEFORE("falls off the page", "\x90");
	BEFORE("cut after the opcode", "\xb8");
	BEFORE("cut in the immediate", "\xb8\1\2\3");
	BEFORE("cut before modrm", "\x8b");
	BEFORE("cut before sib", "\x8b\x04");
	BEFORE("cut in the displacement", "\x8b\x05\0\0");
	BEFORE("cut before the immediate, memory not there either", "\xc7\x05\0\0\0\0");
	BEFORE("cut after a prefix", "\x66");
	BEFORE("cut after 14 prefixes", "\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66");
	BEFORE("cut after 15 prefixes", "\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66");
	BEFORE("16 prefixes", "\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66");
	BEFORE("lock before a cut", "\xf0\x90");
	BEFORE("undefined at the end", "\x0f\x0b");
	BEFORE("cut in two byte opcode", "\x0f");
	BEFORE("a branch to the next page", "\xeb\x00");
	BEFORE("a branch not taken, falls off", "\x31\xc0\x75\x00");
	BEFORE("a branch into the middle of the next page", "\xe9\x40\0\0\0");
	u8 *none = map(hole, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	check("the hole is closed", none == hole);
	BEFORE("cut, next page PROT_NONE", "\xb8\1\2\3");
	sys(NR_mprotect, hole, PAGE, PROT_READ | PROT_EXEC);
	before("next page zeros", "\xb8\1\2\3", 4);
	entry = 0;
	int signal = try(call_it);
	print("call 0: signal %d code %d eip %x cr2 %x\n", signal, fault.code, fault.eip, fault.cr2);

	AT("14 prefixes and a nop", "\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x90\xc3");
	AT("15 prefixes and a nop", "\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x90\xc3");
	AT("15 bytes", "\x2e\x2e\x2e\x2e\xc7\x84\x24\xf0\xff\xff\xff\0\0\0\0\xc3");
	AT("16 bytes", "\x2e\x2e\x2e\x2e\x2e\xc7\x84\x24\xf0\xff\xff\xff\0\0\0\0\xc3");
	AT("all prefixes", "\x3e\x65\x3e\x66\x67\xf3\x36\x66\x90\xc3");
	AT("the last segment prefix counts", "\x65\x36\x8b\x04\x24\xc3");
	AT("rep on a plain instruction", "\xf3\x01\xc0\xc3");
	AT("repne ret", "\xf2\xc3");
	AT("lock add to memory", "\xf0\x01\x44\x24\xf0\xc3");
	AT("lock add to a register", "\xf0\x01\xc0\xc3");
	AT("lock add from memory", "\xf0\x03\x44\x24\xf0\xc3");
	AT("lock cmp", "\xf0\x39\x44\x24\xf0\xc3");
	AT("lock test", "\xf0\x85\x44\x24\xf0\xc3");
	AT("lock mov", "\xf0\x89\x44\x24\xf0\xc3");
	AT("lock xchg", "\xf0\x87\x44\x24\xf0\xc3");
	AT("lock bt", "\xf0\x0f\xa3\x44\x24\xf0\xc3");
	AT("lock bts", "\xf0\x0f\xab\x44\x24\xf0\xc3");
	AT("lock inc", "\xf0\xff\x44\x24\xf0\xc3");
	AT("lock not", "\xf0\xf7\x54\x24\xf0\xc3");
	AT("lock neg byte", "\xf0\xf6\x5c\x24\xf0\xc3");
	AT("lock shl", "\xf0\xd1\x64\x24\xf0\xc3");
	AT("lock xadd", "\xf0\x0f\xc1\x44\x24\xf0\xc3");
	AT("lock cmpxchg8b", "\xf0\x0f\xc7\x4c\x24\xf0\xc3");
	AT("lock push", "\xf0\x50\x58\xc3");
	AT("lock call", "\xf0\xe8\0\0\0\0\x58\xc3");
	AT("lock nop", "\xf0\x0f\x1f\0\xc3");
	AT("lock movs", "\xf0\xa4\xc3");
	AT("lock fadd", "\xf0\xd8\x04\x24\xc3");
	AT("lock int3", "\xf0\xcc\xc3");
	AT("lock ud2", "\xf0\x0f\x0b\xc3");
	AT("lock hlt", "\xf0\xf4\xc3");
	AT("lock jmp", "\xf0\xeb\0\xc3");
	AT("lock with a page fault behind it", "\xf0\x01\x05\0\0\0\0\xc3");
	AT("lock mov with a page fault behind it", "\xf0\x89\x05\0\0\0\0\xc3");
	return 0;
}
