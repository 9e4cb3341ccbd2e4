/* Signals and the x87: a handler starts with its stack empty, may use it, and sigreturn gives the interrupted state back. */
#include "guest.h"

static void show(const char *what)
{
	u16 cw, sw;
	__asm__ volatile("fnstcw %0; fnstsw %1" : "=m"(cw), "=m"(sw));
	print("%s: cw %x sw %x\n", what, cw, sw);
}

static void on_signal(int signal, struct siginfo *info, struct context *context)
{
	(void)info;
	struct fpregs *fpu = context->fpu;
	show("in the handler");
	print("%d: saved cw %x sw %x tag %x, st0 ", signal, fpu->cw & 0xffff, fpu->sw & 0xffff, fpu->tag & 0xffff);
	for (int i = 9; i >= 0; i--) print("%x%x", fpu->st[0][i] >> 4, fpu->st[0][i] & 15);
	print("\n");
	__asm__ volatile("fninit; fldpi; fld1; faddp; fstp %st(0)"); /* destroys all of it */
	if (signal == SIGUSR2) fpu->st[1][9] ^= 0x80; /* sign of st1: sigreturn loads it */
}

static void run(int signal)
{
	u8 st[3][10];
	u16 cw = 0x0e7f; /* round up, 53 bits */
	int pid = sys(NR_getpid), result;
	__asm__ volatile("fninit; fldcw %[cw]; fldl2e; fldpi; fld1\n int $0x80\n fstpt %[a]; fstpt %[b]; fstpt %[c]"
		: "=a"(result), [a] "=m"(st[0]), [b] "=m"(st[1]), [c] "=m"(st[2])
		: [cw] "m"(cw), "a"(NR_kill), "b"(pid), "c"(signal) : "memory");
	show("after");
	for (int k = 0; k < 3; k++) {
		for (int i = 9; i >= 0; i--) print("%x%x", st[k][i] >> 4, st[k][i] & 15);
		print(k == 2 ? "\n" : " ");
	}
	__asm__ volatile("fninit");
}

int main(void)
{
	install(SIGUSR1, on_signal, SA_SIGINFO, 0);
	install(SIGUSR2, on_signal, SA_SIGINFO, 0);
	show("at start");
	run(SIGUSR1);
	run(SIGUSR2);
	return 0;
}
