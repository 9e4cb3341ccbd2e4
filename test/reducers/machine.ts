/** A small machine for the tests of the reducers: one task with a program, files, a pipe and the recorder's descriptors. */
import { FXSAVE_BYTES, noRegisters } from '../../src/events/cpu.ts';
import type { Persona } from '../../src/events/persona.ts';
import { blankTty } from '../../src/kernel/tty/terminal.ts';
import { PAGE_SIZE, Pages } from '../../src/reducers/pages.ts';
import type {
	Anon,
	Inode,
	MachineState,
	Mount,
	SigAction,
	SigInfo,
	Stream,
	SuperBlock,
	Task,
	ThreadGroup,
	Tty,
	Vma,
} from '../../src/reducers/state.ts';
import { Vm } from '../../src/reducers/state.ts';

export const RW = Vm.READ | Vm.WRITE | Vm.MAYREAD | Vm.MAYWRITE | Vm.MAYEXEC;
export const RX = Vm.READ | Vm.EXEC | Vm.MAYREAD | Vm.MAYWRITE | Vm.MAYEXEC;
export const DEFAULT: SigAction = { handler: 0, flags: 0, restorer: 0, mask: 0n };

/** Addresses of the test machine. */
export const CODE = 0x08048000;
export const DATA = 0x0804a000;
export const HEAP = 0x09000000;
export const SHARED = 0x40000000;
export const STACK_TOP = 0xc0000000;
/** Ids of the test machine. */
export const ROOT = 1;
export const PROGRAM = 2;
export const NOTES = 3;

export const PERSONA: Persona = {
	sysname: 'Linux',
	nodename: 'guest',
	release: '2.6.27',
	version: '#1',
	machine: 'i686',
	domainname: '(none)',
	kernel: [2, 6, 27],
	cpuid: [[0, -1, 2, 0x756e6547, 0x6c65746e, 0x49656e69]],
	userCs: 0x73,
	userDs: 0x7b,
	nsPerStep: 10,
	tscPerNs: 1,
	epochNs: 1_225_000_000_000_000_000n,
	bootNs: 1_000_000_000,
	firstPid: 1,
	quantum: 100_000,
	memoryBytes: 2 ** 28,
};

/** A page filled with one byte, or with bytes at its start. */
export function page(fill: number | readonly number[]): Uint8Array {
	const bytes = new Uint8Array(PAGE_SIZE);
	if (typeof fill === 'number') bytes.fill(fill);
	else bytes.set(fill);
	return bytes;
}

export function pagesOf(...list: [number, Uint8Array][]): Pages {
	return Pages.EMPTY.with(list);
}

export function inode(id: number, fields: Partial<Inode>): Inode {
	return {
		id,
		ino: id + 10,
		sb: 1,
		kind: 'file',
		mode: 0o644,
		uid: 0,
		gid: 0,
		nlink: 1,
		rdev: 0,
		size: 0,
		atime: 1n,
		mtime: 2n,
		ctime: 3n,
		object: 0,
		channel: 0,
		target: '',
		entries: [],
		parent: 0,
		lower: 'none',
		lowerPath: '',
		seals: 0,
		locks: [],
		...fields,
	};
}

/** A file system without limits. */
export function superblock(id: number): SuperBlock {
	return { id, type: 'tmpfs', dev: 0x801, readonly: false, options: '', blocks: 0, files: 0, pidNs: 0 };
}

/** The whole first file system, as the top of the container's namespace. */
export function mount(id: number, fields: Partial<Mount> = {}): Mount {
	const place = { ns: 0xf0000000, parent: 0, point: 0, sb: 1, root: ROOT };
	return {
		id,
		number: id + 1,
		...place,
		source: 'root',
		flags: 0x200000,
		peers: 0,
		master: 0,
		unbindable: false,
		expiring: false,
		...fields,
	};
}

export function sigInfo(signo: number, fields: Partial<SigInfo> = {}): SigInfo {
	return { signo, errno: 0, code: 0, pid: 0, uid: 0, value: 0, address: 0, extra: [], forced: false, ...fields };
}

export function stream(id: number, fields: Partial<Stream> = {}): Stream {
	return {
		id,
		kind: 'tty',
		unread: new Uint8Array(0),
		eof: false,
		arrivals: 0,
		written: 0,
		...fields,
	};
}

/** A terminal as somebody else left it, but for what is given. */
export function tty(id: number, fields: Partial<Tty> = {}): Tty {
	return { ...blankTty(id, 0), opened: true, ...fields };
}

const TIMES = { steps: 0, startNs: 0, nvcsw: 0, nivcsw: 0, minFlt: 0, majFlt: 0 };

export function group(id: number, tgid: number): ThreadGroup {
	const timer = { expires: null, interval: 0 };
	return {
		id,
		tgid,
		threads: [tgid],
		pgrp: tgid,
		session: tgid,
		tty: 0,
		oldPgrp: 0,
		pending: [],
		rlimits: Array.from({ length: 16 }, (_, i) =>
			i === 0 ? ([0xffffffff, 0xffffffff] as const) : ([0x800000, 0xffffffff] as const),
		),
		itimers: { real: timer, virtual: timer, prof: timer },
		timers: [],
		nextTimer: 0,
		groupExit: null,
		stopSignal: 0,
		report: 'none',
		threadTimes: { steps: 0, startNs: 0, nvcsw: 0, nivcsw: 0, minFlt: 0, majFlt: 0 },
		childTimes: TIMES,
		subreaper: false,
	};
}

export function task(pid: number, fields: Partial<Task> = {}): Task {
	return {
		pid,
		tgid: pid,
		ppid: 0,
		state: 'running',
		mm: 1,
		fdTable: 1,
		fs: 1,
		sighand: 1,
		group: 1,
		comm: 'test',
		cpu: {
			eax: 1,
			ecx: 2,
			edx: 3,
			ebx: 4,
			esp: STACK_TOP - 64,
			ebp: 6,
			esi: 7,
			edi: 8,
			eip: CODE,
			eflags: 0x202,
			es: 0x7b,
			cs: 0x73,
			ss: 0x7b,
			ds: 0x7b,
			fs: 0,
			gs: 0x33,
			fx: new Uint8Array(FXSAVE_BYTES),
			fpuUsed: false,
			debugreg: [0, 0, 0, 0, 0, 0, 0, 0],
		},
		tls: [{ a: 0x0000ffff, b: 0x00cff200 }],
		origAx: -1,
		entry: 'none',
		wait: null,
		restartBlock: null,
		creds: { uid: 0, euid: 0, suid: 0, fsuid: 0, gid: 0, egid: 0, sgid: 0, fsgid: 0, groups: [0, 10] },
		blocked: 0n,
		savedMask: null,
		pending: [],
		altstack: { sp: 0, size: 0, flags: 2 },
		trap: { number: 0, error: 0, cr2: 0 },
		setTid: 0,
		clearTid: 0,
		robustList: 0,
		robustListLen: 0,
		rseq: { address: 0, length: 0, signature: 0 },
		exitSignal: 17,
		pdeathSignal: 0,
		vforkParent: 0,
		semUndo: 0,
		ns: null,
		pidNs: 0,
		trace: null,
		exitStatus: 0,
		flags: 0,
		noNewPrivs: false,
		times: TIMES,
		nice: 0,
		sched: { policy: 0, priority: 0, resetOnFork: false, slice: 0, since: 0 },
		timerSlack: { ns: 50_000, initial: 50_000 },
		personality: 0,
		...fields,
	};
}

export function vma(start: number, pages: number, fields: Partial<Vma> = {}): Vma {
	return { start, end: start + pages * PAGE_SIZE, flags: RW, object: 0, pgoff: 0, inode: 0, path: '', ...fields };
}

/**
 * pid 1 runs /program (inode 2, object 2): its text is mapped at CODE, its second page privately and writable at DATA; heap,
 * stack; /notes (inode 3, object 3, 5000 bytes) lies beside it, mapped shared at SHARED. Descriptors 0, 1: the tty; 3: /notes.
 */
export function testMachine(): MachineState {
	const program = { inode: PROGRAM, path: '/program', object: 2 };
	return {
		persona: PERSONA,
		clock: { steps: 0, skewNs: 0, realOffsetNs: 0n },
		next: {
			pid: 2,
			mm: 2,
			object: 4,
			fdTable: 2,
			fs: 2,
			sighand: 2,
			group: 2,
			file: 3,
			inode: 5,
			pipe: 1,
			anon: 1,
			ipc: 9,
			semUndo: 4,
			super: 2,
			mount: 2,
			tty: 1,
			ino: 20,
		},
		tasks: { 1: task(1) },
		mms: {
			1: {
				id: 1,
				object: 1,
				vmas: [
					vma(CODE, 1, { ...program, flags: RX }),
					vma(DATA, 1, { ...program, pgoff: 1 }),
					vma(HEAP, 4, { path: '[heap]' }),
					vma(SHARED, 2, { inode: NOTES, path: '/notes', object: 3, flags: RW | Vm.SHARED | Vm.MAYSHARE }),
					vma(STACK_TOP - 8 * PAGE_SIZE, 8, { flags: RW | Vm.GROWSDOWN, path: '[stack]' }),
				],
				startCode: CODE,
				endCode: CODE + 0x800,
				startData: DATA,
				endData: DATA + 0x100,
				startBrk: HEAP,
				brk: HEAP + 4 * PAGE_SIZE,
				startStack: STACK_TOP - 64,
				argStart: STACK_TOP - 32,
				argEnd: STACK_TOP - 24,
				envStart: STACK_TOP - 24,
				envEnd: STACK_TOP - 8,
				mmapBase: 0xb8000000,
				vdso: 0,
				defFlags: 0,
				dumpable: 1,
				ldt: [],
				exe: PROGRAM,
				exePath: '/program',
				auxv: [6, 4096, 0, 0],
			},
		},
		objects: {
			1: { id: 1, kind: 'private', pages: pagesOf([(STACK_TOP >>> 12) - 1, page(0x11)]), size: 2 ** 32 },
			2: { id: 2, kind: 'file', pages: pagesOf([0, page(0x90)], [1, page([1, 2, 3, 4])]), size: 2 * PAGE_SIZE },
			3: { id: 3, kind: 'file', pages: pagesOf([0, page(0x61)], [1, page(new Array(904).fill(0x62))]), size: 5000 },
		},
		fdTables: {
			1: { id: 1, fds: { 0: { file: 1, cloexec: false }, 1: { file: 1, cloexec: false }, 3: { file: 2, cloexec: true } } },
		},
		fsStructs: { 1: { id: 1, cwd: ROOT, cwdMount: 1, cwdPath: '/', root: ROOT, rootMount: 1, umask: 0o22 } },
		sighands: { 1: { id: 1, actions: new Array(65).fill(DEFAULT) } },
		groups: { 1: group(1, 1) },
		files: {
			1: { id: 1, inode: 4, flags: 2, pos: 0, mount: 1, path: '/dev/tty', owner: 0, signal: 0 },
			2: { id: 2, inode: NOTES, flags: 2, pos: 7, mount: 1, path: '/notes', owner: 0, signal: 0 },
		},
		inodes: {
			[ROOT]: inode(ROOT, {
				kind: 'dir',
				mode: 0o755,
				nlink: 2,
				parent: ROOT,
				lower: 'partial',
				entries: [
					{ name: 'notes', inode: NOTES },
					{ name: 'program', inode: PROGRAM },
				],
			}),
			[PROGRAM]: inode(PROGRAM, { mode: 0o755, size: 2 * PAGE_SIZE, object: 2 }),
			[NOTES]: inode(NOTES, { size: 5000, object: 3 }),
			4: inode(4, { kind: 'stream', channel: 1, mode: 0o620 }),
		},
		pipes: {},
		anons: {},
		ipcs: {},
		semUndos: {},
		supers: { 1: superblock(1) },
		mounts: { 1: mount(1) },
		ttys: {},
		streams: { 1: stream(1) },
		scheduler: { current: 1, left: 100_000, queue: [], rng: 1, order: 4, chaos: false, epoch: 0 },
		prng: [1, 2, 3, 4],
		freezer: 'thawed',
		ended: false,
	};
}

/** Descriptors 7 to 12 of the second table: its anonymous files. */
const anonFds = Object.fromEntries([6, 7, 8, 9, 10, 11, 12, 14].map((file) => [file + 1, { file, cloexec: false }]));

/** What all objects of IPC have. */
const perm = (id: number, slot: number) => ({
	id,
	ns: 1,
	slot,
	seq: 2,
	key: -7,
	uid: 1,
	gid: 2,
	cuid: 3,
	cgid: 4,
	mode: 0o600,
	ctime: 9,
});

const socket = (id: number, peer: number, queue: readonly Uint8Array[]): Anon & { kind: 'socket' } => ({
	id,
	kind: 'socket',
	type: 1,
	peer,
	connected: true,
	queue: queue.map((bytes) => ({ bytes, sender: peer, from: 'a', charge: 768, files: [4], cred: { pid: 1, uid: 2, gid: 3 } })),
	shut: 0,
	error: 0,
	name: '/s',
	named: true,
	bound: 0,
	peerName: '',
	backlog: -1,
	waiting: [],
	peerCred: { pid: 1, uid: 2, gid: 3 },
	options: { flags: 1 << 16, sndbuf: 4608, rcvbuf: 2304, lowat: 2, rcvTimeout: 4_000_000, sndTimeout: null },
	wakes: { read: 1, write: 1 },
});

const PID_NS = { kind: 'ns', of: 'pid', nodename: '', domainname: '' } as const;

/** A machine with something of everything: several tasks, shared and unlinked things, pipes, waits, pending signals, timers. */
export function richMachine(): MachineState {
	const base = testMachine();
	const { mms, objects, fdTables, fsStructs, sighands, groups, files, inodes } = base;
	const action: SigAction = { handler: CODE + 16, flags: 4, restorer: CODE + 32, mask: 5n };
	const futex = { kind: 'futex', object: 4, offset: 8, bitset: 0xffffffff, owner: 0 } as const;
	return {
		...base,
		clock: { steps: 12345, skewNs: 77, realOffsetNs: -5n },
		next: {
			pid: 5,
			mm: 4,
			object: 20,
			fdTable: 4,
			fs: 4,
			sighand: 4,
			group: 4,
			file: 15,
			inode: 21,
			pipe: 4,
			anon: 15,
			ipc: 9,
			semUndo: 4,
			super: 3,
			mount: 5,
			tty: 3,
			ino: 40,
		},
		tasks: {
			1: task(1, {
				savedMask: 3n,
				pending: [sigInfo(15, { pid: 2, extra: [1, -2] })],
				restartBlock: { call: 'nanosleep', deadline: 10 ** 12, args: [1, 2] },
				sched: { policy: 2, priority: 9, resetOnFork: true, slice: 7, since: 5 },
				trap: { number: 14, error: 4, cr2: 0xdeadb000 },
				rseq: { address: 1, length: 32, signature: 3 },
			}),
			2: task(2, {
				ppid: 1,
				mm: 2,
				fdTable: 2,
				fs: 2,
				sighand: 2,
				group: 2,
				state: 'sleeping',
				origAx: 3,
				semUndo: 1,
				ns: { uts: 10, ipc: 11, mnt: 12, pid: 13 },
				pidNs: 14,
				wait: {
					on: [
						{ kind: 'pipe-readable', pipe: 1 },
						{ kind: 'pipe-writable', pipe: 2, bytes: 512 },
						{ kind: 'stream-readable', stream: 0 },
						futex,
						{ kind: 'futex-requeue', object: 4, offset: 8, toObject: 5, toOffset: 12 },
						{ kind: 'child', which: 0, id: 0, options: 4 },
						{ kind: 'tty-readable', tty: 2, master: false, bytes: 3 },
						{ kind: 'tty-writable', tty: 2, master: true },
						{ kind: 'semop', ns: 1, ipc: 0, ops: [{ num: 1, op: -1, flags: 0x1000 }], result: 0 },
						{ kind: 'msg-send', ns: 1, ipc: 0, type: 3, data: new Uint8Array([5]) },
						{
							kind: 'msg-receive',
							ns: 1,
							ipc: 0,
							type: 2,
							mode: 'least',
							buffer: DATA,
							size: 10,
							cut: false,
							result: 0,
							message: { type: 2, data: new Uint8Array([6]) },
						},
					],
					deadline: 2 * 10 ** 9,
					restart: -512,
					signals: 0n,
					order: 3,
					fired: -1,
				},
			}),
			4: task(4, {
				ppid: 1,
				mm: 0,
				fdTable: 0,
				fs: 0,
				sighand: 3,
				group: 3,
				state: 'zombie',
				exitStatus: 256,
				flags: 0x400,
				cpu: noRegisters(false),
			}),
		},
		mms: {
			...mms,
			2: {
				...mms[1],
				id: 2,
				object: 5,
				vmas: [
					vma(CODE, 1, { inode: PROGRAM, path: '/program', object: 2, flags: RX }),
					vma(DATA, 2, {}),
					vma(SHARED, 1, { object: 4, flags: RW | Vm.SHARED | Vm.MAYSHARE }),
					vma(SHARED + 0x8000, 2, { object: 7, path: '/SYSVfffffff9', flags: RW | Vm.SHARED | Vm.MAYSHARE }),
					vma(SHARED + 0x10000, 1, { object: 6, inode: 6, path: '/gone (deleted)', flags: RW | Vm.SHARED }),
					vma(STACK_TOP - 2 * PAGE_SIZE, 2, { flags: RW | Vm.GROWSDOWN, path: '[stack]' }),
				],
				ldt: [{ a: 1, b: 2 }],
			},
		},
		objects: {
			...objects,
			4: { id: 4, kind: 'shared', pages: pagesOf([0, page([5])]), size: PAGE_SIZE },
			5: {
				id: 5,
				kind: 'private',
				pages: pagesOf([DATA >>> 12, page(7)], [(DATA >>> 12) + 1, page(0)], [(STACK_TOP >>> 12) - 1, page(9)]),
				size: 2 ** 32,
			},
			6: { id: 6, kind: 'file', pages: pagesOf([0, page([1])]), size: 1 },
			7: { id: 7, kind: 'shared', pages: pagesOf([1, page([8])]), size: 5000 },
			8: { id: 8, kind: 'shared', pages: pagesOf(), size: 4096 },
		},
		fdTables: {
			...fdTables,
			2: {
				id: 2,
				fds: { 0: { file: 1, cloexec: false }, 5: { file: 4, cloexec: false }, 6: { file: 5, cloexec: true }, ...anonFds },
			},
		},
		fsStructs: { ...fsStructs, 2: { id: 2, cwd: 9, cwdMount: 2, cwdPath: '/dir', root: ROOT, rootMount: 4, umask: 0 } },
		sighands: {
			...sighands,
			2: { id: 2, actions: sighands[1].actions.map((a, i) => (i === 10 ? action : a)) },
			3: { id: 3, actions: sighands[1].actions },
		},
		groups: {
			...groups,
			2: {
				...group(2, 2),
				timers: [{ id: 1, clock: 1, notify: 4, signo: 34, value: -7, tid: 2, expires: 10 ** 10, interval: 9, overrun: 3 }],
				nextTimer: 2,
				pending: [sigInfo(17)],
				groupExit: null,
			},
			3: { ...group(3, 4), groupExit: 256 },
		},
		files: {
			...files,
			4: { id: 4, inode: 7, flags: 0, pos: 0, mount: 0, path: 'pipe:[17]', owner: 0, signal: 0 },
			...Object.fromEntries(
				[11, 12, 13, 14, 15, 16, 17, 19].map((i) => [i - 5, { ...files[1], id: i - 5, inode: i, path: 'anon' }]),
			),
			5: { id: 5, inode: 8, flags: 1, pos: 0, mount: 0, path: 'pipe:[18]', owner: 2, signal: 29 },
		},
		inodes: {
			...inodes,
			[ROOT]: {
				...inodes[ROOT],
				entries: [{ name: 'absent', inode: 0 }, { name: 'dir', inode: 9 }, ...inodes[ROOT].entries, { name: 'zlink', inode: 10 }],
			},
			6: inode(6, { nlink: 0, size: 1, object: 6 }),
			7: inode(7, { kind: 'fifo', channel: 1 }),
			8: inode(8, { kind: 'fifo', channel: 2 }),
			9: inode(9, { kind: 'dir', parent: ROOT, lower: 'none', lowerPath: 'dir', entries: [{ name: 'later', inode: -1 }] }),
			11: inode(11, { kind: 'anon', channel: 1 }),
			12: inode(12, { kind: 'anon', channel: 2 }),
			13: inode(13, { kind: 'anon', channel: 3 }),
			14: inode(14, { kind: 'anon', channel: 4 }),
			15: inode(15, { kind: 'socket', channel: 5 }),
			16: inode(16, { kind: 'socket', channel: 6 }),
			17: inode(17, { kind: 'anon', channel: 7 }),
			18: inode(18, { kind: 'socket', nlink: 0 }),
			19: inode(19, { kind: 'socket', channel: 8 }),
			10: inode(10, { kind: 'symlink', target: '/notes' }),
			5: inode(5, { kind: 'dir', parent: 5, sb: 2 }),
		},
		pipes: {
			1: { id: 1, data: new Uint8Array([1, 2, 3]), capacity: 65536, wakes: { read: 1, write: 0 } },
			2: { id: 2, data: new Uint8Array(0), capacity: 4096, wakes: { read: 2, write: 1 } },
		},
		anons: {
			1: { id: 1, kind: 'eventfd', count: 3n, semaphore: true, wakes: { read: 1, write: 2 } },
			2: { id: 2, kind: 'timerfd', clock: 1, expires: 10 ** 10, interval: 5, ticks: 2, wakes: { read: 2, write: 0 } },
			3: { id: 3, kind: 'signalfd', mask: 6n },
			4: {
				id: 4,
				kind: 'epoll',
				items: [
					{ fd: 4, file: 4, events: 0x80000001, data: 7n, seen: { read: 1, write: 2, ends: 16 } },
					{ fd: 5, file: 5, events: 4, data: 8n, seen: null },
				],
			},
			5: socket(5, 6, [new Uint8Array([1, 2])]),
			6: socket(6, 5, []),
			7: { id: 7, kind: 'pidfd', group: 2 },
			8: { ...socket(8, 0, []), bound: 18, backlog: 3, waiting: [9] },
			9: { ...socket(9, 0, []), peerCred: null },
			10: { id: 10, kind: 'ns', of: 'uts', ino: 0xf0000002, nodename: 'box', domainname: 'example', pids: null },
			11: { id: 11, kind: 'ns', of: 'ipc', ino: 0xf0000003, nodename: '', domainname: '', pids: null },
			12: { id: 12, kind: 'ns', of: 'mnt', ino: 0xf0000004, nodename: '', domainname: '', pids: null },
			13: { ...PID_NS, id: 13, ino: 0xf0000005, pids: { parent: 14, next: 1, init: 0, ended: false, numbers: [] } },
			14: {
				...PID_NS,
				id: 14,
				ino: 0xf0000006,
				pids: { parent: 0, next: 3, init: 2, ended: true, numbers: [{ pid: 2, nr: 1 }] },
			},
		},
		ipcs: {
			1: { id: 1, kind: 'ids', ns: 1, of: 'shm', seq: 2, last: 0, next: 1 },
			2: { ...perm(2, 0), kind: 'shm', object: 7, size: 5000, cpid: 1, lpid: 2, atime: 10, dtime: 11 },
			3: { ...perm(3, 1), kind: 'shm', object: 8, size: 4096, cpid: 1, lpid: 0, atime: 0, dtime: 0 },
			4: {
				...perm(4, 0),
				kind: 'sem',
				sems: [
					{ value: 1, pid: 0 },
					{ value: 0, pid: 2 },
				],
				otime: 12,
			},
			5: {
				...perm(5, 0),
				kind: 'msg',
				messages: [
					{ type: 1, data: new Uint8Array([1, 2]) },
					{ type: 9, data: new Uint8Array(0) },
				],
				qbytes: 16384,
				stime: 13,
				rtime: 0,
				lspid: 1,
				lrpid: 0,
			},
		},
		semUndos: { 1: { id: 1, entries: [{ set: 4, adjust: [0, -1] }] } },
		supers: {
			1: superblock(1),
			2: { ...superblock(2), dev: 0x20, readonly: true, options: ',size=8k', blocks: 2, files: 9, pidNs: 14 },
		},
		mounts: {
			1: mount(1),
			2: mount(2, { ns: 0xf0000004, source: 'box', flags: 0x200003, unbindable: true, peers: 1 }),
			3: mount(3, { ns: 0xf0000004, parent: 2, point: 9, sb: 2, root: 5, expiring: true, master: 1 }),
			// Nobody's any more, but somebody's root.
			4: mount(4, { ns: 0 }),
		},
		ttys: {
			1: tty(1, { index: 0, streams: [1], window: [24, 80, 0, 0], session: 1, pgrp: 1 }),
			2: tty(2, {
				index: 1,
				input: new Uint8Array([97, 0, 98, 10]),
				lines: [1, 3],
				backlog: new Uint8Array([99]),
				output: new Uint8Array([100, 13, 10]),
				echo: new Uint8Array([255, 0x81, 97]),
				column: 3,
				stopped: true,
				packet: true,
				status: 4,
				wakes: { slave: { read: 1, write: 2 }, master: { read: 3, write: 4 } },
			}),
		},
		streams: {
			0: stream(0, { kind: 'pipe', unread: new Uint8Array([104, 105]) }),
			1: stream(1, { written: 9 }),
		},
		scheduler: { current: 1, left: -3, queue: [], rng: 1, order: 4, chaos: false, epoch: 0 },
	};
}
