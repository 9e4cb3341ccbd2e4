/* accept, connect and send that sleep: until somebody comes, until the queue has room, a signal with and without SA_RESTART, time-outs, shutdown. */
#include "sockets.h"

static const char *path = "/tmp/unix_accept_block.tmp";
static int server, parent;
static int comes(void)
{
	pause_ms(5);
	int fd = make(STREAM);
	int r = connect_to(fd, path);
	sys(NR_write, fd, "k", 1);
	return r ? 1 : 0;
}
static int waits(void)
{
	/* The queue of one is full: sleeps until that one is accepted. */
	int fd = make(STREAM), r = connect_to(fd, path);
	sys(NR_write, fd, "w", 1);
	return r ? 1 : 0;
}
static int signals(void)
{
	pause_ms(10);
	sys(NR_kill, parent, SIGUSR1);
	return 0;
}
static int signals_and_comes(void)
{
	signals();
	return comes();
}
static int shuts(void)
{
	pause_ms(10);
	sys(NR_shutdown, server, 0);
	return 0;
}

int main(void)
{
	char byte = 0;
	parent = sys(NR_getpid);
	sys(NR_unlink, path);
	server = make(STREAM);
	bind_to(server, path);
	sys(NR_listen, server, 0);
	int pid = spawn(comes), fd = sys(NR_accept4, server, 0, 0, 0);
	say("accept sleeps", fd > 0);
	say("read", sys(NR_read, fd, &byte, 1));
	say("child", reap(pid));
	int first = make(STREAM);
	say("one fits", connect_to(first, path));
	pid = spawn(waits);
	pause_ms(10);
	sys(NR_close, sys(NR_accept4, server, 0, 0, 0));
	fd = sys(NR_accept4, server, 0, 0, 0);
	say("connect slept", sys(NR_read, fd, &byte, 1) == 1 && byte == 'w');
	say("child", reap(pid));
	install(SIGUSR1, on_signal, 0, 0);
	pid = spawn(signals);
	say("a signal", sys(NR_accept4, server, 0, 0, 0));
	reap(pid);
	install(SIGUSR1, on_signal, SA_RESTART, 0);
	pid = spawn(signals_and_comes);
	say("SA_RESTART", sys(NR_accept4, server, 0, 0, 0) > 0);
	reap(pid);
	say("seen", signals_seen);
	struct timeval t = { 0, 20000 };
	say("SO_RCVTIMEO", sys(NR_setsockopt, server, SOL_SOCKET, SO_RCVTIMEO, &t, 8));
	say("accept gives up", sys(NR_accept4, server, 0, 0, 0));
	pid = spawn(signals);
	t.usec = 0, t.sec = 100;
	sys(NR_setsockopt, server, SOL_SOCKET, SO_RCVTIMEO, &t, 8);
	say("with a time-out no restart", sys(NR_accept4, server, 0, 0, 0));
	reap(pid);
	t.sec = 0;
	sys(NR_setsockopt, server, SOL_SOCKET, SO_RCVTIMEO, &t, 8);
	first = make(STREAM);
	connect_to(first, path);
	t.usec = 20000;
	int second = make(STREAM);
	sys(NR_setsockopt, second, SOL_SOCKET, SO_SNDTIMEO, &t, 8);
	say("connect gives up", connect_to(second, path));
	sys(NR_close, sys(NR_accept4, server, 0, 0, 0));
	pid = spawn(shuts);
	say("shutdown ends accept", sys(NR_accept4, server, 0, 0, 0));
	reap(pid);
	say("and refuses", connect_to(second, path));
	int s[2];
	static char big[60000];
	sys(NR_socketpair, AF_UNIX, STREAM, 0, s);
	sys(NR_setsockopt, s[0], SOL_SOCKET, SO_SNDTIMEO, &t, 8);
	sys(NR_setsockopt, s[1], SOL_SOCKET, SO_RCVTIMEO, &t, 8);
	int total = 0, n;
	while ((n = sys(NR_write, s[0], big, sizeof big)) > 0) total += n;
	say("write gives up", n);
	say("after", total);
	while ((n = sys(NR_read, s[1], big, sizeof big)) > 0) total -= n;
	say("read gives up", n);
	say("left", total);
	sys(NR_unlink, path);
	return 0;
}
