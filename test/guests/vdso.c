/* The vDSO: an ELF image named by the auxiliary vector, whose entry does system calls and whose symbols are there. */
#include "guest.h"

static u32 entry;

static int vcall(int nr, int a, const void *b, int c)
{
	int result;
	__asm__ volatile("call *%1" : "=a"(result) : "m"(entry), "a"(nr), "b"(a), "c"(b), "d"(c) : "memory");
	return result;
}

int main(int argc, char **argv, char **envp)
{
	(void)argc, (void)argv;
	u8 *image = 0;
	while (*envp) envp++;
	for (u32 *aux = (u32 *)envp + 1; *aux; aux += 2) {
		if (aux[0] == 32) entry = aux[1]; /* AT_SYSINFO */
		if (aux[0] == 33) image = (u8 *)aux[1]; /* AT_SYSINFO_EHDR */
	}
	check("AT_SYSINFO and AT_SYSINFO_EHDR", entry && image);
	check("page aligned", ((u32)image & (PAGE - 1)) == 0);
	check("an ELF shared object for the 386", !memcmp(image, "\177ELF\1\1", 6) && image[16] == 3 && image[18] == 3);
	check("the entry is inside", entry > (u32)image && entry < (u32)image + 4 * PAGE);
	check("and the header says the same", *(u32 *)(image + 24) + (u32)image == entry || *(u32 *)(image + 24) == entry);
	flush();
	print("write through it gave %d\n", vcall(NR_write, 1, "written through the vDSO\n", 25));
	say("close of nothing", vcall(NR_close, 999, 0, 0));
	say("unknown", vcall(5555, 0, 0, 0));
	check("getpid agrees", vcall(NR_getpid, 0, 0, 0) == sys(NR_getpid));

	/* dynamic symbols: PT_DYNAMIC gives the string table, symbol table and hash (its second word counts symbols) */
	u8 *ph = image + *(u32 *)(image + 28);
	u32 bias = (u32)image, *dynamic = 0;
	for (int i = 0; i < *(u16 *)(image + 44); i++, ph += 32) {
		if (*(u32 *)ph == 1) bias = (u32)image + *(u32 *)(ph + 4) - *(u32 *)(ph + 8);
		if (*(u32 *)ph == 2) dynamic = (u32 *)(image + *(u32 *)(ph + 4));
	}
	const char *strings = 0;
	u8 *symbols = 0;
	for (; dynamic && *dynamic; dynamic += 2) {
		if (dynamic[0] == 5) strings = (const char *)(bias + dynamic[1]);
		if (dynamic[0] == 6) symbols = (u8 *)(bias + dynamic[1]);
	}
	check("string and symbol table", strings && symbols);
	static const char *const wanted[] = { "__kernel_vsyscall", "__kernel_sigreturn", "__kernel_rt_sigreturn" };
	for (u32 w = 0; w < 3; w++) {
		u32 value = 0;
		for (u8 *symbol = symbols; symbol < (u8 *)strings && !value; symbol += 16)
			if (same(strings + *(u32 *)symbol, wanted[w])) value = *(u32 *)(symbol + 4);
		check(wanted[w], value != 0);
		if (w == 0) check("is the entry", bias + value == entry);
		if (w == 1) check("pop eax, mov eax 119, int 80", !memcmp((u8 *)bias + value, "\x58\xb8\x77\0\0\0\xcd\x80", 8));
	}
	return 0;
}
