/* Nothing but system calls: twenty thousand getpid, then a thousand small writes to a file and reads of it. For measuring. */
#include "guest.h"

int main(void)
{
	int pid = sys(NR_getpid), wrong = 0;
	for (int i = 0; i < 20000; i++) wrong += sys(NR_getpid) != pid;
	say("wrong answers", wrong);
	int fd = sys(NR_open, "f", O_RDWR | O_CREAT | O_TRUNC, 0600);
	u32 sum = 0;
	for (u32 i = 0; i < 1000; i++) sys(NR_write, fd, &i, sizeof i);
	say("at", sys(NR_lseek, fd, 0, 1));
	sys(NR_lseek, fd, 0, 0);
	for (u32 i; sys(NR_read, fd, &i, sizeof i) == sizeof i;) sum += i;
	print("sum %u\n", sum);
	return sys(NR_unlink, "f");
}
