/**
 * Futexes in memory and the queues of those who wait (kernel/futex of Linux 6.1). A futex is the word it is, whatever address it
 * is mapped at; who waits stands in the state (Wait.on), in the order in which they came (Wait.order).
 */
import type { Mm, Task, WaitOn } from '../events/entities.ts';
import { vmaAt } from '../reducers/address-space.ts';
import { Vm } from '../reducers/state.ts';
import { Errno } from './abi/errno.ts';
import type { Decision } from './decision.ts';
import { TASK_SIZE } from './elf.ts';
import { numberIn, numberOf } from './pids.ts';
import { futexQueue } from './waits.ts';

/** Bits of a futex word that the kernel knows (robust and priority-inheriting ones). */
export const FUTEX = { WAITERS: 0x80000000, OWNER_DIED: 0x40000000, TID: 0x3fffffff } as const;
/** Operations of futex(2), below FUTEX_COMMAND (include/uapi/linux/futex.h). */
export const FutexOp = {
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
	WAIT_REQUEUE_PI: 11,
	CMP_REQUEUE_PI: 12,
	LOCK_PI2: 13,
} as const;
export const FUTEX_PRIVATE = 128;
export const FUTEX_CLOCK_REALTIME = 256;
const FUTEX_COMMAND = ~(FUTEX_PRIVATE | FUTEX_CLOCK_REALTIME);
/** Every bit of FUTEX_WAIT_BITSET's mask. */
export const ANY = 0xffffffff;

export type FutexWait = Extract<WaitOn, { kind: 'futex' | 'futex-requeue' }>;

export interface FutexKey {
	readonly object: number;
	readonly offset: number;
}

/** Marks the offset of a word in private memory that was not said to be private: it is another futex (FUT_OFF_MMSHARED). */
const MM_SHARED = 2;

/**
 * get_futex_key: which word of memory it is. -EINVAL, -EFAULT.
 * @param priv the caller says that no other address space has it
 * @param writes the word is to be written
 */
export function futexKey(d: Decision, address: number, priv: boolean, writes = false, mm: Mm = d.mm): FutexKey | number {
	if (address % 4 !== 0) return -Errno.EINVAL;
	if (address > TASK_SIZE - 4) return -Errno.EFAULT;
	if (priv) return { object: mm.object, offset: address };
	const vma = vmaAt(mm, address);
	const isPrivate = vma !== undefined && !(vma.flags & Vm.SHARED);
	// An anonymous page that cannot be written never changes: there is nothing to wait for.
	const needed = writes || (isPrivate && vma.inode === 0) ? Vm.WRITE : Vm.READ;
	if (vma === undefined || !(vma.flags & needed)) return -Errno.EFAULT;
	if (isPrivate) return { object: mm.object, offset: address + MM_SHARED };
	return { object: vma.object, offset: vma.pgoff * 4096 + (address - vma.start) };
}

export function isSameKey(a: FutexKey, b: FutexKey): boolean {
	return a.object === b.object && a.offset === b.offset;
}

export interface Waiter {
	readonly task: Task;
	/** Place in its wait. */
	readonly index: number;
	readonly on: FutexWait;
}

/** Who waits for a word, realtime tasks by priority, then first come first, but for those who were woken already. */
export function waitersOf(d: Decision, key: FutexKey): readonly Waiter[] {
	const { tasks } = d.state;
	const found: Waiter[] = [];
	for (const pid of d.view.waiting(futexQueue(key.object, key.offset))) {
		const task = tasks[pid];
		if (task?.state !== 'sleeping' || task.wait === null || task.wait.fired >= 0) continue;
		task.wait.on.forEach((on, index) => {
			if ((on.kind === 'futex' || on.kind === 'futex-requeue') && isSameKey(on, key)) found.push({ task, index, on });
		});
	}
	const order = ({ task }: Waiter): number => task.wait?.order ?? 0;
	return found.sort((a, b) => b.task.sched.priority - a.task.sched.priority || order(a) - order(b));
}

export function wake({ task, index }: Waiter, d: Decision): void {
	d.emit({ kind: 'wait/fire', task: task.pid, index });
}

/** A waiter waits for something else from now on, behind those who do already. */
export function move(d: Decision, { task: { pid }, index }: Waiter, to: FutexWait): void {
	const on = d.state.tasks[pid].wait?.on.map((w, i) => (i === index ? to : w)) ?? [];
	d.emit({ kind: 'wait/move', task: pid, on });
}

/** Whether only operations on locks with priority inheritance may wake or move who waits so. */
export function isInherited(on: FutexWait): on is Exclude<FutexWait, { kind: 'futex' }> {
	return on.kind !== 'futex' || on.owner !== 0;
}

/** Wakes up to `count` waiters whose mask has a bit of `bitset`; how many, or -EINVAL where one waits for a lock. */
export function wakeFutex(d: Decision, key: FutexKey, count: number, bitset: number): number {
	let woken = 0;
	for (const waiter of waitersOf(d, key)) {
		if (woken >= count) break;
		const { on } = waiter;
		if (isInherited(on)) return -Errno.EINVAL;
		if (!(on.bitset & bitset)) continue;
		wake(waiter, d);
		woken++;
	}
	return woken;
}

/** CLONE_CHILD_CLEARTID: the word becomes 0 and one waiter wakes. */
export function wakeClearedTid(d: Decision, task: Task): void {
	const mm = d.state.mms[task.mm];
	if (!writeWord(d, mm, task.clearTid, 0)) return;
	const key = futexKey(d, task.clearTid, false, false, mm);
	if (typeof key !== 'number') wakeFutex(d, key, 1, ANY);
}

/** A word of an address space, written if it may be. */
function writeWord(d: Decision, mm: Mm, address: number, value: number): boolean {
	if (address % 4 !== 0 || !d.writable(address, 4, false, mm)) return false;
	const bytes = new Uint8Array([value, value >>> 8, value >>> 16, value >>> 24]);
	d.emit({ kind: 'memory/write', mm: mm.id, address, bytes, force: false });
	return true;
}

function readWord(d: Decision, mm: Mm, address: number): number | undefined {
	const b = d.read(address, 4, mm);
	return b && (b[0] | (b[1] << 8) | (b[2] << 16) | (b[3] << 24)) >>> 0;
}

/** Entries of a robust list that are looked at (ROBUST_LIST_LIMIT). */
const ROBUST_LIMIT = 2048;

/** exit_robust_list and exit_pi_state_list: who ends with locks held lets the next one know. */
export function passOnFutexes(d: Decision, task: Task): void {
	const mm = d.state.mms[task.mm];
	if (task.robustList !== 0) walkRobust(d, task, mm);
	const held: FutexKey[] = [];
	for (const { state, wait } of Object.values(d.state.tasks)) {
		if (state !== 'sleeping' || wait === null || wait.fired >= 0) continue;
		for (const on of wait.on) if (on.kind === 'futex' && on.owner === task.pid) held.push(on);
	}
	// Of a lock that is inherited the first waiter becomes the owner; it finds the word marked.
	for (const key of held) {
		const [next] = waitersOf(d, key);
		if (next?.on.kind === 'futex' && next.on.owner === task.pid) handOver(d, key, next, FUTEX.OWNER_DIED);
	}
}

/** A priority-inheriting lock goes to a waiter: the word holds its tid, and WAITERS though no more may wait. */
export function handOver(d: Decision, key: FutexKey, to: Waiter, bits: number): void {
	const { pid, mm } = to.task;
	writeWord(d, d.state.mms[mm], lockAddress(d, pid), (numberOf(d, pid) | bits | FUTEX.WAITERS) >>> 0);
	wake(to, d);
	// Those who go on waiting wait for the new owner.
	for (const waiter of waitersOf(d, key)) if (waiter.on.kind === 'futex') move(d, waiter, { ...waiter.on, owner: pid });
}

/** Where a task that waits for a lock has its word: the first argument of its call, the fifth of WAIT_REQUEUE_PI. */
function lockAddress(d: Decision, pid: number): number {
	const { ebx, ecx, edi } = d.view.regs(pid);
	return (ecx & FUTEX_COMMAND) === FutexOp.WAIT_REQUEUE_PI ? edi : ebx;
}

/** struct robust_list_head: the list, the futex's offset from an entry, the entry that is being worked on. Bit 0: inheriting. */
function walkRobust(d: Decision, task: Task, mm: Mm): void {
	const head = task.robustList;
	const first = readWord(d, mm, head);
	const offset = readWord(d, mm, head + 4);
	const pending = readWord(d, mm, head + 8);
	if (first === undefined || offset === undefined || pending === undefined) return;
	let entry = first;
	for (let n = 0; n < ROBUST_LIMIT && (entry & ~1) >>> 0 !== head; n++) {
		const next = readWord(d, mm, (entry & ~1) >>> 0);
		if (entry !== pending && !ownerDied(d, task, mm, entry, offset, false)) return;
		if (next === undefined) return;
		entry = next;
	}
	if (pending !== 0) ownerDied(d, task, mm, pending, offset, true);
}

/** handle_futex_death: a word the dead thread held is marked, and one waiter woken. False: it cannot be reached. */
function ownerDied(d: Decision, task: Task, mm: Mm, entry: number, offset: number, pending: boolean): boolean {
	const inherits = (entry & 1) !== 0;
	const address = (((entry & ~1) >>> 0) + offset) >>> 0;
	const word = address % 4 === 0 ? readWord(d, mm, address) : undefined;
	if (word === undefined) return false;
	const key = futexKey(d, address, false, false, mm);
	// It was being unlocked: its waiter may have been woken for nothing.
	if (pending && !inherits && word === 0) {
		if (typeof key !== 'number') wakeFutex(d, key, 1, ANY);
		return true;
	}
	if ((word & FUTEX.TID) !== numberIn(d.state, task.pidNs, task.pid)) return true;
	if (!writeWord(d, mm, address, ((word & FUTEX.WAITERS) | FUTEX.OWNER_DIED) >>> 0)) return false;
	if (!inherits && word & FUTEX.WAITERS && typeof key !== 'number') wakeFutex(d, key, 1, ANY);
	return true;
}
