/* File mappings: a shared one and read/write see each other, a private one copies on write, the tail is zero, msync. */
#include "guest.h"

static u8 buffer[2 * PAGE];

int main(void)
{
	int fd = sys(NR_open, "mapped", O_RDWR | O_CREAT | O_TRUNC, 0644);
	for (u32 i = 0; i < sizeof buffer; i++) buffer[i] = (u8)('a' + i % 26);
	print("write %d\n", sys(NR_write, fd, buffer, PAGE + 100));
	u8 *shared = map(0, 2 * PAGE, PROT_RW, MAP_SHARED, fd, 0);
	u8 *other = map(0, 2 * PAGE, PROT_READ, MAP_SHARED, fd, 0);
	u8 *own = map(0, 2 * PAGE, PROT_RW, MAP_PRIVATE, fd, 0);
	u8 *second = map(0, PAGE, PROT_READ, MAP_PRIVATE, fd, 1);
	check("contents", !memcmp(shared, buffer, PAGE + 100) && !memcmp(own, buffer, PAGE + 100));
	check("second page by its offset", !memcmp(second, buffer + PAGE, 100));
	check("zero behind the end", shared[PAGE + 100] == 0 && shared[2 * PAGE - 1] == 0);

	memcpy(shared + 10, "SHARED", 6);
	print("pread %d\n", sys(NR_pread64, fd, buffer, 20, 5, 0));
	check("read sees a store to the shared map", !memcmp(buffer + 5, "SHARED", 6));
	check("so do the other maps", !memcmp(other + 10, "SHARED", 6) && !memcmp(own + 10, "SHARED", 6));
	print("pwrite %d\n", sys(NR_pwrite64, fd, "WRITTEN", 7, 30, 0));
	check("maps see a write", !memcmp(shared + 30, "WRITTEN", 7) && !memcmp(own + 30, "WRITTEN", 7));
	memcpy(own + 50, "OWN", 3);
	check("a private store stays private", memcmp(shared + 50, "OWN", 3) != 0);
	sys(NR_pwrite64, fd, "LATER", 5, 60, 0);
	check("after it, writes to that page are not seen", memcmp(own + 60, "LATER", 5) && !memcmp(other + 60, "LATER", 5));
	print("msync %d\n", sys(NR_msync, shared, 2 * PAGE, 4));

	shared[PAGE + 200] = 'z'; /* behind the end of file */
	print("ftruncate up %d\n", sys(NR_ftruncate, fd, PAGE + 150));
	print("pread behind %d\n", sys(NR_pread64, fd, buffer, 100, PAGE + 90, 0));
	check("growing reads as zero", buffer[10] == 0 && buffer[59] == 0);
	print("close %d munmap %d\n", sys(NR_close, fd), sys(NR_munmap, shared, 2 * PAGE));
	check("the map outlives the descriptor", !memcmp(other + 10, "SHARED", 6));

	fd = sys(NR_open, "mapped", O_RDONLY, 0);
	print("shared writable of a read-only descriptor: %d\n", (int)map(0, PAGE, PROT_RW, MAP_SHARED, fd, 0));
	check("private writable of it", !is_error(map(0, PAGE, PROT_RW, MAP_PRIVATE, fd, 0)));
	u8 *late = map(0, PAGE, PROT_READ, MAP_SHARED, fd, 0);
	print("mprotect to writable: %d\n", sys(NR_mprotect, late, PAGE, PROT_RW));
	print("unlink %d\n", sys(NR_unlink, "mapped"));
	check("the map outlives the name", !memcmp(late + 30, "WRITTEN", 7));
	return 0;
}
