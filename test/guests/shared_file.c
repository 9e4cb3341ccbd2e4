/* A file mapped shared by parent and child is one set of pages, and the file's contents. */
#include "procs.h"

static volatile char *page;
static int fd;
static int child(void)
{
	page[5] = 'C';
	sys(NR_pwrite64, fd, "W", 1, 7, 0);
	return page[0];
}
int main(void)
{
	fd = sys(NR_open, "/tmp/shared_file.tmp", O_RDWR | O_CREAT | O_TRUNC, 0600);
	sys(NR_unlink, "/tmp/shared_file.tmp");
	sys(NR_write, fd, "----------", 10);
	page = (char *)map(0, PAGE, PROT_RW, MAP_SHARED, fd, 0);
	volatile char *own = (char *)map(0, PAGE, PROT_RW, MAP_PRIVATE, fd, 0);
	page[0] = 'P';
	own[1] = 'O';
	say("child", reap(spawn(child)) >> 8);
	char text[11] = { 0 };
	sys(NR_pread64, fd, text, 10, 0, 0);
	print("%s\n", text);
	print("%c%c%c\n", page[5], page[7], own[1]);
	check("a private page is apart", own[5] == '-' && page[1] == '-');
	return 0;
}
