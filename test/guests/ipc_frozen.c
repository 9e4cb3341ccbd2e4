/* All of System V IPC at once, while time passes: attached, removed and only read, to be undone, slept for, with messages in queues. */
#include "ipc.h"

static int shm, sem, queue;
static volatile int *shared;
static struct { int type; char text[32]; } m;
static int worker(void)
{
	const volatile int *only = (int *)sys(NR_shmat, shm, 0, SHM_RDONLY);
	for (int turn = 0; turn < 3; turn++) {
		semop(sem, 0, -1, SEM_UNDO);
		shared[0] += only[1];
		pause_ms(2);
		semop(sem, 0, 1, SEM_UNDO);
	}
	semop(sem, 0, -1, SEM_UNDO);
	m.type = sys(NR_getpid) & 1 ? 1 : 2;
	memcpy(m.text, "worker", 7);
	return -sys(NR_msgsnd, queue, &m, 32, 0);
}
static int reader(void)
{
	for (int i = 0; i < 2; i++) {
		int n = sys(NR_msgrcv, queue, &m, 32, -7, 0);
		if (n != 32) return 1;
		shared[2] += m.text[0] == 'w';
		pause_ms(3);
	}
	return 0;
}
static int waits_for_zero(void)
{
	int e = semop(sem, 1, 0, 0);
	shared[3]++;
	return -e;
}
int main(void)
{
	shm = sys(NR_shmget, 0, 3 * PAGE, 0600);
	sem = sys(NR_semget, 0, 2, 0600);
	queue = sys(NR_msgget, 0, 0600);
	u16 values[2] = { 1, 3 };
	sys(NR_semctl, sem, 0, SETALL, values);
	shared = (int *)sys(NR_shmat, shm, 0, 0);
	shared[1] = 5;
	say("remove", sys(NR_shmctl, shm, IPC_RMID, 0));
	struct msqid s;
	sys(NR_msgctl, queue, IPC_STAT, &s);
	s.qbytes = 40;
	sys(NR_msgctl, queue, IPC_SET, &s);
	m.type = 9;
	say("a message that nobody takes", sys(NR_msgsnd, queue, &m, 8, 0));
	int pids[] = { spawn(worker), spawn(worker), spawn(waits_for_zero), spawn(reader) };
	for (int i = 0; i < 3; i++) {
		pause_ms(3);
		semop(sem, 1, -1, 0);
	}
	long long soon[2] = { 0, 3000000 };
	struct sembuf never = { 0, -9, 0 };
	say("in time", sys(NR_semtimedop, sem, &never, 1, soon));
	for (int i = 0; i < 4; i++) say("ended", reap(pids[i]));
	print("%d %d %d, semaphore %d\n", shared[0], shared[2], shared[3], value(sem, 0));
	say("remove", sys(NR_semctl, sem, 0, IPC_RMID, 0));
	say("remove", sys(NR_msgctl, queue, IPC_RMID, 0));
	return 0;
}
