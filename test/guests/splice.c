/* Bytes between pipes, files, sockets and memory: splice, tee, vmsplice, and sendfile to a pipe and a socket. */
#include "sockets.h"

enum { NR_splice = 313, NR_tee = 315, NR_vmsplice = 316, NR_sendfile = 187, NB = 2 };
static int a[2], b[2];
static const char *path = "/tmp/splice.tmp";
static void drain(const char *what, int fd)
{
	char text[64];
	int n = sys(NR_read, fd, text, 63);
	text[n > 0 ? n : 0] = 0;
	print("%s: %d \"%s\"\n", what, n, text);
}
static int writes_later(void)
{
	pause_ms(5);
	sys(NR_write, a[1], "late", 4);
	return 0;
}
static int reads_later(void)
{
	static char big[70000];
	pause_ms(5);
	return sys(NR_read, b[0], big, sizeof big) == 65536 ? 0 : 1;
}

int main(void)
{
	static char big[70000];
	u64 at;
	install(SIGPIPE, on_signal, 0, 0);
	sys(NR_pipe, a);
	sys(NR_pipe, b);
	sys(NR_unlink, path);
	int file = sys(NR_open, path, O_RDWR | O_CREAT, 0600);
	sys(NR_write, file, "0123456789", 10);
	say("nothing", sys(NR_splice, 99, 0, 99, 0, 0, 0));
	say("flags", sys(NR_splice, a[0], 0, b[1], 0, 1, 16));
	say("not open", sys(NR_splice, 99, 0, b[1], 0, 1, 0));
	say("the wrong end", sys(NR_splice, a[1], 0, b[1], 0, 1, 0));
	say("itself", sys(NR_splice, a[0], 0, a[1], 0, 1, 0));
	say("no pipe", sys(NR_splice, file, 0, file, 0, 1, 0));
	say("a place in a pipe", sys(NR_splice, a[0], &at, file, 0, 1, 0));
	say("nowhere", sys(NR_splice, file, 8, a[1], 0, 1, 0));
	say("not now", sys(NR_splice, a[0], 0, b[1], 0, 1, NB));
	at = 3;
	say("from a place", sys(NR_splice, file, &at, a[1], 0, 4, 0));
	print("%U, its own %d\n", at, (int)sys(NR_lseek, file, 0, 1));
	sys(NR_lseek, file, 8, 0);
	say("from its own", sys(NR_splice, file, 0, a[1], 0, 100, 0));
	say("is at", sys(NR_lseek, file, 0, 1));
	say("at the end", sys(NR_splice, file, 0, a[1], 0, 100, 0));
	say("tee", sys(NR_tee, a[0], b[1], 5, 0));
	drain("copied", b[0]);
	say("between", sys(NR_splice, a[0], 0, b[1], 0, 4, 0));
	drain("moved", b[0]);
	at = 1;
	say("to a place", sys(NR_splice, a[0], 0, file, &at, 100, 0));
	print("%U\n", at);
	sys(NR_lseek, file, 0, 0);
	drain("the file", file);
	sys(NR_write, a[1], "end", 3);
	say("to its own", sys(NR_splice, a[0], 0, file, 0, 3, 0));
	say("is at", sys(NR_lseek, file, 0, 1));
	int append = sys(NR_open, path, O_WRONLY | O_APPEND);
	sys(NR_write, a[1], "x", 1);
	say("to one that appends", sys(NR_splice, a[0], 0, append, 0, 1, 0));
	drain("is there yet", a[0]);
	int pid = spawn(writes_later);
	say("tee sleeps", sys(NR_tee, a[0], b[1], 10, 0));
	reap(pid);
	say("splice", sys(NR_splice, a[0], 0, b[1], 0, 10, 0));
	drain("twice", b[0]);
	struct iovec v[2] = { { "mem", 3 }, { "ory", 3 } };
	say("vmsplice", sys(NR_vmsplice, a[1], v, 2, 0));
	char room[8] = { 0 };
	struct iovec into = { room, 4 };
	say("back", sys(NR_vmsplice, a[0], &into, 1, 0));
	print("%s\n", room);
	drain("rest", a[0]);
	say("to no pipe", sys(NR_vmsplice, file, v, 1, 0));
	say("flags", sys(NR_vmsplice, a[1], v, 1, 16));
	say("none", sys(NR_vmsplice, a[1], v, 0, 0));
	sys(NR_fcntl64, b[1], 4, O_NONBLOCK);
	say("fill", sys(NR_write, b[1], big, sizeof big));
	sys(NR_write, a[1], "more", 4);
	say("no room", sys(NR_splice, a[0], 0, b[1], 0, 4, 0));
	say("none to copy to", sys(NR_tee, a[0], b[1], 4, NB));
	sys(NR_fcntl64, b[1], 4, 0);
	pid = spawn(reads_later);
	say("sleeps for room", sys(NR_splice, a[0], 0, b[1], 0, 4, 0));
	say("reader", reap(pid));
	drain("came", b[0]);
	int s[2];
	sys(NR_socketpair, AF_UNIX, STREAM, 0, s);
	sys(NR_write, a[1], "to a socket", 11);
	say("to a socket", sys(NR_splice, a[0], 0, s[0], 0, 11, 0));
	drain("socket", s[1]);
	sys(NR_lseek, file, 0, 0);
	say("sendfile to it", sys(NR_sendfile, s[0], file, 0, 5));
	drain("socket", s[1]);
	say("to a pipe", sys(NR_sendfile, a[1], file, 0, 100));
	drain("pipe", a[0]);
	sys(NR_close, s[1]);
	say("to nobody", sys(NR_sendfile, s[0], file, 0, 0));
	sys(NR_close, b[0]);
	sys(NR_write, a[1], "x", 1);
	say("no reader", sys(NR_splice, a[0], 0, b[1], 0, 1, 0));
	say("signals", signals_seen);
	sys(NR_close, a[1]);
	sys(NR_read, a[0], room, 1);
	say("no writer", sys(NR_splice, a[0], 0, file, 0, 1, 0));
	sys(NR_unlink, path);
	return 0;
}
