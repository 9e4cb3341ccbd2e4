/* clone: what a child may share without being a thread: memory, directories, descriptors, its parent's parent. */
#include "procs.h"

static volatile int value, done;
static int self;
static void shares(void *unused)
{
	(void)unused;
	value = 1;
	sys(NR_umask, 027);
	sys(NR_chdir, "/tmp");
	sys(NR_dup2, 1, 20);
}
static void apart(void *unused)
{
	(void)unused;
	value = 2;
	sys(NR_umask, 011);
	sys(NR_dup2, 1, 21);
}
static void sibling(void *unused) { (void)unused; value = sys(NR_getppid) == self ? 1 : 3; }
int main(void)
{
	char cwd[64];
	self = sys(NR_getpid);
	sys(NR_umask, 022);
	int pid = thread(CLONE_VM | CLONE_FS | CLONE_FILES | SIGCHLD, stacks[0] + 8192, shares, 0, &tids[0], 0);
	say("shares", reap(pid));
	say("memory", value);
	print("umask %x\n", sys(NR_umask, 022));
	sys(NR_getcwd, cwd, sizeof cwd);
	print("cwd %s\n", cwd);
	say("descriptor", sys(NR_fcntl, 20, 1));
	pid = thread(CLONE_VM | SIGCHLD, stacks[0] + 8192, apart, 0, &tids[0], 0);
	say("apart", reap(pid));
	say("memory", value);
	print("umask %x\n", sys(NR_umask, 022));
	say("descriptor", sys(NR_fcntl, 21, 1));
	install(SIGUSR1, SIG_IGN, 0, 0);
	pid = thread(CLONE_VM | SIGUSR1, stacks[0] + 8192, sibling, 0, &tids[0], 0);
	say("another signal at its end: not for plain waits", sys(NR_waitpid, pid, 0, WNOHANG));
	int status = -1;
	while (sys(NR_waitpid, pid, &status, 0x40000000) == -EINTR) continue;
	say("__WALL", status);
	say("parent", value);
	say("SIGHAND without VM", sys(NR_clone, CLONE_SIGHAND | SIGCHLD, 0, 0, 0, 0));
	say("THREAD without SIGHAND", sys(NR_clone, CLONE_THREAD | CLONE_VM, 0, 0, 0, 0));
	return 0;
}
