/* Unmasked x87 exceptions: pending until the next waiting instruction, SIGFPE with its code, saved status in the frame; then dies of one. */
#include "guest.h"

static jump_buf out;

static void on_fpe(int signal, struct siginfo *info, struct context *context)
{
	print("signal %d code %d trapno %d err %d saved cw %x sw %x\n", signal, info->code, context->trapno, context->err, context->fpu->cw & 0xffff, context->fpu->sw & 0xffff);
	jump(out, 1);
}

static void with(const char *what, u16 mask, void (*run)(void))
{
	print("%s: ", what);
	u16 cw = 0x37f & ~mask;
	if (!set_jump(out)) {
		__asm__ volatile("fninit; fldcw %0" : : "m"(cw));
		run();
		print("no signal\n");
	}
	__asm__ volatile("fninit");
}

static int passed;
static u16 status;
static void invalid(void) { __asm__ volatile("fldz; fchs; fld1; fchs; fsqrt; fwait"); }
static void stack(void) { __asm__ volatile("fstp %st(0); fwait"); }
static void zero(void) { __asm__ volatile("fld1; fldz; fdivrp %st, %st(1); fwait"); }
static void zero_masked(void) { __asm__ volatile("fldz; fld1; fdivp; fwait"); }
static void late(void)
{
	__asm__ volatile("fld1; fldz; fdivrp %%st, %%st(1); nop; nop; fnstsw %0; incl %1; fnclex; fwait" : "=m"(status), "+m"(passed));
	print("status %x, cleared in time: ", status);
}
static void pending(void)
{
	__asm__ volatile("fld1; fldz; fdivrp %%st, %%st(1); incl %0; fld1; incl %0" : "+m"(passed));
}
static void inexact(void) { __asm__ volatile("fldpi; fld1; fld1; faddp; fsqrt; fwait"); }
static void overflow(void) { static float f; static const u8 big[10] = { 0, 0, 0, 0, 0, 0, 0, 0x80, 0xfe, 0x7f }; __asm__ volatile("fldt %1; fstps %0; fwait" : "=m"(f) : "m"(big)); }
static void underflow(void) { static float f; static const u8 small[10] = { 1, 0, 0, 0, 0, 0, 0, 0x80, 1, 0x20 }; __asm__ volatile("fldt %1; fstps %0; fwait" : "=m"(f) : "m"(small)); }
static void denormal(void) { static const u32 tiny = 1; __asm__ volatile("flds %0; fwait" : : "m"(tiny)); }

int main(void)
{
	install(SIGFPE, on_fpe, SA_SIGINFO | SA_NODEFER, 0);
	with("invalid", 1, invalid);
	with("invalid, masked", 0, invalid);
	with("stack underflow", 1, stack);
	with("denormal", 2, denormal);
	with("zero divide", 4, zero);
	with("zero divide, masked", 0, zero_masked);
	with("overflow", 8, overflow);
	with("underflow", 16, underflow);
	with("inexact", 32, inexact);
	with("non-waiting instructions pass", 4, late);
	passed = 0;
	with("the next one waits", 4, pending);
	say("integer instructions in between ran", passed);
	install(SIGFPE, SIG_DFL, 0, 0);
	with("nobody catches", 4, zero);
	return 0;
}
