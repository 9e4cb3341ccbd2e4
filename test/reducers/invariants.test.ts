import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { checkInvariants, checkReferences } from '../../src/reducers/invariants.ts';
import { applyEffect } from '../../src/reducers/live.ts';
import { PAGE_SIZE } from '../../src/reducers/pages.ts';
import { formatPath } from '../../src/reducers/path.ts';
import { reduce } from '../../src/reducers/reduce.ts';
import type { MachineState } from '../../src/reducers/state.ts';
import { Vm } from '../../src/reducers/state.ts';
import { HEAP, inode, NOTES, page, ROOT, RW, richMachine, vma } from './machine.ts';

type Change = (state: MachineState) => Partial<MachineState>;
const task =
	(pid: number, fields: object): Change =>
	(s) => ({ tasks: { ...s.tasks, [pid]: { ...s.tasks[pid], ...fields } } });
const mm =
	(fields: object): Change =>
	(s) => ({ mms: { ...s.mms, 1: { ...s.mms[1], ...fields } } });
const node =
	(id: number, fields: object): Change =>
	(s) => ({ inodes: { ...s.inodes, [id]: { ...s.inodes[id], ...fields } } });
const mount =
	(fields: object): Change =>
	(s) => ({ mounts: { ...s.mounts, 3: { ...s.mounts[3], ...fields } } });
const vmas = (...list: ReturnType<typeof vma>[]): Change => mm({ vmas: list });
const cpu =
	(fields: object): Change =>
	(s) =>
		task(1, { cpu: { ...s.tasks[1].cpu, ...fields } })(s);

/** What is broken, and the first violation it makes. */
const REFERENCES: readonly (readonly [Change, string])[] = [
	[task(1, { mm: 9 }), 'tasks[1]: an existing mm'],
	[task(1, { pid: 3 }), 'tasks[1].pid: pid 1'],
	[task(1, { fs: 0 }), 'tasks[1].fs: one'],
	[task(4, { mm: 1 }), 'tasks[4].mm: none'],
	[task(1, { group: 0 }), 'tasks[1].group: one'],
	[task(2, { wait: null }), 'tasks[2].wait: a wait while it sleeps'],
	[cpu({ eflags: 0 }), 'tasks[1].cpu.eflags: bits 1 and 9 set, reserved bits clear'],
	[cpu({ eflags: 0x20a }), 'tasks[1].cpu.eflags: bits 1 and 9 set, reserved bits clear'],
	[cpu({ debugreg: [0, 0, 0, 0, 1, 0, 0, 0] }), 'tasks[1].cpu.debugreg: dr4 and dr5 zero'],
	[mm({ id: 7 }), 'mms[1].id: id 1'],
	[mm({ object: 2 }), 'mms[1].object: a private object'],
	[mm({ object: 5 }), 'mms[1].object: an object of its own'],
	[vmas(vma(0x2000, 1), vma(0x1000, 1)), 'mms[1].vmas[1]: ranges in order'],
	[vmas(vma(0x1000, 2), vma(0x2000, 1)), 'mms[1].vmas[1]: ranges in order'],
	[vmas(vma(0x1001, 1)), 'mms[1].vmas[0]: a page-aligned range'],
	[vmas(vma(0x1000, 0)), 'mms[1].vmas[0]: a page-aligned range'],
	[vmas(vma(0xfffff000, 2)), 'mms[1].vmas[0]: a page-aligned range'],
	[vmas(vma(0x1000, 1, { object: 5 })), 'mms[1].vmas[0].object: an object to map'],
	[vmas(vma(0x1000, 1, { flags: RW | Vm.SHARED })), 'mms[1].vmas[0].object: an object behind shared memory'],
	[vmas(vma(0x1000, 1, { pgoff: 1 })), 'mms[1].vmas[0].pgoff: 0 where memory is anonymous'],
	[node(NOTES, { object: 0 }), 'inodes[3].object: an object if it is a file'],
	[node(NOTES, { object: 4 }), 'inodes[3].object: an object of a file'],
	[node(NOTES, { size: 1 }), 'inodes[3].size: the object’s size, 5000'],
	[node(4, { channel: 9 }), 'inodes[4].channel: an existing stream'],
	[node(7, { channel: 9 }), 'inodes[7]: an existing pipe'],
	[node(9, { parent: NOTES }), 'inodes[9].parent: a directory'],
	[
		node(9, {
			entries: [
				{ name: 'b', inode: 0 },
				{ name: 'a', inode: 0 },
			],
		}),
		'inodes[9].entries[1]: names in order',
	],
	[(s) => ({ inodes: { ...s.inodes, 11: { ...s.inodes[11], channel: 5 } } }), 'inodes[11].channel: what it stands for'],
	[(s) => ({ fsStructs: { ...s.fsStructs, 1: { ...s.fsStructs[1], cwd: NOTES } } }), 'fsStructs[1].cwd: a directory'],
	[(s) => ({ fsStructs: { ...s.fsStructs, 1: { ...s.fsStructs[1], cwdMount: 0 } } }), 'fsStructs[1].cwdMount: a mount'],
	[mount({ sb: 0 }), 'mounts[3].sb: a file system'],
	[mount({ root: 0 }), 'mounts[3].root: an inode'],
	[mount({ point: 0 }), 'mounts[3].point: a place in a mount, or none'],
	[mount({ parent: 1 }), 'mounts[3].parent: one of the same namespace'],
	[mount({ parent: 3 }), 'mounts[3].parent: a way to the top'],
	[mount({ number: 2 }), 'mounts[1].number: a number of its own'],
	[(s) => ({ mounts: { ...s.mounts, 1: { ...s.mounts[3], id: 1, number: 9 } } }), 'mounts[1].point: a place of its own'],
	[(s) => ({ scheduler: { ...s.scheduler, current: 9 } }), 'scheduler.current: an existing task'],
	[(s) => ({ scheduler: { ...s.scheduler, queue: [2, 2] } }), 'scheduler.queue[1]: another task'],
	[
		(s) => ({
			scheduler: { ...s.scheduler, queue: [2, 4] },
			tasks: { ...s.tasks, 4: { ...s.tasks[4], sched: { ...s.tasks[4].sched, priority: 5 } } },
		}),
		'scheduler.queue[1]: tasks of higher priority first',
	],
	[(s) => ({ next: { ...s.next, inode: 3 } }), 'next.inode: a counter above 3'],
	[(s) => ({ files: { ...s.files, 2: { ...s.files[2], inode: 0 } } }), 'files[2].inode: an inode'],
	[(s) => ({ files: { ...s.files, 2: { ...s.files[2], inode: ROOT, mount: 0 } } }), 'files[2].mount: a mount of a directory'],
	[
		(s) => ({ objects: { ...s.objects, 3: { ...s.objects[3], pages: s.objects[3].pages.with([[2, page(1)]]) } } }),
		'objects[3].pages: pages below its size',
	],
];

const LEFTOVERS: readonly (readonly [Change, string])[] = [
	[(s) => ({ pipes: { ...s.pipes, 3: { ...s.pipes[1], id: 3 } } }), 'pipes[3]: something that refers to it'],
	[(s) => ({ inodes: { ...s.inodes, 20: inode(20, { kind: 'symlink' }) } }), 'inodes[20]: something that refers to it'],
	[vmas(vma(0x1000, 1), vma(0x2000, 1)), 'mms[1].vmas: mergeable neighbours merged'],
	[
		(s) => ({ objects: { ...s.objects, 1: { ...s.objects[1], pages: s.objects[1].pages.with([[1, page(1)]]) } } }),
		'objects[1].pages[1]: a private mapping around it',
	],
];

const say = ({ path, rule }: { path: readonly (string | number)[]; rule: string }) => `${formatPath(path)}: ${rule}`;

test('every rule finds what breaks it', () => {
	const state = richMachine();
	assert.equal(checkInvariants(state), []);
	for (const [change, want] of REFERENCES) {
		const found = checkReferences({ ...state, ...change(state) }).map(say);
		assert.ok(found.includes(want), `${want} among ${found.join('; ')}`);
	}
	for (const [change, want] of LEFTOVERS) {
		const broken = { ...state, ...change(state) };
		assert.equal(checkReferences(broken), []);
		const found = checkInvariants(broken).map(say);
		assert.ok(found.includes(want), `${want} among ${found.join('; ')}`);
	}
	assert.ok(checkReferences({ ...state, inodes: {} }).length > 5);
	assert.is(state.inodes[ROOT].id, ROOT);
});

test('the live machine applies the effect of a run as the reducer does', () => {
	const state = richMachine();
	const effect = {
		cpu: { ...state.tasks[1].cpu, eax: 99, eip: 4 },
		pages: [
			{ object: 3, index: 0, bytes: page(4) },
			{ object: 1, index: HEAP / PAGE_SIZE, bytes: page(1) },
			{ object: 3, index: 1, bytes: page(3) },
		],
	};
	const reduced = reduce(state, [{ kind: 'cpu/run', task: 1, steps: 1, check: 0, entry: 'none', effect }]);
	const counted = reduce(state, [{ kind: 'cpu/run', task: 1, steps: 1, check: 0, entry: 'none' }]);
	assert.equal(applyEffect(counted, 1, effect.cpu, effect.pages), reduced);
});

test.run();
