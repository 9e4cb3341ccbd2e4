/** Options of sockets: getsockopt, setsockopt at SOL_SOCKET (net/core/sock.c of Linux 6.1). */
import { AF_UNIX, SO, SOCKET_BUFFER, SOL_SOCKET } from '../abi/anon.ts';
import { Errno } from '../abi/errno.ts';
import { NSEC_PER_SEC, splitNs, TICK_NSEC, TIMEVAL32, type TimeFormat } from '../abi/time.ts';
import { viewOf } from '../abi/words.ts';
import type { Decision } from '../decision.ts';
import { unsupported } from '../fail.ts';
import { numberOf } from '../pids.ts';
import { type Socket, setSocket, socketAt } from '../sockets.ts';

/** struct __kernel_sock_timeval: 64-bit seconds and µs. */
const TIMEVAL64: TimeFormat = {
	bytes: 16,
	unit: 1000,
	decode: (bytes, at = 0) => {
		const view = viewOf(bytes);
		return { sec: view.getBigInt64(at, true), frac: Number(view.getBigInt64(at + 8, true)) };
	},
	encode: ({ sec, frac }) => new Uint8Array(BigInt64Array.of(sec, BigInt(frac)).buffer),
};

/** Options that are on or off, and do nothing here but be told. SO_PASSCRED does. */
const SWITCHES: readonly number[] = [SO.REUSEADDR, SO.BROADCAST, SO.KEEPALIVE, SO.OOBINLINE, SO.REUSEPORT, SO.PASSCRED];
/** Time-outs: how each is told, and whether it is of receiving. */
const TIMEOUTS: { readonly [name: number]: readonly [format: TimeFormat, receiving: boolean] } = {
	[SO.RCVTIMEO]: [TIMEVAL32, true],
	[SO.SNDTIMEO]: [TIMEVAL32, false],
	[SO.RCVTIMEO_NEW]: [TIMEVAL64, true],
	[SO.SNDTIMEO_NEW]: [TIMEVAL64, false],
};
/** SOCK_MIN_SNDBUF, SOCK_MIN_RCVBUF of a 64-bit kernel. */
const MIN_SNDBUF = 4608;
const MIN_RCVBUF = 2304;

const words = (...list: readonly number[]): Uint8Array => new Uint8Array(Int32Array.from(list).buffer);

/** The bytes of an option. undefined: there is none such */
function optionOf(d: Decision, socket: Socket, name: number): Uint8Array | undefined {
	const { options, peerCred, backlog } = socket;
	if (SWITCHES.includes(name)) return words((options.flags >>> name) & 1);
	const timeout = TIMEOUTS[name];
	if (timeout !== undefined) {
		const [format, receiving] = timeout;
		const ns = receiving ? options.rcvTimeout : options.sndTimeout;
		return format.encode(splitNs(BigInt(ns ?? 0), format));
	}
	switch (name) {
		case SO.TYPE:
			return words(socket.type);
		case SO.ERROR:
			if (socket.error !== 0) setSocket(d, socket, { error: 0 });
			return words(socket.error);
		case SO.SNDBUF:
			return words(options.sndbuf);
		case SO.RCVBUF:
			return words(options.rcvbuf);
		case SO.ACCEPTCONN:
			return words(backlog >= 0 ? 1 : 0);
		case SO.DEBUG:
		case SO.DONTROUTE:
		case SO.PRIORITY:
		case SO.PROTOCOL:
			return words(0);
		case SO.LINGER:
			return words(0, 0);
		case SO.DOMAIN:
			return words(AF_UNIX);
		case SO.RCVLOWAT:
			return words(options.lowat);
		case SO.SNDLOWAT:
			return words(1);
		case SO.PEERCRED:
			return peerCred === null ? words(0, -1, -1) : words(numberOf(d, peerCred.pid), peerCred.uid, peerCred.gid);
		default:
			return undefined;
	}
}

export function getOption(d: Decision, fd: number, level: number, name: number, at: number, lengthAt: number): number {
	const found = socketAt(d, fd);
	if (typeof found === 'number') return found;
	if (level !== SOL_SOCKET) return -Errno.EOPNOTSUPP;
	const room = d.u32(lengthAt);
	if (room === undefined) return -Errno.EFAULT;
	if ((room | 0) < 0) return -Errno.EINVAL;
	const value = optionOf(d, found.socket, name)?.subarray(0, room);
	if (value === undefined) return unsupported(d, `getsockopt ${name}`, Errno.ENOPROTOOPT);
	if (!d.write(at, value)) return -Errno.EFAULT;
	return d.writeU32(lengthAt, value.length) ? 0 : -Errno.EFAULT;
}

export function setOption(d: Decision, fd: number, level: number, name: number, at: number, length: number): number {
	const found = socketAt(d, fd);
	if (typeof found === 'number') return found;
	const { socket } = found;
	if ((length | 0) < 0) return -Errno.EINVAL;
	if (level !== SOL_SOCKET) return -Errno.EOPNOTSUPP;
	if (length < 4) return -Errno.EINVAL;
	const raw = d.u32(at);
	if (raw === undefined) return -Errno.EFAULT;
	const value = raw | 0;
	const { options } = socket;
	const set = (fields: Partial<Socket['options']>): number => {
		setSocket(d, socket, { options: { ...options, ...fields } });
		return 0;
	};
	if (SWITCHES.includes(name))
		return set({ flags: (value === 0 ? options.flags & ~(1 << name) : options.flags | (1 << name)) >>> 0 });
	const timeout = TIMEOUTS[name];
	if (timeout !== undefined) return takeTimeout(d, at, length, timeout, set);
	// Both are twice what was asked for, which is bounded by net.core.wmem_max, rmem_max; root may force more.
	const forced = name === SO.SNDBUFFORCE || name === SO.RCVBUFFORCE;
	if (forced && d.task.creds.euid !== 0) return -Errno.EPERM;
	const size = Math.min(2 * (forced ? Math.max(0, value) : Math.min(value >>> 0, SOCKET_BUFFER)), 0x7fffffff);
	switch (name) {
		case SO.SNDBUF:
		case SO.SNDBUFFORCE:
			return set({ sndbuf: Math.max(size, MIN_SNDBUF) });
		case SO.RCVBUF:
		case SO.RCVBUFFORCE:
			return set({ rcvbuf: Math.max(size, MIN_RCVBUF) });
		case SO.RCVLOWAT:
			return set({ lowat: value < 0 ? 0x7fffffff : value === 0 ? 1 : value });
		case SO.TYPE:
		case SO.PROTOCOL:
		case SO.DOMAIN:
		case SO.ERROR:
		case SO.ACCEPTCONN:
		case SO.SNDLOWAT:
		case SO.PEERCRED:
			return -Errno.ENOPROTOOPT;
		default:
			return unsupported(d, `setsockopt ${name}`, Errno.ENOPROTOOPT);
	}
}

/** sock_set_timeout: in ticks, rounded up; 0 is for ever, less than that not at all. -errno: EINVAL EFAULT EDOM */
function takeTimeout(
	d: Decision,
	at: number,
	length: number,
	[format, receiving]: readonly [format: TimeFormat, receiving: boolean],
	set: (fields: Partial<Socket['options']>) => number,
): number {
	const bytes = length < format.bytes ? undefined : d.read(at, format.bytes);
	if (length < format.bytes) return -Errno.EINVAL;
	if (bytes === undefined) return -Errno.EFAULT;
	const { sec, frac } = format.decode(bytes);
	if (frac < 0 || frac >= NSEC_PER_SEC / format.unit) return -Errno.EDOM;
	const ticks = Math.ceil((frac * format.unit) / TICK_NSEC) * TICK_NSEC;
	const ns = sec < 0n ? 0 : sec === 0n && frac === 0 ? null : Number(sec) * NSEC_PER_SEC + ticks;
	// Longer than the clock goes is for ever (MAX_SCHEDULE_TIMEOUT).
	const bounded = ns !== null && ns > 2 ** 31 * TICK_NSEC ? null : ns;
	return set(receiving ? { rcvTimeout: bounded } : { sndTimeout: bounded });
}
