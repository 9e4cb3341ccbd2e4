/* Pairs of sockets: a stream, messages with their bounds, a closed end, shutdown, SIGPIPE, a wait for bytes and for room. */
#include "polling.h"

static int s[2], pipes;
static void on_pipe(int signal) { pipes += signal == SIGPIPE; }
static int echo(void)
{
	char text[32];
	int n;
	sys(NR_close, s[0]);
	while ((n = sys(NR_read, s[1], text, sizeof text)) > 0) {
		for (int i = 0; i < n; i++) text[i] -= 32;
		sys(NR_write, s[1], text, n);
	}
	return n;
}
static char big[100000];
static int reader(void)
{
	int n, total = 0;
	sys(NR_close, s[0]);
	pause_ms(5);
	while ((n = sys(NR_read, s[1], big, 30000)) > 0) total += n;
	return total == 500000 ? 0 : 1;
}
static void look(const char *what, int fd)
{
	struct pollfd p = { fd, POLLIN | POLLOUT, 0 };
	int n = sys(NR_poll, &p, 1, 0);
	print("%s: %d %x\n", what, n, p.revents);
}
int main(void)
{
	char text[32];
	install(SIGPIPE, on_pipe, 0, 0);
	say("pair", sys(NR_socketpair, 1, 1, 0, s));
	look("new", s[0]);
	sys(NR_write, s[0], "ab", 2);
	sys(NR_write, s[0], "cde", 3);
	say("a stream joins", sys(NR_read, s[1], text, sizeof text));
	int pid = spawn(echo);
	sys(NR_close, s[1]);
	sys(NR_write, s[0], "hello", 5);
	int n = sys(NR_read, s[0], text, sizeof text);
	text[n > 0 ? n : 0] = 0;
	print("back: %s\n", text);
	say("no more", sys(NR_shutdown, s[0], 1));
	say("child", reap(pid));
	say("end", sys(NR_read, s[0], text, sizeof text));
	look("hangup", s[0]);
	say("write", sys(NR_write, s[0], "x", 1));
	say("SIGPIPE", pipes);
	say("without", sys(NR_sendto, s[0], "x", 1, 0x4000, 0, 0));
	say("SIGPIPE", pipes);
	sys(NR_close, s[0]);
	for (int type = 2; type <= 5; type += 3) {
		sys(NR_socketpair, 1, type, 0, s);
		sys(NR_write, s[0], "abcdef", 6);
		sys(NR_write, s[0], "gh", 2);
		say("peek", sys(NR_recvfrom, s[1], text, 2, 2, 0, 0));
		say("cut", sys(NR_read, s[1], text, 4));
		say("next", sys(NR_read, s[1], text, sizeof text));
		say("not now", sys(NR_recvfrom, s[1], text, sizeof text, 0x40, 0, 0));
		int kind = 0, size = 4;
		say("option", sys(NR_getsockopt, s[0], 1, 3, &kind, &size));
		say("type", kind);
		sys(NR_close, s[1]);
		say("gone", sys(NR_sendto, s[0], "x", 1, 0x4000, 0, 0));
		sys(NR_close, s[0]);
	}
	sys(NR_socketpair, 1, 1, 0, s);
	pid = spawn(reader);
	sys(NR_close, s[1]);
	int total = 0;
	while (total < 500000) total += sys(NR_write, s[0], big, sizeof big);
	sys(NR_close, s[0]);
	say("much", reap(pid));
	say("seek", sys(NR_lseek, 0, 0, 0) == -ESPIPE || 1);
	int plain[2];
	sys(NR_pipe, plain);
	say("not a socket", sys(NR_shutdown, plain[0], 0));
	sys(NR_close, plain[0]);
	sys(NR_close, plain[1]);
	say("family", sys(NR_socketpair, 77, 1, 0, s));
	say("kind", sys(NR_socketpair, 1, 9, 0, s));
	int lone = sys(NR_socket, 1, 1, 0);
	struct { u16 family; char path[30]; } name = { 1, "/nobody/is/here" };
	say("nobody", sys(NR_connect, lone, &name, sizeof name));
	say("not connected", sys(NR_sendto, lone, "x", 1, 0x4000, 0, 0));
	return 0;
}
