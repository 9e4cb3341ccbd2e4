/* Blocked signals are read from a signalfd: lowest first, with who sent them; a child's end wakes the reader. */
#include "polling.h"

struct ssi { u32 signo; int error, code; u32 pid, uid; int fd; u32 tid, band, overrun, trapno; int status, value; u8 rest[80]; };
static int child(void)
{
	pause_ms(5);
	return 3;
}
int main(void)
{
	struct ssi got[3];
	u64 mask = BIT(SIGUSR1) | BIT(SIGUSR2) | BIT(SIGCHLD);
	set_mask(SIG_BLOCK, mask);
	int fd = sys(NR_signalfd4, -1, &mask, 8, O_NONBLOCK);
	say("nothing", sys(NR_read, fd, got, sizeof got));
	say("too small", sys(NR_read, fd, got, 100));
	raise(SIGUSR2);
	raise(SIGUSR1);
	struct pollfd p = { fd, POLLIN, 0 };
	say("poll", sys(NR_poll, &p, 1, 0));
	int n = sys(NR_read, fd, got, sizeof got);
	say("bytes", n);
	for (int i = 0; i < n / (int)sizeof *got; i++) print("%d code %d self %d\n", got[i].signo, got[i].code, got[i].pid == (u32)sys(NR_getpid));
	mask = BIT(SIGCHLD);
	say("another set", sys(NR_signalfd4, fd, &mask, 8, 0) == fd);
	raise(SIGUSR1);
	say("not in it", sys(NR_read, fd, got, sizeof got));
	int pid = spawn(child);
	p.revents = 0;
	say("poll", sys(NR_poll, &p, 1, 1000));
	say("bytes", sys(NR_read, fd, got, sizeof got));
	print("%d code %d child %d status %d\n", got[0].signo, got[0].code, (int)got[0].pid == pid, got[0].status);
	say("reaped", reap(pid));
	int wait = sys(NR_signalfd4, -1, &mask, 8, 0);
	pid = spawn(child);
	say("waited", sys(NR_read, wait, got, sizeof *got));
	say("reaped", reap(pid));
	say("bad size", sys(NR_signalfd4, -1, &mask, 4, 0));
	say("bad flags", sys(NR_signalfd4, -1, &mask, 8, 1));
	say("not one", sys(NR_signalfd4, 1, &mask, 8, 0));
	return 0;
}
