/* One epoll over an eventfd, a timerfd, a signalfd and a socket, each made ready by a child or by time. */
#include "polling.h"

static int event, s[2], go[2];
static int child(void)
{
	u64 n = 4;
	pause_ms(5);
	sys(NR_write, event, &n, 8);
	await(go[0]);
	sys(NR_kill, sys(NR_getppid), SIGUSR1);
	await(go[0]);
	sys(NR_write, s[1], "hello", 5);
	return 0;
}
int main(void)
{
	u64 mask = BIT(SIGUSR1), n;
	u8 rest[128];
	set_mask(SIG_BLOCK, mask);
	int ep = sys(NR_epoll_create1, 0), timer = sys(NR_timerfd_create, 1, 0), sig = sys(NR_signalfd4, -1, &mask, 8, 0);
	event = sys(NR_eventfd2, 0, 0);
	sys(NR_socketpair, 1, 1, 0, s);
	sys(NR_pipe, go);
	watch(ep, EPOLL_ADD, event, EPOLLIN);
	watch(ep, EPOLL_ADD, timer, EPOLLIN | EPOLLET);
	watch(ep, EPOLL_ADD, sig, EPOLLIN);
	watch(ep, EPOLL_ADD, s[0], EPOLLIN);
	int pid = spawn(child);
	ready("event", ep, 2000);
	sys(NR_read, event, &n, 8);
	tell(go[1]);
	ready("signal", ep, 2000);
	say("taken", sys(NR_read, sig, rest, sizeof rest));
	tell(go[1]);
	ready("socket", ep, 2000);
	say("came", sys(NR_read, s[0], rest, sizeof rest));
	struct itimerspec set = { { 0, 0 }, { 0, 5000000 } };
	sys(NR_timerfd_settime, timer, 0, &set, 0);
	ready("time", ep, 2000);
	ready("was told", ep, 0);
	say("in time", sys(NR_read, timer, &n, 8));
	say("child", reap(pid));
	return 0;
}
