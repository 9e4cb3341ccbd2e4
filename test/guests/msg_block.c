/* A sender sleeps while a queue is full, a receiver while it has nothing for it; both are woken by what happens to the queue. */
#include "ipc.h"

static int id, line[2];
static struct { int type; char text[4000]; } m;
static int wanted, flags;
static u32 room;
static void nothing(int signal) { (void)signal; }
static int receiver(void)
{
	int n = sys(NR_msgrcv, id, &m, room, wanted, flags);
	char c = n < 0 ? '-' : m.text[0];
	sys(NR_write, line[1], &c, 1);
	return n < 0 ? -n : 100 + m.type;
}
static int sender(void)
{
	m.type = wanted;
	m.text[0] = 's';
	int e = sys(NR_msgsnd, id, &m, room, 0);
	sys(NR_write, line[1], e == 0 ? "+" : "-", 1);
	return -e;
}
static int catcher(void)
{
	install(SIGUSR1, nothing, flags, 0);
	flags = 0;
	return receiver();
}
static int begin(int (*run)(void), int type, u32 size, int f)
{
	wanted = type;
	room = size;
	flags = f;
	int pid = spawn(run);
	pause_ms(20);
	return pid;
}
static char next(void)
{
	char c = '?';
	sys(NR_read, line[0], &c, 1);
	return c;
}
static int put(int type, char c, u32 size)
{
	m.type = type;
	m.text[0] = c;
	return sys(NR_msgsnd, id, &m, size, IPC_NOWAIT);
}
static void look(const char *what)
{
	struct msqid s;
	sys(NR_msgctl, id, IPC_STAT, &s);
	print("%s: %u messages, %u bytes\n", what, s.count, s.bytes);
}
int main(void)
{
	struct msqid s;
	id = sys(NR_msgget, 0, 0600);
	sys(NR_pipe, line);
	int any = begin(receiver, 0, 100, 0);
	say("send", put(4, 'a', 3));
	print("%c, %d\n", next(), reap(any) >> 8);
	sys(NR_msgctl, id, IPC_STAT, &s);
	check("received by the sleeper", s.lrpid == any && s.count == 0);
	int two = begin(receiver, 2, 100, 0), least = begin(receiver, -5, 100, 0), other = begin(receiver, 2, 100, MSG_EXCEPT);
	say("for the one that takes all but 2", put(9, 'b', 1));
	print("%c, %d\n", next(), reap(other) >> 8);
	say("for the one that waits for 2", put(2, 'c', 1));
	print("%c, %d\n", next(), reap(two) >> 8);
	say("up to 5", put(5, 'd', 1));
	print("%c, %d\n", next(), reap(least) >> 8);
	int small = begin(receiver, 0, 2, 0), cut = begin(receiver, 0, 2, MSG_NOERROR);
	say("too long for the first, cut for the second", put(1, 'e', 10));
	char a = next(), b = next();
	check("one of each", (a == 'e' && b == '-') || (a == '-' && b == 'e'));
	print("%d %d\n", reap(small) >> 8, reap(cut) >> 8);
	look("nothing is left");

	s.qbytes = 8500;
	sys(NR_msgctl, id, IPC_SET, &s);
	int n = 0;
	while (put(3, 'f', 4000) == 0) n++;
	say("fit in", n);
	int full = begin(sender, 6, 4000, 0);
	int fits = begin(sender, 7, 300, 0);
	look("full");
	char c = next();
	print("%c, a short one: %d\n", c, reap(fits));
	say("receive", sys(NR_msgrcv, id, &m, 4000, 3, 0));
	print("%c, %d\n", next(), reap(full));
	look("full again");
	int waits = begin(sender, 8, 4000, 0);
	sys(NR_msgctl, id, IPC_STAT, &s);
	s.qbytes = 16384;
	say("more room", sys(NR_msgctl, id, IPC_SET, &s));
	print("%c, %d\n", next(), reap(waits));
	while (sys(NR_msgrcv, id, &m, 4000, 0, IPC_NOWAIT) >= 0) continue;
	s.qbytes = 3;
	sys(NR_msgctl, id, IPC_SET, &s);
	for (n = 0; put(1, 'z', 0) == 0;) n++;
	say("empty ones count by number", n);
	while (sys(NR_msgrcv, id, &m, 0, 0, IPC_NOWAIT) >= 0) continue;
	s.qbytes = 16384;
	sys(NR_msgctl, id, IPC_SET, &s);

	int caught = begin(catcher, 0, 100, SA_RESTART);
	sys(NR_kill, caught, SIGUSR1);
	print("a handler ends it: %c, %d\n", next(), reap(caught) >> 8);
	int stopped = begin(receiver, 0, 100, 0);
	sys(NR_kill, stopped, SIGSTOP);
	reap_stop(stopped);
	sys(NR_kill, stopped, SIGCONT);
	pause_ms(5);
	put(2, 'g', 1);
	print("stopped and continued, it goes on: %c, %d\n", next(), reap(stopped) >> 8);
	int gone = begin(receiver, 0, 100, 0);
	say("remove", sys(NR_msgctl, id, IPC_RMID, 0));
	print("%c, %d\n", next(), reap(gone) >> 8);
	id = sys(NR_msgget, 0, 0600);
	while (put(3, 'f', 4000) == 0) continue;
	gone = begin(sender, 1, 4000, 0);
	say("remove", sys(NR_msgctl, id, IPC_RMID, 0));
	print("%c, %d\n", next(), reap(gone) >> 8);
	return 0;
}
