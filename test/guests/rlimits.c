/* getrlimit, setrlimit, prlimit64: both forms, lowering and raising, a limit that bites (open files, file size, address space). */
#include "guest.h"

struct limit64 { u64 soft, hard; };

int main(void)
{
	u32 old[2], set[2] = { 20, 30 };
	struct limit64 wide, nofile = { 20, 25 };
	say("getrlimit NOFILE", sys(NR_ugetrlimit, 7, old));
	check("soft is not above hard", old[0] <= old[1] && old[0] >= 20);
	say("setrlimit", sys(NR_setrlimit, 7, set));
	say("prlimit64 tells it", sys(NR_prlimit64, 0, 7, 0, &wide));
	print("%U %U\n", wide.soft, wide.hard);
	say("prlimit64 sets", sys(NR_prlimit64, sys(NR_getpid), 7, &nofile, &wide));
	print("old %U %U\n", wide.soft, wide.hard);
	sys(NR_ugetrlimit, 7, old);
	print("new %u %u\n", old[0], old[1]);
	set[0] = 26;
	set[1] = 25;
	say("soft above hard", sys(NR_setrlimit, 7, set));
	say("unknown resource", sys(NR_setrlimit, 16, set));
	say("nobody", sys(NR_prlimit64, 0x3fffffff, 7, 0, &wide));
	int fd, opened = 0;
	while ((fd = sys(NR_dup, 1)) >= 0) opened++;
	print("dup until %d after %d\n", fd, opened);
	say("dup2 above the limit", sys(NR_dup2, 1, 20));
	say("F_DUPFD above it", sys(NR_fcntl64, 1, 0, 20));

	say("RLIMIT_FSIZE", sys(NR_setrlimit, 1, (u32[]){ 100, 200 }));
	sys(NR_close, 10);
	fd = sys(NR_open, "f", O_RDWR | O_CREAT | O_TRUNC, 0600);
	static u8 data[150];
	install(25, SIG_IGN, 0, 0); /* SIGXFSZ */
	say("write is cut", sys(NR_write, fd, data, 150));
	say("and then refused", sys(NR_write, fd, data, 1));
	say("ftruncate", sys(NR_ftruncate, fd, 101));
	sys(NR_unlink, "f");
	say("RLIMIT_AS", sys(NR_setrlimit, 9, (u32[]){ 64 << 20, 64 << 20 }));
	say("mmap of 256 MiB", (int)map(0, 256 << 20, PROT_RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
	check("mmap of 1 MiB", !is_error(map(0, 1 << 20, PROT_RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)));
	sys(NR_setrlimit, 1, (u32[]){ ~0u, ~0u });
	install(25, SIG_DFL, 0, 0);
	say("RLIMIT_CPU query", sys(NR_prlimit64, 0, 0, 0, &wide));
	print("infinite: %Q\n", wide.soft);
	return 0;
}
