/* What mapped pages live through: mremap that leaves the mapping, MADV_WIPEONFORK, a file that is cut. */
#include "procs.h"
enum { DONTUNMAP = 4, WIPEONFORK = 18, KEEPONFORK = 19, DONTNEED = 4, DONTNEED_LOCKED = 24 };

static u8 *at, *kept, *wiped, *shared;
static void look(void) { (void)*(volatile u8 *)at; }
static int child(void)
{
	print("child sees %d %d %d\n", kept[0], wiped[0], wiped[PAGE]);
	wiped[0] = 9;
	flush();
	return 0;
}
static u8 *fresh(u32 pages)
{
	u8 *p = map(0, pages * PAGE, PROT_RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	for (u32 i = 0; i < pages; i++) p[i * PAGE] = (u8)(i + 1);
	return p;
}

int main(void)
{
	u8 *a = fresh(4);
	u8 *b = (u8 *)sys(NR_mremap, a + PAGE, 2 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | DONTUNMAP, 0);
	print("moved %d: %d %d, left %d %d %d %d\n", b != a + PAGE, b[0], b[PAGE], a[0], a[PAGE], a[2 * PAGE], a[3 * PAGE]);
	a[PAGE] = 7;
	print("apart: %d %d\n", a[PAGE], b[0]);
	say("may not stay where it is", sys(NR_mremap, a, PAGE, PAGE, DONTUNMAP, 0));
	say("another size", sys(NR_mremap, a, PAGE, 2 * PAGE, MREMAP_MAYMOVE | DONTUNMAP, 0));
	say("not aligned", sys(NR_mremap, a, PAGE, PAGE, MREMAP_MAYMOVE | DONTUNMAP, 1));
	say("onto itself", sys(NR_mremap, a, PAGE, PAGE, MREMAP_MAYMOVE | DONTUNMAP, a));
	check("to a fixed place", (u8 *)sys(NR_mremap, a, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED | DONTUNMAP, b) == b);
	print("there %d, left %d\n", b[0], a[0]);

	kept = fresh(2), wiped = fresh(2);
	shared = map(0, PAGE, PROT_RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	say("wipe", sys(NR_madvise, wiped, 2 * PAGE, WIPEONFORK));
	say("keep one of them", sys(NR_madvise, wiped + PAGE, PAGE, KEEPONFORK));
	say("shared memory", sys(NR_madvise, shared, PAGE, WIPEONFORK));
	say("child", reap(spawn(child)));
	print("parent has %d %d\n", wiped[0], wiped[PAGE]);

	say("lock", sys(NR_mlock, kept, PAGE));
	say("locked pages are needed", sys(NR_madvise, kept, PAGE, DONTNEED));
	say("or not", sys(NR_madvise, kept, PAGE, DONTNEED_LOCKED));
	print("gone: %d\n", kept[0]);

	int fd = sys(NR_open, "/dev/shm/mapping_fates", O_RDWR | O_CREAT | O_TRUNC, 0600);
	sys(NR_unlink, "/dev/shm/mapping_fates");
	sys(NR_ftruncate, fd, 3 * PAGE);
	u8 *copy = map(0, 3 * PAGE, PROT_RW, MAP_PRIVATE, fd, 0), *file = map(0, 3 * PAGE, PROT_RW, MAP_SHARED, fd, 0);
	for (u32 i = 0; i < 3; i++) copy[i * PAGE] = (u8)(10 + i), file[i * PAGE + 1] = (u8)(20 + i);
	sys(NR_ftruncate, fd, PAGE + 5);
	print("cut: %d %d\n", copy[0], copy[PAGE]);
	at = copy + 2 * PAGE;
	say("a copy behind the end", try(look));
	sys(NR_ftruncate, fd, 3 * PAGE);
	print("longer again: %d %d %d, file %d %d\n", copy[0], copy[PAGE], copy[2 * PAGE], file[PAGE + 1], file[2 * PAGE + 1]);
	sys(NR_ftruncate, fd, 0);
	sys(NR_ftruncate, fd, PAGE);
	print("emptied: %d %d\n", copy[0], file[1]);
	return 0;
}
