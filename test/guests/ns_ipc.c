/* Namespaces of System V IPC: the same key is another object there, numbers begin anew, and all of it goes with the last who is in it. */
#include "ipc.h"
#include "namespaces.h"

enum { KEY = 0x4e530001 };
static int original;

static int child(void)
{
	int fails = 0;
	fails += sys(NR_msgget, KEY, 0) != -ENOENT;
	int q = sys(NR_msgget, KEY, IPC_CREAT | 0600);
	fails += q != 0;
	fails += sys(NR_shmget, KEY, 4096, IPC_CREAT | 0600) != 0;
	return fails;
}
static int parent(void)
{
	/* A key that was made in a namespace is there for whoever else is in it. */
	int fails = 0;
	fails += sys(NR_unshare, CLONE_NEWIPC) != 0;
	int q = sys(NR_msgget, KEY, IPC_CREAT | 0600);
	struct { int type; char text[4]; } m = { 3, "abc" };
	fails += sys(NR_msgsnd, q, &m, 4, 0) != 0;
	int pid = sys(NR_fork);
	if (pid == 0) {
		memset(&m, 0, sizeof m);
		int n = sys(NR_msgrcv, sys(NR_msgget, KEY, 0), &m, 4, 0, 0);
		finish(n != 4 || m.type != 3 || !same(m.text, "abc"));
	}
	fails += reap(pid) != 0;
	return fails;
}
int main(void)
{
	int mine = sys(NR_msgget, KEY, IPC_CREAT | 0600);
	check("a queue", mine >= 0);
	original = sys(NR_open, "/proc/self/ns/ipc", O_RDONLY);
	u32 first = number_of("/proc/self/ns/ipc", "ipc");
	say("in a new one", reap(spawn_in(CLONE_NEWIPC, child)));
	say("not with undo lists", sys(NR_clone, CLONE_NEWIPC | CLONE_SYSVSEM | SIGCHLD, 0));
	check("the first has its own", sys(NR_msgget, KEY, 0) == mine);
	say("a child's, after unshare", reap(spawn(parent)));

	int pid = spawn_in(CLONE_NEWIPC, child);
	say("numbers begin anew", reap(pid));

	say("unshare", sys(NR_unshare, CLONE_NEWIPC | CLONE_NEWUTS));
	u32 second = number_of("/proc/self/ns/ipc", "ipc");
	check("another", second != first && second != 0);
	say("not there", sys(NR_msgget, KEY, 0));
	int id = sys(NR_shmget, KEY, 4096, IPC_CREAT | 0600);
	say("a segment", id);
	u8 *at = (u8 *)sys(NR_shmat, id, 0, 0);
	check("attached", !is_error(at));
	at[5] = 77;
	int inside = sys(NR_open, "/proc/self/ns/ipc", O_RDONLY);
	say("to the first", sys(NR_setns, original, CLONE_NEWIPC));
	check("its queue", sys(NR_msgget, KEY, 0) == mine);
	say("back", sys(NR_setns, inside, CLONE_NEWIPC));
	say("the segment", sys(NR_shmget, KEY, 0, 0));
	u8 *twice = (u8 *)sys(NR_shmat, id, 0, 0);
	say("as it was left", twice[5]);
	say("detach", sys(NR_shmdt, twice));
	say("to the first", sys(NR_setns, original, 0));
	sys(NR_close, inside);
	say("attached still", at[5]);
	say("detach", sys(NR_shmdt, at));
	say("remove", sys(NR_msgctl, mine, 0, 0));
	say("gone", sys(NR_msgget, KEY, 0));
	return 0;
}
