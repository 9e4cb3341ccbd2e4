/* POSIX timers of CPU time: of the process, of a thread, of another process; relative, absolute, at intervals; which clocks have timers. */
#include "polling.h"

struct sigevent { int value, signo, notify, tid; u8 rest[48]; };
static volatile int seen, value, code;
static void handler(int signal, struct siginfo *info, void *context)
{
	(void)signal, (void)context;
	seen++;
	code = info->code;
	value = info->value;
}
static u32 cpu_ms(int clock)
{
	struct timespec t;
	sys(NR_clock_gettime, clock, &t);
	return (u32)t.sec * 1000 + (u32)t.nsec / 1000000;
}
static void burn(int clock, u32 ms, int until) /* until so many signals were seen, or so much CPU time went by */
{
	u32 from = cpu_ms(clock);
	while (seen < until && cpu_ms(clock) - from < ms)
		for (volatile int spin = 0; spin < 20000; spin++) continue;
}
static int arm(int timer, int flags, u32 ms, u32 every)
{
	struct itimerspec set = { { 0, (int)every * 1000000 }, { (int)(ms / 1000), (int)(ms % 1000) * 1000000 } };
	seen = 0;
	return sys(NR_timer_settime, timer, flags, &set, 0);
}
static int left(int timer)
{
	struct itimerspec now;
	int error = sys(NR_timer_gettime, timer, &now);
	return error ? error : now.value.sec || now.value.nsec;
}
static void with(const char *what, int clock)
{
	int timer;
	struct sigevent event = { 77, SIGRTMIN + 2, 0, 0, { 0 } };
	print("%s: %d\n", what, sys(NR_timer_create, clock, &event, &timer));
	arm(timer, 0, 3, 0);
	say(" armed", left(timer));
	burn(clock, 200, 1);
	print(" seen %d code %d value %d\n", seen, code, value);
	say(" left", left(timer));
	arm(timer, 0, 2, 2);
	burn(clock, 200, 3);
	say(" three times", seen);
	arm(timer, 1, cpu_ms(clock) + 12, 0);
	burn(clock, 3, 1);
	say(" too early", seen);
	burn(clock, 200, 1);
	say(" at its time", seen);
	arm(timer, 1, 1, 0);
	burn(clock, 200, 1);
	say(" at one that was", seen);
	arm(timer, 0, 0, 0);
	say(" disarmed", left(timer));
	say(" gone", sys(NR_timer_delete, timer));
}
static int clock_of(int pid)
{
	return ~pid * 8 | 2;
}
static int busy(void)
{
	burn(2, 30, 1);
	sys(NR_pause);
	return 0;
}
static int idle(void)
{
	sys(NR_pause);
	return 0;
}

int main(void)
{
	int timer;
	struct sigevent event = { 5, SIGRTMIN + 2, 0, 0, { 0 } };
	install(SIGRTMIN + 2, handler, SA_SIGINFO, 0);
	with("the process", 2);
	with("the thread", 3);
	with("the process by its id", clock_of(sys(NR_getpid)));
	int clocks[] = { 4, 5, 6, 8, 9, 10, 12, -1, -5, clock_of(1 << 20) };
	for (u32 i = 0; i < sizeof clocks / 4; i++) say("a clock without", sys(NR_timer_create, clocks[i], &event, &timer));

	int pid = spawn(busy);
	say("a child's", sys(NR_timer_create, clock_of(pid), &event, &timer));
	arm(timer, 0, 5, 0);
	for (int i = 0; i < 100 && !seen; i++) pause_ms(5);
	say("seen", seen);
	arm(timer, 0, 500, 0);
	sys(NR_kill, pid, SIGKILL);
	say("it ends", reap(pid));
	say("nothing left", left(timer));
	say("nothing to arm", arm(timer, 0, 1, 0));
	pid = spawn(idle);
	say("an idle child's", sys(NR_timer_create, clock_of(pid), &event, &timer));
	arm(timer, 0, 500, 0);
	pause_ms(20);
	say("does not come", seen);
	sys(NR_kill, pid, SIGKILL);
	reap(pid);
	return 0;
}
