import { test } from 'uvu';
import * as assert from 'uvu/assert';
import xxhash from 'xxhash-wasm';
import { canonical } from '../../src/reducers/canonical.ts';
import { diffStates, equalStates, formatPath } from '../../src/reducers/diff.ts';
import { createDigester } from '../../src/reducers/digest.ts';
import { reduce } from '../../src/reducers/reduce.ts';
import type { Anon, MachineState } from '../../src/reducers/state.ts';
import { mutateLeaves } from '../laws/leaves.ts';
import { CODE, DATA, HEAP, page, richMachine, SHARED, STACK_TOP, testMachine } from './machine.ts';

const { h64Raw } = await xxhash();
const paths = (a: MachineState, b: MachineState) => diffStates(a, b).map((d) => formatPath(d.path));

test('leaf law: digest and diff see every leaf that is changed, but for those that are left out', () => {
	const seed = (Math.random() * 2 ** 32) >>> 0;
	const state = richMachine();
	const digest = createDigester(h64Raw);
	const own = digest(state);
	const seen = new Set<bigint>([own]);
	let count = 0;
	for (const { path, what, state: other, excluded } of mutateLeaves(state, seed)) {
		const where = `seed ${seed}: ${formatPath(path)}: ${what}`;
		assert.is(digest(other) === own, excluded, `digest, ${where}`);
		assert.is(equalStates(state, other), excluded, `diff, ${where}`);
		assert.is(createDigester(h64Raw)(other), digest(other), `a fresh digester agrees, ${where}`);
		if (!excluded) seen.add(digest(other));
		count++;
	}
	assert.ok(count > 1500, `${count} leaves`);
	// Different changes give different digests too, but for a few that come to the same.
	assert.ok(seen.size > count * 0.9, `${seen.size} digests of ${count}`);
});

/** The same machine with other internal ids: every id of a table n becomes 1000 - n. */
function renamed(state: MachineState): MachineState {
	const flip = (id: number) => (id > 0 ? 1000 - id : id);
	const table = <T extends { id: number }>(t: { readonly [id: number]: T }, change: (v: T) => Partial<T>) =>
		Object.fromEntries(Object.values(t).map((v) => [flip(v.id), { ...v, ...change(v), id: flip(v.id) }]));
	return {
		...state,
		next: { ...state.next, mm: 2000, object: 2001 },
		tasks: Object.fromEntries(
			Object.values(state.tasks).map((t) => [
				t.pid,
				{
					...t,
					mm: flip(t.mm),
					fdTable: flip(t.fdTable),
					fs: flip(t.fs),
					sighand: flip(t.sighand),
					group: flip(t.group),
					semUndo: flip(t.semUndo),
					ns: t.ns && { uts: flip(t.ns.uts), ipc: flip(t.ns.ipc), mnt: flip(t.ns.mnt), pid: flip(t.ns.pid) },
					pidNs: flip(t.pidNs),
					wait: t.wait && {
						...t.wait,
						on: t.wait.on.map((w) =>
							'pipe' in w
								? { ...w, pipe: flip(w.pipe) }
								: 'anon' in w
									? { ...w, anon: flip(w.anon) }
									: 'tty' in w
										? { ...w, tty: flip(w.tty) }
										: w.kind === 'futex'
											? { ...w, object: flip(w.object) }
											: w.kind === 'futex-requeue'
												? { ...w, object: flip(w.object), toObject: flip(w.toObject) }
												: w,
						),
					},
				},
			]),
		),
		mms: table(state.mms, (mm) => ({
			object: flip(mm.object),
			exe: flip(mm.exe),
			vmas: mm.vmas.map((v) => ({ ...v, object: flip(v.object), inode: flip(v.inode) })),
		})),
		objects: table(state.objects, () => ({})),
		fdTables: table(state.fdTables, (t) => ({
			fds: Object.fromEntries(Object.entries(t.fds).map(([n, fd]) => [n, { ...fd, file: flip(fd.file) }])),
		})),
		fsStructs: table(state.fsStructs, (f) => ({
			cwd: flip(f.cwd),
			cwdMount: flip(f.cwdMount),
			root: flip(f.root),
			rootMount: flip(f.rootMount),
		})),
		supers: table(state.supers, (sb) => ({ pidNs: flip(sb.pidNs) })),
		mounts: table(state.mounts, (m) => ({
			parent: flip(m.parent),
			point: flip(m.point),
			sb: flip(m.sb),
			root: flip(m.root),
		})),
		sighands: table(state.sighands, () => ({})),
		groups: table(state.groups, (g) => ({ tty: flip(g.tty) })),
		ttys: table(state.ttys, () => ({})),
		files: table(state.files, (f) => ({ inode: flip(f.inode), mount: flip(f.mount) })),
		inodes: table(state.inodes, (i) => ({
			sb: flip(i.sb),
			object: flip(i.object),
			channel: ['fifo', 'anon', 'socket', 'tty'].includes(i.kind) ? flip(i.channel) : i.channel,
			parent: flip(i.parent),
			entries: i.entries.map((e) => ({ ...e, inode: flip(e.inode) })),
		})),
		pipes: table(state.pipes, () => ({})),
		ipcs: table(state.ipcs, (i) => (i.kind === 'shm' ? { object: flip(i.object) } : {})),
		semUndos: table(state.semUndos, (u) => ({ entries: u.entries.map((e) => ({ ...e, set: flip(e.set) })) })),
		anons: table<Anon>(state.anons, (a) =>
			a.kind === 'epoll'
				? { items: a.items.map((i) => ({ ...i, file: flip(i.file) })) }
				: a.kind === 'socket'
					? {
							peer: flip(a.peer),
							bound: flip(a.bound),
							waiting: a.waiting.map(flip),
							queue: a.queue.map((m) => ({ ...m, sender: flip(m.sender), files: m.files.map(flip) })),
						}
					: a.kind === 'pidfd'
						? { group: flip(a.group) }
						: a.kind === 'ns' && a.pids !== null
							? { pids: { ...a.pids, parent: flip(a.pids.parent) } }
							: {},
		),
	};
}

test('internal ids do not count', () => {
	const state = richMachine();
	const digest = createDigester(h64Raw);
	assert.equal(paths(state, renamed(state)), []);
	assert.is(digest(renamed(state)), digest(state));
	assert.equal(canonical(renamed(state)), canonical(state));
});

test('zeros in anonymous memory equal no page; over a file’s page they do not', () => {
	const state = richMachine();
	const digest = createDigester(h64Raw);
	const withPage = (object: number, index: number, bytes: Uint8Array): MachineState => ({
		...state,
		objects: {
			...state.objects,
			[object]: { ...state.objects[object], pages: state.objects[object].pages.with([[index, bytes]]) },
		},
	});
	const heap = withPage(1, HEAP >>> 12, page(0));
	assert.is(digest(heap), digest(state));
	assert.ok(equalStates(heap, state));
	const data = withPage(1, DATA >>> 12, page(0));
	assert.is.not(digest(data), digest(state));
	assert.equal(diffStates(state, data)[0], {
		path: ['memory', 1, '0804a000+4096'],
		a: undefined,
		b: new Uint8Array(16),
		memory: { address: DATA, length: 4096, pages: 1, object: 1, index: DATA >>> 12 },
	});
});

test('differences have readable paths', () => {
	const state = testMachine();
	const change = (change: Partial<MachineState>) => paths(state, { ...state, ...change });
	const task = (fields: object) => change({ tasks: { 1: { ...state.tasks[1], ...fields } } });
	const fx = new Uint8Array(512);
	fx[32] = 1;
	fx[24] = 0x80;
	assert.equal(task({ cpu: { ...state.tasks[1].cpu, eip: 1, fx } }), [
		'tasks[1].cpu.eip',
		'tasks[1].cpu.fx.mxcsr',
		'tasks[1].cpu.fx.st0',
	]);
	const vmas = state.mms[1].vmas.with(3, { ...state.mms[1].vmas[3], flags: 1 });
	assert.equal(change({ mms: { 1: { ...state.mms[1], vmas } } }), ['mms[1].vmas[3].flags']);
	assert.equal(change({ tasks: {} }).slice(0, 1), ['tasks[1]']);
	assert.is(diffStates(state, { ...state, tasks: {}, ended: true }, { limit: 1 }).length, 1);
});

test('memory differences are runs of pages at linear addresses', () => {
	const state = testMachine();
	const after = reduce(state, [
		{ kind: 'memory/write', mm: 1, address: HEAP + 4090, bytes: new Uint8Array([1, 2, 3, 4, 5, 6, 7, 8]), force: false },
		{ kind: 'memory/write', mm: 1, address: STACK_TOP - 1, bytes: new Uint8Array([0]), force: false },
		{ kind: 'memory/write', mm: 1, address: SHARED + 4096, bytes: new Uint8Array([0x42]), force: false },
		{ kind: 'memory/write', mm: 1, address: CODE + 1, bytes: new Uint8Array([0xcc]), force: true },
	]);
	const found = diffStates(state, after);
	assert.equal(
		found.map((d) => [formatPath(d.path), d.memory?.pages]),
		[
			['memory[1].08048000+4096', 1],
			['memory[1].09000ffa+8', 2],
			['memory[1].bfffffff+1', 1],
			['memory[1].40001000+1', 1],
		],
	);
	assert.equal((found[1].b as Uint8Array).slice(0, 6), new Uint8Array([1, 2, 3, 4, 5, 6]));
});

test.run();
