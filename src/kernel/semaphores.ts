/**
 * Semaphore sets at work (ipc/sem.c of Linux 6.1): operations that are made all or not at all, who sleeps for them, and what is
 * undone when a task ends. Whoever changes a set makes the operations of the sleepers it has made possible, in the order in which they came.
 */
import type { SemOp, SemSet } from '../events/ipc.ts';
import type { Task } from '../reducers/state.ts';
import { Errno } from './abi/errno.ts';
import { IPC, ipcId, SEM_LIMIT, SEM_UNDO } from './abi/ipc.ts';
import type { Decision } from './decision.ts';
import { callerPid, seconds } from './ipc.ts';
import { semQueue } from './waits.ts';

/** What operations come to: other values; an error; or the operation that has to wait. */
type Tried =
	| { readonly values: ReadonlyMap<number, number>; readonly adjust: readonly number[] | null }
	| { readonly error: number }
	| { readonly blocking: SemOp };

/** What is added to a set's semaphores when the task ends; undefined: nothing yet. */
function adjustOf(d: Decision, task: Task, set: SemSet): readonly number[] | undefined {
	return d.state.semUndos[task.semUndo]?.entries.find((e) => e.set === set.id)?.adjust;
}

/** perform_atomic_semop, without doing it. @param adjust the caller's, undefined = none yet */
export function tryOps({ sems }: SemSet, ops: readonly SemOp[], adjust: readonly number[] | undefined): Tried {
	const values = new Map<number, number>();
	let undo: number[] | null = null;
	for (const op of ops) {
		const value = values.get(op.num) ?? sems[op.num].value;
		const result = value + op.op;
		if ((op.op === 0 && value !== 0) || result < 0) return op.flags & IPC.NOWAIT ? { error: -Errno.EAGAIN } : { blocking: op };
		if (result > SEM_LIMIT.vmx) return { error: -Errno.ERANGE };
		if (op.flags & SEM_UNDO) {
			undo ??= sems.map((_, i) => adjust?.[i] ?? 0);
			undo[op.num] -= op.op;
			if (undo[op.num] < -SEM_LIMIT.aem - 1 || undo[op.num] > SEM_LIMIT.aem) return { error: -Errno.ERANGE };
		}
		values.set(op.num, result);
	}
	return { values, adjust: undo };
}

/** Makes operations for a task, if they can be made now. */
function perform(d: Decision, task: Task, set: SemSet, ops: readonly SemOp[]): Tried {
	const tried = tryOps(set, ops, adjustOf(d, task, set));
	if (!('values' in tried)) return tried;
	// A semaphore that was only looked at changes hands, too.
	const changes = [...tried.values].map(([num, value]) => ({ num, value, pid: task.tgid }));
	d.emit({ kind: 'sem/set', ipc: set.id, changes });
	if (tried.adjust !== null) d.emit({ kind: 'sem/adjust', undo: task.semUndo, set: set.id, adjust: tried.adjust });
	return tried;
}

interface Sleeper {
	readonly task: Task;
	readonly ops: readonly SemOp[];
}

/** Who sleeps for a set and was not answered yet, first come first. */
export function sleepersOf(d: Decision, set: SemSet): readonly Sleeper[] {
	const found: (Sleeper & { readonly order: number })[] = [];
	for (const pid of d.view.waiting(semQueue(set.ns, ipcId(set)))) {
		const task = d.state.tasks[pid];
		const on = task?.wait?.on[0];
		if (task?.state !== 'sleeping' || task.wait === null || task.wait.fired >= 0 || on?.kind !== 'semop') continue;
		found.push({ task, ops: on.ops, order: task.wait.order });
	}
	return found.sort((a, b) => a.order - b.order);
}

const alters = (ops: readonly SemOp[]): boolean => ops.some(({ op }) => op !== 0);

/** do_smart_update: sleepers whose operations are possible by now get them; who waits for zero is asked first each time. */
export function answerSleepers(d: Decision, id: number): void {
	for (let changed = true; changed; ) {
		changed = false;
		const set = d.state.ipcs[id] as SemSet;
		const sleepers = sleepersOf(d, set);
		for (const { task, ops } of [...sleepers.filter((s) => !alters(s.ops)), ...sleepers.filter((s) => alters(s.ops))]) {
			const tried = perform(d, task, set, ops);
			if ('blocking' in tried) continue;
			d.emit({ kind: 'ipc/answer', task: task.pid, result: 'error' in tried ? tried.error : 0, message: null });
			changed = true;
			break;
		}
	}
}

/** The operations of the deciding task: 0, -errno, or null: it has to sleep. */
export function operate(d: Decision, set: SemSet, ops: readonly SemOp[]): number | null {
	const done = perform(d, d.task, set, ops);
	if ('blocking' in done) return null;
	if ('error' in done) return done.error;
	d.emit({ kind: 'ipc/set', ipc: set.id, fields: { otime: seconds(d) } });
	if (alters(ops)) answerSleepers(d, set.id);
	return 0;
}

/** Values set from outside (SETVAL, SETALL): what was to be undone of them no longer is. */
export function setValues(d: Decision, set: SemSet, first: number, values: readonly number[]): void {
	const pid = callerPid(d);
	d.emit({ kind: 'sem/set', ipc: set.id, changes: values.map((value, i) => ({ num: first + i, value, pid })) });
	for (const { id, entries } of Object.values(d.state.semUndos)) {
		const entry = entries.find((e) => e.set === set.id);
		if (entry === undefined) continue;
		const adjust = entry.adjust.map((n, i) => (i >= first && i < first + values.length ? 0 : n));
		d.emit({ kind: 'sem/adjust', undo: id, set: set.id, adjust });
	}
	d.emit({ kind: 'ipc/set', ipc: set.id, fields: { ctime: seconds(d) } });
	answered(d, set.id);
}

/** answerSleepers where it is not known whether somebody's operations were made: only then the set was used now. */
function answered(d: Decision, id: number): void {
	const before = d.events.length;
	answerSleepers(d, id);
	if (d.events.length > before) d.emit({ kind: 'ipc/set', ipc: id, fields: { otime: seconds(d) } });
}

/** freeary: the set goes, and who sleeps for it is told. */
export function removeSet(d: Decision, set: SemSet): void {
	for (const { task } of sleepersOf(d, set)) d.emit({ kind: 'ipc/answer', task: task.pid, result: -Errno.EIDRM, message: null });
	d.emit({ kind: 'ipc/remove', ipc: set.id });
}

/** Gives a task a list of what is to be undone, if it has none (get_undo_list). */
export function needUndoList(d: Decision): number {
	const { semUndo } = d.task;
	if (semUndo !== 0) return semUndo;
	const id = d.state.next.semUndo;
	d.emit({ kind: 'sem/list', task: d.pid, undo: { id, entries: [] } });
	return id;
}

/** exit_sem: the task leaves its list; with the last one, all that is on it is undone. */
export function leaveUndoList(d: Decision, pid: number): void {
	const { semUndo, tgid } = d.state.tasks[pid];
	if (semUndo === 0) return;
	const last = Object.values(d.state.tasks).every((t) => t.pid === pid || t.semUndo !== semUndo);
	const entries = last ? d.state.semUndos[semUndo].entries : [];
	d.emit({ kind: 'sem/leave', task: pid });
	for (const { set: id, adjust } of entries) {
		const set = d.state.ipcs[id] as SemSet;
		const changes = adjust.flatMap((n, num) => {
			const value = Math.min(Math.max(set.sems[num].value + n, 0), SEM_LIMIT.vmx);
			return n === 0 ? [] : [{ num, value, pid: tgid }];
		});
		if (changes.length > 0) d.emit({ kind: 'sem/set', ipc: id, changes });
		d.emit({ kind: 'ipc/set', ipc: id, fields: { otime: seconds(d) } });
		answerSleepers(d, id);
	}
}
