/* Writing where nobody reads any more: SIGPIPE, or EPIPE where it is ignored; a sleeping writer too. */
#include "procs.h"

static int p[2];
static int dies(void) { sys(NR_close, p[0]); for (;;) sys(NR_write, p[1], "x", 1); return 0; }
static int sees(void) { sys(NR_close, p[0]); pause_ms(20); install(SIGPIPE, SIG_IGN, 0, 0); return sys(NR_write, p[1], "x", 1) == -EPIPE ? 2 : 3; }
static char big[70000];
static int sleeps(void) { sys(NR_close, p[0]); install(SIGPIPE, SIG_IGN, 0, 0); int n = sys(NR_write, p[1], big, sizeof big); return n == 65536 ? 4 : n == -EPIPE ? 5 : 6; }
int main(void)
{
	sys(NR_pipe, p);
	int pid = spawn(sleeps), held = 0;
	while (sys(54 /* ioctl */, p[0], 0x541b /* FIONREAD */, &held), held < 65536) pause_ms(5);
	pause_ms(20);
	sys(NR_close, p[0]);
	print("while it slept %x\n", reap(pid));
	sys(NR_close, p[1]);
	sys(NR_pipe, p);
	pid = spawn(dies);
	sys(NR_close, p[0]);
	print("killed %x\n", reap(pid));
	sys(NR_close, p[1]);
	sys(NR_pipe, p);
	pid = spawn(sees);
	sys(NR_close, p[0]);
	print("told %x\n", reap(pid));
	return 0;
}
