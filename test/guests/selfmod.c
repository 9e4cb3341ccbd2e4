/* Self-modifying code: patches an immediate in a loop, a routine in a writable and executable map, and the very next instruction. */
#include "guest.h"

static const u8 template[] = { 0xb8, 0, 0, 0, 0, 0xc3 }; /* mov eax, imm32; ret */

int main(void)
{
	u8 *code = map(0, 2 * PAGE, PROT_RW | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int (*run)(void) = (int (*)(void))code;
	memcpy(code, template, sizeof template);
	u32 sum = 0;
	for (u32 i = 0; i < 1000; i++) {
		*(volatile u32 *)(code + 1) = i * i;
		sum += run();
	}
	print("patched immediate: %u\n", sum);

	u8 *across = code + PAGE - 3; /* the immediate crosses into the second page */
	memcpy(across, template, sizeof template);
	for (u32 i = 0; i < 4; i++) {
		across[1 + i] = (u8)(0x11 * (i + 1));
		print("across pages: %X\n", ((int (*)(void))across)());
	}

	/* mov byte [next+1], 5 ; next: mov al, 0 ; movzx eax, al ; ret: the store changes what follows it */
	u8 *p = code + 64;
	*p++ = 0xc6; *p++ = 0x05;
	*(u32 *)p = (u32)(p + 4 + 1 + 1);
	p += 4;
	*p++ = 5;
	*p++ = 0xb0; *p++ = 0;
	*p++ = 0x0f; *p++ = 0xb6; *p++ = 0xc0; *p++ = 0xc3;
	print("next instruction: %d\n", ((int (*)(void))(code + 64))());

	check("code loses write", sys(NR_mprotect, code, PAGE, PROT_READ | PROT_EXEC) == 0);
	print("still runs: %d\n", run());
	return 0;
}
