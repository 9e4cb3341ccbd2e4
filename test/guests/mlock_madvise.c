/* mlock and munlock answers, mincore, madvise DONTNEED on anonymous, shared and file memory. */
#include "guest.h"

int main(void)
{
	u8 *p = map(0, 4 * PAGE, PROT_RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	u8 *s = map(0, PAGE, PROT_RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	for (u32 i = 0; i < 4; i++) p[i * PAGE] = (u8)(i + 1);
	s[0] = 7;
	say("mlock", sys(NR_mlock, p, 2 * PAGE));
	say("mlock, unaligned", sys(NR_mlock, p + 100, 10));
	say("munlock", sys(NR_munlock, p, 2 * PAGE));
	say("mlock of nothing", sys(NR_mlock, 0x20000000, PAGE));
	say("mlock that wraps", sys(NR_mlock, 0xfffff000u, 2 * PAGE));
	say("mlockall without flags", sys(NR_mlockall, 0));
	say("mlockall current", sys(NR_mlockall, 1));
	say("munlockall", sys(NR_munlockall));

	say("DONTNEED", sys(NR_madvise, p + PAGE, 2 * PAGE, 4));
	print("then %d %d %d %d\n", p[0], p[PAGE], p[2 * PAGE], p[3 * PAGE]);
	say("DONTNEED of shared", sys(NR_madvise, s, PAGE, 4));
	print("stays %d\n", s[0]);
	int fd = sys(NR_open, "f", O_RDWR | O_CREAT | O_TRUNC, 0600);
	sys(NR_write, fd, "file", 4);
	u8 *f = map(0, PAGE, PROT_RW, MAP_PRIVATE, fd, 0);
	f[0] = 'F';
	sys(NR_pwrite64, fd, "xy", 2, 2, 0);
	print("private file page: %c%c%c%c\n", f[0], f[1], f[2], f[3]);
	say("DONTNEED", sys(NR_madvise, f, PAGE, 4));
	print("the file's again: %c%c%c%c\n", f[0], f[1], f[2], f[3]);
	say("WILLNEED", sys(NR_madvise, p, PAGE, 3));
	say("SEQUENTIAL", sys(NR_madvise, p, PAGE, 2));
	say("length 0", sys(NR_madvise, p, 0, 4));
	say("unaligned", sys(NR_madvise, p + 1, PAGE, 4));
	say("unknown advice", sys(NR_madvise, p, PAGE, 99));
	sys(NR_munmap, p + PAGE, PAGE);
	say("a hole", sys(NR_madvise, p, 4 * PAGE, 4));
	print("done on both sides of it: %d %d\n", p[0], p[3 * PAGE]);
	u8 vector[2] = { 9, 9 };
	p[0] = 1;
	say("mincore", sys(NR_mincore, p, PAGE, vector));
	print("resident %d, untouched %d\n", vector[0] & 1, vector[1]);
	say("mincore of a hole", sys(NR_mincore, p + PAGE, PAGE, vector));
	return sys(NR_unlink, "f");
}
