/* Addressing: every base, index and scale, 16-bit addresses, segment registers on the stack, push and pop forms, enter and leave, far returns. */
#include "guest.h"

u32 table[64];
u32 result, saved;

int main(void)
{
	for (u32 i = 0; i < 64; i++) table[i] = i * 0x01010101;
	for (u32 scale = 0; scale < 4; scale++) {
		u32 base = (u32)table, index = 6, value;
		switch (scale) {
		case 0: __asm__("movl 8(%1,%2,1), %0" : "=r"(value) : "r"(base), "r"(index * 4)); break;
		case 1: __asm__("movl -4(%1,%2,2), %0" : "=r"(value) : "r"(base), "r"(index)); break;
		case 2: __asm__("movl table(,%1,4), %0" : "=r"(value) : "r"(index)); (void)base; break;
		default: __asm__("movl 0(%1,%2,8), %0" : "=r"(value) : "r"(base), "r"(index));
		}
		print("scale %u: %X\n", 1 << scale, value);
	}
	u32 a, b, c;
	__asm__("lea -7(%3,%3,8), %0; lea 0x10000(,%3,2), %1; lea (%3,%3,1), %2" : "=&r"(a), "=&r"(b), "=&r"(c) : "r"(0x12345));
	print("lea %x %x %x\n", a, b, c);
	__asm__("push %%ebx; push %%ebp; mov $0xf0010, %%ebx; mov $0xfff8, %%esi; mov $0x20, %%ebp; addr16 lea (%%bx,%%si), %0; addr16 lea 0x7f(%%bp,%%di), %1; mov %0, %%eax; pop %%ebp; pop %%ebx"
		: "=&c"(a), "=&d"(b) : "D"(0x11110001) : "esi", "eax");
	print("16-bit lea %x %x\n", a, b);

	/* a page in the first 64 KiB cannot be mapped without rights, so 16-bit addresses go through fs with a base */
	struct { u32 entry, base, limit, flags; } desc = { 1, (u32)table, 255, 1 };
	sys(NR_modify_ldt, 1, &desc, sizeof desc);
	__asm__ volatile("mov $0xf, %%eax; mov %%ax, %%fs; mov $0x99990008, %%ebx; mov $0x88880004, %%esi\n addr16 movl %%fs:8(%%bx,%%si), %0\n xor %%eax, %%eax; mov %%ax, %%fs"
		: "=&d"(a) : : "eax", "ebx", "esi");
	print("16-bit load %X\n", a);

	__asm__ volatile("mov %%esp, saved; pushl $0x11223344; pushw $0x5566; pushl $-3; pushw %%ds; push %%es; mov %%esp, %%eax; sub saved, %%eax; neg %%eax; mov saved, %%esp"
		: "=a"(a) : : "memory");
	print("pushed %u bytes\n", a);
	__asm__ volatile("mov %%esp, saved; push $1; push $2; push $3; pop (%%esp); popl result; pop %%eax; mov saved, %%ecx; sub %%esp, %%ecx; mov saved, %%esp"
		: "=a"(a), "=c"(b) : : "memory");
	print("pop to (esp): %u, popl %u, pop %u, %u left\n", 3, result, a, b);
	__asm__ volatile("push %%esp; pop %%eax; sub %%esp, %%eax" : "=a"(a) : : "memory");
	print("push esp pushes the old one: %d\n", a);
	__asm__ volatile("push %%ebp; mov %%esp, %%eax; enter $24, $2; mov %%esp, %%edx; mov %%eax, %%ecx; sub %%edx, %%ecx; leave; sub %%esp, %%eax; pop %%ebp"
		: "=a"(a), "=c"(b) : : "edx", "memory");
	print("enter 24, 2 took %u, left %d\n", b, a);
	__asm__ volatile("mov $1, %%eax; mov $2, %%ecx; pusha; mov $9, %%ecx; mov %%ecx, 28(%%esp); popa" : "=a"(a), "=c"(b) : : "edx", "memory");
	print("pusha popa %u %u\n", a, b);
	__asm__ volatile("push %%cs; push $1f; lret\n ud2\n 1: mov $5, %0" : "=r"(a) : : "memory");
	print("far return %u\n", a);
	__asm__ volatile("pushf; push %%cs; push $1f; iret\n ud2\n 1: mov $6, %0" : "=r"(b) : : "memory", "cc");
	print("iret %u\n", b);
	__asm__ volatile("push $4; push $5; push $6; call 1f; jmp 2f\n 1: ret $8\n 2: pop %0" : "=r"(a) : : "memory");
	print("ret 8 leaves %u\n", a);
	__asm__ volatile("mov $0x12345678, %%eax; mov %%al, %%ah; xchg %%ah, %%cl; movsx %%ax, %%edx; cwtl" : "=a"(a), "=d"(b) : "c"(0x80));
	print("partial registers %X %X\n", a, b);
	return 0;
}
