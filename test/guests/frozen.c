/* Everything a checkpoint must keep, set up in stages; each getppid is a place to freeze, and what follows uses it all. */
#include "guest.h"

struct desc { u32 entry, base, limit, flags; };
enum { SEG32 = 1, IN_PAGES = 16, USABLE = 64 };

static u32 block[32], table[32];
static u8 stack[16384] __attribute__((aligned(16)));
static volatile int users, alarms, onStack;
static long double one, two;

static void freeze_here(void) { sys(NR_getppid); }

static void on_user(int signal)
{
	(void)signal;
	u8 here;
	users++;
	onStack = &here >= stack && &here < stack + sizeof stack;
	freeze_here(); /* the third: inside a handler, the way back on its stack */
}

static void on_alarm(int signal) { alarms += signal == SIGALRM; }

static u32 eflags(void)
{
	u32 value;
	__asm__ volatile("pushfl; popl %0" : "=r"(value));
	return value;
}

static u16 control_word(void)
{
	u16 value;
	__asm__ volatile("fnstcw %0" : "=m"(value));
	return value;
}

int main(void)
{
	freeze_here(); /* the first: nothing is set, the FPU never used */
	u16 control = control_word();
	int fromSum;
	__asm__ volatile("fldpi; fldl2e; faddp; fistpl %0" : "=m"(fromSum));
	print("control word %x, pi + log2 e is about %d\n", control, fromSum);

	/* memory */
	u8 *p = map(0, 4 * PAGE, PROT_RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	memset(p, 7, 2 * PAGE); /* the last two pages stay untouched */
	say("mlock", sys(NR_mlock, p, PAGE));
	/* descriptors */
	int fd = sys(NR_open, "f", O_RDWR | O_CREAT | O_TRUNC, 0600), ends[2];
	sys(NR_write, fd, "0123456789", 10);
	sys(NR_lseek, fd, 4, 0);
	sys(NR_pipe, ends);
	sys(NR_write, ends[1], "in the pipe", 11);
	/* segments */
	for (u32 i = 0; i < 32; i++) block[i] = i * 3, table[i] = i * 5;
	struct desc tls = { ~0u, (u32)block, 0xfffff, SEG32 | IN_PAGES | USABLE };
	struct desc local = { 2, (u32)table, sizeof table - 1, SEG32 };
	say("set_thread_area", sys(NR_set_thread_area, &tls));
	say("modify_ldt", sys(NR_modify_ldt, 1, &local, sizeof local));
	__asm__ volatile("mov %0, %%gs; mov %1, %%fs" : : "r"(tls.entry << 3 | 3), "r"(2 << 3 | 7));
	/* signals and timers */
	struct altstack alternate = { stack, 0, sizeof stack };
	sys(NR_sigaltstack, &alternate, 0);
	install(SIGUSR1, on_user, SA_ONSTACK, 0);
	install(SIGALRM, on_alarm, 0, 0);
	set_mask(SIG_BLOCK, BIT(SIGUSR1));
	sys(NR_kill, sys(NR_getpid), SIGUSR1);
	struct itimerval once = { { 0, 0 }, { 0, 20000 } };
	sys(NR_setitimer, 0, &once, 0);
	/* who and where */
	u32 limit[2] = { 64, 64 };
	sys(NR_setrlimit, 7, limit);
	sys(NR_umask, 027);
	sys(NR_mkdir, "d", 0777);
	sys(NR_chdir, "d");
	say("setresgid", sys(NR_setresgid32, 100, 100, 100));
	say("setresuid", sys(NR_setresuid32, 1000, 1000, 1000));
	__asm__ volatile("fldpi; fldl2e");

	freeze_here(); /* the second: all of it is there */
	__asm__ volatile("fstpt %0; fstpt %1" : "=m"(one), "=m"(two));
	u64 mantissa;
	memcpy(&mantissa, &one, 8);
	print("log2 e %Q", mantissa);
	memcpy(&mantissa, &two, 8);
	print(" pi %Q\n", mantissa);
	u32 fromTls, fromLdt;
	__asm__ volatile("movl %%gs:16, %0" : "=r"(fromTls));
	__asm__ volatile("mov %1, %%fs; movl %%fs:16, %0" : "=r"(fromLdt) : "r"(2 << 3 | 7));
	print("tls %u, ldt %u, iopl %u\n", fromTls, fromLdt, eflags() >> 12 & 3);
	u32 ids[3];
	sys(NR_getresuid32, ids, ids + 1, ids + 2);
	print("uid %u %u %u", ids[0], ids[1], ids[2]);
	sys(NR_getresgid32, ids, ids + 1, ids + 2);
	print(", gid %u %u %u\n", ids[0], ids[1], ids[2]);
	sys(NR_ugetrlimit, 7, limit);
	int mask = sys(NR_umask, 022);
	char cwd[256];
	sys(NR_getcwd, cwd, sizeof cwd);
	print("files %u, umask %x, in d %d\n", limit[0], mask, cwd[strlen(cwd) - 1] == 'd');
	char text[16] = { 0 };
	say("read", sys(NR_read, fd, text, 3));
	say("from the pipe", sys(NR_read, ends[0], text + 3, 6));
	print("got %s\n", text);
	say("DONTNEED of locked memory", sys(NR_madvise, p, PAGE, 4));
	print("memory %d %d %d\n", p[0], p[PAGE], p[2 * PAGE]);
	u8 *q = map(0, PAGE, PROT_RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	print("next to it %d\n", q + PAGE == p);
	set_mask(SIG_UNBLOCK, BIT(SIGUSR1));
	print("handlers %d, on their stack %d\n", users, onStack);
	while (!alarms) sys(NR_pause);
	print("alarms %d\n", alarms);
	sys(NR_chdir, "..");
	return 0;
}
