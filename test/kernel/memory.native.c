/* Runs a script of memory calls natively: each line of stdin is a system call number and six arguments (hex); prints the
 * result and what /proc/self/maps then shows of the window. memory.native.txt is what it wrote on Linux (see memory.test.ts).
 * gcc -m32 -static -O1 -o memory.native memory.native.c; needs root for mlock without a limit. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <sys/syscall.h>

#define FROM 0x60000000u
#define TO 0x60040000u

int main(void)
{
	char name[] = "/tmp/memory.XXXXXX";
	int fd = mkstemp(name);
	unsigned nr, a[6];
	ftruncate(fd, 10 * 4096);
	dup2(fd, 10);
	dup2(open(name, O_RDONLY), 11);
	dup2(open(name, O_WRONLY), 12);
	while (scanf("%x %x %x %x %x %x %x", &nr, a, a + 1, a + 2, a + 3, a + 4, a + 5) == 7) {
		char line[512];
		long result = syscall(nr, a[0], a[1], a[2], a[3], a[4], a[5]);
		FILE *maps = fopen("/proc/self/maps", "r");
		printf("%x", (unsigned)(result == -1 ? -errno : result));
		while (fgets(line, sizeof line, maps)) {
			unsigned start, end, offset, major, minor, inode;
			char perms[5];
			sscanf(line, "%x-%x %4s %x %x:%x %u", &start, &end, perms, &offset, &major, &minor, &inode);
			if (start >= FROM && end <= TO) printf(" %x-%x %s %x", start, end, perms, inode ? offset : 0);
		}
		fclose(maps);
		printf("\n");
	}
	unlink(name);
	return 0;
}
