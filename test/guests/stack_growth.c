/* The stack grows by page faults: deep recursion, a big frame touched at its far end, pages in between stay zero; the limit ends it. */
#include "guest.h"

static u32 __attribute__((noinline)) deep(u32 n)
{
	volatile u8 frame[1000];
	frame[0] = (u8)n;
	frame[999] = 1;
	return n ? deep(n - 1) + frame[0] + frame[999] : 0;
}

static void __attribute__((noinline)) leap(u32 distance)
{
	u8 *here = __builtin_frame_address(0);
	volatile u8 *far = here - distance;
	*far = 1;
	print("leap of %u: %d, in between %d\n", distance, *far, far[PAGE]);
}

static u32 level;
static u8 other[32768];
static u32 __attribute__((noinline)) endless(u32 n)
{
	volatile u8 frame[4000];
	frame[1] = (u8)n;
	level = n;
	return n == ~0u ? 0 : endless(n + 1) + frame[1];
}

static void overflow(void) { endless(0); }

static void on_overflow(int signal, struct siginfo *info, struct context *context)
{
	check("the fault is near esp", context->esp - info->address < 2 * PAGE || info->address - context->esp < 2 * PAGE);
	check("after most of 8 MiB", level > 1900 && level < 2150);
	print("signal %d code %d trapno %d err %x, handler on the other stack\n", signal, info->code, context->trapno, context->err);
	finish(0);
}

int main(void)
{
	u32 limit[2] = { 8 << 20, 8 << 20 };
	sys(NR_setrlimit, 3, limit);
	print("deep %u\n", deep(3000));
	leap(64 * 1024);
	leap(4 << 20);
	struct altstack stack = { other, 0, sizeof other };
	say("sigaltstack", sys(NR_sigaltstack, &stack, 0));
	install(SIGSEGV, on_overflow, SA_SIGINFO | SA_ONSTACK, 0);
	overflow();
	return 1;
}
