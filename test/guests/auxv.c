/* The initial stack: argc, argv, envp, auxiliary vector, strings; which entries there are and that they tell the truth.
 * @args ["first", "second"]
 * @env {"GUEST_WORD": "a word"} */
#include "guest.h"

extern char _start[], __ehdr_start[];

int main(int argc, char **argv, char **envp)
{
	u32 *stack = (u32 *)argv - 1, values[64] = { 0 };
	u64 seen = 0;
	check("argc at the stack's top", stack[0] == (u32)argc && argc == 3);
	check("16-byte aligned", ((u32)stack & 15) == 0);
	check("envp behind argv", envp == argv + argc + 1 && argv[argc] == 0);
	print("%s %s\n", argv[1], argv[2]);
	int found = 0;
	for (; *envp; envp++) found += same(*envp, "GUEST_WORD=a word");
	say("the variable", found);
	for (u32 *aux = (u32 *)envp + 1; *aux; aux += 2)
		if (*aux < 64) {
			values[*aux] = aux[1];
			seen |= 1ull << *aux;
		}
	static const struct { u8 number; const char *name; } wanted[] = { { 3, "AT_PHDR" }, { 4, "AT_PHENT" }, { 5, "AT_PHNUM" }, { 6, "AT_PAGESZ" }, { 7, "AT_BASE" },
		{ 8, "AT_FLAGS" }, { 9, "AT_ENTRY" }, { 11, "AT_UID" }, { 12, "AT_EUID" }, { 13, "AT_GID" }, { 14, "AT_EGID" }, { 15, "AT_PLATFORM" }, { 16, "AT_HWCAP" },
		{ 17, "AT_CLKTCK" }, { 23, "AT_SECURE" }, { 25, "AT_RANDOM" }, { 31, "AT_EXECFN" }, { 32, "AT_SYSINFO" }, { 33, "AT_SYSINFO_EHDR" } };
	for (u32 i = 0; i < sizeof wanted / sizeof *wanted; i++) check(wanted[i].name, seen >> wanted[i].number & 1);
	print("page %u clock %u base %u flags %u secure %u\n", values[6], values[17], values[7], values[8], values[23]);
	check("AT_PHDR", values[3] == (u32)__ehdr_start + *(u32 *)(__ehdr_start + 28) && values[4] == 32 && values[5] == *(u16 *)(__ehdr_start + 44));
	check("AT_ENTRY", values[9] == (u32)_start);
	check("ids", values[11] == (u32)sys(NR_getuid32) && values[12] == (u32)sys(NR_geteuid32) && values[13] == (u32)sys(NR_getgid32) && values[14] == (u32)sys(NR_getegid32));
	check("AT_EXECFN is argv[0]", same((char *)values[31], argv[0]));
	check("platform", same((char *)values[15], "i686") || same((char *)values[15], "x86_64"));
	check("AT_HWCAP has the FPU, TSC, CX8 and CMOV", (values[16] & 0x8111) == 0x8111);
	check("16 random bytes above the stack pointer", values[25] > (u32)stack);
	check("argv strings in order", argv[1] == argv[0] + strlen(argv[0]) + 1 && argv[2] == argv[1] + 6);
	check("the name is the last string", values[31] > (u32)argv[2]);
	return 0;
}
