/**
 * Numbers of eventfd, timerfd, signalfd, epoll and sockets (include/uapi/linux/{eventfd,timerfd,signalfd,eventpoll,socket,net}.h).
 */
import type { Name } from './names.ts';

/** EFD_*, TFD_*, SFD_*, EPOLL_CLOEXEC: the two that all share are O_NONBLOCK and O_CLOEXEC. */
export const EFD_SEMAPHORE = 1;
export const TFD_TIMER_ABSTIME = 1;
export const TFD_TIMER_CANCEL_ON_SET = 2;

/** epoll_ctl operations. */
export const EPOLL_CTL = { ADD: 1, DEL: 2, MOD: 3 } as const;
/** Bits of epoll_event.events that are not poll's. */
export const EPOLL = { EXCLUSIVE: 0x10000000, WAKEUP: 0x20000000, ONESHOT: 0x40000000, ET: 0x80000000 } as const;
/** EP_PRIVATE_BITS. */
export const EPOLL_PRIVATE = (EPOLL.EXCLUSIVE | EPOLL.WAKEUP | EPOLL.ONESHOT | EPOLL.ET) >>> 0;
/** struct epoll_event of i386: u32 events, u64 data. */
export const EPOLL_EVENT_BYTES = 12;

export const AF_UNIX = 1;
export const SOCK = { STREAM: 1, DGRAM: 2, RAW: 3, SEQPACKET: 5 } as const;
/** Type bits of the second argument of socket(2); the others are O_NONBLOCK and O_CLOEXEC. */
export const SOCK_TYPE_MASK = 0xf;
/** net.core.somaxconn. */
export const SOMAXCONN = 4096;
/** Types of control messages. */
export const SCM = { RIGHTS: 1, CREDENTIALS: 2 } as const;
export const MSG = {
	OOB: 1,
	PEEK: 2,
	CTRUNC: 8,
	TRUNC: 0x20,
	DONTWAIT: 0x40,
	EOR: 0x80,
	WAITALL: 0x100,
	NOSIGNAL: 0x4000,
	WAITFORONE: 0x10000,
	CMSG_CLOEXEC: 0x40000000,
} as const;
/** Socket.shut. */
export const SHUT = { RCV: 1, SEND: 2 } as const;
export const SOL_SOCKET = 1;
export const SO = {
	DEBUG: 1,
	REUSEADDR: 2,
	TYPE: 3,
	ERROR: 4,
	DONTROUTE: 5,
	BROADCAST: 6,
	SNDBUF: 7,
	RCVBUF: 8,
	KEEPALIVE: 9,
	OOBINLINE: 10,
	PRIORITY: 12,
	LINGER: 13,
	REUSEPORT: 15,
	PASSCRED: 16,
	PEERCRED: 17,
	RCVLOWAT: 18,
	SNDLOWAT: 19,
	RCVTIMEO: 20,
	SNDTIMEO: 21,
	ACCEPTCONN: 30,
	PEERSEC: 31,
	SNDBUFFORCE: 32,
	RCVBUFFORCE: 33,
	PROTOCOL: 38,
	DOMAIN: 39,
	PEERGROUPS: 59,
	RCVTIMEO_NEW: 66,
	SNDTIMEO_NEW: 67,
} as const;
/** Bytes a socket may have on their way (net.core.wmem_default and wmem_max), and messages of a SOCK_DGRAM one (max_dgram_qlen). */
export const SOCKET_BUFFER = 212992;
export const DGRAM_QUEUE = 10;

/** Names for the argument kinds `flags:` and `enum:`. */
export const ANON_FLAGS: { readonly [table: string]: readonly Name[] } = {
	eventfd: [
		[EFD_SEMAPHORE, 'EFD_SEMAPHORE'],
		[0o4000, 'EFD_NONBLOCK'],
		[0o2000000, 'EFD_CLOEXEC'],
	],
	timerfd: [
		[0o4000, 'TFD_NONBLOCK'],
		[0o2000000, 'TFD_CLOEXEC'],
	],
	timerfd_settime: [
		[TFD_TIMER_ABSTIME, 'TFD_TIMER_ABSTIME'],
		[TFD_TIMER_CANCEL_ON_SET, 'TFD_TIMER_CANCEL_ON_SET'],
	],
	signalfd: [
		[0o4000, 'SFD_NONBLOCK'],
		[0o2000000, 'SFD_CLOEXEC'],
	],
	epoll: [[0o2000000, 'EPOLL_CLOEXEC']],
	socket: [
		[SOCK.STREAM, 'SOCK_STREAM', SOCK_TYPE_MASK],
		[SOCK.DGRAM, 'SOCK_DGRAM', SOCK_TYPE_MASK],
		[SOCK.RAW, 'SOCK_RAW', SOCK_TYPE_MASK],
		[SOCK.SEQPACKET, 'SOCK_SEQPACKET', SOCK_TYPE_MASK],
		[0o4000, 'SOCK_NONBLOCK'],
		[0o2000000, 'SOCK_CLOEXEC'],
	],
	socket_bits: [
		[0o4000, 'SOCK_NONBLOCK'],
		[0o2000000, 'SOCK_CLOEXEC'],
	],
	msg: Object.entries(MSG).map(([name, n]) => [n, `MSG_${name}`] as const),
};
export const ANON_ENUMS: { readonly [table: string]: readonly Name[] } = {
	epoll_ctl: Object.entries(EPOLL_CTL).map(([name, n]) => [n, `EPOLL_CTL_${name}`] as const),
	domain: [
		[AF_UNIX, 'AF_UNIX'],
		[2, 'AF_INET'],
		[10, 'AF_INET6'],
		[16, 'AF_NETLINK'],
	],
	sockopt: Object.entries(SO)
		.filter(([name]) => !name.endsWith('_NEW'))
		.map(([name, n]) => [n, `SO_${name}${name.endsWith('TIMEO') ? '_OLD' : ''}`] as const),
	kcmp: ['FILE', 'VM', 'FILES', 'FS', 'SIGHAND', 'IO', 'SYSVSEM', 'EPOLL_TFD'].map((name, n) => [n, `KCMP_${name}`] as const),
	shutdown: [
		[0, 'SHUT_RD'],
		[1, 'SHUT_WR'],
		[2, 'SHUT_RDWR'],
	],
};
