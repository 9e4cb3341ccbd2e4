/* A new file: write, lseek, pread, pwrite, holes, ftruncate, append, readv/writev, rename, unlink, errors. */
#include "guest.h"

static u8 buffer[9000];

static void show(const char *what, int fd)
{
	int n = sys(NR_pread64, fd, buffer, sizeof buffer, 0, 0);
	u32 hash = 0;
	for (int i = 0; i < n; i++) hash = hash * 31 + buffer[i];
	print("%s: %d bytes, hash %X, at %d\n", what, n, hash, sys(NR_lseek, fd, 0, 1));
}

int main(void)
{
	int fd = sys(NR_open, "new", O_RDWR | O_CREAT | O_EXCL, 0640);
	say("open", fd);
	say("O_EXCL again", sys(NR_open, "new", O_RDWR | O_CREAT | O_EXCL, 0640));
	say("missing", sys(NR_open, "missing", O_RDONLY));
	say("write", sys(NR_write, fd, "hello, file", 11));
	show("written", fd);
	say("lseek set", sys(NR_lseek, fd, 3, 0));
	say("lseek cur", sys(NR_lseek, fd, 2, 1));
	say("lseek end", sys(NR_lseek, fd, -4, 2));
	say("lseek before the start", sys(NR_lseek, fd, -20, 1));
	say("read", sys(NR_read, fd, buffer, 100));
	say("read at the end", sys(NR_read, fd, buffer, 100));
	say("pwrite", sys(NR_pwrite64, fd, "HOLE", 4, 5000, 0));
	show("hole", fd);
	check("the hole is zero", buffer[11] == 0 && buffer[4999] == 0 && buffer[5000] == 'H');
	say("ftruncate down", sys(NR_ftruncate, fd, 7));
	show("short", fd);
	say("ftruncate up", sys(NR_ftruncate, fd, 20));
	show("long", fd);
	check("cut bytes do not come back", buffer[7] == 0 && buffer[10] == 0);
	say("lseek past the end", sys(NR_lseek, fd, 30, 0));
	say("write there", sys(NR_write, fd, "x", 1));
	show("past", fd);

	struct iovec parts[] = { { "one", 3 }, { "", 0 }, { "three", 5 } };
	say("writev", sys(NR_writev, fd, parts, 3));
	show("vector", fd);
	char a[4] = "", b[32] = "";
	struct iovec into[] = { { a, 2 }, { b, 5 } };
	sys(NR_lseek, fd, 31, 0);
	say("readv", sys(NR_readv, fd, into, 2));
	print("%s %s\n", a, b);
	u64 where = 0;
	say("llseek", sys(NR_llseek, fd, 1, 16, &where, 0));
	print("to %D\n", where);
	say("lseek back", sys(NR_lseek, fd, 16, 0)); /* a position beyond 32 bits is told differently by 64-bit kernels */

	int append = sys(NR_open, "new", O_WRONLY | O_APPEND, 0);
	say("append", sys(NR_write, append, "+", 1));
	say("append", sys(NR_write, append, "+", 1));
	say("read of a write-only descriptor", sys(NR_read, append, buffer, 1));
	show("appended", fd);
	u32 stat[24];
	say("fstat64", sys(NR_fstat64, fd, stat));
	print("mode %x links %u size %u\n", stat[4], stat[5], stat[11]);

	say("rename", sys(NR_rename, "new", "named"));
	say("old name", sys(NR_access, "new", 0));
	say("new name", sys(NR_access, "named", 0));
	say("mkdir", sys(NR_mkdir, "dir", 0755));
	say("mkdir again", sys(NR_mkdir, "dir", 0755));
	check("a file in it", sys(NR_open, "dir/f", O_CREAT | O_WRONLY, 0600) > 0);
	say("open of a directory for writing", sys(NR_open, "dir", O_WRONLY));
	say("read of a directory", sys(NR_read, sys(NR_open, "dir", O_RDONLY), buffer, 10));
	say("a file as directory", sys(NR_open, "named/x", O_RDONLY));
	say("rmdir, not empty", sys(NR_rmdir, "dir"));
	say("unlink in it", sys(NR_unlink, "dir/f"));
	say("rmdir", sys(NR_rmdir, "dir"));
	say("unlink", sys(NR_unlink, "named"));
	say("unlink again", sys(NR_unlink, "named"));
	show("unlinked", fd);
	say("close", sys(NR_close, fd));
	say("close again", sys(NR_close, fd));
	say("write to it", sys(NR_write, fd, "x", 1));
	say("write from a bad address", sys(NR_write, append, 16, 4));
	say("open of a bad address", sys(NR_open, 16, 0));
	return 0;
}
