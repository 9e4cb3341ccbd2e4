/* RLIMIT_RTTIME: a realtime task that does not sleep is told, told again a second later, and killed at the hard limit. */
#include "sched.h"

enum { NR_getrlimit = 191, SIGXCPU = 24, CLOCK_THREAD = 3 };
static volatile int told;
static void on_limit(int signal) { (void)signal; told++; }
static u32 soft_limit(void) { u32 pair[2]; sys(NR_getrlimit, RLIMIT_RTTIME, pair); return pair[0]; }
static int used_ms(void)
{
	struct timespec t;
	sys(NR_clock_gettime, CLOCK_THREAD, &t);
	return t.sec * 1000 + t.nsec / 1000000;
}
static void spin_ms(int ms) { for (int end = used_ms() + ms; used_ms() < end && !told;) for (volatile int i = 0; i < 20000; i++) continue; }

static int normal(void)
{
	limit(RLIMIT_RTTIME, 4000, 8000);
	spin_ms(6);
	return told;
}
static int sleeper(void)
{
	limit(RLIMIT_RTTIME, 8000, 40000);
	set_policy(0, SCHED_RR, 10);
	for (int i = 0; i < 3; i++) { spin_ms(4); pause_ms(1); }
	return told;
}
static int spinner(void)
{
	limit(RLIMIT_RTTIME, 8000, ~0u);
	set_policy(0, SCHED_FIFO, 10);
	spin_ms(200);
	print("told %d, now %u us\n", told, soft_limit());
	flush();
	told = 0;
	spin_ms(5);
	return told;
}
static int killed(void)
{
	limit(RLIMIT_RTTIME, 4000, 12000);
	set_policy(0, SCHED_FIFO, 10);
	for (;;) continue;
	return 0;
}
static int dies(void)
{
	install(SIGXCPU, SIG_DFL, 0, 0);
	return killed();
}

int main(void)
{
	one_processor();
	install(SIGXCPU, on_limit, 0, 0);
	set_policy(0, SCHED_FIFO, 20);
	set_policy(0, SCHED_OTHER, 0);
	print("normal: %x\n", reap(spawn(normal)));
	print("sleeps: %x\n", reap(spawn(sleeper)));
	print("spins: %x\n", reap(spawn(spinner)));
	print("hard: %x\n", reap(spawn(killed)));
	print("soft: %x\n", reap(spawn(dies)) & 0x7f);
	return 0;
}
