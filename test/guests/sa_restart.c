/* A read that waits while SIGALRM comes: EINTR without SA_RESTART, goes on waiting with it; poll and nanosleep are never restarted. */
#include "guest.h"

static int ends[2], count;

static void on_alarm(int signal)
{
	print("signal %d\n", signal);
	if (++count == 2) sys(NR_write, ends[1], "now", 3); /* what the restarted read gets */
}

static void soon(void)
{
	struct itimerval timer = { { 0, 0 }, { 0, 20000 } };
	sys(NR_setitimer, 0, &timer, 0);
}

int main(void)
{
	char text[8] = "";
	sys(NR_pipe, ends);
	install(SIGALRM, on_alarm, 0, 0);
	soon();
	say("read, not restarted", sys(NR_read, ends[0], text, 8));
	install(SIGALRM, on_alarm, SA_RESTART, 0);
	soon();
	say("read, restarted", sys(NR_read, ends[0], text, 8));
	print("got %s\n", text);
	struct pollfd in = { ends[0], POLLIN, 0 };
	soon();
	say("poll", sys(NR_poll, &in, 1, -1));
	struct timespec time = { 5, 0 }, left = { -1, -1 };
	soon();
	say("nanosleep", sys(NR_nanosleep, &time, &left));
	check("the rest is told", left.sec == 4 && left.nsec > 0);
	soon();
	say("pause", sys(NR_pause));
	struct timeval wait = { 5, 0 };
	soon();
	say("select", sys(NR_select, 0, 0, 0, 0, &wait));
	check("the rest is told", wait.sec == 4);
	soon();
	time.sec = 0;
	u64 none = 0;
	say("sigtimedwait for nothing", sys(NR_rt_sigtimedwait, &none, 0, &(struct timespec){ 5, 0 }, 8));
	install(SIGALRM, SIG_IGN, 0, 0);
	soon();
	say("an ignored signal does not wake it: poll", sys(NR_poll, &in, 1, 60));
	install(SIGALRM, SIG_DFL, 0, 0);
	soon();
	sys(NR_read, ends[0], text, 8); /* dies of the alarm */
	print("not reached\n");
	return 0;
}
