/** The shapes of the state's entities: every field of every entity, with its range, and which fields are internal ids. */
import type { CpuState, Descriptor } from '../events/cpu.ts';
import { FXSAVE_BYTES } from '../events/cpu.ts';
import type {
	AltStack,
	Anon,
	Clock,
	Credentials,
	EpollItem,
	FdTable,
	FileLock,
	FsStruct,
	IdCounters,
	Inode,
	ITimer,
	MemoryObject,
	Mm,
	NsProxy,
	OpenFile,
	PidNamespace,
	PidNumber,
	Pipe,
	PosixTimer,
	RestartBlock,
	SchedPolicy,
	Scheduler,
	SigAction,
	Sighand,
	SigInfo,
	SocketCred,
	SocketOptions,
	Stream,
	Table,
	Task,
	TaskTimes,
	ThreadGroup,
	TraceStop,
	Tracing,
	Vma,
	Wait,
	WaitOn,
	Wakes,
} from '../events/entities.ts';
import { ENTRIES, NAMESPACES, TRACE_STOPS } from '../events/entities.ts';
import { IPC_CLASSES, type Ipc, type Message, MSG_MODES, type Semaphore, type SemOp, type SemUndo } from '../events/ipc.ts';
import type { Mount, SuperBlock } from '../events/mounts.ts';
import type { Persona } from '../events/persona.ts';
import type { Tty } from '../events/tty.ts';
import { PAGE_SIZE, Pages } from './pages.ts';
import type { Fields, Shape } from './shape.ts';
import {
	address,
	big,
	bool,
	bytes,
	count,
	dependent,
	i32,
	int,
	list,
	nullable,
	oneOf,
	ref,
	ShapeError,
	signed,
	struct,
	text,
	tuple,
	u16,
	u32,
	union,
	via,
} from './shape.ts';

const counter = int(1, Number.MAX_SAFE_INTEGER);
/** An entity's own internal id: not part of its value, since the canonical form gives it another. */
const id: Shape<number> = { ...counter, put: () => {} };
const pid = int(0, 2 ** 30);
const signo = int(1, 64);
/** Pages of an object: 2^32 bytes of an address space, or of a file up to 2^40 bytes. */
const pageIndex = int(0, 2 ** 28 - 1);

export const cpuFields: Fields<CpuState> = {
	eax: u32,
	ecx: u32,
	edx: u32,
	ebx: u32,
	esp: u32,
	ebp: u32,
	esi: u32,
	edi: u32,
	eip: u32,
	eflags: u32,
	es: u16,
	cs: u16,
	ss: u16,
	ds: u16,
	fs: u16,
	gs: u16,
	fx: bytes(FXSAVE_BYTES),
	fpuUsed: bool,
	debugreg: list(u32, 8),
};
export const cpu: Shape<CpuState> = struct<CpuState>(cpuFields);

export const descriptor: Shape<Descriptor> = struct<Descriptor>({ a: u32, b: u32 });
export const altstack: Shape<AltStack> = struct<AltStack>({ sp: u32, size: u32, flags: u32 });
export const credentials: Shape<Credentials> = struct<Credentials>({
	uid: u32,
	euid: u32,
	suid: u32,
	fsuid: u32,
	gid: u32,
	egid: u32,
	sgid: u32,
	fsgid: u32,
	groups: list(u32),
});

export const sigInfo: Shape<SigInfo> = struct<SigInfo>({
	signo,
	errno: i32,
	code: i32,
	pid: signed,
	uid: u32,
	value: signed,
	address: u32,
	extra: list(signed),
	forced: bool,
});

export const fileLock: Shape<FileLock> = struct<FileLock>({
	kind: oneOf('posix', 'ofd', 'flock'),
	write: bool,
	start: count,
	end: count,
	table: ref('fdTable'),
	file: ref('file'),
	pid: signed,
});
export const message: Shape<Message> = struct<Message>({ type: int(1, 2 ** 31 - 1), data: bytes() });
const semOp: Shape<SemOp> = struct<SemOp>({ num: u16, op: int(-32768, 32767), flags: u16 });
const ipcWaits = {
	semop: struct<Omit<Extract<WaitOn, { kind: 'semop' }>, 'kind'>>({ ns: count, ipc: count, ops: list(semOp), result: i32 }),
	'msg-send': struct<Omit<Extract<WaitOn, { kind: 'msg-send' }>, 'kind'>>({ ns: count, ipc: count, type: i32, data: bytes() }),
	'msg-receive': struct<Omit<Extract<WaitOn, { kind: 'msg-receive' }>, 'kind'>>({
		ns: count,
		ipc: count,
		type: i32,
		mode: oneOf(...MSG_MODES),
		buffer: u32,
		size: count,
		cut: bool,
		result: i32,
		message: nullable(message),
	}),
};
export const waitOn: Shape<WaitOn> = union<WaitOn>({
	'stream-readable': struct({ stream: count }),
	'pipe-readable': struct({ pipe: ref('pipe') }),
	'pipe-writable': struct({ pipe: ref('pipe'), bytes: count }),
	futex: struct({ object: ref('object'), offset: count, bitset: u32, owner: pid }),
	child: struct({ which: count, id: pid, options: u32 }),
	vfork: struct({ child: pid }),
	'pipe-end': struct({ inode: ref('inode'), end: oneOf('read', 'write') }),
	'anon-readable': struct({ anon: ref('anon') }),
	'anon-writable': struct({ anon: ref('anon'), bytes: count }),
	'socket-room': struct({ anon: ref('anon'), bytes: count }),
	lock: struct({ inode: ref('inode'), lock: fileLock }),
	...ipcWaits,
	'tty-readable': struct({ tty: ref('tty'), master: bool, bytes: count }),
	'tty-writable': struct({ tty: ref('tty'), master: bool }),
	'futex-requeue': struct({ object: ref('object'), offset: count, toObject: ref('object'), toOffset: count }),
});
export const wait: Shape<Wait> = struct<Wait>({
	on: list(waitOn),
	deadline: nullable(count),
	restart: i32,
	signals: big,
	order: count,
	fired: int(-1, 2 ** 20),
});
export const restartBlock: Shape<RestartBlock> = struct<RestartBlock>({
	call: text,
	deadline: nullable(count),
	args: list(u32),
});

export const times: Shape<TaskTimes> = struct<TaskTimes>({
	steps: count,
	startNs: count,
	nvcsw: count,
	nivcsw: count,
	minFlt: count,
	majFlt: count,
});
export const entry = oneOf(...ENTRIES) satisfies Shape<Task['entry']>;

export const tracing: Shape<Tracing> = struct<Tracing>({
	tracer: pid,
	seized: bool,
	options: u32,
	syscall: bool,
	step: bool,
	emulate: bool,
	forcedTf: bool,
	released: bool,
	interrupt: bool,
	listening: bool,
	message: u32,
	stop: nullable(struct<TraceStop>({ at: oneOf(...TRACE_STOPS), code: u32, info: nullable(sigInfo), result: i32 })),
});

export const taskFields: Fields<Task> = {
	pid: int(1, 2 ** 30),
	tgid: pid,
	ppid: pid,
	state: oneOf('running', 'sleeping', 'stopped', 'traced', 'zombie', 'dead'),
	mm: ref('mm'),
	fdTable: ref('fdTable'),
	fs: ref('fs'),
	sighand: ref('sighand'),
	group: ref('group'),
	comm: text,
	cpu,
	tls: list(descriptor),
	origAx: signed,
	entry,
	wait: nullable(wait),
	restartBlock: nullable(restartBlock),
	creds: credentials,
	blocked: big,
	savedMask: nullable(big),
	pending: list(sigInfo),
	altstack,
	trap: struct({ number: u32, error: u32, cr2: u32 }),
	setTid: u32,
	clearTid: u32,
	robustList: u32,
	robustListLen: u32,
	rseq: struct({ address: u32, length: u32, signature: u32 }),
	exitSignal: int(0, 64),
	pdeathSignal: int(0, 64),
	vforkParent: pid,
	semUndo: ref('semUndo'),
	ns: nullable(struct<NsProxy>({ uts: ref('anon'), ipc: ref('anon'), mnt: ref('anon'), pid: ref('anon') })),
	pidNs: ref('anon'),
	trace: nullable(tracing),
	exitStatus: signed,
	flags: u32,
	noNewPrivs: bool,
	times,
	nice: i32,
	sched: struct<SchedPolicy>({ policy: int(0, 5), priority: int(0, 99), resetOnFork: bool, slice: count, since: count }),
	timerSlack: struct({ ns: u32, initial: u32 }),
	personality: u32,
};
export const task: Shape<Task> = struct<Task>(taskFields);

export const itimer: Shape<ITimer> = struct<ITimer>({ expires: nullable(count), interval: count });
export const posixTimer: Shape<PosixTimer> = struct<PosixTimer>({
	id: count,
	clock: i32,
	notify: count,
	signo: int(0, 64),
	value: signed,
	tid: pid,
	expires: nullable(count),
	interval: count,
	overrun: count,
});
export const groupFields: Fields<ThreadGroup> = {
	id,
	tgid: pid,
	threads: list(pid),
	pgrp: pid,
	session: pid,
	tty: ref('tty'),
	oldPgrp: pid,
	pending: list(sigInfo),
	rlimits: list(tuple<readonly [number, number]>(u32, u32)),
	itimers: struct({ real: itimer, virtual: itimer, prof: itimer }),
	timers: list(posixTimer),
	nextTimer: count,
	groupExit: nullable(signed),
	stopSignal: int(0, 64),
	report: oneOf('none', 'stopped', 'continued'),
	threadTimes: times,
	childTimes: times,
	subreaper: bool,
};
export const group: Shape<ThreadGroup> = struct<ThreadGroup>(groupFields);

const sigActionFields: Fields<SigAction> = { handler: u32, flags: u32, restorer: u32, mask: big };
export const sigAction: Shape<SigAction> = struct<SigAction>(sigActionFields);
/** On the wire only those that are not the default: nearly all are, and every fork's event tells them. */
type ActionRow = SigAction & { readonly signo: number };
const DEFAULT: SigAction = { handler: 0, flags: 0, restorer: 0, mask: 0n };
const isDefault = (a: SigAction) => a.handler === 0 && a.flags === 0 && a.restorer === 0 && a.mask === 0n;
const actions: Shape<readonly SigAction[]> = {
	...via<readonly SigAction[], readonly ActionRow[]>(
		list(struct<ActionRow>({ signo: int(0, 64), ...sigActionFields })),
		(value) => value.flatMap((action, signo) => (isDefault(action) ? [] : [{ signo, ...action }])),
		(rows) => {
			const out = new Array<SigAction>(65).fill(DEFAULT);
			rows.forEach(({ signo, ...action }, i) => {
				if (i > 0 && signo <= rows[i - 1].signo) throw new ShapeError('ascending signals', signo, [i]);
				if (isDefault(action)) throw new ShapeError('an action that is not the default', action, [i]);
				out[signo] = action;
			});
			return out;
		},
	),
	put: list(sigAction, 65).put,
};
export const sighand: Shape<Sighand> = struct<Sighand>({ id, actions });

export const vma: Shape<Vma> = struct<Vma>({
	start: address,
	end: address,
	flags: u32,
	object: ref('object'),
	pgoff: pageIndex,
	inode: ref('inode'),
	path: text,
});
export const mmFields: Fields<Mm> = {
	id,
	object: ref('object'),
	vmas: list(vma),
	startCode: address,
	endCode: address,
	startData: address,
	endData: address,
	startBrk: address,
	brk: address,
	startStack: address,
	argStart: address,
	argEnd: address,
	envStart: address,
	envEnd: address,
	mmapBase: address,
	vdso: u32,
	defFlags: u32,
	ldt: list(descriptor),
	dumpable: int(0, 2),
	exe: ref('inode'),
	exePath: text,
	auxv: list(u32),
};
export const mm: Shape<Mm> = struct<Mm>(mmFields);

/** All pages, as [index, bytes]…, ascending. */
export const pages: Shape<Pages> = {
	encode: (value) => [...value.entries()],
	write: (value, out) => out.value([...value.entries()]),
	decode(raw) {
		const found = list(tuple<readonly [number, Uint8Array]>(pageIndex, bytes(PAGE_SIZE))).decode(raw);
		for (let i = 1; i < found.length; i++) {
			if (found[i][0] <= found[i - 1][0]) throw new ShapeError('ascending page numbers', found[i][0], [i]);
		}
		return Pages.EMPTY.with(found);
	},
	put: (value, sink) => sink.pages(value),
	renumber: (value) => value,
	hasRefs: false,
};

export const objectFields: Fields<MemoryObject> = {
	id,
	kind: oneOf('private', 'shared', 'file', 'vdso'),
	pages,
	size: int(0, 2 ** 40),
};
export const object: Shape<MemoryObject> = struct<MemoryObject>(objectFields);

type Fd = FdTable['fds'][number];
const fdRow = struct<Fd & { readonly fd: number }>({ fd: int(0, 2 ** 20), file: ref('file'), cloexec: bool });
/** By number, ascending; on the wire a list, so that no key of the wire becomes a key of ours. */
const fds: Shape<Table<Fd>> = via<Table<Fd>, readonly (Fd & { readonly fd: number })[]>(
	list(fdRow),
	(value) => Object.keys(value).map((fd) => ({ fd: Number(fd), ...value[Number(fd)] })),
	(rows) => {
		const out: { [fd: number]: Fd } = {};
		rows.forEach(({ fd, file, cloexec }, i) => {
			if (i > 0 && fd <= rows[i - 1].fd) throw new ShapeError('ascending descriptors', fd, [i]);
			out[fd] = { file, cloexec };
		});
		return out;
	},
);
export const fdTable: Shape<FdTable> = struct<FdTable>({ id, fds });

export const fsFields: Fields<FsStruct> = {
	id,
	cwd: ref('inode'),
	cwdMount: ref('mount'),
	cwdPath: text,
	root: ref('inode'),
	rootMount: ref('mount'),
	umask: int(0, 0o777),
};
export const fs: Shape<FsStruct> = struct<FsStruct>(fsFields);

export const fileFields: Fields<OpenFile> = {
	id,
	inode: ref('inode'),
	flags: u32,
	pos: count,
	mount: ref('mount'),
	path: text,
	owner: signed,
	signal: int(0, 64),
};
export const file: Shape<OpenFile> = struct<OpenFile>(fileFields);

export const inodeFields: Fields<Inode> = {
	id,
	ino: count,
	sb: ref('super'),
	kind: oneOf('file', 'dir', 'symlink', 'char', 'fifo', 'stream', 'anon', 'socket', 'tty'),
	mode: int(0, 0o7777),
	uid: u32,
	gid: u32,
	nlink: count,
	rdev: count,
	size: int(0, 2 ** 40),
	atime: big,
	mtime: big,
	ctime: big,
	object: ref('object'),
	channel: dependent<Inode>(
		({ kind }) =>
			kind === 'fifo' ? ref('pipe') : kind === 'anon' || kind === 'socket' ? ref('anon') : kind === 'tty' ? ref('tty') : count,
		count,
	),
	target: text,
	entries: list(struct<Inode['entries'][number]>({ name: text, inode: ref('inode', -1) })),
	parent: ref('inode'),
	lower: oneOf('none', 'unread', 'partial'),
	lowerPath: text,
	seals: u32,
	locks: list(fileLock),
};
export const inode: Shape<Inode> = struct<Inode>(inodeFields);

export const wakes: Shape<Wakes> = struct<Wakes>({ read: count, write: count });
const epollItem: Shape<EpollItem> = struct<EpollItem>({
	fd: int(0, 2 ** 20),
	file: ref('file'),
	events: u32,
	data: big,
	seen: nullable(struct({ read: count, write: count, ends: u32 })),
});
const socketCred: Shape<SocketCred> = struct<SocketCred>({ pid: i32, uid: u32, gid: u32 });
const socketOptions: Shape<SocketOptions> = struct<SocketOptions>({
	flags: u32,
	sndbuf: count,
	rcvbuf: count,
	lowat: count,
	rcvTimeout: nullable(count),
	sndTimeout: nullable(count),
});
/** The fields of a message on its way to a socket. */
export const socketMessage = {
	bytes: bytes(),
	sender: ref('anon'),
	from: text,
	charge: count,
	files: list(ref('file')),
	cred: nullable(socketCred),
};
const pidNamespace: Shape<PidNamespace> = struct<PidNamespace>({
	parent: ref('anon'),
	next: pid,
	init: pid,
	ended: bool,
	numbers: list(struct<PidNumber>({ pid, nr: pid })),
});
export const anon: Shape<Anon> = union<Anon>({
	eventfd: struct({ id, count: big, semaphore: bool, wakes }),
	timerfd: struct({ id, clock: i32, expires: nullable(count), interval: count, ticks: count, wakes }),
	signalfd: struct({ id, mask: big }),
	pidfd: struct({ id, group: ref('group') }),
	ns: struct({ id, of: oneOf(...NAMESPACES), ino: count, nodename: text, domainname: text, pids: nullable(pidNamespace) }),
	epoll: struct({ id, items: list(epollItem) }),
	socket: struct({
		id,
		type: count,
		peer: ref('anon'),
		connected: bool,
		queue: list(struct(socketMessage)),
		shut: int(0, 3),
		error: count,
		name: text,
		named: bool,
		bound: ref('inode'),
		peerName: text,
		backlog: i32,
		waiting: list(ref('anon')),
		peerCred: nullable(socketCred),
		options: socketOptions,
		wakes,
	}),
});
const perm = {
	id,
	ns: count,
	slot: int(0, 32767),
	seq: int(0, 65535),
	key: i32,
	uid: u32,
	gid: u32,
	cuid: u32,
	cgid: u32,
	mode: int(0, 0o7777),
	ctime: count,
};
const ids = { id, ns: count, of: oneOf(...IPC_CLASSES), seq: int(0, 65535), last: int(-1, 32767), next: int(0, 32768) };
const segment = { ...perm, object: ref('object'), size: u32, cpid: pid, lpid: pid, atime: count, dtime: count };
const semSet = { ...perm, sems: list(struct<Semaphore>({ value: int(0, 32767), pid })), otime: count };
const msgQueue = { ...perm, messages: list(message), qbytes: u32, stime: count, rtime: count, lspid: pid, lrpid: pid };
export const ipc: Shape<Ipc> = union<Ipc>({
	ids: struct(ids),
	shm: struct(segment),
	sem: struct(semSet),
	msg: struct(msgQueue),
});
/** The fields of all kinds together: those that events set. */
export const ipcFields = { ...ids, ...segment, ...semSet, ...msgQueue };
export const semUndo: Shape<SemUndo> = struct<SemUndo>({
	id,
	entries: list(struct<SemUndo['entries'][number]>({ set: ref('ipc'), adjust: list(int(-32768, 32767)) })),
});
export const superFields: Fields<SuperBlock> = {
	id,
	type: text,
	dev: count,
	readonly: bool,
	options: text,
	blocks: count,
	files: count,
	pidNs: ref('anon'),
};
export const superblock: Shape<SuperBlock> = struct<SuperBlock>(superFields);
export const mountFields: Fields<Mount> = {
	id,
	number: counter,
	ns: count,
	parent: ref('mount'),
	point: ref('inode'),
	sb: ref('super'),
	root: ref('inode'),
	source: text,
	flags: u32,
	peers: count,
	master: count,
	unbindable: bool,
	expiring: bool,
};
export const mount: Shape<Mount> = struct<Mount>(mountFields);
export const pipeFields: Fields<Pipe> = { id, data: bytes(), capacity: count, wakes };
export const pipe: Shape<Pipe> = struct<Pipe>(pipeFields);
export const ttyFields: Fields<Tty> = {
	id,
	index: count,
	streams: list(count),
	termios: bytes(44),
	window: list(u16, 4),
	session: pid,
	pgrp: pid,
	locked: bool,
	exclusive: bool,
	opened: bool,
	hungUp: bool,
	input: bytes(),
	lines: list(count),
	backlog: bytes(),
	output: bytes(),
	echo: bytes(),
	literal: bool,
	erasing: bool,
	column: count,
	canonColumn: count,
	stopped: bool,
	halted: bool,
	packet: bool,
	status: int(0, 0xff),
	wakes: struct<Tty['wakes']>({ slave: wakes, master: wakes }),
};
export const tty: Shape<Tty> = struct<Tty>(ttyFields);
export const streamFields: Fields<Stream> = {
	id: count,
	kind: oneOf('tty', 'pipe', 'file', 'null', 'closed', 'other'),
	unread: bytes(),
	eof: bool,
	arrivals: count,
	written: count,
};
export const stream: Shape<Stream> = struct<Stream>(streamFields);

export const clock: Shape<Clock> = struct<Clock>({ steps: count, skewNs: count, realOffsetNs: big });
export const next: Shape<IdCounters> = struct<IdCounters>({
	pid: count,
	mm: counter,
	object: counter,
	fdTable: counter,
	fs: counter,
	sighand: counter,
	group: counter,
	file: counter,
	inode: counter,
	pipe: counter,
	anon: counter,
	ipc: counter,
	tty: counter,
	semUndo: counter,
	super: counter,
	mount: counter,
	ino: count,
});
export const scheduler: Shape<Scheduler> = struct<Scheduler>({
	current: pid,
	left: signed,
	queue: list(pid),
	rng: u32,
	order: count,
	chaos: bool,
	epoch: u32,
});
export const prng = tuple<readonly [number, number, number, number]>(u32, u32, u32, u32);
export const freezer = oneOf('thawed', 'frozen', 'checkpointing');

export const persona: Shape<Persona> = struct<Persona>(
	{
		sysname: text,
		nodename: text,
		release: text,
		version: text,
		machine: text,
		domainname: text,
		kernel: tuple<readonly [number, number, number]>(count, count, count),
		cpuid: list(tuple<readonly [number, number, number, number, number, number]>(u32, int(-1, 0xffffffff), u32, u32, u32, u32)),
		userCs: u16,
		userDs: u16,
		nsPerStep: count,
		tscPerNs: count,
		epochNs: big,
		bootNs: count,
		firstPid: pid,
		quantum: count,
		memoryBytes: count,
		checkpointModule: list(text),
	},
	['checkpointModule'],
);
