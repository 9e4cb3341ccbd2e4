/* Calls at random over namespaces, mounts, processes, signals, ptrace and files: `calls SEED COUNT`. For the machine alone: it mounts and kills. */
#include "../guests/guest.h"

enum {
	NR_mount = 21, NR_ptrace = 26, NR_sync = 36, NR_chroot = 61, NR_symlink = 83, NR_link = 9, NR_setns = 346, NR_pivot_root = 217,
	NR_umount2 = 52, NR_fchdir = 133, NR_getdents64 = 220, NR_statfs64 = 268, NR_pidfd_open = 434, NR_pidfd_send_signal = 424,
	NR_sched_setscheduler = 156, NR_kcmp = 349, NR_statx = 383, NR_truncate = 92, NR_ioctl = 54, NR_sched_getparam = 155,
	NR_process_vm_readv = 347, NR_open_tree = 428,
};
static u32 state;
static u32 random(u32 below)
{
	state = state * 1664525u + 1013904223u;
	return (state >> 8) % below;
}
static u8 memory[8192] __attribute__((aligned(64)));
#define PICK(...) (((const u32[]){ __VA_ARGS__ })[random(sizeof((const u32[]){ __VA_ARGS__ }) / 4)])

static const char *path(void)
{
	static const char *const paths[] = {
		"/", "/a", "/a/b", "/proc", "/proc/self", "/proc/self/ns/pid", "/proc/self/ns/mnt", "/proc/self/ns/uts",
		"/proc/self/ns/pid_for_children", "/proc/1/ns/mnt", "/proc/1", "/proc/self/fd", "/proc/mounts", "/m", "/m/x", "/m/y", "..", ".",
		"a", "b", "/m/x/../y", "/proc/self/cwd", "/proc/self/root", "/dev", "/dev/null", "/dev/shm", "/proc/self/mountinfo",
		"/proc/2/status", "/proc/self/maps", "/nope", "/m/f", "/a/f", "/dev/pts", "/proc/self/task",
	};
	return paths[random(sizeof paths / sizeof *paths)];
}
static u32 namespaces(void)
{
	u32 flags = 0;
	for (u32 n = 1 + random(2); n; n--) flags |= PICK(0x20000, 0x4000000, 0x8000000, 0x20000000, 0x200, 0x400, 0x40000);
	return flags;
}
static u32 anything(void)
{
	return PICK(0, 1, 2, 3, 7, (u32)-1, (u32)memory, 64, (u32)sys(NR_getpid), (u32)memory + 4090, random(0x1000000), 1u << random(32));
}
static void one(void);
static void child(void)
{
	for (u32 n = random(30); n; n--) one();
	if (random(4) == 0) sys(NR_tkill, sys(NR_gettid), SIGSTOP);
	if (random(5) == 0) {
		sys(NR_alarm, 1);
		sys(NR_pause);
	}
	if (random(3)) sys(NR_exit_group, random(256));
}
static void trace(void)
{
	u32 request = PICK(0, 3, 7, 8, 9, 12, 16, 17, 24, 31, 32, 0x4200, 0x4201, 0x4202, 0x4206, 0x4207, 0x4208, 0x4209, 0x420e);
	u32 address = request == 0x420e ? 88 : request == 0x4209 ? (u32)memory : 0;
	u32 data = request == 7 || request == 24 || request == 31 ? random(20) : request == 0x4206 ? random(128) : (u32)memory;
	sys(NR_ptrace, request, 3 + random(6), address, data);
}
static void mount(void)
{
	static const char *const types[] = { "tmpfs", "proc", "sysfs", "none", "ext4", "devpts" };
	u32 flags = PICK(0, 0, 0x1000, 0x5000, 0x2000, 0x20, 0x21, 0x1020, 0x40000, 0x80000, 0x100000, 0x20000, 0x44000, 0x84000, 0x104000, 1, 2, 4, 8);
	const char *const from = path(), *const to = path();
	sys(NR_mount, from, to, types[random(6)], flags, random(3) ? 0 : "size=64k");
}
static void look(void)
{
	int fd = sys(NR_open, path(), random(2) ? 0 : 0200000);
	sys(NR_read, fd, memory, 4096);
	sys(NR_getdents64, fd, memory, 4096);
	if (random(2)) sys(NR_fchdir, fd);
	if (random(4)) sys(NR_close, fd);
}
static void file(void)
{
	int fd = sys(NR_open, path(), O_CREAT | O_RDWR, 0666);
	sys(NR_write, fd, memory, random(8192));
	if (random(2)) map(0, PAGE, PROT_RW, random(2) ? MAP_SHARED : MAP_PRIVATE, fd, 0);
	if (random(2)) sys(NR_close, fd);
}
static void other(void)
{
	u32 nr = PICK(NR_getpgid, NR_getsid, NR_getppid, NR_gettid, NR_tgkill, NR_tkill, NR_getpriority, NR_setpriority, NR_sched_getparam, NR_kcmp,
		NR_process_vm_readv, NR_fcntl64, NR_dup2, NR_waitid, NR_statx, NR_umask, NR_ioctl, NR_prlimit64, NR_fchdir, NR_truncate, NR_access);
	u32 args[6];
	for (int i = 0; i < 6; i++) args[i] = anything();
	sys(nr, args[0], args[1], args[2], args[3], args[4], args[5]);
}
static void futex(void)
{
	u32 op = PICK(0, 1, 3, 6, 7, 8, 9, 11, 12, 13) | 128;
	static const struct timespec soon = { 0, 1000 };
	sys(NR_futex, memory, op, random(3), &soon, memory + 128, random(2));
}
static void one(void)
{
	const char *const p = path();
	switch (random(36)) {
	case 0: case 1: case 2: mount(); break;
	case 3: case 4: sys(NR_umount2, p, PICK(0, 1, 2, 4, 8)); break;
	case 5: sys(NR_pivot_root, p, path()); break;
	case 6: sys(NR_chroot, p); break;
	case 7: case 8: sys(NR_chdir, p); break;
	case 9: sys(NR_mkdir, p, 0777); break;
	case 10: sys(NR_rmdir, p); break;
	case 11: sys(NR_unlink, p); break;
	case 12: sys(NR_rename, p, path()); break;
	case 13: case 14: sys(NR_open, p, PICK(0, 1, 2, 0102, 0200000, 010000000), 0666); break;
	case 15: case 16: sys(NR_close, 3 + random(10)); break;
	case 17: case 18: sys(NR_unshare, namespaces()); break;
	case 19: case 20: sys(NR_setns, 3 + random(10), PICK(0, 0x20000, 0x20000000, 0x4000000)); break;
	case 21: case 22: case 23: {
		u32 flags = (random(2) ? namespaces() : 0) | (random(4) ? SIGCHLD : 0) | (random(8) ? 0 : 0x8000);
		if (sys(NR_clone, flags, 0) == 0) child();
		break;
	}
	case 24: case 25: sys(NR_waitpid, PICK(-1, -1, 0, 1, 2, 3), memory, 0x40000001 | (random(2) ? 10 : 0)); break;
	case 26: sys(NR_kill, 3 + random(6), PICK(0, 10, 18, 19, 9, 15, 17)); break;
	case 27: sys(random(4) ? NR_setpgid : NR_setsid, random(6), random(6)); break;
	case 28: case 29: trace(); break;
	case 30: look(); break;
	case 31: sys(random(2) ? NR_symlink : NR_link, p, path()); break;
	case 32: sys(random(2) ? NR_pidfd_open : NR_pidfd_send_signal, 1 + random(8), PICK(0, 10, 18), 0, 0); break;
	case 33: file(); break;
	case 34: futex(); break;
	default: other();
	}
}
static void nothing(int signo) { (void)signo; }
static u32 number(const char *text)
{
	u32 value = 0;
	while (*text) value = value * 10 + *text++ - '0';
	return value;
}
int main(int argc, char **argv)
{
	state = argc > 1 ? number(argv[1]) : 1;
	install(SIGUSR1, nothing, 0, 0);
	install(SIGALRM, nothing, 0, 0);
	install(SIGTERM, nothing, 0, 0);
	sys(NR_mkdir, "/a", 0777);
	sys(NR_mkdir, "/a/b", 0777);
	sys(NR_mkdir, "/m", 0777);
	sys(NR_mkdir, "/m/x", 0777);
	sys(NR_mkdir, "/m/y", 0777);
	for (u32 n = argc > 2 ? number(argv[2]) : 200; n; n--) one();
	sys(NR_kill, -1, SIGKILL);
	return 0;
}
