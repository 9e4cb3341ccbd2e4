/* What mount, umount2 and their kin refuse, and in what order they look. */
#include "mounts.h"

static char longer[5000];
static int expired(const char *path, int flags) { return umount(path, MNT_EXPIRE | flags); }
int main(void)
{
	begin();
	sys(NR_chdir, "/tmp");
	dir("d");
	dir("e");
	made("f");
	memset(longer, 'a', sizeof longer - 1);
	say("no target", mount("x", "none", "tmpfs", 0, 0));
	say("below a file", mount("x", "f/x", "tmpfs", 0, 0));
	say("on a file", mount("x", "f", "tmpfs", 0, 0));
	say("no type", mount("x", "d", 0, 0, 0));
	say("no such type", mount("x", "d", "nosuchfs", 0, 0));
	say("long target", mount("x", longer, "tmpfs", 0, 0));
	say("long type", mount("x", "d", longer, 0, 0));
	say("bad target", mount("x", (char *)16, "tmpfs", 0, 0));
	say("bad type", mount("x", "d", (char *)16, 0, 0));
	say("bad source", mount((char *)16, "d", "tmpfs", 0, 0));
	say("bad options", mount("x", "d", "tmpfs", 0, (char *)16));
	say("unknown option", mount("x", "d", "tmpfs", 0, "color=red"));
	say("strange size", mount("x", "d", "tmpfs", 0, "size=big"));
	say("strange mode", mount("x", "d", "tmpfs", 0, "mode=9"));
	say("a device that is none", mount("/dev/null", "d", "ext4", 0, 0));
	say("a device that is not there", mount("/tmp/none", "d", "ext4", 0, 0));
	say("bind nothing", bind(0, "d", 0));
	say("bind an empty name", bind("", "d", 0));
	say("bind what is not there", bind("none", "d", 0));
	say("bind to what is not there", bind("d", "none", 0));
	say("bad name", bind((char *)16, "d", 0));
	say("remount what is no mount", mount(0, "d", 0, MS_REMOUNT, 0));
	say("nor as a bind", mount(0, "d", 0, MS_REMOUNT | MS_BIND, 0));
	say("move nothing", mount(0, "d", 0, MS_MOVE, 0));
	say("change what is no mount", mount(0, "d", 0, MS_PRIVATE, 0));
	say("two kinds at once", mount(0, "/tmp", 0, MS_PRIVATE | MS_SLAVE, 0));
	say("a kind with more", mount(0, "/tmp", 0, MS_PRIVATE | MS_NODEV, 0));
	say("slave of nobody", mount(0, "/tmp", 0, MS_SLAVE, 0));
	say("old magic", mount("x", "d", "tmpfs", 0xc0ed0000 | MS_NODEV, 0));
	show("/tmp/d");
	say("no user", mount("x", "e", "tmpfs", 1u << 31, 0));
	say("gone", umount("d", 0));

	say("umount what is not there", umount("none", 0));
	say("what is no mount", umount("d", 0));
	say("a file", umount("f", 0));
	say("strange flags", umount("d", 16));
	say("bad name", umount((char *)16, 0));
	check("one", mount("x", "d", "tmpfs", 0, 0) == 0);
	int fd = sys(NR_open, "d", O_RDONLY);
	say("open", umount("d", 0));
	sys(NR_close, fd);
	sys(NR_chdir, "d");
	say("stood in", umount("/tmp/d", 0));
	sys(NR_chdir, "..");
	dir("d/in");
	check("another", mount("y", "d/in", "tmpfs", 0, 0) == 0);
	say("mounted in", umount("d", 0));
	say("the inner one", sys(NR_umount, "d/in"));
	say("force", umount("d", MNT_FORCE));

	check("by a link", sys(83, "d", "link") == 0 && mount("x", "link", "tmpfs", 0, 0) == 0);
	say("not the link", umount("link", UMOUNT_NOFOLLOW));
	say("a first time", expired("link", 0));
	say("with force", expired("link", MNT_FORCE));
	say("a second time", expired("link", 0));
	say("a third time", expired("link", 0));
	check("used", mount("x", "d", "tmpfs", 0, 0) == 0);
	fd = sys(NR_open, "d", O_RDONLY);
	say("expires", expired("d", 0));
	sys(NR_close, fd);

	/* What has lost its name. */
	sys(NR_chdir, "e");
	sys(NR_rmdir, "/tmp/e");
	say("on nothing", mount("x", ".", "tmpfs", 0, 0));
	say("bind nothing", bind(".", "/tmp/d", 0));
	return 0;
}
