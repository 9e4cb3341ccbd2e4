/* Shared memory by name, as shm_open(3) and sem_open(3) make it: files in /dev/shm that processes map and unlink. */
#include "ipc.h"

enum { NR_link = 9, NR_fstat = 197 };
static volatile int *shared;
static int fd;
static int adder(void)
{
	int own = sys(NR_open, "/dev/shm/cpt-guest", O_RDWR);
	volatile int *here = (int *)map(0, PAGE, PROT_RW, MAP_SHARED, own, 0);
	for (int i = 0; i < 1000; i++) __atomic_add_fetch(&here[0], 1, __ATOMIC_SEQ_CST);
	while (sys(NR_futex, &here[1], FUTEX_WAIT, 0, 0) == 0 && here[1] == 0) continue;
	say("child sees", here[1]);
	return 0;
}
int main(void)
{
	sys(NR_unlink, "/dev/shm/cpt-guest");
	sys(NR_unlink, "/dev/shm/cpt-guest.tmp");
	say("nothing there", sys(NR_open, "/dev/shm/cpt-guest", O_RDWR));
	fd = sys(NR_open, "/dev/shm/cpt-guest.tmp", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	check("made", fd >= 0);
	say("there already", sys(NR_open, "/dev/shm/cpt-guest.tmp", O_RDWR | O_CREAT | O_EXCL, 0600));
	say("size", sys(NR_ftruncate, fd, 2 * PAGE));
	say("link", sys(NR_link, "/dev/shm/cpt-guest.tmp", "/dev/shm/cpt-guest"));
	say("unlink", sys(NR_unlink, "/dev/shm/cpt-guest.tmp"));
	shared = (int *)map(0, 2 * PAGE, PROT_RW, MAP_SHARED, fd, 0);
	check("mapped", !is_error(shared));
	sys(NR_close, fd);
	say("zeros", shared[0]);
	int one = spawn(adder), two = spawn(adder);
	while (shared[0] != 2000) pause_ms(1);
	shared[1] = 5;
	sys(NR_futex, &shared[1], FUTEX_WAKE, 10);
	print("%d %d\n", reap(one), reap(two));
	say("counted", shared[0]);
	say("unlink", sys(NR_unlink, "/dev/shm/cpt-guest"));
	say("gone", sys(NR_open, "/dev/shm/cpt-guest", O_RDWR));
	shared[1024] = 6;
	say("but mapped", shared[1024]);
	say("a directory", sys(NR_open, "/dev/shm", O_RDWR));
	return 0;
}
