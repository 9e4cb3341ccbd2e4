/* SEM_UNDO gives back at the end of a process, however it ends; threads share what is to be given back; setting a value forgets it. */
#include "ipc.h"

static int id, gate[2];
static int taker(void)
{
	semop(id, 0, -3, SEM_UNDO);
	semop(id, 0, 1, SEM_UNDO);
	semop(id, 1, 4, SEM_UNDO);
	semop(id, 1, -1, 0);
	print("child: %d %d\n", value(id, 0), value(id, 1));
	return 0;
}
static int killed(void)
{
	semop(id, 0, -5, SEM_UNDO);
	tell(gate[1]);
	return sys(NR_pause);
}
static int forgets(void)
{
	semop(id, 0, -2, SEM_UNDO);
	semop(id, 1, -2, SEM_UNDO);
	sys(NR_semctl, id, 0, SETVAL, 7);
	return 0;
}
static int below(void)
{
	semop(id, 0, 6, SEM_UNDO);
	semop(id, 0, -10, 0);
	return 0;
}
static int overflows(void)
{
	sys(NR_semctl, id, 1, SETVAL, 32767);
	say("all of it", semop(id, 1, -32767, SEM_UNDO));
	sys(NR_semctl, id, 1, SETVAL, 10);
	int e = 0;
	for (int i = 0; i < 3 && e == 0; i++) {
		e = semop(id, 1, 20000, SEM_UNDO);
		if (e == 0) e = semop(id, 1, -20000, 0);
	}
	say("too much to undo", e);
	return 0;
}
static void in_thread(void *argument)
{
	(void)argument;
	semop(id, 0, -1, SEM_UNDO);
}
static int threads(void)
{
	semop(id, 0, -1, SEM_UNDO);
	start(0, in_thread, 0);
	join(0);
	say("the thread is gone", value(id, 0));
	say("unshare", sys(NR_unshare, CLONE_SYSVSEM));
	say("given back", value(id, 0));
	semop(id, 0, -2, SEM_UNDO);
	return 0;
}
static int executes(void)
{
	semop(id, 0, -4, SEM_UNDO);
	char number[12];
	int n = 0, rest = id;
	do number[n++] = '0' + rest % 10;
	while ((rest /= 10) > 0);
	number[n] = 0;
	char *argv[] = { "again", number, 0 };
	sys(NR_execve, "/proc/self/exe", argv, 0);
	return 1;
}
static void shown(const char *what, int status)
{
	print("%s: status %x, %d %d\n", what, status, value(id, 0), value(id, 1));
}
int main(int argc, char **argv)
{
	if (argc > 1) {
		int scale = 1;
		for (char *c = argv[1]; *c; c++, scale *= 10) id += (*c - '0') * scale;
		say("still taken after exec", value(id, 0));
		return 0;
	}
	id = sys(NR_semget, 0, 2, 0600);
	u16 all[2] = { 10, 10 };
	sys(NR_semctl, id, 0, SETALL, all);
	sys(NR_pipe, gate);
	shown("taker", reap(spawn(taker)));
	int pid = spawn(killed);
	await(gate[0]);
	say("taken", value(id, 0));
	sys(NR_kill, pid, SIGKILL);
	shown("killed", reap(pid));
	check("by the one that was killed", sys(NR_semctl, id, 0, GETPID, 0) == pid);
	shown("forgets", reap(spawn(forgets)));
	sys(NR_semctl, id, 0, SETALL, all);
	shown("below zero", reap(spawn(below)));
	sys(NR_semctl, id, 0, SETALL, all);
	shown("overflows", reap(spawn(overflows)));
	sys(NR_semctl, id, 0, SETALL, all);
	shown("threads", reap(spawn(threads)));
	shown("executes", reap(spawn(executes)));
	pid = spawn(killed);
	await(gate[0]);
	int other = sys(NR_semget, 0, 1, 0600);
	say("remove", sys(NR_semctl, id, 0, IPC_RMID, 0));
	sys(NR_kill, pid, SIGKILL);
	say("nothing to give back", reap(pid));
	say("another set", value(other, 0));
	sys(NR_semctl, other, 0, IPC_RMID, 0);
	return 0;
}
