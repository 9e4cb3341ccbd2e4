/* Opening a named pipe waits for the other end. */
#include "procs.h"

static const char *path = "/tmp/fifo_meet.tmp";
static int writer(void)
{
	pause_ms(5);
	int fd = sys(NR_open, path, O_WRONLY);
	check("opened to write", fd >= 0);
	sys(NR_write, fd, "hello", 5);
	return 0;
}
static int reader(void)
{
	char text[8];
	int fd = sys(NR_open, path, O_RDONLY);
	int n = sys(NR_read, fd, text, 8);
	return n == 2 ? 7 : 1;
}
int main(void)
{
	enum { NR_mknod = 14, ENXIO = 6 };
	sys(NR_unlink, path);
	say("mknod", sys(NR_mknod, path, 010600, 0));
	say("a writer that does not wait", sys(NR_open, path, O_WRONLY | O_NONBLOCK));
	int pid = spawn(writer);
	int fd = sys(NR_open, path, O_RDONLY);
	char text[8] = { 0 };
	say("read", sys(NR_read, fd, text, 8));
	print("%s\n", text);
	say("end", sys(NR_read, fd, text, 8));
	sys(NR_close, fd);
	say("status", reap(pid));
	pid = spawn(reader);
	fd = sys(NR_open, path, O_WRONLY);
	sys(NR_write, fd, "hi", 2);
	say("status", reap(pid) >> 8);
	sys(NR_unlink, path);
	return 0;
}
