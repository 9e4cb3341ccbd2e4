/* A named stream: bind, listen, connect, accept, names of both ends, bytes both ways, the path in stat and unlinked, /proc/self/fd. */
#include "sockets.h"

static const char *path = "/tmp/unix_stream.tmp";
static int client(void)
{
	char text[16];
	int fd = make(STREAM);
	if (connect_to(fd, path)) return 1;
	send_bytes(fd, "hello ", 0);
	send_bytes(fd, "there", 0);
	int n = sys(NR_read, fd, text, sizeof text);
	text[n > 0 ? n : 0] = 0;
	if (!same(text, "HELLO")) return 2;
	struct address a;
	if (name_is(NR_getpeername, fd, &a) != 2 + (int)strlen(path) + 1 || !same(a.path, path)) return 4;
	if (name_is(NR_getsockname, fd, &a) != 2) return 5;
	sys(NR_close, fd);
	return 3;
}

int main(void)
{
	struct address a;
	char text[64];
	struct { u32 words[32]; } st;
	sys(NR_unlink, path);
	sys(NR_umask, 022);
	int server = make(STREAM);
	say("accept before listen", sys(NR_accept4, server, 0, 0, 0));
	say("listen without a name", sys(NR_listen, server, 5));
	say("bind", bind_to(server, path));
	say("again", bind_to(server, "/tmp/unix_stream.other"));
	say("listen", sys(NR_listen, server, 5));
	say("SO_ACCEPTCONN", option(server, SO_ACCEPTCONN));
	say("its name", name_is(NR_getsockname, server, &a));
	check("is the path", same(a.path, path));
	sys(NR_stat64, path, &st);
	print("mode %x links %d\n", st.words[4], st.words[5]);
	say("open", sys(NR_open, path, O_RDWR));
	sys(NR_fcntl64, server, 4, O_NONBLOCK);
	say("accept does not wait", sys(NR_accept4, server, 0, 0, 0));
	sys(NR_fcntl64, server, 4, 0);
	int pid = spawn(client);
	int size = sizeof a;
	int fd = sys(NR_accept4, server, &a, &size, O_CLOEXEC);
	check("accepted", fd > server);
	print("its address: %d bytes, family %d\n", size, a.family);
	say("closes on exec", sys(NR_fcntl64, fd, 1));
	int n = 0;
	while (n < 11) n += sys(NR_read, fd, text + n, sizeof text - n);
	text[n] = 0;
	print("%s\n", text);
	check("the accepted end has the name", name_is(NR_getsockname, fd, &a) > 2 && same(a.path, path));
	sys(NR_write, fd, "HELLO", 5);
	say("end", sys(NR_read, fd, text, sizeof text));
	say("client", reap(pid) >> 8);
	say("the name of who is gone", name_is(NR_getpeername, fd, &a));
	say("link", sys(NR_readlink, "/proc/self/fd/3", text, 8));
	text[8] = 0;
	print("%s\n", text);
	sys(NR_unlink, path);
	int late = make(STREAM);
	say("no path any more", connect_to(late, path));
	int other = make(STREAM);
	say("the path is free", bind_to(other, path));
	say("its name stays", name_is(NR_getsockname, server, &a));
	say("nobody listens there", connect_to(late, path));
	sys(NR_close, other);
	say("nor anybody at all", connect_to(late, path));
	say("the path stays", bind_to(late, path));
	sys(NR_unlink, path);
	return 0;
}
