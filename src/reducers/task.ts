/** Reducers of tasks: their life, their calls, waiting, the scheduler, clocks and timers. */
import { assert, assertNever } from '../events/assert.ts';
import type { TaskEvent } from '../events/task.ts';
import type { StateDraft } from './draft.ts';
import { enter, entities, entity, patchRegisters, plain } from './draft.ts';
import { dropFdTable, dropFs } from './lifetime.ts';
import type { SigAction, Task } from './state.ts';
import { Restart } from './state.ts';

const RESTARTS: ReadonlySet<number> = new Set(Object.values(Restart));
const SIG_IGN = 1;
/** PF_FORKNOEXEC: forked and did not exec yet. */
const FORKNOEXEC = 0x40;
const DEFAULT_ACTION: SigAction = { handler: 0, flags: 0, restorer: 0, mask: 0n };

export function reduceTask(d: StateDraft, e: TaskEvent): void {
	switch (e.kind) {
		case 'task/new':
			enter(d, 'tasks', 'pid', e.task, e.value);
			if (e.group) enter(d, 'groups', 'group', e.group.id, e.group);
			if (e.sighand) enter(d, 'sighands', 'sighand', e.sighand.id, e.sighand);
			if (e.fdTable) enter(d, 'fdTables', 'fdTable', e.fdTable.id, e.fdTable);
			if (e.fs) enter(d, 'fsStructs', 'fs', e.fs.id, e.fs);
			return;
		case 'task/set':
			Object.assign(entity(d, 'tasks', e.task), e.fields);
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
			task.restartBlock = e.restartBlock;
			patchRegisters(d, e.task, e.regs);
			return;
		}
		case 'task/wake': {
			// Still inside the call: origAx stays until the call returns or is left for a signal.
			const task = entity(d, 'tasks', e.task);
			task.state = 'running';
			task.wait = null;
			return;
		}
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
			return;
		case 'unsupported':
			// A fact for the reader: what follows from it are events of their own.
			return;
		case 'sched/switch':
			schedule(d, e);
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
	task.pdeathSignal = 0;
	task.flags &= ~FORKNOEXEC;
	const sighand = entity(d, 'sighands', task.sighand);
	sighand.actions = plain(sighand.actions).map((a) =>
		a.handler === SIG_IGN ? { ...DEFAULT_ACTION, handler: SIG_IGN } : DEFAULT_ACTION,
	);
}

/** The task lets go of what it shares; sighand and group stay until it is reaped. */
function exit(d: StateDraft, pid: number, status: number, zombie: boolean): void {
	const task = entity(d, 'tasks', pid);
	const { fdTable, fs } = task;
	task.state = zombie ? 'zombie' : 'dead';
	task.exitStatus = status;
	task.mm = 0;
	task.fdTable = 0;
	task.fs = 0;
	task.origAx = -1;
	task.entry = 'none';
	task.wait = null;
	task.restartBlock = null;
	const users = (field: keyof Task, id: number) => [...entities(d.tasks)].some((other) => other[field] === id);
	if (fdTable !== 0 && !users('fdTable', fdTable)) dropFdTable(d, fdTable);
	if (fs !== 0 && !users('fs', fs)) dropFs(d, fs);
}

function schedule(d: StateDraft, e: Extract<TaskEvent, { kind: 'sched/switch' }>): void {
	d.scheduler = { current: e.to, left: e.quantum, queue: e.queue };
	if (e.from === e.to || d.tasks[e.from] === undefined) return;
	const from = entity(d, 'tasks', e.from);
	// Linux counts a switch as involuntary when the task could have gone on (kernel/sched.c schedule()).
	const times = plain(from.times);
	from.times = from.state === 'running' ? { ...times, nivcsw: times.nivcsw + 1 } : { ...times, nvcsw: times.nvcsw + 1 };
}
