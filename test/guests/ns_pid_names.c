/* Who did it, asked across pid namespaces: record locks, owners of input, credentials of sockets, System V IPC, inheriting futexes, a tracer's events, POSIX timers, robust locks. */
#include "namespaces.h"
#include "ipc.h"
#include "sockets.h"
#include "tracer.h"

enum { F_GETLK = 5, F_SETLK = 6, F_SETOWN = 8, F_GETOWN = 9, F_WRLCK = 1 };
struct flock { short type, whence; int start, len, pid; };
struct ucred { int pid, uid, gid; };

static int s[2], up[2], down[2], shm, sem, msg, file, outsider;
static volatile int *word;
static int go(void) { int c = 1; return sys(NR_write, down[1], &c, 4); }
static void halt(void) { int c; sys(NR_read, down[0], &c, 4); }
static void report(int value) { sys(NR_write, up[1], &value, 4); }
static int hear(void)
{
	int value = -1;
	sys(NR_read, up[0], &value, 4);
	return value;
}
static int peer(int fd)
{
	struct ucred c = { -1, -1, -1 };
	int size = sizeof c;
	sys(NR_getsockopt, fd, SOL_SOCKET, SO_PEERCRED, &c, &size);
	return c.pid;
}
static int sender(int fd)
{
	char text[8];
	struct { struct cmsg c; } b = { 0 };
	struct iovec v = { text, 8 };
	struct msg m = { 0, 0, &v, 1, &b, sizeof b, 0 };
	sys(NR_recvmsg, fd, &m, 0);
	return b.c.data[0];
}
static int locked_by(void)
{
	struct flock l = { F_WRLCK, 0, 0, 0, 0 };
	sys(NR_fcntl, file, F_GETLK, &l);
	return l.pid;
}
static int lock(int start)
{
	struct flock l = { F_WRLCK, 0, start, 10, 0 };
	return sys(NR_fcntl, file, F_SETLK, &l);
}
static int creator(void)
{
	struct shmid d;
	sys(NR_shmctl, shm, IPC_STAT, &d);
	return d.cpid;
}
static int setter(void) { return sys(NR_semctl, sem, 0, GETPID, 0); }
static int writer(void)
{
	struct msqid d;
	sys(NR_msgctl, msg, IPC_STAT, &d);
	return d.lspid;
}
static int send_it(void)
{
	struct { int type; char text[4]; } m = { 1, "x" };
	return sys(NR_msgsnd, msg, &m, 1, 0);
}
static int ends_with_it(void)
{
	report(sys(NR_futex, word, FUTEX_LOCK_PI, 0, 0));
	report(*word);
	return 0;
}
static int inside(void)
{
	int one = 1;
	report(sys(NR_getpid));
	sys(NR_setsockopt, s[1], SOL_SOCKET, SO_PASSCRED, &one, 4);
	report(peer(s[1]));
	report(sender(s[1]));
	send_bytes(s[1], "b", 0);
	report(locked_by());
	report(lock(100));
	report(creator());
	report(setter());
	report(writer());
	sys(NR_semctl, sem, 0, SETVAL, 5);
	send_it();
	report(setter());
	report(writer());
	report(sys(NR_fcntl, s[1], F_GETOWN, 0));
	report(sys(NR_fcntl, s[1], F_SETOWN, outsider));
	report(sys(NR_fcntl, s[1], F_SETOWN, 1));
	report(sys(NR_fcntl, s[1], F_GETOWN, 0));
	/* a lock that says who holds it by a number of this namespace */
	report(sys(NR_futex, word, FUTEX_LOCK_PI, 0, 0));
	report(*word);
	report(sys(NR_futex, word, FUTEX_LOCK_PI, 0, 0));
	report(sys(NR_futex, word, FUTEX_UNLOCK_PI, 0, 0));
	int child = spawn(ends_with_it);
	reap(child);
	report(*word);
	int thread_id[3] = { 1, 0, 0 };
	struct { int value, signo, notify, tid, pad[12]; } event = { 1, SIGUSR1, 4, 1, { 0 } };
	report(sys(NR_timer_create, 1, &event, thread_id));
	event.tid = 77;
	report(sys(NR_timer_create, 1, &event, thread_id));
	report(sys(NR_pidfd_open, 1, 0) >= 0);
	report(sys(NR_pidfd_open, outsider, 0));
	report(sys(NR_getpriority, 0, 1));
	report(sys(NR_setpriority, 0, outsider, 1));
	report(sys(NR_prlimit64, 1, 7, 0, 0));
	report(sys(NR_tgkill, 1, 1, 0));
	report(sys(NR_tkill, 1, 0));
	report(1234);
	halt();
	return 0;
}
static int ends(void) { return 3; }
static int traced(void)
{
	ptrace(PTRACE_TRACEME);
	sys(NR_kill, sys(NR_getpid), SIGSTOP);
	int pid = spawn(ends);
	return reap(pid) == 3 << 8 && pid == 2 ? 0 : 1;
}
static int nothing(void) { return sys(NR_getpid); }
int main(void)
{
	static const char *const steps[] = {
		"pid", "peer", "sender", "locked by", "locks", "creator", "setter", "writer", "setter", "writer", "no owner", "one outside", "itself",
		"owner", "takes the lock", "the word", "again", "gives it back", "a child takes it", "the word", "after its end", "a timer for itself",
		"for nobody", "a descriptor of itself", "of one outside", "priority", "of one outside", "limits", "tgkill", "tkill", "end",
	};
	outsider = sys(NR_getpid);
	sys(NR_pipe, up);
	sys(NR_pipe, down);
	sys(NR_socketpair, AF_UNIX, STREAM, 0, s);
	int one = 1, status;
	sys(NR_setsockopt, s[0], SOL_SOCKET, SO_PASSCRED, &one, 4);
	word = (int *)map(0, PAGE, PROT_RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	shm = sys(NR_shmget, 0, PAGE, 0600);
	sem = sys(NR_semget, 0, 1, 0600);
	msg = sys(NR_msgget, 0, 0600);
	sys(NR_semctl, sem, 0, SETVAL, 1);
	send_it();
	file = sys(NR_open, "/tmp/ns_pid_names", O_CREAT | O_RDWR, 0600);
	sys(NR_unlink, "/tmp/ns_pid_names");
	lock(0);
	send_bytes(s[0], "a", 0);
	int pid = spawn_in(CLONE_NEWPID, inside);
	for (u32 i = 0; i < sizeof steps / sizeof *steps; i++) say(steps[i], hear());
	check("peer is itself", peer(s[0]) == outsider);
	check("sender", sender(s[0]) == pid);
	check("creator", creator() == outsider);
	check("setter", setter() == pid);
	check("writer", writer() == pid);
	struct flock l = { F_WRLCK, 0, 100, 10, 0 };
	sys(NR_fcntl, file, F_GETLK, &l);
	check("locked by", l.pid == pid);
	check("owner", sys(NR_fcntl, s[1], F_GETOWN, 0) == pid);
	go();
	say("ends", reap(pid));
	sys(NR_shmctl, shm, IPC_RMID, 0);
	sys(NR_semctl, sem, 0, IPC_RMID, 0);
	sys(NR_msgctl, msg, IPC_RMID, 0);

	/* A tracer outside hears its own numbers. */
	pid = spawn_in(CLONE_NEWPID, traced);
	sys(NR_waitpid, pid, &status, 0);
	say("stopped", status);
	say("options", ptrace(PTRACE_SETOPTIONS, pid, 0, 2 | 8 | 16));
	say("on", ptrace(PTRACE_CONT, pid, 0, 0));
	check("an event of it", sys(NR_waitpid, pid, &status, 0) == pid);
	say("status", status);
	int child = 0;
	say("message", ptrace(PTRACE_GETEVENTMSG, pid, 0, (u32)&child));
	check("its child as it is seen here", child > 2 && sys(NR_waitpid, child, &status, TRACE_WALL) == child);
	say("stopped", status);
	struct siginfo info;
	say("of the stop", ptrace(PTRACE_GETSIGINFO, pid, 0, (u32)&info));
	check("by its own number", info.pid == 1);
	say("on", ptrace(PTRACE_CONT, child, 0, 0));
	say("on", ptrace(PTRACE_CONT, pid, 0, 0));
	say("child", (sys(NR_waitpid, child, &status, TRACE_WALL), status));
	/* SIGCHLD of the child stops the parent. */
	while (sys(NR_waitpid, pid, &status, 0) == pid && (status & 0xff) == 0x7f) ptrace(PTRACE_CONT, pid, 0, 0);
	say("ends", status);
	say("one of its own", spawn_in(CLONE_NEWPID, nothing) > 1);
	return 0;
}
