/* What the guests about AF_UNIX sockets share. The calls are the direct ones of i386 (Linux 4.3). */
#pragma once
#include "polling.h"

enum {
	NR_bind = 361, NR_listen = 363, NR_accept4 = 364, NR_setsockopt = 366, NR_getpeername = 368, NR_sendmsg = 370, NR_recvmsg = 372,
	NR_recvmmsg = 337, NR_sendmmsg = 345, NR_socketcall = 102, NR_ioctl = 54,
	AF_UNIX = 1, STREAM = 1, DGRAM = 2, SEQPACKET = 5, SOL_SOCKET = 1, SCM_RIGHTS = 1, SCM_CREDENTIALS = 2,
	MSG_OOB = 1, MSG_PEEK = 2, MSG_CTRUNC = 8, MSG_TRUNC = 0x20, MSG_DONTWAIT = 0x40, MSG_WAITALL = 0x100, MSG_NOSIGNAL = 0x4000,
	MSG_WAITFORONE = 0x10000, MSG_CMSG_CLOEXEC = 0x40000000,
	SO_REUSEADDR = 2, SO_TYPE = 3, SO_ERROR = 4, SO_SNDBUF = 7, SO_RCVBUF = 8, SO_PASSCRED = 16, SO_PEERCRED = 17, SO_RCVLOWAT = 18,
	SO_RCVTIMEO = 20, SO_SNDTIMEO = 21, SO_ACCEPTCONN = 30, SO_PROTOCOL = 38, SO_DOMAIN = 39,
	SIOCINQ = 0x541b, SIOCOUTQ = 0x5411, ENOTCONN = 107,
};
struct address { u16 family; char path[108]; };
struct msg { void *name; int namelen; struct iovec *iov; u32 iovlen; void *control; u32 controllen; int flags; };
struct cmsg { u32 len; int level, type; int data[8]; };

/* a path, or with a first '@' an abstract name that ends with the pid; the address's length */
static inline int name_of(struct address *a, const char *text)
{
	int n = strlen(text);
	memset(a, 0, sizeof *a);
	a->family = AF_UNIX;
	memcpy(a->path, text, n);
	if (text[0] != '@') return 2 + n + 1;
	a->path[0] = 0;
	for (int pid = sys(NR_getpid); pid; pid /= 10) a->path[n++] = '0' + pid % 10;
	return 2 + n;
}
static inline int make(int type) { return sys(NR_socket, AF_UNIX, type, 0); }
static inline int bind_to(int fd, const char *name)
{
	struct address a;
	int n = name_of(&a, name);
	return sys(NR_bind, fd, &a, n);
}
static inline int connect_to(int fd, const char *name)
{
	struct address a;
	int n = name_of(&a, name);
	return sys(NR_connect, fd, &a, n);
}
static inline int send_to(int fd, const char *text, int n, int flags, const char *name)
{
	struct address a;
	int length = name ? name_of(&a, name) : 0;
	return sys(NR_sendto, fd, text, n, flags, name ? &a : 0, length);
}
static inline int send_bytes(int fd, const char *text, int flags) { return sys(NR_sendto, fd, text, strlen(text), flags, 0, 0); }
/* the result, what came, and from whom */
static inline int get(const char *what, int fd, int room, int flags)
{
	static char text[256];
	struct address a = { 0 };
	int length = sizeof a;
	int n = sys(NR_recvfrom, fd, text, room, flags, &a, &length);
	print("%s: %d", what, n);
	if (n >= 0) {
		text[n < room ? n : room] = 0;
		print(" \"%s\"", text);
		if (length > 2) print(" from %s", a.path[0] ? a.path : "@");
	}
	print("\n");
	return n;
}
static inline int option(int fd, int name)
{
	int value = -1, size = 4;
	int r = sys(NR_getsockopt, fd, SOL_SOCKET, name, &value, &size);
	return r < 0 ? r : value;
}
static inline int set_option(int fd, int name, int value) { return sys(NR_setsockopt, fd, SOL_SOCKET, name, &value, 4); }
static inline int name_is(int call, int fd, struct address *a)
{
	int length = sizeof *a;
	memset(a, 0, sizeof *a);
	int r = sys(call, fd, a, &length);
	return r < 0 ? r : length;
}
static inline void look(const char *what, int fd)
{
	struct pollfd p = { fd, POLLIN | POLLOUT | 0x2000, 0 };
	int n = sys(NR_poll, &p, 1, 0);
	print("%s: %d %x\n", what, n, p.revents);
}
static int signals_seen;
static inline void on_signal(int signal) { (void)signal; signals_seen++; }
