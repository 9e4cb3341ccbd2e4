/* Datagrams by name: sendto, from whom, connect and AF_UNSPEC, a full queue, MSG_PEEK and MSG_TRUNC, empty ones, who is gone. */
#include "sockets.h"

static const char *one = "/tmp/unix_dgram.1", *two = "/tmp/unix_dgram.2";
static int a, b;
static int fill(void)
{
	/* Behind eleven that wait, one waits until somebody is read. */
	int fd = make(DGRAM), n = 0;
	while (n < 12 && send_to(fd, "x", 1, 0, one) == 1) n++;
	return n;
}

int main(void)
{
	struct address name;
	sys(NR_unlink, one);
	sys(NR_unlink, two);
	a = make(DGRAM);
	b = make(DGRAM);
	say("bind", bind_to(a, one));
	say("nobody there", send_to(b, "x", 1, 0, two));
	say("to nobody", send_bytes(b, "x", 0));
	say("to a", send_to(b, "anonymous", 9, 0, one));
	get("a", a, 64, 0);
	say("bind", bind_to(b, two));
	say("to a", send_to(b, "named", 5, 0, one));
	say("an empty one", send_to(b, "", 0, 0, one));
	say("long", send_to(b, "0123456789", 10, 0, one));
	get("peek", a, 3, MSG_PEEK);
	get("cut", a, 3, 0);
	get("empty", a, 64, 0);
	get("its length", a, 4, MSG_TRUNC);
	get("no more", a, 4, MSG_DONTWAIT);
	say("connect", connect_to(b, one));
	say("peer", name_is(NR_getpeername, b, &name));
	say("a has none", name_is(NR_getpeername, a, &name));
	say("send", send_bytes(b, "connected", 0));
	get("a", a, 64, 0);
	say("a answers", send_to(a, "back", 4, 0, two));
	get("b", b, 64, 0);
	int c = make(DGRAM);
	say("b hears a alone", send_to(c, "x", 1, 0, two));
	say("and is not to be connected to", connect_to(c, two));
	struct address none = { 0 };
	say("disconnect", sys(NR_connect, b, &none, 2));
	say("peer", name_is(NR_getpeername, b, &name));
	say("now it hears all", send_to(c, "x", 1, 0, two));
	get("b", b, 64, 0);
	int n = 0;
	while (send_to(c, "x", 1, MSG_DONTWAIT, one) == 1) n++;
	say("wait at most", n);
	look("c may send", c);
	say("c connects", connect_to(c, one));
	look("c may not", c);
	for (int i = 0; i < 5; i++) sys(NR_read, a, &name, 4);
	look("c may again", c);
	while (sys(NR_recvfrom, a, &name, 4, MSG_DONTWAIT, 0, 0) > 0) continue;
	int pid = spawn(fill);
	pause_ms(10);
	for (int i = 0; i < 12; i++) sys(NR_read, a, &name, 4);
	say("twelve", reap(pid) >> 8);
	say("b connects again", connect_to(b, one));
	say("a sends", send_to(a, "lost", 4, 0, two));
	sys(NR_close, a);
	say("a is gone", send_bytes(b, "x", 0));
	say("so is the connection", send_bytes(b, "x", 0));
	get("and what came by it", b, 8, MSG_DONTWAIT);
	say("and its path leads nowhere", connect_to(b, one));
	say("another type", connect_to(make(STREAM), two));
	sys(NR_unlink, one);
	sys(NR_unlink, two);
	return 0;
}
