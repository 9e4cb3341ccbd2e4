/* Self-modifying code under every alias: shared mappings, kernel writes, stores into their own following bytes and across pages, repeated moves over code and over themselves. */
#include "guest.h"

typedef int (*function)(void);
static const u8 return1[] = { 0xb8, 1, 0, 0, 0, 0xc3 }; /* mov eax, 1; ret */
static u8 *code;
static function at(u32 offset) { return (function)(code + offset); }

static u8 *put(u8 *to, const void *bytes, u32 count) { memcpy(to, bytes, count); return to + count; }
static u8 *put4(u8 *to, u32 value) { return put(to, &value, 4); }

/* another mapping of the same file: written there, run here */
static void aliases(void)
{
	int fd = sys(NR_open, "/tmp/guest-code-writes", O_RDWR | O_CREAT | O_TRUNC, 0600);
	sys(NR_ftruncate, fd, 2 * PAGE);
	u8 *run = map(0, 2 * PAGE, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 0);
	u8 *write = map(0, 2 * PAGE, PROT_RW, MAP_SHARED, fd, 0);
	memcpy(write, return1, sizeof return1);
	int sum = 0;
	for (int i = 0; i < 50; i++) {
		write[1] = (u8)i;
		sum += ((function)run)();
	}
	print("written through another mapping: %d\n", sum);
	memcpy(write + PAGE - 2, return1, sizeof return1);
	for (int i = 0; i < 3; i++) {
		write[PAGE] = (u8)(0x10 + i); /* the immediate's second byte, in the second page */
		print("across pages, second page written: %x\n", ((function)(run + PAGE - 2))());
	}
	/* pwrite changes the file, and so the mapping */
	u8 two = 2;
	print("before %d, ", ((function)run)());
	sys(NR_pwrite64, fd, &two, 1, 1, 0);
	print("after pwrite %d\n", ((function)run)());
	/* a private mapping of it: the first write makes its own page */
	u8 *own = map(0, PAGE, PROT_RW | PROT_EXEC, MAP_PRIVATE, fd, 0);
	print("private %d, ", ((function)own)());
	own[1] = 77;
	print("after its write %d, ", ((function)own)());
	write[1] = 3;
	print("after the file's %d %d\n", ((function)own)(), ((function)run)());
	sys(NR_close, fd);
	sys(NR_unlink, "/tmp/guest-code-writes");
}

/* the kernel writes into code: read from a pipe, and a time */
static void kernel_writes(void)
{
	int fds[2];
	sys(NR_pipe, fds);
	memcpy(code, return1, sizeof return1);
	int sum = at(0)();
	for (u8 i = 10; i < 20; i++) {
		sys(NR_write, fds[1], &i, 1);
		sys(NR_read, fds[0], code + 1, 1);
		sum += at(0)();
	}
	print("read(2) into an immediate: %d\n", sum);
}

/* a store that changes what stands directly behind it, in the same page and over a page's end; a whole new instruction */
static void following(u32 offset)
{
	u8 *p = code + offset, *patched;
	/* movl $0x..., next ; next: mov eax, 1 ; ret becomes mov eax, 0x5a ; ret */
	p = put(p, "\xc7\x05", 2);
	p = put4(p, (u32)p + 8);
	patched = p + 4;
	p = put4(p, 0x00005ab8);
	p = put(p, return1, sizeof return1);
	print("next instruction replaced at %x: %x\n", offset & 0xfff, at(offset)());
	print("  and it stays: %x\n", ((function)patched)());
}

/* a store that shortens the next instruction: what follows is decoded anew from there */
static void shortened(void)
{
	u8 *p = code + 0x300;
	p = put(p, "\x31\xc0\xc6\x05", 4); /* xor eax, eax; movb $0x40, next */
	p = put4(p, (u32)p + 5);
	p = put(p, "\x40", 1);
	p = put(p, "\xb8\x40\x40\x40\x40\xc3", 6); /* mov eax, 0x40404040; ret → inc eax × 5; ret */
	print("shortened: %d\n", at(0x300)());
}

/* rep movsb over the code behind it, and over its own bytes */
static void moved(void)
{
	u8 source[32];
	memset(source, 0x40, sizeof source); /* inc eax */
	source[12] = 0xc3;
	u8 *p = code + 0x400;
	p = put(p, "\x31\xc0\x56\x57\xbe", 5); /* xor eax, eax; push esi; push edi; mov esi, source */
	p = put4(p, (u32)source);
	p = put(p, "\xbf", 1);
	p = put4(p, (u32)p + 4 + 5 + 2 + 2); /* mov edi, behind the pops */
	p = put(p, "\xb9\x0d\0\0\0\xf3\xa4\x5f\x5e", 9); /* mov ecx, 13; rep movsb; pop edi; pop esi */
	p = put(p, "\xb8\xff\xff\xff\xff\xc3\x90\x90\x90\x90\x90\x90\x90\xc3", 14);
	print("rep movsb over what follows: %d\n", at(0x400)());
}

/* stosb with the direction down, from behind: the last byte written is the immediate of the next instruction */
static void down(void)
{
	u8 *p = code + 0x500;
	p = put(p, "\x57\xfd\xb9\x03\0\0\0\xb0\x11\xbf", 10); /* push edi; std; mov ecx, 3; mov al, 0x11; mov edi, … */
	p = put4(p, (u32)p + 4 + 2 + 2 + 3);
	p = put(p, "\xf3\xaa\xfc\xb8\0\0\0\0\x5f\xc3", 10); /* rep stosb; cld; mov eax, 0; pop edi; ret */
	print("downwards: %x\n", at(0x500)());
}

/* push, call and pop with the stack inside the code page */
static void stacked(void)
{
	u8 *p = code + 0x600;
	p = put(p, "\x89\xe2\xbc", 3); /* mov edx, esp; mov esp, … */
	p = put4(p, (u32)p + 4 + 5 + 5);
	p = put(p, "\x68\xb8\x07\0\0", 5); /* push 0x000007b8: over the next instruction: mov eax, 7… */
	p = put(p, "\xb8\x01\0\0\0\x89\xd4\xc3", 8); /* mov eax, 1; mov esp, edx; ret */
	/* the push writes the four bytes below esp, which are the first four of the mov */
	*(u32 *)(code + 0x603) = (u32)(code + 0x600 + 12 + 4);
	print("pushed over the next instruction: %x\n", at(0x600)());
}

/* x87 stores into code */
static void stored(void)
{
	u8 *p = code + 0x700;
	p = put(p, "\xdb\x05", 2); /* fild dword [value] */
	u32 *operand = (u32 *)p;
	p = put4(p, 0);
	p = put(p, "\xdb\x1d", 2); /* fistp dword [imm] */
	p = put4(p, (u32)p + 4 + 1);
	p = put(p, "\xb8\0\0\0\0\xc3", 6);
	static int value = 0x1234;
	*operand = (u32)&value;
	print("fistp: %x\n", at(0x700)());
}

/* the loop overwrites its own body: the third pass turns inc into dec */
static void loop(void)
{
	u8 *p = code + 0x800, *body;
	p = put(p, "\x31\xc0\xb9\x06\0\0\0", 7); /* xor eax, eax; mov ecx, 6 */
	body = p;
	p = put(p, "\x40\x83\xf9\x04\x75\x07\xc6\x05", 8); /* inc eax; cmp ecx, 4; jne +7; movb $0x48, body */
	p = put4(p, (u32)body);
	p = put(p, "\x48\xe2\xf1\xc3", 4); /* loop body */
	print("loop: %d\n", at(0x800)());
}

/* rep stosb over its own two bytes, stepped: each turn is fetched again (run freely it goes on as it began, until an interrupt) */
static void itself(u32 flags)
{
	u8 *p = code + 0x900;
	p = put(p, "\x57\xbf", 2); /* push edi; mov edi, the rep */
	p = put4(p, (u32)p + 4 + 5 + 2);
	p = put(p, "\xb9\x08\0\0\0\xb0\x90\xf3\xaa\x90\x90\x90\x90\x90\x90\x89\xc8\x5f\xc3", 19); /* mov ecx, 8; mov al, 0x90; rep stosb; …; mov eax, ecx; pop edi; ret */
	int left;
	__asm__ volatile("push %2; popf; call *%1; push $0x202; popf" : "=a"(left) : "r"(code + 0x900), "r"(flags) : "ecx", "edx", "cc", "memory");
	print("rep stosb over itself, stepped: %d left\n", left);
}
static void ignored(int signal) { (void)signal; }

/* unmapped and mapped again elsewhere: the old code is gone */
static void remapped(void)
{
	u8 *page = map(0, PAGE, PROT_RW | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	memcpy(page, return1, sizeof return1);
	print("mapped %d, ", ((function)page)());
	sys(NR_munmap, page, PAGE);
	u8 *again = map(page, PAGE, PROT_RW | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	memcpy(again, return1, sizeof return1);
	again[1] = 9;
	print("again %d, ", ((function)again)());
	u8 *moved = (u8 *)sys(NR_mremap, again, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, again - 16 * PAGE);
	moved[1] = 11;
	print("moved %d\n", ((function)moved)());
}

int main(void)
{
	code = map(0, 3 * PAGE, PROT_RW | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	aliases();
	kernel_writes();
	following(0x100);
	following(PAGE - 10); /* the replaced instruction begins in the second page */
	following(PAGE - 11);
	following(PAGE - 12); /* …and straddles */
	following(PAGE - 4); /* the store itself straddles */
	shortened();
	moved();
	down();
	stacked();
	stored();
	loop();
	remapped();
	install(SIGTRAP, ignored, 0, 0);
	itself(0x302);
	return 0;
}
