/* /proc of other processes: the directory lists them; a child's comm, state, parent and command line; a zombie's; a relative path. */
#include "polling.h"

static int go[2];
static char text[4096];
static int slurp(int dir, const char *path)
{
	int fd = sys(NR_openat, dir, path, O_RDONLY);
	if (fd < 0) return fd;
	int n = 0, got;
	while ((got = sys(NR_read, fd, text + n, (int)sizeof text - 1 - n)) > 0) n += got;
	text[n] = 0;
	sys(NR_close, fd);
	return n;
}
static int child(void)
{
	sys(NR_prctl, 15, "a child");
	await(go[0]);
	return 4;
}
static char *number(char *at, int n)
{
	char digits[12];
	int k = 0;
	do digits[k++] = '0' + n % 10;
	while (n /= 10);
	while (k > 0) *at++ = digits[--k];
	*at = 0;
	return at;
}
static int value(const char *name)
{
	for (char *line = text; *line;) {
		int k = 0;
		while (name[k] && name[k] == line[k]) k++;
		if (!name[k]) {
			int n = 0;
			for (line += k; *line == ':' || *line == '\t'; line++) continue;
			if (*line >= 'A') return *line;
			for (; *line >= '0' && *line <= '9'; line++) n = n * 10 + *line - '0';
			return n;
		}
		while (*line && *line++ != '\n') continue;
	}
	return -1;
}
static int listed(const char *path, const char *want)
{
	static char names[32768];
	int dir = sys(NR_openat, -100, path, 0200000), n, found = 0;
	while ((n = sys(220, dir, names, sizeof names)) > 0)
		for (int at = 0; at < n; at += *(u16 *)(names + at + 16)) found += same(names + at + 19, want);
	sys(NR_close, dir);
	return found;
}
int main(void)
{
	char path[64] = "/proc/", name[12];
	sys(NR_pipe, go);
	int pid = spawn(child);
	char *end = number(path + 6, pid);
	number(name, pid);
	pause_ms(100);
	say("listed", listed("/proc", name));
	say("self", listed("/proc", "self"));
	int dir = sys(NR_openat, -100, path, 0200000);
	say("comm", slurp(dir, "comm"));
	print("%s", text);
	slurp(dir, "status");
	print("state %c parent %d pid %d\n", value("State"), value("PPid") == sys(NR_getpid), value("Pid") == pid);
	for (const char *s = "/cmdline"; (*end = *s); s++) end++;
	slurp(-100, path);
	int n = 0;
	while (text[n]) n++;
	say("program", n > 10 && same(text + n - 11, "proc_others"));
	say("its descriptors", listed("/proc/self/fd", "1"));
	say("names", listed("/proc/self", "status"));
	tell(go[1]);
	pause_ms(100);
	slurp(dir, "status");
	print("state %c\n", value("State"));
	say("reaped", reap(pid));
	say("gone", sys(NR_openat, -100, path, 0) < 0);
	say("nobody", sys(NR_openat, -100, "/proc/99999999/stat", 0));
	return 0;
}
