/* mmap2 of anonymous memory: private and shared, fixed, hints, errors, big and sparse. */
#include "guest.h"

int main(void)
{
	u8 *p = map(0, 5 * PAGE, PROT_RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	u8 *s = map(0, 2 * PAGE, PROT_RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	check("private", !is_error(p) && ((u32)p & (PAGE - 1)) == 0);
	check("shared", !is_error(s) && s != p);
	u32 sum = 0;
	for (u32 i = 0; i < 5 * PAGE; i++) sum += p[i];
	check("zeroed", sum == 0);
	for (u32 i = 0; i < 5 * PAGE; i += 64) p[i] = (u8)(i >> 6);
	*(u32 *)(p + PAGE - 2) = 0x44332211; /* crosses a page */
	print("across pages %x %x %x %x\n", p[PAGE - 2], p[PAGE - 1], p[PAGE], p[PAGE + 1]);
	s[0] = 9;
	s[2 * PAGE - 1] = 8;
	check("shared holds", s[0] + s[2 * PAGE - 1] == 17);

	u8 *f = map(p + PAGE, 2 * PAGE, PROT_RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	check("fixed replaces", f == p + PAGE && f[64] == 0 && p[3 * PAGE + 64] != 0);
	u8 *hint = map(p + PAGE, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	check("a taken hint is not used", !is_error(hint) && (hint < p || hint >= p + 5 * PAGE));
	u8 *high = (u8 *)0x30000000;
	check("a free hint is used", map(high + 5, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == high);

	print("length 0: %d\n", (int)map(0, 0, PROT_RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	print("neither shared nor private: %d\n", (int)map(0, PAGE, PROT_RW, MAP_ANONYMOUS, -1, 0));
	print("fixed, unaligned: %d\n", (int)map(high + 5, PAGE, PROT_RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
	print("no descriptor: %d\n", (int)map(0, PAGE, PROT_RW, MAP_PRIVATE, -1, 0));
	print("length that wraps: %d\n", (int)map(0, 0xfffff001u, PROT_RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));

	u8 *big = map(0, 256 << 20, PROT_RW, MAP_PRIVATE | MAP_ANONYMOUS | 0x4000, -1, 0); /* MAP_NORESERVE */
	check("256 MiB", !is_error(big));
	for (u32 i = 0; i < 256; i++) big[i << 20] = (u8)i;
	for (u32 i = sum = 0; i < 256; i++) sum += big[i << 20] + big[(i << 20) + 1];
	print("sparse sum %u\n", sum);
	print("munmap %d\n", sys(NR_munmap, big, 256 << 20));
	return 0;
}
