/* A proc mounted in a pid namespace shows who is in it, by the numbers there; the one outside shows all numbers of those inside. */
#include "namespaces.h"

enum { NR_mount = 21, NR_getdents64 = 220, MS_REC = 0x4000, MS_PRIVATE = 0x40000, O_DIRECTORY = 0200000 };
static char text[8192];
static int up[2], gate[2];
static int content(const char *path)
{
	int fd = sys(NR_open, path, O_RDONLY);
	if (fd < 0) return fd;
	int n = 0, r;
	while ((r = sys(NR_read, fd, text + n, sizeof text - 1 - n)) > 0) n += r;
	sys(NR_close, fd);
	text[n < 0 ? 0 : n] = 0;
	return n;
}
/* The line of a status that begins with a word. */
static void line(const char *path, const char *word)
{
	int n = content(path), length = strlen(word);
	for (int i = 0; i < n; i++)
		if ((i == 0 || text[i - 1] == '\n') && !memcmp(text + i, word, length)) {
			int end = i;
			while (text[end] && text[end] != '\n') end++;
			text[end] = 0;
			print("%s\n", text + i);
			return;
		}
	print("no %s in %s: %d\n", word, path, n);
}
static void numbers(void)
{
	static u8 names[4096];
	int fd = sys(NR_open, "/proc", O_RDONLY | O_DIRECTORY), n;
	print("processes");
	while ((n = sys(NR_getdents64, fd, names, sizeof names)) > 0)
		for (int at = 0; at < n; at += *(u16 *)(names + at + 16)) {
			const char *name = (const char *)names + at + 19;
			if (*name >= '0' && *name <= '9') print(" %s", name);
		}
	print("\n");
	sys(NR_close, fd);
}
static int child(void)
{
	await(gate[0]);
	return 0;
}
static int inside(void)
{
	char link[16] = { 0 };
	sys(NR_readlink, "/proc/self", link, sizeof link);
	check("of the one outside it is not", !same(link, "1"));
	say("mount", sys(NR_mount, "proc", "/proc", "proc", 0, 0));
	memset(link, 0, sizeof link);
	say("itself", sys(NR_readlink, "/proc/self", link, sizeof link));
	print("is %s\n", link);
	int pid = spawn(child);
	numbers();
	line("/proc/self/status", "Pid:");
	line("/proc/1/status", "PPid:");
	line("/proc/2/status", "PPid:");
	line("/proc/2/status", "Tgid:");
	line("/proc/1/status", "NSpid:");
	line("/proc/2/status", "NStgid:");
	line("/proc/2/status", "NSpgid:");
	line("/proc/2/status", "NSsid:");
	content("/proc/2/stat");
	text[2] = 0;
	print("stat begins with %s\n", text);
	say("a thread", content("/proc/2/task/2/status") > 100);
	say("nobody", content("/proc/3/status"));
	say("not by the number outside", content("/proc/99999/status"));
	u32 own = number_of("/proc/1/ns/pid", "pid");
	check("its namespace", own != 0 && own == number_of("/proc/2/ns/pid", "pid"));
	tell(up[1]);
	await(gate[0]);
	say("child", reap(pid));
	numbers();
	return 0;
}
int main(void)
{
	sys(NR_pipe, up);
	sys(NR_pipe, gate);
	sys(NR_unshare, CLONE_NEWNS);
	sys(NR_mount, "none", "/", 0, MS_REC | MS_PRIVATE, 0);
	int pid = spawn_in(CLONE_NEWPID | CLONE_NEWNS, inside);
	await(up[0]);
	char path[32] = "/proc/";
	int at = 6, digits = 1;
	while (pid / digits > 9) digits *= 10;
	for (int rest = pid; digits; rest %= digits, digits /= 10) path[at++] = '0' + rest / digits;
	memcpy(path + at, "/status", 8);
	int n = content(path);
	check("from outside", n > 100);
	/* NSpid: the number here, then the one inside. */
	for (int i = 0; i < n; i++)
		if (!memcmp(text + i, "NSpid:", 6)) {
			int tabs = 0, end = i;
			for (; text[end] != '\n'; end++) tabs += text[end] == '\t';
			say("numbers of it", tabs);
			print("the last is %c\n", text[end - 1]);
			break;
		}
	sys(NR_write, gate[1], "xx", 2);
	say("ends", reap(pid));
	return 0;
}
