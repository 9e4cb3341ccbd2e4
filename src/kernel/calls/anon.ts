/** eventfd, timerfd, signalfd (fs/eventfd.c, fs/timerfd.c, fs/signalfd.c). */
import type { Anon } from '../../events/entities.ts';
import { EFD_SEMAPHORE, TFD_TIMER_ABSTIME, TFD_TIMER_CANCEL_ON_SET } from '../abi/anon.ts';
import { Errno } from '../abi/errno.ts';
import { O } from '../abi/fcntl.ts';
import { decodeSigset, UNBLOCKABLE } from '../abi/signal.ts';
import { Clock, encodeNs, TIMESPEC32, TIMESPEC64, type TimeFormat, timeNs, validTime } from '../abi/time.ts';
import { isRealtime } from '../clocks.ts';
import type { Decision } from '../decision.ts';
import { freeDescriptor, inodeOf, makeInode, openDescriptor, usableFileAt } from '../open-file.ts';
import type { SyscallRow } from '../row.ts';

/** Nobody was woken yet. */
export const NO_WAKES = { read: 0, write: 0 } as const;
const KEPT = O.NONBLOCK | O.CLOEXEC;

type AnonFields<A> = A extends Anon ? Omit<A, 'id'> : never;

/**
 * A descriptor for something new without a name.
 * @returns the descriptor, or -EMFILE (then nothing was emitted)
 */
export function openAnon(d: Decision, fields: AnonFields<Anon>, flags: number, path: string): number {
	const fd = freeDescriptor(d);
	if (fd < 0) return fd;
	const id = d.state.next.anon;
	d.emit({ kind: 'anon/new', anon: { ...fields, id } });
	const socket = fields.kind === 'socket';
	const inode = makeInode(d, socket ? 'socket' : 'anon', socket ? 0o777 : 0o600, null, { channel: id, nlink: 1 });
	return openDescriptor(d, inode, flags, socket ? `socket:[${inode.ino}]` : path);
}

/** What a descriptor stands for when it is of that kind; undefined when it is of another. -EBADF */
export function anonAt<K extends Anon['kind']>(d: Decision, fd: number, kind: K): (Anon & { kind: K }) | number | undefined {
	const file = usableFileAt(d, fd);
	if (file === undefined) return -Errno.EBADF;
	const inode = inodeOf(d, file);
	const anon = inode.kind === 'anon' || inode.kind === 'socket' ? d.state.anons[inode.channel] : undefined;
	return anon?.kind === kind ? (anon as Anon & { kind: K }) : undefined;
}

function eventfd(d: Decision, count: number, flags: number): number {
	if (flags & ~(KEPT | EFD_SEMAPHORE)) return -Errno.EINVAL;
	const semaphore = (flags & EFD_SEMAPHORE) !== 0;
	const fields = { kind: 'eventfd', count: BigInt(count), semaphore, wakes: NO_WAKES } as const;
	return openAnon(d, fields, O.RDWR | (flags & KEPT), 'anon_inode:[eventfd]');
}

/* ---- signalfd ---- */

function signalfd(d: Decision, fd: number, set: number, size: number, flags: number): number {
	if (size !== 8) return -Errno.EINVAL;
	const raw = d.read(set, 8);
	if (raw === undefined) return -Errno.EFAULT;
	if (flags & ~KEPT) return -Errno.EINVAL;
	const mask = decodeSigset(raw) & ~UNBLOCKABLE;
	if ((fd | 0) === -1) return openAnon(d, { kind: 'signalfd', mask }, O.RDWR | (flags & KEPT), 'anon_inode:[signalfd]');
	const anon = anonAt(d, fd, 'signalfd');
	if (anon === undefined) return -Errno.EINVAL;
	if (typeof anon === 'number') return anon;
	d.emit({ kind: 'anon/set', anon: { ...anon, mask } });
	return fd;
}

/* ---- timerfd ---- */

const TIMERFD_CLOCKS: readonly number[] = [Clock.CLOCK_REALTIME, Clock.CLOCK_MONOTONIC, Clock.CLOCK_BOOTTIME];

function timerfdCreate(d: Decision, clock: number, flags: number): number {
	if (flags & ~KEPT || !TIMERFD_CLOCKS.includes(clock)) return -Errno.EINVAL;
	const fields = { kind: 'timerfd', clock, expires: null, interval: 0, ticks: 0, wakes: NO_WAKES } as const;
	return openAnon(d, fields, O.RDWR | (flags & KEPT), 'anon_inode:[timerfd]');
}

/** What an itimerspec says: ns of the interval and of the value. -errno: EFAULT EINVAL */
export function readTimerSpec(d: Decision, at: number, format: TimeFormat): readonly [number, number] | number {
	const raw = d.read(at, format.bytes * 2);
	if (raw === undefined) return -Errno.EFAULT;
	const [interval, value] = [format.decode(raw), format.decode(raw, format.bytes)];
	if (!validTime(interval, format) || !validTime(value, format)) return -Errno.EINVAL;
	return [timeNs(interval, format), timeNs(value, format)];
}

/** An itimerspec: the interval, and what is left from `now` until `expires` (never 0 of an armed timer). */
export function timerSpec(now: number, expires: number | null, interval: number, format: TimeFormat): Uint8Array {
	const out = new Uint8Array(format.bytes * 2);
	out.set(encodeNs(interval, format));
	out.set(encodeNs(expires === null ? 0 : Math.max(1, expires - now), format), format.bytes);
	return out;
}

/** Monotonic ns at which a timer of a clock fires; null: it is disarmed. */
export function expiryOf(d: Decision, clock: number, value: number, absolute: boolean): number | null {
	if (value === 0) return null;
	if (!absolute) return Math.min(d.now + value, Number.MAX_SAFE_INTEGER);
	const ahead = isRealtime(clock) ? Number(d.realNow) - d.now : 0;
	return Math.min(Math.max(0, value - ahead), Number.MAX_SAFE_INTEGER);
}

function timerfdSettime(d: Decision, args: readonly number[], format: TimeFormat): number {
	const [fd, flags, at, old] = args;
	const spec = readTimerSpec(d, at, format);
	if (spec === -Errno.EFAULT) return spec;
	if (typeof spec === 'number' || flags & ~(TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET)) return -Errno.EINVAL;
	const timer = anonAt(d, fd, 'timerfd');
	if (timer === undefined) return -Errno.EINVAL;
	if (typeof timer === 'number') return timer;
	const [interval, value] = spec;
	const expires = expiryOf(d, timer.clock, value, (flags & TFD_TIMER_ABSTIME) !== 0);
	const before = timerSpec(d.now, timer.expires, timer.interval, format);
	d.emit({ kind: 'anon/set', anon: { ...timer, expires, interval, ticks: 0 } });
	return old === 0 || d.write(old, before) ? 0 : -Errno.EFAULT;
}

function timerfdGettime(d: Decision, fd: number, at: number, format: TimeFormat): number {
	const timer = anonAt(d, fd, 'timerfd');
	if (timer === undefined) return -Errno.EINVAL;
	if (typeof timer === 'number') return timer;
	return d.write(at, timerSpec(d.now, timer.expires, timer.interval, format)) ? 0 : -Errno.EFAULT;
}

const CANCEL = 'TFD_TIMER_CANCEL_ON_SET does nothing; an absolute time does not follow a clock that is set meanwhile';

export const anonRows: readonly SyscallRow[] = [
	{ nr: 323, name: 'eventfd', args: ['uint'], result: 'fd', support: 'full', handler: (d, [count]) => eventfd(d, count, 0) },
	{
		nr: 328,
		name: 'eventfd2',
		args: ['uint', 'flags:eventfd'],
		result: 'fd',
		support: 'full',
		handler: (d, [count, flags]) => eventfd(d, count, flags),
	},
	{
		nr: 321,
		name: 'signalfd',
		args: ['fd', 'sigset', 'size'],
		result: 'fd',
		support: 'full',
		handler: (d, [fd, set, size]) => signalfd(d, fd, set, size, 0),
	},
	{
		nr: 327,
		name: 'signalfd4',
		args: ['fd', 'sigset', 'size', 'flags:signalfd'],
		result: 'fd',
		support: 'full',
		handler: (d, [fd, set, size, flags]) => signalfd(d, fd, set, size, flags),
	},
	{
		nr: 322,
		name: 'timerfd_create',
		args: ['enum:clock', 'flags:timerfd'],
		result: 'fd',
		support: 'full',
		handler: (d, [clock, flags]) => timerfdCreate(d, clock, flags),
	},
	...[[325, 'timerfd_settime', TIMESPEC32] as const, [411, 'timerfd_settime64', TIMESPEC64] as const].map(
		([nr, name, format]): SyscallRow => ({
			nr,
			name,
			args: ['fd', 'flags:timerfd_settime', 'addr', 'addr'],
			support: 'partial',
			note: CANCEL,
			handler: (d, args) => timerfdSettime(d, args, format),
		}),
	),
	...[[326, 'timerfd_gettime', TIMESPEC32] as const, [410, 'timerfd_gettime64', TIMESPEC64] as const].map(
		([nr, name, format]): SyscallRow => ({
			nr,
			name,
			args: ['fd', 'addr'],
			support: 'full',
			handler: (d, [fd, at]) => timerfdGettime(d, fd, at, format),
		}),
	),
];
