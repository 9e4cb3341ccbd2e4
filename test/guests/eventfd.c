/* An eventfd counts what is written to it; a reader takes it all, or one by one; who finds nothing waits, or is told so. */
#include "polling.h"

static int fd;
static int adder(void)
{
	u64 one = 1;
	pause_ms(5);
	return sys(NR_write, fd, &one, 8) != 8;
}
static void look(const char *what, int f)
{
	struct pollfd p = { f, POLLIN | POLLOUT, 0 };
	int n = sys(NR_poll, &p, 1, 0);
	print("%s: %d %x\n", what, n, p.revents);
}
int main(void)
{
	u64 value = 5, got = 0;
	fd = sys(NR_eventfd2, 3, O_NONBLOCK);
	look("new", fd);
	say("write", sys(NR_write, fd, &value, 8));
	say("read", sys(NR_read, fd, &got, 8));
	say("all of it", (int)got);
	look("empty", fd);
	say("nothing", sys(NR_read, fd, &got, 8));
	say("short read", sys(NR_read, fd, &got, 4));
	say("short write", sys(NR_write, fd, &value, 4));
	value = ~0ull;
	say("too much", sys(NR_write, fd, &value, 8));
	value = ~0ull - 1;
	say("to the brim", sys(NR_write, fd, &value, 8));
	look("full", fd);
	value = 1;
	say("one more", sys(NR_write, fd, &value, 8));
	say("seek", sys(NR_lseek, fd, 0, 0));
	sys(NR_close, fd);
	int one = sys(NR_eventfd2, 2, 1);
	for (int i = 0; i < 2; i++) {
		got = 0;
		sys(NR_read, one, &got, 8);
		say("one by one", (int)got);
	}
	say("bad flags", sys(NR_eventfd2, 0, 2));
	fd = sys(NR_eventfd2, 0, 0);
	int pid = spawn(adder);
	say("waited", sys(NR_read, fd, &got, 8));
	say("child", reap(pid));
	return 0;
}
