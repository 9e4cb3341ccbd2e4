/* Characters that send signals: to the foreground group, what is flushed, NOFLSH, TIOCSIG; stopping and starting output. */
#include "pty.h"

static int m, s;
static void on_signal(int signo) { (void)signo; }

/* A session of its own on the slave; tells through a pipe what it got. */
static void session(int out)
{
	sys(NR_setsid);
	say("controlling", sys(NR_ioctl, s, TIOCSCTTY, 0));
	say("again", sys(NR_ioctl, s, TIOCSCTTY, 0));
	int pgrp = -1, mine = sys(NR_getpgrp);
	sys(NR_ioctl, s, TIOCGPGRP, &pgrp);
	check("in the foreground", pgrp == mine);
	sys(NR_ioctl, m, TIOCGPGRP, &pgrp);
	check("as the master sees it", pgrp == mine);
	sys(NR_ioctl, s, TIOCGSID, &pgrp);
	check("session", pgrp == mine);
	flush();
	u64 all = BIT(SIGINT) | BIT(SIGQUIT) | BIT(SIGTSTP) | BIT(SIGWINCH) | BIT(SIGUSR1) | BIT(SIGHUP) | BIT(SIGCONT);
	for (int signo = 1; signo < 32; signo++) if (all & BIT(signo)) install(signo, on_signal, 0, 0);
	sys(NR_rt_sigprocmask, SIG_BLOCK, &all, 0, 8);
	sys(NR_write, out, "r", 1);
	for (;;) {
		struct siginfo info;
		int got = sys(NR_rt_sigtimedwait, &all, &info, 0, 8);
		char tell[2] = { got, info.code == 128 };
		if (got == SIGUSR1) sys(NR_exit, 0);
		sys(NR_write, out, tell, 2);
	}
}
static int in;
static void got(const char *what)
{
	char t[2] = { 0, 0 };
	struct pollfd p = { in, POLLIN, 0 };
	if (sys(NR_poll, &p, 1, 100) == 1) sys(NR_read, in, t, 2);
	print("%s: signal %d%s\n", what, t[0], t[1] ? " from the kernel" : "");
}
int main(void)
{
	m = open_master(0);
	s = open_slave(O_NONBLOCK);
	int p[2];
	sys(NR_pipe, p);
	int pid = sys(NR_fork);
	if (pid == 0) session(p[1]);
	in = p[0];
	char c[8];
	sys(NR_read, in, c, 1);
	type(m, "typed\003");
	got("^C");
	rest(20);
	type(m, "\n");
	show("input was flushed", s);
	show("echo", m);
	type(m, "x\034");
	got("^\\");
	type(m, "y\032");
	got("^Z");
	show("echo", m);
	settings(s, 0, 0, 0, 0, 0, NOFLSH);
	type(m, "kept\003\n");
	got("NOFLSH");
	show("input", s);
	show("echo", m);
	type(m, "a\026\003\n");
	got("literal");
	show("input", s);
	show("echo", m);
	settings(s, 0, 0, 0, 0, ISIG, 0);
	type(m, "\003\n");
	got("no ISIG");
	show("input", s);
	show("echo", m);
	settings(s, 0, 0, 0, 0, NOFLSH, ISIG);
	control(s, VINTR, '@');
	type(m, "\003@");
	got("another character");
	show("echo", m);
	say("TIOCSIG", sys(NR_ioctl, m, TIOCSIG, SIGQUIT));
	got("sent");
	say("not any", sys(NR_ioctl, m, TIOCSIG, SIGUSR2));
	struct winsize w = { 30, 100, 1, 2 }, seen;
	say("window", sys(NR_ioctl, m, TIOCSWINSZ, &w));
	got("resized");
	say("the same again", sys(NR_ioctl, s, TIOCSWINSZ, &w));
	got("not resized");
	sys(NR_ioctl, s, TIOCGWINSZ, &seen);
	print("%d %d %d %d\n", seen.row, seen.col, seen.x, seen.y);

	type(m, "\023");
	rest(20);
	say("stopped: write", sys(NR_write, s, "out", 3));
	struct pollfd q = { s, POLLOUT, 0 };
	say("poll", sys(NR_poll, &q, 1, 0));
	type(m, "echo later\n");
	show("nothing", m);
	type(m, "\021");
	show("started", m);
	say("write", sys(NR_write, s, "out", 3));
	show("out", m);
	type(m, "\023");
	rest(20);
	type(m, "z");
	show("any key is none", m);
	settings(s, 0, IXANY, 0, 0, 0, 0);
	type(m, "z");
	show("IXANY", m);
	say("TCOOFF", sys(NR_ioctl, s, TCXONC, 0));
	type(m, "\021z");
	show("not undone by a character", m);
	say("TCOON", sys(NR_ioctl, s, TCXONC, 1));
	show("undone", m);
	say("TCIOFF", sys(NR_ioctl, s, TCXONC, 2));
	say("TCION", sys(NR_ioctl, s, TCXONC, 3));
	show("characters", m);
	say("no such", sys(NR_ioctl, s, TCXONC, 4));
	type(m, "\023");
	rest(20);
	settings(s, IXON | IXANY, 0, 0, 0, 0, 0);
	say("without IXON it goes on", sys(NR_write, s, "on", 2));
	show("on", m);
	sys(NR_kill, pid, SIGUSR1);
	say("the session", reap(pid));
	return 0;
}
