/* brk: query, grow, shrink, zeroed pages after growing again, refusals; addresses only as differences. */
#include "guest.h"

int main(void)
{
	u32 start = sys(NR_brk, 0);
	check("query twice", (u32)sys(NR_brk, 0) == start);
	check("grow by 3 pages and a bit", (u32)sys(NR_brk, start + 3 * PAGE + 5) == start + 3 * PAGE + 5);
	u8 *p = (u8 *)start;
	u32 end = ((start + PAGE - 1) & ~(PAGE - 1)) + 3 * PAGE;
	for (u32 a = start; a < end; a += 1000) *(u8 *)a = 1;
	check("new memory was zero", p[1] == 0 && p[999] == 0);
	check("shrink", (u32)sys(NR_brk, start + 10) == start + 10);
	check("grow again", (u32)sys(NR_brk, start + 3 * PAGE) == start + 3 * PAGE);
	u32 page = (start + 10 + PAGE - 1) & ~(PAGE - 1);
	int zero = 1;
	for (u32 a = page; a < page + PAGE; a++) zero &= *(u8 *)a == 0;
	check("pages given back come back zeroed", zero);
	check("bytes below the break stay", p[0] == 1);
	check("below the start: refused, the break stays", (u32)sys(NR_brk, start - PAGE) == start + 3 * PAGE);
	check("over the stack: refused, the break stays", (u32)sys(NR_brk, (u32)&p) == start + 3 * PAGE);
	u8 *hole = map((void *)(((start + 0x100000) & ~(PAGE - 1))), PAGE, PROT_RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	check("a map in the way", !is_error(hole) && (u32)sys(NR_brk, (u32)hole + PAGE) == start + 3 * PAGE);
	check("up to the map", (u32)sys(NR_brk, (u32)hole - PAGE) == (u32)hole - PAGE);
	return 0;
}
