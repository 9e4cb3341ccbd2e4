/* First threads that have ended while others live, in a child and in the root: memory, an LDT, descriptors and signals are the others'. */
#include "procs.h"

struct desc { u32 entry, base, limit, flags; };
enum { SEG32 = 1, USABLE = 64 };

static int gate[2], back[2];
static volatile u32 word, handled;
static u8 segment[16] = "0123456789abcdef";

static void on_usr1(int signal) { (void)signal; handled++; }

/* fs is a segment of the LDT that the leader made. */
static int through_fs(void)
{
	u8 byte;
	__asm__ volatile("mov %1, %%fs\n\tmovb %%fs:3, %0\n\tmov %2, %%fs" : "=q"(byte) : "r"(7), "r"(0));
	return byte;
}

static void helper(void *unused)
{
	(void)unused;
	while (word == 0) sys(NR_futex, &word, FUTEX_WAIT, 0, 0);
	word = 2;
	sys(NR_futex, &word, FUTEX_WAKE, 1);
	sys(NR_exit, 9);
}

/* Goes on alone in the child: the leader is a zombie from here on. */
static void survivor(void *unused)
{
	(void)unused;
	pause_ms(2);
	check("the process has its pid yet", sys(NR_getpid) != sys(NR_gettid));
	print("through the leader's segment %c\n", through_fs());
	u8 *more = map(0, PAGE, PROT_RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	memset(more, 0x5a, PAGE);
	word = 1;
	sys(NR_futex, &word, FUTEX_WAKE, 1);
	while (word != 2) sys(NR_futex, &word, FUTEX_WAIT, 1, 0);
	print("mapped %x, woken by the other thread\n", more[PAGE - 1]);
	flush();
	tell(back[1]);
	await(gate[0]);
	print("signals to the process that were handled: %d\n", handled);
	flush();
	sys(NR_exit, 5);
}

static int child(void)
{
	struct desc desc = { 0, (u32)segment, sizeof segment - 1, SEG32 | USABLE };
	sys(NR_modify_ldt, 1, &desc, sizeof desc);
	install(SIGUSR1, on_usr1, SA_RESTART, 0);
	start(0, survivor, 0);
	start(1, helper, 0);
	sys(NR_exit, 3);
	return 1;
}

/* The root's own first thread leaves, too: who waits for the child is the second. */
static void rest(void *argument)
{
	int pid = (int)argument, status = -1;
	pause_ms(4);
	await(back[0]);
	check("a child whose leader left cannot be waited for yet", sys(NR_waitpid, pid, &status, WNOHANG) == 0);
	check("a signal for it", sys(NR_kill, pid, SIGUSR1) == 0);
	flush();
	pause_ms(2);
	tell(gate[1]);
	status = reap(pid);
	print("the child ended with %x\n", status);
	check("no other child", sys(NR_waitpid, -1, &status, 0) == -ECHILD);
	finish(0);
}

int main(void)
{
	sys(NR_pipe, gate);
	sys(NR_pipe, back);
	int pid = spawn(child);
	start(2, rest, (void *)pid);
	sys(NR_exit, 4);
	return 1;
}
