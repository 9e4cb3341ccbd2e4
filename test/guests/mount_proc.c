/* A proc of one's own, elsewhere: it shows what /proc shows; mounts on it and on places below it; chroot into a tree with one. */
#include "mounts.h"

static u32 st[32];
int main(void)
{
	begin();
	sys(NR_chdir, "/tmp");
	dir("proc");
	dir("jail");
	dir("jail/proc");
	say("mount", mount("mine", "proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, 0));
	show("/tmp/proc");
	print("self %d\n", same(linked("/tmp/proc/self/cwd"), "/tmp"));
	check("self is a number", sys(NR_readlink, "proc/self", where, 20) > 0 && where[0] >= '1' && where[0] <= '9');
	check("mounts is a link", same(linked("proc/mounts"), "self/mounts"));
	check("another device", device("proc") != device("/proc") && device("proc") != device("/tmp"));
	sys(NR_statfs64, "proc", 84, st);
	print("type %x\n", st[0]);
	int fd = sys(NR_open, "proc/self/comm", O_RDONLY);
	check("comm", sys(NR_read, fd, where, 20) == 11 && !memcmp(where, "mount_proc\n", 11));
	check("its device", sys(NR_fstat64, fd, st) == 0 && st[0] == device("proc"));
	say("busy", umount("proc", 0));
	sys(NR_close, fd);
	say("into it", sys(NR_chdir, "proc"));
	print("in %s\n", cwd());
	say("further", sys(NR_chdir, "self/fd"));
	say("up", there("../comm"));
	say("and out", there("../../../jail"));
	say("on", sys(NR_chdir, "../.."));
	print("in %s\n", cwd());
	say("out", sys(NR_chdir, ".."));
	print("in %s\n", cwd());
	say("through root", there("proc/self/root/tmp/jail"));
	say("through cwd", there("proc/self/cwd/jail"));
	say("make", dir("proc/x"));
	say("off", umount("proc", 0));

	check("bind", bind("/proc", "jail/proc", 0) == 0 && made("jail/inside") == 0);
	say("chroot", sys(NR_chroot, "jail"));
	sys(NR_chdir, "/");
	print("root %s\n", linked("/proc/self/root"));
	print("cwd %s\n", linked("/proc/self/cwd"));
	slurp("/proc/self/mountinfo");
	for (char *line = table; line && *line;) {
		line = split(line);
		print("%s %s %s\n", words[3], words[4], words[8]);
	}
	say("no way out", there("/../jail"));
	say("nor through proc", there("/proc/../../inside"));
	check("over it", mount("over", "/proc", "tmpfs", 0, 0) == 0 && there("/proc/self") == -ENOENT);
	say("off", umount("/proc", 0));
	say("back", there("/proc/self"));
	say("and that", umount("/proc", 0));
	say("nothing", there("/proc/self"));
	return 0;
}
