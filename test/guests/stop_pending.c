/* Signals sent to a stopped child wait until it goes on; SIGKILL does not; a stop takes a pending continue away. */
#include "procs.h"

static int gate[2], caught;
static void on_usr(int signo) { caught = signo; }
static int child(void)
{
	install(SIGUSR1, on_usr, 0, 0);
	tell(gate[1]);
	while (!caught) sys(NR_pause);
	return caught;
}
static int sleeper(void) { tell(gate[1]); for (;;) sys(NR_pause); return 0; }
int main(void)
{
	sys(NR_pipe, gate);
	int pid = spawn(child);
	await(gate[0]);
	pause_ms(20);
	sys(NR_kill, pid, SIGSTOP);
	print("stopped %x\n", reap_stop(pid));
	sys(NR_kill, pid, SIGUSR1);
	pause_ms(20);
	say("still stopped", sys(NR_waitpid, pid, 0, WNOHANG));
	sys(NR_kill, pid, SIGCONT);
	print("handled %x\n", reap(pid));
	pid = spawn(sleeper);
	await(gate[0]);
	sys(NR_kill, pid, SIGSTOP);
	print("stopped %x\n", reap_stop(pid));
	sys(NR_kill, pid, SIGKILL);
	print("killed %x\n", reap(pid));
	return 0;
}
