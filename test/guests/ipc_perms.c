/* Who may read, write and remove an object: its owner, its creator, their groups, the others, and root. */
#include "ipc.h"

static int shm, sem, msg, uid, gid, extra;
static void one(const char *who)
{
	struct msqid q;
	u16 values[2];
	struct { int type; char text[1]; } m = { 1, { 'x' } };
	print("%s:", who);
	print(" shm %d %d", is_error(sys(NR_shmat, shm, 0, SHM_RDONLY)) ? -1 : 0, is_error(sys(NR_shmat, shm, 0, 0)) ? -1 : 0);
	print(" sem %d %d %d", sys(NR_semctl, sem, 0, GETALL, values), semop(sem, 0, 1, 0), semop(sem, 1, 0, IPC_NOWAIT));
	print(" msg %d %d", sys(NR_msgctl, msg, IPC_STAT, &q), sys(NR_msgsnd, msg, &m, 1, 0));
	print(" rcv %d", sys(NR_msgrcv, msg, &m, 1, 0, IPC_NOWAIT));
	print(" lock %d\n", sys(NR_shmctl, shm, SHM_LOCK, 0));
}
static int as(void)
{
	int group = extra;
	sys(NR_setgroups32, group ? 1 : 0, &group);
	sys(NR_setresgid32, gid, gid, gid);
	sys(NR_setresuid32, uid, uid, uid);
	one(uid == 1000 ? "owner" : uid == 1001 ? "creator" : extra ? "by a second group" : gid == 2000 ? "of the group" : "other");
	struct shmid s;
	s.perm.uid = 1000, s.perm.gid = 2000, s.perm.mode = 0640;
	print(" set %d remove %d\n", sys(NR_shmctl, shm, IPC_SET, &s), sys(NR_semctl, sem, 0, IPC_RMID, 0));
	return 0;
}
static int creator(void)
{
	sys(NR_setresgid32, 2001, 2001, 2001);
	sys(NR_setresuid32, 1001, 1001, 1001);
	shm = sys(NR_shmget, 0, PAGE, 0640);
	msg = sys(NR_msgget, 0, 0640);
	sem = sys(NR_semget, 0, 2, 0640);
	struct shmid s;
	s.perm.uid = 1000, s.perm.gid = 2000, s.perm.mode = 0640;
	say("given away", sys(NR_shmctl, shm, IPC_SET, &s));
	struct semid e;
	e.perm = s.perm;
	say("given away", sys(NR_semctl, sem, 0, IPC_SET, &e));
	struct msqid q;
	q.perm = s.perm, q.qbytes = 16384;
	say("given away", sys(NR_msgctl, msg, IPC_SET, &q));
	q.qbytes = 16385;
	say("more than it may", sys(NR_msgctl, msg, IPC_SET, &q));
	return 0;
}
static void become(int u, int g, int e)
{
	uid = u, gid = g, extra = e;
	int *ids = (int *)map(0, PAGE, PROT_RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ids[0] = 0;
	check("ended", reap(spawn(as)) == 0);
}
int main(void)
{
	/* the creator tells its numbers through shared memory */
	int *ids = (int *)map(0, PAGE, PROT_RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	flush();
	int pid = sys(NR_fork);
	if (pid == 0) {
		creator();
		ids[0] = shm, ids[1] = sem, ids[2] = msg;
		finish(0);
	}
	reap(pid);
	shm = ids[0], sem = ids[1], msg = ids[2];
	one("root");
	become(1002, 2002, 0);
	become(1002, 2000, 0);
	become(1002, 2002, 2001);
	become(1000, 2002, 0);
	become(1001, 2002, 0);
	say("segment", sys(NR_shmctl, shm, IPC_RMID, 0));
	say("queue", sys(NR_msgctl, msg, IPC_RMID, 0));
	say("set", sys(NR_semctl, sem, 0, IPC_RMID, 0));
	return 0;
}
