/* A segment that is removed while it is attached loses its key, is still there for who has it or its id, and goes with the last. */
#include "ipc.h"

static int id, gate[2], back[2];
static int child(void)
{
	volatile int *here = (int *)sys(NR_shmat, id, 0, 0);
	here[0] = 5;
	tell(gate[1]);
	await(back[0]);
	say("child still sees", here[1]);
	return 0;
}
int main(void)
{
	int key = own_key();
	struct shmid s;
	id = sys(NR_shmget, key, PAGE, IPC_CREAT | 0600);
	sys(NR_pipe, gate);
	sys(NR_pipe, back);
	int pid = spawn(child);
	await(gate[0]);
	say("remove", sys(NR_shmctl, id, IPC_RMID, 0));
	say("stat", sys(NR_shmctl, id, IPC_STAT, &s));
	print("key %d mode %x attached %u\n", s.perm.key, s.perm.mode, s.attached);
	say("by its key", sys(NR_shmget, key, 0, 0));
	int second = sys(NR_shmget, key, PAGE, IPC_CREAT | IPC_EXCL | 0600);
	check("another with the key", second >= 0 && second != id);
	volatile int *here = (int *)sys(NR_shmat, id, 0, 0);
	check("attached by its id", !is_error(here));
	say("parent sees", here[0]);
	here[1] = 6;
	say("remove again", sys(NR_shmctl, id, IPC_RMID, 0));
	tell(back[1]);
	say("child", reap(pid));
	say("stat", sys(NR_shmctl, id, IPC_STAT, &s));
	say("left", s.attached);
	say("unmap", sys(NR_munmap, here, PAGE));
	say("gone", sys(NR_shmctl, id, IPC_STAT, &s));
	say("gone by id", sys(NR_shmat, id, 0, 0));
	say("remove the second", sys(NR_shmctl, second, IPC_RMID, 0));
	int ids[3], last = -1, rises = 1;
	for (int i = 0; i < 3; i++) {
		ids[i] = sys(NR_shmget, 0, PAGE, 0600);
		rises &= ids[i] != last;
		last = ids[i];
		sys(NR_shmctl, ids[i], IPC_RMID, 0);
	}
	check("an id is not given twice in a row", rises);
	/* What nobody has attached stays, with what is in it. */
	id = sys(NR_shmget, 0, 2 * PAGE, 0600);
	here = (int *)sys(NR_shmat, id, 0, 0);
	here[1024] = 77;
	sys(NR_shmdt, here);
	here = (int *)sys(NR_shmat, id, 0, SHM_RDONLY);
	say("kept", here[1024]);
	sys(NR_shmctl, id, IPC_RMID, 0);
	return 0;
}
