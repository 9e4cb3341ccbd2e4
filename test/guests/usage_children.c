/* getrusage and times: a child's time counts when it was waited for, a thread's with its process. */
#include "sched.h"

static int used_ms(void)
{
	struct timespec t;
	sys(NR_clock_gettime, 3, &t);
	return t.sec * 1000 + t.nsec / 1000000;
}
static int burn(void) { while (used_ms() < 8) for (volatile int i = 0; i < 20000; i++) continue; return 0; }

struct ru { struct timeval u, s; int rest[14]; };
static int ms(struct ru *r) { return (r->u.sec + r->s.sec) * 1000 + (r->u.usec + r->s.usec) / 1000; }
static struct ru a, b;
struct tms { int u, s, cu, cs; } t;
static void burns(void *unused)
{
	(void)unused;
	burn();
	sys(NR_getrusage, 1, &a);
	sys(NR_getrusage, 0, &b);
	print("thread %d self %d\n", ms(&a) > 0, ms(&b) >= ms(&a));
	flush();
}

int main(void)
{
	say("who 2", sys(NR_getrusage, 2, &a));
	say("who -2", sys(NR_getrusage, -2, &a));
	say("bad", sys(NR_getrusage, 0, 8));
	say("bad thread", sys(NR_getrusage, 1, 0));
	say("bad who and pointer", sys(NR_getrusage, 5, 0));
	sys(NR_getrusage, -1, &a);
	print("children 0: %d\n", ms(&a));
	int pid = spawn(burn); pause_ms(40);
	sys(NR_getrusage, -1, &a);
	print("not waited: %d\n", ms(&a));
	sys(NR_times, &t);
	print("times not waited: %d\n", t.cu + t.cs);
	reap(pid);
	sys(NR_getrusage, -1, &a);
	print("waited: %d\n", ms(&a) > 5);
	pid = spawn(burn); pause_ms(40);
	sys(NR_waitid, P_PID, pid, 0, WEXITED | WNOWAIT, &b);
	print("nowait usage %d\n", ms(&b) > 5);
	sys(NR_getrusage, -1, &b);
	print("not more: %d\n", ms(&b) == ms(&a));
	sys(NR_waitid, P_PID, pid, 0, WEXITED, &b);
	print("usage %d\n", ms(&b) > 5);
	sys(NR_getrusage, -1, &b);
	print("more: %d\n", ms(&b) > ms(&a));
	say("times null", sys(NR_times, 0) > 0);
	say("times bad", sys(NR_times, 8));
	/* ignored children count for nothing */
	install(SIGCHLD, SIG_IGN, 0, 0);
	sys(NR_getrusage, -1, &a);
	spawn(burn); pause_ms(40);
	say("gone", sys(NR_wait4, -1, 0, 0, 0));
	sys(NR_getrusage, -1, &b);
	print("ignored: %d\n", ms(&b) - ms(&a));
	install(SIGCHLD, SIG_DFL, 0, 0);
	start(0, burns, 0);
	join(0);
	sys(NR_getrusage, 1, &a);
	sys(NR_getrusage, 0, &b);
	print("after the thread %d\n", ms(&b) > ms(&a));
	return 0;
}
