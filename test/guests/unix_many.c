/* Many messages at one call: sendmmsg, recvmmsg, MSG_WAITFORONE, a time-out, a failure behind the first; and all through socketcall. */
#include "sockets.h"

struct mmsg { struct msg msg; u32 length; };
static struct mmsg many[4];
static struct iovec parts[4];
static char room[4][8];
static int s[2];
static void buffers(int length)
{
	for (int i = 0; i < 4; i++) {
		parts[i] = (struct iovec){ room[i], length };
		many[i] = (struct mmsg){ { 0, 0, &parts[i], 1, 0, 0, 0 }, 0 };
	}
}
static void came(const char *what, int n)
{
	print("%s: %d", what, n);
	for (int i = 0; i < n; i++) {
		print(" [");
		for (u32 j = 0; j < many[i].length; j++) print("%c", room[i][j]);
		print("]");
	}
	print("\n");
}
static int sends(void)
{
	for (int i = 0; i < 3; i++) {
		pause_ms(4);
		sys(NR_write, s[0], "late", 3 - i);
	}
	return 0;
}
static int call(int nr, u32 a, u32 b, u32 c, u32 d, u32 e, u32 f)
{
	u32 args[] = { a, b, c, d, e, f };
	return sys(NR_socketcall, nr, args);
}

int main(void)
{
	sys(NR_socketpair, AF_UNIX, DGRAM, 0, s);
	buffers(0);
	static const char *texts[] = { "one", "three", "", "four" };
	for (int i = 0; i < 4; i++) parts[i] = (struct iovec){ (void *)texts[i], strlen(texts[i]) };
	say("sendmmsg", sys(NR_sendmmsg, s[0], many, 4, 0));
	for (int i = 0; i < 4; i++) print("%d ", many[i].length);
	print("\n");
	buffers(4);
	came("recvmmsg", sys(NR_recvmmsg, s[1], many, 3, 0, 0));
	print("flags %x %x %x\n", many[0].msg.flags, many[1].msg.flags, many[2].msg.flags);
	came("what is there", sys(NR_recvmmsg, s[1], many, 4, MSG_WAITFORONE, 0));
	came("nothing", sys(NR_recvmmsg, s[1], many, 4, MSG_DONTWAIT, 0));
	int pid = spawn(sends);
	came("as they come", sys(NR_recvmmsg, s[1], many, 3, 0, 0));
	reap(pid);
	struct timespec t = { 0, 1000000 };
	pid = spawn(sends);
	came("no time for another", sys(NR_recvmmsg, s[1], many, 3, 0, &t));
	print("left %d %d\n", t.sec, t.nsec);
	reap(pid);
	came("the others", sys(NR_recvmmsg, s[1], many, 3, MSG_DONTWAIT, 0));
	t.nsec = 1000000000;
	say("no time", sys(NR_recvmmsg, s[1], many, 3, 0, &t));
	for (int i = 0; i < 4; i++) parts[i] = (struct iovec){ (void *)texts[i], strlen(texts[i]) };
	parts[2].base = (void *)8;
	parts[2].length = 3;
	say("the third fails", sys(NR_sendmmsg, s[0], many, 4, 0));
	many[0].msg.iov = (void *)8;
	say("the first fails", sys(NR_sendmmsg, s[0], many, 4, 0));
	say("none", sys(NR_sendmmsg, s[0], many, 0, 0));

	struct address a;
	int n = name_of(&a, "@unix_many"), size = sizeof a;
	int server = call(1, AF_UNIX, STREAM, 0, 0, 0, 0), c = call(1, AF_UNIX, STREAM, 0, 0, 0, 0);
	say("bind", call(2, server, (u32)&a, n, 0, 0, 0));
	say("listen", call(4, server, 1, 0, 0, 0, 0));
	say("connect", call(3, c, (u32)&a, n, 0, 0, 0));
	int fd = call(5, server, (u32)&a, (u32)&size, 0, 0, 0);
	check("accept", fd > c);
	say("address", size);
	size = sizeof a;
	say("getsockname", call(6, fd, (u32)&a, (u32)&size, 0, 0, 0));
	check("the name", size == n);
	say("getpeername", call(7, c, (u32)&a, (u32)&size, 0, 0, 0));
	say("send", call(9, c, (u32) "abcdef", 6, 0, 0, 0));
	say("recv", call(10, fd, (u32)room, 2, 0, 0, 0));
	say("sendto", call(11, c, (u32) "gh", 2, 0, 0, 0));
	say("recvfrom", call(12, fd, (u32)room, 2, MSG_PEEK, 0, 0));
	buffers(4);
	say("recvmsg", call(17, fd, (u32)many, 0, 0, 0, 0));
	say("sendmsg", call(16, fd, (u32)many, 0, 0, 0, 0));
	say("recvmmsg", call(19, c, (u32)many, 1, 0, 0, 0));
	say("sendmmsg", call(20, c, (u32)many, 2, 0, 0, 0));
	int value = 0;
	size = 4;
	say("getsockopt", call(15, c, SOL_SOCKET, SO_TYPE, (u32)&value, (u32)&size, 0));
	say("setsockopt", call(14, c, SOL_SOCKET, SO_REUSEADDR, (u32)&value, 4, 0));
	say("shutdown", call(13, c, 1, 0, 0, 0, 0));
	sys(NR_fcntl64, server, 4, O_NONBLOCK);
	say("accept4", call(18, server, 0, 0, O_CLOEXEC, 0, 0));
	say("socketpair", call(8, AF_UNIX, SEQPACKET, 0, (u32)s, 0, 0));
	say("no such call", call(21, 0, 0, 0, 0, 0, 0));
	return 0;
}
