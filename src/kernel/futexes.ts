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
import { futexQueue } from './waits.ts';

/** Bits of a futex word that the kernel knows (robust and priority-inheriting ones). */
export const FUTEX = { WAITERS: 0x80000000, OWNER_DIED: 0x40000000, TID: 0x3fffffff } as const;
/** Every bit of FUTEX_WAIT_BITSET's mask. */
export const ANY = 0xffffffff;

export type FutexWait = Extract<WaitOn, { kind: 'futex' }>;

export interface FutexKey {
	readonly object: number;
	readonly offset: number;
}

/** get_futex_key: which word of memory it is. -EINVAL, -EFAULT. */
export function futexKey(d: Decision, address: number, priv: boolean, mm: Mm = d.mm): FutexKey | number {
	if (address % 4 !== 0) return -Errno.EINVAL;
	if (address > TASK_SIZE - 4) return -Errno.EFAULT;
	if (priv) return { object: mm.object, offset: address };
	const vma = vmaAt(mm, address);
	if (vma === undefined || !(vma.flags & Vm.READ)) return -Errno.EFAULT;
	if (!(vma.flags & Vm.SHARED)) return { object: mm.object, offset: address };
	return { object: vma.object, offset: vma.pgoff * 4096 + (address - vma.start) };
}

export interface Waiter {
	readonly task: Task;
	/** Place in its wait. */
	readonly index: number;
	readonly on: FutexWait;
}

/** Who waits for a word, first come first, but for those who were woken already. */
export function waitersOf(d: Decision, key: FutexKey): readonly Waiter[] {
	const { tasks } = d.state;
	const found: Waiter[] = [];
	for (const pid of d.view.waiting(futexQueue(key.object, key.offset))) {
		const task = tasks[pid];
		if (task?.state !== 'sleeping' || task.wait === null || task.wait.fired >= 0) continue;
		task.wait.on.forEach((on, index) => {
			if (on.kind === 'futex' && on.object === key.object && on.offset === key.offset) found.push({ task, index, on });
		});
	}
	return found.sort((a, b) => (a.task.wait?.order ?? 0) - (b.task.wait?.order ?? 0));
}

export function wake({ task, index }: Waiter, d: Decision): void {
	d.emit({ kind: 'wait/fire', task: task.pid, index });
}

/** Wakes up to `count` waiters whose mask has a bit of `bitset`; how many. */
export function wakeFutex(d: Decision, key: FutexKey, count: number, bitset: number): number {
	const woken = waitersOf(d, key)
		.filter(({ on }) => on.bitset & bitset && on.owner === 0)
		.slice(0, count);
	for (const waiter of woken) wake(waiter, d);
	return woken.length;
}

/** CLONE_CHILD_CLEARTID: the word becomes 0 and one waiter wakes. */
export function wakeClearedTid(d: Decision, task: Task): void {
	const mm = d.state.mms[task.mm];
	if (!writeWord(d, mm, task.clearTid, 0)) return;
	const key = futexKey(d, task.clearTid, false, mm);
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
	const held: FutexWait[] = [];
	for (const { state, wait } of Object.values(d.state.tasks)) {
		if (state !== 'sleeping' || wait === null || wait.fired >= 0) continue;
		for (const on of wait.on) if (on.kind === 'futex' && on.owner === task.pid) held.push(on);
	}
	// Of a lock that is inherited the first waiter becomes the owner; it finds the word marked.
	for (const { object, offset } of held) {
		const [next] = waitersOf(d, { object, offset }).filter(({ on }) => on.owner === task.pid);
		if (next !== undefined) handOver(d, { object, offset }, next, FUTEX.OWNER_DIED);
	}
}

/** A priority-inheriting lock goes to a waiter: the word holds its tid, and WAITERS while more wait. */
export function handOver(d: Decision, key: FutexKey, to: Waiter, bits: number): void {
	const address = d.view.regs(to.task.pid).ebx;
	const rest = waitersOf(d, key).filter(({ task, on }) => task.pid !== to.task.pid && on.owner !== 0);
	const word = (to.task.pid | bits | (rest.length > 0 ? FUTEX.WAITERS : 0)) >>> 0;
	writeWord(d, d.state.mms[to.task.mm], address, word);
	wake(to, d);
	// Those who go on waiting wait for the new owner.
	for (const { task } of rest) {
		const on = task.wait?.on.map((w) => (w.kind === 'futex' ? { ...w, owner: to.task.pid } : w)) ?? [];
		d.emit({ kind: 'wait/move', task: task.pid, on });
	}
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
	const key = futexKey(d, address, false, mm);
	// It was being unlocked: its waiter may have been woken for nothing.
	if (pending && !inherits && word === 0) {
		if (typeof key !== 'number') wakeFutex(d, key, 1, ANY);
		return true;
	}
	if ((word & FUTEX.TID) !== task.pid) return true;
	if (!writeWord(d, mm, address, ((word & FUTEX.WAITERS) | FUTEX.OWNER_DIED) >>> 0)) return false;
	if (!inherits && word & FUTEX.WAITERS && typeof key !== 'number') wakeFutex(d, key, 1, ANY);
	return true;
}
