/* A stop stops all threads, and a continue lets all go on. */
#include "procs.h"

static int gate[2];
static volatile int count;
static void work(void *unused) { (void)unused; while (count < 20) { pause_ms(5); count++; } }
static int child(void)
{
	start(0, work, 0);
	start(1, work, 0);
	tell(gate[1]);
	join(0);
	join(1);
	return count >= 20 ? 30 : 31;
}
int main(void)
{
	sys(NR_pipe, gate);
	int pid = spawn(child);
	await(gate[0]);
	sys(NR_kill, pid, SIGSTOP);
	print("stopped %x\n", reap_stop(pid));
	pause_ms(20);
	say("nobody ran to the end", sys(NR_waitpid, pid, 0, WNOHANG));
	sys(NR_kill, pid, SIGCONT);
	print("status %x\n", reap(pid));
	return 0;
}
