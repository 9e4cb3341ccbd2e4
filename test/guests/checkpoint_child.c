/* Checkpoints children through the module, kills them and restarts them from the file: stopped, asleep in pause, with memory and x87.
 * @module
 * @not-native no kernel that runs this has the module */
#include "module.h"

static int gate[2];
static volatile int handled, top;
static u32 table[3000];
static void on_usr1(int signal) { handled = signal; }

/* Whose pid and memory it has, and what it computes with, must be the same before and after. */
static int stopped(void)
{
	int me = sys(NR_getpid);
	for (u32 i = 0; i < 3000; i++) table[i] = i * i;
	double x;
	__asm__ volatile("fldpi\n\tfld1\n\tfaddp\n\tfstpl %0\n\tfldln2" : "=m"(x));
	sys(NR_setpgid, 0, 0);
	tell(gate[1]);
	sys(NR_kill, me, SIGSTOP);
	int group = sys(NR_getpgrp), parent = sys(NR_getppid), user = sys(NR_getuid32);
	double ln2;
	__asm__ volatile("fstpl %0" : "=m"(ln2));
	u32 sum = 0;
	for (u32 i = 0; i < 3000; i++) sum += table[i];
	print("goes on: leads its group %d, child of its parent %d, user %d\n", group == me, parent == top, user);
	print("goes on: pid %d, sum %x, %d %d\n", me == sys(NR_getpid), sum, (int)(x * 1000), (int)(ln2 * 1000));
	return 7;
}

static int asleep(void)
{
	tell(gate[1]);
	int result = sys(NR_pause);
	print("pause ends with %d after signal %d\n", result, handled);
	return 8;
}

static void restarted(const char *what, int pid, int fd)
{
	print("%s\n", what);
	check("dumped", checkpoint(pid, fd) == 0);
	int size = size_of(fd);
	check("the image is whole and the position behind it", size > 5000);
	kill_and_reap(pid);
	check("the child is gone", sys(NR_kill, pid, 0) == -ESRCH);
	rewind_to(fd, 0);
	check("restarted", restart(fd) == 0);
	check("all of it was read", sys(NR_lseek, fd, 0, 1) == size);
	check("the child is there again, and alive", sys(NR_waitpid, pid, 0, WNOHANG) == 0);
	rewind_to(fd, 0);
	check("its pid is somebody's now", restart(fd) == -EEXIST);
}

int main(void)
{
	need_module();
	top = sys(NR_getpid);
	sys(NR_pipe, gate);
	install(SIGUSR1, on_usr1, 0, 0);

	int fd = image_file();
	int pid = spawn(stopped);
	await(gate[0]);
	int status = reap_stop(pid);
	check("the child has stopped", status == (SIGSTOP << 8 | 0x7f));
	restarted("stopped", pid, fd);
	pause_ms(1);
	check("it has stopped yet", sys(NR_waitpid, pid, 0, WNOHANG) == 0);
	sys(NR_kill, pid, SIGCONT);
	print("it ended with %x\n", reap(pid));

	fd = image_file();
	pid = spawn(asleep);
	await(gate[0]);
	pause_ms(1);
	restarted("asleep in pause", pid, fd);
	pause_ms(1);
	sys(NR_kill, pid, SIGUSR1);
	print("it ended with %x\n", reap(pid));
	check("no child is left", sys(NR_waitpid, -1, 0, 0) == -ECHILD);

	/* Once more from the same file: an image is not used up. */
	rewind_to(fd, 0);
	check("restarted a second time", restart(fd) == 0);
	pause_ms(1);
	sys(NR_kill, pid, SIGKILL);
	print("it ended with %x\n", reap(pid));
	return 0;
}
