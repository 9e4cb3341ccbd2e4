/* Namespaces of UTS names: unshare, clone and setns, by a descriptor of /proc/PID/ns and by one of a process. What one says in its own is not heard outside. */
#include "namespaces.h"

static char name[6][65];
static const char *host(void)
{
	sys(NR_uname, name);
	return name[1];
}
static const char *domain(void)
{
	sys(NR_uname, name);
	return name[5];
}
static int set(const char *s) { return sys(NR_sethostname, s, strlen(s)); }

static int original, pipes[2], back[2];
static char outside[65];

static int cloned(void)
{
	int fails = 0;
	fails += set("cloned") != 0 || !same(host(), "cloned");
	char c = 1;
	sys(NR_write, pipes[1], &c, 1);
	sys(NR_read, back[0], &c, 1);
	/* Whoever joined has changed it meanwhile. */
	fails += !same(host(), "joined");
	return fails;
}
static int powerless(void)
{
	sys(NR_setuid32, 1000);
	int fails = 0;
	fails += set("x") != -EPERM;
	fails += sys(NR_setdomainname, "x", 1) != -EPERM;
	fails += sys(NR_unshare, CLONE_NEWUTS) != -EPERM;
	fails += sys(NR_clone, CLONE_NEWUTS | SIGCHLD, 0) != -EPERM;
	fails += sys(NR_setns, original, CLONE_NEWUTS) != -EPERM;
	return fails;
}
int main(void)
{
	u32 first = number_of("/proc/self/ns/uts", "uts");
	check("a link to the first one", first != 0);
	check("everyone has the same", first == number_of("/proc/self/ns/uts", "uts"));
	original = sys(NR_open, "/proc/self/ns/uts", O_RDONLY);
	check("it can be opened", original >= 0);
	say("not for writing", sys(NR_open, "/proc/self/ns/uts", O_WRONLY));
	say("not read", sys(NR_read, original, name, 1));
	struct { u64 dev; u8 pad[4]; u32 ino; u32 mode; u8 rest[68]; u64 number; } __attribute__((packed)) st;
	sys(NR_fstat64, original, &st);
	check("its inode number", (u32)st.number == first);
	say("its mode", st.mode);
	sys(NR_stat64, "/proc/self/ns/uts", &st);
	check("by name, too", (u32)st.number == first);
	memcpy(outside, host(), 65);

	say("unshare", sys(NR_unshare, CLONE_NEWUTS));
	u32 second = number_of("/proc/self/ns/uts", "uts");
	check("another number", second != 0 && second != first);
	check("with the same name", same(host(), outside));
	say("set", set("inside"));
	check("read", same(host(), "inside"));
	say("domain", sys(NR_setdomainname, "example", 7));
	check("read", same(domain(), "example"));
	say("too long", sys(NR_sethostname, outside, 65));
	say("negative", sys(NR_sethostname, outside, -1));
	say("no memory there", sys(NR_sethostname, 16, 5));
	say("empty", sys(NR_sethostname, "", 0));
	check("nothing", same(host(), ""));
	set("inside");
	int inside = sys(NR_open, "/proc/self/ns/uts", O_RDONLY);

	sys(NR_pipe, pipes);
	sys(NR_pipe, back);
	int pid = spawn_in(CLONE_NEWUTS, cloned);
	char c;
	sys(NR_read, pipes[0], &c, 1);
	check("not heard", same(host(), "inside"));
	int process = sys(NR_pidfd_open, pid, 0);
	say("no flags", sys(NR_setns, process, 0));
	say("strange flags", sys(NR_setns, process, 1 << 12));
	say("by a process", sys(NR_setns, process, CLONE_NEWUTS));
	check("there", same(host(), "cloned") && number_of("/proc/self/ns/uts", "uts") != second);
	set("joined");
	sys(NR_write, back[1], &c, 1);
	say("child", reap(pid));
	say("of one that is gone", sys(NR_setns, process, CLONE_NEWUTS));
	check("outlives it", same(host(), "joined"));

	say("back", sys(NR_setns, inside, 0));
	check("as it was", same(host(), "inside") && number_of("/proc/self/ns/uts", "uts") == second);
	say("of another kind", sys(NR_setns, inside, CLONE_NEWIPC));
	say("no namespace", sys(NR_setns, pipes[0], 0));
	say("not open", sys(NR_setns, 99, 0));
	say("to the first", sys(NR_setns, original, CLONE_NEWUTS));
	check("the name outside", same(host(), outside) && number_of("/proc/self/ns/uts", "uts") == first);
	say("without rights", reap(spawn(powerless)));
	return 0;
}
