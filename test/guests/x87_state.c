/* x87 housekeeping: tag and status words, stack overflow and underflow, fnsave, frstor, fldenv, fxam, constants, ffree, fxch. */
#include "guest.h"

struct env { u32 cw, sw, tag, ip, cs_op, dp, ds; };

static void show(const char *what)
{
	struct env env;
	__asm__ volatile("fnstenv %0; fldenv %0" : "+m"(env));
	print("%s: cw %x sw %x tag %x\n", what, env.cw & 0xffff, env.sw & 0xffff, env.tag & 0xffff);
}

#define STEP(code) __asm__ volatile(code); show(code)

static void show_top(const char *what)
{
	u8 st[10];
	u16 sw;
	__asm__ volatile("fxam; fnstsw %1; fstpt %0" : "=m"(st), "=m"(sw));
	print("%s: ", what);
	for (int i = 9; i >= 0; i--) print("%x%x", st[i] >> 4, st[i] & 15);
	print(" class C3 C2 C1 C0 %d%d%d%d\n", sw >> 14 & 1, sw >> 10 & 1, sw >> 9 & 1, sw >> 8 & 1);
}

#define CONSTANT(code) __asm__ volatile(code); show_top(code)

int main(void)
{
	static struct { struct env env; u8 st[8][10]; } image;
	show("at start");
	STEP("fninit");
	STEP("fld1");
	STEP("fldz");
	STEP("fldpi; fchs");
	STEP("fxch %st(2)");
	STEP("ffree %st(1)");
	STEP("fincstp");
	STEP("fdecstp");
	__asm__ volatile("fnsave %0" : "=m"(image));
	show("after fnsave");
	print("saved tag %x sw %x, st0 exponent %x\n", image.env.tag & 0xffff, image.env.sw & 0xffff, image.st[0][9] << 8 | image.st[0][8]);
	__asm__ volatile("frstor %0" : : "m"(image));
	show("after frstor");
	STEP("fninit; fstp %st(0)");
	STEP("fnclex");
	STEP("fninit; fld1; fld1; fld1; fld1; fld1; fld1; fld1; fld1; fld1");
	STEP("fninit; fldz; fld1; fdivp; fnclex");
	STEP("fninit; fldz; fld1; fdivrp %st, %st(1)");
	STEP("fninit");
	CONSTANT("fld1");
	CONSTANT("fldz");
	CONSTANT("fldpi");
	CONSTANT("fldl2e");
	CONSTANT("fldl2t");
	CONSTANT("fldlg2");
	CONSTANT("fldln2");
	CONSTANT("fld1; fchs; fsqrt");
	CONSTANT("fldz; fchs");
	CONSTANT("fldz; fld1; fdivp");
	CONSTANT("fldz; fld1; fdivrp");
	u16 cw = 0x0c7f; /* truncate, 24 bits */
	__asm__ volatile("fninit; fldcw %0; fldpi; fld1; fdivrp" : : "m"(cw));
	show_top("pi/1 in 24 bits");
	__asm__ volatile("fldl2e; frndint");
	show_top("frndint truncating");
	__asm__ volatile("fninit; fld1; fldpi; fscale; fstp %st(1)");
	show_top("fscale");
	__asm__ volatile("fninit; fldpi; fxtract; fxch; fstp %st(0)");
	show_top("fxtract");
	__asm__ volatile("fninit; fld1; fldpi; fprem; fstp %st(1)");
	show_top("fprem");
	__asm__ volatile("fninit; fldl2e; fldpi; fcomi; fcmovb %st(1), %st; fstp %st(1)");
	show_top("fcmovb");
	static u8 bcd[10];
	int n = -1234567;
	__asm__ volatile("fninit; fildl %1; fbstp %0" : "=m"(bcd) : "m"(n));
	print("fbstp ");
	for (int i = 9; i >= 0; i--) print("%x%x", bcd[i] >> 4, bcd[i] & 15);
	print("\n");
	return 0;
}
