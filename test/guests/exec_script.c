/* execve of scripts: #! names the program, an option, and the script itself. */
#include "procs.h"

static void make(const char *path, const char *first, const char *second)
{
	int fd = sys(NR_open, path, O_WRONLY | O_CREAT | O_TRUNC, 0700);
	sys(NR_write, fd, first, strlen(first));
	sys(NR_write, fd, second, strlen(second));
	sys(NR_close, fd);
}
static int run(const char *path)
{
	flush();
	int pid = vfork_here();
	if (pid == 0) {
		const char *args[] = { "zero", "last", 0 }, *env[] = { 0 };
		sys(NR_exit, 200 + sys(NR_execve, path, args, env));
	}
	return reap(pid) >> 8;
}
int main(int argc, char **argv)
{
	if (argc > 2) {
		char name[16];
		sys(NR_prctl, 16, name);
		print("as %s\n", name);
		for (int i = 1; i < argc; i++) print("%d: %s\n", i, argv[i]);
		return argc;
	}
	make("/tmp/exec_script.1", "#! ", argv[0]);
	int fd = sys(NR_open, "/tmp/exec_script.1", O_WRONLY | O_APPEND, 0);
	sys(NR_write, fd, " some option \nrest\n", 19);
	sys(NR_close, fd);
	say("script", run("/tmp/exec_script.1"));
	make("/tmp/exec_script.2", "#!/tmp/exec_script.1", "\n");
	say("script of a script", run("/tmp/exec_script.2"));
	make("/tmp/exec_script.3", "no magic", "\n");
	say("no program", run("/tmp/exec_script.3"));
	make("/tmp/exec_script.4", "#!/tmp/nowhere", "\n");
	say("no interpreter", run("/tmp/exec_script.4"));
	make("/tmp/exec_script.5", "#!/tmp/exec_script.5", "\n");
	say("itself", run("/tmp/exec_script.5"));
	for (char c = '1'; c <= '5'; c++) {
		char path[] = "/tmp/exec_script.x";
		path[17] = c;
		sys(NR_unlink, path);
	}
	return 0;
}
