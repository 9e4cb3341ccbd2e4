/* Shared mounts: what is mounted on one is mounted on its peers and slaves, and taken away there with it; across namespaces, too. What cannot be moved or pivoted. */
#include "mounts.h"

static int pipes[2], back[2];
static int tmpfs(const char *path) { return mount("new", path, "tmpfs", 0, 0); }
static int child(void)
{
	int fails = 0;
	fails += tmpfs("/tmp/a/child") != 0;
	tell(pipes[1]);
	await(back[0]);
	fails += there("/tmp/a/parent/p") != 0;
	/* One's own from here on. */
	fails += mount(0, "/tmp/a", 0, MS_PRIVATE | MS_REC, 0) != 0;
	fails += umount("/tmp/a/parent", 0) != 0;
	fails += tmpfs("/tmp/a/sub") != 0;
	tell(pipes[1]);
	await(back[0]);
	return fails;
}
static int slave(void)
{
	int fails = 0;
	fails += mount(0, "/", 0, MS_SLAVE | MS_REC, 0) != 0;
	fails += tmpfs("/tmp/a/sub") != 0;
	tell(pipes[1]);
	await(back[0]);
	fails += there("/tmp/a/child/c") != 0;
	show("/tmp/a/child");
	flush();
	return fails;
}
int main(void)
{
	begin();
	sys(NR_chdir, "/tmp");
	dir("a");
	dir("b");
	dir("c");
	dir("d");
	dir("e");
	check("a file system", mount("a", "a", "tmpfs", 0, 0) == 0);
	dir("a/sub");
	dir("a/dir");
	dir("a/dir/in");
	dir("a/child");
	dir("a/parent");
	say("shared", mount(0, "a", 0, MS_SHARED, 0));
	show("/tmp/a");
	say("a peer", bind("a", "b", 0));
	show("/tmp/b");
	say("on one", tmpfs("a/sub"));
	made("a/sub/file");
	say("is on the other", there("b/sub/file"));
	show("/tmp/a/sub");
	show("/tmp/b/sub");
	say("one below", (dir("b/sub/deep"), tmpfs("b/sub/deep")));
	show("/tmp/a/sub/deep");
	int fd = sys(NR_open, "b/sub/deep", O_RDONLY);
	say("in use there", umount("a/sub/deep", 0));
	sys(NR_close, fd);
	say("all at once", umount("b/sub", MNT_DETACH));
	say("gone", there("a/sub/file"));
	show("/tmp/a/sub");

	say("slave", mount(0, "b", 0, MS_SLAVE, 0));
	show("/tmp/b");
	say("from the master", tmpfs("a/sub"));
	show("/tmp/b/sub");
	say("own", tmpfs("b/dir"));
	show("/tmp/a/dir");
	say("away", umount("a/sub", 0));
	show("/tmp/b/sub");
	say("off", umount("b/dir", 0));

	say("a slave that shares", mount(0, "b", 0, MS_SHARED, 0));
	say("with another", bind("b", "c", 0));
	show("/tmp/b");
	show("/tmp/c");
	say("to all", tmpfs("a/sub"));
	show("/tmp/b/sub");
	show("/tmp/c/sub");
	say("among them", tmpfs("c/child"));
	show("/tmp/a/child");
	show("/tmp/b/child");
	say("from all", umount("a/sub", 0));
	show("/tmp/c/sub");
	say("off", umount("b/child", 0));
	show("/tmp/c/child");

	say("a part of it", bind("a/dir", "d", 0));
	say("outside of the part", tmpfs("a/sub"));
	say("in it", tmpfs("a/dir/in"));
	show("/tmp/d");
	say("off", umount("d/in", 0));
	say("off", umount("a/sub", 0));
	show("/tmp/a/dir");

	say("lies over", tmpfs("b/sub"));
	made("b/sub/over");
	say("comes below", tmpfs("a/sub"));
	say("still over", there("b/sub/over"));
	show("/tmp/b/sub");
	say("the lower one goes", umount("a/sub", 0));
	say("still over", there("b/sub/over"));
	show("/tmp/b/sub");
	say("off", umount("b/sub", 0));

	say("move out of it", (tmpfs("a/sub"), mount("a/sub", "e", 0, MS_MOVE, 0)));
	umount("a/sub", 0);
	check("into it", tmpfs("e") == 0 && mount("e", "a/sub", 0, MS_MOVE, 0) == 0);
	show("/tmp/c/sub");
	umount("a/sub", 0);
	check("unbindable", tmpfs("e") == 0 && mount(0, "e", 0, MS_UNBINDABLE, 0) == 0);
	say("moved into it", mount("e", "a/sub", 0, MS_MOVE, 0));
	say("to a slave", mount(0, "e", 0, MS_SLAVE, 0));
	show("/tmp/e");
	umount("e", 0);

	say("the last of a group", mount(0, "c", 0, MS_PRIVATE, 0));
	say("and the other", mount(0, "b", 0, MS_PRIVATE, 0));
	show("/tmp/b");
	umount("d", 0);
	show("/tmp/a");

	/* Namespaces. */
	sys(NR_pipe, pipes);
	sys(NR_pipe, back);
	int pid = spawn_in(CLONE_NEWNS, child);
	await(pipes[0]);
	show("/tmp/a/child");
	check("for the child", tmpfs("a/parent") == 0 && made("a/parent/p") == 0);
	tell(back[1]);
	await(pipes[0]);
	say("is still here", there("a/parent/p"));
	show("/tmp/a/sub");
	tell(back[1]);
	say("child", reap(pid));
	show("/tmp/a");
	umount("a/parent", 0);
	umount("a/child", 0);
	pid = spawn_in(CLONE_NEWNS, slave);
	await(pipes[0]);
	show("/tmp/a/sub");
	check("for the slave", tmpfs("a/child") == 0 && made("a/child/c") == 0);
	flush();
	tell(back[1]);
	say("slave", reap(pid));
	umount("a/child", 0);

	/* Roots. */
	check("a root", tmpfs("a/sub") == 0 && dir("a/sub/old") == 0);
	say("pivot in what is shared", sys(NR_pivot_root, "a/sub", "a/sub/old"));
	mount(0, "a", 0, MS_PRIVATE, 0);
	say("put into what is", sys(NR_pivot_root, "a/sub", "a/sub/old"));
	mount(0, "a/sub", 0, MS_PRIVATE, 0);
	say("pivot", sys(NR_pivot_root, "a/sub", "a/sub/old"));
	return 0;
}
