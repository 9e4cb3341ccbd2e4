/* Options of sockets: kinds, buffers and what they let through, time-outs in ticks, low-water mark, MSG_WAITALL. */
#include "sockets.h"

static int s[2];
static int parts(void)
{
	for (int i = 0; i < 4; i++) {
		pause_ms(3);
		send_bytes(s[0], "abc", 0);
	}
	return 0;
}

int main(void)
{
	static char big[100000];
	static const int types[] = { STREAM, DGRAM, SEQPACKET };
	for (int t = 0; t < 3; t++) {
		int fd = make(types[t]);
		print("type %d domain %d protocol %d listens %d error %d\n", option(fd, SO_TYPE), option(fd, SO_DOMAIN), option(fd, SO_PROTOCOL),
		      option(fd, SO_ACCEPTCONN), option(fd, SO_ERROR));
		sys(NR_close, fd);
	}
	sys(NR_socketpair, AF_UNIX, STREAM | O_NONBLOCK, 0, s);
	say("reuse", option(s[0], SO_REUSEADDR));
	set_option(s[0], SO_REUSEADDR, 5);
	say("set", option(s[0], SO_REUSEADDR));
	say("a type is not to be set", set_option(s[0], SO_TYPE, 2));
	say("too short", sys(NR_setsockopt, s[0], SOL_SOCKET, SO_REUSEADDR, big, 3));
	say("at least", set_option(s[0], SO_SNDBUF, 1));
	say("sndbuf", option(s[0], SO_SNDBUF));
	set_option(s[0], SO_RCVBUF, 1);
	say("rcvbuf", option(s[0], SO_RCVBUF));
	say("fits", sys(NR_write, s[0], big, sizeof big));
	int queued = 0;
	sys(NR_ioctl, s[1], SIOCINQ, &queued);
	say("there", queued);
	set_option(s[0], SO_SNDBUF, 20000);
	say("twice", option(s[0], SO_SNDBUF));
	say("more fits", sys(NR_write, s[0], big, sizeof big) > 0);
	sys(NR_socketpair, AF_UNIX, DGRAM | O_NONBLOCK, 0, s);
	set_option(s[0], SO_SNDBUF, 1);
	say("a long message", sys(NR_write, s[0], big, 4577));
	say("one that fits", sys(NR_write, s[0], big, 4576));
	say("another does not", sys(NR_write, s[0], big, 1));
	struct timeval t = { 3, 1000 };
	int size = 8;
	say("time-out", sys(NR_setsockopt, s[0], SOL_SOCKET, SO_RCVTIMEO, &t, 8));
	t.sec = 0;
	sys(NR_getsockopt, s[0], SOL_SOCKET, SO_RCVTIMEO, &t, &size);
	print("%d s, a fraction: %d, %d bytes\n", t.sec, t.usec > 0, size);
	t.usec = 1000000;
	say("too large a fraction", sys(NR_setsockopt, s[0], SOL_SOCKET, SO_SNDTIMEO, &t, 8));
	t.sec = -1, t.usec = 0;
	say("negative", sys(NR_setsockopt, s[0], SOL_SOCKET, SO_RCVTIMEO, &t, 8));
	sys(NR_fcntl64, s[0], 4, 0);
	get("never sleeps", s[0], 8, 0);
	sys(NR_socketpair, AF_UNIX, STREAM, 0, s);
	int pid = spawn(parts);
	get("all of it", s[1], 10, MSG_WAITALL);
	get("the rest", s[1], 10, 0);
	reap(pid);
	say("low water", option(s[1], SO_RCVLOWAT));
	set_option(s[1], SO_RCVLOWAT, 7);
	pid = spawn(parts);
	say("a read has at least that", sys(NR_read, s[1], big, 100) >= 7);
	reap(pid);
	sys(NR_close, s[0]);
	while (sys(NR_read, s[1], big, 100) > 0) continue;
	get("the end comes before all", s[1], 10, MSG_WAITALL);
	return 0;
}
