/*
 * What Linux's line discipline makes of random settings and bytes: the expectations of tty.test.ts.
 * gcc -m32 -O1 -o tty tty.native.c -lutil && ./tty 400 > tty.native.txt (./tty CASES SEED: others)
 * Lines: `new`; `set` struct termios; `type` bytes the master wrote; `write` bytes the slave wrote, how many went; `read` what one read of the
 * slave got, `-` = EAGAIN; `count` FIONREAD of the slave; `shown` all that the master could read.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>
#include <asm/termbits.h>

static unsigned seed = 1;
static unsigned pick(unsigned n)
{
	seed = seed * 1103515245 + 12345;
	return (seed >> 12) % n;
}
static void hex(const char *what, const void *bytes, int n)
{
	printf("%s ", what);
	for (int i = 0; i < n; i++) printf("%02x", ((const unsigned char *)bytes)[i]);
	printf("\n");
}
static void rest(void) { nanosleep(&(struct timespec){ 0, 15000000 }, NULL); }

static int m, s;
static const tcflag_t IFLAGS[] = { ISTRIP, INLCR, IGNCR, ICRNL, IUCLC, IXON, IXANY, IUTF8, PARMRK };
static const tcflag_t OFLAGS[] = { OLCUC, ONLCR, OCRNL, ONOCR, ONLRET, XTABS };
static const tcflag_t LFLAGS[] = { ISIG, ICANON, ICANON, ECHO, ECHO, ECHOE, ECHOK, ECHONL, NOFLSH, ECHOCTL, ECHOPRT, ECHOKE, IEXTEN };

static void set(void)
{
	struct termios t;
	ioctl(s, TCGETS, &t);
	/* Half of the time near what terminals are. */
	int near = pick(2);
	t.c_iflag = near ? ICRNL | IXON : 0;
	t.c_oflag = near ? OPOST | ONLCR : pick(4) ? OPOST : 0;
	t.c_lflag = near ? ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE | IEXTEN : 0;
	for (unsigned i = 0; i < sizeof IFLAGS / sizeof *IFLAGS; i++) if (pick(near ? 6 : 3) == 0) t.c_iflag ^= IFLAGS[i];
	for (unsigned i = 0; i < sizeof OFLAGS / sizeof *OFLAGS; i++) if (pick(near ? 6 : 3) == 0) t.c_oflag ^= OFLAGS[i];
	for (unsigned i = 0; i < sizeof LFLAGS / sizeof *LFLAGS; i++) if (pick(near ? 6 : 2) == 0) t.c_lflag ^= LFLAGS[i];
	t.c_cc[VMIN] = 1;
	t.c_cc[VTIME] = 0;
	t.c_cc[VEOL] = pick(3) ? 0 : '!';
	t.c_cc[VEOL2] = pick(3) ? 0 : '?';
	if (pick(8) == 0) t.c_cc[pick(17)] = 0;
	t.c_cc[VMIN] = 1;
	ioctl(s, TCSETS, &t);
	rest();
	ioctl(s, TCGETS, &t);
	hex("set", &t, sizeof t);
}
static int text(char *to, int output)
{
	static const char special[] = "\177\177\025\027\026\022\004\n\n\r\t\003\034\032\021\023\010!?\001\033\377\303\244\300 _";
	int n = 1 + pick(24);
	for (int i = 0; i < n; i++) {
		unsigned r = pick(10);
		to[i] = r < 5 ? "abcXYZ019_ ."[pick(12)] : r < 9 ? special[pick(sizeof special - 1)] : (char)pick(256);
		if (output && pick(3) == 0) to[i] = "\n\r\t\b\t\r"[pick(6)];
	}
	return n;
}
static void shown(void)
{
	static char buf[8192];
	int n = 0, k;
	rest();
	while ((k = read(m, buf + n, sizeof buf - n)) > 0) n += k, rest();
	hex("shown", buf, n);
}
int main(int argc, char **argv)
{
	int cases = argc > 1 ? atoi(argv[1]) : 100;
	if (argc > 2) seed = atoi(argv[2]);
	for (int c = 0; c < cases; c++) {
		m = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_NONBLOCK);
		ioctl(m, TIOCSPTLCK, &(int){ 0 });
		s = ioctl(m, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_NONBLOCK);
		if (s < 0) return 1;
		printf("new\n");
		for (int rounds = 1 + pick(5); rounds > 0; rounds--) {
			char buf[256];
			if (pick(2)) set();
			int n = text(buf, 0);
			hex("type", buf, n);
			write(m, buf, n);
			rest();
			if (pick(2)) shown();
			if (pick(3) == 0) {
				n = text(buf, 1);
				int done = write(s, buf, n);
				hex("write", buf, n);
				printf("went %d\n", done < 0 ? -errno : done);
			}
			if (pick(3)) shown();
			for (int reads = pick(4); reads > 0; reads--) {
				int q = -1;
				ioctl(s, FIONREAD, &q);
				printf("count %d\n", q);
				int want = pick(3) ? 256 : 1 + pick(6);
				n = read(s, buf, want);
				printf("want %d\n", want);
				if (n < 0) printf("read -\n");
				else hex("read", buf, n);
			}
		}
		close(s);
		close(m);
	}
	return 0;
}
