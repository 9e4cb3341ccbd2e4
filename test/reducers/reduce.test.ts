import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { MachineEvent } from '../../src/events/event.ts';
import { readState } from '../../src/reducers/address-space.ts';
import { encodeEvent, encodeState } from '../../src/reducers/codec.ts';
import { checkInvariants } from '../../src/reducers/invariants.ts';
import { countSteps, settleCall } from '../../src/reducers/live.ts';
import { PAGE_SIZE, Pages } from '../../src/reducers/pages.ts';
import { freezeStates, reduce } from '../../src/reducers/reduce.ts';
import type { MachineState } from '../../src/reducers/state.ts';
import { Vm } from '../../src/reducers/state.ts';
import { pack } from '../../src/replay/pack.ts';
import { seededRandom } from '../laws/leaves.ts';
import {
	CODE,
	DATA,
	HEAP,
	inode,
	NOTES,
	page,
	ROOT,
	RW,
	richMachine,
	SHARED,
	STACK_TOP,
	sigInfo,
	testMachine,
	vma,
} from './machine.ts';
import { randomEvents } from './valid-events.ts';

freezeStates(true);

const one = (state: MachineState, ...events: MachineEvent[]) => reduce(state, events);
const at = (state: MachineState, address: number, length: number, mm = 1) => [
	...(readState(state, state.mms[mm], address, length) ?? []),
];
const write = (address: number, ...bytes: number[]): MachineEvent => ({
	kind: 'memory/write',
	mm: 1,
	address,
	bytes: new Uint8Array(bytes),
	force: false,
});

test('law: a batch reduces to what its events reduce to one by one, and nothing given is written', () => {
	fc.assert(
		fc.property(fc.nat(), fc.integer({ min: 1, max: 7 }), (seed, batch) => {
			const start = testMachine();
			const events = randomEvents(start, 60, seededRandom(seed));
			const before = pack([encodeState(start), events.map(encodeEvent)]);
			let fold = start;
			for (const event of events) fold = reduce(fold, [event]);
			let batches = start;
			for (let i = 0; i < events.length; i += batch) batches = reduce(batches, events.slice(i, i + batch));
			assert.equal(reduce(start, events), fold);
			assert.equal(batches, fold);
			assert.equal(checkInvariants(fold), []);
			assert.equal(pack([encodeState(start), events.map(encodeEvent)]), before);
		}),
		{ numRuns: 60 },
	);
});

test('no events: the very same state', () => {
	const state = testMachine();
	assert.is(reduce(state, []), state);
});

test('a run without its effect only counts; the live machine counts the same', () => {
	const state = testMachine();
	const after = one(state, { kind: 'cpu/run', task: 1, steps: 7, check: 0, entry: 'int80' });
	assert.is(after.clock.steps, 7);
	assert.is(after.tasks[1].times.steps, 7);
	assert.is(after.scheduler.left, 99_993);
	assert.is(after.tasks[1].cpu, state.tasks[1].cpu);
	assert.equal(countSteps(state, 1, 7, 'int80'), after);
});

test('a call that changes registers settles as the live machine says', () => {
	const state = one(richMachine(), { kind: 'cpu/run', task: 1, steps: 1, check: 0, entry: 'int80' });
	const { cpu } = state.tasks[1];
	const after = one(
		state,
		{ kind: 'syscall/enter', task: 1, nr: 20, args: [], regs: {} },
		{ kind: 'syscall/exit', task: 1, nr: 20, result: 1, regs: { eax: cpu.eax } },
	);
	assert.equal(settleCall(state, 1), after);
});

test('a call: entered, blocked, woken, restarted', () => {
	let s = one(testMachine(), { kind: 'syscall/enter', task: 1, nr: 162, args: [], regs: { esp: 16 } });
	assert.is(s.tasks[1].origAx, 162);
	assert.is(s.tasks[1].cpu.esp, 16);
	const wait = { on: [], deadline: 9, restart: -516, signals: 0n, order: 4, fired: -1 };
	const restartBlock = { call: 'nanosleep', deadline: 9, args: [] };
	s = one(s, { kind: 'task/block', task: 1, nr: 162, wait, restartBlock, regs: { eax: 0xfffffdfc } });
	assert.is(s.tasks[1].state, 'sleeping');
	s = one(s, { kind: 'task/wake', task: 1, reason: 'signal' });
	assert.equal([s.tasks[1].state, s.tasks[1].wait, s.tasks[1].origAx], ['running', null, 162]);
	s = one(s, { kind: 'syscall/exit', task: 1, nr: 162, result: -516, regs: {} });
	assert.equal([s.tasks[1].origAx, s.tasks[1].restartBlock], [162, restartBlock], 'until it is left, the call goes on');
	s = one(s, { kind: 'signal/restart', task: 1, regs: { eax: 0, eip: CODE } });
	assert.equal([s.tasks[1].origAx, s.tasks[1].restartBlock], [-1, restartBlock]);
	s = one(s, { kind: 'syscall/exit', task: 1, nr: 0, result: 0, regs: {} });
	assert.is(s.tasks[1].restartBlock, null);
});

test('exec: handlers default, ignored stay ignored, FPU unused, registers as given', () => {
	const ignore = { handler: 1, flags: 4, restorer: 5, mask: 6n };
	const state = one(
		testMachine(),
		{ kind: 'signal/action', sighand: 1, signo: 2, action: { ...ignore, handler: CODE } },
		{ kind: 'signal/action', sighand: 1, signo: 13, action: ignore },
	);
	const mm = { ...state.mms[1], id: 2, object: 9, vmas: [] };
	const after = one(
		state,
		{ kind: 'mm/new', mm, object: { id: 9, kind: 'private', pages: Pages.EMPTY, size: 2 ** 32 } },
		{ kind: 'task/exec', task: 1, mm: 2, comm: 'sh', path: '/sh', regs: { eip: 5 } },
		{ kind: 'mm/drop', mm: 1 },
	);
	const { actions } = after.sighands[1];
	assert.equal([actions[2].handler, actions[13].handler, actions[13].flags, actions[13].mask], [0, 1, 0, 0n]);
	assert.equal([after.tasks[1].comm, after.tasks[1].cpu.eip, after.tasks[1].cpu.esp], ['sh', 5, state.tasks[1].cpu.esp]);
	assert.equal([Object.keys(after.mms), after.objects[1]], [['2'], undefined]);
	assert.equal(after.tasks[1].tls, []);
	assert.equal(checkInvariants(after), []);
});

test('exit: descriptors, directory and what only they held go; the rest of the machine stays', () => {
	const s = one(testMachine(), { kind: 'task/exit', task: 1, status: 0x100, zombie: true }, { kind: 'mm/drop', mm: 1 });
	assert.equal([s.tasks[1].state, s.tasks[1].exitStatus, s.tasks[1].mm], ['zombie', 0x100, 0]);
	assert.equal([s.fdTables, s.fsStructs, s.files, s.mms], [{}, {}, {}, {}]);
	assert.equal(Object.keys(s.inodes), ['1', '2', '3'], 'the tty’s inode went');
	assert.equal(checkInvariants(s), []);
});

test('copy-on-write: the private page hides the file’s, which stays', () => {
	const s = one(testMachine(), write(DATA + 1, 9));
	assert.equal(at(s, DATA, 4), [1, 9, 3, 4]);
	assert.is(s.objects[2], testMachine() && s.objects[2]);
	assert.equal([...s.objects[2].pages.get(1)!.subarray(0, 4)], [1, 2, 3, 4]);
	assert.equal(at(one(s, { kind: 'mm/discard', mm: 1, start: DATA, end: DATA + PAGE_SIZE }), DATA, 4), [1, 2, 3, 4]);
	assert.throws(() => one(s, write(CODE, 1)), /not writable/);
	assert.throws(() => one(s, write(0x5000, 1)), /not writable/);
	assert.equal(at(one(s, { ...write(CODE, 0xcc), force: true } as MachineEvent), CODE, 2), [0xcc, 0x90]);
});

test('a shared mapping and its file are the same pages', () => {
	const s = one(testMachine(), write(SHARED + 4094, 1, 2, 3));
	assert.equal([...s.objects[NOTES].pages.get(0)!.subarray(4094)], [1, 2]);
	assert.equal(
		at(one(s, { kind: 'inode/write', inode: NOTES, offset: 4095, bytes: new Uint8Array([7, 8]) }), SHARED + 4094, 3),
		[1, 7, 8],
	);
});

test('within one batch, what is copied is what came in it: a fork after a mapping, a thread renamed after a call', () => {
	const map: MachineEvent = { kind: 'mm/map', mm: 1, vma: vma(0x50000000, 1) };
	const limit: MachineEvent = { kind: 'mm/set', mm: 1, fields: { dumpable: 0 } };
	const named: MachineEvent = { kind: 'task/set', task: 1, fields: { comm: 'renamed' } };
	const start = testMachine();
	const { mm, object } = start.next;
	const fork: MachineEvent = { kind: 'mm/fork', mm, from: 1, object };
	const rename: MachineEvent = { kind: 'task/rename', task: 1, to: 9 };
	const s = one(start, map, limit, fork, named, rename);
	assert.ok(s.mms[mm].vmas.some((v) => v.start === 0x50000000));
	assert.equal([s.mms[mm].dumpable, s.tasks[9].comm], [0, 'renamed']);
	assert.equal(
		s,
		[map, limit, fork, named, rename].reduce((state, event) => one(state, event), start),
	);
});

test('unmap, resize and move take the private pages with them', () => {
	const s = one(testMachine(), write(HEAP, 1), write(HEAP + PAGE_SIZE, 2), write(HEAP + 3 * PAGE_SIZE, 4));
	const heap = (x: MachineState) =>
		[...x.objects[1].pages.entries(HEAP >>> 12, (HEAP >>> 12) + 64)].map(([i, p]) => [i - (HEAP >>> 12), p[0]]);
	assert.equal(heap(one(s, { kind: 'mm/unmap', mm: 1, start: HEAP, end: HEAP + PAGE_SIZE })), [
		[1, 2],
		[3, 4],
	]);
	const shrink = { kind: 'mm/resize', mm: 1, start: HEAP, newStart: HEAP, newEnd: HEAP + PAGE_SIZE } as const;
	assert.equal(heap(one(s, shrink)), [[0, 1]]);
	assert.equal(
		at(one(s, shrink, { ...shrink, newEnd: HEAP + 4 * PAGE_SIZE }), HEAP + PAGE_SIZE, 1),
		[0],
		'zeros once it grows again',
	);
	const to = HEAP + 16 * PAGE_SIZE;
	const moved = one(s, { kind: 'mm/move', mm: 1, from: HEAP + PAGE_SIZE, to, length: 3 * PAGE_SIZE });
	assert.equal(heap(moved), [
		[0, 1],
		[16, 2],
		[18, 4],
	]);
	const stack = {
		kind: 'mm/resize',
		mm: 1,
		start: STACK_TOP - 8 * PAGE_SIZE,
		newStart: STACK_TOP - 9 * PAGE_SIZE,
		newEnd: STACK_TOP,
	} as const;
	assert.equal(at(one(s, stack), STACK_TOP - 1, 1), [0x11]);
});

test('shared anonymous memory goes with its last mapping', () => {
	const object = { id: 9, kind: 'shared', pages: Pages.EMPTY, size: PAGE_SIZE } as const;
	const map = (start: number): MachineEvent => ({
		kind: 'mm/map',
		mm: 1,
		vma: vma(start, 1, { object: 9, flags: RW | Vm.SHARED }),
	});
	const s = one(testMachine(), { kind: 'object/new', object }, map(0x10000), map(0x20000));
	const less = one(s, { kind: 'mm/unmap', mm: 1, start: 0x10000, end: 0x11000 });
	assert.ok(less.objects[9]);
	assert.is(one(less, { kind: 'mm/unmap', mm: 1, start: 0x20000, end: 0x21000 }).objects[9], undefined);
	assert.is(s.next.object, 10);
});

test('a file: written, cut and grown, with zeros beyond its end', () => {
	const file = (s: MachineState) =>
		[...s.objects[NOTES].pages.entries()].flatMap(([i, p]) => [...p].map((b, j) => [i * PAGE_SIZE + j, b]));
	const cut = one(testMachine(), { kind: 'inode/truncate', inode: NOTES, size: 2 });
	assert.equal([cut.inodes[NOTES].size, cut.objects[NOTES].size], [2, 2]);
	assert.equal(
		file(cut).filter(([, b]) => b !== 0),
		[
			[0, 0x61],
			[1, 0x61],
		],
	);
	const grown = one(cut, { kind: 'inode/write', inode: NOTES, offset: 9000, bytes: new Uint8Array([5]) });
	assert.is(grown.inodes[NOTES].size, 9001);
	assert.equal(
		file(grown)
			.filter(([, b]) => b !== 0)
			.at(-1),
		[9000, 5],
	);
	const mapped = one(testMachine(), write(SHARED + 5001, 0xff), { kind: 'inode/truncate', inode: NOTES, size: 6000 });
	assert.equal(at(mapped, SHARED + 5001, 1), [0], 'what was written beyond the end is not part of the file');
});

test('an unlinked file lives until its last user goes', () => {
	const unlink: MachineEvent[] = [
		{ kind: 'inode/set', inode: NOTES, fields: { nlink: 0 } },
		{ kind: 'dir/unlink', dir: ROOT, name: 'notes' },
	];
	const s = one(testMachine(), ...unlink);
	assert.ok(s.inodes[NOTES]);
	const closed = one(s, { kind: 'fd/close', table: 1, fd: 3 });
	assert.ok(closed.inodes[NOTES], 'still mapped');
	assert.is(closed.files[2], undefined);
	const gone = one(closed, { kind: 'mm/unmap', mm: 1, start: SHARED, end: SHARED + 2 * PAGE_SIZE });
	assert.equal([gone.inodes[NOTES], gone.objects[NOTES]], [undefined, undefined]);
	assert.equal(gone.inodes[ROOT].entries[0], { name: 'notes', inode: 0 }, 'the host’s file of that name must not come back');
	assert.equal(checkInvariants(gone), []);
	const other = one(
		testMachine(),
		{ kind: 'fd/close', table: 1, fd: 3 },
		{ kind: 'mm/unmap', mm: 1, start: SHARED, end: SHARED + 0x2000 },
	);
	assert.is(one(other, ...unlink).inodes[NOTES], undefined, 'at once, when nobody uses it');
});

test('a pipe goes with its last open file, a descriptor replaced counts as closed', () => {
	const open = (id: number): MachineEvent => ({
		kind: 'file/open',
		file: { id, inode: 9, flags: 0, pos: 0, mount: 0, path: 'pipe:', owner: 0, signal: 0 },
	});
	const fd = (n: number, file: number): MachineEvent => ({ kind: 'fd/set', table: 1, fd: n, file, cloexec: false });
	let s = one(
		testMachine(),
		{ kind: 'pipe/new', pipe: { id: 1, data: new Uint8Array(0), capacity: 10, wakes: { read: 0, write: 0 } } },
		{ kind: 'inode/new', inode: inode(9, { ino: 30, kind: 'fifo', channel: 1 }) },
		open(8),
		open(9),
		fd(8, 8),
		fd(9, 9),
		fd(10, 9),
	);
	assert.is(s.next.ino, 31);
	s = one(s, fd(8, 1), { kind: 'fd/close', table: 1, fd: 9 });
	assert.equal([s.files[8], s.pipes[1] !== undefined], [undefined, true]);
	s = one(s, { kind: 'fd/close', table: 1, fd: 10 });
	assert.equal([s.files[9], s.pipes[1], s.inodes[9]], [undefined, undefined, undefined]);
	assert.equal(checkInvariants(s), []);
});

test('look-ups, listings and contents of the host root', () => {
	const found = { kind: 'file', mode: 0o600, uid: 3, gid: 4, nlink: 1, size: 9, rdev: 0, mtime: 5n, target: '' } as const;
	let s = one(
		testMachine(),
		{ kind: 'input/lookup', dir: ROOT, name: 'etc', found: { ...found, kind: 'dir' } },
		{ kind: 'input/lookup', dir: 5, name: 'passwd', found },
		{ kind: 'input/lookup', dir: 5, name: 'nothing', found: null },
	);
	assert.equal(s.inodes[5].lower, 'partial');
	const { lower, lowerPath, object, ino, size } = s.inodes[6];
	assert.equal([lower, lowerPath, object, ino, size, s.next.inode, s.next.ino], ['unread', 'etc/passwd', 4, 21, 9, 7, 22]);
	s = one(s, { kind: 'input/content', inode: 6, bytes: new Uint8Array([1, 2, 3]) });
	assert.equal([s.inodes[6].lower, s.inodes[6].size, s.objects[4].size], ['none', 3, 3]);
	s = one(s, { kind: 'input/listing', dir: 5, names: ['group', 'nothing', 'passwd'] });
	assert.equal(s.inodes[5].entries, [
		{ name: 'group', inode: -1 },
		{ name: 'passwd', inode: 6 },
	]);
	s = one(s, { kind: 'input/lookup', dir: 5, name: 'group', found });
	assert.equal(s.inodes[5].entries[0], { name: 'group', inode: 7 });
	assert.equal(checkInvariants(s), []);
});

test('signals: queued in order, taken, flushed, stopped and continued', () => {
	let s = one(
		testMachine(),
		{ kind: 'signal/post', task: 1, group: false, info: sigInfo(10) },
		{ kind: 'signal/post', task: 1, group: false, info: sigInfo(12) },
		{ kind: 'signal/post', task: 1, group: true, info: sigInfo(64) },
		{ kind: 'input/signal', task: 1, info: sigInfo(2), ns: 50 },
	);
	assert.is(s.clock.skewNs, 50);
	assert.equal(
		s.groups[1].pending.map((i) => i.signo),
		[64, 2],
	);
	assert.throws(() => one(s, { kind: 'signal/take', task: 1, group: false, index: 0, signo: 12 }), /not pending/);
	s = one(s, { kind: 'signal/take', task: 1, group: false, index: 1, signo: 12 });
	s = one(s, { kind: 'signal/flush', task: 1, set: (1n << 9n) | (1n << 63n) });
	assert.equal([s.tasks[1].pending, s.groups[1].pending.map((i) => i.signo)], [[], [2]]);
	s = one(s, { kind: 'signal/default', task: 1, signo: 19, action: 'stop' });
	assert.equal([s.tasks[1].state, s.groups[1].stopSignal], ['running', 19], 'each thread stops by itself');
	s = one(s, { kind: 'task/stop', task: 1 });
	assert.is(s.tasks[1].state, 'stopped');
	assert.is(one(s, { kind: 'signal/default', task: 1, signo: 18, action: 'continue' }).tasks[1].state, 'running');
});

test('events that do not fit are assertions, and the state stays as it was', () => {
	const s = testMachine();
	assert.throws(() => one(s, { kind: 'task/wake', task: 9, reason: 'ready' }), /no tasks\[9\]/);
	assert.throws(
		() => one(s, { kind: 'pipe/new', pipe: { id: 0, data: new Uint8Array(0), capacity: 1, wakes: { read: 0, write: 0 } } }),
		/bad id 0/,
	);
	assert.throws(() => one(s, { kind: 'file/open', file: { ...s.files[1] } }), /exists already/);
	assert.throws(() => one(s, { kind: 'fd/close', table: 1, fd: 9 }), /not open/);
	assert.equal(s, testMachine());
	assert.is(page(1).length, PAGE_SIZE);
});

test.after(() => freezeStates(false));
test.run();
