/* Another root: where names begin and .. ends, what getcwd and /proc tell of places inside and outside, who may, who has it too. */
#include "procs.h"

enum { NR_chroot = 61, NR_fchdir = 133 };
static char text[4096];
static const char *cwd(void)
{
	int n = sys(NR_getcwd, text, sizeof text);
	return n < 0 ? "error" : text;
}
static const char *link(const char *path)
{
	int n = sys(NR_readlink, path, text, sizeof text - 1);
	text[n < 0 ? 0 : n] = 0;
	return n < 0 ? "error" : text;
}
static int open(const char *path, int flags) { return sys(NR_open, path, flags, 0644); }
static int there(const char *path) { return sys(NR_access, path, 0); }

static int powerless(void)
{
	sys(NR_setuid32, 1000);
	return sys(NR_chroot, "/") == -EPERM ? 0 : 1;
}
static int inherits(void)
{
	return there("/inner/file") == 0 && there("/jail") == -2 ? 0 : 1;
}
static int starts(const char *s, const char *with)
{
	while (*with && *s == *with) s++, with++;
	return !*with;
}
int main(void)
{
	int outside = open("/", 0200000), proc = open("/proc/self", 0200000);
	say("mkdir", sys(NR_mkdir, "jail", 0755));
	say("inner", sys(NR_mkdir, "jail/inner", 0755));
	int fd = open("jail/inner/file", O_CREAT | O_RDWR);
	sys(NR_write, fd, "x", 1);
	say("no file", sys(NR_chroot, "jail/none"));
	say("no directory", sys(NR_chroot, "jail/inner/file"));
	say("bad address", sys(NR_chroot, (char *)1));
	say("powerless", reap(spawn(powerless)));
	int base = open(".", 0200000);
	say("into", sys(NR_chroot, "jail"));
	/* The working directory stays outside. */
	print("cwd begins (unreachable) %d\n", starts(cwd(), "(unreachable)/"));
	say("still there by name", there("jail/inner/file"));
	say("chdir", sys(NR_chdir, "/inner"));
	print("cwd %s\n", cwd());
	say("above", sys(NR_chdir, "../../.."));
	print("cwd %s\n", cwd());
	say("no proc", there("/proc/self"));
	say("no jail", there("/jail"));
	say("made", sys(NR_mkdir, "/made", 0755));
	say("inherits", reap(spawn(inherits)));
	/* By a descriptor the rest is seen. */
	char place[16] = "fd/";
	place[3] = '0' + fd;
	place[4] = 0;
	int n = sys(305 /* readlinkat */, proc, place, text, sizeof text - 1);
	text[n < 0 ? 0 : n] = 0;
	print("descriptor %s\n", text);
	n = sys(305, proc, "root", text, sizeof text - 1);
	text[n < 0 ? 0 : n] = 0;
	print("root %s\n", text);
	n = sys(305, proc, "cwd", text, sizeof text - 1);
	text[n < 0 ? 0 : n] = 0;
	print("cwd %s\n", text);
	flush();
	int pid = sys(NR_clone, CLONE_FS | SIGCHLD, 0, 0, 0, 0);
	if (pid == 0) finish(sys(NR_chroot, "/inner") != 0);
	say("who shares", reap(pid));
	say("is inside too", there("/file"));
	say("and made is above", there("/made"));
	say("out", sys(NR_fchdir, outside));
	print("cwd %s\n", cwd());
	say("out for good", sys(NR_chroot, "."));
	say("back", sys(NR_fchdir, base));
	say("jail", there("jail/made"));
	print("root %s\n", link("/proc/self/root"));
	sys(10, "jail/inner/file");
	say("away", sys(NR_rmdir, "jail/inner") | sys(NR_rmdir, "jail/made") | sys(NR_rmdir, "jail"));
	return 0;
}
