/* Terminals of a container: a devpts of its own place, its ptmx, the slave by its name there, as /proc tells it, and busy while it is open. */
#include "mounts.h"

enum { NR_ioctl = 54, TIOCGPTN = 0x80045430, TIOCSPTLCK = 0x40045431, NR_symlink = 83 };
static char text[64];
int main(void)
{
	begin();
	sys(NR_chdir, "/tmp");
	dir("dev");
	dir("dev/pts");
	say("strange option", mount("devpts", "dev/pts", "devpts", 0, "color=red"));
	say("on nothing", mount("devpts", "dev/none", "devpts", 0, 0));
	say("mount", mount("devpts", "dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666,mode=0620,gid=5"));
	u32 st[32];
	say("statfs", sys(NR_statfs64, "dev/pts", 84, st));
	print("type %x\n", st[0]);
	check("a device of its own", device("dev/pts") != device("dev") && device("dev/pts/ptmx") == device("dev/pts"));
	sys(NR_symlink, "pts/ptmx", "dev/ptmx");
	int master = sys(NR_open, "dev/ptmx", O_RDWR), n = -1, unlocked = 0;
	check("a master", master == 3 && sys(NR_ioctl, master, TIOCGPTN, &n) == 0);
	say("its number", n);
	say("unlock", sys(NR_ioctl, master, TIOCSPTLCK, &unlocked));
	int slave = sys(NR_open, "dev/pts/0", O_RDWR | 0400);
	say("the slave", slave);
	print("name %s\n", linked("/proc/self/fd/4"));
	sys(NR_fstat64, slave, st);
	check("its device", st[0] == device("dev/pts"));
	say("write", sys(NR_write, slave, "hello", 5));
	say("read", sys(NR_read, master, text, sizeof text));
	say("busy", umount("dev/pts", 0));
	sys(NR_close, slave);
	sys(NR_close, master);
	say("no slave any more", there("dev/pts/0"));
	say("off", umount("dev/pts", 0));
	say("gone", there("dev/pts/ptmx"));
	return 0;
}
