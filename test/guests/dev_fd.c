/* /dev/fd and /proc/self/fd opened again: a pipe's other end, a file with a place of its own, what cannot be opened. */
#include "guest.h"

enum { NR_socketpair = 360, NR_eventfd2 = 328 };

static int open_fd(const char *base, int fd, int flags)
{
	char path[40];
	u32 n = strlen(base);
	memcpy(path, base, n);
	if (fd >= 10) path[n++] = '0' + fd / 10;
	path[n++] = '0' + fd % 10;
	path[n] = 0;
	return sys(NR_open, path, flags);
}
int main(void)
{
	char buf[16], link[64];
	int n = sys(NR_readlink, "/dev/fd", link, 64);
	check("/dev/fd is a link", n == 13 && memcmp(link, "/proc/self/fd", 13) == 0);
	n = sys(NR_readlink, "/dev/stdin", link, 64);
	check("/dev/stdin is one", n == 15 && memcmp(link, "/proc/self/fd/0", 15) == 0);

	int p[2];
	sys(NR_pipe, p);
	sys(NR_write, p[1], "first", 5);
	int r = open_fd("/dev/fd/", p[1], O_RDONLY);
	check("the writer's name opened for reading is the pipe", sys(NR_read, r, buf, 16) == 5 && memcmp(buf, "first", 5) == 0);
	int w = open_fd("/proc/self/fd/", p[0], O_WRONLY);
	sys(NR_close, p[1]);
	say("written through the other name", sys(NR_write, w, "second", 6));
	say("read", sys(NR_read, p[0], buf, 16));
	sys(NR_close, w);
	say("no writer is left", sys(NR_read, r, buf, 16));
	int again = open_fd("/dev/fd/", r, O_WRONLY | O_NONBLOCK);
	check("a writer again", again >= 0);
	sys(NR_fcntl, r, 4, O_NONBLOCK);
	say("nothing to read", sys(NR_read, r, buf, 16));
	sys(NR_close, r);
	sys(NR_close, p[0]);
	sys(NR_rt_sigprocmask, SIG_BLOCK, &(u64){ BIT(SIGPIPE) }, 0, 8);
	say("no reader is left", sys(NR_write, again, "x", 1));
	say("nor to be met", open_fd("/dev/fd/", again, O_WRONLY | O_NONBLOCK));

	int f = sys(NR_open, "/tmp/dev_fd", O_RDWR | O_CREAT | O_TRUNC, 0600);
	sys(NR_write, f, "abcdef", 6);
	int g = open_fd("/dev/fd/", f, O_RDONLY);
	n = sys(NR_read, g, buf, 16);
	check("a file is opened anew, from its beginning", n == 6 && memcmp(buf, "abcdef", 6) == 0);
	sys(NR_unlink, "/tmp/dev_fd");
	int h = open_fd("/proc/self/fd/", f, O_RDWR | O_TRUNC);
	check("one without a name, too", h >= 0 && sys(NR_lseek, f, 0, 2) == 0);
	say("it is not made anew", open_fd("/dev/fd/", f, O_RDWR | O_CREAT | O_EXCL));

	int s[2];
	sys(NR_socketpair, 1, 1, 0, s);
	say("a socket", open_fd("/dev/fd/", s[0], O_RDWR));
	say("an event", open_fd("/dev/fd/", sys(NR_eventfd2, 0, 0), O_RDWR));
	say("nothing", open_fd("/dev/fd/", 77, O_RDONLY));
	return 0;
}
