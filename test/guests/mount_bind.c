/* Bind mounts: a directory and a file at another place, with and without what is mounted below; paths are seen through the mount one came by; moves; mounts on mounts. */
#include "mounts.h"

static char text[64];
static int mounted_root(const char *path)
{
	u32 x[64];
	int r = sys(NR_statx, AT_FDCWD, path, 0, 0x17ff, x);
	return r < 0 ? r : (int)(x[2] >> 13 & 1);
}
static u32 mount_id(const char *path)
{
	u32 x[64];
	return sys(NR_statx, AT_FDCWD, path, 0, 0x17ff, x) < 0 ? 0 : x[36];
}
int main(void)
{
	begin();
	sys(NR_chdir, "/tmp");
	dir("from");
	dir("from/sub");
	dir("to");
	dir("rec");
	made("from/sub/file");
	made("single");
	check("on from/sub", mount("inner", "from/sub", "tmpfs", MS_NOSUID, "size=64k,mode=700") == 0);
	made("from/sub/inner");
	say("bind", bind("from", "to", 0));
	say("below is what was there", there("to/sub/file"));
	say("not what is mounted", there("to/sub/inner"));
	say("with what is mounted", bind("from", "rec", MS_REC));
	say("now it is", there("rec/sub/inner"));
	show("/tmp");
	check("one file system", device("from") == device("to") && device("from") == device("/tmp"));
	check("another one", device("from/sub") == device("rec/sub") && device("from/sub") != device("from"));
	check("top of a mount", mounted_root("to") == 1 && mounted_root("from") == 0 && mounted_root("to/sub") == 0);
	check("numbers", mount_id("to") != mount_id("from") && mount_id("from") == mount_id("single"));

	check("two names", made("to/made") == 0 && there("from/made") == 0);
	sys(NR_chdir, "to/sub");
	print("in %s\n", cwd());
	print("cwd %s\n", linked("/proc/self/cwd"));
	sys(NR_chdir, "..");
	print("up %s\n", cwd());
	sys(NR_chdir, "..");
	print("up %s\n", cwd());
	sys(NR_chdir, "rec/sub");
	print("in %s\n", cwd());
	sys(NR_chdir, "../..");
	print("up two %s\n", cwd());
	int fd = sys(NR_open, "to/made", O_RDONLY), other = sys(NR_open, "from/made", O_RDONLY), d = sys(NR_open, "rec", O_RDONLY);
	check("open", fd == 3 && other == 4 && d == 5);
	print("by to %s\n", linked("/proc/self/fd/3"));
	print("by from %s\n", linked("/proc/self/fd/4"));
	print("directory %s\n", linked("/proc/self/fd/5"));
	check("from there", sys(NR_openat, d, "sub/inner", O_RDONLY) == 6);
	print("below %s\n", linked("/proc/self/fd/6"));
	check("up from there", sys(NR_openat, d, "../single", O_RDONLY) == 7);
	print("beside %s\n", linked("/proc/self/fd/7"));
	for (int i = 3; i < 8; i++)
		sys(NR_close, i);

	say("rename into another", sys(NR_rename, "from/made", "to/other"));
	say("link into another", sys(NR_link, "from/made", "to/other"));
	say("within one", sys(NR_rename, "to/made", "to/other"));
	say("rename a mount point", sys(NR_rename, "to", "fro"));
	say("onto one", sys(NR_rename, "from/other", "to"));
	say("remove one", sys(NR_rmdir, "to"));

	/* A file. */
	fd = sys(NR_open, "from/other", O_WRONLY);
	sys(NR_write, fd, "hello", 5);
	sys(NR_close, fd);
	say("a file", bind("from/other", "single", 0));
	fd = sys(NR_open, "single", O_RDONLY);
	check("read", sys(NR_read, fd, text, 64) == 5 && !memcmp(text, "hello", 5));
	print("name %s\n", linked("/proc/self/fd/3"));
	sys(NR_close, fd);
	say("unlink it", sys(NR_unlink, "single"));
	say("a file on a directory", bind("single", "to", 0));
	say("a directory on a file", bind("to", "single", 0));

	/* One on another. */
	check("over it", mount("over", "to", "tmpfs", 0, 0) == 0);
	made("to/top");
	say("hidden", there("to/other"));
	say("seen", there("to/top"));
	show("/tmp/to");
	say("off", umount("to", 0));
	say("again", there("to/other"));

	/* Moves. */
	dir("moved");
	say("move", mount("rec", "moved", 0, MS_MOVE, 0));
	show("/tmp/moved");
	say("from there", there("rec/sub"));
	say("here", there("moved/sub/inner"));
	say("into itself", mount("moved", "moved/sub", 0, MS_MOVE, 0));
	say("what is no mount", mount("from", "rec", 0, MS_MOVE, 0));
	say("a directory to a file", mount("moved", "from/other", 0, MS_MOVE, 0));

	say("unbindable", mount(0, "moved", 0, MS_UNBINDABLE, 0));
	show("/tmp/moved");
	say("bind it", bind("moved", "rec", 0));
	say("its insides", bind("moved/sub", "rec", 0));
	say("all but that", bind("/tmp", "rec", MS_REC));
	show("/tmp/rec");
	say("all at once", umount("rec", MNT_DETACH));
	say("bindable again", mount(0, "moved", 0, MS_PRIVATE | MS_REC, 0));
	say("bind it", bind("moved", "rec", 0));
	return 0;
}
