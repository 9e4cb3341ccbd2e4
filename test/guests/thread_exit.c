/* A thread's exit is its own, exit_group is everybody's; a leader that went first is waited for until the last is gone. */
#include "procs.h"

static int gate[2];
static void last(void *unused) { (void)unused; pause_ms(20); print("the last thread ends\n"); flush(); sys(NR_exit, 5); }
static void forever(void *unused) { (void)unused; for (;;) sys(NR_pause); }
static void ends(void *unused) { (void)unused; pause_ms(10); sys(NR_exit_group, 8); }
static int leaves(void)
{
	start(0, last, 0);
	sys(NR_exit, 3);
	return 1;
}
static int all(void)
{
	start(0, forever, 0);
	start(1, ends, 0);
	for (;;) sys(NR_pause);
	return 0;
}
static int killed(void)
{
	start(0, forever, 0);
	start(1, forever, 0);
	tell(gate[1]);
	for (;;) sys(NR_pause);
	return 0;
}
int main(void)
{
	sys(NR_pipe, gate);
	print("leader first %x\n", reap(spawn(leaves)));
	print("exit_group of a thread %x\n", reap(spawn(all)));
	int pid = spawn(killed);
	await(gate[0]);
	sys(NR_kill, pid, SIGTERM);
	print("a signal for all %x\n", reap(pid));
	return 0;
}
