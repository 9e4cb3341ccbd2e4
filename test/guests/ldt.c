/* modify_ldt: entries with base and limit, fs inside and beyond, a small stack-like segment that grows down, 16-bit code, reading back. */
#include "guest.h"

struct desc { u32 entry, base, limit, flags; };
enum { SEG32 = 1, DOWN = 2, CODE = 4, READ_ONLY = 8, IN_PAGES = 16, NOT_PRESENT = 32, USABLE = 64 };

static u8 data[2 * PAGE] __attribute__((aligned(4096)));
static u32 offset, selector;

static void load_fs(void) { __asm__ volatile("mov %0, %%fs" : : "r"(selector)); }
static void load(void) { __asm__ volatile("movb %%fs:(%0), %%al" : : "r"(offset) : "eax"); }
static void load4(void) { __asm__ volatile("movl %%fs:(%0), %%eax" : : "r"(offset) : "eax"); }
static void store(void) { __asm__ volatile("movb $9, %%fs:(%0)" : : "r"(offset) : "memory"); }

static int set(u32 entry, void *base, u32 limit, u32 flags)
{
	struct desc desc = { entry, (u32)base, limit, flags };
	selector = entry << 3 | 7;
	return sys(NR_modify_ldt, 1, &desc, sizeof desc);
}

static void tried(const char *what, void (*run)(void), u32 at)
{
	offset = at;
	if (!try(run)) print("%s: no fault\n", what);
	else print("%s: signal %d code %d trapno %d err %x\n", what, fault.signal, fault.code, fault.trapno, fault.err);
}

int main(void)
{
	u8 raw[64];
	say("empty at first", sys(NR_modify_ldt, 0, raw, sizeof raw));
	for (u32 i = 0; i < sizeof data; i++) data[i] = (u8)i;
	say("data segment of 100 bytes", set(2, data + 50, 99, SEG32));
	load_fs();
	u8 byte;
	__asm__ volatile("movb %%fs:7, %0" : "=q"(byte));
	print("fs:7 is %d\n", byte);
	tried("last byte", load, 99);
	tried("beyond the limit", load, 100);
	tried("dword across the limit", load4, 97);
	tried("store", store, 10);
	print("stored %d\n", data[60]);
	say("read back bytes", sys(NR_modify_ldt, 0, raw, sizeof raw) >= 24);
	print("descriptor %x %x, access %x %x\n", raw[16] | raw[17] << 8, raw[18] == (u8)(u32)(data + 50), raw[21] & 0xfe, raw[22]);

	say("read-only", set(3, data, 1, READ_ONLY | SEG32 | IN_PAGES));
	load_fs();
	tried("load in the second page", load, 2 * PAGE - 1);
	tried("load behind it", load, 2 * PAGE);
	tried("store", store, 0);
	say("grows down", set(4, data, 0xfff, DOWN | SEG32));
	load_fs();
	tried("at or below the limit", load, 0xfff);
	tried("above it", load, 0x1000);
	say("not present", set(5, data, 1, NOT_PRESENT | SEG32));
	tried("selector of it", load_fs, 0);
	selector = 6 << 3 | 7;
	tried("empty entry", load_fs, 0);
	selector = 0x1fff << 3 | 7;
	tried("beyond the table", load_fs, 0);
	selector = 0;
	tried("null selector", load_fs, 0);
	tried("load through it", load, 0);

	/* 16-bit code: mov ax, 0x1234; add ax, ax; movzx eax, ax (66); lret (66) */
	static const u8 code16[] = { 0xb8, 0x34, 0x12, 0x01, 0xc0, 0x66, 0x0f, 0xb7, 0xc0, 0x66, 0xcb };
	u8 *code = map(0, PAGE, PROT_RW | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	memcpy(code, code16, sizeof code16);
	say("16-bit code", set(7, code, 0xff, CODE));
	struct { u32 eip; u16 cs; } far = { 0, (u16)selector };
	u32 eax;
	__asm__ volatile("lcall *%1" : "=a"(eax) : "m"(far) : "cc");
	print("eax %x\n", eax);
	say("bad entry", set(8192, data, 1, SEG32));
	struct desc desc = { 0 };
	say("bad size", sys(NR_modify_ldt, 1, &desc, 3));
	say("unknown function", sys(NR_modify_ldt, 99, &desc, sizeof desc));
	return 0;
}
