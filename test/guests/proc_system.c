/* /proc of the machine, and numbers of a process: statm, limits, fdinfo, task, the lines of status. */
#include "procs.h"
enum { NR_getdents64 = 220, NR_prlimit = 340 };

static char text[16384];
static int load(const char *path) /* bytes of a file, with a NUL behind them */
{
	int fd = sys(NR_open, path, O_RDONLY), n = 0, got;
	if (fd < 0) return fd;
	while (n < 16000 && (got = sys(NR_read, fd, text + n, 16000 - n)) > 0) n += got;
	sys(NR_close, fd);
	text[n] = 0;
	return n;
}
static const char *line(const char *key) /* the line of the text that begins so */
{
	for (const char *p = text; *p; p++) {
		if (p != text && p[-1] != '\n') continue;
		u32 n = strlen(key);
		if (!memcmp(p, key, n)) return p + n;
	}
	return 0;
}
static u32 number(const char *p)
{
	u32 n = 0;
	while (*p == ' ' || *p == '\t') p++;
	while (*p >= '0' && *p <= '9') n = n * 10 + (u32)(*p++ - '0');
	return n;
}
static int fields(void)
{
	int n = 0;
	for (const char *p = text; *p; p++) n += *p > ' ' && (p[1] <= ' ');
	return n;
}
static void show(const char *key)
{
	const char *p = line(key);
	print("%s", key);
	for (; p && *p != '\n'; p++) print("%c", *p);
	print("\n");
}
static int names(const char *path) /* entries of a directory, without . and .. */
{
	int fd = sys(NR_open, path, O_RDONLY), n = 0, got;
	static u8 list[4096];
	while ((got = sys(NR_getdents64, fd, list, 4096)) > 0)
		for (int at = 0; at < got; at += *(u16 *)(list + at + 16)) n += list[at + 19] != '.';
	sys(NR_close, fd);
	return n;
}
static volatile int go;
static void other(void *unused)
{
	(void)unused;
	while (!go) sys(NR_sched_yield);
}

int main(void)
{
	check("a processor", load("/proc/cpuinfo") > 200 && line("processor\t: 0") && line("flags\t\t: fpu") && line("bugs\t\t:"));
	check("the version", load("/proc/version") > 0 && line("Linux version "));
	check("uptime", load("/proc/uptime") > 0 && fields() == 2);
	check("load", load("/proc/loadavg") > 0 && fields() == 5);
	check("processor", load("/proc/stat") > 0 && line("cpu ") && line("cpu0 "));
	check("when it was booted", line("btime ") && number(line("btime ")) > 1000000000);
	check("file systems", load("/proc/filesystems") > 0 && line("nodev\tproc\n"));
	load("/proc/sys/kernel/ostype");
	show("Linux");
	load("/proc/sys/kernel/ngroups_max");
	show("");
	say("a name that is not there", load("/proc/sys/kernel/nothing"));
	say("a file is no directory", load("/proc/version/x"));
	say("a directory", names("/proc/sys/kernel") > 4);

	u32 limit[4] = { 100, 0, 200, 0 };
	sys(NR_prlimit, 0, 7, limit, 0);
	limit[0] = limit[1] = limit[2] = limit[3] = ~0u;
	sys(NR_prlimit, 0, 0, limit, 0);
	load("/proc/self/limits");
	show("Limit ");
	show("Max open files ");
	show("Max cpu time ");
	show("Max realtime timeout ");

	load("/proc/self/statm");
	say("numbers of pages", fields());
	u32 before = number(text);
	load("/proc/self/status");
	u32 data = number(line("VmData:"));
	check("size in both", number(line("VmSize:")) == before * 4);
	map(0, 5 * PAGE, PROT_RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	load("/proc/self/statm");
	say("pages more", (int)(number(text) - before));
	load("/proc/self/status");
	say("KiB of data more", (int)(number(line("VmData:")) - data));
	check("there is a stack", number(line("VmStk:")) > 0);
	show("CapInh:");
	show("Seccomp:");
	check("resident and peak", line("VmRSS:") && line("VmPeak:") && line("VmHWM:") && line("RssAnon:"));

	int fd = sys(NR_open, "/dev/shm/proc_system", O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	sys(NR_write, fd, "12345", 5);
	load("/proc/self/fdinfo/3");
	show("pos:");
	show("flags:");
	say("no such descriptor", load("/proc/self/fdinfo/77"));
	sys(NR_unlink, "/dev/shm/proc_system");

	say("one thread", names("/proc/self/task"));
	start(0, other, 0);
	say("two threads", names("/proc/self/task"));
	go = 1;
	join(0);
	say("nothing of a task is missing", names("/proc/thread-self/fd") - names("/proc/self/fd"));
	return 0;
}
