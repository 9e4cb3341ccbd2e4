/* Readiness of sockets: listeners, room, ends, errors, by poll, select and epoll, level and edge. */
#include "sockets.h"

int main(void)
{
	struct address a;
	int n = name_of(&a, "@unix_poll"), s[2], ep = sys(NR_epoll_create1, 0);
	static char big[4096];
	int server = make(STREAM);
	look("new", server);
	look("new datagrams", make(DGRAM));
	look("new packets", make(SEQPACKET));
	sys(NR_bind, server, &a, n);
	sys(NR_listen, server, 3);
	look("listens", server);
	watch(ep, EPOLL_ADD, server, EPOLLIN | EPOLLOUT | EPOLLET);
	ready("nobody came", ep, 0);
	int c = make(STREAM), d = make(STREAM);
	sys(NR_connect, c, &a, n);
	look("somebody came", server);
	look("who", c);
	ready("edge", ep, 0);
	ready("told", ep, 0);
	sys(NR_connect, d, &a, n);
	ready("another", ep, 0);
	int e = sys(NR_accept4, server, 0, 0, 0);
	sys(NR_accept4, server, 0, 0, 0);
	look("accepted both", server);
	sys(NR_write, c, "x", 1);
	look("a byte", e);
	sys(NR_fcntl64, c, 4, O_NONBLOCK);
	int pieces = 0;
	while (sys(NR_write, c, big, sizeof big) > 0) pieces++;
	say("pieces", pieces);
	look("full", c);
	watch(ep, EPOLL_ADD, c, EPOLLIN | EPOLLOUT | EPOLLET);
	ready("not to be written", ep, 0);
	for (int i = 0; i < pieces / 2; i++) sys(NR_read, e, big, sizeof big);
	look("half", c);
	ready("half", ep, 0);
	for (int i = 0; i < pieces / 4 + 2; i++) sys(NR_read, e, big, sizeof big);
	look("a quarter", c);
	ready("a quarter", ep, 0);
	sys(NR_shutdown, e, 1);
	look("it writes no more", c);
	ready("edge", ep, 0);
	sys(NR_close, e);
	look("gone with bytes", c);
	ready("edge", ep, 0);
	say("error", option(c, SO_ERROR));
	look("told", c);
	sys(NR_socketpair, AF_UNIX, DGRAM, 0, s);
	look("datagrams", s[0]);
	sys(NR_shutdown, s[0], 0);
	look("shut to read", s[0]);
	look("the other end", s[1]);
	sys(NR_close, s[0]);
	look("gone", s[1]);
	/* A sleep until somebody comes. */
	flush();
	int pid = sys(NR_fork);
	if (pid == 0) {
		pause_ms(5);
		int fd = make(STREAM);
		sys(NR_connect, fd, &a, n);
		pause_ms(5);
		finish(0);
	}
	struct pollfd p = { server, POLLIN, 0 };
	say("poll sleeps", sys(NR_poll, &p, 1, -1));
	e = sys(NR_accept4, server, 0, 0, 0);
	u32 set = 1u << e;
	say("select sleeps", sys(NR_select, e + 1, &set, 0, 0, 0));
	say("the end", sys(NR_read, e, big, 1));
	reap(pid);
	return 0;
}
