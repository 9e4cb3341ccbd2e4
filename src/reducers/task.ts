/** Reducers of tasks: their life, their calls, waiting, the scheduler, clocks and timers. */
import { assert, assertNever } from '../events/assert.ts';
import { noRegisters } from '../events/cpu.ts';
import type { TaskEvent, TaskFields } from '../events/task.ts';
import type { StateDraft } from './draft.ts';
import { drop, enter, entities, entity, fieldsOf, patchRegisters, plain } from './draft.ts';
import { dropFdTable, dropFs, leaveNamespace, leaveNamespaces } from './lifetime.ts';
import { reducePidNumbers } from './pid-numbers.ts';
import { mayNotRun, mayRun, renameScheduled, reschedule, switchTo } from './scheduler.ts';
import type { SigAction, Task, TaskTimes } from './state.ts';
import { Restart } from './state.ts';

const RESTARTS: ReadonlySet<number> = new Set(Object.values(Restart));
const SIG_IGN = 1;
/** PF_FORKNOEXEC: forked and did not exec yet. */
const FORKNOEXEC = 0x40;
/** Highest pid + 1 (kernel.pid_max of a 32-bit kernel), and where numbers begin again. */
export const PID_MAX = 32768;
export const RESERVED_PIDS = 300;
const DEFAULT_ACTION: SigAction = { handler: 0, flags: 0, restorer: 0, mask: 0n };

export function reduceTask(d: StateDraft, e: TaskEvent): void {
	switch (e.kind) {
		case 'task/new': {
			const { pid: next } = d.next;
			enter(d, 'tasks', e.task, e.value);
			if (e.group) enter(d, 'groups', e.group.id, e.group);
			if (e.sighand) enter(d, 'sighands', e.sighand.id, e.sighand);
			if (e.fdTable) enter(d, 'fdTables', e.fdTable.id, e.fdTable);
			if (e.fs) enter(d, 'fsStructs', e.fs.id, e.fs);
			// After the highest number the search begins again above those the first daemons have (kernel/pid.c RESERVED_PIDS).
			d.next.pid = e.placed ? next : e.task + 1 >= PID_MAX ? RESERVED_PIDS : e.task + 1;
			const group = entity(d, 'groups', e.value.group);
			if (!plain(group.threads).includes(e.task)) group.threads = [...plain(group.threads), e.task];
			if (e.value.state === 'running') mayRun(d, e.task);
			return;
		}
		case 'task/set':
			setFields(d, e.task, e.fields);
			if (e.regs) patchRegisters(d, e.task, e.regs);
			return;
		case 'group/set':
			Object.assign(entity(d, 'groups', e.group), e.fields);
			return;
		case 'task/exec':
			exec(d, e);
			return;
		case 'task/block': {
			const task = entity(d, 'tasks', e.task);
			task.state = 'sleeping';
			task.origAx = e.nr;
			task.wait = e.wait;
			d.scheduler.order = e.wait.order + 1;
			// It was woken and goes on waiting: it never got to run.
			mayNotRun(d, e.task);
			task.restartBlock = e.restartBlock;
			patchRegisters(d, e.task, e.regs);
			return;
		}
		case 'task/wake': {
			// Still inside the call: origAx stays until the call returns or is left for a signal.
			const task = entity(d, 'tasks', e.task);
			task.state = 'running';
			task.wait = null;
			mayRun(d, e.task);
			return;
		}
		case 'wait/fire': {
			const task = entity(d, 'tasks', e.task);
			const wait = plain(task.wait);
			assert(wait !== null && e.index < wait.on.length, 'a task that is woken waits for that');
			task.wait = { ...wait, fired: e.index };
			return;
		}
		case 'wait/move': {
			const task = entity(d, 'tasks', e.task);
			const wait = plain(task.wait);
			assert(wait !== null, 'a task that waits');
			task.wait = { ...wait, on: e.on, order: d.scheduler.order };
			d.scheduler.order++;
			return;
		}
		case 'task/stop': {
			const task = entity(d, 'tasks', e.task);
			task.state = 'stopped';
			mayNotRun(d, e.task);
			return;
		}
		case 'trace/stop': {
			const task = entity(d, 'tasks', e.task);
			task.state = 'traced';
			task.trace = e.trace;
			mayNotRun(d, e.task);
			patchRegisters(d, e.task, e.regs);
			return;
		}
		case 'trace/resume': {
			const task = entity(d, 'tasks', e.task);
			task.trace = e.trace;
			if (task.state === 'traced') {
				task.state = 'running';
				mayRun(d, e.task);
			}
			patchRegisters(d, e.task, e.regs);
			return;
		}
		case 'task/reap':
			reap(d, e);
			return;
		case 'task/rename':
			rename(d, e.task, e.to);
			return;
		case 'pid/enter':
		case 'pid/leave':
			reducePidNumbers(d, e);
			return;
		case 'task/unshare':
			unshare(d, e);
			return;
		case 'task/exit':
			exit(d, e.task, e.status, e.zombie);
			return;
		case 'group/exit':
			entity(d, 'groups', e.group).groupExit = e.status;
			return;
		case 'syscall/enter': {
			const task = entity(d, 'tasks', e.task);
			task.entry = 'none';
			task.origAx = e.nr;
			patchRegisters(d, e.task, e.regs);
			return;
		}
		case 'syscall/exit': {
			const task = entity(d, 'tasks', e.task);
			// A call to be restarted is left only by signal/deliver or signal/restart.
			if (!RESTARTS.has(e.result)) task.origAx = -1;
			task.wait = null;
			// restart_syscall(2) needs the block of the call that was just interrupted, and no other.
			if (e.result !== Restart.BLOCK) task.restartBlock = null;
			patchRegisters(d, e.task, e.regs);
			return;
		}
		case 'cpu/fault':
			entity(d, 'tasks', e.task).entry = 'none';
			if (e.regs) patchRegisters(d, e.task, e.regs);
			return;
		case 'unsupported':
		case 'task/oom':
			// A fact for the reader: what follows from it are events of their own.
			return;
		case 'sched/yield':
			d.scheduler.left = 0;
			return;
		case 'sched/switch':
			switchTo(d, e);
			return;
		case 'clock/skip':
			d.clock.skewNs += e.ns;
			return;
		case 'clock/set':
			d.clock.realOffsetNs = e.realOffsetNs;
			return;
		case 'prng/advance':
			d.prng = e.words;
			return;
		case 'timer/set':
		case 'timer/expire': {
			const group = entity(d, 'groups', e.group);
			group.itimers = { ...plain(group.itimers), [e.which]: e.value };
			return;
		}
		case 'machine/end':
			d.ended = true;
			return;
		default:
			assertNever(e, 'event');
	}
}

function setFields(d: StateDraft, pid: number, fields: Partial<TaskFields>): void {
	const task = entity(d, 'tasks', pid);
	const left = fields.ns === undefined ? null : plain(task.ns);
	const before = plain(task.sched);
	Object.assign(task, fields);
	if (fields.sched !== undefined) reschedule(d, pid, before);
	leaveNamespaces(d, left);
}

/**
 * What execve does to the task itself (fs/exec.c flush_old_exec, setup_new_exec; arch flush_thread): the event's registers on
 * a processor whose FPU is unused, no TLS, no alternate stack, handlers back to default while ignored signals stay ignored.
 * Descriptors that close on exec go by fd/close events, the old address space by mm/drop.
 */
function exec(d: StateDraft, e: Extract<TaskEvent, { kind: 'task/exec' }>): void {
	const task = entity(d, 'tasks', e.task);
	assert(d.mms[e.mm] !== undefined, `exec into mm ${e.mm}, which is not there`);
	task.mm = e.mm;
	task.comm = e.comm;
	task.cpu = { ...plain(task.cpu), fpuUsed: false, ...e.regs };
	task.tls = [];
	// begin_new_exec forgets the stack and leaves its flags; a size of 0 is what disables it.
	task.altstack = { sp: 0, size: 0, flags: plain(task.altstack).flags };
	task.clearTid = 0;
	task.robustList = 0;
	task.robustListLen = 0;
	task.rseq = { address: 0, length: 0, signature: 0 };
	task.origAx = -1;
	task.entry = 'none';
	task.wait = null;
	task.restartBlock = null;
	task.flags &= ~FORKNOEXEC;
	const sighand = entity(d, 'sighands', task.sighand);
	sighand.actions = plain(sighand.actions).map((a) =>
		a.handler === SIG_IGN ? { ...DEFAULT_ACTION, handler: SIG_IGN } : DEFAULT_ACTION,
	);
}

/** The task lets go of what it shares; sighand and group stay until it is reaped. A thread's times are its group's from now on. */
function exit(d: StateDraft, pid: number, status: number, zombie: boolean): void {
	const task = entity(d, 'tasks', pid);
	const { fdTable, fs } = task;
	const left = plain(task.ns);
	task.state = zombie ? 'zombie' : 'dead';
	task.exitStatus = status;
	task.mm = 0;
	task.cpu = noRegisters(task.cpu.fpuUsed);
	task.fdTable = 0;
	task.fs = 0;
	task.ns = null;
	task.origAx = -1;
	task.entry = 'none';
	task.wait = null;
	task.restartBlock = null;
	task.vforkParent = 0;
	const trace = plain(task.trace);
	if (trace !== null) task.trace = trace.tracer === 0 ? null : { ...trace, stop: null, interrupt: false, listening: false };
	mayNotRun(d, pid);
	if (task.tgid !== pid) {
		const group = entity(d, 'groups', task.group);
		group.threadTimes = addTimes(plain(group.threadTimes), plain(task.times));
	}
	if (fdTable !== 0 && !users(d, 'fdTable', fdTable)) dropFdTable(d, fdTable);
	if (fs !== 0 && !users(d, 'fs', fs)) dropFs(d, fs);
	leaveNamespaces(d, left);
}

/** Whether a task refers to an entity. */
function users(d: StateDraft, field: 'fdTable' | 'fs' | 'sighand', id: number): boolean {
	for (const other of entities(d.tasks)) if (other[field] === id) return true;
	return false;
}

/** Times added up; when the sum began is the first's. */
export function addTimes(a: TaskTimes, b: TaskTimes): TaskTimes {
	return {
		startNs: a.startNs,
		steps: a.steps + b.steps,
		nvcsw: a.nvcsw + b.nvcsw,
		nivcsw: a.nivcsw + b.nivcsw,
		minFlt: a.minFlt + b.minFlt,
		majFlt: a.majFlt + b.majFlt,
	};
}

function reap(d: StateDraft, e: Extract<TaskEvent, { kind: 'task/reap' }>): void {
	const { group, sighand, state, pidNs } = entity(d, 'tasks', e.task);
	assert(state === 'zombie' || state === 'dead', 'what is reaped has ended');
	drop(d, 'tasks', e.task);
	renameScheduled(d, e.task, 0);
	const { threads } = entity(d, 'groups', group);
	const left = plain(threads).filter((pid) => pid !== e.task);
	if (left.length === 0) {
		drop(d, 'groups', group);
		for (const { id, kind } of entities(d.anons)) {
			const anon = kind === 'pidfd' ? entity(d, 'anons', id) : undefined;
			if (anon?.kind === 'pidfd' && anon.group === group) anon.group = 0;
		}
	} else entity(d, 'groups', group).threads = left;
	if (!users(d, 'sighand', sighand)) drop(d, 'sighands', sighand);
	if (e.group !== 0 && e.times !== null) entity(d, 'groups', e.group).childTimes = e.times;
	leaveNamespace(d, pidNs);
}

/** de_thread (fs/exec.c): the thread that goes on is its group's leader now, with the leader's pid and birth. */
function rename(d: StateDraft, pid: number, to: number): void {
	const task = { ...fieldsOf(entity(d, 'tasks', pid) as Task), pid: to };
	drop(d, 'tasks', pid);
	const { pid: next } = d.next;
	enter(d, 'tasks', to, task);
	d.next.pid = next;
	for (const other of entities(d.tasks)) {
		const trace = plain(other.trace);
		if (trace?.tracer === pid) entity(d, 'tasks', other.pid).trace = { ...trace, tracer: to };
	}
	const group = entity(d, 'groups', task.group);
	group.threads = plain(group.threads).map((p) => (p === pid ? to : p));
	renameScheduled(d, pid, to);
}

function unshare(d: StateDraft, e: Extract<TaskEvent, { kind: 'task/unshare' }>): void {
	const task = entity(d, 'tasks', e.task);
	const { sighand, fdTable, fs } = task;
	if (e.sighand) {
		enter(d, 'sighands', e.sighand.id, e.sighand);
		task.sighand = e.sighand.id;
		if (!users(d, 'sighand', sighand)) drop(d, 'sighands', sighand);
	}
	if (e.fdTable) {
		enter(d, 'fdTables', e.fdTable.id, e.fdTable);
		task.fdTable = e.fdTable.id;
		if (!users(d, 'fdTable', fdTable)) dropFdTable(d, fdTable);
	}
	if (e.fs) {
		enter(d, 'fsStructs', e.fs.id, e.fs);
		task.fs = e.fs.id;
		if (!users(d, 'fs', fs)) dropFs(d, fs);
	}
}
