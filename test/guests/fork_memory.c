/* What fork copies and what it shares: private and shared mappings, the heap, mappings that are not copied. */
#include "procs.h"

static volatile int *shared, *private, *heap;
static u8 *gone;
static int child(void)
{
	*shared += 1;
	*private += 1;
	*heap += 1;
	print("child %d %d %d\n", *shared, *private, *heap);
	say("a mapping not to be copied is not there", sys(NR_madvise, gone, PAGE, 4));
	say("locks are not inherited, but memory is", *private);
	return 0;
}
int main(void)
{
	shared = (int *)map(0, PAGE, PROT_RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	private = (int *)map(0, PAGE, PROT_RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	gone = map(0, PAGE, PROT_RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	say("MADV_DONTFORK", sys(NR_madvise, gone, PAGE, 10));
	u32 brk = sys(NR_brk, 0);
	sys(NR_brk, brk + PAGE);
	heap = (int *)brk;
	*shared = *private = *heap = 10;
	say("status", reap(spawn(child)));
	*private += 5;
	print("parent %d %d %d\n", *shared, *private, *heap);
	return 0;
}
