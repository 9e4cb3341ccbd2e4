/**
 * Futexes with priority inheritance (kernel/futex/pi.c and requeue.c of Linux 6.1): the word holds the owner's tid, and unlocking
 * hands the lock over. Who waits for a condition (WAIT_REQUEUE_PI) is moved to the lock that he needs when it comes true.
 * Priorities themselves are not inherited.
 */
import { Restart } from '../../reducers/state.ts';
import { Errno } from '../abi/errno.ts';
import type { Block, Decision, Outcome } from '../decision.ts';
import { ANY, FUTEX, type FutexKey, futexKey, handOver, isSameKey, move, type Waiter, waitersOf, wake } from '../futexes.ts';
import { numberOf, pidOf, taskOf } from '../pids.ts';
import type { Resume } from '../row.ts';
import { isAlive } from '../signal-queue.ts';

/**
 * futex_lock_pi_atomic: 0 = `pid` has the lock, -errno, or the owner to wait for, who is told by WAITERS in the word.
 * @param marks WAITERS is set even if the lock was free: others will be made to wait for it
 */
function take(d: Decision, address: number, key: FutexKey, pid: number, marks: boolean): number {
	const word = d.u32(address);
	if (word === undefined) return -Errno.EFAULT;
	const owner = word & FUTEX.TID;
	const own = numberOf(d, pid);
	if (owner === own) return -Errno.EDEADLK;
	const [top] = waitersOf(d, key);
	if (top !== undefined) return known(d, top, word);
	const taken = owner === 0 ? (word & FUTEX.OWNER_DIED) | own | (marks ? FUTEX.WAITERS : 0) : word | FUTEX.WAITERS;
	if (taken >>> 0 !== word && !d.writeU32(address, taken >>> 0)) return -Errno.EFAULT;
	if (owner === 0) return 0;
	const holder = taskOf(d, owner);
	return holder === undefined || !isAlive(holder) ? -Errno.ESRCH : holder.pid;
}

/** attach_to_pi_state: the owner whom others wait for already, -EINVAL if the word says something else. */
function known(d: Decision, { on }: Waiter, word: number): number {
	if (on.kind !== 'futex' || on.owner === 0) return -Errno.EINVAL;
	const owner = pidOf(d, word & FUTEX.TID);
	return owner === on.owner || ((word & FUTEX.TID) === 0 && word & FUTEX.OWNER_DIED) ? on.owner : -Errno.EINVAL;
}

/** rt_mutex_adjust_prio_chain: whether a lock's owner waits, through any number of others, for `pid`. */
function waitsFor(d: Decision, owner: number, pid: number): boolean {
	for (let at = owner; at !== pid; ) {
		const { state, wait } = d.state.tasks[at];
		const on = wait?.on[0];
		if (state !== 'sleeping' || wait === null || wait.fired >= 0 || on?.kind !== 'futex' || on.owner === 0) return false;
		at = on.owner;
	}
	return true;
}

function sleep(on: Block['wait']['on'][number], deadline: number | null): Block {
	return { kind: 'block', wait: { on: [on], deadline, restart: Restart.NOINTR, signals: 0n }, restartBlock: null };
}

/** LOCK_PI, LOCK_PI2, and (`tries`) TRYLOCK_PI. @param deadline monotonic ns */
export function lock(
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
	const key = futexKey(d, address, priv, true);
	if (typeof key === 'number') return key;
	const owner = take(d, address, key, d.pid, false);
	if (owner <= 0) return owner;
	if (tries) return -Errno.EAGAIN;
	if (waitsFor(d, owner, d.pid)) return -Errno.EDEADLK;
	return sleep({ kind: 'futex', ...key, bitset: ANY, owner }, deadline);
}

export function unlock(d: Decision, address: number, priv: boolean): number {
	const word = d.u32(address);
	if (word === undefined) return -Errno.EFAULT;
	if ((word & FUTEX.TID) !== numberOf(d, d.pid)) return -Errno.EPERM;
	const key = futexKey(d, address, priv, true);
	if (typeof key === 'number') return key;
	const [top] = waitersOf(d, key);
	if (top === undefined) return d.writeU32(address, 0) ? 0 : -Errno.EFAULT;
	if (top.on.kind !== 'futex' || top.on.owner !== d.pid) return -Errno.EINVAL;
	handOver(d, key, top, 0);
	return 0;
}

/** WAIT_REQUEUE_PI: sleeps until it has the lock at `args[4]`, to which CMP_REQUEUE_PI moves it, or gives up. */
export function waitRequeue(
	d: Decision,
	[address, , value, , lockAddress]: readonly number[],
	priv: boolean,
	deadline: number | null,
	resume: Resume | null,
): Outcome {
	if (resume !== null) {
		if (resume.reason === 'ready') return 0;
		if (resume.reason === 'timeout') return -Errno.ETIMEDOUT;
		// Once it was moved the condition's word is another: the call cannot be made again.
		return resume.wait.on[0].kind === 'futex' ? -Errno.EAGAIN : resume.wait.restart;
	}
	if (address === lockAddress) return -Errno.EINVAL;
	const to = futexKey(d, lockAddress, priv, true);
	if (typeof to === 'number') return to;
	const key = futexKey(d, address, priv);
	if (typeof key === 'number') return key;
	const word = d.u32(address);
	if (word === undefined) return -Errno.EFAULT;
	if (word !== value) return -Errno.EAGAIN;
	if (isSameKey(key, to)) return -Errno.EINVAL;
	return sleep({ kind: 'futex-requeue', ...key, toObject: to.object, toOffset: to.offset }, deadline);
}

/** Whether a waiter sleeps in WAIT_REQUEUE_PI and wants that very lock. */
function isMeant({ on }: Waiter, target: FutexKey): boolean {
	return on.kind === 'futex-requeue' && on.toObject === target.object && on.toOffset === target.offset;
}

/**
 * CMP_REQUEUE_PI: the first waiter gets the lock if it is free, `moves` others (one more if it is not) wait for it from now on.
 * How many these are; the word was compared already.
 */
export function requeueInherited(d: Decision, key: FutexKey, target: FutexKey, lockAddress: number, moves: number): number {
	const waiters = waitersOf(d, key);
	const [top] = waiters;
	if (top === undefined) return 0;
	if (!isMeant(top, target)) return -Errno.EINVAL;
	const held = take(d, lockAddress, target, top.task.pid, moves > 0);
	if (held < 0) return held;
	if (held === 0) wake(top, d);
	const owner = held === 0 ? top.task.pid : held;
	let count = held === 0 ? 1 : 0;
	for (const waiter of waiters.slice(count)) {
		if (count > moves) break;
		if (!isMeant(waiter, target)) return -Errno.EINVAL;
		if (waitsFor(d, owner, waiter.task.pid)) return -Errno.EDEADLK;
		move(d, waiter, { kind: 'futex', ...target, bitset: ANY, owner });
		count++;
	}
	return count;
}
