/* A tree to be frozen: a zombie, a stopped child, a session of its own, a thread, memory and a file that they share.
 * The first getppid of the parent is the place; what follows uses all of it. */
#include "guest.h"

enum { CLONE_VM = 0x100, CLONE_FS = 0x200, CLONE_FILES = 0x400, CLONE_SIGHAND = 0x800, CLONE_THREAD = 0x10000,
	CLONE_SYSVSEM = 0x40000, CLONE_PARENT_SETTID = 0x100000, CLONE_CHILD_CLEARTID = 0x200000 };
enum { FUTEX_WAIT, FUTEX_WAKE };
enum { OWNER_DIED = 0x40000000, WAITERS = (int)0x80000000 };

struct robust { struct robust *next; int offset; struct robust *pending; };
struct lock { struct robust *next; u32 word; };
/* In memory that all share. */
struct together { volatile u32 go, ready, written; struct lock lock; volatile u32 gone; };
static struct together *all;
static u8 threadStack[8192] __attribute__((aligned(16)));
static volatile u32 threadTid, threadRan;

static void wait_for(volatile u32 *word, u32 value)
{
	for (u32 now = *word; now < value; now = *word) sys(NR_futex, word, FUTEX_WAIT, now, 0);
}

static void add(volatile u32 *word)
{
	__atomic_add_fetch(word, 1, __ATOMIC_SEQ_CST);
	sys(NR_futex, word, FUTEX_WAKE, 1000);
}

/* Waits for the word, then exits; who joins waits for threadTid to become 0. */
static int thread(void)
{
	add(&all->ready);
	wait_for(&all->go, 1);
	threadRan = 1;
	return 0;
}

/* clone with a stack of its own; the new thread runs `thread` and exits. */
static int start_thread(void)
{
	int flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID;
	void **top = (void **)(threadStack + sizeof threadStack) - 1;
	*top = (void *)thread;
	int result;
	__asm__ volatile(
		"int $0x80\n\t"
		"test %%eax, %%eax\n\t"
		"jnz 1f\n\t"
		"pop %%eax\n\t"
		"call *%%eax\n\t"
		"mov $1, %%eax\n\t"
		"xor %%ebx, %%ebx\n\t"
		"int $0x80\n"
		"1:"
		: "=a"(result)
		: "0"(NR_clone), "b"(flags), "c"(top), "d"(&threadTid), "S"(0), "D"(&threadTid)
		: "memory");
	return result;
}

/* A session of its own; holds a robust lock while it is frozen; reads on in the file its parent opened; writes what all see. */
static void worker(int fd)
{
	struct robust head = { &head, 4, 0 };
	sys(NR_setsid);
	sys(NR_set_robust_list, &head, sizeof head);
	all->lock.word = sys(NR_gettid);
	all->lock.next = (struct robust *)&head;
	head.next = (struct robust *)&all->lock;
	start_thread();
	wait_for(&all->ready, 1);
	add(&all->ready);
	wait_for(&all->go, 1);
	char four[5] = { 0 };
	sys(NR_read, fd, four, 4);
	print("worker reads %s, its pid is its session's: %d\n", four, sys(NR_getsid, 0) == sys(NR_getpid));
	if (threadTid) sys(NR_futex, &threadTid, FUTEX_WAIT, threadTid, 0);
	print("the thread ran: %d\n", threadRan);
	all->written = 42;
	finish(3); /* with the lock held */
}

static u8 *readOnly;

static void write_to_it(void) { *(volatile u8 *)readOnly = 2; }

int main(void)
{
	all = (struct together *)map(0, PAGE, PROT_RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int fd = sys(NR_open, "letters", O_RDWR | O_CREAT | O_TRUNC, 0600);
	sys(NR_write, fd, "abcdefghijkl", 12);
	sys(NR_lseek, fd, 2, 0);
	readOnly = map(0, PAGE, PROT_RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	*readOnly = 1;
	sys(NR_mprotect, readOnly, PAGE, PROT_READ);
	flush();
	int zombie = sys(NR_fork);
	if (zombie == 0) sys(NR_exit, 5);
	int stopped = sys(NR_fork);
	if (stopped == 0) {
		sys(NR_kill, sys(NR_getpid), SIGSTOP);
		sys(NR_exit, 6);
	}
	int working = sys(NR_fork);
	if (working == 0) worker(fd);
	int status = 0;
	sys(NR_waitpid, stopped, &status, 2 /* WUNTRACED */);
	say("stopped", status);
	wait_for(&all->ready, 2);
	flush();
	sys(NR_getppid); /* here */
	print("group %d, session %d\n", sys(NR_getpgid, stopped) == sys(NR_getpgrp), sys(NR_getsid, working) == working);
	flush();
	add(&all->go);
	int got = sys(NR_waitpid, working, &status, 0); /* who prints before: nobody else does now */
	say("waitpid gives the worker", got == working);
	say("status", status);
	got = sys(NR_waitpid, zombie, &status, 0);
	say("waitpid gives the zombie", got == zombie);
	say("status", status);
	say("nobody else", sys(NR_waitpid, stopped, &status, 1 /* WNOHANG */));
	sys(NR_kill, stopped, SIGCONT);
	got = sys(NR_waitpid, stopped, &status, 0);
	say("waitpid gives who was stopped", got == stopped);
	say("status", status);
	say("written by the worker", all->written);
	say("its lock is marked", (all->lock.word & OWNER_DIED) != 0);
	say("place in the file", sys(NR_lseek, fd, 0, 1));
	say("a write to what is read-only", try(write_to_it));
	sys(NR_unlink, "letters");
	return 0;
}
