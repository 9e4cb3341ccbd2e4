/* Processes that each touch so many MiB, one after the other, and say how it ended: with arguments (count, MiB) more than there is.
 * @args ["3", "4"] */
#include "procs.h"

static u32 mib;

static int hog(void)
{
	u8 *memory = map(0, mib << 20, PROT_RW, MAP_PRIVATE | MAP_ANONYMOUS | 0x4000 /* MAP_NORESERVE */, -1, 0);
	if (is_error(memory)) return 2;
	for (u32 at = 0; at < mib << 20; at += PAGE) memory[at] = 1;
	return 0;
}

static u32 number(const char *text)
{
	u32 n = 0;
	while (*text) n = n * 10 + (*text++ - '0');
	return n;
}

int main(int argc, char **argv)
{
	u32 count = argc > 1 ? number(argv[1]) : 1, whole = 0, killed = 0;
	mib = argc > 2 ? number(argv[2]) : 1;
	for (u32 i = 0; i < count; i++) {
		int status = reap(spawn(hog));
		if (status == 0) whole++;
		else if (status == SIGKILL) killed++;
	}
	print("%u touched all, %u were killed\n", whole, killed);
	return 0;
}
