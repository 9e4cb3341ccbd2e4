/* Raw mode: VMIN and VTIME, bytes as they come, full buffers, flow of big writes. */
#include "pty.h"

static int child_types(int m, const char *text, int ms)
{
	int pid = sys(NR_fork);
	if (pid != 0) return pid;
	for (; *text; text++) {
		rest(ms);
		sys(NR_write, m, text, 1);
	}
	sys(NR_exit, 0);
	return 0;
}
static u32 since(struct timespec from)
{
	struct timespec now;
	sys(NR_clock_gettime, 1, &now);
	return (now.sec - from.sec) * 1000 + (now.nsec - from.nsec) / 1000000;
}
int main(void)
{
	int m = open_master(0), s = open_slave(0);
	char buf[64];
	struct timespec from;
	settings(s, ICRNL | IXON, 0, OPOST, 0, ICANON | ECHO | ISIG | IEXTEN, 0);
	type(m, "\003\004\r\n\021\023\177");
	show("as it comes", s);
	type(s, "out\n\t\r");
	show("as it goes", m);
	control(s, VMIN, 0);
	say("nothing, at once", sys(NR_read, s, buf, 64));
	sys(NR_fcntl, s, 4, O_NONBLOCK);
	say("the same without blocking", sys(NR_read, s, buf, 64));
	sys(NR_fcntl, s, 4, 0);
	control(s, VTIME, 2);
	sys(NR_clock_gettime, 1, &from);
	say("nothing, after a while", sys(NR_read, s, buf, 64));
	u32 took = since(from);
	check("two tenths", took >= 190 && took < 400);
	int pid = child_types(m, "a", 50);
	say("something in time", sys(NR_read, s, buf, 64));
	reap(pid);
	control(s, VMIN, 3);
	control(s, VTIME, 0);
	pid = child_types(m, "abcd", 20);
	int n = sys(NR_read, s, buf, 64);
	check("three at least", n == 3 || n == 4);
	reap(pid);
	if (n == 3) sys(NR_read, s, buf, 0);
	sys(NR_ioctl, s, TCFLSH, 0);
	say("fewer are wanted", (type(m, "xy"), sys(NR_read, s, buf, 2)));
	control(s, VTIME, 2);
	pid = child_types(m, "p", 0);
	sys(NR_clock_gettime, 1, &from);
	say("one, then silence", sys(NR_read, s, buf, 64));
	took = since(from);
	check("two tenths after it", took >= 190 && took < 500);
	reap(pid);
	struct pollfd p = { s, POLLIN, 0 };
	control(s, VTIME, 0);
	type(m, "12");
	rest(20);
	say("poll wants VMIN", sys(NR_poll, &p, 1, 0));
	type(m, "3");
	say("bytes", sys(NR_poll, &p, 1, 50));
	show("them", s);
	control(s, VMIN, 1);

	static u8 big[70000];
	for (u32 i = 0; i < sizeof big; i++) big[i] = i * 7;
	pid = sys(NR_fork);
	if (pid == 0) {
		int w = sys(NR_write, m, big, sizeof big);
		sys(NR_exit, w == sizeof big ? 0 : 1);
	}
	u32 got = 0, wrong = 0;
	static u8 in[1000];
	while (got < sizeof big && (n = sys(NR_read, s, in, sizeof in)) > 0)
		for (int i = 0; i < n; i++, got++) wrong += in[i] != big[got];
	print("a big write: %d bytes, %d wrong, writer %d\n", got, wrong, reap(pid));
	pid = sys(NR_fork);
	if (pid == 0) {
		int w = sys(NR_write, s, big, sizeof big);
		sys(NR_exit, w == sizeof big ? 0 : 1);
	}
	for (got = 0, wrong = 0; got < sizeof big && (n = sys(NR_read, m, in, sizeof in)) > 0;)
		for (int i = 0; i < n; i++, got++) wrong += in[i] != big[got];
	print("the other way: %d bytes, %d wrong, writer %d\n", got, wrong, reap(pid));
	sys(NR_fcntl, m, 4, O_NONBLOCK);
	u32 total = 0;
	for (int tries = 0; tries < 10;) {
		n = sys(NR_write, m, big, 1000);
		if (n > 0) total += n;
		else if (n == -EAGAIN) tries++, rest(5);
		else break;
	}
	check("a full one refuses", total >= 8192 && total < 40000);
	p = (struct pollfd){ m, POLLOUT, 0 };
	say("not writable", sys(NR_poll, &p, 1, 0));
	sys(NR_fcntl, s, 4, O_NONBLOCK);
	u32 drained = 0;
	for (int tries = 0; tries < 10;) {
		n = sys(NR_read, s, in, sizeof in);
		if (n > 0) drained += n;
		else tries++, rest(5);
	}
	check("all comes out", drained == total);
	say("writable", sys(NR_poll, &p, 1, 50));
	return 0;
}
