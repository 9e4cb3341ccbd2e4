/* Two processes take turns through two pipes. */
#include "procs.h"

static int to[2], from[2];
static int echo(void)
{
	sys(NR_close, to[1]);
	int n;
	while (sys(NR_read, to[0], &n, 4) == 4) {
		n++;
		sys(NR_write, from[1], &n, 4);
	}
	return 0;
}
int main(void)
{
	sys(NR_pipe, to);
	sys(NR_pipe, from);
	int pid = spawn(echo), n = 0;
	for (int i = 0; i < 500; i++) {
		sys(NR_write, to[1], &n, 4);
		sys(NR_read, from[0], &n, 4);
	}
	sys(NR_close, to[1]);
	say("turns", n);
	say("status", reap(pid));
	return 0;
}
