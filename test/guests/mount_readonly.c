/* What a mount does not allow: writing (of one mount, of the file system), programs, devices; and how its flags change and are shown. */
#include "mounts.h"

static u32 st[32];
static u32 shown(const char *path) /* f_flags of statfs */
{
	return sys(NR_statfs64, path, 84, st) < 0 ? 0 : st[16];
}
static u32 type(const char *path) { return sys(NR_statfs64, path, 84, st) < 0 ? 0 : st[0]; }
static int writing(const char *path)
{
	int fd = sys(NR_open, path, O_WRONLY, 0);
	if (fd >= 0)
		sys(NR_close, fd);
	return fd < 0 ? fd : 0;
}
static void tries(const char *name)
{
	print("%s\n", name);
	say("  open", writing("ro/f"));
	say("  read", sys(NR_close, sys(NR_open, "ro/f", O_RDONLY)));
	say("  create", made("ro/new"));
	say("  create what is there", sys(NR_open, "ro/f", O_CREAT | O_EXCL | O_WRONLY, 0644));
	say("  truncate", sys(NR_close, sys(NR_open, "ro/f", O_RDONLY | O_TRUNC)));
	say("  mkdir", dir("ro/newdir"));
	say("  mkdir what is there", dir("ro/d"));
	say("  rmdir", sys(NR_rmdir, "ro/d"));
	say("  unlink", sys(NR_unlink, "ro/f"));
	say("  unlink what is not there", sys(NR_unlink, "ro/none"));
	say("  rename", sys(NR_rename, "ro/f", "ro/g"));
	say("  link", sys(NR_link, "ro/f", "ro/g"));
	say("  chmod", sys(NR_chmod, "ro/f", 0600));
	say("  times", sys(NR_utimensat, AT_FDCWD, "ro/f", 0, 0));
	say("  may write", sys(NR_access, "ro/f", 2));
	say("  may write the directory", sys(NR_access, "ro", 2));
	say("  may read", sys(NR_access, "ro/f", 4));
	say("  a pipe", writing("ro/null"));
}
static int execs(void)
{
	char *argv[] = { "prog", 0 };
	return -sys(NR_execve, "/tmp/x/prog", argv, argv + 1);
}
int main(void)
{
	begin();
	sys(NR_chdir, "/tmp");
	dir("rw");
	dir("ro");
	check("a file system", mount("both", "rw", "tmpfs", 0, "size=1m") == 0 && bind("rw", "ro", 0) == 0);
	made("rw/f");
	dir("rw/d");
	check("a device", sys(14, "rw/null", 020666, 1 << 8 | 3) == 0);
	say("one mount", mount(0, "ro", 0, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID, 0));
	show("/tmp/r");
	tries("one mount");
	say("the other", made("rw/new"));
	say("unlink there", sys(NR_unlink, "rw/new"));
	print("flags %x %x\n", shown("ro"), shown("rw"));
	int fd = sys(NR_open, "rw/f", O_WRONLY);
	say("again", mount(0, "ro", 0, MS_REMOUNT | MS_BIND | MS_NOEXEC, 0));
	say("writing", writing("ro/f"));
	say("while it is written to", mount(0, "ro", 0, MS_REMOUNT | MS_BIND | MS_RDONLY, 0));
	say("the one", mount(0, "rw", 0, MS_REMOUNT | MS_BIND | MS_RDONLY, 0));
	say("the file system", mount(0, "ro", 0, MS_REMOUNT | MS_RDONLY, 0));
	sys(NR_close, fd);
	say("the file system", mount(0, "ro", 0, MS_REMOUNT | MS_RDONLY, "size=2m"));
	show("/tmp/r");
	say("writing", writing("rw/f"));
	print("flags %x %x\n", shown("ro"), shown("rw"));
	say("not any more", mount(0, "ro", 0, MS_REMOUNT | MS_NOATIME, 0));
	show("/tmp/r");
	say("writing", writing("rw/f"));

	dir("x");
	check("without programs", mount("x", "x", "tmpfs", MS_NOEXEC | MS_NODEV | MS_NOSUID | MS_NODIRATIME, "mode=711,uid=7,gid=8,nr_inodes=100") == 0);
	show("/tmp/x");
	print("flags %x type %x\n", shown("x"), type("x"));
	fd = sys(NR_open, "x/prog", O_CREAT | O_RDWR, 0755);
	sys(NR_write, fd, "#!/bin/sh\n", 10);
	say("map", is_error(map(0, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0)) ? -(int)map(0, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0) : 0);
	u8 *page = map(0, PAGE, PROT_READ, MAP_PRIVATE, fd, 0);
	say("later", sys(NR_mprotect, page, PAGE, PROT_READ | PROT_EXEC));
	sys(NR_munmap, page, PAGE);
	sys(NR_close, fd);
	say("exec", reap(spawn(execs)) >> 8);
	check("a device", sys(14, "x/null", 020666, 1 << 8 | 3) == 0);
	say("open it", writing("x/null"));
	say("allow all", mount(0, "x", 0, MS_REMOUNT | MS_BIND | MS_STRICTATIME, 0));
	show("/tmp/x");
	say("open it", writing("x/null"));
	check("a link", sys(83, "prog", "x/link") == 0 && there("x/link") == 0);
	say("without links", mount(0, "x", 0, MS_REMOUNT | MS_BIND | 256, 0));
	say("follow it", there("x/link"));
	say("read it", sys(NR_readlink, "x/link", st, 10));
	say("a proc", mount("p", "x", "proc", MS_RDONLY, 0));
	print("flags %x type %x\n", shown("x"), type("x"));
	show("/tmp/x");
	return 0;
}
