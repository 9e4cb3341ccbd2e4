/* munmap: a hole in the middle, over several maps, at the ends, what is gone faults, what stays keeps its bytes. */
#include "guest.h"

static u8 *base;
static u32 probed;
static void probe(void) { (void)*(volatile u8 *)probed; }

static void layout(const char *what)
{
	print("%s: ", what);
	for (u32 i = 0; i < 8; i++) {
		probed = (u32)base + i * PAGE;
		print("%c", try(probe) ? '.' : base[i * PAGE] ? 'x' : '0');
	}
	print("\n");
}

int main(void)
{
	base = map(0, 8 * PAGE, PROT_RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	for (u32 i = 0; i < 8; i++) base[i * PAGE] = (u8)(i + 1);
	layout("mapped");
	say("one in the middle", sys(NR_munmap, base + 3 * PAGE, PAGE));
	layout("hole");
	say("again", sys(NR_munmap, base + 3 * PAGE, PAGE));
	say("length 1 is a page", sys(NR_munmap, base, 1));
	layout("first gone");
	check("fill with another map", map(base + 3 * PAGE, 2 * PAGE, PROT_RW, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == base + 3 * PAGE);
	base[4 * PAGE] = 9;
	layout("filled");
	say("over three maps", sys(NR_munmap, base + 2 * PAGE, 4 * PAGE));
	layout("wide hole");
	print("left: %d %d %d\n", base[PAGE], base[6 * PAGE], base[7 * PAGE]);
	say("unaligned address", sys(NR_munmap, base + 5, PAGE));
	say("length 0", sys(NR_munmap, base, 0));
	say("past the address space", sys(NR_munmap, base, 0xfffff000u));
	say("everything, holes too", sys(NR_munmap, base, 8 * PAGE));
	layout("gone");
	print("signal %d code %d err %d, address at the probe %d\n", fault.signal, fault.code, fault.err, fault.address == probed && fault.cr2 == probed);
	return 0;
}
