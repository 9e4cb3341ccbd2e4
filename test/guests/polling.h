/* What the guests about waiting for descriptors share: numbers of eventfd, timerfd, signalfd, epoll and sockets. */
#pragma once
#include "procs.h"

enum {
	NR_epoll_create = 254, NR_epoll_ctl = 255, NR_epoll_wait = 256, NR_timer_create = 259, NR_timer_settime = 260,
	NR_timer_gettime = 261, NR_timer_getoverrun = 262, NR_timer_delete = 263, NR_timerfd_create = 322, NR_timerfd_settime = 325,
	NR_timerfd_gettime = 326, NR_signalfd4 = 327, NR_eventfd2 = 328, NR_epoll_create1 = 329, NR_socket = 359,
	NR_socketpair = 360, NR_connect = 362, NR_getsockopt = 365, NR_getsockname = 367, NR_sendto = 369, NR_recvfrom = 371,
	NR_shutdown = 373,
};
enum { EPOLL_ADD = 1, EPOLL_DEL, EPOLL_MOD };
enum { EPOLLIN = 1, EPOLLOUT = 4, EPOLLERR = 8, EPOLLHUP = 16, EPOLLONESHOT = 0x40000000, EPOLLET = (int)0x80000000 };
struct epoll_event { u32 events; u64 data; } __attribute__((packed));
struct itimerspec { struct timespec interval, value; };

static inline int watch(int ep, int op, int fd, u32 events)
{
	struct epoll_event e = { events, (u64)fd << 32 | 7 };
	return sys(NR_epoll_ctl, ep, op, fd, &e);
}
/* who is ready, within ms: the descriptors and bits, told on one line */
static inline int ready(const char *what, int ep, int ms)
{
	struct epoll_event e[8];
	int n = sys(NR_epoll_wait, ep, e, 8, ms);
	print("%s: %d", what, n);
	for (int i = 0; i < n; i++) print(" [%d %x]", (int)(e[i].data >> 32), e[i].events);
	print("\n");
	return n;
}
