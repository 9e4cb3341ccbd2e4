/* Names in no directory: bound, found, taken, free when the socket goes; autobind; each type has its own. */
#include "sockets.h"

int main(void)
{
	struct address a, b;
	int server = make(STREAM), other = make(STREAM);
	say("bind", bind_to(server, "@unix_abstract"));
	say("taken", bind_to(other, "@unix_abstract"));
	say("for datagrams free", bind_to(make(DGRAM), "@unix_abstract"));
	say("nobody listens", connect_to(other, "@unix_abstract"));
	say("listen", sys(NR_listen, server, 2));
	say("connect", connect_to(other, "@unix_abstract"));
	say("once", connect_to(other, "@unix_abstract"));
	int n = name_of(&b, "@unix_abstract");
	check("its name", name_is(NR_getpeername, other, &a) == n && !memcmp(&a, &b, n));
	int fd = sys(NR_accept4, server, 0, 0, 0);
	sys(NR_close, server);
	check("the accepted end keeps it", name_is(NR_getsockname, fd, &a) == n);
	server = make(STREAM);
	say("and does not take it", bind_to(server, "@unix_abstract"));
	say("a longer one", bind_to(make(STREAM), "@unix_abstract_more"));
	int zeros = make(STREAM);
	memset(&a, 0, sizeof a);
	a.family = AF_UNIX;
	say("of zeros", sys(NR_bind, zeros, &a, 10));
	say("fewer zeros", connect_to(make(STREAM), "@"));
	say("its length", name_is(NR_getsockname, zeros, &a));
	int any = make(DGRAM);
	say("autobind", sys(NR_bind, any, &a, 2));
	n = name_is(NR_getsockname, any, &a);
	say("its length", n);
	int digits = a.path[0] == 0;
	for (int i = 1; i < 6; i++) digits &= (a.path[i] >= '0' && a.path[i] <= '9') || (a.path[i] >= 'a' && a.path[i] <= 'f');
	check("five digits", digits);
	say("again", sys(NR_bind, any, &a, 2));
	say("to it", sys(NR_sendto, make(DGRAM), "hi", 2, 0, &a, n));
	get("it", any, 8, 0);
	return 0;
}
