/* What a program looks at to know its terminal: window and SIGWINCH, /proc/PID/stat, stat of the devices, links of descriptors. */
#include "pty.h"

enum { NR_fstat64_ = 197 };
struct stat64 { u64 dev; u32 pad, ino32, mode, nlink, uid, gid; u64 rdev; u32 pad2; long long size __attribute__((packed)); u32 blksize, rest[12]; } __attribute__((packed));

static int m, s;
static volatile int resized;
static void on_winch(int signo) { (void)signo; resized++; }

/* tty_nr and tpgid of /proc/self/stat. */
static void stat_fields(int *tty, int *tpgid)
{
	static char text[512];
	int fd = sys(NR_open, "/proc/self/stat", O_RDONLY), n = sys(NR_read, fd, text, 511), at = 0, field[9] = { 0 };
	sys(NR_close, fd);
	while (at < n && text[at] != ')') at++;
	at += 4;
	for (int f = 4; f <= 8; f++, at++) {
		int sign = 1;
		if (text[at] == '-') sign = -1, at++;
		for (; text[at] >= '0' && text[at] <= '9'; at++) field[f] = field[f] * 10 + text[at] - '0';
		field[f] *= sign;
	}
	*tty = field[7];
	*tpgid = field[8];
}
static void device(const char *what, int fd)
{
	struct stat64 st;
	memset(&st, 0, sizeof st);
	sys(NR_fstat64_, fd, &st);
	u32 major = (u32)st.rdev >> 8, minor = (u32)st.rdev & 255;
	print("%s: mode %x block %d device %d:%s\n", what, st.mode & 0170000, st.blksize, major, major == 136 ? (minor == (u32)pty_number ? "its own" : "another") : minor == 2 ? "2" : minor == 0 ? "0" : "?");
}
int main(void)
{
	m = open_master(0);
	s = open_slave(0);
	device("master", m);
	device("slave", s);
	struct winsize w = { 1, 1, 1, 1 };
	sys(NR_ioctl, s, TIOCGWINSZ, &w);
	print("window %d %d %d %d\n", w.row, w.col, w.x, w.y);
	flush();
	int pid = sys(NR_fork);
	if (pid == 0) {
		int tty, tpgid, own;
		sys(NR_setsid);
		stat_fields(&tty, &tpgid);
		print("without: %d %d\n", tty, tpgid);
		sys(NR_ioctl, s, TIOCSCTTY, 0);
		own = sys(NR_getpgrp);
		stat_fields(&tty, &tpgid);
		check("tty_nr", tty == (136 << 8 | pty_number));
		check("tpgid", tpgid == own);
		int t = sys(NR_open, "/dev/tty", O_RDWR);
		device("/dev/tty", t);
		char link[32] = "/proc/self/fd/", path[32];
		link[14] = '0' + t;
		int n = sys(NR_readlink, link, path, 31);
		path[n] = 0;
		print("%s\n", path);
		install(SIGHUP, SIG_IGN, 0, 0);
		install(SIGWINCH, on_winch, 0, 0);
		w = (struct winsize){ 50, 132, 0, 0 };
		sys(NR_ioctl, m, TIOCSWINSZ, &w);
		say("resized", resized);
		sys(NR_ioctl, t, TIOCSWINSZ, &w);
		say("no more", resized);
		w.row = 51;
		sys(NR_ioctl, t, TIOCSWINSZ, &w);
		say("by itself", resized);
		sys(NR_ioctl, s, TIOCNOTTY, 0);
		stat_fields(&tty, &tpgid);
		print("given up: %d %d\n", tty, tpgid);
		w.row = 52;
		sys(NR_ioctl, m, TIOCSWINSZ, &w);
		say("nobody hears", resized);
		finish(0);
	}
	reap(pid);
	sys(NR_ioctl, m, TIOCGWINSZ, &w);
	print("window %d %d\n", w.row, w.col);
	return 0;
}
