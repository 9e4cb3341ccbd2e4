/* A mount that is taken away while somebody is in it lives on until he leaves: as working directory, as an open file, with what was mounted below it. */
#include "mounts.h"

static int rootless(void)
{
	say("take the root away", umount("/", MNT_DETACH));
	print("cwd %s\n", cwd());
	say("no file systems any more", there("/proc/self"));
	say("mount", mount("x", "/", "tmpfs", 0, 0) == 0);
	say("copy nothing", sys(NR_unshare, CLONE_NEWNS));
	say("mount", mount("x", "/", "tmpfs", 0, 0) == 0);
	flush();
	return 0;
}
int main(void)
{
	begin();
	sys(NR_chdir, "/tmp");
	dir("d");
	check("one", mount("one", "d", "tmpfs", 0, 0) == 0);
	dir("d/sub");
	check("two", mount("two", "d/sub", "tmpfs", 0, 0) == 0);
	made("d/file");
	made("d/sub/inner");
	u32 device1 = device("d");
	sys(NR_chdir, "d/sub");
	int fd = sys(NR_open, "../file", O_RDWR);
	say("not while it is used", umount("/tmp/d", 0));
	say("detach", umount("/tmp/d", MNT_DETACH));
	say("gone from there", there("/tmp/d/file"));
	show("/tmp/d");
	say("still here", there("inner"));
	int n = sys(NR_getcwd, where, sizeof where);
	print("cwd %s\n", n < 0 ? "error" : where);
	say("up is here", there("../inner"));
	say("not there", there("../file"));
	say("write", sys(NR_write, fd, "text", 4));
	say("make", made("later"));
	print("name %s\n", linked("/proc/self/fd/3"));
	u32 st[24];
	sys(NR_fstat64, fd, st);
	check("the same device", st[0] == device1);
	say("umount it", umount(".", 0));
	say("bind from it", bind(".", "/tmp/d", 0));
	say("leave", sys(NR_chdir, "/tmp"));
	sys(NR_close, fd);
	check("the place is free", mount("again", "d", "tmpfs", 0, 0) == 0);
	say("remove", sys(NR_rmdir, "d"));
	say("off", umount("d", 0));
	say("remove", sys(NR_rmdir, "d"));

	/* Removed in one namespace, mounted on in another. */
	dir("e");
	int ns = sys(NR_open, "/proc/self/ns/mnt", O_RDONLY);
	say("another", sys(NR_unshare, CLONE_NEWNS));
	check("there only", mount("hidden", "/tmp/e", "tmpfs", 0, 0) == 0 && made("/tmp/e/file") == 0);
	int other = sys(NR_open, "/proc/self/ns/mnt", O_RDONLY);
	say("not here", sys(NR_rmdir, "/tmp/e"));
	sys(NR_setns, ns, 0);
	say("but there", sys(NR_rmdir, "/tmp/e"));
	sys(NR_setns, other, 0);
	say("it is gone", there("/tmp/e"));
	show("/tmp/e");
	sys(NR_chdir, "/");
	flush();
	say("without a root", reap(spawn_in(CLONE_NEWNS, rootless)));
	return 0;
}
