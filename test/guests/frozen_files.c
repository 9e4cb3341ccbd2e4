/* Mapped files, to be frozen with: one private, one shared and read (its descriptor closed), then one shared and written. */
#include "guest.h"

static void freeze_here(void) { sys(NR_getppid); }

static int make(const char *name, u32 pages, char first)
{
	static char page[PAGE];
	int fd = sys(NR_open, name, O_RDWR | O_CREAT | O_TRUNC, 0600);
	for (u32 i = 0; i < pages; i++) {
		memset(page, first + (int)i, sizeof page);
		sys(NR_write, fd, page, sizeof page);
	}
	return fd;
}

int main(void)
{
	int fd = make("private", 3, 'a');
	u8 *own = map(0, 3 * PAGE, PROT_RW, MAP_PRIVATE, fd, 0);
	sys(NR_close, fd);
	own[PAGE] = 'X'; /* the second page is its own, the others are the file's */
	fd = make("shared", 1, 's');
	u8 *read = map(0, PAGE, PROT_READ, MAP_SHARED, fd, 0);
	sys(NR_close, fd);
	freeze_here(); /* the first: a private and a shared mapping */
	print("%c %c %c %c\n", own[2 * PAGE], own[PAGE], own[0], read[5]);
	say("made writable", sys(NR_mprotect, read, PAGE, PROT_RW));
	fd = make("written", 1, 'w');
	u8 *write = map(0, PAGE, PROT_RW, MAP_SHARED, fd, 0);
	write[0] = 'W';
	freeze_here(); /* the second: a shared mapping that is written */
	write[1] = 'V';
	char text[4] = { 0 };
	sys(NR_pread64, fd, text, 3, 0, 0);
	print("written %s\n", text);
	sys(NR_unlink, "private");
	freeze_here(); /* the third: a mapped file without a name */
	print("%c\n", own[0]);
	sys(NR_unlink, "shared");
	return sys(NR_unlink, "written");
}
