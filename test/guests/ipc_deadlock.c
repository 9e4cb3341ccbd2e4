/* Processes that wait for each other's semaphores and for messages nobody sends: a deadlock, unless there is an argument: then the set goes.
 * @args ["break"] */
#include "ipc.h"

static int set, queue, gate[2];
static struct { int type; char text[16]; } m = { 4, "" };
static int holder(u16 own, u16 other)
{
	semop(set, own, -1, SEM_UNDO);
	tell(gate[1]);
	while (value(set, other) != 0) sys(NR_sched_yield);
	return -semop(set, other, -1, SEM_UNDO);
}
static int first(void) { return holder(0, 1); }
static int second(void) { return holder(1, 0); }
static int receiver(void) { return -sys(NR_msgrcv, queue, &m, 16, 9, 0); }
static int sender(void) { return -sys(NR_msgsnd, queue, &m, 16, 0); }
int main(int argc, char **argv)
{
	(void)argv;
	set = sys(NR_semget, 0, 2, 0600);
	queue = sys(NR_msgget, 0, 0600);
	u16 ones[2] = { 1, 1 };
	sys(NR_semctl, set, 0, SETALL, ones);
	struct msqid s;
	sys(NR_msgctl, queue, IPC_STAT, &s);
	s.qbytes = 20;
	sys(NR_msgctl, queue, IPC_SET, &s);
	say("fill", sys(NR_msgsnd, queue, &m, 16, 0));
	sys(NR_pipe, gate);
	int pids[] = { spawn(first), spawn(second), spawn(receiver), spawn(sender) };
	await(gate[0]);
	await(gate[0]);
	if (argc > 1) {
		while (sys(NR_semctl, set, 0, GETNCNT, 0) + sys(NR_semctl, set, 1, GETNCNT, 0) < 2) pause_ms(1);
		pause_ms(20);
		say("remove", sys(NR_semctl, set, 0, IPC_RMID, 0));
		say("remove", sys(NR_msgctl, queue, IPC_RMID, 0));
	}
	for (int i = 0; i < 4; i++) print("%d\n", reap(pids[i]) >> 8);
	return 0;
}
