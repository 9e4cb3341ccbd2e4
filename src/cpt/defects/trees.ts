/** Rules of the defects that only a tree of processes shows: what is dumped of it, and what is made of it. */
import { PAGE_SIZE } from '../../events/pages.ts';
import type { Restored, RestoreEvent } from '../../events/restore.ts';
import { readState, vmaAt } from '../../reducers/address-space.ts';
import type { MachineState, Mm, OpenFile, Task } from '../../reducers/state.ts';
import { Vm } from '../../reducers/state.ts';
import type { Rules } from '../rules.ts';
import type { ImageObject } from '../v2/image-object.ts';
import { TaskState } from '../v2/objects.ts';
import { changed } from './premise.ts';
import { taskOf } from './restored.ts';

/** Who restarts: init of the container, in its own session. */
const RESTARTER = 1;
/** Futex words (include/uapi/linux/futex.h) and how long a robust list may be. */
const FUTEX = { WAITERS: 0x80000000, OWNER_DIED: 0x40000000, TID: 0x3fffffff } as const;
const ROBUST_LIST_LIMIT = 2048;

/** A mapping of private anonymous memory. */
const PRIVATE = { object: 0, inode: 0, path: '', pgoff: 0 };

const has = (task: Task) => (value: Task) => value.pid !== task.pid && value.ppid === task.pid && value.tgid === value.pid;
const isThread = (task: Task) => task.tgid !== task.pid;
const leaders = (s: MachineState) => Object.values(s.tasks).filter((t) => !isThread(t));

/** TASK objects of some tasks with other fields. */
export function taskFields(
	which: (task: Task, state: MachineState) => boolean,
	values: (old: Readonly<Record<string, unknown>>) => Readonly<Record<string, unknown>>,
): Rules {
	return {
		object: (piece, name, { task, state }) =>
			name === 'TASK' && which(task, state) ? changed(piece, { values: values(piece.values) }) : piece,
	};
}

/** One child was counted that is gone when it would be dumped. */
export const countedChild = taskFields(
	(task, s) => Object.values(s.tasks).some(has(task)),
	(old) => ({ cpt_children_num: (old.cpt_children_num as number) + 1 }),
);

/** A zombie is dumped and restored like a task that lives, without memory: it never ends, since it has ended. */
export const runningZombies: Rules = {
	...taskFields(
		(task) => task.state === 'zombie',
		() => ({ cpt_state: BigInt(TaskState.INTERRUPTIBLE) }),
	),
	reader: { bareTasks: true },
	restored: (effect, _, lent) => {
		if (effect.kind !== 'task' || lent.tasks[effect.value.pid]?.state !== 'zombie') return effect;
		const wait = { on: [], deadline: null, restart: 0, signals: 0n, order: 0, fired: -1 };
		return { ...effect, value: { ...effect.value, state: 'sleeping', wait } };
	},
};

/** Threads of children become processes with a copy of the memory; other threads of the root are not seen at all. */
export function threadsAsProcesses(s: MachineState): MachineState {
	let next = s.next;
	const made = { tasks: { ...s.tasks }, groups: { ...s.groups }, mms: { ...s.mms }, objects: { ...s.objects } };
	const root = leaders(s)[0];
	for (const thread of Object.values(s.tasks).filter(isThread)) {
		const old = s.groups[thread.group];
		made.groups[old.id] = { ...old, threads: [old.tgid] };
		if (thread.tgid === root.pid) {
			delete made.tasks[thread.pid];
			continue;
		}
		const mm = s.mms[thread.mm];
		const [group, id, object] = [next.group, next.mm, next.object];
		next = { ...next, group: group + 1, mm: id + 1, object: object + 1 };
		made.groups[group] = { ...old, id: group, tgid: thread.pid, threads: [thread.pid], pending: [] };
		made.mms[id] = { ...mm, id, object };
		made.objects[object] = { ...s.objects[mm.object], id: object };
		made.tasks[thread.pid] = { ...thread, tgid: thread.pid, ppid: thread.tgid, group, mm: id };
	}
	return { ...s, ...made, next };
}

/** A child that somebody else than its parent traces is not found among its parent's children, nor is what is below it. */
export function withoutTraced(s: MachineState): MachineState {
	const tasks = { ...s.tasks };
	const leaveOut = (pid: number): void => {
		const { [pid]: gone } = tasks;
		if (gone === undefined) return;
		delete tasks[pid];
		for (const t of Object.values(tasks)) if (t.ppid === pid || t.tgid === pid) leaveOut(t.pid);
	};
	for (const { pid, ppid, trace } of Object.values(s.tasks)) {
		const tracer = trace === null ? undefined : s.tasks[trace.tracer];
		if (tracer !== undefined && tracer.tgid !== ppid) leaveOut(pid);
	}
	return { ...s, tasks };
}

/** Of tasks below the root: the signal that tells their parent of their end. */
export const noExitSignal: Rules = {
	restored: (effect, _, lent) =>
		effect.kind === 'task' && lent.tasks[effect.value.ppid] !== undefined
			? { ...effect, value: { ...effect.value, exitSignal: 0 } }
			: effect,
};

/** A stopped task runs. */
export const nothingStopped: Rules = {
	restored: (effect) => {
		if (effect.kind === 'task' && effect.value.state === 'stopped')
			return {
				...effect,
				value: { ...effect.value, state: 'running' },
				group: effect.group && { ...effect.group, stopSignal: 0 },
			};
		return effect.kind === 'registers' && effect.state === 'stopped' ? { ...effect, state: 'running' } : effect;
	},
};

/** Process group and session are the restarter's. */
export const restartersGroup: Rules = {
	restored: (effect) =>
		effect.kind === 'task' && effect.group
			? { ...effect, group: { ...effect.group, pgrp: RESTARTER, session: RESTARTER } }
			: effect,
};

/** A mapping of the root that is private and may not be written. */
function isReadOnly(vma: ImageObject | undefined): boolean {
	return (
		vma?.name === 'VMA' &&
		vma.parent?.parent?.parent === undefined &&
		vma.num('cpt_page_num') > 0 &&
		(vma.num('cpt_flags') & (Vm.WRITE | Vm.SHARED)) === 0
	);
}

/** Reading pages of it fails while it is writable, as it must be to be filled; who is to take that back never comes to it. */
export const leftOpen: Rules = {
	errorsOverwritten: true,
	pageFails: (object) => isReadOnly(object.parent),
	restored: (effect, object) => {
		const open = effect.kind === 'vma' && isReadOnly(object.name === 'NAME' ? object.parent : object);
		return open ? { ...effect, vma: { ...effect.vma, flags: effect.vma.flags | Vm.WRITE } } : effect;
	},
};

/** The address space that a task has when everyone takes its creator's: that of the first who has one. */
function firstMemory({ tasks }: MachineState, task: Task): number {
	const seen = new Set<number>();
	let first = task;
	for (let t = tasks[first.ppid]; t !== undefined && t.mm !== 0 && !seen.has(t.pid); t = tasks[t.ppid]) {
		seen.add(t.pid);
		first = t;
	}
	return first.mm;
}

/** A child takes its creator's address space for its own: what the image has of it is put over it. */
export const creatorsMemory: Rules = {
	restored: (effect, object, lent) => {
		const task = object.name === 'HEAD' ? undefined : lent.tasks[taskOf(object)];
		const mm = task === undefined ? 0 : firstMemory(lent, task);
		if (task === undefined || task.mm === 0 || task.mm === mm) return effect;
		const theirs = lent.mms[mm];
		switch (effect.kind) {
			case 'task':
				return isThread(effect.value) ? { ...effect, value: { ...effect.value, mm: theirs.id } } : effect;
			case 'mm':
				return { kind: 'join', task: effect.task, mm: theirs.id };
			case 'vma':
			case 'ldt':
				return null;
			case 'pages':
			case 'zeros':
				return { ...effect, object: theirs.object };
			default:
				return effect;
		}
	},
};

/** Shared anonymous memory becomes a private copy in every process but the first that has it. */
export function splitMemory(): Rules {
	const first = (lent: MachineState, object: number) =>
		Object.values(lent.mms).find((mm) => mm.vmas.some((v) => v.object === object));
	const isSplit = (lent: MachineState, mm: number, object: number) =>
		lent.objects[object]?.kind === 'shared' && first(lent, object)?.id !== mm;
	return {
		restored: (effect, _, lent) => {
			if (effect.kind !== 'vma' || !isSplit(lent, effect.mm, effect.vma.object)) return effect;
			return { ...effect, vma: { ...effect.vma, ...PRIVATE, flags: effect.vma.flags & ~(Vm.SHARED | Vm.MAYSHARE) } };
		},
		end: (restored) => Object.values(restored.mms).flatMap((mm) => copies(restored, mm)),
	};
}

/** Pages of the shared objects that a split mapping had, as events that fill its copy. */
function copies(restored: MachineState, mm: Mm): RestoreEvent[] {
	const others = Object.values(restored.mms).flatMap((o) => (o.id === mm.id ? [] : o.vmas));
	return mm.vmas.flatMap((vma) => {
		if (vma.object !== 0) return [];
		const like = others.find((o) => o.start === vma.start && o.object !== 0 && restored.objects[o.object]?.kind === 'shared');
		if (like === undefined) return [];
		const from = restored.objects[like.object].pages.entries(like.pgoff, like.pgoff + (like.end - like.start) / PAGE_SIZE);
		return [...from].map(([index, bytes], number): RestoreEvent => {
			const effect: Restored = { kind: 'pages', object: mm.object, index: vma.start / PAGE_SIZE + index - like.pgoff, bytes };
			return { kind: 'restore/object', number, name: 'PAGES', offset: 0, length: 0, effect };
		});
	});
}

/** An open file that several tables have is opened once for each of them: the offset is there as often. */
export function splitFiles(s: MachineState): MachineState {
	let { file } = s.next;
	const files: Record<number, OpenFile> = { ...s.files };
	const seen = new Set<number>();
	const tables = Object.values(s.fdTables).map((table) => {
		const own = new Map<number, number>();
		const fds = Object.entries(table.fds).map(([fd, entry]) => {
			const kind = s.inodes[s.files[entry.file]?.inode]?.kind;
			if (kind !== 'file') return [fd, entry] as const;
			if (!seen.has(entry.file)) own.set(entry.file, entry.file);
			if (!own.has(entry.file)) {
				files[file] = { ...s.files[entry.file], id: file };
				own.set(entry.file, file++);
			}
			return [fd, { ...entry, file: own.get(entry.file) as number }] as const;
		});
		for (const f of own.keys()) seen.add(f);
		return [table.id, { ...table, fds: Object.fromEntries(fds) }] as const;
	});
	return { ...s, files, fdTables: Object.fromEntries(tables), next: { ...s.next, file } };
}

/** The tasks were killed by the dump: the kernel has marked the robust futexes that they held in shared memory (exit_robust_list). */
export function ownersDied(s: MachineState): MachineState {
	let state = s;
	for (const task of Object.values(s.tasks)) {
		for (const address of heldBy(s, task)) state = markDied(state, task, address);
	}
	return state;
}

/** Addresses of the futex words on a task's robust list. */
function heldBy(s: MachineState, task: Task): number[] {
	const mm = s.mms[task.mm];
	if (task.robustList === 0 || mm === undefined) return [];
	const u32 = (address: number) => {
		const bytes = readState(s, mm, address >>> 0, 4);
		return bytes && new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0, true);
	};
	const words: number[] = [];
	const offset = (u32(task.robustList + 4) ?? 0) | 0;
	let entry = u32(task.robustList);
	for (let n = 0; n < ROBUST_LIST_LIMIT && entry !== undefined && entry !== 0 && entry >>> 0 !== task.robustList; n++) {
		const address = (entry + offset) >>> 0;
		if (((u32(address) ?? 0) & FUTEX.TID) === task.pid) words.push(address);
		entry = u32(entry);
	}
	return words;
}

function markDied(s: MachineState, task: Task, address: number): MachineState {
	const vma = vmaAt(s.mms[task.mm], address);
	const object = vma && s.objects[vma.object];
	if (vma === undefined || object?.kind !== 'shared') return s;
	const at = address - vma.start + vma.pgoff * PAGE_SIZE;
	const page = (object.pages.get(Math.floor(at / PAGE_SIZE)) ?? new Uint8Array(PAGE_SIZE)).slice();
	const view = new DataView(page.buffer);
	const word = view.getUint32(at % PAGE_SIZE, true);
	view.setUint32(at % PAGE_SIZE, ((word & FUTEX.WAITERS) | FUTEX.OWNER_DIED) >>> 0, true);
	const pages = object.pages.with([[Math.floor(at / PAGE_SIZE), page]]);
	return { ...s, objects: { ...s.objects, [object.id]: { ...object, pages } } };
}
