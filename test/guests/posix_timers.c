/* POSIX timers: with a signal and its value, at intervals with an overrun, without a signal, to a thread, gone after exec. */
#include "polling.h"

struct sigevent { int value, signo, notify, tid; u8 rest[48]; };
static int seen, value, code, id_seen, timer, most;
static void handler(int signal, struct siginfo *info, void *context)
{
	(void)context, (void)signal;
	seen++;
	code = info->code;
	id_seen = info->pid;
	value = info->value;
	int missed = sys(NR_timer_getoverrun, timer);
	if (missed > most) most = missed;
}
int main(void)
{
	int id = -1, none = -1;
	u64 open = 0;
	struct sigevent event = { 77, SIGRTMIN + 2, 0, 0, { 0 } };
	struct itimerspec set = { { 0, 0 }, { 0, 5000000 } }, old;
	install(SIGRTMIN + 2, handler, SA_SIGINFO, 0);
	set_mask(SIG_BLOCK, BIT(SIGRTMIN + 2));
	say("create", sys(NR_timer_create, 1, &event, &id));
	say("id", id);
	say("set", sys(NR_timer_settime, id, 0, &set, &old));
	say("was", old.value.sec + old.value.nsec);
	sys(NR_timer_gettime, id, &old);
	say("runs", old.value.nsec > 0);
	sys(NR_rt_sigsuspend, &open, 8);
	print("seen %d code %d id %d value %d\n", seen, code, id_seen, value);
	sys(NR_timer_gettime, id, &old);
	say("over", old.value.nsec);
	event.notify = 1;
	say("no signal", sys(NR_timer_create, 1, &event, &none));
	set.interval.nsec = 10000000;
	sys(NR_timer_settime, none, 0, &set, 0);
	timer = id;
	sys(NR_timer_settime, id, 0, &set, 0);
	pause_ms(60);
	say("still one", seen);
	set_mask(SIG_UNBLOCK, BIT(SIGRTMIN + 2));
	set_mask(SIG_BLOCK, BIT(SIGRTMIN + 2));
	say("then another", seen >= 2);
	say("overrun", most >= 3);
	say("delete", sys(NR_timer_delete, id));
	say("twice", sys(NR_timer_delete, id));
	sys(NR_timer_gettime, none, &old);
	say("interval", old.interval.nsec);
	event.notify = 4;
	event.tid = sys(NR_gettid);
	say("to a thread", sys(NR_timer_create, 0, &event, &id));
	set.interval.nsec = 0;
	seen = 0;
	sys(NR_timer_settime, id, 0, &set, 0);
	sys(NR_rt_sigsuspend, &open, 8);
	say("seen", seen);
	event.tid = 1 << 20;
	say("to nobody", sys(NR_timer_create, 0, &event, &id));
	event.notify = 0;
	event.signo = 99;
	say("bad signal", sys(NR_timer_create, 0, &event, &id));
	say("bad clock", sys(NR_timer_create, 99, 0, &id));
	say("bad id", sys(NR_timer_settime, 1000, 0, &set, 0));
	return 0;
}
