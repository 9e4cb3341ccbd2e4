/** The shapes of the events: one row per kind; a kind without a row, or a field left out, does not compile. */
import { FXSAVE_BYTES } from '../events/cpu.ts';
import type { Inode, MemoryObject, Mm, OpenFile, Pipe, ThreadGroup } from '../events/entities.ts';
import type { EventKind, MachineEvent, PageEffect, RunEvent } from '../events/event.ts';
import type { FileEvent, InodeFields } from '../events/files.ts';
import type { HostMeta } from '../events/input.ts';
import type { Ipc, IpcFields, Semaphore } from '../events/ipc.ts';
import type { MmFields } from '../events/memory.ts';
import { PAGE_SIZE } from '../events/pages.ts';
import type { Restored } from '../events/restore.ts';
import type { StepColumns } from '../events/steps.ts';
import type { GroupFields, RegisterPatch, TaskFields } from '../events/task.ts';
import { checkColumns } from './columns.ts';
import type { Fields, Shape } from './shape.ts';
import {
	address,
	big,
	bool,
	bytes,
	count,
	int,
	list,
	nullable,
	oneOf,
	ref,
	ShapeError,
	signed,
	struct,
	text,
	u32,
	union,
	via,
} from './shape.ts';
import * as s from './shapes.ts';

type EventOf<K extends EventKind> = Extract<MachineEvent, { kind: K }>;
type Body<K extends EventKind> = Omit<EventOf<K>, 'kind'>;

const pid = int(0, 2 ** 30);
const signo = int(1, 64);
const fd = int(0, 2 ** 20);
const regs: Shape<RegisterPatch> = struct<RegisterPatch>(s.cpuFields as Fields<RegisterPatch>, 'all');
const timerEvent = { group: ref('group'), which: oneOf('real', 'virtual', 'prof'), value: s.itimer };
const range = { mm: ref('mm'), start: address, end: address };

/** The fields of `all` that are named, each optional. */
function some<T extends object, K extends keyof T & string>(all: Fields<T>, ...names: readonly K[]): Shape<Partial<Pick<T, K>>> {
	const fields = Object.fromEntries(names.map((name) => [name, all[name]]));
	return struct<Partial<Pick<T, K>>>(fields as unknown as Fields<Partial<Pick<T, K>>>, 'all');
}

function but<T extends object, K extends keyof T & string>(all: Fields<T>, ...left: readonly K[]): Shape<Partial<Omit<T, K>>> {
	const fields = Object.fromEntries(Object.entries(all).filter(([name]) => !left.includes(name as K)));
	return struct<Partial<Omit<T, K>>>(fields as unknown as Fields<Partial<Omit<T, K>>>, 'all');
}

/** A column as its bytes, little-endian as the machine's memory is. */
function column<T extends Uint8Array | Uint16Array | Uint32Array>(make: (buffer: ArrayBuffer) => T): Shape<T> {
	return via<T, Uint8Array>(
		bytes(),
		(value) => new Uint8Array(value.buffer, value.byteOffset, value.byteLength),
		(wire) => {
			const width = make(new ArrayBuffer(0)).BYTES_PER_ELEMENT;
			if (wire.length % width !== 0) throw new ShapeError(`a multiple of ${width} bytes`, wire);
			return make(wire.buffer as ArrayBuffer);
		},
	);
}

const u8s = column((buffer) => new Uint8Array(buffer));
const u16s = column((buffer) => new Uint16Array(buffer));
const u32s = column((buffer) => new Uint32Array(buffer));

const plainColumns: Shape<StepColumns> = struct<StepColumns>({
	task: pid,
	first: count,
	count,
	siteEip: u32s,
	siteLength: u8s,
	siteBytes: u8s,
	site: u32s,
	mask: u16s,
	words: u32s,
});
/** Decoded columns are whole: whoever walks over them needs no checks. */
const columns: Shape<StepColumns> = {
	...plainColumns,
	decode(raw) {
		const value = plainColumns.decode(raw);
		const wrong = checkColumns(value);
		if (wrong !== undefined) throw new ShapeError(wrong, 'other columns');
		return value;
	},
};

const pageEffect: Shape<PageEffect> = struct<PageEffect>({
	object: ref('object', 1),
	index: int(0, 2 ** 28 - 1),
	bytes: bytes(PAGE_SIZE),
});
type Effect = NonNullable<RunEvent['effect']>;
const effect: Shape<Effect> = struct<Effect>({ cpu: s.cpu, pages: list(pageEffect) });

const hostMeta: Shape<HostMeta> = struct<HostMeta>({
	kind: oneOf('file', 'dir', 'symlink', 'char', 'fifo'),
	mode: int(0, 0o7777),
	uid: u32,
	gid: u32,
	nlink: count,
	size: int(0, 2 ** 40),
	rdev: count,
	mtime: big,
	target: text,
});

const ipcFields: Shape<IpcFields> = some(
	s.ipcFields as unknown as Fields<Required<IpcFields>>,
	'seq',
	'last',
	'next',
	'key',
	'uid',
	'gid',
	'mode',
	'ctime',
	'lpid',
	'atime',
	'dtime',
	'otime',
	'qbytes',
	'stime',
	'rtime',
	'lspid',
	'lrpid',
);
const taskFields: Shape<Partial<TaskFields>> = some(
	s.taskFields,
	'comm',
	'tls',
	'altstack',
	'setTid',
	'clearTid',
	'robustList',
	'robustListLen',
	'rseq',
	'pdeathSignal',
	'flags',
	'noNewPrivs',
	'nice',
	'sched',
	'timerSlack',
	'personality',
	'trap',
	'restartBlock',
	'mm',
	'ppid',
	'exitSignal',
	'vforkParent',
	'origAx',
	'trace',
	'ns',
	'creds',
);
const groupFields: Shape<Partial<GroupFields>> = some<ThreadGroup, keyof GroupFields>(
	s.groupFields,
	'pgrp',
	'session',
	'tty',
	'oldPgrp',
	'rlimits',
	'subreaper',
	'report',
	'timers',
	'nextTimer',
);
const mmFields: Shape<Partial<MmFields>> = but<Mm, 'id' | 'object' | 'vmas'>(s.mmFields, 'id', 'object', 'vmas');
const inodeFields: Shape<Partial<InodeFields>> = but<
	Inode,
	'id' | 'ino' | 'sb' | 'kind' | 'object' | 'size' | 'entries' | 'locks'
>({ ...s.inodeFields, channel: count }, 'id', 'ino', 'sb', 'kind', 'object', 'size', 'entries', 'locks');
type FieldsOf<K extends FileEvent['kind']> = Extract<FileEvent, { kind: K; fields: object }>['fields'];

type Made<K extends Restored['kind']> = Omit<Extract<Restored, { kind: K }>, 'kind'>;

const restored: Shape<Restored> = union<Restored>({
	nothing: struct<object>({}),
	task: struct<Made<'task'>>({
		value: s.task,
		group: nullable(s.group),
		sighand: nullable(s.sighand),
		fdTable: nullable(s.fdTable),
		fs: nullable(s.fs),
	}),
	mm: struct<Made<'mm'>>({ task: pid, mm: s.mm, object: s.object }),
	join: struct<Made<'join'>>({ task: pid, mm: ref('mm') }),
	vma: struct<Made<'vma'>>({ mm: ref('mm'), vma: s.vma }),
	pages: struct<Made<'pages'>>({ object: ref('object', 1), index: int(0, 2 ** 28 - 1), bytes: bytes() }),
	zeros: struct<Made<'zeros'>>({ object: ref('object', 1), index: int(0, 2 ** 28 - 1), count: int(1, 2 ** 20) }),
	ldt: struct<Made<'ldt'>>({ mm: ref('mm'), ldt: list(s.descriptor) }),
	fpu: struct<Made<'fpu'>>({ task: pid, fx: bytes(FXSAVE_BYTES) }),
	registers: struct<Made<'registers'>>({
		task: pid,
		regs,
		state: s.taskFields.state,
		origAx: signed,
		entry: s.entry,
		wait: nullable(s.wait),
		restartBlock: nullable(s.restartBlock),
	}),
});
const moduleWork = { task: pid, root: pid, objects: count, length: count, result: signed, why: text };
const imageObject = { number: count, name: text, offset: count, length: count };

/** A row for every kind of event. */
export const EVENT_SHAPES: { readonly [K in EventKind]: Shape<Body<K>> } = {
	'cpu/run': struct<Body<'cpu/run'>>({ task: pid, steps: int(0, 2 ** 52), check: u32, entry: s.entry, effect }, ['effect']),
	'cpu/steps': struct<Body<'cpu/steps'>>({ task: pid, columns, entry: s.entry }),
	'task/new': struct<Body<'task/new'>>(
		{ task: pid, value: s.task, placed: bool, group: s.group, sighand: s.sighand, fdTable: s.fdTable, fs: s.fs },
		['placed', 'group', 'sighand', 'fdTable', 'fs'],
	),
	'task/set': struct<Body<'task/set'>>({ task: pid, fields: taskFields, regs }, ['regs']),
	'group/set': struct<Body<'group/set'>>({ group: ref('group'), fields: groupFields }),
	'task/exec': struct<Body<'task/exec'>>({ task: pid, mm: ref('mm'), comm: text, path: text, regs }),
	'task/block': struct<Body<'task/block'>>({ task: pid, nr: signed, wait: s.wait, restartBlock: nullable(s.restartBlock), regs }),
	'task/wake': struct<Body<'task/wake'>>({ task: pid, reason: oneOf('ready', 'timeout', 'signal') }),
	'task/exit': struct<Body<'task/exit'>>({ task: pid, status: signed, zombie: bool }),
	'task/reap': struct<Body<'task/reap'>>({ task: pid, group: ref('group'), times: nullable(s.times) }),
	'task/rename': struct<Body<'task/rename'>>({ task: pid, to: pid }),
	'pid/enter': struct<Body<'pid/enter'>>({ ns: ref('anon'), pid, nr: pid, next: pid }),
	'pid/leave': struct<Body<'pid/leave'>>({ ns: ref('anon'), pid }),
	'task/unshare': struct<Body<'task/unshare'>>({ task: pid, sighand: s.sighand, fdTable: s.fdTable, fs: s.fs }, [
		'sighand',
		'fdTable',
		'fs',
	]),
	'task/stop': struct<Body<'task/stop'>>({ task: pid }),
	'trace/stop': struct<Body<'trace/stop'>>({ task: pid, trace: s.tracing, regs }),
	'trace/resume': struct<Body<'trace/resume'>>({ task: pid, trace: nullable(s.tracing), regs }),
	'wait/fire': struct<Body<'wait/fire'>>({ task: pid, index: count }),
	'wait/move': struct<Body<'wait/move'>>({ task: pid, on: list(s.waitOn) }),
	'group/exit': struct<Body<'group/exit'>>({ group: ref('group'), status: signed }),
	'syscall/enter': struct<Body<'syscall/enter'>>({ task: pid, nr: signed, args: list(u32), regs }),
	'syscall/exit': struct<Body<'syscall/exit'>>({ task: pid, nr: signed, result: signed, regs }),
	'cpu/fault': struct<Body<'cpu/fault'>>(
		{ task: pid, vector: int(0, 255), error: u32, address: u32, eip: u32, bus: bool, regs },
		['regs'],
	),
	unsupported: struct<Body<'unsupported'>>({
		task: pid,
		what: oneOf('syscall', 'instruction', 'feature'),
		name: text,
		eip: u32,
		bytes: bytes(),
	}),
	'task/oom': struct<Body<'task/oom'>>({ task: pid, used: count, limit: count }),
	'sched/yield': struct<Body<'sched/yield'>>({ task: pid }),
	'sched/switch': struct<Body<'sched/switch'>>({ from: pid, to: pid, quantum: signed, rng: u32, epoch: u32 }),
	'clock/skip': struct<Body<'clock/skip'>>({ ns: count }),
	'clock/set': struct<Body<'clock/set'>>({ realOffsetNs: big }),
	'prng/advance': struct<Body<'prng/advance'>>({ words: s.prng }),
	'timer/set': struct<Body<'timer/set'>>(timerEvent),
	'timer/expire': struct<Body<'timer/expire'>>(timerEvent),
	'machine/end': struct<Body<'machine/end'>>({}),
	'mm/new': struct<Body<'mm/new'>>({ mm: s.mm, object: s.object }),
	'mm/fork': struct<Body<'mm/fork'>>({ mm: ref('mm', 1), from: ref('mm', 1), object: ref('object', 1) }),
	'mm/drop': struct<Body<'mm/drop'>>({ mm: ref('mm') }),
	'mm/set': struct<Body<'mm/set'>>({ mm: ref('mm'), fields: mmFields }),
	'mm/map': struct<Body<'mm/map'>>({ mm: ref('mm'), vma: s.vma }),
	'mm/unmap': struct<Body<'mm/unmap'>>(range),
	'mm/flags': struct<Body<'mm/flags'>>({ ...range, clear: u32, set: u32 }),
	'mm/move': struct<Body<'mm/move'>>({ mm: ref('mm'), from: address, to: address, length: address }),
	'mm/resize': struct<Body<'mm/resize'>>({ mm: ref('mm'), start: address, newStart: address, newEnd: address }),
	'mm/discard': struct<Body<'mm/discard'>>(range),
	'object/new': struct<{ readonly object: MemoryObject }>({ object: s.object }),
	'object/drop': struct<Body<'object/drop'>>({ object: ref('object') }),
	'memory/write': struct<Body<'memory/write'>>({ mm: ref('mm'), address, bytes: bytes(), force: bool }),
	'file/open': struct<{ readonly file: OpenFile }>({ file: s.file }),
	'file/set': struct<Body<'file/set'>>({ file: ref('file'), fields: some(s.fileFields, 'pos', 'flags', 'owner', 'signal') }),
	'fd/set': struct<Body<'fd/set'>>({ table: ref('fdTable'), fd, file: ref('file'), cloexec: bool }),
	'fd/close': struct<Body<'fd/close'>>({ table: ref('fdTable'), fd }),
	'fs/set': struct<Body<'fs/set'>>({
		fs: ref('fs'),
		fields: but(s.fsFields, 'id') as Shape<FieldsOf<'fs/set'>>,
	}),
	'inode/new': struct<{ readonly inode: Inode }>({ inode: s.inode }),
	'inode/set': struct<Body<'inode/set'>>({ inode: ref('inode'), fields: inodeFields }),
	'inode/lock': struct<Body<'inode/lock'>>({ inode: ref('inode'), locks: list(s.fileLock) }),
	'inode/write': struct<Body<'inode/write'>>({ inode: ref('inode'), offset: int(0, 2 ** 40), bytes: bytes() }),
	'inode/truncate': struct<Body<'inode/truncate'>>({ inode: ref('inode'), size: int(0, 2 ** 40) }),
	'dir/link': struct<Body<'dir/link'>>({ dir: ref('inode'), name: text, inode: ref('inode') }),
	'dir/unlink': struct<Body<'dir/unlink'>>({ dir: ref('inode'), name: text }),
	'pipe/new': struct<Body<'pipe/new'>>({ pipe: s.pipe }),
	'pipe/set': struct<Body<'pipe/set'>>({ pipe: ref('pipe'), fields: some<Pipe, 'capacity'>(s.pipeFields, 'capacity') }),
	'pipe/write': struct<Body<'pipe/write'>>({ pipe: ref('pipe'), bytes: bytes() }),
	'pipe/read': struct<Body<'pipe/read'>>({ pipe: ref('pipe'), length: count }),
	'anon/new': struct<Body<'anon/new'>>({ anon: s.anon }),
	'anon/set': struct<Body<'anon/set'>>({ anon: s.anon }),
	'socket/receive': struct<Body<'socket/receive'>>({
		anon: ref('anon'),
		...s.socketMessage,
	}),
	'socket/take': struct<Body<'socket/take'>>({ anon: ref('anon'), length: count }),
	'stream/output': struct<Body<'stream/output'>>({ stream: count, bytes: bytes() }),
	'stream/read': struct<Body<'stream/read'>>({ stream: count, length: count }),
	'tty/new': struct<Body<'tty/new'>>({ tty: s.tty }),
	'tty/set': struct<Body<'tty/set'>>({ tty: ref('tty'), fields: but(s.ttyFields, 'id', 'index', 'streams', 'hungUp') }),
	'tty/hangup': struct<Body<'tty/hangup'>>({ tty: ref('tty') }),
	'super/new': struct<Body<'super/new'>>({ superblock: s.superblock }),
	'super/set': struct<Body<'super/set'>>({
		superblock: ref('super'),
		fields: some(s.superFields, 'readonly', 'options', 'blocks', 'files'),
	}),
	'mount/new': struct<Body<'mount/new'>>({ mount: s.mount }),
	'mount/set': struct<Body<'mount/set'>>({
		mount: ref('mount'),
		fields: some(s.mountFields, 'ns', 'parent', 'point', 'flags', 'peers', 'master', 'unbindable', 'expiring'),
	}),
	'ipc/new': struct<{ readonly ipc: Ipc }>({ ipc: s.ipc }),
	'ipc/set': struct<Body<'ipc/set'>>({ ipc: ref('ipc'), fields: ipcFields }),
	'ipc/remove': struct<Body<'ipc/remove'>>({ ipc: ref('ipc') }),
	'ipc/answer': struct<Body<'ipc/answer'>>({ task: pid, result: signed, message: nullable(s.message) }),
	'sem/set': struct<Body<'sem/set'>>({
		ipc: ref('ipc'),
		changes: list(struct<Semaphore & { readonly num: number }>({ num: count, value: int(0, 32767), pid })),
	}),
	'sem/list': struct<Body<'sem/list'>>({ task: pid, undo: s.semUndo }),
	'sem/adjust': struct<Body<'sem/adjust'>>({ undo: ref('semUndo'), set: ref('ipc'), adjust: list(signed) }),
	'sem/leave': struct<Body<'sem/leave'>>({ task: pid }),
	'msg/put': struct<Body<'msg/put'>>({ ipc: ref('ipc'), message: s.message }),
	'msg/take': struct<Body<'msg/take'>>({ ipc: ref('ipc'), index: count }),
	'signal/post': struct<Body<'signal/post'>>({ task: pid, group: bool, info: s.sigInfo }),
	'signal/take': struct<Body<'signal/take'>>({ task: pid, group: bool, index: count, signo }),
	'signal/flush': struct<Body<'signal/flush'>>({ task: pid, set: big }),
	'signal/mask': struct<Body<'signal/mask'>>({ task: pid, blocked: big, saved: nullable(big) }),
	'signal/action': struct<Body<'signal/action'>>({ sighand: ref('sighand'), signo, action: s.sigAction }),
	'signal/deliver': struct<Body<'signal/deliver'>>({
		task: pid,
		signo,
		handler: u32,
		frame: u32,
		blocked: big,
		altstack: s.altstack,
		regs,
	}),
	'signal/return': struct<Body<'signal/return'>>({ task: pid, blocked: big, altstack: s.altstack, regs }),
	'signal/restart': struct<Body<'signal/restart'>>({ task: pid, regs }),
	'signal/default': struct<Body<'signal/default'>>({
		task: pid,
		signo,
		action: oneOf('ignore', 'terminate', 'core', 'stop', 'continue'),
	}),
	'input/lookup': struct<Body<'input/lookup'>>({ dir: ref('inode'), name: text, found: nullable(hostMeta) }),
	'input/listing': struct<Body<'input/listing'>>({ dir: ref('inode'), names: list(text) }),
	'input/content': struct<Body<'input/content'>>({ inode: ref('inode'), bytes: bytes() }),
	'input/stream': struct<Body<'input/stream'>>({ stream: count, bytes: bytes(), eof: bool, ns: count }),
	'input/signal': struct<Body<'input/signal'>>({ task: pid, info: s.sigInfo, ns: count }),
	'input/none': struct<Body<'input/none'>>({ ns: count }),
	'freezer/set': struct<Body<'freezer/set'>>({ state: s.freezer }),
	'checkpoint/object': struct<Body<'checkpoint/object'>>(imageObject),
	'restore/object': struct<Body<'restore/object'>>({ ...imageObject, effect: restored }),
	'restore/end': struct<Body<'restore/end'>>({ scheduler: s.scheduler, realOffsetNs: big, skewNs: count }),
	'module/checkpoint': struct<Body<'module/checkpoint'>>({ ...moduleWork, left: list(text) }),
	'module/restart': struct<Body<'module/restart'>>(moduleWork),
};
