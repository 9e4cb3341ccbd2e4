/* A long run that lives in XMM registers and MXCSR alone, with calls in between: what is lost on the way shows at its end. */
#include "guest.h"

static u32 start[8][4] __attribute__((aligned(16))) = {
	{ 1, 2, 3, 4 }, { 0x9e3779b9, 0x85ebca6b, 0xc2b2ae35, 0x27d4eb2f }, { 12345, 0, 67890, 0 }, { 0x01234567, 0x89abcdef, 0xfedcba98, 0x76543210 },
	{ 0x3dcccccd, 0x3e4ccccd, 0x3e99999a, 0x3ecccccd }, /* 0.1 … 0.4 as singles */
	{ 0x9999999a, 0x3fb99999, 0x9999999a, 0x3fc99999 }, /* 0.1, 0.2 as doubles */
	{ 0, 0x3ff00000, 0, 0x40000000 }, { 0x3f800000, 0x3f800000, 0x3f800000, 0x3f800000 },
};
static u32 end[8][4] __attribute__((aligned(16)));

int main(void)
{
	u32 mxcsr = 0x5f80; /* upwards */
	__asm__ volatile("ldmxcsr %0; movdqa 0(%1), %%xmm0; movdqa 16(%1), %%xmm1; movdqa 32(%1), %%xmm2; movdqa 48(%1), %%xmm3\n"
		"movdqa 64(%1), %%xmm4; movdqa 80(%1), %%xmm5; movdqa 96(%1), %%xmm6; movdqa 112(%1), %%xmm7"
		: : "m"(mxcsr), "r"(start));
	for (int round = 0; round < 40; round++) {
		for (int i = 0; i < 2000; i++)
			__asm__ volatile("paddd %xmm1, %xmm0; pmuludq %xmm0, %xmm2; paddq %xmm1, %xmm2; pxor %xmm2, %xmm3; pshufd $0x39, %xmm3, %xmm3; psubw %xmm3, %xmm1\n"
				"mulps %xmm4, %xmm7; addps %xmm4, %xmm7; addpd %xmm5, %xmm6; sqrtpd %xmm6, %xmm6");
		sys(NR_getppid); /* a place to freeze */
	}
	__asm__ volatile("stmxcsr %0; movdqa %%xmm0, 0(%1); movdqa %%xmm1, 16(%1); movdqa %%xmm2, 32(%1); movdqa %%xmm3, 48(%1)\n"
		"movdqa %%xmm4, 64(%1); movdqa %%xmm5, 80(%1); movdqa %%xmm6, 96(%1); movdqa %%xmm7, 112(%1)"
		: "=m"(mxcsr) : "r"(end) : "memory");
	print("mxcsr %x\n", mxcsr);
	for (int i = 0; i < 8; i++) print("xmm%d %X %X %X %X\n", i, end[i][3], end[i][2], end[i][1], end[i][0]);
	return 0;
}
