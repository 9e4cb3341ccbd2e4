/* Pseudo-terminals: /dev/ptmx, unlocking, names, both ends, poll, what the last close of each means. */
#include "pty.h"

static int poll_now(int fd)
{
	struct pollfd p = { fd, POLLIN | POLLOUT, 0 };
	sys(NR_poll, &p, 1, 0);
	return p.revents;
}
int main(void)
{
	int m = sys(NR_open, "/dev/ptmx", O_RDWR | O_NOCTTY);
	check("a master", m >= 0);
	int lock = -1;
	sys(NR_ioctl, m, TIOCGPTLCK, &lock);
	say("locked", lock);
	sys(NR_ioctl, m, TIOCGPTN, &pty_number);
	say("slave of a locked one", open_slave(0));
	sys(NR_ioctl, m, TIOCSPTLCK, &(int){ 0 });
	int s = open_slave(0);
	check("the slave opens", s >= 0);
	struct termios t;
	say("settings", sys(NR_ioctl, s, TCGETS, &t));
	print("i %x o %x c %x l %x line %d\n", t.i, t.o, t.c, t.l, t.line);
	for (int i = 0; i < 17; i++) print("%x ", t.cc[i]);
	print("\n");
	struct termios u;
	sys(NR_ioctl, m, TCGETS, &u);
	check("the master shows the slave's", memcmp(&t, &u, sizeof t) == 0);
	say("position", sys(NR_lseek, s, 0, 0));
	say("poll master", poll_now(m));
	say("poll slave", poll_now(s));
	type(s, "out\n");
	show("master reads", m);
	type(m, "in\n");
	show("slave reads", s);
	show("its echo", m);
	int s2 = sys(NR_ioctl, m, TIOCGPTPEER, O_RDWR | O_NOCTTY);
	check("the peer", s2 >= 0);
	char path[48], link[40] = "/proc/self/fd/";
	link[14] = '0' + s2;
	int n = sys(NR_readlink, link, path, 47);
	check("its name", n > 0 && (path[n] = 0, same(path, pty_name())));
	sys(NR_close, s);
	type(s2, "still\n");
	show("the other slave", m);
	sys(NR_ioctl, s2, TCGETS, &t);
	t.l &= ~(u32)ECHO;
	sys(NR_ioctl, s2, TCSETS, &t);
	type(s2, "last");
	sys(NR_close, s2);
	say("poll after the last slave", poll_now(m) & (POLLIN | POLLHUP));
	show("what was written", m);
	char c;
	say("then", sys(NR_read, m, &c, 1));
	say("poll", poll_now(m) & (POLLIN | POLLHUP | POLLERR));
	type(m, "kept\n");
	s = open_slave(0);
	show("for the next slave", s);
	sys(NR_ioctl, s, TCGETS, &t);
	say("settings stay, echo", t.l & ECHO);
	sys(NR_fcntl, m, 4, O_NONBLOCK);
	say("nothing", sys(NR_read, m, &c, 1));
	sys(NR_close, m);
	say("hung up: read", sys(NR_read, s, &c, 1));
	say("write", sys(NR_write, s, "x", 1));
	say("settings", sys(NR_ioctl, s, TCGETS, &t));
	say("poll", poll_now(s));
	check("the name is gone", open_slave(0) == -ENOENT || open_slave(0) == -EIO);
	sys(NR_close, s);
	int a = open_master(0), first = pty_number, b = open_master(0);
	int discipline = 77;
	say("discipline", sys(NR_ioctl, a, 0x5424, &discipline));
	say("which", discipline);
	say("the same again", sys(NR_ioctl, a, 0x5423, &discipline));
	discipline = 99;
	say("another", sys(NR_ioctl, a, 0x5423, &discipline));
	check("numbers differ", pty_number != first);
	sys(NR_close, a);
	sys(NR_close, b);
	return 0;
}
