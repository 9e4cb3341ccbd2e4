/**
 * What is always true of a state between two events. `checkReferences`: nothing a reader relies on is broken, so a state from
 * a file that passes cannot make a reducer or the kernel stumble. `checkInvariants`: that, and nothing is left over.
 */
import { type CpuState, noRegisters } from '../events/cpu.ts';
import { PAGE_SIZE } from '../events/pages.ts';
import { ENTITIES, REF_KINDS, type Ref, refsOf, shapeOf, tableOf, walkEntities } from './entities.ts';
import type { Path } from './path.ts';
import * as s from './shapes.ts';
import type { Inode, MachineState, Mm, Mount, Task, ThreadGroup } from './state.ts';
import { Vm } from './state.ts';
import { mergeVmas } from './vma.ts';

/** A rule that does not hold: where, what is wanted there, what is there. */
export interface Violation {
	readonly path: Path;
	readonly rule: string;
	readonly got: unknown;
}

type Report = (ok: boolean, path: Path, rule: string, got: unknown) => void;

/** Bit 1 and IF are set in user mode; bits 3, 5, 15 and above 21 do not exist (SDM vol. 1, 3.4.3). */
const EFLAGS_SET = 0x202;
const EFLAGS_CLEAR = 0xffc08028;

/** Broken references and orders. Empty: the state can be worked on. */
export function checkReferences(state: MachineState): readonly Violation[] {
	const found: Violation[] = [];
	const report: Report = (ok, path, rule, got) => {
		if (!ok) found.push({ path, rule, got });
	};
	for (const pid of Object.keys(state.tasks).map(Number)) {
		checkTask(state, pid, report);
		checkRefs(state, ['tasks', pid], refsOf(s.task, state.tasks[pid]), report);
	}
	for (const kind of REF_KINDS) {
		for (const [key, entity] of Object.entries(tableOf(state, kind))) {
			const path = [ENTITIES[kind].table, Number(key)];
			report((entity as { id: number }).id === Number(key), [...path, 'id'], `id ${key}`, (entity as { id: number }).id);
			checkRefs(state, path, refsOf(shapeOf(kind), entity), report);
			const counter = state.next[kind];
			report(Number(key) < counter, ['next', kind], `a counter above ${key}`, counter);
		}
	}
	if (found.length > 0) return found;
	for (const group of Object.values(state.groups)) checkGroup(state, group, report);
	for (const mm of Object.values(state.mms)) checkMm(state, mm, report);
	for (const inode of Object.values(state.inodes)) checkInode(state, inode, report);
	for (const mount of Object.values(state.mounts)) checkMount(state, mount, report);
	checkRest(state, report);
	return found;
}

/** All violations, leftovers included. */
export function checkInvariants(state: MachineState): readonly Violation[] {
	const found = [...checkReferences(state)];
	if (found.length > 0) return found;
	const refs = {
		task: (pid: number) => refsOf(s.task, state.tasks[pid]),
		entity: (kind: Ref['kind'], id: number) => refsOf(shapeOf(kind), tableOf(state, kind)[id]),
	};
	walkEntities(state, refs, {
		task: () => {},
		entity(kind, id, _number, _numbers, reached) {
			if (!reached) found.push({ path: [ENTITIES[kind].table, id], rule: 'something that refers to it', got: undefined });
		},
	});
	for (const mm of Object.values(state.mms)) {
		if (mergeVmas(mm.vmas) !== mm.vmas)
			found.push({ path: ['mms', mm.id, 'vmas'], rule: 'mergeable neighbours merged', got: mm.vmas });
		const pages = state.objects[mm.object].pages.entries();
		for (const [vpn] of pages) {
			if (mm.vmas.some((v) => v.start <= vpn * PAGE_SIZE && vpn * PAGE_SIZE < v.end && (v.flags & Vm.SHARED) === 0)) continue;
			found.push({ path: ['objects', mm.object, 'pages', vpn], rule: 'a private mapping around it', got: undefined });
		}
	}
	return found;
}

function checkRefs(state: MachineState, path: Path, refs: readonly Ref[], report: Report): void {
	for (const { kind, id } of refs) report(tableOf(state, kind)[id] !== undefined, path, `an existing ${kind}`, id);
}

function checkTask(state: MachineState, pid: number, report: Report): void {
	const task = state.tasks[pid];
	const at = (field: keyof Task): Path => ['tasks', pid, field];
	const gone = task.state === 'zombie' || task.state === 'dead';
	report(task.pid === pid, at('pid'), `pid ${pid}`, task.pid);
	for (const field of ['mm', 'fdTable', 'fs'] as const) {
		report((task[field] === 0) === gone, at(field), gone ? 'none' : 'one', task[field]);
	}
	if (gone) {
		report(hasNoRegisters(task.cpu), at('cpu'), 'no registers', task.cpu);
		report(task.origAx === -1, at('origAx'), '-1: in no call', task.origAx);
	}
	for (const field of ['sighand', 'group'] as const) report(task[field] > 0, at(field), 'one', task[field]);
	report(
		(task.state === 'sleeping') === (task.wait !== null) || task.state === 'stopped',
		at('wait'),
		'a wait while it sleeps',
		task.wait,
	);
	report(task.tls.length <= 3, at('tls'), 'at most 3 entries', task.tls.length);
	const { eflags, debugreg } = task.cpu;
	report(
		(eflags & EFLAGS_SET) === EFLAGS_SET && (eflags & EFLAGS_CLEAR) === 0,
		[...at('cpu'), 'eflags'],
		'bits 1 and 9 set, reserved bits clear',
		`0x${eflags.toString(16)}`,
	);
	report(debugreg[4] === 0 && debugreg[5] === 0, [...at('cpu'), 'debugreg'], 'dr4 and dr5 zero', debugreg);
	for (const on of task.wait?.on ?? []) {
		if (on.kind === 'stream-readable')
			report(state.streams[on.stream] !== undefined, at('wait'), 'an existing stream', on.stream);
	}
}

function hasNoRegisters(cpu: CpuState): boolean {
	const none = noRegisters(cpu.fpuUsed);
	return (Object.keys(none) as (keyof CpuState)[]).every((name) => {
		const [has, want] = [cpu[name], none[name]];
		return typeof has === 'object' ? has.every((word) => word === 0) : has === want;
	});
}

/** A group and its threads know each other. */
function checkGroup({ tasks }: MachineState, { id, tgid, threads }: ThreadGroup, report: Report): void {
	const knows = (pid: number) => tasks[pid]?.group === id && tasks[pid].tgid === tgid;
	report(threads.length > 0 && threads.every(knows), ['groups', id, 'threads'], `threads of ${tgid} in this group`, threads);
	const members = Object.values(tasks).filter((t) => t.group === id);
	report(
		members.every((t) => threads.includes(t.pid)),
		['groups', id, 'threads'],
		'every task of the group',
		threads,
	);
}

/** Whether tasks and what they refer to belong together: what a restart must have right before anything of it can run. */
export function holdsTogether(state: MachineState): boolean {
	let holds = true;
	const report: Report = (ok) => {
		holds &&= ok;
	};
	for (const { group, mm, fdTable, fs, sighand } of Object.values(state.tasks)) {
		holds &&= state.groups[group] !== undefined && state.sighands[sighand] !== undefined;
		holds &&= fdTable === 0 || state.fdTables[fdTable] !== undefined;
		holds &&= fs === 0 || state.fsStructs[fs] !== undefined;
		holds &&= mm === 0 || state.objects[state.mms[mm]?.object] !== undefined;
	}
	for (const group of Object.values(state.groups)) checkGroup(state, group, report);
	return holds;
}

function checkMm(state: MachineState, mm: Mm, report: Report): void {
	const at: Path = ['mms', mm.id];
	report(state.objects[mm.object]?.kind === 'private', [...at, 'object'], 'a private object', mm.object);
	report(
		Object.values(state.mms).filter((other) => other.object === mm.object).length === 1,
		[...at, 'object'],
		'an object of its own',
		mm.object,
	);
	let end = 0;
	mm.vmas.forEach((vma, i) => {
		const path = [...at, 'vmas', i];
		const aligned = vma.start % PAGE_SIZE === 0 && vma.end % PAGE_SIZE === 0;
		report(aligned && vma.start < vma.end && vma.end <= 2 ** 32, path, 'a page-aligned range', [vma.start, vma.end]);
		report(vma.start >= end, path, 'ranges in order', vma.start);
		report(vma.object === 0 || state.objects[vma.object].kind !== 'private', [...path, 'object'], 'an object to map', vma.object);
		report(vma.object !== 0 || vma.pgoff === 0, [...path, 'pgoff'], '0 where memory is anonymous', vma.pgoff);
		report(vma.object !== 0 || (vma.flags & Vm.SHARED) === 0, [...path, 'object'], 'an object behind shared memory', 0);
		end = vma.end;
	});
	report(mm.ldt.length <= 8192, [...at, 'ldt'], 'at most 8192 entries', mm.ldt.length);
}

function checkInode(state: MachineState, inode: Inode, report: Report): void {
	const at: Path = ['inodes', inode.id];
	const object = state.objects[inode.object];
	report((inode.kind === 'file') === (object !== undefined), [...at, 'object'], 'an object if it is a file', inode.object);
	if (object !== undefined) {
		report(object.kind === 'file', [...at, 'object'], 'an object of a file', object.kind);
		report(object.size === inode.size, [...at, 'size'], `the object’s size, ${object.size}`, inode.size);
	}
	if (inode.kind === 'stream')
		report(state.streams[inode.channel] !== undefined, [...at, 'channel'], 'an existing stream', inode.channel);
	if (inode.kind === 'anon' || (inode.kind === 'socket' && inode.channel !== 0)) {
		const anon = state.anons[inode.channel];
		report((anon?.kind === 'socket') === (inode.kind === 'socket'), [...at, 'channel'], 'what it stands for', inode.channel);
	}
	if (inode.kind === 'tty') report(state.ttys[inode.channel] !== undefined, [...at, 'channel'], 'a terminal', inode.channel);
	if (inode.kind === 'dir') report(state.inodes[inode.parent]?.kind === 'dir', [...at, 'parent'], 'a directory', inode.parent);
	inode.entries.forEach(({ name }, i) => {
		report(i === 0 || inode.entries[i - 1].name < name, [...at, 'entries', i], 'names in order', name);
	});
}

function checkMount(state: MachineState, { id, parent, point, ns, sb, root, number }: Mount, report: Report): void {
	const at: Path = ['mounts', id];
	report(sb > 0, [...at, 'sb'], 'a file system', sb);
	report(root > 0, [...at, 'root'], 'an inode', root);
	report((parent === 0) === (point === 0), [...at, 'point'], 'a place in a mount, or none', point);
	report(parent === 0 || (ns !== 0 && state.mounts[parent].ns === ns), [...at, 'parent'], 'one of the same namespace', parent);
	const others = Object.values(state.mounts).filter((m) => m.id !== id);
	report(!others.some((m) => m.number === number), [...at, 'number'], 'a number of its own', number);
	report(
		point === 0 || !others.some((m) => m.parent === parent && m.point === point),
		[...at, 'point'],
		'a place of its own',
		point,
	);
	let steps = 0;
	for (let above = parent; above !== 0 && steps <= others.length; above = state.mounts[above].parent) steps++;
	report(steps <= others.length, [...at, 'parent'], 'a way to the top', parent);
}

function checkRest(state: MachineState, report: Report): void {
	const { objects, files, fsStructs, scheduler, streams, tasks } = state;
	for (const object of Object.values(objects)) {
		const at: Path = ['objects', object.id];
		report(object.kind !== 'private' || object.size === 2 ** 32, [...at, 'size'], '2^32', object.size);
		for (const key of Object.keys(object.pages.leaves).map(Number).slice(-1)) {
			const last = [...object.pages.entries(key * 1024)].at(-1)?.[0] ?? 0;
			report(last * PAGE_SIZE < object.size, [...at, 'pages'], 'pages below its size', last);
		}
	}
	for (const { id, inode, mount } of Object.values(files)) {
		report(inode > 0, ['files', id, 'inode'], 'an inode', inode);
		report(state.inodes[inode]?.kind !== 'dir' || mount > 0, ['files', id, 'mount'], 'a mount of a directory', mount);
	}
	for (const fs of Object.values(fsStructs)) {
		for (const field of ['cwd', 'root'] as const) {
			report(state.inodes[fs[field]]?.kind === 'dir', ['fsStructs', fs.id, field], 'a directory', fs[field]);
		}
		for (const field of ['cwdMount', 'rootMount'] as const)
			report(fs[field] > 0, ['fsStructs', fs.id, field], 'a mount', fs[field]);
	}
	for (const table of Object.values(state.fdTables)) {
		for (const [fd, { file }] of Object.entries(table.fds)) {
			report(file > 0, ['fdTables', table.id, 'fds', Number(fd)], 'an open file', file);
		}
	}
	const { current, queue } = scheduler;
	report(current === 0 || tasks[current] !== undefined, ['scheduler', 'current'], 'an existing task', current);
	queue.forEach((pid, i) => {
		report(
			tasks[pid] !== undefined && pid !== current && queue.indexOf(pid) === i,
			['scheduler', 'queue', i],
			'another task',
			pid,
		);
		const above = tasks[queue[i - 1]]?.sched.priority ?? 99;
		report((tasks[pid]?.sched.priority ?? 0) <= above, ['scheduler', 'queue', i], 'tasks of higher priority first', pid);
	});
	for (const [id, stream] of Object.entries(streams))
		report(stream.id === Number(id), ['streams', Number(id)], `id ${id}`, stream.id);
}
