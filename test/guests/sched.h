/* What guests about scheduling share: policies, one processor for all, and a list of who came when. */
#pragma once
#include "futexes.h"

enum {
	NR_sched_setparam = 154, NR_sched_getparam, NR_sched_setscheduler, NR_sched_getscheduler, NR_sched_get_priority_max = 159,
	NR_sched_get_priority_min, NR_sched_rr_get_interval, NR_sched_setaffinity = 241, NR_sched_setattr = 351, NR_sched_getattr,
	SCHED_OTHER = 0, SCHED_FIFO, SCHED_RR, SCHED_BATCH, SCHED_IDLE = 5, SCHED_DEADLINE, SCHED_RESET_ON_FORK = 0x40000000,
	RLIMIT_NICE = 13, RLIMIT_RTPRIO, RLIMIT_RTTIME,
};
struct attr { u32 size, policy; u64 flags; int nice; u32 priority; u64 runtime, deadline, period; u32 util_min, util_max; };

static inline int set_policy(int pid, int policy, int priority) { return sys(NR_sched_setscheduler, pid, policy, &priority); }
static inline int get_priority(int pid)
{
	int priority = -1;
	int result = sys(NR_sched_getparam, pid, &priority);
	return result < 0 ? result : priority;
}
/* All on one processor, as the machine has. */
static inline void one_processor(void)
{
	u32 mask[32] = { 1 };
	sys(NR_sched_setaffinity, 0, sizeof mask, mask);
}
static inline int limit(int which, u32 soft, u32 hard)
{
	u32 pair[2] = { soft, hard };
	return sys(NR_setrlimit, which, pair);
}

/* Who came when: letters, shown and forgotten by `shown`. */
static volatile char came[64];
static volatile int arrivals;
static inline void here(char who) { came[__sync_fetch_and_add(&arrivals, 1)] = who; }
static inline void shown(const char *what)
{
	came[arrivals] = 0;
	print("%s: %s\n", what, (char *)came);
	arrivals = 0;
}
