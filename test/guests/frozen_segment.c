/* A selector with privilege level 0 in it: it is as good as with level 3, and the codes of a v2 image have no word for it. */
#include "guest.h"

struct desc { u32 entry, base, limit, flags; };
enum { SEG32 = 1, IN_PAGES = 16, USABLE = 64 };

static u32 block[32];

int main(void)
{
	block[4] = 12;
	struct desc tls = { ~0u, (u32)block, 0xfffff, SEG32 | IN_PAGES | USABLE };
	say("set_thread_area", sys(NR_set_thread_area, &tls));
	__asm__ volatile("mov %0, %%gs" : : "r"(tls.entry << 3));
	sys(NR_getppid); /* frozen here */
	u32 value;
	__asm__ volatile("movl %%gs:16, %0" : "=r"(value));
	say("tls", value);
	return 0;
}
