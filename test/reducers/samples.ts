/** One event of every kind at least, with values at the edges: for the codec and the catalogue. They need not fit a state. */
import { CATALOGUE } from '../../src/events/catalogue.ts';
import type { EventKind, MachineEvent } from '../../src/events/event.ts';
import type { Restored } from '../../src/events/restore.ts';
import type { StepColumns } from '../../src/events/steps.ts';
import { StepMask } from '../../src/events/steps.ts';
import { CODE, DATA, DEFAULT, group, inode, page, richMachine, sigInfo, task, tty, vma } from './machine.ts';

/** Three steps: an add with flags, a store of two bytes at DATA + 1, a jump back that loads es and an FX word. */
export function sampleColumns(): StepColumns {
	return {
		task: 1,
		first: 7,
		count: 3,
		siteEip: Uint32Array.of(CODE, CODE + 2, CODE + 5),
		siteLength: Uint8Array.of(2, 3, 2),
		siteBytes: new Uint8Array(48).fill(0x90),
		site: Uint32Array.of(0, 1, 2),
		mask: Uint16Array.of(
			StepMask.FLAGS | 0b101,
			StepMask.MEMORY,
			StepMask.JUMP | StepMask.FX | StepMask.SEGMENTS | StepMask.FPU_USED,
		),
		words: Uint32Array.of(0xffffffff, 5, 0x246, 1, DATA + 1, 2, 0xbbaa, CODE, 1, 40, 0x3f800000, 1, 0, 0x33),
	};
}

const regs = { eax: 0xfffffff2, eip: 0x8048000 };

/** What each kind of object of an image makes of a machine. */
function sampleRestored(): Restored[] {
	const rich = richMachine();
	const [, value] = Object.values(rich.tasks);
	const { group, sighand, fdTable, fs } = value;
	const own = {
		group: rich.groups[group],
		sighand: rich.sighands[sighand],
		fdTable: rich.fdTables[fdTable],
		fs: rich.fsStructs[fs],
	};
	const standing = { state: 'sleeping', origAx: -1, entry: 'int80' } as const;
	return [
		{ kind: 'nothing' },
		{ kind: 'task', value, ...own },
		{ kind: 'task', value, group: null, sighand: null, fdTable: null, fs: null },
		{ kind: 'mm', task: 1, mm: rich.mms[1], object: rich.objects[1] },
		{ kind: 'join', task: 2, mm: 1 },
		{ kind: 'vma', mm: 1, vma: vma(CODE, 1) },
		{ kind: 'pages', object: 1, index: 2 ** 20 - 1, bytes: page(9) },
		{ kind: 'zeros', object: 1, index: 0, count: 2 ** 20 },
		{ kind: 'ldt', mm: 1, ldt: [{ a: 0xffffffff, b: 0 }] },
		{ kind: 'fpu', task: 1, fx: new Uint8Array(512).fill(3) },
		{ kind: 'registers', task: 1, regs, ...standing, wait: rich.tasks[2].wait, restartBlock: rich.tasks[1].restartBlock },
		{ kind: 'registers', task: 1, regs: { debugreg: [1, 2, 3, 4, 0, 0, 6, 7] }, ...standing, wait: null, restartBlock: null },
	];
}

export function sampleEvents(): MachineEvent[] {
	const stop = { at: 'signal', code: 5 | (128 << 8), info: sigInfo(5), result: -1 } as const;
	const flags = {
		seized: true,
		syscall: false,
		step: true,
		emulate: false,
		forcedTf: true,
		released: false,
		interrupt: false,
		listening: true,
	};
	const trace = { tracer: 2, options: 0x100007f, message: 0xffffffff, ...flags, stop };
	const rich = richMachine();
	const { cpu } = rich.tasks[1];
	const timer = { expires: 10 ** 15, interval: 0 };
	const lock = { kind: 'posix', write: true, start: 0, end: 2 ** 40, table: 1, file: 0, pid: 1 } as const;
	const list: MachineEvent[] = [
		{ kind: 'cpu/run', task: 1, steps: 5, check: 0xffffffff, entry: 'int80' },
		{
			kind: 'cpu/run',
			task: 1,
			steps: 2 ** 40,
			check: 0,
			entry: 'none',
			effect: { cpu, pages: [{ object: 1, index: 9, bytes: page(3) }] },
		},
		{ kind: 'cpu/steps', task: 1, columns: sampleColumns(), entry: 'sysenter' },
		{ kind: 'task/new', task: 9, value: task(9), group: group(9, 9) },
		{
			kind: 'task/new',
			task: 9,
			value: rich.tasks[2],
			sighand: rich.sighands[2],
			fdTable: rich.fdTables[2],
			fs: rich.fsStructs[2],
		},
		{ kind: 'task/set', task: 1, fields: { comm: 'x', nice: -5, creds: rich.tasks[1].creds, restartBlock: null } },
		{ kind: 'group/set', group: 1, fields: { pgrp: 3, rlimits: rich.groups[1].rlimits } },
		{ kind: 'task/exec', task: 1, mm: 3, comm: 'ls', path: '/bin/ls', regs: { ...cpu } },
		{ kind: 'task/block', task: 1, nr: 3, wait: rich.tasks[2].wait!, restartBlock: rich.tasks[1].restartBlock, regs },
		{ kind: 'task/wake', task: 1, reason: 'timeout' },
		{ kind: 'task/exit', task: 1, status: 0x8b, zombie: true },
		{ kind: 'group/exit', group: 1, status: 256 },
		{ kind: 'syscall/enter', task: 1, nr: 0xffffffff, args: [1, 2, 3, 4, 5, 0xffffffff], regs: {} },
		{ kind: 'syscall/exit', task: 1, nr: 4, result: -14, regs },
		{ kind: 'cpu/fault', task: 1, vector: 14, error: 6, address: 0xffffffff, eip: CODE, bus: false },
		{ kind: 'unsupported', task: 1, what: 'instruction', name: 'unknown opcode', eip: CODE, bytes: new Uint8Array([15, 255]) },
		{ kind: 'task/oom', task: 1, used: 262_144, limit: 262_144 },
		{ kind: 'sched/yield', task: 1 },
		{ kind: 'task/reap', task: 4, group: 1, times: rich.groups[1].childTimes },
		{ kind: 'task/reap', task: 4, group: 0, times: null },
		{ kind: 'task/rename', task: 5, to: 4 },
		{ kind: 'pid/enter', ns: 1, pid: 5, nr: 2, next: 3 },
		{ kind: 'pid/leave', ns: 1, pid: 5 },
		{ kind: 'task/unshare', task: 1, sighand: rich.sighands[1], fdTable: rich.fdTables[1], fs: rich.fsStructs[1] },
		{ kind: 'task/stop', task: 1 },
		{ kind: 'trace/stop', task: 1, trace, regs },
		{ kind: 'trace/resume', task: 1, trace: null, regs: {} },
		{ kind: 'wait/fire', task: 2, index: 1 },
		{ kind: 'wait/move', task: 2, on: rich.tasks[2].wait!.on },
		{ kind: 'mm/fork', mm: 9, from: 1, object: 30 },
		{ kind: 'inode/lock', inode: 3, locks: [lock] },
		{ kind: 'pipe/set', pipe: 1, fields: { capacity: 4096 } },
		{ kind: 'sched/switch', from: 1, to: 0, quantum: 1000, rng: 0xffffffff, epoch: 3 },
		{ kind: 'clock/skip', ns: 2 ** 50 },
		{ kind: 'clock/set', realOffsetNs: -(2n ** 62n) },
		{ kind: 'prng/advance', words: [1, 2, 3, 0xffffffff] },
		{ kind: 'timer/set', group: 1, which: 'real', value: timer },
		{ kind: 'timer/expire', group: 1, which: 'prof', value: { expires: null, interval: 5 } },
		{ kind: 'machine/end' },
		{ kind: 'mm/new', mm: rich.mms[2], object: rich.objects[5] },
		{ kind: 'mm/drop', mm: 1 },
		{ kind: 'mm/set', mm: 1, fields: { brk: 2 ** 32, exePath: 'é\u{1f600}', auxv: [1, 2] } },
		{ kind: 'mm/map', mm: 1, vma: vma(0xfffff000, 1) },
		{ kind: 'mm/unmap', mm: 1, start: 0, end: 2 ** 32 },
		{ kind: 'mm/flags', mm: 1, start: 0, end: 4096, clear: 7, set: 0xffffffff },
		{ kind: 'mm/move', mm: 1, from: 4096, to: 8192, length: 4096 },
		{ kind: 'mm/resize', mm: 1, start: 4096, newStart: 0, newEnd: 8192 },
		{ kind: 'mm/discard', mm: 1, start: 0, end: 4096 },
		{ kind: 'object/new', object: rich.objects[4] },
		{ kind: 'object/drop', object: 4 },
		{ kind: 'memory/write', mm: 1, address: DATA, bytes: new Uint8Array(5000).fill(1), force: true },
		{ kind: 'file/open', file: rich.files[5] },
		{ kind: 'file/set', file: 1, fields: { pos: 2 ** 40 } },
		{ kind: 'fd/set', table: 1, fd: 0, file: 2, cloexec: true },
		{ kind: 'fd/close', table: 1, fd: 1023 },
		{ kind: 'fs/set', fs: 1, fields: { cwd: 9, cwdMount: 2, cwdPath: '/dir', rootMount: 1 } },
		{ kind: 'inode/new', inode: inode(9, { entries: [{ name: '__proto__', inode: -1 }] }) },
		{ kind: 'inode/set', inode: 1, fields: { nlink: 0, mtime: -1n, ctime: 2n ** 63n } },
		{ kind: 'inode/write', inode: 1, offset: 2 ** 33, bytes: new Uint8Array(1) },
		{ kind: 'inode/truncate', inode: 1, size: 0 },
		{ kind: 'dir/link', dir: 1, name: 'constructor', inode: 3 },
		{ kind: 'dir/unlink', dir: 1, name: '' },
		{ kind: 'pipe/new', pipe: rich.pipes[1] },
		{ kind: 'pipe/write', pipe: 1, bytes: new Uint8Array(0) },
		{ kind: 'pipe/read', pipe: 1, length: 65536 },
		...Object.values(rich.anons).map((anon): MachineEvent => ({ kind: 'anon/new', anon })),
		...Object.values(rich.anons).map((anon): MachineEvent => ({ kind: 'anon/set', anon })),
		{
			kind: 'socket/receive',
			anon: 6,
			bytes: new Uint8Array([0, 255]),
			sender: 5,
			from: '',
			charge: 768,
			files: [],
			cred: { pid: 1, uid: 0, gid: 0 },
		},
		{ kind: 'socket/receive', anon: 6, bytes: new Uint8Array(0), sender: 0, from: '/s', charge: 768, files: [4, 5], cred: null },
		{ kind: 'socket/take', anon: 5, length: 1 },
		...Object.values(rich.ipcs).map((ipc): MachineEvent => ({ kind: 'ipc/new', ipc })),
		{ kind: 'ipc/set', ipc: 4, fields: { mode: 0o1777, key: -(2 ** 31), otime: 2 ** 33, qbytes: 0xffffffff } },
		{ kind: 'ipc/remove', ipc: 5 },
		{ kind: 'ipc/answer', task: 2, result: -43, message: null },
		{ kind: 'ipc/answer', task: 2, result: 0, message: { type: 2 ** 31 - 1, data: new Uint8Array([0, 255]) } },
		{ kind: 'sem/set', ipc: 4, changes: [{ num: 1, value: 32767, pid: 3 }] },
		{ kind: 'sem/list', task: 1, undo: { id: 2, entries: [] } },
		{ kind: 'sem/adjust', undo: 1, set: 4, adjust: [-32768, 32767] },
		{ kind: 'sem/leave', task: 2 },
		{ kind: 'msg/put', ipc: 5, message: { type: 1, data: new Uint8Array(0) } },
		{ kind: 'msg/take', ipc: 5, index: 1 },
		...Object.values(rich.supers).map((superblock): MachineEvent => ({ kind: 'super/new', superblock })),
		{ kind: 'super/set', superblock: 2, fields: { readonly: false, options: '', blocks: 2 ** 20, files: 1 } },
		...Object.values(rich.mounts).map((mount): MachineEvent => ({ kind: 'mount/new', mount })),
		{
			kind: 'mount/set',
			mount: 3,
			fields: { ns: 0, parent: 0, point: 0, flags: 0xffffffff, peers: 0, master: 3, unbindable: true, expiring: true },
		},
		{ kind: 'stream/output', stream: 1, bytes: new Uint8Array([255]) },
		{ kind: 'stream/read', stream: 0, length: 1 },
		{ kind: 'tty/new', tty: tty(3) },
		{ kind: 'tty/set', tty: 2, fields: { session: 0, termios: new Uint8Array(44), lines: [], window: [0, 65535, 0, 0] } },
		{ kind: 'tty/hangup', tty: 2 },
		{ kind: 'signal/post', task: 1, group: true, info: sigInfo(64, { value: -1, address: 0xffffffff, forced: true }) },
		{ kind: 'signal/take', task: 1, group: false, index: 0, signo: 1 },
		{ kind: 'signal/flush', task: 1, set: 2n ** 64n - 1n },
		{ kind: 'signal/mask', task: 1, blocked: 1n, saved: null },
		{ kind: 'signal/mask', task: 1, blocked: 0n, saved: 2n ** 63n },
		{ kind: 'signal/action', sighand: 1, signo: 9, action: { ...DEFAULT, handler: 0xffffffff } },
		{
			kind: 'signal/deliver',
			task: 1,
			signo: 11,
			handler: 1,
			frame: 2,
			blocked: 3n,
			altstack: { sp: 1, size: 2, flags: 0x80000000 },
			regs,
		},
		{ kind: 'signal/return', task: 1, blocked: 0n, altstack: rich.tasks[1].altstack, regs: { ...cpu } },
		{ kind: 'signal/restart', task: 1, regs },
		{ kind: 'signal/default', task: 1, signo: 19, action: 'stop' },
		{ kind: 'input/lookup', dir: 1, name: 'a', found: null },
		{
			kind: 'input/lookup',
			dir: 1,
			name: 'b',
			found: { kind: 'file', mode: 0o644, uid: 1, gid: 2, nlink: 1, size: 2 ** 33, rdev: 0, mtime: 5n, target: '' },
		},
		{ kind: 'input/listing', dir: 1, names: ['a', 'b'] },
		{ kind: 'input/content', inode: 2, bytes: new Uint8Array(5000).fill(7) },
		{ kind: 'input/stream', stream: 0, bytes: new Uint8Array(0), eof: true, ns: 10 ** 12 },
		{ kind: 'input/signal', task: 1, info: sigInfo(2), ns: 0 },
		{ kind: 'input/none', ns: 1 },
		{ kind: 'freezer/set', state: 'checkpointing' },
		{ kind: 'checkpoint/object', number: 0, name: 'HEAD', offset: 0, length: 32 },
		...sampleRestored().map((effect, i): MachineEvent => {
			return { kind: 'restore/object', number: i, name: 'BITS/FPU', offset: 2 ** 40, length: 2 ** 32, effect };
		}),
		{
			kind: 'restore/end',
			scheduler: { current: 1, left: 7, queue: [2], rng: 7, order: 2, chaos: true, epoch: 9 },
			realOffsetNs: -1n,
			skewNs: 2 ** 50,
		},
		{
			kind: 'module/checkpoint',
			task: 1,
			root: 2,
			objects: 12,
			length: 2 ** 32,
			result: -5,
			why: 'it is cut',
			left: ['open descriptor 0 of 2: /dev/null'],
		},
		{ kind: 'module/restart', task: 1, root: 0, objects: 0, length: 0, result: -22, why: 'no image' },
	];
	const missing = (Object.keys(CATALOGUE) as EventKind[]).filter((kind) => !list.some((e) => e.kind === kind));
	if (missing.length > 0) throw new Error(`no sample of ${missing.join(', ')}`);
	return list;
}
