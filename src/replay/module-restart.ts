/** A tree of an image in a machine that runs: restart(2) of the patches, as events like those of any call. */
import { ImageError } from '../cpt/error.ts';
import { joinRules, type Rules } from '../cpt/rules.ts';
import { readObjects } from '../cpt/v2/framing.ts';
import type { ImageObject } from '../cpt/v2/image-object.ts';
import { TaskState } from '../cpt/v2/objects.ts';
import { RestartError } from '../cpt/v2/progress.ts';
import { restart, restartBase } from '../cpt/v2/restart.ts';
import type { Task } from '../events/entities.ts';
import type { KernelEvent } from '../events/event.ts';
import { PAGE_SIZE, Pages } from '../events/pages.ts';
import { Errno } from '../kernel/abi/errno.ts';
import { Sig } from '../kernel/abi/signal.ts';
import { newGroup } from '../kernel/calls/clone.ts';
import type { ModuleAnswer } from '../kernel/decision.ts';
import type { ThawPolicy } from '../kernel/freezer.ts';
import { heldPages, memoryPages } from '../kernel/memory-limit.ts';
import { NO_TIMES } from '../kernel/timers.ts';
import { vmaAt } from '../reducers/address-space.ts';
import { checkReferences } from '../reducers/invariants.ts';
import { formatPath } from '../reducers/path.ts';
import { fold } from '../reducers/reduce.ts';
import { restoreState } from '../reducers/restore.ts';
import type { MachineState } from '../reducers/state.ts';
import { Vm } from '../reducers/state.ts';

/** Bytes of `int 0x80`. */
const CALL_BYTES = 2;

/** Why no tree comes of it. */
class Refusal extends Error {
	readonly errno: number;

	constructor(why: string, errno: number) {
		super(why);
		this.errno = errno;
	}
}

/** @param image bytes from the file's position on: what follows the image is not looked at */
export function restartTree(state: MachineState, caller: number, image: Uint8Array, rules: Rules): Partial<ModuleAnswer> {
	const { objects, length } = extent(image, rules);
	const read = { objects: objects.length, read: length };
	try {
		const tasks = objects.filter((o) => o.name === 'TASK');
		check(state, caller, tasks);
		const residual = lend(state, caller, tasks);
		const all = joinRules([childOf(caller, state), rules]);
		const events = [...restart(image.subarray(0, length), { residual, rules: all })];
		const restored = restoreState(withMemory(restartBase(residual), state, caller), events);
		const made = asLeft(restoreState(restored, rules.end?.(restored) ?? []), rules);
		const order = events.flatMap((e) => (e.kind === 'restore/object' && e.effect.kind === 'task' ? [e.effect.value.pid] : []));
		const unread = order.flatMap((pid) => made.mms[made.tasks[pid].mm]?.vmas ?? []).find((v) => isUnread(state, v.inode));
		if (unread !== undefined) return { unread: unread.inode };
		const out = appear(state, made, order);
		const after = fold(state, out);
		if (heldPages(after) > memoryPages(state)) throw new Refusal('its pages are more than the memory has left', Errno.ENOMEM);
		const [wrong] = checkReferences(after);
		if (wrong !== undefined)
			throw new Refusal(`nothing that could run: ${formatPath(wrong.path)}, ${wrong.rule} wanted`, Errno.EINVAL);
		return { ...read, root: order[0], events: out };
	} catch (error) {
		if (error instanceof Refusal) return { ...read, result: -error.errno, why: error.message };
		if (error instanceof RestartError)
			return { objects: read.objects, read: error.offset, result: -error.errno, why: error.message };
		if (!(error instanceof ImageError)) throw error;
		return { objects: read.objects, read: Math.min(error.offset, image.length), result: -errnoOf(error), why: error.message };
	}
}

/** The patches: -EIO for a read that is cut short, -ENOSYS for another architecture, -EINVAL for the rest. */
function errnoOf({ short, field }: ImageError): number {
	return short ? Errno.EIO : field === 'cpt_arch' ? Errno.ENOSYS : Errno.EINVAL;
}

/** The objects that can be read, and where the image ends by what it says. */
function extent(image: Uint8Array, rules: Rules): { readonly objects: readonly ImageObject[]; readonly length: number } {
	const objects: ImageObject[] = [];
	try {
		for (const object of readObjects(image, rules.reader)) objects.push(object);
	} catch (error) {
		if (!(error instanceof ImageError)) throw error;
		if (!error.object.endsWith(' END')) return { objects, length: image.length };
	}
	return { objects, length: objects.at(-1)?.end ?? image.length };
}

function check(state: MachineState, caller: number, tasks: readonly ImageObject[]): void {
	if ((state.tasks[caller].ns?.pid ?? 0) !== 0)
		throw new Refusal('its children would be born in a pid namespace, whose numbers v2 does not hold', Errno.EINVAL);
	for (const task of tasks) {
		if (task.num('cpt_pid') === 1) throw new Refusal('a container’s init: a restart makes no namespaces', Errno.EINVAL);
		if (task.num('cpt_state') & TaskState.TRACED)
			throw new Refusal(`pid ${task.num('cpt_pid')} stands still for a tracer, which v2 does not hold`, Errno.EINVAL);
	}
	if (state.freezer !== 'thawed') throw new Refusal('the machine is frozen', Errno.EBUSY);
}

/** The root is a child of whoever restarts it, whatever it was. */
function childOf(caller: number, state: MachineState): Rules {
	const { tgid } = state.tasks[caller];
	return {
		restored: (effect, object) =>
			effect.kind === 'task' && object.parent === undefined ? { ...effect, value: { ...effect.value, ppid: tgid } } : effect,
	};
}

/** The machine with what each restored task begins with: a fork of the caller, whose memory is empty. */
function lend(state: MachineState, caller: number, objects: readonly ImageObject[]): MachineState {
	const from = state.tasks[caller];
	const { next } = state;
	const s = {
		// Who is above it has nothing to do with the tree.
		tasks: { ...state.tasks, [from.pid]: { ...from, ppid: 0 } },
		groups: { ...state.groups },
		sighands: { ...state.sighands },
		fdTables: { ...state.fdTables },
		fsStructs: { ...state.fsStructs },
		mms: { ...state.mms },
		objects: { ...state.objects },
	};
	const processes = objects.filter((o) => o.num('cpt_pid') === o.num('cpt_tgid'));
	processes.forEach((process, i) => {
		const tgid = process.num('cpt_pid');
		const own = objects.filter((o) => o.num('cpt_tgid') === tgid);
		const [group, sighand, mm, object] = [next.group + i, next.sighand + i, next.mm + i, next.object + i];
		const [fdTable, fs] = [next.fdTable + i, next.fs + i];
		const stopSignal = own.some((o) => o.num('cpt_state') & TaskState.STOPPED) ? Sig.SIGSTOP : 0;
		s.groups[group] = {
			...newGroup(state.groups[from.group], group, tgid),
			threads: own.map((o) => o.num('cpt_pid')),
			stopSignal,
		};
		s.sighands[sighand] = { ...state.sighands[from.sighand], id: sighand };
		s.fdTables[fdTable] = { ...state.fdTables[from.fdTable], id: fdTable };
		s.fsStructs[fs] = { ...state.fsStructs[from.fs], id: fs };
		s.mms[mm] = { ...state.mms[from.mm], id: mm, object };
		s.objects[object] = { id: object, kind: 'private', pages: Pages.EMPTY, size: 2 ** 32 };
		for (const o of own) {
			const gone = (o.num('cpt_state') & (TaskState.ZOMBIE | TaskState.DEAD)) !== 0;
			const pid = o.num('cpt_pid');
			const shared = { group, sighand, mm: gone ? 0 : mm, fdTable: gone ? 0 : fdTable, fs: gone ? 0 : fs };
			const ppid = process.parent === undefined ? from.tgid : process.num('cpt_rppid');
			s.tasks[pid] = { ...fresh(from), pid, tgid, ppid, ...shared, ...(gone ? { ns: null } : {}) };
		}
	});
	return { ...state, ...s };
}

/** What a new task has of its creator, and what it begins without (copy_process). */
function fresh(from: Task): Task {
	return {
		...from,
		wait: null,
		restartBlock: null,
		savedMask: null,
		pending: [],
		altstack: { sp: 0, size: 0, flags: 2 },
		robustList: 0,
		robustListLen: 0,
		rseq: { address: 0, length: 0, signature: 0 },
		vforkParent: 0,
		semUndo: 0,
		trace: null,
		times: NO_TIMES,
	};
}

/** How the restart leaves the tasks: calls they slept in go on as the policy says; with a planted defect nothing wakes them. */
function asLeft(made: MachineState, { policy = 'kernel', neverThawed }: Rules): MachineState {
	const tasks = Object.values(made.tasks).map((task) => {
		const left = task.entry === 'int80' ? leave(task, policy) : task;
		return neverThawed && left.state === 'running' ? { ...left, state: 'stopped' as const, entry: 'none' as const } : left;
	});
	return { ...made, tasks: Object.fromEntries(tasks.map((t) => [t.pid, t])) };
}

function leave(task: Task, policy: ThawPolicy): Task {
	if (policy === 'kernel') return task;
	const regs = policy === 'eintr' ? { eax: -Errno.EINTR >>> 0 } : { eip: (task.cpu.eip - CALL_BYTES) >>> 0 };
	return { ...task, entry: 'none', cpu: { ...task.cpu, ...regs } };
}

function isUnread(state: MachineState, inode: number): boolean {
	return state.inodes[inode]?.lower === 'unread';
}

/** Memory and tasks, in the order of the image. */
function appear(state: MachineState, made: MachineState, order: readonly number[]): readonly KernelEvent[] {
	const used = new Set(Object.values(state.groups).flatMap(({ pgrp, session }) => [pgrp, session]));
	const seen = new Set<string>();
	const first = (kind: string, id: number) => id !== 0 && !seen.has(`${kind} ${id}`) && seen.add(`${kind} ${id}`) !== undefined;
	return order.flatMap((pid): KernelEvent[] => {
		if (state.tasks[pid] !== undefined || used.has(pid)) throw new Refusal(`pid ${pid} is somebody’s`, Errno.EEXIST);
		const task = made.tasks[pid];
		const { mm, group, sighand, fdTable, fs } = task;
		const memory = first('mm', mm) ? memoryEvents(state, made, mm) : [];
		const own = {
			...(first('group', group) ? { group: { ...made.groups[group], threads: [pid] } } : {}),
			...(first('sighand', sighand) ? { sighand: made.sighands[sighand] } : {}),
			...(first('fdTable', fdTable) ? { fdTable: made.fdTables[fdTable] } : {}),
			...(first('fs', fs) ? { fs: made.fsStructs[fs] } : {}),
		};
		return [...memory, { kind: 'task/new', task: pid, value: task, placed: true, ...own }];
	});
}

/** The caller's memory beside that of the restored: only a planted defect does something to it. */
function withMemory(base: MachineState, { tasks, mms, objects }: MachineState, caller: number): MachineState {
	const mm = mms[tasks[caller].mm];
	return { ...base, mms: { ...base.mms, [mm.id]: mm }, objects: { ...base.objects, [mm.object]: objects[mm.object] } };
}

/** An address space, unless it is one that is there, then pages that it did not have: those that lie in a private mapping. */
function memoryEvents(state: MachineState, made: MachineState, id: number): readonly KernelEvent[] {
	const mm = made.mms[id];
	const { pages, ...object } = made.objects[mm.object];
	const there = state.mms[id];
	const events: KernelEvent[] = there === undefined ? [{ kind: 'mm/new', mm, object: { ...object, pages: Pages.EMPTY } }] : [];
	for (const [index, , bytes] of pages.changes(there === undefined ? Pages.EMPTY : state.objects[mm.object].pages)) {
		const vma = vmaAt(mm, index * PAGE_SIZE);
		if (bytes === undefined || vma === undefined || vma.flags & Vm.SHARED) continue;
		events.push({ kind: 'memory/write', mm: id, address: index * PAGE_SIZE, bytes, force: true });
	}
	return events;
}
