/* Pseudo-terminals for the guest programs: opening a pair, settings, showing bytes. */
#pragma once
#include "procs.h"

enum {
	TCGETS = 0x5401, TCSETS, TCSETSW, TCSETSF, TCSBRK = 0x5409, TCXONC, TCFLSH, TIOCSCTTY = 0x540e, TIOCGPGRP, TIOCSPGRP, TIOCOUTQ,
	TIOCSTI, TIOCGWINSZ, TIOCSWINSZ, FIONREAD = 0x541b, TIOCPKT = 0x5420, TIOCNOTTY = 0x5422, TIOCGSID = 0x5429, TIOCGPTPEER = 0x5441,
	TIOCGPTN = (int)0x80045430, TIOCSPTLCK = 0x40045431, TIOCSIG = 0x40045436, TIOCGPKT = (int)0x80045438, TIOCGPTLCK = (int)0x80045439,
};
enum { NR_ioctl = 54 };
enum { O_NOCTTY = 0400 };
enum { SIGTTIN = 21, SIGTTOU };
enum { EIO = 5, ENXIO = 6, ENOTTY = 25 };
enum { ISTRIP = 040, INLCR = 0100, IGNCR = 0200, ICRNL = 0400, IXON = 02000, IXANY = 04000, IUTF8 = 040000, PARMRK = 010 };
enum { OPOST = 1, OLCUC = 2, ONLCR = 4, OCRNL = 010, ONOCR = 020, ONLRET = 040, XTABS = 014000 };
enum {
	ISIG = 1, ICANON = 2, ECHO = 010, ECHOE = 020, ECHOK = 040, ECHONL = 0100, NOFLSH = 0200, TOSTOP = 0400, ECHOCTL = 01000, ECHOPRT = 02000,
	ECHOKE = 04000, IEXTEN = 0100000,
};
enum { VINTR, VQUIT, VERASE, VKILL, VEOF, VTIME, VMIN, VSWTC, VSTART, VSTOP, VSUSP, VEOL, VREPRINT, VDISCARD, VWERASE, VLNEXT, VEOL2 };
struct termios { u32 i, o, c, l; u8 line, cc[19]; };
struct winsize { u16 row, col, x, y; };

static int pty_number;

/* The master of a new pseudo-terminal, unlocked. */
static __attribute__((unused)) int open_master(int flags)
{
	int master = sys(NR_open, "/dev/ptmx", O_RDWR | O_NOCTTY | flags);
	int no = 0;
	sys(NR_ioctl, master, TIOCSPTLCK, &no);
	sys(NR_ioctl, master, TIOCGPTN, &pty_number);
	return master;
}
static __attribute__((unused)) const char *pty_name(void)
{
	static char name[32];
	char digits[8];
	int n = pty_number, k = 0, at = 9;
	memcpy(name, "/dev/pts/", 9);
	do digits[k++] = '0' + n % 10; while (n /= 10);
	while (k > 0) name[at++] = digits[--k];
	name[at] = 0;
	return name;
}
static __attribute__((unused)) int open_slave(int flags) { return sys(NR_open, pty_name(), O_RDWR | O_NOCTTY | flags); }

/* Settings: bits taken away from and added to each word. */
static __attribute__((unused)) void settings(int fd, u32 i_off, u32 i_on, u32 o_off, u32 o_on, u32 l_off, u32 l_on)
{
	struct termios t;
	sys(NR_ioctl, fd, TCGETS, &t);
	t.i = (t.i & ~i_off) | i_on;
	t.o = (t.o & ~o_off) | o_on;
	t.l = (t.l & ~l_off) | l_on;
	sys(NR_ioctl, fd, TCSETS, &t);
}
static __attribute__((unused)) void control(int fd, int which, int value)
{
	struct termios t;
	sys(NR_ioctl, fd, TCGETS, &t);
	t.cc[which] = value;
	sys(NR_ioctl, fd, TCSETS, &t);
}
static __attribute__((unused)) void type(int fd, const char *text) { sys(NR_write, fd, text, strlen(text)); }

/* What there is to read now, shown; the work queue of a real kernel gets time to bring it. */
static __attribute__((unused)) void show(const char *what, int fd)
{
	static u8 buf[300];
	struct pollfd p = { fd, POLLIN, 0 };
	int ready = sys(NR_poll, &p, 1, 50);
	sys(NR_nanosleep, &(struct timespec){ 0, 10000000 }, 0);
	int n = ready == 1 && (p.revents & POLLIN) ? sys(NR_read, fd, buf, 256) : -EAGAIN;
	print("%s: %d ", what, n);
	for (int k = 0; k < n; k++) {
		if (buf[k] < 32 || buf[k] > 126) print("<%x>", buf[k]);
		else print("%c", buf[k]);
	}
	print("\n");
}
static __attribute__((unused)) int waiting(int fd)
{
	int n = -1;
	sys(NR_ioctl, fd, FIONREAD, &n);
	return n;
}
static __attribute__((unused)) void rest(int ms) { sys(NR_nanosleep, &(struct timespec){ ms / 1000, ms % 1000 * 1000000 }, 0); }
