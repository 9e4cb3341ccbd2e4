/* Semaphores: values set and read, several operations at once or none of them, and what is refused. */
#include "ipc.h"

int main(void)
{
	int key = own_key();
	say("none to make", sys(NR_semget, key, 0, IPC_CREAT | 0600));
	int id = sys(NR_semget, key, 4, IPC_CREAT | IPC_EXCL | 0600);
	check("made", id >= 0);
	check("found", sys(NR_semget, key, 4, 0) == id && sys(NR_semget, key, 0, 0) == id);
	say("more of them", sys(NR_semget, key, 5, 0));
	say("too many", sys(NR_semget, 0, 32001, 0600));
	struct semid s;
	say("stat", sys(NR_semctl, id, 0, IPC_STAT, &s));
	print("count %u otime %d mode %x\n", s.count, s.otime != 0, s.perm.mode);
	say("value", value(id, 0));
	say("who", sys(NR_semctl, id, 0, GETPID, 0));
	say("set", sys(NR_semctl, id, 1, SETVAL, 5));
	check("by me", sys(NR_semctl, id, 1, GETPID, 0) == sys(NR_getpid));
	say("too big", sys(NR_semctl, id, 1, SETVAL, 32768));
	say("negative", sys(NR_semctl, id, 1, SETVAL, -1));
	say("no such", sys(NR_semctl, id, 4, SETVAL, 1));
	u16 all[4] = { 1, 2, 3, 4 }, got[4] = { 0 };
	say("set all", sys(NR_semctl, id, 0, SETALL, all));
	say("get all", sys(NR_semctl, id, 0, GETALL, got));
	print("%d %d %d %d\n", got[0], got[1], got[2], got[3]);
	all[3] = 40000;
	say("one too big", sys(NR_semctl, id, 0, SETALL, all));
	struct sembuf three[] = { { 0, -1, 0 }, { 1, -2, 0 }, { 2, 5, 0 } };
	say("three at once", sys(NR_semtimedop, id, three, 3, 0));
	struct sembuf fails[] = { { 2, -8, 0 }, { 3, 1, 0 }, { 0, -1, IPC_NOWAIT } };
	say("the last would wait", sys(NR_semtimedop, id, fails, 3, 0));
	sys(NR_semctl, id, 0, GETALL, got);
	print("%d %d %d %d\n", got[0], got[1], got[2], got[3]);
	struct sembuf twice[] = { { 3, -4, 0 }, { 3, 0, 0 }, { 3, 9, 0 } };
	say("one after the other on the same", sys(NR_semtimedop, id, twice, 3, 0));
	say("value", value(id, 3));
	say("zero is there", semop(id, 0, 0, 0));
	say("zero is not there", semop(id, 3, 0, IPC_NOWAIT));
	say("overflow", semop(id, 3, 32767, 0));
	struct sembuf many[501] = { { 0, 0, 0 } };
	say("nothing to do", sys(NR_semtimedop, id, many, 0, 0));
	say("500", sys(NR_semtimedop, id, many, 500, 0));
	say("501", sys(NR_semtimedop, id, many, 501, 0));
	say("no such semaphore", semop(id, 4, 1, 0));
	say("no such set", semop(-1, 0, 1, 0));
	say("bad address", sys(NR_semtimedop, id, 16, 1, 0));
	long long bad[2] = { 0, 1000000000 };
	say("bad time", sys(NR_semtimedop, id, three, 1, bad));
	long long none[2] = { 0, 0 };
	say("no time", sys(NR_semtimedop, id, three, 1, none));
	sys(NR_semctl, id, 0, IPC_STAT, &s);
	check("used", s.otime != 0 && s.ctime != 0);
	s.perm.mode = 0444;
	say("change", sys(NR_semctl, id, 0, IPC_SET, &s));
	sys(NR_semctl, id, 0, IPC_STAT, &s);
	print("mode %x\n", s.perm.mode);
	u32 info[10];
	check("limits", sys(NR_semctl, 0, 0, IPC_INFO, info) >= 0);
	print("%u %u %u %u %u\n", info[4], info[5], info[6], info[8], info[9]);
	check("use", sys(NR_semctl, 0, 0, SEM_INFO, info) >= (id & 0x7fff) && info[7] >= 1 && info[9] >= 4);
	check("by slot", sys(NR_semctl, id & 0x7fff, 0, SEM_STAT, &s) == id);
	say("bad command", sys(NR_semctl, id, 0, 99, 0));
	say("remove", sys(NR_semctl, id, 0, IPC_RMID, 0));
	say("gone", value(id, 0));
	say("gone", semop(id, 0, 1, 0));
	return 0;
}
