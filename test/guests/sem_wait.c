/* Who sleeps for semaphores: how many there are, in which order they get them, and how a sleep ends: by time, a signal, the set's end. */
#include "ipc.h"

static int id, line[2];
static short amount;
static u16 which;
static char name;
static int taker(void)
{
	int e = semop(id, which, amount, 0);
	if (e == 0) sys(NR_write, line[1], &name, 1);
	return e == 0 ? 0 : -e;
}
static int both(void)
{
	struct sembuf two[] = { { 0, -1, 0 }, { 1, -1, 0 } };
	int e = sys(NR_semtimedop, id, two, 2, 0);
	sys(NR_write, line[1], "b", 1);
	return -e;
}
static int changes_its_mind(void)
{
	struct sembuf two[] = { { 0, -1, 0 }, { 1, -1, IPC_NOWAIT } };
	return -sys(NR_semtimedop, id, two, 2, 0);
}
static void nothing(int signal) { (void)signal; }
static int interrupted(void)
{
	install(SIGUSR1, nothing, SA_RESTART, 0);
	return -semop(id, 0, -1, 0);
}
static int waiting(int num) { return sys(NR_semctl, id, num, GETNCNT, 0); }
static int for_zero(int num) { return sys(NR_semctl, id, num, GETZCNT, 0); }
static int begin(int (*run)(void), char n, u16 num, short by)
{
	name = n;
	which = num;
	amount = by;
	int before = by == 0 ? for_zero(num) : waiting(num);
	int pid = spawn(run);
	while ((by == 0 ? for_zero(num) : waiting(num)) == before) pause_ms(1);
	return pid;
}
static char next(void)
{
	char c = '?';
	sys(NR_read, line[0], &c, 1);
	return c;
}
int main(void)
{
	id = sys(NR_semget, 0, 2, 0600);
	sys(NR_pipe, line);
	int big = begin(taker, 'x', 0, -3);
	int one = begin(taker, 'y', 0, -1);
	int zero = begin(taker, 'z', 1, 0 - 2);
	print("waiting: %d %d, for zero %d\n", waiting(0), waiting(1), for_zero(0));
	say("one more", semop(id, 0, 1, 0));
	print("the smaller one goes first: %c, %d\n", next(), reap(one));
	say("left", waiting(0));
	say("three more", semop(id, 0, 3, 0));
	print("then the bigger: %c, %d\n", next(), reap(big));
	say("set", sys(NR_semctl, id, 1, SETVAL, 2));
	print("setting wakes: %c, %d\n", next(), reap(zero));
	check("who had it last", sys(NR_semctl, id, 1, GETPID, 0) == zero);

	sys(NR_semctl, id, 0, SETVAL, 2);
	int first = begin(taker, '1', 0, 0), second = begin(taker, '2', 0, 0);
	say("for zero", for_zero(0));
	say("one less", semop(id, 0, -1, 0));
	say("still", for_zero(0));
	say("none", semop(id, 0, -1, 0));
	char a = next(), b = next();
	check("both", (a == '1' && b == '2') || (a == '2' && b == '1'));
	print("%d %d\n", reap(first), reap(second));

	int pair = begin(both, 'b', 0, -1);
	say("first of two", semop(id, 0, 1, 0));
	print("waits for the other: %d %d, has taken nothing: %d\n", waiting(0), waiting(1), value(id, 0));
	say("second of two", semop(id, 1, 1, 0));
	print("%c, %d: %d %d\n", next(), reap(pair), value(id, 0), value(id, 1));

	int mind = begin(changes_its_mind, 'm', 0, -1);
	say("give", semop(id, 0, 1, 0));
	print("the other was not there: %d\n", reap(mind) >> 8);
	say("not taken", value(id, 0));
	semop(id, 0, -1, 0);

	long long soon[2] = { 0, 20000000 };
	struct sembuf take = { 0, -1, 0 };
	say("in time", sys(NR_semtimedop, id, &take, 1, soon));
	struct timespec old = { 0, 20000000 };
	say("in time, by ipc", sys(NR_ipc, SEMTIMEDOP, id, 1, 0, &take, &old));
	int sleeper = begin(interrupted, 'i', 0, -1);
	sys(NR_kill, sleeper, SIGUSR1);
	print("a handler with SA_RESTART: %d\n", reap(sleeper) >> 8);
	sleeper = begin(interrupted, 'i', 0, -1);
	sys(NR_kill, sleeper, SIGSTOP);
	reap_stop(sleeper);
	sys(NR_kill, sleeper, SIGCONT);
	print("stopped and continued: %d\n", reap(sleeper) >> 8);
	sleeper = begin(taker, 'r', 0, -1);
	say("remove", sys(NR_semctl, id, 0, IPC_RMID, 0));
	print("removed: %d\n", reap(sleeper) >> 8);
	return 0;
}
