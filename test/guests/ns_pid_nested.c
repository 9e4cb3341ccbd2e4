/* Pid namespaces in each other: numbers at each level, unshare and setns, chosen numbers, links of /proc, what is refused. */
#include "namespaces.h"

enum { ENOSPC = 28 };
static int up[2], down[2], gate[2];
static void report(int value) { sys(NR_write, up[1], &value, 4); }
static int hear(void)
{
	int value = -1;
	sys(NR_read, up[0], &value, 4);
	return value;
}
static int number_1(void) { return sys(NR_getpid); }
struct args { u64 flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid, set_tid_size, cgroup; };
static int chosen(int *numbers, int count)
{
	struct args a = { 0, 0, 0, 0, SIGCHLD, 0, 0, 0, (u32)numbers, count, 0 };
	flush();
	int pid = sys(NR_clone3, &a, sizeof a);
	if (pid == 0) finish(sys(NR_getpid) & 0x7f);
	return pid;
}
static int inner(void)
{
	await(gate[0]);
	report(sys(NR_getpid));
	report(sys(NR_getppid));
	int pid = spawn(number_1);
	report(pid);
	report(reap(pid));
	return 11;
}
static void nothing(void *argument) { (void)argument; }
static int middle(void)
{
	int status;
	report(sys(NR_getpid));
	sys(NR_pipe, gate);
	int pid = spawn_in(CLONE_NEWPID, inner);
	report(pid);
	tell(gate[1]);
	report(sys(NR_waitpid, pid, &status, 0) == pid);
	report(status);
	/* Numbers that are asked for: of this namespace, and of the one around it. */
	int numbers[3] = { 50, 30000, 1 };
	pid = chosen(numbers, 1);
	report(pid);
	report(reap(pid));
	pid = chosen(numbers, 2);
	report(pid);
	report(reap(pid));
	report(chosen(numbers, 3));
	numbers[0] = 1;
	report(chosen(numbers, 1));
	numbers[0] = 0;
	report(chosen(numbers, 1));
	/* The next goes on after what was not chosen. */
	pid = spawn(number_1);
	report(pid);
	reap(pid);
	/* An init has no brothers. */
	report(sys(NR_clone, CLONE_PARENT | SIGCHLD, 0));
	return 12;
}
static u32 link_of(const char *name) { return number_of(name, "pid"); }
static int entered(void)
{
	int fails = 0;
	fails += sys(NR_getpid) != 2;
	fails += sys(NR_getppid) != 0;
	return fails;
}
static int main_again(void)
{
	/* Of a child's namespace, and back. */
	int own = sys(NR_open, "/proc/self/ns/pid", O_RDONLY);
	report(own >= 0);
	u32 first = link_of("/proc/self/ns/pid");
	report(first != 0 && first == link_of("/proc/self/ns/pid_for_children"));
	report(sys(NR_unshare, CLONE_NEWPID));
	report(link_of("/proc/self/ns/pid") == first);
	/* Nobody is in it yet. */
	char text[64];
	report(sys(NR_readlink, "/proc/self/ns/pid_for_children", text, 64));
	report(sys(NR_open, "/proc/self/ns/pid_for_children", O_RDONLY));
	report(thread(THREAD_FLAGS, stacks[0] + sizeof stacks[0], nothing, 0, 0, 0));
	int hold[2];
	sys(NR_pipe, hold);
	flush();
	int init = sys(NR_fork);
	if (init == 0) {
		sys(NR_close, hold[1]);
		await(hold[0]);
		int status;
		while (sys(NR_waitpid, -1, &status, 0) > 0) continue;
		finish(sys(NR_getpid));
	}
	sys(NR_close, hold[0]);
	u32 second = link_of("/proc/self/ns/pid_for_children");
	report(second != 0 && second != first);
	int inside = sys(NR_open, "/proc/self/ns/pid_for_children", O_RDONLY);
	report(inside >= 0);
	report(sys(NR_setns, own, CLONE_NEWPID));
	report(link_of("/proc/self/ns/pid_for_children") == first);
	int pid = spawn(number_1);
	report(reap(pid) == (pid & 0xff) << 8);
	report(sys(NR_setns, inside, CLONE_NEWUTS));
	report(sys(NR_setns, inside, 0));
	report(link_of("/proc/self/ns/pid_for_children") == second);
	report(reap(spawn(entered)));
	int process = sys(NR_pidfd_open, init, 0);
	report(sys(NR_setns, own, 0));
	report(sys(NR_setns, process, CLONE_NEWPID));
	report(link_of("/proc/self/ns/pid_for_children") == second);
	sys(NR_close, hold[1]);
	report(reap(init));
	report(spawn(number_1));
	return 0;
}
static int from_inside(void)
{
	/* The way out is closed. */
	int fails = sys(NR_setns, down[0], CLONE_NEWPID) != -EINVAL;
	fails += sys(NR_unshare, CLONE_NEWPID) != 0;
	return fails;
}
static int powerless(void)
{
	sys(NR_setuid32, 1000);
	int fails = sys(NR_unshare, CLONE_NEWPID) != -EPERM;
	fails += sys(NR_clone, CLONE_NEWPID | SIGCHLD, 0) != -EPERM;
	return fails;
}
static int deep;
static int deeper(void)
{
	flush();
	int pid = sys(NR_clone, CLONE_NEWPID | SIGCHLD, 0);
	if (pid < 0) {
		report(deep);
		return -pid;
	}
	if (pid == 0) {
		deep++;
		finish(deeper());
	}
	return reap(pid) >> 8;
}
int main(void)
{
	sys(NR_pipe, up);
	int status;
	int pid = spawn_in(CLONE_NEWPID, middle);
	say("middle", hear());
	say("sees its child as", hear());
	say("inner", hear());
	say("its parent", hear());
	say("its child", hear());
	say("which is", hear());
	say("waited for", hear());
	say("status", hear());
	for (int i = 0; i < 2; i++) {
		say("chosen", hear());
		say("which is", hear());
	}
	say("too many", hear());
	say("taken", hear());
	say("zero", hear());
	say("the next", hear());
	say("a brother", hear());
	say("ends", (sys(NR_waitpid, pid, &status, 0), status));

	pid = spawn(main_again);
	static const char *const steps[] = {
		"opened", "one link like the other", "unshare", "not the caller", "no link yet", "not opened", "no thread", "a link", "opened",
		"back", "as before", "a child here", "of another kind", "in again", "as it was", "born there", "back again", "by a process",
		"there", "its init ends", "nobody is born there",
	};
	for (u32 i = 0; i < sizeof steps / sizeof *steps; i++) say(steps[i], hear());
	say("ends", reap(pid));
	down[0] = sys(NR_open, "/proc/self/ns/pid", O_RDONLY);
	say("from inside", reap(spawn_in(CLONE_NEWPID, from_inside)));
	say("without rights", reap(spawn(powerless)));
	say("with a thread", sys(NR_clone, CLONE_NEWPID | THREAD_FLAGS, 0));
	/* A place that is deep already may leave less room. */
	say("too deep", deeper());
	check("some were made", hear() > 8);
	return 0;
}
