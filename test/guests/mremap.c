/* mremap: shrink, grow in place, grow with a move, move to a fixed place, refusals. */
#include "guest.h"

static u8 *p;
static void touch(void) { (void)*(volatile u8 *)p; }

static int filled(const u8 *q, u32 pages)
{
	for (u32 i = 0; i < pages; i++)
		if (q[i * PAGE] != i + 1) return 0;
	return 1;
}

int main(void)
{
	u8 *arena = map(0, 64 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), *base = arena + 16 * PAGE;
	sys(NR_munmap, arena, 64 * PAGE);
	map(base, 6 * PAGE, PROT_RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	for (u32 i = 0; i < 6; i++) base[i * PAGE] = (u8)(i + 1);
	check("shrink keeps the address", (u8 *)sys(NR_mremap, base, 6 * PAGE, 3 * PAGE, 0) == base);
	p = base + 3 * PAGE;
	say("the tail is gone: signal", try(touch));
	check("grow in place", (u8 *)sys(NR_mremap, base, 3 * PAGE, 5 * PAGE, 0) == base);
	check("new pages are zero", filled(base, 3) && base[3 * PAGE] == 0 && base[5 * PAGE - 1] == 0);
	base[3 * PAGE] = 4;
	base[4 * PAGE] = 5;
	map(base + 5 * PAGE, PAGE, PROT_RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0)[0] = 99;
	say("no room, may not move", sys(NR_mremap, base, 5 * PAGE, 9 * PAGE, 0));
	u8 *moved = (u8 *)sys(NR_mremap, base, 5 * PAGE, 9 * PAGE, MREMAP_MAYMOVE);
	check("moves", !is_error(moved) && moved != base && filled(moved, 5) && moved[8 * PAGE] == 0);
	p = base;
	say("the old place is gone: signal", try(touch));
	check("the neighbour stays", base[5 * PAGE] == 99);

	u8 *wanted = arena + 40 * PAGE;
	map(wanted, 2 * PAGE, PROT_RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0)[0] = 50;
	check("fixed place, over another map", (u8 *)sys(NR_mremap, moved, 5 * PAGE, 5 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, wanted) == wanted);
	check("contents came along", filled(wanted, 5));
	p = moved + 4 * PAGE;
	say("a part was taken: signal", try(touch));
	p = moved + 5 * PAGE;
	say("the rest stays: signal", try(touch));
	check("part of a map", (u8 *)sys(NR_mremap, wanted + 3 * PAGE, 2 * PAGE, PAGE, 0) == wanted + 3 * PAGE);
	p = wanted + 4 * PAGE;
	say("cut: signal", try(touch));

	say("unaligned", sys(NR_mremap, wanted + 1, PAGE, 2 * PAGE, MREMAP_MAYMOVE));
	say("new length 0", sys(NR_mremap, wanted, PAGE, 0, MREMAP_MAYMOVE));
	say("nothing there", sys(NR_mremap, arena, PAGE, 2 * PAGE, MREMAP_MAYMOVE));
	say("unknown flag", sys(NR_mremap, wanted, PAGE, 2 * PAGE, 8 | MREMAP_MAYMOVE));
	say("fixed without maymove", sys(NR_mremap, wanted, PAGE, PAGE, MREMAP_FIXED, arena));
	say("fixed, overlapping itself", sys(NR_mremap, wanted, 3 * PAGE, 3 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, wanted + PAGE));
	say("across two maps", sys(NR_mremap, base + 4 * PAGE, 3 * PAGE, 4 * PAGE, MREMAP_MAYMOVE));

	u8 *shared = map(0, 2 * PAGE, PROT_RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	shared[0] = 3;
	u8 *alias = (u8 *)sys(NR_mremap, shared, 0, 2 * PAGE, MREMAP_MAYMOVE);
	check("old length 0 of a shared map makes an alias", !is_error(alias) && alias != shared && alias[0] == 3);
	alias[1] = 8;
	check("the same pages", shared[1] == 8);
	return 0;
}
