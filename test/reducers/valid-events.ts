/** Random events that fit the state they come after: for the laws of reducing. */
import type { MachineEvent } from '../../src/events/event.ts';
import type { StepColumns } from '../../src/events/steps.ts';
import { StepMask } from '../../src/events/steps.ts';
import { unconnected } from '../../src/kernel/sockets.ts';
import { PAGE_SIZE, Pages } from '../../src/reducers/pages.ts';
import { reduce } from '../../src/reducers/reduce.ts';
import type { Anon, Inode, MachineState, Vma } from '../../src/reducers/state.ts';
import { Vm } from '../../src/reducers/state.ts';
import { inode, page, RW, sigInfo, vma } from './machine.ts';

export type Random = (below: number) => number;

function pick<T>(list: readonly T[], random: Random): T | undefined {
	return list.length === 0 ? undefined : list[random(list.length)];
}

function bytes(length: number, random: Random): Uint8Array {
	return Uint8Array.from({ length }, () => random(256));
}

/** Writable stretches of an address space, within the size of what is mapped. */
function writable(state: MachineState, mm: number): Vma[] {
	return state.mms[mm].vmas.filter(
		(v) =>
			v.flags & Vm.WRITE &&
			(v.object === 0 || (v.pgoff + (v.end - v.start) / PAGE_SIZE - 1) * PAGE_SIZE < state.objects[v.object].size),
	);
}

/** A few steps of a task: registers, flags, jumps, writes (also across pages), FX words, selectors. */
export function randomColumns(state: MachineState, task: number, count: number, random: Random): StepColumns {
	const places = writable(state, state.tasks[task].mm);
	const sites = 5;
	const words: number[] = [];
	const mask: number[] = [];
	for (let i = 0; i < count; i++) {
		let m = random(3) === 0 ? random(256) : 1 << random(8);
		for (let bits = m; bits !== 0; bits &= bits - 1) words.push(random(2 ** 32));
		if (random(2) === 0) words.push((random(2 ** 12) & ~0x8028) | 0x202) && (m |= StepMask.FLAGS);
		if (random(4) === 0) words.push(random(2 ** 32)) && (m |= StepMask.JUMP);
		const place = pick(places, random);
		if (random(2) === 0 && place !== undefined) {
			m |= StepMask.MEMORY;
			const writes = random(3);
			words.push(writes);
			for (let n = 0; n < writes; n++) {
				const size = [1, 2, 4, 4, 8, 10, 108][random(7)];
				words.push(place.start + random(place.end - place.start - size), size);
				for (let k = 0; k < size; k += 4) words.push(size - k >= 4 ? random(2 ** 32) : random(2 ** ((size - k) * 8)));
			}
		}
		if (random(6) === 0) words.push(2, random(72), random(2 ** 32), random(72), random(2 ** 32)) && (m |= StepMask.FX);
		if (random(9) === 0) words.push(1, random(6), random(2 ** 16)) && (m |= StepMask.SEGMENTS);
		if (random(9) === 0) m |= StepMask.FPU_USED;
		mask.push(m);
	}
	return {
		task,
		first: state.clock.steps,
		count,
		siteEip: Uint32Array.from({ length: sites }, (_, i) => 0x08048000 + 3 * i),
		siteLength: Uint8Array.from({ length: sites }, (_, i) => i + 1),
		siteBytes: new Uint8Array(sites * 16).fill(0x90),
		site: Uint32Array.from({ length: count }, () => random(sites)),
		mask: Uint16Array.from(mask),
		words: Uint32Array.from(words),
	};
}

type Maker = (state: MachineState, random: Random) => readonly MachineEvent[] | undefined;

/** One maker for each kind of thing that happens; undefined: not in this state. A maker's events belong together. */
const MAKERS: readonly Maker[] = [
	(_, r) => [{ kind: 'cpu/run', task: 1, steps: 1 + r(1000), check: 0, entry: 'int80' }],
	(s, r) => {
		const v = pick(writable(s, 1), r);
		if (v === undefined || v.object !== 0) return undefined;
		const pages = [{ object: s.mms[1].object, index: v.start / PAGE_SIZE, bytes: page(r(256)) }];
		return [
			{
				kind: 'cpu/run',
				task: 1,
				steps: 1,
				check: 0,
				entry: 'none',
				effect: { cpu: { ...s.tasks[1].cpu, eax: r(2 ** 32) }, pages },
			},
		];
	},
	(s, r) => [{ kind: 'cpu/steps', task: 1, columns: randomColumns(s, 1, 1 + r(20), r), entry: 'none' }],
	(_, r) => [
		{ kind: 'syscall/enter', task: 1, nr: r(300), args: [1, 2, 3, 4, 5, 6], regs: {} },
		{ kind: 'syscall/exit', task: 1, nr: 3, result: 0, regs: { eax: r(99) } },
	],
	(_, r) => [{ kind: 'task/set', task: 1, fields: { nice: r(20), comm: `c${r(9)}` } }],
	() => [
		{
			kind: 'task/block',
			task: 1,
			nr: 162,
			wait: { on: [], deadline: 5, restart: -516, signals: 0n, order: 1, fired: -1 },
			restartBlock: { call: 'nanosleep', deadline: 5, args: [] },
			regs: { eax: 2 ** 32 - 516 },
		},
		{ kind: 'task/wake', task: 1, reason: 'signal' },
		{ kind: 'syscall/exit', task: 1, nr: 162, result: -516, regs: {} },
		{ kind: 'signal/restart', task: 1, regs: { eax: 0 } },
	],
	(s, r) => [{ kind: 'sched/switch', from: s.scheduler.current, to: r(2), quantum: 100, rng: 1 + r(99), epoch: r(2) }],
	(s, r) => [
		{
			kind: 'task/set',
			task: 1,
			fields: { sched: { policy: 2, priority: 1 + r(99), resetOnFork: r(2) === 0, slice: r(9), since: r(9) } },
		},
		{ kind: 'sched/switch', from: s.scheduler.current, to: 1, quantum: 100, rng: 1, epoch: 0 },
	],
	(_, r) => [{ kind: 'clock/skip', ns: r(1000) }],
	(_, r) => [{ kind: 'clock/set', realOffsetNs: BigInt(r(1000)) - 500n }],
	(_, r) => [{ kind: 'prng/advance', words: [r(9), r(9), r(9), r(9)] }],
	(_, r) => [{ kind: 'timer/set', group: 1, which: 'real', value: { expires: r(1000), interval: r(2) } }],
	(s, r) => {
		const start = 0x10000000 + r(16) * PAGE_SIZE;
		const v = vma(start, 1 + r(3), { path: 'ab'[r(2)], flags: RW });
		return s.mms[1].vmas.some((w) => w.start < v.end && v.start < w.end) ? undefined : [{ kind: 'mm/map', mm: 1, vma: v }];
	},
	(s, r) => {
		const start = 0x11000000 + r(16) * PAGE_SIZE;
		const v = vma(start, 1, { object: 3, inode: 3, path: '/notes', pgoff: r(2), flags: RW });
		return s.objects[3] === undefined || s.mms[1].vmas.some((w) => w.start < v.end && v.start < w.end)
			? undefined
			: [{ kind: 'mm/map', mm: 1, vma: v }];
	},
	(s, r) => {
		const id = s.next.object;
		const start = 0x12000000 + r(8) * PAGE_SIZE;
		const v = vma(start, 1, { object: id, flags: RW | Vm.SHARED });
		if (s.mms[1].vmas.some((w) => w.start < v.end && v.start < w.end)) return undefined;
		return [
			{ kind: 'object/new', object: { id, kind: 'shared', pages: Pages.EMPTY, size: PAGE_SIZE } },
			{ kind: 'mm/map', mm: 1, vma: v },
		];
	},
	(_, r) => {
		const start = 0x10000000 + r(3) * 0x1000000 + r(16) * PAGE_SIZE;
		return [{ kind: 'mm/unmap', mm: 1, start, end: start + (1 + r(4)) * PAGE_SIZE }];
	},
	(s, r) => {
		const v = pick(s.mms[1].vmas, r);
		return v && [{ kind: 'mm/flags', mm: 1, start: v.start, end: v.start + PAGE_SIZE, clear: Vm.WRITE, set: r(2) * Vm.WRITE }];
	},
	(s, r) => {
		const v = pick(
			s.mms[1].vmas.filter((w) => w.start >= 0x10000000 && w.start < 0x13000000),
			r,
		);
		const to = 0x14000000 + r(16) * 0x10000;
		if (v === undefined || s.mms[1].vmas.some((w) => w.start < to + 0x10000 && to < w.end)) return undefined;
		return [{ kind: 'mm/move', mm: 1, from: v.start, to, length: v.end - v.start }];
	},
	(s, r) => {
		const v = pick(
			s.mms[1].vmas.filter((w) => w.start >= 0x10000000 && w.start < 0x40000000 && w.object === 0),
			r,
		);
		if (v === undefined) return undefined;
		const newEnd = v.start + (1 + r(6)) * PAGE_SIZE;
		if (s.mms[1].vmas.some((w) => w.start >= v.end && w.start < newEnd)) return undefined;
		return [{ kind: 'mm/resize', mm: 1, start: v.start, newStart: v.start, newEnd }];
	},
	(s, r) => {
		const v = pick(s.mms[1].vmas, r);
		return v && [{ kind: 'mm/discard', mm: 1, start: v.start, end: v.end }];
	},
	(s, r) => {
		const v = pick(writable(s, 1), r);
		if (v === undefined) return undefined;
		const at = r(v.end - v.start);
		return [
			{
				kind: 'memory/write',
				mm: 1,
				address: v.start + at,
				bytes: bytes(Math.min(1 + r(5000), v.end - v.start - at), r),
				force: false,
			},
		];
	},
	(s, r) => {
		const id = s.next.file;
		return [
			{ kind: 'file/open', file: { id, inode: 1, flags: 0, pos: 0, mount: 1, path: '/', owner: 0, signal: 0 } },
			{ kind: 'file/set', file: id, fields: { pos: r(100) } },
			{ kind: 'fd/set', table: 1, fd: r(8), file: id, cloexec: false },
		];
	},
	(s, r) => {
		const fd = pick(Object.keys(s.fdTables[1].fds).map(Number), r);
		return fd === undefined ? undefined : [{ kind: 'fd/close', table: 1, fd }];
	},
	(s, r) => {
		const { file, inode: id, pipe, ino } = s.next;
		return [
			{ kind: 'pipe/new', pipe: { id: pipe, data: bytes(3, r), capacity: 65536, wakes: { read: 0, write: 0 } } },
			{ kind: 'inode/new', inode: inode(id, { ino, kind: 'fifo', channel: pipe }) },
			{ kind: 'file/open', file: { id: file, inode: id, flags: 0, pos: 0, mount: 0, path: 'pipe:', owner: 0, signal: 0 } },
			{ kind: 'fd/set', table: 1, fd: 4 + r(8), file, cloexec: true },
			{ kind: 'pipe/write', pipe, bytes: bytes(r(9), r) },
			{ kind: 'pipe/read', pipe, length: 2 },
		];
	},
	(s, r) => {
		const { file, inode: id, anon, ino } = s.next;
		const end = (n: number, peer: number): Anon => ({
			...unconnected(1 + r(2)),
			id: anon + n,
			peer,
			connected: true,
			options: { flags: 0, sndbuf: 4608, rcvbuf: 2304, lowat: 1, rcvTimeout: null, sndTimeout: null },
		});
		const opened = (n: number, kind: Inode['kind']): MachineEvent[] => [
			{ kind: 'inode/new', inode: inode(id + n, { ino: ino + n, kind, channel: anon + n }) },
			{ kind: 'file/open', file: { id: file + n, inode: id + n, flags: 2, pos: 0, mount: 0, path: 'x', owner: 0, signal: 0 } },
			{ kind: 'fd/set', table: 1, fd: 4 + n + 4 * r(3), file: file + n, cloexec: false },
		];
		const beside = { sender: anon + 1, from: '', charge: 768, cred: null };
		const sent = (files: number[]): MachineEvent => ({
			kind: 'socket/receive',
			anon,
			bytes: bytes(1 + r(9), r),
			files,
			...beside,
		});
		const epoll: Anon = { id: anon + 2, kind: 'epoll', items: [{ fd: 4, file, events: r(9), data: 7n, seen: null }] };
		return [
			{ kind: 'anon/new', anon: end(0, 0) },
			{ kind: 'anon/new', anon: end(1, anon) },
			{ kind: 'anon/set', anon: end(0, anon + 1) },
			...opened(0, 'socket'),
			...opened(1, 'socket'),
			sent([]),
			// Not itself: in its own queue it would be nobody's until the next socket goes.
			sent([file + 1]),
			{ kind: 'socket/take', anon, length: 1 },
			{ kind: 'anon/new', anon: epoll },
			...opened(2, 'anon'),
		];
	},
	(s, r) => {
		const { inode: id, object, ino, file } = s.next;
		return [
			{ kind: 'inode/new', inode: inode(id, { ino, object }) },
			{ kind: 'dir/link', dir: 1, name: `n${r(5)}x${id}`, inode: id },
			{ kind: 'file/open', file: { id: file, inode: id, flags: 2, pos: 0, mount: 1, path: '/n', owner: 0, signal: 0 } },
			{ kind: 'fd/set', table: 1, fd: 20 + r(4), file, cloexec: false },
			{ kind: 'inode/write', inode: id, offset: r(9000), bytes: bytes(r(5000), r) },
		];
	},
	(s, r) => {
		const entry = pick(
			s.inodes[1].entries.filter((e) => e.name.startsWith('n') && e.inode > 3),
			r,
		);
		return (
			entry && [
				{ kind: 'inode/set', inode: entry.inode, fields: { nlink: 0 } },
				{ kind: 'dir/unlink', dir: 1, name: entry.name },
			]
		);
	},
	(s, r) => {
		const file = pick(
			Object.values(s.inodes).filter((i) => i.kind === 'file' && i.id > 3),
			r,
		);
		return file && [{ kind: 'inode/truncate', inode: file.id, size: r(12000) }];
	},
	(s, r) => {
		const file = pick(
			Object.values(s.inodes).filter((i) => i.kind === 'file'),
			r,
		);
		return file && [{ kind: 'inode/write', inode: file.id, offset: r(6000), bytes: bytes(r(3000), r) }];
	},
	// Something is mounted, opened, looked at by nobody any more: it goes with its file system when it is not open any more.
	(s, r) => {
		const { mount: id, super: sb, inode: root, ino, file } = s.next;
		const at = { id, number: 1 + Math.max(...Object.values(s.mounts).map((m) => m.number)), ns: 0xf0000000, parent: 1, point: 1 };
		const superblock = { id: sb, type: 'tmpfs', dev: 32 + sb, readonly: false, options: '', blocks: 0, files: 0, pidNs: 0 };
		const mount = { ...at, sb, root, source: 't', flags: r(9), peers: r(3), master: r(3), unbindable: false, expiring: false };
		return [
			{ kind: 'super/new', superblock },
			{ kind: 'inode/new', inode: inode(root, { ino, kind: 'dir', parent: root, sb }) },
			{ kind: 'mount/new', mount },
			{ kind: 'super/set', superblock: sb, fields: { readonly: r(2) === 0 } },
			{ kind: 'file/open', file: { id: file, inode: root, flags: 0, pos: 0, mount: id, path: '/', owner: 0, signal: 0 } },
			{ kind: 'fd/set', table: 1, fd: r(8), file, cloexec: false },
			{ kind: 'mount/set', mount: id, fields: { ns: 0, parent: 0, point: 0 } },
		];
	},
	(_, r) => [{ kind: 'stream/output', stream: 1, bytes: bytes(r(9), r) }],
	(s, r) => [{ kind: 'stream/read', stream: 1, length: r(s.streams[1].unread.length + 1) }],
	(_, r) => [{ kind: 'input/stream', stream: 1, bytes: bytes(r(9), r), eof: r(9) === 0, ns: r(1000) }],
	(_, r) => [{ kind: 'signal/post', task: 1, group: r(2) === 0, info: sigInfo(1 + r(64)) }],
	(s, r) => {
		const info = pick(s.tasks[1].pending, r);
		if (info === undefined) return undefined;
		return [{ kind: 'signal/take', task: 1, group: false, index: s.tasks[1].pending.indexOf(info), signo: info.signo }];
	},
	(_, r) => [{ kind: 'signal/flush', task: 1, set: BigInt(r(2 ** 30)) }],
	(_, r) => [{ kind: 'signal/mask', task: 1, blocked: BigInt(r(2 ** 30)), saved: r(2) === 0 ? null : 3n }],
	(_, r) => [
		{ kind: 'signal/action', sighand: 1, signo: 1 + r(64), action: { handler: r(99), flags: 0, restorer: 0, mask: 1n } },
	],
	(_, r) => [
		{
			kind: 'signal/deliver',
			task: 1,
			signo: 10,
			handler: 99,
			frame: 1,
			blocked: 1n,
			altstack: { sp: r(9), size: 0, flags: 2 },
			regs: { eip: 99 },
		},
	],
	(s, r) => {
		const name = `host${r(6)}`;
		if (s.inodes[1].entries.some((e) => e.name === name) || s.inodes[1].lower !== 'partial') return undefined;
		const found = { mode: 0o644, uid: 0, gid: 0, nlink: 1, size: r(9000), rdev: 0, mtime: 5n, target: '' };
		return [
			{
				kind: 'input/lookup',
				dir: 1,
				name,
				found: r(3) === 0 ? null : { ...found, kind: (['file', 'dir', 'symlink'] as const)[r(3)] },
			},
		];
	},
	(s, r) => {
		const file = pick(
			Object.values(s.inodes).filter((i) => i.lower === 'unread'),
			r,
		);
		return file && [{ kind: 'input/content', inode: file.id, bytes: bytes(r(9000), r) }];
	},
	(s, r) =>
		s.inodes[1].lower === 'partial' && r(20) === 0
			? [{ kind: 'input/listing', dir: 1, names: ['host0', 'host9', 'notes'] }]
			: undefined,
	(_, r) => [{ kind: 'input/signal', task: 1, info: sigInfo(2), ns: r(99) }],
];

/** About `count` events, each of which fits the state after those before it. */
export function randomEvents(state: MachineState, count: number, random: Random): MachineEvent[] {
	const events: MachineEvent[] = [];
	while (events.length < count) {
		const made = MAKERS[random(MAKERS.length)](state, random);
		if (made === undefined) continue;
		state = reduce(state, made);
		events.push(...made);
	}
	return events;
}
