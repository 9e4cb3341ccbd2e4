/* What processes cost: getpid, forks, programs, turns through pipes, many processes or threads. For test/bench/processes.ts.
 * @args ["fork","3"] */
#include "procs.h"

static u8 memory[1 << 20];
static int gate[2], to[2], from[2];
static int nothing(void) { return 0; }
static int waits(void) { sys(NR_close, gate[1]); await(gate[0]); return 0; }
static int echo(void)
{
	int n;
	sys(NR_close, to[1]);
	while (sys(NR_read, to[0], &n, 4) == 4) sys(NR_write, from[1], &n, 4);
	return 0;
}
static void thread_waits(void *unused) { (void)unused; while (!memory[0]) sys(NR_futex, memory, FUTEX_WAIT, 0, 0); }
static u8 many[200][2048] __attribute__((aligned(16)));

/* A process that executes this program again, as a shell starts a command. Descriptors 0 and 1 are `in` and `out`; the end of
 * its pipe that it does not use is closed. */
static int command(char *self, char *what, int in, int out, int closes)
{
	int pid = sys(NR_fork);
	if (pid != 0) return pid;
	if (in > 0) sys(NR_dup2, in, 0), sys(NR_close, in);
	if (out > 1) sys(NR_dup2, out, 1), sys(NR_close, out);
	if (closes >= 0) sys(NR_close, closes);
	char *args[] = { self, what, 0 }, *env[] = { "PATH=/bin", 0 };
	sys(NR_execve, self, args, env);
	sys(NR_exit, 127);
	return -1;
}
/* What the commands of a pipeline are: it says some lines, passes on, or counts. */
static int stage(char *what)
{
	static char buffer[512];
	int n, all = 0;
	if (same(what, "true")) return 0;
	if (same(what, "say"))
		for (int i = 0; i < 8; i++) sys(NR_write, 1, "a line of a pipeline of three commands, as shells make it\n", 58);
	else
		while ((n = sys(NR_read, 0, buffer, sizeof buffer)) > 0) {
			all += n;
			if (same(what, "pass")) sys(NR_write, 1, buffer, n);
		}
	return same(what, "count") && all != 8 * 58;
}
static int pipeline(char *self)
{
	int first[2], second[2], pids[3], bad = 0;
	sys(NR_pipe, first);
	pids[0] = command(self, "say", 0, first[1], first[0]);
	sys(NR_close, first[1]);
	sys(NR_pipe, second);
	pids[1] = command(self, "pass", first[0], second[1], second[0]);
	sys(NR_close, first[0]);
	sys(NR_close, second[1]);
	pids[2] = command(self, "count", second[0], 1, -1);
	sys(NR_close, second[0]);
	for (int i = 0; i < 3; i++) bad += reap(pids[i]) != 0;
	return bad;
}

int main(int argc, char **argv)
{
	if (argc == 2) return stage(argv[1]);
	if (argc < 3) return 1;
	int count = 0, bad = 0;
	for (char *c = argv[2]; *c; c++) count = count * 10 + *c - '0';
	sys(NR_pipe, gate);
	if (same(argv[1], "getpid") || same(argv[1], "getpid-many")) {
		int pids[7], others = same(argv[1], "getpid") ? 0 : 7;
		for (int i = 0; i < others; i++) pids[i] = spawn(waits);
		for (int i = 0; i < count; i++) sys(NR_getpid);
		sys(NR_close, gate[1]);
		for (int i = 0; i < others; i++) bad += reap(pids[i]) != 0;
	} else if (same(argv[1], "fork")) {
		for (u32 i = 0; i < sizeof memory; i += PAGE) memory[i] = 1;
		for (int i = 0; i < count; i++) bad += reap(spawn(nothing)) != 0;
	} else if (same(argv[1], "exec")) {
		flush();
		for (int i = 0; i < count; i++) bad += reap(command(argv[0], "true", 0, 1, -1)) != 0;
	} else if (same(argv[1], "pipeline")) {
		flush();
		for (int i = 0; i < count; i++) bad += pipeline(argv[0]);
	} else if (same(argv[1], "pingpong")) {
		sys(NR_pipe, to);
		sys(NR_pipe, from);
		int pid = spawn(echo), n = 7;
		for (int i = 0; i < count; i++) {
			sys(NR_write, to[1], &n, 4);
			bad += sys(NR_read, from[0], &n, 4) != 4;
		}
		sys(NR_close, to[1]);
		bad += reap(pid) != 0;
	} else if (same(argv[1], "processes")) {
		for (int i = 0; i < count; i++) bad += spawn(waits) < 0;
		sys(NR_close, gate[1]);
		for (int i = 0; i < count; i++) bad += reap(-1) != 0;
	} else {
		static volatile int words[200];
		for (int i = 0; i < count && i < 200; i++) {
			words[i] = 1;
			u32 flags = THREAD_FLAGS | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID;
			bad += thread(flags, many[i] + sizeof many[i], thread_waits, 0, (int *)&words[i], 0) < 0;
		}
		memory[0] = 1;
		sys(NR_futex, memory, FUTEX_WAKE, 1000);
		for (int i = 0; i < count && i < 200; i++)
			for (int tid; (tid = words[i]) != 0;) sys(NR_futex, &words[i], FUTEX_WAIT, tid, 0);
	}
	check("all went well", bad == 0);
	return 0;
}
