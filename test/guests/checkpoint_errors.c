/* The error codes of the checkpoint module's calls: descriptors, tasks, short reads and writes, images of other kernels, broken images.
 * @module
 * @not-native no kernel that runs this has the module */
#include "module.h"

static int gate[2], fd, whole;
static u8 copy[200000];

static int child(void) { tell(gate[1]); for (;;) sys(NR_pause); return 0; }
static int ends(void) { return 0; }

/* The image with one byte changed, or cut, in a file of its own. */
static int tried(int at, int byte, int length)
{
	int other = sys(NR_open, "/other", O_RDWR | O_CREAT | O_TRUNC, 0600);
	u8 was = copy[at];
	copy[at] = (u8)byte;
	sys(NR_write, other, copy, length);
	copy[at] = was;
	rewind_to(other, 0);
	int result = restart(other);
	sys(NR_close, other);
	return result;
}

int main(void)
{
	need_module();
	sys(NR_pipe, gate);
	int pid = spawn(child);
	await(gate[0]);
	pause_ms(1);
	fd = image_file();

	check("checkpoint: no descriptor comes before no task", checkpoint(999, -1) == -EBADF && checkpoint(999, 77) == -EBADF);
	check("checkpoint: no task", checkpoint(999, fd) == -ESRCH && checkpoint(0, fd) == -ESRCH && checkpoint(-pid, fd) == -ESRCH);
	int gone = spawn(ends);
	pause_ms(1);
	check("checkpoint: one that has ended", checkpoint(gone, fd) == -ESRCH);
	reap(gone);
	check("nothing was written", size_of(fd) == 0);
	check("flags are not looked at", sys(NR_checkpoint, pid, fd, 0xffffffff) == 0);
	whole = size_of(fd);
	rewind_to(fd, 0);
	check("the image fits", whole < (int)sizeof copy && sys(NR_read, fd, copy, sizeof copy) == whole);
	check("it has the signature", copy[0] == 0x79 && copy[1] == 0x1c && copy[2] == 1 && copy[3] == 0x63);

	int readonly = sys(NR_open, "/readonly", O_RDONLY | O_CREAT, 0600);
	check("nobody asks what a descriptor was opened for", checkpoint(pid, readonly) == 0 && size_of(readonly) == whole);
	int root = sys(NR_open, "/", O_RDONLY, 0);
	check("a directory", checkpoint(pid, root) == -EISDIR && restart(root) == -EISDIR);
	int again = sys(NR_open, "/readonly", O_RDWR | O_APPEND, 0);
	check("at its end when opened so", checkpoint(pid, again) == 0 && size_of(again) == 2 * whole);

	u32 limit[2] = { 1000, 1000 };
	install(25, SIG_IGN, 0, 0);
	int small = sys(NR_open, "/small", O_RDWR | O_CREAT, 0600);
	u32 lots[2] = { 0, 0 };
	sys(NR_ugetrlimit, RLIMIT_FSIZE, lots);
	limit[1] = lots[1];
	sys(NR_setrlimit, RLIMIT_FSIZE, limit);
	check("a write that is cut short", checkpoint(pid, small) == -EIO && size_of(small) == 1000);
	check("a write without room", checkpoint(pid, small) == -EFBIG);
	limit[0] = 32;
	sys(NR_setrlimit, RLIMIT_FSIZE, limit);
	sys(NR_ftruncate, small, 0);
	rewind_to(small, 0);
	check("without room for the second object", checkpoint(pid, small) == -EFBIG && size_of(small) == 32);
	sys(NR_setrlimit, RLIMIT_FSIZE, lots);

	check("restart: no descriptor", restart(-1) == -EBADF && restart(77) == -EBADF);
	check("restart: its pid is somebody's", tried(0, copy[0], whole) == -EEXIST);
	kill_and_reap(pid);
	check("restart: an empty file", tried(0, copy[0], 0) == -EIO);
	check("restart: cut in the head, in an object, before the last", tried(0, copy[0], 20) == -EIO && tried(0, copy[0], 100) == -EIO && tried(0, copy[0], whole - 1) == -EIO);
	check("restart: another signature", tried(0, 0x78, whole) == -EINVAL);
	check("restart: another kernel", tried(8, copy[8] + 1, whole) == -EINVAL && tried(10, copy[10] ^ 1, whole) == -EINVAL);
	check("restart: another architecture", tried(16, 1, whole) == -ENOSYS);
	check("restart: another type of object", tried(32 + 12, 1, whole) == -EINVAL);
	check("restart: a header that is too short", tried(32 + 8, 8, whole) == -EINVAL);
	check("restart: what is no flag of user mode", tried(whole - 120 + 105, 0x32, whole) == -EINVAL);
	check("no child came of any", sys(NR_waitpid, -1, 0, WNOHANG) == -ECHILD);
	check("restart: bytes behind an image are not its own", tried(0, copy[0], whole + 50) == 0);
	check("the child is there", sys(NR_waitpid, -1, 0, WNOHANG) == 0);
	kill_and_reap(pid);
	return 0;
}
