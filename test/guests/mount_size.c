/* A tmpfs holds what it was given room for: pages and inodes, what is free of them, and what happens when there is no more. */
#include "mounts.h"

enum { ENOSPC = 28, NR_symlink = 83, NR_truncate = 92, NR_fallocate = 324 };
static u8 bytes[8 * PAGE];
static u32 st[32];
static void room(const char *path)
{
	/* struct statfs64: type, bsize, then 64 bits each: blocks, free, available, files, free */
	int r = sys(NR_statfs64, path, 84, st);
	if (r < 0)
		say("statfs", r);
	else
		print("  blocks %u of %u, files %u of %u\n", st[2] - st[4], st[2], st[8] - st[10], st[8]);
}
static int put(const char *name, u32 count)
{
	int fd = sys(NR_open, name, O_CREAT | O_WRONLY, 0644);
	int n = fd < 0 ? fd : sys(NR_write, fd, bytes, count);
	if (fd >= 0)
		sys(NR_close, fd);
	return n;
}
int main(void)
{
	begin();
	sys(NR_chdir, "/tmp");
	dir("s");
	say("mount", mount("s", "s", "tmpfs", 0, "size=16k,nr_inodes=6"));
	show("/tmp/s");
	sys(NR_chdir, "s");
	room(".");
	say("a page and a bit", put("a", PAGE + 10));
	room(".");
	say("too much", put("b", 5 * PAGE));
	room(".");
	say("no more", put("c", 1));
	say("over what is there", put("a", PAGE));
	int fd = sys(NR_open, "a", O_RDWR);
	say("within the page", sys(NR_pwrite64, fd, bytes, PAGE - 10, PAGE + 10, 0));
	say("past it", sys(NR_pwrite64, fd, bytes, 100, 2 * PAGE - 50, 0));
	say("past it again", sys(NR_pwrite64, fd, bytes, 100, 2 * PAGE, 0));
	say("a hole", sys(NR_ftruncate, fd, 100 * PAGE));
	room(".");
	say("in the hole", sys(NR_pwrite64, fd, bytes, 1, 50 * PAGE, 0));
	say("reserve", sys(NR_fallocate, fd, 0, 3 * PAGE, 0, 2 * PAGE, 0));
	sys(NR_close, fd);
	say("remove", sys(NR_unlink, "b"));
	room(".");
	say("there is room", put("c", PAGE));

	say("a directory", dir("d"));
	say("a link", sys(NR_link, "a", "e"));
	say("a symbolic link", sys(NR_symlink, "a", "f"));
	room(".");
	say("no more files", made("g"));
	say("nor directories", dir("h"));
	say("nor links", sys(NR_link, "a", "i"));
	say("nor symbolic links", sys(NR_symlink, "a", "j"));
	say("rename", sys(NR_rename, "f", "g"));
	say("what is there", put("c", 1));
	say("remove", sys(NR_unlink, "g"));
	say("again", made("h"));

	sys(NR_chdir, "..");
	say("larger", mount(0, "s", 0, MS_REMOUNT, "size=64k"));
	room("s");
	say("more", put("s/c", 6 * PAGE));
	say("too small", mount(0, "s", 0, MS_REMOUNT, "size=8k"));
	say("fewer files than there are", mount(0, "s", 0, MS_REMOUNT, "nr_inodes=2"));
	show("/tmp/s");
	dir("t");
	say("without limit", mount("t", "t", "tmpfs", 0, "size=0"));
	say("a limit", mount(0, "t", 0, MS_REMOUNT, "size=1m"));
	show("/tmp/t");
	say("half of memory", mount("t", "t", "tmpfs", 0, 0));
	u32 info[16];
	sys(NR_sysinfo, info);
	sys(NR_statfs64, "t", 84, st);
	check("that much", st[2] > 0 && st[2] == st[4]);
	return 0;
}
