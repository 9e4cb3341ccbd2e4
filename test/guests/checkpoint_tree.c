/* Checkpoints a tree through the module, and a process itself: children, a zombie, threads come back; who dumped itself is told ENOSYS in the copy.
 * @module
 * @not-native no kernel that runs this has the module */
#include "module.h"

static int gate[2], image;
static volatile u32 word;

static void helper(void *unused)
{
	(void)unused;
	while (word == 0) sys(NR_futex, &word, FUTEX_WAIT, 0, 0);
	word = 2;
	sys(NR_futex, &word, FUTEX_WAKE, 1);
}

static int grandchild(void)
{
	sys(NR_pause);
	return 1;
}
static int dies(void) { return 3; }

static volatile int woken;
static void on_usr1(int signal) { woken = signal; }

/* A process with a thread, a child that sleeps and one that has ended. */
static int top(void)
{
	int ended = spawn(dies);
	int sleeps = spawn(grandchild);
	start(0, helper, 0);
	pause_ms(1);
	tell(gate[1]);
	while (!woken) sys(NR_pause);
	int status = -1;
	check("the zombie is waited for", sys(NR_waitpid, ended, &status, 0) == ended && status == 0x300);
	word = 1;
	sys(NR_futex, &word, FUTEX_WAKE, 1);
	join(0);
	check("the thread was woken and has ended", word == 2);
	check("its child is its child", sys(NR_kill, sleeps, SIGTERM) == 0 && reap(sleeps) == SIGTERM);
	flush();
	return 4;
}

/* In the copy the call comes back with what stands in ax within a call. */
static int itself(void)
{
	int result = checkpoint(sys(NR_getpid), image);
	if (result == 0) return 5;
	print("the copy is told %d\n", result);
	flush();
	return 6;
}

int main(void)
{
	need_module();
	sys(NR_pipe, gate);
	install(SIGUSR1, on_usr1, 0, 0);
	image = image_file();
	int pid = spawn(top);
	await(gate[0]);
	pause_ms(1);
	check("dumped", checkpoint(pid, image) == 0);
	/* Its children go with it, or their pids would not be free. */
	for (int other = pid + 1; other <= pid + 2; other++) sys(NR_kill, other, SIGKILL);
	kill_and_reap(pid);
	rewind_to(image, 0);
	check("restarted", restart(image) == 0);
	pause_ms(1);
	sys(NR_kill, pid, SIGUSR1);
	print("the tree ended with %x\n", reap(pid));

	image = image_file();
	pid = spawn(itself);
	print("the original ended with %x\n", reap(pid));
	rewind_to(image, 0);
	check("restarted", restart(image) == 0);
	print("the copy ended with %x\n", reap(pid));
	return 0;
}
