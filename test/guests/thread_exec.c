/* execve by a thread that is not the leader: the others end, and the program has the leader's pid. */
#include "procs.h"

static char **args;
static void forever(void *unused) { (void)unused; for (;;) sys(NR_pause); }
static void run(void *pid)
{
	static char text[12];
	char *to = text + 11;
	u64 n = (u32)pid;
	do *--to = '0' + divide64(&n, 10); while (n);
	char *next[] = { args[0], to, 0 };
	sys(NR_execve, args[0], next, 0);
	sys(NR_exit_group, 99);
}
static int child(void)
{
	start(0, forever, 0);
	start(1, run, (void *)sys(NR_getpid));
	for (;;) sys(NR_pause);
	return 0;
}
int main(int argc, char **argv)
{
	args = argv;
	if (argc == 2) {
		int was = 0;
		for (char *c = argv[1]; *c; c++) was = was * 10 + *c - '0';
		check("the pid is the leader's", was == sys(NR_getpid));
		check("and so is the tid", was == sys(NR_gettid));
		return 21;
	}
	print("status %x\n", reap(spawn(child)));
	return 0;
}
