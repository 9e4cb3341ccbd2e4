/* Signals and SSE: a handler starts with MXCSR 1f80 and clear registers, may use them; the frame has the interrupted ones, sigreturn loads it. */
#include "guest.h"

static u32 xmm[8][4] __attribute__((aligned(16)));
static u32 mxcsr;

static void save(void)
{
	__asm__ volatile("movdqa %%xmm0, 0(%0); movdqa %%xmm1, 16(%0); movdqa %%xmm2, 32(%0); movdqa %%xmm3, 48(%0)\n"
		"movdqa %%xmm4, 64(%0); movdqa %%xmm5, 80(%0); movdqa %%xmm6, 96(%0); movdqa %%xmm7, 112(%0); stmxcsr %1"
		: : "r"(xmm), "m"(mxcsr) : "memory");
}

static void load(void)
{
	__asm__ volatile("movdqa 0(%0), %%xmm0; movdqa 16(%0), %%xmm1; movdqa 32(%0), %%xmm2; movdqa 48(%0), %%xmm3\n"
		"movdqa 64(%0), %%xmm4; movdqa 80(%0), %%xmm5; movdqa 96(%0), %%xmm6; movdqa 112(%0), %%xmm7; ldmxcsr %1"
		: : "r"(xmm), "m"(mxcsr) : "memory");
}

static void show(const char *what)
{
	print("%s: mxcsr %x\n", what, mxcsr);
	for (int i = 0; i < 8; i++) print("  xmm%d %X %X %X %X\n", i, xmm[i][3], xmm[i][2], xmm[i][1], xmm[i][0]);
}

/* the FXSAVE image behind the old state: MXCSR at 24, xmm0 at 160 */
static u32 *image(struct context *context) { return (u32 *)((u8 *)context->fpu + 112); }

static void on_signal(int signal, struct siginfo *info, struct context *context)
{
	(void)info;
	save();
	show("in the handler");
	u32 *fx = image(context);
	print("%d: saved mxcsr %x, xmm0 %X %X, xmm7 %X %X\n", signal, fx[6], fx[41], fx[40], fx[69], fx[68]);
	memset(xmm, 0xee, sizeof xmm);
	mxcsr = 0x7f80;
	load();
	if (signal == SIGUSR2) {
		fx[40 + 4 * 3] ^= 0xffffffff; /* xmm3 */
		fx[6] ^= 0x2000;
	}
}

static void run(int signal)
{
	for (u32 i = 0; i < 32; i++) xmm[i / 4][i % 4] = (i + 1) * 0x01030507;
	mxcsr = 0x5fa1; /* up, with IE and PE */
	load();
	int pid = sys(NR_getpid), result;
	__asm__ volatile("int $0x80" : "=a"(result) : "a"(NR_kill), "b"(pid), "c"(signal) : "memory");
	save();
	show("after");
}

int main(void)
{
	install(SIGUSR1, on_signal, SA_SIGINFO, 0);
	install(SIGUSR2, on_signal, SA_SIGINFO, 0);
	save();
	show("at start");
	run(SIGUSR1);
	run(SIGUSR2);
	return 0;
}
