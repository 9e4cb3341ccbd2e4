/* Messages are received by type: the first, one of a type, of any other, of the least; cut, copied, or refused. */
#include "ipc.h"

static int id;
static struct { int type; char text[64]; } m;
static int send(int type, const char *text)
{
	m.type = type;
	memcpy(m.text, text, strlen(text));
	return sys(NR_msgsnd, id, &m, strlen(text), 0);
}
static void receive(const char *what, int type, u32 size, int flags)
{
	memset(&m, '.', sizeof m);
	int n = sys(NR_msgrcv, id, &m, size, type, flags | IPC_NOWAIT);
	if (n < 0) print("%s: %d\n", what, n);
	else {
		m.text[n] = 0;
		print("%s: %d bytes of type %d: %s\n", what, n, m.type, m.text);
	}
}
static void look(void)
{
	struct msqid s;
	sys(NR_msgctl, id, IPC_STAT, &s);
	print("%u messages, %u of %u bytes\n", s.count, s.bytes, s.qbytes);
}
int main(void)
{
	int key = own_key();
	id = sys(NR_msgget, key, IPC_CREAT | IPC_EXCL | 0600);
	check("made", id >= 0 && sys(NR_msgget, key, 0) == id);
	say("exclusive", sys(NR_msgget, key, IPC_CREAT | IPC_EXCL | 0600));
	say("no such key", sys(NR_msgget, key + 0x100000, 0));
	struct msqid s;
	sys(NR_msgctl, id, IPC_STAT, &s);
	print("new: %d %d %d %d %d\n", s.stime, s.rtime, s.lspid, s.lrpid, s.ctime != 0);
	look();
	const char *texts[] = { "three", "one", "two", "three again", "five", "one again", "", "seven" };
	int types[] = { 3, 1, 2, 3, 5, 1, 4, 7 };
	for (int i = 0; i < 8; i++) check(texts[i], send(types[i], texts[i]) == 0);
	look();
	sys(NR_msgctl, id, IPC_STAT, &s);
	check("sent by me", s.lspid == sys(NR_getpid) && s.stime != 0 && s.lrpid == 0);
	receive("copy of the third", 2, 60, MSG_COPY);
	receive("copy of the ninth", 8, 60, MSG_COPY);
	receive("copy into too little", 0, 2, MSG_COPY);
	receive("copy, cut", 0, 2, MSG_COPY | MSG_NOERROR);
	say("copy that waits", sys(NR_msgrcv, id, &m, 10, 0, MSG_COPY));
	receive("copy but for", 1, 10, MSG_COPY | MSG_EXCEPT);
	receive("any", 0, 60, 0);
	receive("of type 3", 3, 60, 0);
	receive("of type 3", 3, 60, 0);
	receive("but for 1", 1, 60, MSG_EXCEPT);
	receive("up to 4", -4, 60, 0);
	receive("up to 4", -4, 60, 0);
	receive("up to 4", -4, 60, 0);
	receive("up to 4", -4, 60, 0);
	receive("too long", 0, 2, 0);
	receive("cut", 0, 2, MSG_NOERROR);
	receive("the least of all", -0x7fffffff - 1, 60, 0);
	look();
	receive("nothing", 0, 60, 0);
	say("type 0", send(0, "x"));
	say("type -1", send(-1, "x"));
	say("too long", sys(NR_msgsnd, id, &m, 8193, 0));
	say("negative", sys(NR_msgsnd, id, &m, -1, 0));
	say("negative", sys(NR_msgrcv, id, &m, -1, 0, 0));
	say("bad address", sys(NR_msgsnd, id, 16, 1, 0));
	while (sys(NR_msgrcv, id, &m, 0, 0, IPC_NOWAIT | MSG_NOERROR) >= 0) continue;
	send(6, "lost");
	say("bad address", sys(NR_msgrcv, id, 16, 60, 0, IPC_NOWAIT));
	receive("it is gone all the same", 0, 60, 0);
	say("no such queue", sys(NR_msgsnd, -1, &m, 1, 0));
	u32 info[8];
	check("limits", sys(NR_msgctl, 0, IPC_INFO, info) >= 0);
	print("%u %u %u\n", info[2], info[3], info[5]);
	check("use", sys(NR_msgctl, 0, MSG_INFO, info) >= (id & 0x7fff) && info[0] >= 1);
	check("by slot", sys(NR_msgctl, id & 0x7fff, MSG_STAT, &s) == id);
	say("remove", sys(NR_msgctl, id, IPC_RMID, 0));
	say("gone", send(1, "x"));
	return 0;
}
