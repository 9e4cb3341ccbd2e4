/* Hanging up: the master closes, a session's leader ends, the last slave closes; who is told and what is left. */
#include "pty.h"

static int m, s, out;
static volatile int told;
static void on_signal(int signo) { told |= 1 << signo; }
static void report(char what) { sys(NR_write, out, &what, 1); }

static void lead(void)
{
	sys(NR_setsid);
	sys(NR_ioctl, s, TIOCSCTTY, 0);
	install(SIGHUP, on_signal, 0, 0);
	install(SIGCONT, on_signal, 0, 0);
}
static int bits(void) { return (told >> SIGHUP & 1) + 2 * (told >> SIGCONT & 1); }

/* The leader and a foreground group of its own; both tell what they got. */
static void shell(int read_too)
{
	lead();
	sys(NR_close, m);
	int own = sys(NR_getpgrp);
	int job = sys(NR_fork);
	if (job == 0) {
		sys(NR_setpgid, 0, 0);
		report('j');
		while (!(told & (1 << SIGHUP))) rest(5);
		rest(20);
		report('0' + bits());
		sys(NR_exit, 0);
	}
	sys(NR_setpgid, job, job);
	sys(NR_ioctl, s, TIOCSPGRP, &job);
	report('r');
	char c;
	if (read_too) {
		install(SIGTTIN, SIG_IGN, 0, 0);
		install(SIGTTOU, SIG_IGN, 0, 0);
		sys(NR_ioctl, s, TIOCSPGRP, &own);
		install(SIGHUP, on_signal, SA_RESTART, 0);
		install(SIGCONT, on_signal, SA_RESTART, 0);
		report(sys(NR_read, s, &c, 1) == 0 ? 'e' : 'x');
		report('0' + bits());
		report(sys(NR_open, "/dev/tty", O_RDWR) == -ENXIO ? 'n' : 'x');
		report(sys(NR_write, s, "x", 1) == -EIO ? 'i' : 'x');
		int pgrp;
		report(sys(NR_ioctl, s, TIOCGPGRP, &pgrp) == -EIO ? 'g' : 'x');
		report(sys(NR_ioctl, s, TIOCSPGRP, &own) == -ENOTTY ? 'p' : 'x');
		sys(NR_kill, job, SIGKILL);
	} else {
		while (bits() != 3) rest(5);
		report('l');
	}
	sys(NR_exit, 3);
}
static void collect(const char *what, int in, int pid)
{
	char line[40];
	int n = 0, k;
	if (pid) print("%s: status %d\n", what, reap(pid));
	rest(100);
	while (n < 39 && (k = sys(NR_read, in, line + n, 39 - n)) > 0) n += k;
	/* Two processes write: in no fixed order. */
	for (int i = 0; i < n; i++)
		for (int j = i + 1; j < n; j++)
			if (line[j] < line[i]) { char t = line[i]; line[i] = line[j]; line[j] = t; }
	line[n] = 0;
	print("%s: %s\n", what, line);
}
static int begin(void (*run)(int), int arg, int *in)
{
	int p[2];
	sys(NR_pipe, p);
	m = open_master(0);
	s = open_slave(0);
	flush();
	out = p[1];
	int pid = sys(NR_fork);
	if (pid == 0) run(arg);
	sys(NR_close, p[1]);
	sys(NR_close, s);
	*in = p[0];
	char c[2];
	sys(NR_read, *in, c, 1);
	sys(NR_read, *in, c + 1, 1);
	return pid;
}
/* The leader ends while its job is in the foreground. */
static void leaves(int arg)
{
	lead();
	int job = sys(NR_fork);
	if (job == 0) {
		sys(NR_setpgid, 0, 0);
		report('j');
		while (!(told & (1 << SIGHUP))) rest(5);
		rest(20);
		report('0' + bits());
		report(sys(NR_open, "/dev/tty", O_RDWR) == -ENXIO ? 'n' : 'x');
		int pgrp;
		report(sys(NR_ioctl, s, TIOCGPGRP, &pgrp) == -ENOTTY ? 'g' : 'x');
		report(sys(NR_write, s, "still", 5) == 5 ? 'w' : 'x');
		sys(NR_exit, 0);
	}
	sys(NR_setpgid, job, job);
	sys(NR_ioctl, s, TIOCSPGRP, &job);
	report('r');
	rest(20);
	sys(NR_exit, arg);
}
int main(void)
{
	int in;
	int pid = begin(shell, 0, &in);
	sys(NR_close, m);
	collect("closed by the master", in, pid);
	sys(NR_close, in);
	pid = begin(shell, 1, &in);
	rest(20);
	sys(NR_close, m);
	collect("a reader", in, pid);
	sys(NR_close, in);
	pid = begin(leaves, 9, &in);
	collect("the leader ends", in, pid);
	show("written after it", m);
	struct pollfd p = { m, POLLIN, 0 };
	sys(NR_poll, &p, 1, 0);
	say("the last slave is gone: poll", p.revents);
	char c;
	say("read", sys(NR_read, m, &c, 1));
	sys(NR_close, in);
	sys(NR_close, m);

	/* Sleepers on the master's side. */
	m = open_master(0);
	s = open_slave(0);
	pid = sys(NR_fork);
	if (pid == 0) {
		rest(30);
		sys(NR_exit, 0);
	}
	sys(NR_close, s);
	say("a sleeping read ends with the last slave", sys(NR_read, m, &c, 1));
	reap(pid);
	s = open_slave(0);
	pid = sys(NR_fork);
	if (pid == 0) {
		sys(NR_close, m);
		int n = sys(NR_read, s, &c, 1);
		sys(NR_exit, n == 0 ? 11 : 12);
	}
	rest(30);
	sys(NR_close, m);
	say("a sleeping read of a slave ends with the master", reap(pid) >> 8);
	m = open_master(0);
	s = open_slave(0);
	pid = sys(NR_fork);
	if (pid == 0) {
		static char big[100000];
		sys(NR_close, m);
		int n = sys(NR_write, s, big, sizeof big);
		sys(NR_exit, n > 4000 && n < (int)sizeof big ? 13 : n == -EIO ? 14 : 15);
	}
	rest(30);
	sys(NR_close, m);
	say("a sleeping write", reap(pid) >> 8);
	return 0;
}
