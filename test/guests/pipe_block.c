/* A reader sleeps until bytes come, and sees the end when the last writer is gone. */
#include "procs.h"

static int p[2];
static int writer(void)
{
	sys(NR_close, p[0]);
	for (int i = 0; i < 3; i++) {
		pause_ms(3);
		sys(NR_write, p[1], "piece", 5);
	}
	return 0;
}
int main(void)
{
	sys(NR_pipe, p);
	int pid = spawn(writer);
	sys(NR_close, p[1]);
	char text[16];
	int n, total = 0;
	while ((n = sys(NR_read, p[0], text, sizeof text)) > 0) total += n;
	say("bytes", total);
	say("end", n);
	say("status", reap(pid));
	return 0;
}
