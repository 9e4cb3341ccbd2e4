/** Restarting a TASK: what the image holds over what is borrowed. */
import { type Descriptor, noRegisters } from '../../events/cpu.ts';
import type { Restored } from '../../events/restore.ts';
import type { MachineState, Task, ThreadGroup } from '../../reducers/state.ts';
import type { FieldValue } from '../field.ts';
import type { ImageObject } from './image-object.ts';
import { cpt_task_image } from './objects.ts';
import { isGone, type Progress } from './progress.ts';
import { TASK_FIELDS } from './task-fields.ts';
import { memoryOf, rootPid } from './tree.ts';

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** Highest pid (include/linux/threads.h, PID_MAX_LIMIT of 32-bit kernels). */
const PID_MAX = 32768;
/** End of user space of an i386 kernel with 3 GiB for users. */
export const TASK_SIZE = 0xc0000000;

/** The task that lends: the one of the same pid, else the first. */
function lenderOf(residual: MachineState, pid: number): Task {
	return residual.tasks[pid] ?? residual.tasks[rootPid(residual)];
}

export function restoreTask(object: ImageObject, p: Progress): Restored {
	checkTask(object, p);
	const { residual } = p;
	const values = object.read(cpt_task_image) as unknown as Readonly<Record<string, FieldValue>>;
	const pid = object.num('cpt_pid');
	const lender = lenderOf(residual, pid);
	const task: Writable<Task> = {
		...lender,
		entry: 'none',
		mm: 0,
		origAx: -1,
		wait: null,
		restartBlock: null,
		cpu: noRegisters(lender.cpu.fpuUsed),
	};
	const group: Writable<ThreadGroup> = { ...residual.groups[lender.group] };
	const draft = { persona: residual.persona, task, group };
	for (const { field, set } of TASK_FIELDS) set?.(draft, values[field] as never);
	p.mm = 0;
	// The memory of a first thread that has ended is the others'.
	if (!isGone(task)) task.mm = p.memories.get(object.num('cpt_tgid')) ?? 0;
	if (task.mm === 0 && task.tgid !== pid && !isGone(task) && !p.rules.reader?.bareTasks)
		object.fail('cpt_tgid', 'a process that has memory, since this thread lives');
	if (p.rules.pid) otherPids(task, group, p);
	const once = <E extends { readonly id: number }>(kind: string, entity: E | undefined): E | null => {
		if (entity === undefined || p.entered.has(`${kind} ${entity.id}`)) return null;
		p.entered.add(`${kind} ${entity.id}`);
		return entity;
	};
	p.lender = lender;
	p.lent = memoryOf(residual, lender);
	p.task = task;
	if (task.tgid === pid) p.ldt = undefined;
	p.copy = undefined;
	p.tasks.set(pid, task);
	return {
		kind: 'task',
		value: task,
		group: once('group', group),
		sighand: once('sighand', residual.sighands[task.sighand]),
		fdTable: once('fdTable', residual.fdTables[task.fdTable]),
		fs: once('fs', residual.fsStructs[task.fs]),
	};
}

/** A planted defect gives it another pid than its image says: who is its parent and its process is said in those, too. */
function otherPids(task: Writable<Task>, group: Writable<ThreadGroup>, { residual, rules }: Progress): void {
	const other = (pid: number) => (rules.pid && residual.tasks[pid] ? rules.pid(pid, residual) : pid);
	Object.assign(task, { pid: other(task.pid), tgid: other(task.tgid), ppid: other(task.ppid) });
	Object.assign(group, { tgid: other(group.tgid), threads: group.threads.map(other) });
}

function checkTask(object: ImageObject, p: Progress): void {
	const range = (field: string, low: number, high: number, what: string) => {
		const value = object.struct.placed(field).field.width === 8 ? object.big(field) : BigInt(object.num(field));
		if (value < BigInt(low) || value > BigInt(high)) object.fail(field, what);
	};
	const pids = ['cpt_pid', 'cpt_tgid'];
	for (const field of pids) range(field, 1, PID_MAX - 1, `a pid, 1 to ${PID_MAX - 1}`);
	for (const field of ['cpt_ppid', 'cpt_rppid', 'cpt_pgrp', 'cpt_session', 'cpt_old_pgrp', 'cpt_leader'])
		range(field, 0, PID_MAX - 1, `a pid or 0`);
	if (p.tasks.has(object.num('cpt_pid'))) object.fail('cpt_pid', 'a pid that no task before has');
	const tgid = object.num('cpt_tgid');
	if (tgid !== object.num('cpt_pid') && (object.parent?.num('cpt_pid') !== tgid || object.parent.num('cpt_tgid') !== tgid))
		object.fail('cpt_tgid', `cpt_pid, ${object.num('cpt_pid')}, or that of the process the task follows as its thread`);
	for (const field of ['cpt_set_tid', 'cpt_clear_tid']) range(field, 0, TASK_SIZE - 1, 'an address of user space');
	for (const field of ['cpt_exit_signal', 'cpt_pdeath_signal']) {
		const value = object.num(field) | 0;
		if (value < -1 || value > 64) object.fail(field, 'a signal');
	}
	if (![0n, 1n, 2n, 4n, 8n, 16n, 32n].includes(object.big('cpt_state')))
		object.fail('cpt_state', 'one of 0, 1, 2, 4, 8, 16, 32 (TASK_*)');
	if (object.big('cpt_flags') >= 64n) object.fail('cpt_flags', 'bits 0 to 5');
	const limit = Math.floor(Number.MAX_SAFE_INTEGER / 4_000_000);
	range('cpt_utime', 0, limit, 'a number of jiffies a machine can have lived');
	for (const field of ['cpt_nvcsw', 'cpt_nivcsw', 'cpt_min_flt', 'cpt_maj_flt'])
		range(field, 0, Number.MAX_SAFE_INTEGER, 'a count');
	const start = object.big('cpt_start_time');
	if (start >> 32n > 4_000_000n || (start & 0xffffffffn) >= 1_000_000_000n)
		object.fail('cpt_start_time', 'a timespec, seconds << 32 | ns');
	if (!p.rules.unchecked?.includes('tls')) checkTls(object);
}

/** What set_thread_area allows (arch/x86/kernel/tls.c): nothing, or a present 32-bit data segment of user mode. */
export function tlsAllowed({ a, b }: Descriptor): boolean {
	if (a === 0 && b === 0) return true;
	// S = 1, DPL = 3, data, present.
	return (b & 0x7800) === 0x7000 && (b & 0x8000) !== 0 && (b & 0x400000) !== 0;
}

function checkTls(object: ImageObject): void {
	object.read(cpt_task_image).cpt_tls.forEach((words, i) => {
		const d = { a: Number(words & 0xffffffffn), b: Number(words >> 32n) };
		if (tlsAllowed(d)) return;
		const got = `0x${words.toString(16)}`;
		object.failAt('cpt_tls', i, 'an empty entry or a 32-bit data segment of user mode', got);
	});
}
