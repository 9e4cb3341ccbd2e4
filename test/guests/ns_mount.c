/* Mount namespaces: what is mounted in one's own is not there outside; unshare, clone and setns, by a descriptor of /proc/PID/ns and by one of a process. */
#include "mounts.h"

static int pipes[2], back[2];

static int cloned(void)
{
	int fails = 0;
	fails += there("/tmp/file") != 0;
	fails += mount("inner", "/tmp/inner", "tmpfs", 0, 0) != 0;
	fails += made("/tmp/inner/secret") != 0;
	tell(pipes[1]);
	await(back[0]);
	/* Whoever joined has made one meanwhile. */
	fails += there("/tmp/inner/joined") != 0;
	return fails;
}
static int powerless(void)
{
	sys(NR_setuid32, 1000);
	int fails = 0;
	fails += sys(NR_unshare, CLONE_NEWNS) != -EPERM;
	fails += sys(NR_clone, CLONE_NEWNS | SIGCHLD, 0) != -EPERM;
	fails += mount("x", "/tmp", "tmpfs", 0, 0) != -EPERM;
	fails += umount("/tmp", 0) != -EPERM;
	fails += sys(NR_pivot_root, "/tmp", "/tmp") != -EPERM;
	return fails;
}
static void waits(void *unused)
{
	(void)unused;
	await(back[0]);
}
static int busy_fs(void)
{
	/* A thread has the same root: nobody enters another namespace with it. */
	int ns = sys(NR_open, "/proc/self/ns/mnt", O_RDONLY);
	start(0, waits, 0);
	int result = sys(NR_setns, ns, CLONE_NEWNS);
	tell(back[1]);
	join(0);
	return result == -EINVAL && sys(NR_setns, ns, CLONE_NEWNS) == 0 ? 0 : 1;
}
int main(void)
{
	u32 first = number_of("/proc/self/ns/mnt", "mnt");
	check("a link to the first one", first != 0);
	int original = sys(NR_open, "/proc/self/ns/mnt", O_RDONLY);
	check("it can be opened", original >= 0);
	begin();
	u32 second = number_of("/proc/self/ns/mnt", "mnt");
	check("another number", second != 0 && second != first);
	check("still at the same place", sys(NR_chdir, "/tmp") == 0 && same(cwd(), "/tmp"));
	check("a file", made("file") == 0 && dir("inner") == 0);
	int inside = sys(NR_open, "/proc/self/ns/mnt", O_RDONLY);

	sys(NR_pipe, pipes);
	sys(NR_pipe, back);
	say("with a shared root", sys(NR_clone, CLONE_NEWNS | CLONE_FS | SIGCHLD, 0));
	int pid = spawn_in(CLONE_NEWNS, cloned);
	await(pipes[0]);
	say("not here", there("/tmp/inner/secret"));
	int process = sys(NR_pidfd_open, pid, 0);
	say("by a process", sys(NR_setns, process, CLONE_NEWNS));
	check("at its top", same(cwd(), "/") && same(linked("/proc/self/root"), "/"));
	say("there", there("/tmp/inner/secret"));
	check("and one of its own", made("/tmp/inner/joined") == 0 && number_of("/proc/self/ns/mnt", "mnt") != second);
	tell(back[1]);
	say("child", reap(pid));
	check("outlives it", there("/tmp/inner/secret") == 0);
	say("back", sys(NR_setns, inside, 0));
	check("as it was", same(cwd(), "/") && there("/tmp/file") == 0 && there("/tmp/inner/secret") == -ENOENT);
	say("to the first", sys(NR_setns, original, CLONE_NEWNS));
	check("nothing of it", there("/tmp/file") == -ENOENT && number_of("/proc/self/ns/mnt", "mnt") == first);
	say("in again", sys(NR_setns, inside, CLONE_NEWNS));
	check("still there", there("/tmp/file") == 0);
	sys(NR_close, original);
	sys(NR_close, inside);
	sys(NR_close, process);
	check("closing ends nothing", there("/tmp/file") == 0 && there("/proc/self/ns/mnt") == 0);

	/* Who shares root and directory no longer does with a namespace of his own. */
	say("a thread's root", reap(spawn(busy_fs)));
	say("without rights", reap(spawn(powerless)));
	return 0;
}
