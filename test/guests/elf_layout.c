/* What the loader made of the file: .bss zero from the middle of a page on, .data writable, .text and .rodata not, nothing below, brk behind. */
#include "guest.h"

extern char __ehdr_start[], _start[], __bss_start[], _edata[], _end[];
static u8 big[3 * PAGE + 17];
static u32 data[] = { 1, 2, 3 };
static const u32 constant[] = { 4, 5, 6 };
static u8 *at;
static void load(void) { (void)*(volatile u8 *)at; }
static void store(void) { *(volatile u8 *)at = 1; }

int main(void)
{
	u32 sum = 0;
	for (u32 i = 0; i < sizeof big; i++) sum += big[i];
	say("sum of .bss", sum);
	sum = 0;
	for (u8 *p = (u8 *)_end; (u32)p & (PAGE - 1); p++) sum += *p;
	say("sum of the rest of its page", sum);
	data[1] = 20;
	print("data %u %u %u, constants %u %u %u\n", data[0], data[1], data[2], constant[0], constant[1], constant[2]);
	check("loaded at the usual place", (u32)__ehdr_start == 0x08048000);
	check("the ELF header is mapped", __ehdr_start[0] == 0x7f && __ehdr_start[1] == 'E' && *(u32 *)(__ehdr_start + 24) == (u32)_start);
	at = (u8 *)_start;
	say("store to .text: signal", try(store));
	at = (u8 *)constant;
	say("store to .rodata: signal", try(store));
	at = (u8 *)__ehdr_start - 1;
	say("load below: signal", try(load));
	u32 end = ((u32)_end + PAGE - 1) & ~(PAGE - 1);
	at = (u8 *)end - 1;
	say("last byte of the last page: signal", try(store));
	check("brk starts behind", (u32)sys(NR_brk, 0) >= end - PAGE && (u32)sys(NR_brk, 0) < end + (64u << 20));
	return 0;
}
