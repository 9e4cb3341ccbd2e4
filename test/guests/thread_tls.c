/* CLONE_SETTLS: each thread has its own block behind gs. */
#include "procs.h"

struct desc { u32 entry, base, limit, flags; };
static int block[3][4];
static int mine(void) { int v; __asm__ volatile("mov %%gs:0, %0" : "=r"(v)); return v; }
static void work(void *n)
{
	int before = mine();
	sys(NR_sched_yield);
	block[2][(int)n] = before == 100 + (int)n && mine() == before;
}
int main(void)
{
	struct desc d = { -1u, (u32)block[0], 0xfffff, 0x51 };
	say("set_thread_area", sys(NR_set_thread_area, &d));
	block[0][0] = 99;
	u32 selector = d.entry * 8 + 3;
	__asm__ volatile("mov %w0, %%gs" ::"r"(selector));
	int one[1] = { 100 }, two[1] = { 101 };
	struct desc a = { d.entry, (u32)one, 0xfffff, 0x51 }, b = { d.entry, (u32)two, 0xfffff, 0x51 };
	u32 flags = THREAD_FLAGS | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID | CLONE_SETTLS;
	tids[0] = tids[1] = 1;
	check("first", thread(flags, stacks[0] + 8192, work, (void *)0, &tids[0], &a) > 0);
	check("second", thread(flags, stacks[1] + 8192, work, (void *)1, &tids[1], &b) > 0);
	join(0);
	join(1);
	check("each saw its own", block[2][0] && block[2][1]);
	say("and the first thread its own", mine());
	struct desc bad = { 1, 0, 0xfffff, 0x51 };
	say("no such entry", thread(flags, stacks[2] + 8192, work, 0, &tids[2], &bad));
	return 0;
}
