/* Signals to itself with the default action: ignored ones change nothing, SIGTERM ends it. */
#include "guest.h"

int main(void)
{
	int pid = sys(NR_getpid);
	say("signal 0", sys(NR_kill, pid, 0));
	say("SIGCHLD", sys(NR_kill, pid, SIGCHLD));
	say("SIGURG", sys(NR_kill, pid, SIGURG));
	say("SIGWINCH", sys(NR_tkill, pid, SIGWINCH));
	say("SIGCONT", sys(NR_tgkill, pid, pid, SIGCONT));
	say("signal 65", sys(NR_kill, pid, 65));
	say("signal -1", sys(NR_tkill, pid, -1));
	say("nobody", sys(NR_kill, 0x3fffffff, SIGTERM));
	install(SIGTERM, SIG_IGN, 0, 0);
	say("ignored SIGTERM", sys(NR_kill, pid, SIGTERM));
	set_mask(SIG_BLOCK, BIT(SIGTERM));
	install(SIGTERM, SIG_DFL, 0, 0);
	say("blocked SIGTERM", sys(NR_kill, pid, SIGTERM));
	print("unblocking\n");
	set_mask(SIG_UNBLOCK, BIT(SIGTERM));
	print("not reached\n");
	return 0;
}
