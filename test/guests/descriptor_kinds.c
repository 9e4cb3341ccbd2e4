/* What a descriptor is decides before its buffer is looked at: devices that look at nothing, empty vectors, no positions, nothing to wait for. */
#include "polling.h"
#define BAD ((void *)16)
enum { NR_sync_file_range = 314, NR_sendfile = 187, NR_pwritev = 334, O_PATH = 010000000 };

static void with(const char *what, int fd)
{
	u64 word = 1;
	print("%s\n", what);
	say(" write from nowhere", sys(NR_write, fd, BAD, 8));
	say(" an empty vector in", sys(NR_writev, fd, BAD, 0));
	say(" pread", sys(NR_pread64, fd, &word, 8, 0, 0));
	say(" pwrite of nothing", sys(NR_pwrite64, fd, &word, 0, 0, 0));
	say(" pread before the start", sys(NR_pread64, fd, &word, 8, -1, -1));
	say(" range", sys(NR_sync_file_range, fd, 0, 0, 0, 0, 0));
	say(" range before the start", sys(NR_sync_file_range, fd, -1, -1, 0, 0, 0));
}
int main(void)
{
	u64 word = 0, mask = BIT(SIGUSR1);
	int null = sys(NR_open, "/dev/null", O_RDWR), zero = sys(NR_open, "/dev/zero", O_RDWR), full = sys(NR_open, "/dev/full", O_RDWR);
	int dir = sys(NR_open, "/", O_RDONLY), event = sys(NR_eventfd2, 0, O_NONBLOCK), ep = sys(NR_epoll_create1, 0);
	int timer = sys(NR_timerfd_create, 1, O_NONBLOCK), signals = sys(NR_signalfd4, -1, &mask, 8, O_NONBLOCK);
	with("null", null);
	with("zero", zero);
	with("full", full);
	with("timer", timer);
	with("signals", signals);
	with("a path", sys(NR_open, "/", O_PATH));
	int kinds[] = { event, timer, signals, ep };
	for (u32 i = 0; i < 4; i++) say("read of nothing", sys(NR_read, kinds[i], &word, 0));
	say("nothing from a directory", sys(NR_readv, dir, BAD, 0));
	say("a byte from a directory", sys(NR_read, dir, &word, 1));
	say("pread of an event", sys(NR_pread64, event, &word, 8, 0, 0));
	say("event to null", sys(NR_sendfile, null, event, 0, 8));
	say("zeros to an event", sys(NR_sendfile, event, zero, 0, 8));
	say("seek in an event", sys(NR_lseek, event, 5, 0));
	say("wait for null", watch(ep, EPOLL_ADD, null, EPOLLIN));
	say("wait for zeros", watch(ep, EPOLL_ADD, zero, EPOLLIN));
	say("wait for a directory", watch(ep, EPOLL_ADD, dir, EPOLLIN));
	say("wait for an event", watch(ep, EPOLL_ADD, event, EPOLLIN));
	return 0;
}
