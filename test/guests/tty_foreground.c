/* A job in the foreground of the terminal on stdin, if there is one: it reads until a signal from the terminal ends or stops it. */
#include "pty.h"

int main(void)
{
	int own = sys(NR_getpgrp), pgrp = -1;
	if (sys(NR_ioctl, 0, TIOCGPGRP, &pgrp) != 0) {
		print("no terminal\n");
		return 0;
	}
	check("in the foreground", pgrp == own);
	install(SIGTTOU, SIG_IGN, 0, 0);
	flush();
	int pid = sys(NR_fork);
	if (pid == 0) {
		char c[64];
		sys(NR_setpgid, 0, 0);
		own = sys(NR_getpgrp);
		sys(NR_ioctl, 0, TIOCSPGRP, &own);
		print("ready\n");
		flush();
		while (sys(NR_read, 0, c, 64) > 0) {}
		sys(NR_exit, 1);
	}
	int status = -1;
	sys(NR_wait4, pid, &status, 2, 0);
	print("the job: %x\n", status);
	sys(NR_ioctl, 0, TIOCSPGRP, &own);
	sys(NR_kill, pid, SIGKILL);
	return 0;
}
