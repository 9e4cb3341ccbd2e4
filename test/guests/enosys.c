/* Numbers that are no system calls are -ENOSYS, and every register but eax comes back. */
#include "guest.h"

static const int numbers[] = { 0x7fffffff, -1, 600, 1000, 223, 222, 17, 31, 251, 285 };

int main(void)
{
	for (u32 i = 0; i < sizeof numbers / sizeof *numbers; i++) print("%d: %d\n", numbers[i], sys(numbers[i]));
	u32 b = 0x11, c = 0x22, d = 0x33, s = 0x44, D = 0x55;
	int a = 5000;
	__asm__ volatile("stc; int $0x80; sbb $0, %%ecx" : "+a"(a), "+b"(b), "+c"(c), "+d"(d), "+S"(s), "+D"(D) : : "memory", "cc");
	print("eax %d ebx %x ecx %x (carry stayed) edx %x esi %x edi %x\n", a, b, c, d, s, D);
	return 0;
}
