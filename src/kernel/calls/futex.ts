/** futex(2): waiting, waking, requeueing, and locks with priority inheritance (kernel/futex of Linux 6.1). */
import { Restart } from '../../reducers/state.ts';
import { Errno } from '../abi/errno.ts';
import { NSEC_PER_SEC, TIMESPEC32, TIMESPEC64, type TimeFormat, timeNs, validTime } from '../abi/time.ts';
import type { Decision, Outcome } from '../decision.ts';
import {
	ANY,
	FUTEX_CLOCK_REALTIME,
	FUTEX_PRIVATE,
	FutexOp,
	futexKey,
	isInherited,
	isSameKey,
	move,
	waitersOf,
	wake,
	wakeFutex,
} from '../futexes.ts';
import type { Handler, Resume, SyscallRow } from '../row.ts';
import { lock, requeueInherited, unlock, waitRequeue } from './futex-pi.ts';

/**
 * FUTEX_WAIT until a monotonic deadline (null: for ever); also how restart_syscall goes on with a `futex` restart block,
 * whose args are [address, value, private 0|1, bitset].
 */
export function futexWait(
	d: Decision,
	args: readonly number[],
	deadline: number | null,
	restart: number,
	resume: Resume | null,
): Outcome {
	if (resume !== null)
		return resume.reason === 'ready' ? 0 : resume.reason === 'timeout' ? -Errno.ETIMEDOUT : resume.wait.restart;
	const [address, value, priv, bitset] = args;
	if (bitset === 0) return -Errno.EINVAL;
	const key = futexKey(d, address, priv !== 0);
	if (typeof key === 'number') return key;
	const word = d.u32(address);
	if (word === undefined) return -Errno.EFAULT;
	if (word !== value) return -Errno.EAGAIN;
	const block = restart === Restart.BLOCK ? { call: 'futex', deadline, args } : null;
	return {
		kind: 'block',
		wait: { on: [{ kind: 'futex', ...key, bitset, owner: 0 }], deadline, restart, signals: 0n },
		restartBlock: block,
	};
}

function wakeCall(d: Decision, address: number, priv: boolean, count: number, bitset: number): number {
	if (bitset === 0) return -Errno.EINVAL;
	const key = futexKey(d, address, priv);
	// 0 wakes one, as it always did.
	return typeof key === 'number' ? key : wakeFutex(d, key, Math.max(1, count | 0), bitset);
}

/** REQUEUE, CMP_REQUEUE, CMP_REQUEUE_PI: wakes some, and moves others to the queue of another word. `value` null: not compared. */
function requeue(d: Decision, args: readonly number[], priv: boolean, value: number | null, inherits: boolean): number {
	const [from, , , , to] = args;
	const wakes = args[2] | 0;
	const moves = args[3] | 0;
	if (wakes < 0 || moves < 0 || (inherits && (from === to || wakes !== 1))) return -Errno.EINVAL;
	const key = futexKey(d, from, priv);
	if (typeof key === 'number') return key;
	const target = futexKey(d, to, priv, inherits);
	if (typeof target === 'number') return target;
	const stays = isSameKey(key, target);
	if (inherits && stays) return -Errno.EINVAL;
	if (value !== null) {
		const word = d.u32(from);
		if (word === undefined) return -Errno.EFAULT;
		if (word !== value) return -Errno.EAGAIN;
	}
	if (inherits) return requeueInherited(d, key, target, to, moves);
	let count = 0;
	for (const waiter of waitersOf(d, key)) {
		if (count - wakes >= moves) break;
		if (isInherited(waiter.on)) return -Errno.EINVAL;
		if (++count <= wakes) wake(waiter, d);
		else if (!stays) move(d, waiter, { ...waiter.on, ...target });
	}
	return count;
}

const signExtend12 = (n: number): number => (n << 20) >> 20;

/** The operation on the second word, and the comparison with what it held (FUTEX_OP). Undefined: no such one. */
function operate(code: number, old: number): { readonly word: number | undefined; readonly holds: boolean | undefined } {
	const argument = signExtend12((code >>> 12) & 0xfff);
	const shifted = code & 0x80000000 ? 1 << (argument & 31) : argument;
	const compared = signExtend12(code & 0xfff);
	const was = old | 0;
	const words = [shifted, was + shifted, was | shifted, was & ~shifted, was ^ shifted];
	const tests = [was === compared, was !== compared, was < compared, was <= compared, was > compared, was >= compared];
	const word = words[(code >>> 28) & 7];
	const holds = tests[(code >>> 24) & 15];
	return { word: word === undefined ? word : word >>> 0, holds };
}

function wakeOp(d: Decision, [address, , count, count2, address2, code]: readonly number[], priv: boolean): number {
	const first = futexKey(d, address, priv);
	if (typeof first === 'number') return first;
	const second = futexKey(d, address2, priv, true);
	if (typeof second === 'number') return second;
	const old = d.u32(address2);
	const { word, holds } = operate(code, old ?? 0);
	if (word === undefined) return -Errno.ENOSYS;
	if (old === undefined || !d.writeU32(address2, word)) return -Errno.EFAULT;
	// What cannot be compared was operated on all the same.
	if (holds === undefined) return -Errno.ENOSYS;
	const woken = wakeFutex(d, first, Math.max(1, count | 0), ANY);
	if (woken < 0 || !holds) return woken;
	const more = wakeFutex(d, second, Math.max(1, count2 | 0), ANY);
	return more < 0 ? more : woken + more;
}

const { WAIT, WAIT_BITSET, LOCK_PI, LOCK_PI2, WAIT_REQUEUE_PI } = FutexOp;
const TIMED: readonly number[] = [WAIT, WAIT_BITSET, LOCK_PI, LOCK_PI2, WAIT_REQUEUE_PI];
const ON_REALTIME: readonly number[] = [WAIT_BITSET, LOCK_PI2, WAIT_REQUEUE_PI];

const futex =
	(format: TimeFormat): Handler =>
	(d, args, resume) => {
		const [address, opAndFlags, value, timeoutOrCount, , value3] = args;
		const op = opAndFlags & ~(FUTEX_PRIVATE | FUTEX_CLOCK_REALTIME);
		const priv = (opAndFlags & FUTEX_PRIVATE) !== 0;
		let deadline: number | null = null;
		if (TIMED.includes(op) && timeoutOrCount !== 0 && resume === null) {
			deadline = futexDeadline(d, timeoutOrCount, format, baseOf(op, opAndFlags));
			if (deadline < 0) return deadline;
		}
		if (opAndFlags & FUTEX_CLOCK_REALTIME && !ON_REALTIME.includes(op)) return -Errno.ENOSYS;
		switch (op) {
			case WAIT:
			case WAIT_BITSET: {
				const wait = [address, value, priv ? 1 : 0, op === WAIT ? ANY : value3];
				return futexWait(d, wait, deadline, deadline === null ? Restart.SYS : Restart.BLOCK, resume);
			}
			case FutexOp.WAKE:
				return wakeCall(d, address, priv, value, ANY);
			case FutexOp.WAKE_BITSET:
				return wakeCall(d, address, priv, value, value3);
			case FutexOp.REQUEUE:
				return requeue(d, args, priv, null, false);
			case FutexOp.CMP_REQUEUE:
				return requeue(d, args, priv, value3, false);
			case FutexOp.CMP_REQUEUE_PI:
				return requeue(d, args, priv, value3, true);
			case FutexOp.WAKE_OP:
				return wakeOp(d, args, priv);
			case LOCK_PI:
			case LOCK_PI2:
				return lock(d, address, priv, deadline, false, resume);
			case FutexOp.TRYLOCK_PI:
				return lock(d, address, priv, null, true, null);
			case FutexOp.UNLOCK_PI:
				return unlock(d, address, priv);
			case WAIT_REQUEUE_PI:
				return waitRequeue(d, args, priv, deadline, resume);
			default:
				return -Errno.ENOSYS;
		}
	};

/** What a timeout counts from: now, or the beginning of a clock. */
type Base = 'now' | 'monotonic' | 'realtime';

function baseOf(op: number, flags: number): Base {
	if (op === WAIT) return 'now';
	return op === LOCK_PI || (flags & FUTEX_CLOCK_REALTIME) !== 0 ? 'realtime' : 'monotonic';
}

/** The timeout at `pointer` in monotonic ns, or -errno. */
export function futexDeadline(d: Decision, pointer: number, format: TimeFormat, base: Base): number {
	const bytes = d.read(pointer, format.bytes);
	if (bytes === undefined) return -Errno.EFAULT;
	const time = format.decode(bytes);
	if (!validTime(time, format)) return -Errno.EINVAL;
	if (base === 'now') return d.now + timeNs(time, format);
	if (base === 'monotonic') return timeNs(time, format);
	return Math.max(0, d.now + Number(time.sec * BigInt(NSEC_PER_SEC) + BigInt(time.frac) - d.realNow));
}

const NOTE = 'priorities are not inherited';

export const futexRows: readonly SyscallRow[] = [
	{
		nr: 240,
		name: 'futex',
		args: ['addr', 'flags:futex', 'int', 'addr', 'addr', 'hex'],
		support: 'partial',
		note: NOTE,
		handler: futex(TIMESPEC32),
		onSignal: true,
	},
	{
		nr: 422,
		name: 'futex_time64',
		args: ['addr', 'flags:futex', 'int', 'addr', 'addr', 'hex'],
		support: 'partial',
		note: NOTE,
		handler: futex(TIMESPEC64),
		onSignal: true,
	},
];
