/* Unmasked SSE exceptions: SIGFPE at the instruction, which has not happened, with its code and MXCSR in the frame; #GP for misaligned operands and reserved bits; then dies of one. */
#include "guest.h"

static jump_buf out;
static u32 one[4] __attribute__((aligned(16))) = { 0x3f800000, 0x3f800000, 0x3f800000, 0x3f800000 };
static u32 mixed[4] __attribute__((aligned(16))) = { 0x3f800000, 0, 0x7f800001, 1 };
static u32 big[4] __attribute__((aligned(16))) = { 0x7f7fffff, 0x7f7fffff, 0, 0 };
static u32 small[4] __attribute__((aligned(16))) = { 0x00800000, 0, 0, 0 };
static u32 three[4] __attribute__((aligned(16))) = { 0x40400000, 0x40400000, 0x40400000, 0x40400000 };
static u32 after[4] __attribute__((aligned(16)));

static void on_fpe(int signal, struct siginfo *info, struct context *context)
{
	u32 *fx = (u32 *)((u8 *)context->fpu + 112);
	print("signal %d code %d trapno %d err %d, at the instruction %d, saved mxcsr %x, xmm1 %X %X %X %X\n", signal, info->code,
		context->trapno, context->err, info->address == context->eip, fx[6], fx[47], fx[46], fx[45], fx[44]);
	jump(out, 1);
}

static void with(const char *what, u32 mask, void (*run)(void))
{
	print("%s: ", what);
	u32 mxcsr = 0x1f80 & ~(mask << 7);
	if (!set_jump(out)) {
		__asm__ volatile("ldmxcsr %0; movaps %1, %%xmm1" : : "m"(mxcsr), "m"(one[0]));
		run();
		__asm__ volatile("stmxcsr %0; movaps %%xmm1, %1" : "=m"(mxcsr), "=m"(after[0]));
		print("no signal, mxcsr %x, xmm1 %X %X %X %X\n", mxcsr, after[3], after[2], after[1], after[0]);
	}
}

static void add(void) { __asm__ volatile("addps %0, %%xmm1" : : "m"(mixed[0])); }
static void divide(void) { __asm__ volatile("divps %0, %%xmm1" : : "m"(mixed[0])); }
static void overflow(void) { __asm__ volatile("mulps %0, %%xmm1; addps %0, %%xmm1" : : "m"(big[0])); }
static void underflow(void) { __asm__ volatile("movaps %0, %%xmm1; mulss %0, %%xmm1" : : "m"(small[0])); }
static void exact(void) { __asm__ volatile("movaps %0, %%xmm1; divss %1, %%xmm1" : : "m"(small[0]), "m"(*(u32[1]){ 0x40000000 })); }
static void inexact(void) { __asm__ volatile("divps %0, %%xmm1" : : "m"(three[0])); }
static void compare(void) { __asm__ volatile("cmpltps %0, %%xmm1" : : "m"(mixed[0])); }
static void convert(void) { __asm__ volatile("movaps %0, %%xmm1; cvttps2dq %%xmm1, %%xmm1" : : "m"(big[0])); }
static void to_mmx(void) { __asm__ volatile("cvtps2pi %0, %%mm0; movq2dq %%mm0, %%xmm1; emms" : : "m"(three[0])); }

static void misaligned(void) { __asm__ volatile("movaps %0, %%xmm1" : : "m"(((u8 *)one)[4])); }
static void unaligned(void) { __asm__ volatile("movups %0, %%xmm1" : : "m"(((u8 *)one)[4])); }
static void reserved(void) { u32 bad = 0x40001f80; __asm__ volatile("ldmxcsr %0" : : "m"(bad)); }

int main(void)
{
	install(SIGFPE, on_fpe, SA_SIGINFO | SA_NODEFER, 0);
	with("all masked", 0, add);
	with("invalid", 1, add);
	with("denormal", 2, add);
	with("zero divide", 4, divide);
	with("overflow", 8, overflow);
	with("underflow", 16, underflow);
	with("underflow, exact", 16, exact);
	with("underflow, exact, masked", 0, exact);
	with("inexact", 32, inexact);
	with("compare", 1, compare);
	with("compare, masked", 0, compare);
	with("convert", 1, convert);
	with("convert, masked", 0, convert);
	with("to MMX", 0, to_mmx);
	void (*const faults[])(void) = { misaligned, unaligned, reserved };
	for (u32 i = 0; i < 3; i++) {
		int signal = try(faults[i]);
		print("memory %d: signal %d", i, signal);
		if (signal) print(" code %d trapno %d err %d", fault.code, fault.trapno, fault.err);
		print("\n");
	}
	install(SIGFPE, SIG_DFL, 0, 0);
	flush();
	with("the end", 4, divide);
	return 0;
}
