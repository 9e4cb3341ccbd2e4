/* Scheduling policies: setting and asking, what is refused, users, children and programs. */
#include "sched.h"

static int attr_of(int pid, struct attr *a) { memset(a, 0, sizeof *a); return sys(NR_sched_getattr, pid, a, 48, 0); }
static void show(const char *what)
{
	struct attr a;
	attr_of(0, &a);
	print("%s: policy %x, priority %d, nice %d; attr %d %d %d %d\n", what, sys(NR_sched_getscheduler, 0), get_priority(0), 20 - sys(NR_getpriority, 0, 0), a.policy, (int)a.flags, a.nice, a.priority);
}
static int set_attr(u32 size, u32 policy, u64 flags, int nice, u32 priority)
{
	struct attr a = { size, policy, flags, nice, priority, 0, 0, 0, 0, 0 };
	return sys(NR_sched_setattr, 0, &a, 0);
}
static int child(void) { show("child"); return 0; }
static int stat_field(int n)
{
	char text[512];
	int fd = sys(NR_open, "/proc/self/stat", O_RDONLY), length = sys(NR_read, fd, text, sizeof text - 1), i = 0, value = 0, sign = 1;
	sys(NR_close, fd);
	text[length] = 0;
	while (text[i] != ')') i++;
	for (int field = 2; field < n; field++) while (text[++i] != ' ') continue;
	i++;
	if (text[i] == '-') sign = -1, i++;
	for (; text[i] >= '0' && text[i] <= '9'; i++) value = value * 10 + text[i] - '0';
	return sign * value;
}
static void stat(const char *what) { print("%s: prio %d nice %d rt %d policy %d\n", what, stat_field(18), stat_field(19), stat_field(40), stat_field(41)); }

static int unprivileged(void)
{
	limit(RLIMIT_RTPRIO, 0, 0);
	limit(RLIMIT_NICE, 0, 0);
	set_policy(0, SCHED_OTHER, 0);
	sys(NR_setuid32, 1000);
	say("RR without a limit", set_policy(0, SCHED_RR, 1));
	say("batch", set_policy(0, SCHED_BATCH, 0));
	say("idle", set_policy(0, SCHED_IDLE, 0));
	say("not back from idle", set_policy(0, SCHED_OTHER, 0));
	say("a nice of 5", set_attr(48, SCHED_IDLE, 0, 5, 0));
	say("somebody else's", set_policy(sys(NR_getppid), SCHED_BATCH, 0));
	say("whose nice it sees", sys(NR_getpriority, 0, sys(NR_getppid)));
	say("and cannot set", sys(NR_setpriority, 0, sys(NR_getppid), 19));
	say("nor its processors", ({ u32 mask[32] = { 1 }; sys(NR_sched_setaffinity, sys(NR_getppid), sizeof mask, mask); }));
	return 0;
}
int main(int argc, char **argv)
{
	if (argc > 1 && same(argv[1], "again")) { show("after exec"); return 0; }
	int policies[] = { SCHED_OTHER, SCHED_FIFO, SCHED_RR, SCHED_BATCH, 4, SCHED_IDLE, SCHED_DEADLINE, 8, -1 };
	for (u32 i = 0; i < sizeof policies / sizeof *policies; i++)
		print("policy %d: %d to %d\n", policies[i], sys(NR_sched_get_priority_min, policies[i]), sys(NR_sched_get_priority_max, policies[i]));
	for (u32 i = 0; i < sizeof policies / sizeof *policies; i++)
		print("set %d: %d %d %d %d\n", policies[i], set_policy(0, policies[i], 0), set_policy(0, policies[i], 99), set_policy(0, policies[i], 100), set_policy(0, policies[i], -1));
	set_policy(0, SCHED_OTHER, 0);
	say("no param", sys(NR_sched_setscheduler, 0, SCHED_OTHER, 0));
	say("bad param", sys(NR_sched_setscheduler, 0, SCHED_OTHER, 8));
	say("nobody", set_policy(0x3fffffff, SCHED_OTHER, 0));
	say("negative", set_policy(-1, SCHED_OTHER, 0));
	say("get nobody", sys(NR_sched_getscheduler, 0x3fffffff));
	say("get negative", sys(NR_sched_getscheduler, -1));
	say("getparam nobody", get_priority(0x3fffffff));
	say("getparam nowhere", sys(NR_sched_getparam, 0, 0));
	say("getparam at a bad place", sys(NR_sched_getparam, 0, 8));
	show("normal");
	stat("stat");
	say("FIFO", set_policy(0, SCHED_FIFO, 30));
	show("fifo");
	stat("stat");
	int priority = 31;
	say("setparam", sys(NR_sched_setparam, 0, &priority));
	priority = 0;
	say("setparam 0", sys(NR_sched_setparam, 0, &priority));
	show("fifo 31");
	struct timespec t = { 7, 7 };
	say("interval", sys(NR_sched_rr_get_interval, 0, &t));
	print("of FIFO %d.%d\n", t.sec, t.nsec);
	say("RR", set_policy(0, SCHED_RR, 1));
	sys(NR_sched_rr_get_interval, 0, &t);
	print("of RR %d.%d\n", t.sec, t.nsec);
	say("interval nowhere", sys(NR_sched_rr_get_interval, 0, 8));
	say("interval of nobody", sys(NR_sched_rr_get_interval, 0x3fffffff, &t));
	say("nice while realtime", sys(NR_setpriority, 0, 0, 7));
	show("rr");
	reap(spawn(child));
	say("with reset", set_policy(0, SCHED_RR | SCHED_RESET_ON_FORK, 1));
	show("rr");
	reap(spawn(child));
	say("batch", set_policy(0, SCHED_BATCH | SCHED_RESET_ON_FORK, 0));
	sys(NR_setpriority, 0, 0, -5);
	show("batch");
	reap(spawn(child));
	say("attr: idle", set_attr(48, SCHED_IDLE, 0, 3, 0));
	show("idle");
	say("attr: normal, nice 3", set_attr(0, SCHED_OTHER, 0, 3, 0));
	show("normal");
	say("attr: fifo 12, reset", set_attr(56, SCHED_FIFO, 1, 3, 12));
	show("fifo");
	say("attr: keeps its policy", set_attr(48, SCHED_OTHER, 8, 0, 13));
	show("fifo");
	say("attr: keeps all", set_attr(48, SCHED_OTHER, 0x18, 0, 0));
	show("fifo");
	say("attr: flags", set_attr(48, SCHED_OTHER, 0x100, 0, 0));
	say("attr: small", set_attr(40, SCHED_OTHER, 0, 0, 0));
	say("attr: normal with a priority", set_attr(48, SCHED_OTHER, 0, 0, 1));
	say("attr: clamped nice", set_attr(48, SCHED_OTHER, 0, -100, 0));
	show("normal");
	say("attr: no deadline", set_attr(48, SCHED_DEADLINE, 0, 0, 0));
	struct attr a = { 0 };
	say("getattr too small", sys(NR_sched_getattr, 0, &a, 47, 0));
	say("getattr flags", sys(NR_sched_getattr, 0, &a, 48, 1));
	say("getattr nobody", sys(NR_sched_getattr, 0x3fffffff, &a, 48, 0));
	say("getattr nowhere", sys(NR_sched_getattr, 0, 8, 48, 0));
	say("setattr nowhere", sys(NR_sched_setattr, 0, 8, 0));
	say("setattr none", sys(NR_sched_setattr, 0, 0, 0));
	sys(NR_sched_getattr, 0, &a, 48, 0);
	say("size", a.size);
	reap(spawn(unprivileged));
	set_policy(0, SCHED_FIFO, 3);
	flush();
	char *again[] = { argv[0], "again", 0 }, *none[] = { 0 };
	sys(NR_execve, "/proc/self/exe", again, none);
	return 1;
}
