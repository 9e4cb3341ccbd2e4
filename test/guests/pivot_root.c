/* Another root for a whole namespace: pivot_root with a place for the old one, in place, and what it refuses. */
#include "mounts.h"

static int jailed(void)
{
	print("child root %s\n", linked("/proc/self/root"));
	flush();
	return there("/marker") != 0;
}
int main(void)
{
	begin();
	sys(NR_chdir, "/tmp");
	dir("root");
	dir("plain");
	made("outside");
	say("no mount", sys(NR_pivot_root, "plain", "plain"));
	check("new root", mount("fresh", "root", "tmpfs", 0, 0) == 0);
	dir("root/old");
	dir("root/proc");
	dir("root/tmp");
	made("root/marker");
	say("the old one outside", sys(NR_pivot_root, "root", "plain"));
	say("onto itself", sys(NR_pivot_root, "/", "root/old"));
	say("a file", sys(NR_pivot_root, "outside", "root/old"));
	say("not there", sys(NR_pivot_root, "root", "root/none"));
	say("not the top", sys(NR_pivot_root, "root/old", "root/old"));
	int fd = sys(NR_open, "outside", O_RDONLY), dirfd = sys(NR_open, "/tmp", O_RDONLY);
	sys(NR_chdir, "/");
	say("pivot", sys(NR_pivot_root, "/tmp/root", "/tmp/root/old"));
	print("cwd %s\n", cwd());
	say("inside", there("/marker"));
	say("below", there("/old/tmp/outside"));
	say("the other name", there("/tmp/outside"));
	say("proc", mount("proc", "/proc", "proc", 0, 0));
	print("root %s\n", linked("/proc/self/root"));
	print("file %s\n", linked("/proc/self/fd/3"));
	print("directory %s\n", linked("/proc/self/fd/4"));
	slurp("/proc/self/mounts");
	split(table);
	say("busy", umount("/old", 0));
	say("detach", umount("/old", MNT_DETACH));
	say("nothing left", there("/old/tmp"));
	say("by a descriptor", sys(NR_openat, dirfd, "outside", O_RDONLY));
	sys(NR_fchdir, dirfd);
	print("outside: %d\n", sys(NR_getcwd, where, sizeof where) > 0);
	sys(NR_chdir, "/");
	sys(NR_close, fd);
	sys(NR_close, dirfd);
	sys(NR_close, 5);
	say("child", reap(spawn(jailed)));
	slurp("/proc/self/mounts");
	for (char *line = table; line && *line;) {
		line = split(line);
		without64(words[3]);
		print("%s %s %s %s\n", words[0], words[1], words[2], words[3]);
	}

	/* In place: the old one lies over the new one's top. */
	dir("/next");
	check("next", mount("next", "/next", "tmpfs", 0, 0) == 0);
	made("/next/second");
	dir("/next/proc");
	sys(NR_chdir, "/next");
	say("in place", sys(NR_pivot_root, ".", "."));
	say("root", there("/second"));
	say("here", there("second"));
	say("above is what lies on it", there("/../marker"));
	say("off with it", umount(".", MNT_DETACH));
	say("above", there("/../second"));
	say("proc", mount("proc", "/proc", "proc", 0, 0));
	slurp("/proc/self/mounts");
	for (char *line = table; line && *line;) {
		line = split(line);
		without64(words[3]);
		print("%s %s %s %s\n", words[0], words[1], words[2], words[3]);
	}

	/* From a root that is no mount's top. */
	dir("/jail");
	dir("/jail/new");
	check("a mount there", mount("new", "/jail/new", "tmpfs", 0, 0) == 0 && dir("/jail/new/old") == 0);
	sys(NR_chroot, "/jail");
	say("in a chroot", sys(NR_pivot_root, "/new", "/new/old"));
	say("out of it", umount("/new", 0));
	return 0;
}
