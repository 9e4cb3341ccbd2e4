/* A thread's name is read and written through /proc/PID/task/TID/comm; another process's is only read. */
#include "procs.h"

static char path[64], text[64];
static volatile int tid, go;
static void number(char *at, u32 n)
{
	char digits[12];
	int k = 0;
	do digits[k++] = (char)('0' + n % 10);
	while (n /= 10);
	while (k) *at++ = digits[--k];
	memcpy(at, "/comm", 6);
}
static void show(const char *what, int fd)
{
	int n = sys(NR_pread64, fd, text, 63, 0, 0);
	print("%s: %d ", what, n);
	for (int i = 0; i < n; i++) print(text[i] == '\n' ? "|" : "%c", text[i]);
	print("\n");
}
static void name_of(const char *what) /* of the path */
{
	int fd = sys(NR_open, path, O_RDONLY);
	show(what, fd);
	sys(NR_close, fd);
}
static void other(void *unused)
{
	(void)unused;
	tid = sys(NR_gettid);
	while (!go) sys(NR_sched_yield);
	char name[16];
	sys(NR_prctl, 16, name);
	print("it calls itself %s\n", name);
}
static int child(void)
{
	for (;;) sys(NR_pause);
	return 0;
}

int main(void)
{
	memcpy(path, "/proc/self/task/", 16);
	start(0, other, 0);
	while (!tid) sys(NR_sched_yield);
	number(path + 16, (u32)tid);
	name_of("at first");
	int fd = sys(NR_open, path, O_RDWR);
	say("opened", fd);
	say("a name", sys(NR_write, fd, "worker", 6));
	show("read back", fd);
	say("where it stands", sys(NR_lseek, fd, 0, 1));
	say("a long one", sys(NR_write, fd, "a name of many letters", 22));
	name_of("cut");
	say("up to a NUL", sys(NR_write, fd, "ab\0cd", 5));
	name_of("short");
	say("from nowhere", sys(NR_write, fd, 16, 5));
	sys(NR_close, fd);
	go = 1;
	join(0);
	memcpy(path, "/proc/self/comm", 16);
	name_of("the process");
	fd = sys(NR_open, path, O_WRONLY | O_TRUNC);
	say("its own", sys(NR_write, fd, "leader", 6));
	name_of("the process");
	say("gone", sys(NR_open, "/proc/self/task/99999/comm", O_RDONLY));

	int pid = spawn(child);
	memcpy(path, "/proc/", 6);
	number(path + 6, (u32)pid);
	name_of("a child");
	fd = sys(NR_open, path, O_RDWR);
	say("a child's is not mine", sys(NR_write, fd, "mine", 4));
	sys(NR_kill, pid, SIGKILL);
	say("ends", reap(pid));
	return 0;
}
