/* execve: a program executes itself with other arguments; what goes on and what does not. */
#include "procs.h"

static void on_usr(int signo) { (void)signo; }
int main(int argc, char **argv, char **envp)
{
	if (argc == 4) {
		print("argv %s %s %s env %s\n", argv[1], argv[2], argv[3], envp[0]);
		struct action a;
		sys(NR_rt_sigaction, SIGUSR1, 0, &a, 8);
		check("a handler is gone", a.handler == SIG_DFL);
		sys(NR_rt_sigaction, SIGUSR2, 0, &a, 8);
		check("what was ignored still is", a.handler == SIG_IGN);
		print("mask %Q\n", set_mask(SIG_BLOCK, 0));
		say("closed on exec", sys(NR_fcntl, 10, 1));
		say("not closed", sys(NR_fcntl, 11, 1));
		return 12;
	}
	install(SIGUSR1, on_usr, 0, 0);
	install(SIGUSR2, SIG_IGN, 0, 0);
	set_mask(SIG_BLOCK, BIT(SIGHUP));
	sys(NR_dup3, 1, 10, O_CLOEXEC);
	sys(NR_dup2, 1, 11);
	flush();
	int pid = sys(NR_fork);
	if (pid == 0) {
		char *args[] = { argv[0], "one", "two words", "", 0 }, *env[] = { "NAME=value", 0 };
		int result = sys(NR_execve, argv[0], args, env);
		say("execve", result);
		return 1;
	}
	print("status %x\n", reap(pid));
	return 0;
}
