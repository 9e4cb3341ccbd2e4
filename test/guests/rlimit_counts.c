/* Limits of numbers: RLIMIT_NPROC and RLIMIT_SIGPENDING of a user, prlimit64 on another process, death by SIGXFSZ. */
#include "procs.h"

enum { RLIMIT_FSIZE = 1, RLIMIT_NPROC = 6, RLIMIT_NOFILE = 7, RLIMIT_SIGPENDING = 11, SIGXFSZ = 25 };
struct limit64 { u64 soft, hard; };

static int sleeper(void)
{
	sys(NR_pause);
	return 0;
}

static int processes(void)
{
	u32 both[2] = { 3, 3 };
	sys(NR_setresuid32, 23456, 23456, 23456);
	sys(NR_setrlimit, RLIMIT_NPROC, both);
	int first = spawn(sleeper), second = spawn(sleeper), third = sys(NR_fork);
	if (third == 0) finish(0);
	check("two children beside oneself", first > 0 && second > 0);
	say("a third", third);
	sys(NR_kill, first, SIGKILL);
	reap(first);
	first = spawn(sleeper);
	check("room again", first > 0);
	sys(NR_kill, first, SIGKILL);
	sys(NR_kill, second, SIGKILL);
	reap(first);
	reap(second);
	return 0;
}

static int signals(void)
{
	u32 both[2] = { 4, 4 };
	sys(NR_setresuid32, 34567, 34567, 34567);
	sys(NR_setrlimit, RLIMIT_SIGPENDING, both);
	set_mask(SIG_BLOCK, BIT(SIGRTMIN + 3) | BIT(SIGRTMIN + 4));
	struct siginfo info = { .signo = SIGRTMIN + 3, .code = -1 };
	int me = sys(NR_getpid), sent = 0, result;
	while ((result = sys(NR_rt_sigqueueinfo, me, SIGRTMIN + 3, &info)) == 0) sent++;
	print("queued %d, then %d\n", sent, result);
	say("another number is no other queue", sys(NR_rt_sigqueueinfo, me, SIGRTMIN + 4, &info));
	say("kill always works", sys(NR_kill, me, SIGRTMIN + 4));
	u64 pending = 0;
	sys(NR_rt_sigpending, &pending, 8);
	check("both are pending", pending == (BIT(SIGRTMIN + 3) | BIT(SIGRTMIN + 4)));
	return 0;
}

static int target;
static int stranger(void)
{
	struct limit64 seen;
	sys(NR_setresuid32, 45678, 45678, 45678);
	say("of another user", sys(NR_prlimit64, target, RLIMIT_NOFILE, 0, &seen));
	say("of nobody", sys(NR_prlimit64, 0x3fffffff, RLIMIT_NOFILE, 0, &seen));
	return 0;
}

static int others(void)
{
	struct limit64 files = { 50, 60 }, seen = { 0, 0 };
	int child = target = spawn(sleeper);
	say("prlimit64 of a child", sys(NR_prlimit64, child, RLIMIT_NOFILE, &files, &seen));
	say("is told", sys(NR_prlimit64, child, RLIMIT_NOFILE, 0, &seen));
	print("%U %U\n", seen.soft, seen.hard);
	sys(NR_prlimit64, 0, RLIMIT_NOFILE, 0, &seen);
	check("one's own stay", seen.soft != 50);
	reap(spawn(stranger));
	sys(NR_kill, child, SIGKILL);
	reap(child);
	return 0;
}

static int file_size(void)
{
	u32 both[2] = { 10, 10 };
	int fd = sys(NR_open, "f", O_RDWR | O_CREAT | O_TRUNC, 0600);
	sys(NR_unlink, "f");
	sys(NR_setrlimit, RLIMIT_FSIZE, both);
	say("what fits", sys(NR_write, fd, "0123456789abcdef", 16));
	flush();
	sys(NR_write, fd, "x", 1);
	return 1;
}

int main(void)
{
	print("status %x\n", reap(spawn(processes)));
	print("status %x\n", reap(spawn(signals)));
	print("status %x\n", reap(spawn(others)));
	print("status %x\n", reap(spawn(file_size)) & 0x7f);
	return 0;
}
