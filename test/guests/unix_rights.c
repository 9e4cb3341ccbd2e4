/* Descriptors that travel in messages (SCM_RIGHTS): the same open file, CLOEXEC, too little room, a peek, a queue that is closed, sockets in their own queues. */
#include "sockets.h"

static int s[2], pipes[2];
static int pass(int to, const int *fds, int count, const char *text)
{
	struct cmsg c = { 12 + 4 * count, SOL_SOCKET, SCM_RIGHTS, { 0 } };
	memcpy(c.data, fds, 4 * count);
	struct iovec v = { (void *)text, strlen(text) };
	struct msg m = { 0, 0, &v, 1, &c, 12 + 4 * count, 0 };
	return sys(NR_sendmsg, to, &m, 0);
}
/* how many descriptors came into `got` */
static int take(const char *what, int from, int room, int bytes, int flags, int *got)
{
	static char text[64];
	struct cmsg c = { 0 };
	struct iovec v = { text, bytes };
	struct msg m = { 0, 0, &v, 1, &c, room, 0 };
	int n = sys(NR_recvmsg, from, &m, flags);
	text[n > 0 ? n : 0] = 0;
	int count = n >= 0 && m.controllen >= 12 && c.type == SCM_RIGHTS ? (int)(c.len - 12) / 4 : 0;
	print("%s: %d \"%s\" control %d flags %x files %d\n", what, n, text, m.controllen, m.flags, count);
	memcpy(got, c.data, 4 * count);
	return count;
}
static int ends_in(int fd, int ms)
{
	struct pollfd p = { fd, POLLIN, 0 };
	sys(NR_poll, &p, 1, ms);
	return p.revents & POLLHUP;
}
static int ends(int fd) { return ends_in(fd, 0); }
static int child(void)
{
	int got[8];
	sys(NR_close, s[0]);
	sys(NR_close, pipes[1]);
	int n = take("child", s[1], 32, 16, 0, got);
	flush();
	if (n != 1) return 1;
	sys(NR_write, got[0], "through", 7);
	return 0;
}

int main(void)
{
	int got[8], flags;
	char text[16] = { 0 };
	sys(NR_pipe, pipes);
	sys(NR_socketpair, AF_UNIX, STREAM, 0, s);
	say("pass", pass(s[0], &pipes[1], 1, "here"));
	int pid = spawn(child);
	sys(NR_close, pipes[1]);
	say("child", reap(pid));
	sys(NR_read, pipes[0], text, 16);
	print("%s\n", text);
	check("the last writer is gone", ends(pipes[0]));

	sys(NR_pipe, pipes);
	int both[2] = { pipes[0], pipes[1] };
	send_bytes(s[0], "before", 0);
	pass(s[0], both, 2, "with");
	send_bytes(s[0], "after", 0);
	int n = take("up to the files", s[1], 32, 32, MSG_CMSG_CLOEXEC, got);
	for (int i = 0; i < n; i++) say("closes on exec", sys(NR_fcntl64, got[i], 1));
	sys(NR_write, got[1], "same", 4);
	say("same pipe", sys(NR_read, pipes[0], text, 16));
	for (int i = 0; i < n; i++) sys(NR_close, got[i]);
	take("behind them", s[1], 32, 32, 0, got);
	pass(s[0], both, 2, "half");
	n = take("room for one", s[1], 16, 32, 0, got);
	sys(NR_close, got[0]);
	pass(s[0], both, 2, "none");
	take("room for none", s[1], 12, 32, 0, got);
	pass(s[0], both, 1, "peek");
	n = take("peek", s[1], 32, 2, MSG_PEEK, got);
	sys(NR_close, got[0]);
	n = take("in part", s[1], 32, 2, 0, got);
	sys(NR_close, got[0]);
	take("the rest", s[1], 32, 8, 0, got);
	pass(s[0], both, 1, "read");
	say("a plain read", sys(NR_read, s[1], text, 8));
	say("bad descriptor", pass(s[0], (int[]){ 99 }, 1, "x"));
	struct cmsg c = { 11, SOL_SOCKET, SCM_RIGHTS, { 0 } };
	struct iovec v = { "x", 1 };
	struct msg m = { 0, 0, &v, 1, &c, 16, 0 };
	say("too short a header", sys(NR_sendmsg, s[0], &m, 0));
	c.len = 16, c.type = 9;
	say("of another kind", sys(NR_sendmsg, s[0], &m, 0));

	/* A file in a queue lives as long as the queue. */
	pass(s[0], both + 1, 1, "w");
	sys(NR_close, pipes[1]);
	check("in the queue the pipe has a writer", !ends(pipes[0]));
	sys(NR_close, s[1]);
	check("the queue is gone, and it", ends(pipes[0]));
	sys(NR_close, s[0]);
	/* Sockets that are in each other's queues alone, with the writing end of a pipe. */
	sys(NR_pipe, pipes);
	sys(NR_socketpair, AF_UNIX, DGRAM, 0, s);
	pass(s[0], (int[]){ s[1], pipes[1] }, 2, "cycle");
	pass(s[1], (int[]){ s[0] }, 1, "cycle");
	sys(NR_close, pipes[1]);
	sys(NR_close, s[0]);
	check("one end is open yet", !ends(pipes[0]));
	sys(NR_close, s[1]);
	/* They are looked for when a socket goes; since 6.10 a moment later. */
	check("nobody looked for them", !ends(pipes[0]));
	sys(NR_close, make(STREAM));
	check("a cycle goes", ends_in(pipes[0], 2000));
	/* In the queue of a connection that nobody accepted. */
	sys(NR_pipe, pipes);
	int server = make(STREAM), client = make(STREAM);
	bind_to(server, "@unix_rights");
	sys(NR_listen, server, 1);
	connect_to(client, "@unix_rights");
	pass(client, (int[]){ pipes[1], server }, 2, "x");
	sys(NR_close, pipes[1]);
	sys(NR_close, client);
	flags = ends(pipes[0]);
	sys(NR_close, server);
	sys(NR_close, make(STREAM));
	check("as it waits", !flags);
	check("the listener in its own queue goes", ends_in(pipes[0], 2000));
	return 0;
}
