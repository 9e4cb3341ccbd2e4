/* SIGBUS: a file mapping behind the last page of the file, after ftruncate too; a system call there is EFAULT. */
#include "guest.h"

static u8 *p;
static u32 offset;
static void load(void) { (void)*(volatile u8 *)(p + offset); }
static void store(void) { p[offset] = 1; }

static void tried(const char *what, void (*run)(void), u32 at)
{
	offset = at;
	if (!try(run)) print("%s: no fault\n", what);
	else print("%s: signal %d code %d trapno %d err %x offset %x\n", what, fault.signal, fault.code, fault.trapno, fault.err, fault.address - (u32)p);
}

int main(void)
{
	int fd = sys(NR_open, "f", O_RDWR | O_CREAT | O_TRUNC, 0600);
	sys(NR_ftruncate, fd, PAGE + 10);
	p = map(0, 4 * PAGE, PROT_RW, MAP_SHARED, fd, 0);
	tried("last page", load, 2 * PAGE - 1);
	tried("behind it", load, 2 * PAGE);
	tried("store behind it", store, 3 * PAGE + 5);
	say("write(2) from there", sys(NR_write, 1, p + 2 * PAGE, 4));
	say("ftruncate up", sys(NR_ftruncate, fd, 3 * PAGE));
	tried("now there", store, 2 * PAGE);
	say("ftruncate down", sys(NR_ftruncate, fd, 5));
	tried("gone", load, PAGE);
	tried("first page stays", store, 100);
	say("ftruncate up", sys(NR_ftruncate, fd, PAGE * 2));
	print("bytes cut off read as zero: %d %d\n", p[100], p[PAGE]);
	return sys(NR_unlink, "f");
}
