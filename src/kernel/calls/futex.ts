/** futex(2): waiting, waking, requeueing, and locks with priority inheritance (kernel/futex of Linux 6.1). */
import { Restart } from '../../reducers/state.ts';
import { Errno } from '../abi/errno.ts';
import { TIMESPEC32, TIMESPEC64, type TimeFormat, timeNs, validTime } from '../abi/time.ts';
import type { Decision, Outcome } from '../decision.ts';
import { ANY, FUTEX, type FutexKey, futexKey, handOver, waitersOf, wake, wakeFutex } from '../futexes.ts';
import type { Handler, Resume, SyscallRow } from '../row.ts';
import { isAlive } from '../signal-queue.ts';

/** Operations (include/uapi/linux/futex.h). */
const OP = {
	WAIT: 0,
	WAKE: 1,
	REQUEUE: 3,
	CMP_REQUEUE: 4,
	WAKE_OP: 5,
	LOCK_PI: 6,
	UNLOCK_PI: 7,
	TRYLOCK_PI: 8,
	WAIT_BITSET: 9,
	WAKE_BITSET: 10,
	LOCK_PI2: 13,
} as const;
const PRIVATE = 128;
const CLOCK_REALTIME = 256;

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

/** REQUEUE, CMP_REQUEUE: wakes some, and moves others to the queue of another word. */
function requeue(d: Decision, from: number, to: number, priv: boolean, wakes: number, moves: number, value: number | null) {
	if (wakes < 0 || moves < 0) return -Errno.EINVAL;
	const key = futexKey(d, from, priv);
	if (typeof key === 'number') return key;
	const target = futexKey(d, to, priv);
	if (typeof target === 'number') return target;
	if (value !== null) {
		const word = d.u32(from);
		if (word === undefined) return -Errno.EFAULT;
		if (word !== value) return -Errno.EAGAIN;
	}
	const waiters = waitersOf(d, key).filter(({ on }) => on.owner === 0);
	for (const waiter of waiters.slice(0, wakes)) wake(waiter, d);
	const moved = waiters.slice(wakes, wakes + moves);
	if (key.object !== target.object || key.offset !== target.offset) {
		for (const { task, index } of moved) {
			const on = task.wait?.on.map((w, i) => (i === index && w.kind === 'futex' ? { ...w, ...target } : w)) ?? [];
			d.emit({ kind: 'wait/move', task: task.pid, on });
		}
	}
	return waiters.slice(0, wakes).length + moved.length;
}

const signExtend12 = (n: number): number => (n << 20) >> 20;

/** The operation on the second word, and the comparison with what it held (FUTEX_OP). -ENOSYS: no such one. */
function operate(code: number, old: number): { readonly word: number; readonly holds: boolean } | number {
	const argument = signExtend12((code >>> 12) & 0xfff);
	const shifted = code & 0x80000000 ? 1 << (argument & 31) : argument;
	const compared = signExtend12(code & 0xfff);
	const was = old | 0;
	const words = [shifted, was + shifted, was | shifted, was & ~shifted, was ^ shifted];
	const tests = [was === compared, was !== compared, was < compared, was <= compared, was > compared, was >= compared];
	const word = words[(code >>> 28) & 7];
	const holds = tests[(code >>> 24) & 15];
	return word === undefined || holds === undefined ? -Errno.ENOSYS : { word: word >>> 0, holds };
}

function wakeOp(d: Decision, [address, , count, count2, address2, code]: readonly number[], priv: boolean): number {
	const first = futexKey(d, address, priv);
	if (typeof first === 'number') return first;
	const second = futexKey(d, address2, priv);
	if (typeof second === 'number') return second;
	const old = d.u32(address2);
	if (old === undefined) return -Errno.EFAULT;
	const result = operate(code, old);
	if (typeof result === 'number') return result;
	if (!d.writeU32(address2, result.word)) return -Errno.EFAULT;
	const woken = wakeFutex(d, first, Math.max(1, count | 0), ANY);
	return woken + (result.holds ? wakeFutex(d, second, Math.max(1, count2 | 0), ANY) : 0);
}

/* ---- priority inheritance: the word holds the owner's tid ---- */

/** futex_lock_pi_atomic: 0 = taken, -errno, or the owner to wait for. */
function takeInherited(d: Decision, address: number, key: FutexKey): number {
	const word = d.u32(address);
	if (word === undefined) return -Errno.EFAULT;
	const owner = word & FUTEX.TID;
	if (owner === d.pid) return -Errno.EDEADLK;
	const waiting = waitersOf(d, key).some(({ on }) => on.owner !== 0);
	if (owner === 0) {
		const taken = (d.pid | (word & FUTEX.OWNER_DIED) | (waiting ? FUTEX.WAITERS : 0)) >>> 0;
		return d.writeU32(address, taken) ? 0 : -Errno.EFAULT;
	}
	const holder = d.state.tasks[owner];
	if (holder === undefined || !isAlive(holder)) return -Errno.ESRCH;
	return owner;
}

function lockInherited(
	d: Decision,
	address: number,
	priv: boolean,
	deadline: number | null,
	tries: boolean,
	resume: Resume | null,
) {
	if (resume !== null) {
		if (resume.reason === 'ready') return 0;
		return resume.reason === 'timeout' ? -Errno.ETIMEDOUT : resume.wait.restart;
	}
	const key = futexKey(d, address, priv);
	if (typeof key === 'number') return key;
	const owner = takeInherited(d, address, key);
	if (owner <= 0) return owner;
	if (tries) return -Errno.EAGAIN;
	const word = d.u32(address) ?? 0;
	if (!(word & FUTEX.WAITERS) && !d.writeU32(address, (word | FUTEX.WAITERS) >>> 0)) return -Errno.EFAULT;
	const on = [{ kind: 'futex' as const, ...key, bitset: ANY, owner }];
	return { kind: 'block' as const, wait: { on, deadline, restart: Restart.NOINTR, signals: 0n }, restartBlock: null };
}

function unlockInherited(d: Decision, address: number, priv: boolean): number {
	const word = d.u32(address);
	if (word === undefined) return -Errno.EFAULT;
	if ((word & FUTEX.TID) !== d.pid) return -Errno.EPERM;
	const key = futexKey(d, address, priv);
	if (typeof key === 'number') return key;
	const [next] = waitersOf(d, key).filter(({ on }) => on.owner !== 0);
	if (next !== undefined) handOver(d, key, next, 0);
	else if (!d.writeU32(address, 0)) return -Errno.EFAULT;
	return 0;
}

const TIMED: readonly number[] = [OP.WAIT, OP.WAIT_BITSET, OP.LOCK_PI, OP.LOCK_PI2];
const ON_REALTIME: readonly number[] = [OP.WAIT_BITSET, OP.LOCK_PI2];

const futex =
	(format: TimeFormat): Handler =>
	(d, args, resume) => {
		const [address, opAndFlags, value, timeoutOrCount, address2, value3] = args;
		const op = opAndFlags & ~(PRIVATE | CLOCK_REALTIME);
		const priv = (opAndFlags & PRIVATE) !== 0;
		if (opAndFlags & CLOCK_REALTIME && !ON_REALTIME.includes(op)) return -Errno.ENOSYS;
		let deadline: number | null = null;
		if (TIMED.includes(op) && timeoutOrCount !== 0 && resume === null) {
			deadline = readDeadline(d, timeoutOrCount, format, op, opAndFlags);
			if (deadline < 0) return deadline;
		}
		switch (op) {
			case OP.WAIT:
			case OP.WAIT_BITSET: {
				const wait = [address, value, priv ? 1 : 0, op === OP.WAIT ? ANY : value3];
				return futexWait(d, wait, deadline, deadline === null ? Restart.SYS : Restart.BLOCK, resume);
			}
			case OP.WAKE:
				return wakeCall(d, address, priv, value, ANY);
			case OP.WAKE_BITSET:
				return wakeCall(d, address, priv, value, value3);
			case OP.REQUEUE:
				return requeue(d, address, address2, priv, value | 0, timeoutOrCount | 0, null);
			case OP.CMP_REQUEUE:
				return requeue(d, address, address2, priv, value | 0, timeoutOrCount | 0, value3);
			case OP.WAKE_OP:
				return wakeOp(d, args, priv);
			case OP.LOCK_PI:
			case OP.LOCK_PI2:
				return lockInherited(d, address, priv, deadline, false, resume);
			case OP.TRYLOCK_PI:
				return lockInherited(d, address, priv, null, true, null);
			case OP.UNLOCK_PI:
				return unlockInherited(d, address, priv);
			default: {
				const { eip } = d.regs;
				const name = `futex operation ${op}`;
				d.emit({ kind: 'unsupported', task: d.pid, what: 'feature', name, eip, bytes: new Uint8Array(0) });
				return -Errno.ENOSYS;
			}
		}
	};

/**
 * WAIT has a relative time, WAIT_BITSET and LOCK_PI2 a point of the monotonic or the realtime clock, LOCK_PI one of the realtime
 * clock. Monotonic ns, or -errno.
 */
function readDeadline(d: Decision, pointer: number, format: TimeFormat, op: number, flags: number): number {
	const bytes = d.read(pointer, format.bytes);
	if (bytes === undefined) return -Errno.EFAULT;
	const time = format.decode(bytes);
	if (!validTime(time, format)) return -Errno.EINVAL;
	const ns = timeNs(time, format);
	if (op === OP.WAIT) return d.now + ns;
	const realtime = op === OP.LOCK_PI || (flags & CLOCK_REALTIME) !== 0;
	return realtime ? Math.max(0, ns - (Number(d.realNow) - d.now)) : ns;
}

const NOTE = 'no requeue to locks with priority inheritance; priorities themselves are not inherited';

export const futexRows: readonly SyscallRow[] = [
	{
		nr: 240,
		name: 'futex',
		args: ['addr', 'flags:futex', 'int', 'addr', 'addr', 'hex'],
		support: 'partial',
		note: NOTE,
		handler: futex(TIMESPEC32),
	},
	{
		nr: 422,
		name: 'futex_time64',
		args: ['addr', 'flags:futex', 'int', 'addr', 'addr', 'hex'],
		support: 'partial',
		note: NOTE,
		handler: futex(TIMESPEC64),
	},
];
