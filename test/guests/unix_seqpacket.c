/* Messages in order over a connection (SOCK_SEQPACKET): bounds, cut ones, the end, a reset, EPIPE without SIGPIPE. */
#include "sockets.h"

static const char *path = "/tmp/unix_seqpacket.tmp";
static int client(void)
{
	int fd = make(SEQPACKET);
	if (connect_to(fd, path)) return 1;
	send_bytes(fd, "first", 0);
	send_bytes(fd, "second message", 0);
	char text[8];
	return sys(NR_read, fd, text, sizeof text) == 3 ? 0 : 2;
}

int main(void)
{
	install(SIGPIPE, on_signal, 0, 0);
	sys(NR_unlink, path);
	int server = make(SEQPACKET);
	say("not connected", send_bytes(server, "x", 0));
	get("nor", server, 8, 0);
	bind_to(server, path);
	say("listen", sys(NR_listen, server, 1));
	get("a listener has no bytes", server, 8, 0);
	say("a stream does not fit", connect_to(make(STREAM), path));
	int pid = spawn(client);
	int fd = sys(NR_accept4, server, 0, 0, 0);
	get("one", fd, 64, 0);
	get("cut", fd, 6, 0);
	send_bytes(fd, "bye", 0);
	say("client", reap(pid));
	get("end", fd, 64, 0);
	say("EPIPE", send_bytes(fd, "x", 0));
	say("without SIGPIPE", signals_seen);
	look("hung up", fd);
	int s[2], count = 0;
	sys(NR_socketpair, AF_UNIX, SEQPACKET | O_NONBLOCK, 0, s);
	while (sys(NR_write, s[0], path, 16) == 16) count++;
	say("fit", count);
	sys(NR_ioctl, s[1], SIOCINQ, &count);
	say("bytes", count);
	say("of a listener", sys(NR_ioctl, server, SIOCINQ, &count));
	sys(NR_ioctl, s[0], SIOCOUTQ, &count);
	say("with what they take beside them", count);
	char byte[16];
	for (int i = 0; i < 200; i++) sys(NR_read, s[1], byte, 16);
	look("not yet", s[0]);
	for (int i = 0; i < 20; i++) sys(NR_read, s[1], byte, 16);
	look("a quarter is left", s[0]);
	say("a long one", sys(NR_sendto, s[0], (void *)0x8048000, 212961, 0, 0, 0));
	sys(NR_close, s[1]);
	say("reset", send_bytes(s[0], "x", 0));
	say("told once", send_bytes(s[0], "x", 0));
	sys(NR_unlink, path);
	return 0;
}
