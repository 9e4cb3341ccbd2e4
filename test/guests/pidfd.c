/* Descriptors of processes: pidfd_open, poll at the end, waitid(P_PIDFD), pidfd_send_signal, pidfd_getfd, CLONE_PIDFD, clone3's set_tid. */
#include "procs.h"

enum {
	NR_pidfd_send_signal = 424, NR_pidfd_open = 434, NR_pidfd_getfd = 438, P_PIDFD = 3, CLONE_PIDFD = 0x1000, F_GETFD = 1,
	PIDFD_NONBLOCK = O_NONBLOCK,
};

static int gate[2];

static int waits(void)
{
	await(gate[0]);
	return 7;
}

static int sleeps(void)
{
	sys(NR_pause);
	return 0;
}

static int ready(int fd, int ms)
{
	struct pollfd p = { fd, POLLIN, 0 };
	int n = sys(NR_poll, &p, 1, ms);
	return n == 1 ? p.revents & POLLIN : n; /* since 6.9 a process that was waited for is POLLHUP too */
}

static void open_and_wait(void)
{
	sys(NR_pipe, gate);
	int child = spawn(waits), fd = sys(NR_pidfd_open, child, 0);
	check("pidfd_open", fd >= 0);
	say("it closes on exec", sys(NR_fcntl64, fd, F_GETFD));
	say("poll while it lives", ready(fd, 0));
	struct childinfo info = { 0 };
	say("waitid, nothing yet", sys(NR_waitid, P_PIDFD, fd, &info, WEXITED | WNOHANG, 0));
	print("signo %d\n", info.signo);
	char byte;
	say("read", sys(NR_read, fd, &byte, 1));
	tell(gate[1]);
	say("poll sleeps until its end", ready(fd, -1));
	say("waitid", sys(NR_waitid, P_PIDFD, fd, &info, WEXITED | WNOWAIT, 0));
	print("signo %d code %d status %d pid %d\n", info.signo, info.code, info.status, info.pid == child);
	say("a zombie may be signalled", sys(NR_pidfd_send_signal, fd, 0, 0, 0));
	say("waitid takes it", sys(NR_waitid, P_PIDFD, fd, &info, WEXITED, 0));
	say("poll of nobody", ready(fd, 0));
	say("waitid of nobody", sys(NR_waitid, P_PIDFD, fd, &info, WEXITED, 0));
	say("signal to nobody", sys(NR_pidfd_send_signal, fd, SIGTERM, 0, 0));
	say("getfd of nobody", sys(NR_pidfd_getfd, fd, 0, 0));
	sys(NR_close, fd);
}

static void signals(void)
{
	int child = spawn(sleeps), fd = sys(NR_pidfd_open, child, PIDFD_NONBLOCK);
	struct childinfo info = { 0 };
	say("waitid without sleeping", sys(NR_waitid, P_PIDFD, fd, &info, WEXITED, 0));
	say("unknown flags", sys(NR_pidfd_send_signal, fd, SIGTERM, 0, 1 << 30));
	say("no such signal", sys(NR_pidfd_send_signal, fd, 100, 0, 0));
	struct siginfo queued = { .signo = SIGUSR1, .code = 0 };
	say("another number than asked", sys(NR_pidfd_send_signal, fd, SIGTERM, &queued, 0));
	queued.signo = SIGTERM;
	say("as if from kill", sys(NR_pidfd_send_signal, fd, SIGTERM, &queued, 0));
	queued.code = -1;
	say("queued", sys(NR_pidfd_send_signal, fd, SIGTERM, &queued, 0));
	print("status %x\n", reap(child));
	sys(NR_close, fd);
	say("no descriptor", sys(NR_pidfd_send_signal, fd, SIGTERM, 0, 0));
	say("one of a pipe", sys(NR_pidfd_send_signal, gate[0], SIGTERM, 0, 0));
	say("waitid on it", sys(NR_waitid, P_PIDFD, gate[0], &info, WEXITED, 0));
	say("pidfd_open of nobody", sys(NR_pidfd_open, 0x3fffffff, 0));
	say("of 0", sys(NR_pidfd_open, 0, 0));
	say("with other flags", sys(NR_pidfd_open, sys(NR_getpid), 1));
}

static int holds(void)
{
	int own[2];
	sys(NR_pipe, own);
	sys(NR_dup2, own[0], 40);
	tell(own[1]);
	tell(gate[1]);
	sys(NR_pause);
	return 0;
}

static void copies(void)
{
	int child = spawn(holds), fd = sys(NR_pidfd_open, child, 0);
	await(gate[0]);
	int copy = sys(NR_pidfd_getfd, fd, 40, 0);
	check("pidfd_getfd", copy >= 0);
	say("it closes on exec", sys(NR_fcntl64, copy, F_GETFD));
	say("bytes that the other wrote", await(copy));
	say("what is not open there", sys(NR_pidfd_getfd, fd, 39, 0));
	say("flags", sys(NR_pidfd_getfd, fd, 40, 1));
	sys(NR_kill, child, SIGKILL);
	reap(child);
	say("its end", ready(fd, 0));
}

static void clones(void)
{
	int fd = -1;
	flush();
	int child = sys(NR_clone, CLONE_PIDFD | SIGCHLD, 0, &fd, 0, 0);
	if (child == 0) finish(fd == -1 ? 3 : 4);
	check("CLONE_PIDFD", child > 0 && fd >= 0);
	struct childinfo info = { 0 };
	say("waitid", sys(NR_waitid, P_PIDFD, fd, &info, WEXITED, 0));
	print("the child sees no descriptor: %d\n", info.status);
	say("with a tid beside it", sys(NR_clone, CLONE_PIDFD | CLONE_PARENT_SETTID | SIGCHLD, 0, &fd, 0, 0));

	int step = child > 16000 ? -500 : 500, wanted = child + step;
	u64 args[11] = { 0 };
	args[4] = SIGCHLD;
	args[8] = (u32)&wanted;
	args[9] = 1;
	int got = sys(NR_clone3, args, sizeof args);
	while (got == -EEXIST && (wanted += step / 100)) got = sys(NR_clone3, args, sizeof args);
	if (got == 0) finish(sys(NR_getpid) == wanted ? 5 : 6);
	check("set_tid", got == wanted);
	print("status %x\n", reap(got));
	wanted = sys(NR_getpid);
	say("a number somebody has", sys(NR_clone3, args, sizeof args));
	wanted = 0;
	say("no number", sys(NR_clone3, args, sizeof args));
	args[9] = 2;
	int two[2] = { child + 500, child + 600 };
	args[8] = (u32)two;
	args[9] = 40;
	say("more levels than there are", sys(NR_clone3, args, sizeof args));
}

int main(void)
{
	open_and_wait();
	signals();
	copies();
	clones();
	return 0;
}
