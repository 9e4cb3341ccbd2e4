/* epoll: level, edge, one-shot; changes and errors of epoll_ctl; a closed end; a descriptor that is closed; one epoll in another. */
#include "polling.h"

static int p[2], ep;
static int writer(void)
{
	pause_ms(5);
	sys(NR_write, p[1], "late", 4);
	return 0;
}
int main(void)
{
	char text[64];
	sys(NR_pipe2, p, O_NONBLOCK);
	ep = sys(NR_epoll_create1, O_CLOEXEC);
	say("add", watch(ep, EPOLL_ADD, p[0], EPOLLIN));
	say("twice", watch(ep, EPOLL_ADD, p[0], EPOLLIN));
	ready("nothing", ep, 0);
	sys(NR_write, p[1], "abcdef", 6);
	ready("level", ep, 0);
	ready("level", ep, 0);
	say("edge", watch(ep, EPOLL_MOD, p[0], EPOLLIN | EPOLLET));
	ready("edge", ep, 0);
	ready("edge was told", ep, 0);
	sys(NR_read, p[0], text, 2);
	ready("a part read", ep, 0);
	sys(NR_write, p[1], "g", 1);
	ready("another write", ep, 0);
	ready("told", ep, 0);
	say("one-shot", watch(ep, EPOLL_MOD, p[0], EPOLLIN | EPOLLONESHOT));
	ready("once", ep, 0);
	ready("spent", ep, 0);
	say("again", watch(ep, EPOLL_MOD, p[0], EPOLLIN | EPOLLONESHOT));
	ready("once", ep, 0);
	say("drain", sys(NR_read, p[0], text, sizeof text));
	say("writer", watch(ep, EPOLL_ADD, p[1], EPOLLOUT));
	ready("room", ep, 0);
	say("no more", watch(ep, EPOLL_DEL, p[1], 0));
	say("not there", watch(ep, EPOLL_DEL, p[1], 0));
	say("nor to change", watch(ep, EPOLL_MOD, p[1], EPOLLIN));
	watch(ep, EPOLL_MOD, p[0], EPOLLIN);
	int outer = sys(NR_epoll_create, 1);
	say("nested", watch(outer, EPOLL_ADD, ep, EPOLLIN));
	say("in a circle", watch(ep, EPOLL_ADD, outer, EPOLLIN));
	say("itself", watch(ep, EPOLL_ADD, ep, EPOLLIN));
	ready("nested", outer, 0);
	int pid = spawn(writer);
	ready("waited", outer, 1000);
	ready("inner", ep, 0);
	say("child", reap(pid));
	say("read", sys(NR_read, p[0], text, sizeof text));
	ready("in vain", ep, 3);
	sys(NR_close, p[1]);
	ready("hangup", ep, 0);
	sys(NR_close, p[0]);
	ready("closed", ep, 0);
	int file = sys(NR_open, "/proc/self/exe", O_RDONLY);
	say("a file", watch(ep, EPOLL_ADD, file, EPOLLIN));
	say("no descriptor", watch(ep, EPOLL_ADD, 99, EPOLLIN));
	say("no epoll", watch(file, EPOLL_ADD, ep, EPOLLIN));
	say("bad size", sys(NR_epoll_create, 0));
	say("none wanted", sys(NR_epoll_wait, ep, text, 0, 0));
	return 0;
}
