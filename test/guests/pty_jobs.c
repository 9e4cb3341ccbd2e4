/* Job control: reading and writing in the background, orphans, changing the foreground, /dev/tty, giving the terminal up. */
#include "pty.h"

static int m, s;
static volatile int told;
static void on_signal(int signo) { told |= 1 << signo; }

/* A child in a process group of its own, in the background. */
static int background(int (*run)(void), int group)
{
	flush();
	int pid = sys(NR_fork);
	if (pid == 0) {
		if (group) sys(NR_setpgid, 0, 0);
		sys(NR_exit, run());
	}
	if (group) sys(NR_setpgid, pid, pid);
	return pid;
}
static int stopped(int pid)
{
	int status = 0;
	int got = sys(NR_wait4, pid, &status, 2, 0);
	return got == pid && (status & 0xff) == 0x7f ? status >> 8 : -1;
}
static int reads(void)
{
	char c[8];
	int n = sys(NR_read, s, c, 8);
	return n == -EIO ? 99 : n == -EINTR ? 98 : n;
}
static int reads_caught(void) { install(SIGTTIN, on_signal, 0, 0); return reads() == 98 && told == 1 << SIGTTIN ? 7 : 8; }
static int reads_ignored(void) { install(SIGTTIN, SIG_IGN, 0, 0); return reads(); }
static int reads_blocked(void) { set_mask(SIG_BLOCK, BIT(SIGTTIN)); return reads(); }
static int writes(void) { return sys(NR_write, s, "bg\n", 3) == 3 ? 3 : 1; }
static int writes_ignored(void) { install(SIGTTOU, SIG_IGN, 0, 0); return writes(); }
static int sets(void)
{
	struct termios t;
	sys(NR_ioctl, s, TCGETS, &t);
	return sys(NR_ioctl, s, TCSETS, &t) == 0 ? 4 : 1;
}
static int takes(void)
{
	install(SIGTTOU, SIG_IGN, 0, 0);
	int mine = sys(NR_getpgrp);
	return sys(NR_ioctl, s, TIOCSPGRP, &mine) == 0 ? 5 : 1;
}
/* Its parent ends: nobody could continue the group. */
static int orphan(void)
{
	int pid = sys(NR_fork);
	if (pid != 0) sys(NR_exit, 0);
	install(SIGTTOU, SIG_DFL, 0, 0);
	sys(NR_setpgid, 0, 0);
	rest(50);
	char c, result[3];
	result[0] = -sys(NR_read, s, &c, 1);
	struct termios t;
	sys(NR_ioctl, s, TCGETS, &t);
	result[1] = -sys(NR_ioctl, s, TCSETS, &t);
	int pgrp = sys(NR_getpgrp);
	result[2] = -sys(NR_ioctl, s, TIOCSPGRP, &pgrp);
	sys(NR_write, told, result, 3);
	return 0;
}
static void leader(void)
{
	sys(NR_setsid);
	say("/dev/tty of nobody", sys(NR_open, "/dev/tty", O_RDWR));
	sys(NR_close, s);
	s = sys(NR_open, pty_name(), O_RDWR);
	check("opened it is controlling", s >= 0);
	int tty = sys(NR_open, "/dev/tty", O_RDWR), pgrp, own = sys(NR_getpgrp);
	check("/dev/tty", tty >= 0);
	type(tty, "through tty\n");
	int pid = background(reads, 1);
	say("read stops", stopped(pid));
	say("to the foreground", sys(NR_ioctl, s, TIOCSPGRP, &pid));
	sys(NR_ioctl, s, TIOCGPGRP, &pgrp);
	check("it is", pgrp == pid);
	sys(NR_kill, pid, SIGCONT);
	type(m, "data\n");
	say("read", reap(pid) >> 8);
	/* The leader is in the background now. */
	install(SIGTTOU, SIG_IGN, 0, 0);
	say("back", sys(NR_ioctl, s, TIOCSPGRP, &own));
	install(SIGTTOU, SIG_DFL, 0, 0);
	say("caught", reap(background(reads_caught, 1)) >> 8);
	say("ignored", reap(background(reads_ignored, 1)) >> 8);
	say("blocked", reap(background(reads_blocked, 1)) >> 8);
	say("written", reap(background(writes, 1)) >> 8);
	settings(s, 0, 0, 0, 0, 0, TOSTOP);
	pid = background(writes, 1);
	say("TOSTOP", stopped(pid));
	settings(s, 0, 0, 0, 0, TOSTOP, 0);
	sys(NR_kill, pid, SIGCONT);
	say("without it", reap(pid) >> 8);
	settings(s, 0, 0, 0, 0, 0, TOSTOP);
	say("ignored", reap(background(writes_ignored, 1)) >> 8);
	settings(s, 0, 0, 0, 0, TOSTOP, 0);
	pid = background(sets, 1);
	say("settings", stopped(pid));
	sys(NR_kill, pid, SIGCONT);
	say("again", stopped(pid));
	say("given", sys(NR_ioctl, s, TIOCSPGRP, &pid));
	sys(NR_kill, pid, SIGCONT);
	say("set", reap(pid) >> 8);
	install(SIGTTOU, SIG_IGN, 0, 0);
	sys(NR_ioctl, s, TIOCSPGRP, &own);
	pid = background(takes, 1);
	say("taken", reap(pid) >> 8);
	sys(NR_ioctl, s, TIOCSPGRP, &own);
	pgrp = 99999;
	say("no group", sys(NR_ioctl, s, TIOCSPGRP, &pgrp));
	pgrp = -3;
	say("no number", sys(NR_ioctl, s, TIOCSPGRP, &pgrp));
	pgrp = sys(NR_getppid);
	say("another session's", sys(NR_ioctl, s, TIOCSPGRP, &pgrp));
	int p[2];
	sys(NR_pipe, p);
	told = p[1];
	reap(background(orphan, 0));
	u8 r[3] = { 0 };
	sys(NR_read, p[0], r, 3);
	print("orphan: read -%d set -%d take -%d\n", r[0], r[1], r[2]);
	told = 0;
	/* Given up: the foreground group hears of it. */
	install(SIGHUP, on_signal, 0, 0);
	install(SIGCONT, on_signal, 0, 0);
	say("given up", sys(NR_ioctl, s, TIOCNOTTY, 0));
	check("SIGHUP and SIGCONT", told == ((1 << SIGHUP) | (1 << SIGCONT)));
	say("/dev/tty again", sys(NR_open, "/dev/tty", O_RDWR));
	say("not controlling", sys(NR_ioctl, s, TIOCGPGRP, &pgrp));
	say("given up twice", sys(NR_ioctl, s, TIOCNOTTY, 0));
	say("the old file reads on", (type(m, "x\n"), sys(NR_read, tty, r, 2)));
	finish(0);
}
int main(void)
{
	m = open_master(0);
	s = open_slave(0);
	flush();
	int pid = sys(NR_fork);
	if (pid == 0) leader();
	int status = reap(pid);
	show("shown", m);
	say("the leader", status);
	pid = sys(NR_fork);
	if (pid == 0) {
		sys(NR_setsid);
		int w = sys(NR_open, pty_name(), O_WRONLY);
		int none = sys(NR_open, "/dev/tty", O_RDWR) == -ENXIO;
		sys(NR_close, w);
		w = sys(NR_open, pty_name(), O_RDWR | O_NOCTTY);
		none += sys(NR_open, "/dev/tty", O_RDWR) == -ENXIO;
		sys(NR_close, w);
		sys(NR_open, pty_name(), O_RDONLY);
		sys(NR_exit, none * 10 + (sys(NR_open, "/dev/tty", O_RDWR) >= 0));
	}
	say("who only writes has none, nor with O_NOCTTY", reap(pid) >> 8);
	return 0;
}
