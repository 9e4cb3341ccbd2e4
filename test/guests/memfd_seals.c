/* Seals of a file in memory (F_ADD_SEALS): none to be added, shrink, grow, write with and without mappings, future writes. */
#include "guest.h"

enum { NR_memfd = 356, ADD = 1033, GET = 1034, NR_fallocate = 324, SEAL = 1, SHRINK = 2, GROW = 4, WRITE = 8, FUTURE = 16 };
static char text[6000];
static int seal(int fd, int seals) { return sys(NR_fcntl64, fd, ADD, seals); }
static int is(u8 *at) { return is_error(at) ? (int)at : 0; }

int main(void)
{
	int plain = sys(NR_memfd, "plain", 0), file = sys(NR_open, "/tmp/memfd_seals.tmp", O_RDWR | O_CREAT, 0600);
	sys(NR_unlink, "/tmp/memfd_seals.tmp");
	say("without", sys(NR_fcntl64, plain, GET));
	say("none to add", seal(plain, GROW));
	int pipe[2];
	sys(NR_pipe, pipe);
	say("of a pipe", sys(NR_fcntl64, pipe[1], GET));
	say("nor to add", seal(pipe[1], GROW));
	int fd = sys(NR_memfd, "sealed", 2);
	say("none yet", sys(NR_fcntl64, fd, GET));
	say("unknown", seal(fd, 1 << 20));
	say("write", sys(NR_write, fd, text, 5000));
	say("grow", seal(fd, GROW));
	say("shrink", sys(NR_ftruncate, fd, 4990));
	say("grow by size", sys(NR_ftruncate, fd, 4991));
	say("within", sys(NR_pwrite64, fd, text, 100, 0, 0));
	say("up to its last page", sys(NR_pwrite64, fd, text, 6000, 0, 0));
	say("beyond", sys(NR_pwrite64, fd, text, 100, 4900, 0));
	say("allocate", sys(NR_fallocate, fd, 0, 0, 0, 6000, 0));
	say("and shrink", seal(fd, SHRINK));
	say("less", sys(NR_ftruncate, fd, 10));
	say("the same", sys(NR_ftruncate, fd, 4990));
	say("both", sys(NR_fcntl64, fd, GET));
	u8 *shared = map(0, PAGE, PROT_RW, MAP_SHARED, fd, 0);
	say("busy", seal(fd, WRITE));
	sys(NR_munmap, shared, PAGE);
	u8 *own = map(0, PAGE, PROT_RW, MAP_PRIVATE, fd, 0);
	say("a private mapping does not matter", seal(fd, WRITE));
	say("no write", sys(NR_pwrite64, fd, text, 1, 0, 0));
	say("no hole", sys(NR_fallocate, fd, 3, 0, 0, 10, 0));
	say("no shared mapping", is(map(0, PAGE, PROT_RW, MAP_SHARED, fd, 0)));
	say("a private one", is(map(0, PAGE, PROT_RW, MAP_PRIVATE, fd, 0)));
	own[0] = 7;
	say("empty", sys(NR_write, fd, text, 0));
	say("seal seals", seal(fd, SEAL));
	say("no more", seal(fd, FUTURE));
	int later = sys(NR_memfd, "future", 2);
	sys(NR_ftruncate, later, PAGE);
	shared = map(0, PAGE, PROT_RW, MAP_SHARED, later, 0);
	say("future writes", seal(later, FUTURE));
	shared[0] = 'x';
	say("the mapping writes", sys(NR_pread64, later, text, 1, 0, 0) == 1 && text[0] == 'x');
	say("write does not", sys(NR_pwrite64, later, text, 1, 0, 0));
	say("nor another mapping", is(map(0, PAGE, PROT_RW, MAP_SHARED, later, 0)));
	u8 *reads = map(0, PAGE, PROT_READ, MAP_SHARED, later, 0);
	say("one to read", is(reads));
	say("stays so", sys(NR_mprotect, reads, PAGE, PROT_RW));
	sys(NR_close, file);
	return 0;
}
