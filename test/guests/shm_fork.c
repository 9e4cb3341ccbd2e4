/* Every mapping of a segment counts as attached: a fork adds some, an exec and an exit take them away, a split makes two of one. */
#include "ipc.h"

static int id, gate[2], back[2];
static volatile int *shared;
static struct shmid s;
static int attached(void)
{
	sys(NR_shmctl, id, IPC_STAT, &s);
	return s.attached;
}
static int child(void)
{
	shared[1] = 11;
	tell(gate[1]);
	await(back[0]);
	say("child sees", shared[2]);
	say("detaches", sys(NR_shmdt, shared));
	say("count", attached());
	check("the last was the child", s.lpid == sys(NR_getpid));
	return 3;
}
static int program(void)
{
	char *argv[] = { "/proc/self/exe", "again", 0 };
	sys(NR_execve, "/proc/self/exe", argv, 0);
	return 1;
}
static int ender(void) { return 0; }
static void line_of(u8 *from)
{
	static char text[8192];
	int fd = sys(NR_open, "/proc/self/maps", O_RDONLY), length = 0, n;
	while ((n = sys(NR_read, fd, text + length, sizeof text - 1 - length)) > 0) length += n;
	sys(NR_close, fd);
	for (char *line = text; line < text + length;) {
		char *end = line;
		while (*end != '\n') end++;
		u32 start = 0;
		for (char *c = line; *c != '-'; c++) start = start * 16 + (*c <= '9' ? *c - '0' : *c - 'a' + 10);
		*end = 0;
		if (start == (u32)from) {
			char *name = end;
			while (name > line && name[-1] != '/') name--;
			line[22] = 0;
			print("maps: %s ... /%s\n", line + 18, name);
		}
		line = end + 1;
	}
}
int main(int argc, char **argv)
{
	(void)argv;
	if (argc > 1) return 4;
	id = sys(NR_shmget, 0, 4 * PAGE, 0600);
	shared = (int *)sys(NR_shmat, id, 0, 0);
	sys(NR_pipe, gate);
	sys(NR_pipe, back);
	int pid = spawn(child);
	await(gate[0]);
	say("parent sees", shared[1]);
	say("with the child's", attached());
	check("forked by the parent", s.lpid == sys(NR_getpid));
	shared[2] = 22;
	tell(back[1]);
	say("child", reap(pid));
	say("alone", attached());
	check("by the child", s.lpid == pid && s.dtime != 0);
	say("exit", reap(spawn(ender)));
	say("after an exit", attached());
	say("exec", reap(spawn(program)));
	say("after an exec", attached());
	u8 *at = (u8 *)shared;
	line_of(at);
	say("split", sys(NR_mprotect, at + PAGE, PAGE, PROT_READ));
	say("three", attached());
	say("whole again", sys(NR_mprotect, at + PAGE, PAGE, PROT_RW));
	say("still three", attached());
	say("hole", sys(NR_munmap, at + 2 * PAGE, PAGE));
	say("left", attached());
	u8 *moved = (u8 *)sys(NR_mremap, at + 3 * PAGE, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, map(0, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	check("moved", !is_error(moved));
	say("still", attached());
	moved[0] = 5;
	u8 *other = (u8 *)sys(NR_shmat, id, 0, 0);
	say("at its old place in the segment", other[3 * PAGE]);
	say("detach all parts that stand right", sys(NR_shmdt, at));
	say("left", attached());
	say("the moved one is found by where it would begin", sys(NR_shmdt, moved - 3 * PAGE));
	say("left", attached());
	sys(NR_madvise, other, 4 * PAGE, 10);
	say("not for children", reap(spawn(attached)) >> 8);
	say("remove", sys(NR_shmctl, id, IPC_RMID, 0));
	other[0] = 1;
	say("detach", sys(NR_shmdt, other));
	say("gone", sys(NR_shmctl, id, IPC_STAT, &s));
	return 0;
}
