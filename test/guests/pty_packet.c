/* Packet mode, TCFLSH, FIONREAD, an exclusive terminal, select and epoll. */
#include "pty.h"

enum { TIOCEXCL = 0x540c, TIOCNXCL, NR_epoll_create1 = 329, NR_epoll_ctl = 255, NR_epoll_wait = 256 };
struct epoll_event { u32 events; u64 data; } __attribute__((packed));

int main(void)
{
	int m = open_master(0), s = open_slave(O_NONBLOCK), on = 1, off = 0, is = -1;
	char buf[16];
	say("packet mode", sys(NR_ioctl, m, TIOCPKT, &on));
	sys(NR_ioctl, m, TIOCGPKT, &is);
	say("is on", is);
	type(s, "data");
	show("data", m);
	sys(NR_ioctl, s, TCXONC, 0);
	struct pollfd p = { m, POLLIN | 2, 0 };
	sys(NR_poll, &p, 1, 50);
	say("poll", p.revents & 3);
	show("stopped", m);
	sys(NR_ioctl, s, TCXONC, 1);
	show("started", m);
	settings(s, IXON, 0, 0, 0, 0, 0);
	show("no flow control", m);
	settings(s, 0, IXON, 0, 0, 0, 0);
	show("flow control", m);
	sys(NR_ioctl, s, TCFLSH, 0);
	show("flushed", m);
	sys(NR_ioctl, s, TCFLSH, 1);
	show("output flushed", m);
	type(m, "\003");
	show("interrupt", m);
	show("its echo", m);
	sys(NR_ioctl, m, TIOCPKT, &off);
	type(s, "plain");
	show("off", m);
	say("not of a slave", sys(NR_ioctl, s, TIOCPKT, &on));
	say("nor its number", sys(NR_ioctl, s, TIOCGPTN, &is));
	settings(s, 0, 0, 0, 0, ECHO, 0);
	type(m, "one\ntw");
	rest(20);
	say("waiting", waiting(s));
	type(m, "\004");
	rest(20);
	say("the mark does not count", waiting(s));
	say("output waiting", (sys(NR_ioctl, s, TIOCOUTQ, &is), is));
	type(s, "12345");
	rest(20);
	say("for the master", waiting(m));
	sys(NR_ioctl, m, TCFLSH, 0);
	say("flushed", waiting(m));
	sys(NR_ioctl, s, TCFLSH, 2);
	say("both", waiting(s));
	say("no such queue", sys(NR_ioctl, s, TCFLSH, 3));
	type(m, "gone\n");
	rest(20);
	struct termios t;
	sys(NR_ioctl, s, TCGETS, &t);
	sys(NR_ioctl, s, TCSETSF, &t);
	say("TCSETSF flushes", sys(NR_read, s, buf, 16));
	say("drain", sys(NR_ioctl, s, TCSBRK, 1));
	t.c = 0x1002;
	sys(NR_ioctl, s, TCSETS, &t);
	u8 t2[44];
	sys(NR_ioctl, s, (int)0x802c542a, t2);
	print("speeds %d %d c %x\n", *(u32 *)(t2 + 36), *(u32 *)(t2 + 40), *(u32 *)(t2 + 8));
	say("bad address", sys(NR_ioctl, s, TCGETS, 8));
	say("exclusive", sys(NR_ioctl, s, TIOCEXCL, 0));
	int pid = sys(NR_fork);
	if (pid == 0) {
		sys(NR_setresuid32, 1000, 1000, 1000);
		sys(NR_exit, -sys(NR_open, pty_name(), O_RDONLY | O_NOCTTY));
	}
	int status = reap(pid) >> 8;
	check("refused", status == EBUSY || status == EACCES);
	sys(NR_ioctl, s, TIOCNXCL, 0);

	int e = sys(NR_epoll_create1, 0);
	struct epoll_event ev = { POLLIN | (1u << 31), 7 }, got[2];
	sys(NR_epoll_ctl, e, 1, s, &ev);
	say("epoll, nothing", sys(NR_epoll_wait, e, got, 2, 0));
	type(m, "half");
	rest(20);
	say("half a line", sys(NR_epoll_wait, e, got, 2, 0));
	type(m, "\n");
	say("a line", sys(NR_epoll_wait, e, got, 2, 100));
	say("once", sys(NR_epoll_wait, e, got, 2, 0));
	type(m, "more\n");
	say("an edge", sys(NR_epoll_wait, e, got, 2, 100));
	show("lines", s);
	say("no edge", sys(NR_epoll_wait, e, got, 2, 0));
	u32 set = 1u << s;
	say("select", sys(NR_select, s + 1, &set, 0, 0, &(struct timeval){ 0, 0 }));
	show("lines", s);
	set = 1u << s;
	say("select", sys(NR_select, s + 1, &set, 0, 0, &(struct timeval){ 0, 0 }));
	pid = sys(NR_fork);
	if (pid == 0) {
		rest(20);
		type(m, "late\n");
		sys(NR_exit, 0);
	}
	say("epoll sleeps", sys(NR_epoll_wait, e, got, 2, -1));
	reap(pid);
	sys(NR_close, m);
	say("hung up", sys(NR_epoll_wait, e, got, 2, 0));
	print("%x\n", got[0].events & 0x1f);
	return 0;
}
