/* Limits of memory: RLIMIT_AS and RLIMIT_DATA refuse brk, mmap and mremap, end a stack that grows; RLIMIT_STACK; RLIMIT_MEMLOCK as a user. */
#include "procs.h"

enum { RLIMIT_DATA = 2, RLIMIT_STACK = 3, RLIMIT_MEMLOCK = 8, RLIMIT_AS = 9 };

static void limit(int resource, u32 soft)
{
	u32 both[2] = { soft, soft };
	check("a lower limit is set", sys(NR_setrlimit, resource, both) == 0);
}

static u8 *private_map(u32 length) { return map(0, length, PROT_RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0); }

/* Touches the stack page by page until something ends it. */
static u32 __attribute__((noinline)) grow(u32 pages)
{
	volatile u8 frame[4096];
	frame[0] = (u8)pages;
	return pages == 0 ? 0 : grow(pages - 1) + frame[0];
}

static int space(void)
{
	u8 *there = private_map(1 << 20);
	limit(RLIMIT_AS, 32 << 20);
	check("mmap below the limit", !is_error(private_map(4 << 20)));
	say("mmap beyond it", (int)private_map(32 << 20));
	say("shared counts too", (int)map(0, 32 << 20, PROT_RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
	say("and what nobody may touch", (int)map(0, 32 << 20, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	say("mremap", (int)sys(NR_mremap, there, 1 << 20, 32 << 20, MREMAP_MAYMOVE));
	u32 end = sys(NR_brk, 0);
	check("brk beyond it stays", (u32)sys(NR_brk, end + (32 << 20)) == end);
	check("brk below it moves", (u32)sys(NR_brk, end + (1 << 20)) == end + (1 << 20));
	check("a mapping over another takes no room", !is_error(map(there, 1 << 20, PROT_RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0)));
	return 0;
}

static int stack_in_space(void)
{
	u32 stack[2] = { 64 << 20, 64 << 20 };
	sys(NR_setrlimit, RLIMIT_STACK, stack);
	limit(RLIMIT_AS, 4 << 20);
	flush();
	grow(2000);
	return 1;
}

static int data(void)
{
	limit(RLIMIT_DATA, 2 << 20);
	say("private and writable beyond", (int)private_map(4 << 20));
	u8 *readable = map(0, 4 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	check("readable only does not count", !is_error(readable));
	say("made writable it does", sys(NR_mprotect, readable, 4 << 20, PROT_RW));
	check("nor does shared memory", !is_error(map(0, 4 << 20, PROT_RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0)));
	u32 end = sys(NR_brk, 0);
	check("brk", (u32)sys(NR_brk, end + (4 << 20)) == end);
	return 0;
}

static int stack(void)
{
	limit(RLIMIT_STACK, 256 << 10);
	grow(32);
	print("ok 32 pages\n");
	flush();
	grow(100);
	return 1;
}

static int locked(void)
{
	u32 both[2] = { 8 * PAGE, 8 * PAGE };
	u8 *pages = private_map(16 * PAGE);
	sys(NR_setrlimit, RLIMIT_MEMLOCK, both);
	say("root may lock any", sys(NR_mlock, pages, 16 * PAGE));
	sys(NR_munlock, pages, 16 * PAGE);
	sys(NR_setresuid32, 12345, 12345, 12345);
	say("a user what the limit says", sys(NR_mlock, pages, 8 * PAGE));
	say("and no more", sys(NR_mlock, pages + 8 * PAGE, PAGE));
	say("nor all", sys(NR_mlockall, 2));
	return 0;
}

int main(void)
{
	print("status %x\n", reap(spawn(space)));
	print("status %x\n", reap(spawn(stack_in_space)) & 0x7f);
	print("status %x\n", reap(spawn(data)));
	print("status %x\n", reap(spawn(stack)) & 0x7f);
	print("status %x\n", reap(spawn(locked)));
	return 0;
}
