/* getrlimit, setrlimit, prlimit: what they refuse, and in which order; RLIMIT_CPU of 0. */
#include "sched.h"

enum { NR_getrlimit_old = 76, SIGXCPU = 24 };
static u64 pairs[2], olds[2];
static int pl(int pid, int r, int set, u64 a, u64 b) { pairs[0] = a; pairs[1] = b; return sys(NR_prlimit64, pid, r, set ? (u32)pairs : 0, olds); }
static volatile int told;
static void on_limit(int signal) { (void)signal; told++; }

int main(void)
{
	u32 p[2];
	for (int r = 0; r < 18; r++) print("limit %d: %d %d\n", r, sys(191, r, p), sys(NR_getrlimit_old, r, p));
	say("bad get", sys(191, 3, 8));
	say("bad set", sys(NR_setrlimit, 3, 8));
	say("bad both", sys(NR_setrlimit, 99, 8));
	say("bad which", sys(191, 99, 8));
	say("soft over hard", limit(3, 10, 9));
	say("nofile huge", pl(0, 7, 1, 2000000, 2000000));
	say("nofile infinite", pl(0, 7, 1, ~0ull, ~0ull));
	say("prlimit nobody", pl(999999, 3, 0, 0, 0));
	say("prlimit negative", pl(-1, 3, 0, 0, 0));
	say("prlimit which", pl(0, 16, 0, 0, 0));
	say("prlimit both null", sys(NR_prlimit64, 0, 3, 0, 0));
	say("prlimit bad new", sys(NR_prlimit64, 0, 3, 8, 0));
	say("prlimit bad old", sys(NR_prlimit64, 0, 3, 0, 8));
	say("nobody and bad new", sys(NR_prlimit64, 999999, 3, 8, 0));
	say("which and bad new", sys(NR_prlimit64, 0, 99, 8, 0));
	say("stack 0 soft", limit(10, 0, 5)); 
	install(SIGXCPU, on_limit, 0, 0);
	say("cpu 0", pl(0, 0, 1, 0, ~0ull));
	while (!told) continue;
	pl(0, 0, 0, 0, 0);
	print("told %d, now %Q\n", told, olds[0]);
	return 0;
}
