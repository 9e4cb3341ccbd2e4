/* A file that somebody may write to is not executed, and one that runs is not written to (ETXTBSY). */
#include "procs.h"

static const char *const path = "/tmp/exec_busy.x";
static int run(void)
{
	flush();
	int pid = vfork_here();
	if (pid == 0) {
		const char *args[] = { "x", "last", 0 }, *env[] = { 0 };
		sys(NR_exit, -sys(NR_execve, path, args, env));
	}
	return reap(pid) >> 8;
}
int main(int argc, char **argv)
{
	(void)argv;
	if (argc > 2) return 100;
	int fd = sys(NR_open, path, O_RDWR | O_CREAT | O_TRUNC, 0700);
	sys(NR_write, fd, "#!/proc/self/exe\n", 17);
	say("open for writing", run());
	u8 *shared = map(0, PAGE, PROT_RW, MAP_SHARED, fd, 0);
	sys(NR_close, fd);
	say("mapped for writing", run());
	sys(NR_munmap, shared, PAGE);
	fd = sys(NR_open, path, O_RDONLY);
	say("open for reading", run());
	u8 *copied = map(0, PAGE, PROT_RW, MAP_PRIVATE, fd, 0);
	say("mapped as a copy", run());
	int same = sys(NR_open, path, O_WRONLY);
	say("open twice", run());
	sys(NR_close, same);
	copied[0] = 1;
	say("and closed", run());
	sys(NR_unlink, path);
	say("write to who runs", sys(NR_open, "/proc/self/exe", O_WRONLY));
	say("empty who runs", sys(NR_open, "/proc/self/exe", O_RDONLY | O_TRUNC));
	say("read who runs", sys(NR_open, "/proc/self/exe", O_RDONLY) >= 0);
	return 0;
}
