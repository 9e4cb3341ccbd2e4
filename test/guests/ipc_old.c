/* ipc(2) stands for all calls of System V IPC: structs with 16-bit ids unless IPC_64 is asked for, and two ways to receive a message. */
#include "ipc.h"

struct old_perm { int key; u16 uid, gid, cuid, cgid, mode, seq; };
struct old_shm { struct old_perm perm; int size, atime, dtime, ctime; u16 cpid, lpid, attached, unused; void *more[2]; };
struct old_sem { struct old_perm perm; int otime, ctime; void *more[4]; u16 count, pad; };
struct old_msg { struct old_perm perm; void *more[2]; int stime, rtime, ctime; u32 lbytes, lqbytes; u16 bytes, count, qbytes, lspid, lrpid, pad; };
static struct { int type; char text[16]; } m = { 3, "message" };

int main(void)
{
	int me = sys(NR_getpid) & 0xffff;
	say("no such call", sys(NR_ipc, 99));
	int id = sys(NR_ipc, SHMGET, 0, 5000, 0640);
	check("segment", id >= 0);
	volatile int *at = 0;
	say("attach", sys(NR_ipc, SHMAT, id, 0, &at, 0));
	at[0] = 1;
	say("attach as iBCS2 did", sys(NR_ipc, SHMAT | 1 << 16, id, 0, &at, 0));
	say("nowhere to tell", sys(NR_ipc, SHMAT, id, 0, 16, 0));
	struct old_shm s;
	say("stat", sys(NR_ipc, SHMCTL, id, IPC_STAT, 0, &s));
	print("size %d attached %d mode %x key %d\n", s.size, s.attached, s.perm.mode, s.perm.key);
	check("pids", s.cpid == me && s.lpid == me);
	struct shmid wide;
	say("stat, wide", sys(NR_ipc, SHMCTL, id, IPC_STAT | IPC_64, 0, &wide));
	print("size %u attached %u mode %x\n", wide.size, wide.attached, wide.perm.mode);
	s.perm.mode = 0600;
	say("set", sys(NR_ipc, SHMCTL, id, IPC_SET, 0, &s));
	int limits[9];
	check("limits", sys(NR_ipc, SHMCTL, 0, IPC_INFO, 0, limits) >= 0);
	print("%x %d %d\n", limits[0], limits[1], limits[2]);
	say("detach", sys(NR_ipc, SHMDT, 0, 0, 0, at));
	say("remove", sys(NR_ipc, SHMCTL, id, IPC_RMID, 0, 0));

	id = sys(NR_ipc, SEMGET, 0, 3, 0600);
	int arg = 4;
	say("no argument", sys(NR_ipc, SEMCTL, id, 1, SETVAL, 0));
	say("set", sys(NR_ipc, SEMCTL, id, 1, SETVAL, &arg));
	struct sembuf op = { 1, -3, 0 };
	say("operate", sys(NR_ipc, SEMOP, id, 1, 0, &op));
	say("value", sys(NR_ipc, SEMCTL, id, 1, GETVAL | IPC_64, &arg));
	struct old_sem q;
	arg = (int)&q;
	say("stat", sys(NR_ipc, SEMCTL, id, 0, IPC_STAT, &arg));
	print("count %d mode %x otime %d\n", q.count, q.perm.mode, q.otime != 0);
	struct semid wideq;
	arg = (int)&wideq;
	say("stat, wide", sys(NR_ipc, SEMCTL, id, 0, IPC_STAT | IPC_64, &arg));
	print("count %u mode %x\n", wideq.count, wideq.perm.mode);
	struct timespec none = { 0, 0 };
	say("in no time", sys(NR_ipc, SEMTIMEDOP, id, 1, 0, &op, &none));
	say("remove", sys(NR_ipc, SEMCTL, id, 0, IPC_RMID, &arg));

	id = sys(NR_ipc, MSGGET, 0, 0600);
	for (int i = 0; i < 3; i++) say("send", sys(NR_ipc, MSGSND, id, 7, 0, &m));
	struct old_msg o;
	say("stat", sys(NR_ipc, MSGCTL, id, IPC_STAT, 0, &o));
	/* a 64-bit kernel leaves out the wide counts */
	print("%d, %d of %d bytes, mode %x\n", o.count, o.bytes, o.qbytes, o.perm.mode);
	check("sender", o.lspid == me);
	struct { void *buffer; int type; } both = { &m, 3 };
	memset(m.text, 0, sizeof m.text);
	say("receive", sys(NR_ipc, MSGRCV, id, 16, 0, &both));
	print("%s\n", m.text);
	memset(m.text, 0, sizeof m.text);
	say("receive, plainly", sys(NR_ipc, MSGRCV | 1 << 16, id, 16, IPC_NOWAIT, &m, 3));
	print("%s\n", m.text);
	say("of another type", sys(NR_ipc, MSGRCV | 1 << 16, id, 16, IPC_NOWAIT, &m, 4));
	say("nothing to say where", sys(NR_ipc, MSGRCV, id, 16, 0, 0));
	o.qbytes = 100;
	o.perm.uid = 7;
	say("set", sys(NR_ipc, MSGCTL, id, IPC_SET, 0, &o));
	struct msqid widem;
	say("stat, wide", sys(NR_ipc, MSGCTL, id, IPC_STAT | IPC_64, 0, &widem));
	print("%u of %u bytes, %u, uid %u\n", widem.bytes, widem.qbytes, widem.count, widem.perm.uid);
	say("remove", sys(NR_ipc, MSGCTL, id, IPC_RMID, 0, 0));
	return 0;
}
