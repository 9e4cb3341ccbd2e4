/* A pipe inside one process: order, partial reads, non-blocking ends, capacity, poll, select, end of file, EPIPE and SIGPIPE. */
#include "guest.h"

static u8 block[PAGE];
static int ends[2], caught;

static void on_pipe(int signal) { caught = signal; }

static void polled(const char *what, int timeout)
{
	struct pollfd set[] = { { ends[0], POLLIN, 0 }, { ends[1], POLLOUT, 0 }, { -1, POLLIN, 7 }, { 99, POLLIN, 0 } };
	int n = sys(NR_poll, set, 3, timeout);
	print("%s: poll %d in %x out %x ignored %x\n", what, n, set[0].revents, set[1].revents, set[2].revents);
}

int main(void)
{
	say("pipe2", sys(NR_pipe2, ends, O_NONBLOCK));
	print("ends %d %d flags %x %x\n", ends[0], ends[1], sys(NR_fcntl64, ends[0], 3), sys(NR_fcntl64, ends[1], 3));
	polled("empty", 0);
	say("read of an empty one", sys(NR_read, ends[0], block, 10));
	say("write", sys(NR_write, ends[1], "hello ", 6));
	say("write", sys(NR_write, ends[1], "pipe", 4));
	polled("with bytes", -1);
	u32 waiting = 0;
	say("FIONREAD", sys(54, ends[0], 0x541b, &waiting));
	say("bytes", waiting);
	say("read 3", sys(NR_read, ends[0], block, 3));
	say("the rest", sys(NR_read, ends[0], block + 3, 100));
	block[10] = 0;
	print("got %s\n", (char *)block);
	int n, total = 0;
	while ((n = sys(NR_write, ends[1], block, PAGE)) > 0) total += n;
	print("capacity %d then %d\n", total, n);
	polled("full", 0);
	while ((n = sys(NR_read, ends[0], block, PAGE)) > 0) total -= n;
	print("drained to %d then %d\n", total, n);
	u32 readable[32] = { 1u << ends[0] }, writable[32] = { 1u << ends[1] };
	struct timeval zero = { 0, 0 };
	say("select", sys(NR_select, 10, readable, writable, 0, &zero));
	print("readable %d writable %d\n", readable[0] != 0, writable[0] != 0);
	say("lseek", sys(NR_lseek, ends[0], 0, 0));
	say("write to the read end", sys(NR_write, ends[0], "x", 1));
	struct pollfd bad = { 99, POLLIN, 0 };
	say("poll of a closed descriptor", sys(NR_poll, &bad, 1, 1000));
	say("its events", bad.revents);
	say("poll with a timeout", sys(NR_poll, &(struct pollfd){ ends[0], POLLIN, 0 }, 1, 20));

	sys(NR_write, ends[1], "tail", 4);
	sys(NR_close, ends[1]);
	struct pollfd in = { ends[0], POLLIN, 0 };
	say("writer gone: poll", sys(NR_poll, &in, 1, 0));
	say("its events", in.revents);
	say("read", sys(NR_read, ends[0], block, 10));
	say("read at the end", sys(NR_read, ends[0], block, 10));
	sys(NR_poll, &in, 1, 0);
	say("events at the end", in.revents);

	sys(NR_pipe, ends);
	sys(NR_close, ends[0]);
	install(SIGPIPE, SIG_IGN, 0, 0);
	say("reader gone", sys(NR_write, ends[1], "x", 1));
	install(SIGPIPE, on_pipe, 0, 0);
	say("with a handler", sys(NR_write, ends[1], "x", 1));
	say("caught", caught);
	install(SIGPIPE, SIG_DFL, 0, 0);
	sys(NR_write, ends[1], "x", 1);
	print("not reached\n");
	return 0;
}
