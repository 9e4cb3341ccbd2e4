/* shutdown in each direction and of each kind: bytes that are there yet, the end, EPIPE, a sleeper that it wakes. */
#include "sockets.h"

static int s[2];
static int shuts(void)
{
	pause_ms(5);
	sys(NR_shutdown, s[0], 2);
	return 0;
}

int main(void)
{
	char text[16];
	static const int types[] = { STREAM, DGRAM, SEQPACKET };
	static const char *names[] = { "stream", "datagrams", "packets" };
	install(SIGPIPE, on_signal, 0, 0);
	for (int t = 0; t < 3; t++) {
		print("-- %s\n", names[t]);
		for (int how = 0; how < 3; how++) {
			sys(NR_socketpair, AF_UNIX, types[t] | O_NONBLOCK, 0, s);
			send_bytes(s[1], "to me", 0);
			send_bytes(s[0], "to it", 0);
			print("shutdown %d: %d\n", how, (int)sys(NR_shutdown, s[0], how));
			look("this end", s[0]);
			look("that end", s[1]);
			get("it had", s[0], 16, 0);
			get("then", s[0], 16, 0);
			get("that had", s[1], 16, 0);
			get("then", s[1], 16, 0);
			say("write", send_bytes(s[0], "x", 0));
			say("and back", send_bytes(s[1], "x", 0));
			say("signals", signals_seen);
			signals_seen = 0;
			sys(NR_close, s[0]);
			sys(NR_close, s[1]);
		}
	}
	say("how", sys(NR_shutdown, make(STREAM), 3));
	say("of one that is not connected", sys(NR_shutdown, make(STREAM), 2));
	sys(NR_socketpair, AF_UNIX, STREAM, 0, s);
	int pid = spawn(shuts);
	say("a reader wakes", sys(NR_read, s[1], text, 16));
	reap(pid);
	sys(NR_socketpair, AF_UNIX, DGRAM, 0, s);
	pid = spawn(shuts);
	say("so does one of datagrams", sys(NR_read, s[0], text, 16));
	reap(pid);
	return 0;
}
