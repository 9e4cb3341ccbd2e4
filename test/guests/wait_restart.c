/* waitpid interrupted by a handler: EINTR, or on with SA_RESTART. */
#include "procs.h"

static int gate[2];
static volatile int caught;
static void on_alarm(int signo) { (void)signo; caught++; tell(gate[1]); }
static int child(void) { sys(NR_close, gate[1]); await(gate[0]); pause_ms(5); return 2; }
static void soon(void) { struct itimerval t = { { 0, 0 }, { 0, 10000 } }; sys(NR_setitimer, 0, &t, 0); }
int main(void)
{
	int status;
	sys(NR_pipe, gate);
	install(SIGALRM, on_alarm, SA_RESTART, 0);
	int pid = spawn(child);
	soon();
	check("restarted", sys(NR_waitpid, pid, &status, 0) == pid && caught == 1);
	print("status %x\n", status);
	install(SIGALRM, on_alarm, 0, 0);
	pid = spawn(child);
	soon();
	say("interrupted", sys(NR_waitpid, pid, &status, 0));
	print("status %x\n", reap(pid));
	return 0;
}
