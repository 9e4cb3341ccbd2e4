/* Bit instructions and friends: bt family in memory, bsf, bsr, rotates through carry, setcc, cmpxchg, cmpxchg8b, xadd, bswap, xlat, BCD. */
#include "guest.h"

static u32 field[8];
#define KEEP "cc", "memory"
#define CARRY(code, ...) ({ u8 c; __asm__ volatile(code "; setc %0" : "=q"(c) : __VA_ARGS__ : KEEP); c; })

/* Carry and auxiliary carry as given before; what is left of the flags is what the instruction defines. */
#define DECIMAL(name, text, defined)                                                                                                     \
	static u32 name(u32 eax, u32 before)                                                                                             \
	{                                                                                                                                \
		u32 after;                                                                                                               \
		__asm__("push %2; popf; " text "; pushf; pop %1" : "+a"(eax), "=r"(after) : "r"(before) : "cc");                        \
		return eax ^ (after & defined) << 16;                                                                                    \
	}
DECIMAL(daa, "daa", 0xd5)
DECIMAL(das, "das", 0xd5)
DECIMAL(aaa, "aaa", 0x11)
DECIMAL(aas, "aas", 0x11)
DECIMAL(aam, "aam", 0xc4)
DECIMAL(aad, "aad", 0xc4)

static void decimal(const char *what, u32 (*run)(u32, u32), u32 step)
{
	u32 hash = 0;
	for (u32 x = 0; x < 65536; x += step) hash = hash * 31 + run(x, 2 | (x & 1) | (x >> 3 & 0x10));
	print("%s %X\n", what, hash);
}

int main(void)
{
	say("bts", CARRY("bts %1, %2", "r"(70), "m"(field[0])));
	say("bts again", CARRY("bts %1, %2", "r"(70), "m"(field[0])));
	say("bts below", CARRY("bts %1, %2", "r"(-3), "m"(field[4])));
	print("fields %x %x\n", field[2], field[3]);
	say("btr", CARRY("btr %1, %2", "r"(70), "m"(field[0])));
	say("btc", CARRY("btc %1, %2", "r"(5), "m"(field[0])));
	say("bt", CARRY("btl $5, %1", "m"(field[0])));
	say("btsw with an immediate takes its low bits", CARRY("btsw $21, %1", "m"(field[1])));
	print("fields %x %x %x\n", field[0], field[1], field[2]);
	u32 found;
	for (u32 x = 1; x; x *= 37u * 4) {
		__asm__("bsf %1, %0" : "=r"(found) : "r"(x) : "cc");
		print("%X: bsf %u", x, found);
		__asm__("bsr %1, %0" : "=r"(found) : "r"(x) : "cc");
		print(" bsr %u\n", found);
	}
	u32 r = 0x80000001;
	for (u32 n = 0; n < 40; n += 13) {
		u8 c;
		__asm__("stc; rcl %%cl, %0; setc %1" : "+r"(r), "=q"(c) : "c"(n) : "cc");
		print("rcl %u: %X %d", n, r, c);
		__asm__("clc; rcr %%cl, %w0; setc %1" : "+r"(r), "=q"(c) : "c"(n) : "cc");
		print(" rcr16 %X %d", r, c);
		__asm__("ror %%cl, %b0" : "+q"(r) : "c"(n) : "cc");
		print(" ror8 %X\n", r);
	}
	u64 eight = 0x1111111122222222ull;
	u32 a = 0x22222222, d = 0x11111111;
	u8 equal;
	for (int i = 0; i < 2; i++) {
		__asm__ volatile("lock cmpxchg8b %0; setz %3" : "+m"(eight), "+a"(a), "+d"(d), "=q"(equal) : "b"(5), "c"(6) : KEEP);
		print("cmpxchg8b %d: %Q edx:eax %X:%X\n", equal, eight, d, a);
		d ^= i == 0 ? 0xff : 0;
		eight ^= 1;
	}
	u32 memory = 10, reg = 3;
	__asm__ volatile("lock xaddl %1, %0" : "+m"(memory), "+r"(reg) : : KEEP);
	print("xadd %u %u\n", memory, reg);
	__asm__ volatile("mov $13, %%eax; cmpxchg %2, %0; setz %1" : "+m"(memory), "=q"(equal) : "r"(99) : "eax", KEEP);
	print("cmpxchg %u %d\n", memory, equal);
	__asm__("bswap %0" : "+r"(memory));
	print("bswap %X\n", memory);
	static const u8 table[] = "abcdefgh";
	u32 al = 0x7703;
	__asm__("xlat" : "+a"(al) : "b"(table), "m"(table));
	print("xlat %x\n", al);
	decimal("daa", daa, 77);
	decimal("das", das, 77);
	decimal("aaa", aaa, 77);
	decimal("aas", aas, 77);
	decimal("aam", aam, 55);
	decimal("aad", aad, 55);
	__asm__("stc; mov $0, %%ah; sahf; lahf; cmc; .byte 0xd6" : "=a"(a) : "0"(0));
	print("sahf lahf cmc salc %x\n", a & 0xffff);
	return 0;
}
