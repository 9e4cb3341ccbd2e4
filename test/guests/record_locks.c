/* fcntl locks belong to a process: they conflict with others', are waited for, and go with any close. */
#include "procs.h"

struct flock { short type, whence; int start, len, pid; };
enum { F_GETLK = 5, F_SETLK, F_SETLKW, F_RDLCK = 0, F_WRLCK, F_UNLCK };
static int fd, gate[2], back[2], parent;
static int set(int command, int type, int start, int length)
{
	struct flock l = { type, 0, start, length, 0 };
	return sys(NR_fcntl, fd, command, &l);
}
static int child(void)
{
	struct flock l = { F_WRLCK, 0, 0, 0, 0 };
	say("asked", sys(NR_fcntl, fd, F_GETLK, &l));
	check("held by the parent", l.type == F_WRLCK && l.start == 10 && l.len == 10 && l.pid == parent);
	say("in the way", set(F_SETLK, F_RDLCK, 15, 1));
	say("beside it", set(F_SETLK, F_WRLCK, 0, 10));
	tell(back[1]);
	say("waited for", set(F_SETLKW, F_WRLCK, 10, 5));
	await(gate[0]);
	return 0;
}
int main(void)
{
	parent = sys(NR_getpid);
	fd = sys(NR_open, "/tmp/record_locks.tmp", O_RDWR | O_CREAT | O_TRUNC, 0600);
	sys(NR_unlink, "/tmp/record_locks.tmp");
	sys(NR_pipe, gate);
	sys(NR_pipe, back);
	say("lock", set(F_SETLK, F_WRLCK, 10, 10));
	int pid = spawn(child);
	await(back[0]);
	pause_ms(20);
	say("the child's", set(F_SETLK, F_RDLCK, 5, 1));
	say("deadlock", set(F_SETLKW, F_WRLCK, 0, 1));
	pause_ms(5);
	int result = set(F_SETLK, F_UNLCK, 10, 5);
	pause_ms(20);
	say("unlock a part", result);
	say("now the child's", set(F_SETLK, F_RDLCK, 12, 1));
	tell(gate[1]);
	say("status", reap(pid));
	say("gone with the child", set(F_SETLK, F_WRLCK, 0, 0));
	sys(NR_close, sys(NR_dup, fd));
	return 0;
}
