/* flock belongs to an open file: a fork shares it, another open conflicts, the last close lets go. */
#include "procs.h"

enum { LOCK_SH = 1, LOCK_EX = 2, LOCK_NB = 4, LOCK_UN = 8 };
static int fd, other, gate[2];
static int child(void)
{
	say("the same open file", sys(NR_flock, fd, LOCK_EX | LOCK_NB));
	other = sys(NR_open, "/tmp/flock_files.tmp", O_RDWR);
	say("another open", sys(NR_flock, other, LOCK_SH | LOCK_NB));
	tell(gate[1]);
	sys(NR_close, fd);
	say("waited for", sys(NR_flock, other, LOCK_EX));
	return 0;
}
int main(void)
{
	fd = sys(NR_open, "/tmp/flock_files.tmp", O_RDWR | O_CREAT, 0600);
	sys(NR_pipe, gate);
	say("lock", sys(NR_flock, fd, LOCK_EX));
	int pid = spawn(child);
	await(gate[0]);
	pause_ms(5);
	sys(NR_close, fd);
	say("status", reap(pid));
	sys(NR_unlink, "/tmp/flock_files.tmp");
	return 0;
}
