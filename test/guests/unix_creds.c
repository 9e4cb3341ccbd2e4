/* Who is at the other end: SO_PEERCRED, SCM_CREDENTIALS with SO_PASSCRED, what a sender may say it is. */
#include "sockets.h"

struct ucred { int pid, uid, gid; };
static int s[2], me;
static void who(const char *what, const struct ucred *c)
{
	print("%s: pid %s uid %d gid %d\n", what, c->pid == me ? "mine" : c->pid == 0 ? "0" : "another", c->uid, c->gid);
}
static int peer(const char *what, int fd)
{
	struct ucred c = { -1, -1, -1 };
	int size = sizeof c, r = sys(NR_getsockopt, fd, SOL_SOCKET, SO_PEERCRED, &c, &size);
	if (r == 0) who(what, &c);
	return r;
}
static int take(const char *what, int from, int room, int bytes, int flags)
{
	static char text[64];
	struct { struct cmsg c; } b = { 0 };
	struct iovec v = { text, bytes };
	struct msg m = { 0, 0, &v, 1, room ? &b : 0, room, 0 };
	int n = sys(NR_recvmsg, from, &m, flags);
	text[n > 0 ? n : 0] = 0;
	print("%s: %d \"%s\" control %d flags %x\n", what, n, text, m.controllen, m.flags);
	if (m.controllen >= 24) who(" sent by", (void *)b.c.data);
	return n;
}
static int tell_as(int pid, int uid, int gid)
{
	struct cmsg c = { 24, SOL_SOCKET, SCM_CREDENTIALS, { pid, uid, gid } };
	struct iovec v = { "as", 2 };
	struct msg m = { 0, 0, &v, 1, &c, 24, 0 };
	return sys(NR_sendmsg, s[0], &m, 0);
}
static int child(void)
{
	send_bytes(s[0], "child", 0);
	sys(NR_setresuid32, 1000, 1000, 1000);
	if (tell_as(sys(NR_getpid), 1001, 0) != -EPERM || tell_as(me, 1000, 0) != -EPERM) return 1;
	return tell_as(sys(NR_getpid), 1000, 0) == 2 ? 0 : 2;
}

int main(void)
{
	me = sys(NR_getpid);
	sys(NR_socketpair, AF_UNIX, STREAM, 0, s);
	peer("pair", s[0]);
	int lone = make(STREAM);
	peer("nobody", lone);
	send_bytes(s[0], "before", 0);
	say("off", option(s[1], SO_PASSCRED));
	say("SO_PASSCRED", set_option(s[1], SO_PASSCRED, 1));
	say("on", option(s[1], SO_PASSCRED));
	take("nobody asked", s[1], 64, 6, 0);
	send_bytes(s[0], "parent", 0);
	int pid = spawn(child);
	say("child", reap(pid));
	take("from one writer", s[1], 64, 64, 0);
	take("then the other", s[1], 64, 64, 0);
	take("then what it said", s[1], 64, 64, 0);
	say("as somebody", tell_as(me, 7, 8));
	take("root may", s[1], 64, 64, 0);
	say("nobody's pid", tell_as(0x3fffffff, 0, 0));
	send_bytes(s[0], "xyz", 0);
	take("no control", s[1], 0, 1, 0);
	take("little control", s[1], 16, 1, 0);
	take("less than a header", s[1], 8, 1, 0);
	sys(NR_close, s[0]);
	take("at the end", s[1], 64, 8, 0);
	/* A listener's connections have its option, and the other end who called listen. */
	int server = make(STREAM);
	bind_to(server, "@unix_creds");
	set_option(server, SO_PASSCRED, 1);
	sys(NR_listen, server, 1);
	peer("listener", server);
	connect_to(lone, "@unix_creds");
	peer("client", lone);
	send_bytes(lone, "early", 0);
	int fd = sys(NR_accept4, server, 0, 0, 0);
	peer("accepted", fd);
	say("it has the option", option(fd, SO_PASSCRED));
	take("sent before accept", fd, 64, 64, 0);
	/* Who passes credentials has a name when it sends. */
	struct address a;
	int d = make(DGRAM), e = make(DGRAM);
	bind_to(e, "@unix_creds_to");
	set_option(d, SO_PASSCRED, 1);
	send_to(d, "x", 1, 0, "@unix_creds_to");
	say("autobound", name_is(NR_getsockname, d, &a));
	return 0;
}
