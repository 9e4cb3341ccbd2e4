/* After fork descriptors are copies, open files and their offsets are shared. */
#include "procs.h"

static int fd;
static int child(void)
{
	check("the child goes on where the parent was", sys(NR_lseek, fd, 0, 1) == 3);
	sys(NR_write, fd, "def", 3);
	check("closing is its own business", sys(NR_close, fd) == 0 && sys(NR_fcntl, fd, 1) == -EBADF);
	return 0;
}
int main(void)
{
	fd = sys(NR_open, "/tmp/fork_files.tmp", O_RDWR | O_CREAT | O_TRUNC, 0600);
	sys(NR_write, fd, "abc", 3);
	say("status", reap(spawn(child)));
	say("offset", sys(NR_lseek, fd, 0, 1));
	char text[8] = { 0 };
	sys(NR_pread64, fd, text, 6, 0, 0);
	print("%s\n", text);
	sys(NR_unlink, "/tmp/fork_files.tmp");
	return 0;
}
