/* dup, dup2, dup3, fcntl: the lowest free number, a shared offset and status flags, own close-on-exec flags. */
#include "guest.h"

int main(void)
{
	int fd = sys(NR_open, "f", O_RDWR | O_CREAT, 0600);
	sys(NR_write, fd, "0123456789", 10);
	int a = sys(NR_dup, fd);
	say("dup", a);
	say("dup2", sys(NR_dup2, fd, 9));
	say("dup2 to itself", sys(NR_dup2, fd, fd));
	say("offset through the dup", sys(NR_lseek, a, 0, 1));
	say("moved through another", sys(NR_lseek, 9, 4, 0));
	say("seen", sys(NR_lseek, fd, 0, 1));
	say("close", sys(NR_close, a));
	say("the lowest is used again", sys(NR_dup, 9));
	say("F_DUPFD from 20", sys(NR_fcntl64, fd, 0, 20));
	say("F_DUPFD_CLOEXEC from 20", sys(NR_fcntl64, fd, 1030, 20));
	say("F_GETFD", sys(NR_fcntl64, fd, 1));
	say("F_GETFD of the second", sys(NR_fcntl64, 21, 1));
	say("F_SETFD", sys(NR_fcntl64, 20, 2, 1));
	say("F_GETFD of it", sys(NR_fcntl64, 20, 1));
	say("F_GETFD of the first", sys(NR_fcntl64, fd, 1));
	say("F_GETLEASE", sys(NR_fcntl64, fd, 1025));
	say("F_GETFL", sys(NR_fcntl64, fd, 3));
	say("F_SETFL", sys(NR_fcntl64, fd, 4, O_APPEND | O_NONBLOCK));
	say("F_GETFL", sys(NR_fcntl64, fd, 3));
	say("F_GETFL of the dup", sys(NR_fcntl64, 9, 3));
	sys(NR_lseek, 9, 0, 0);
	sys(NR_write, 9, "!", 1);
	say("append through the dup, now at", sys(NR_lseek, fd, 0, 1));
	say("dup3", sys(NR_dup3, fd, 12, O_CLOEXEC));
	say("F_GETFD of it", sys(NR_fcntl64, 12, 1));
	say("dup3 to itself", sys(NR_dup3, fd, fd, 0));
	say("dup of a closed one", sys(NR_dup, 77));
	say("dup2 of a closed one", sys(NR_dup2, 77, 5));
	say("dup2 to -1", sys(NR_dup2, fd, -1));
	say("fcntl of a closed one", sys(NR_fcntl64, 77, 1));
	say("fcntl, unknown command", sys(NR_fcntl64, fd, 999));
	say("a second open has its own offset", sys(NR_lseek, sys(NR_open, "f", O_RDONLY), 0, 1));
	int out = sys(NR_dup, 1);
	sys(NR_close, 1);
	print("lost\n");
	say("dup2 back", sys(NR_dup2, out, 1));
	print("stdout is back\n");
	say("unlink", sys(NR_unlink, "f"));
	return 0;
}
