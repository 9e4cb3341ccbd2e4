/**
 * The machine before its first step: a container with one task that has just executed its program. Everything outside is
 * given as options; nothing here looks at the host.
 */
import { assert } from '../events/assert.ts';
import { initialFx, noRegisters } from '../events/cpu.ts';
import type { FsStruct, Inode, OpenFile, Sighand, Stream, Task, TaskTimes, ThreadGroup } from '../events/entities.ts';
import type { KernelEvent } from '../events/event.ts';
import type { HostMeta } from '../events/input.ts';
import type { Persona } from '../events/persona.ts';
import { reduce } from '../reducers/reduce.ts';
import type { MachineState } from '../reducers/state.ts';
import { Errno } from './abi/errno.ts';
import { O } from './abi/fcntl.ts';
import { RLIM_INFINITY, RLIM_NLIMITS, RLIMIT } from './abi/mm.ts';
import { MS } from './abi/mount.ts';
import { Decision, isNeed } from './decision.ts';
import { ElfError, parseElf } from './elf.ts';
import { execEvents } from './exec.ts';
import { ROOT_INO } from './namespaces.ts';
import { procRoot } from './procfs.ts';
import { seedPrng } from './random.ts';
import { NORMAL, seedScheduler } from './schedule.ts';
import { DEV } from './stat.ts';
import { NO_TIMES } from './timers.ts';
import { blankTty, PTMX_RDEV, SLAVE_MAJOR } from './tty/terminal.ts';

/** What a descriptor 0–2 of the recorder is: bytes of a regular file on stdin are known beforehand. */
export type StdStream = Stream['kind'] | { readonly file: Uint8Array; readonly path: string };

/** A file that is there from the start: its absolute path inside the guest's root, and what a look-up of it would find. */
export interface FirstFile {
	readonly path: string;
	readonly bytes: Uint8Array;
	readonly meta?: Partial<HostMeta>;
}

/** All strings are byte strings (`byteString`). */
export interface InitialOptions {
	readonly persona: Persona;
	/** Seed of the generator: a safe integer ≥ 0. */
	readonly seed: number;
	readonly program: FirstFile;
	/** The dynamic loader, when the program names one. */
	readonly loader?: FirstFile;
	readonly argv: readonly string[];
	readonly env: readonly string[];
	/** The name execve was given, where neither argv[0] nor the path is it: a script's. */
	readonly filename?: string;
	/** `host`: what is not here is looked up below a directory of the host as inputs. */
	readonly root: 'empty' | 'host';
	/** Kinds of descriptors 0, 1, 2. */
	readonly streams: readonly [StdStream, StdStream, StdStream];
	/** Absolute path; it is made when it is missing from an empty root. Default `/`. */
	readonly cwd?: string;
	/** Quanta and priorities as rr's chaos mode has them. */
	readonly chaos?: boolean;
	/** [soft, hard] by RLIMIT number, over the defaults. */
	readonly limits?: { readonly [limit: number]: readonly [number, number] };
	/** User and group of the program; default 0 (the container's root). */
	readonly uid?: number;
	readonly gid?: number;
}

const TTY_RDEV = (SLAVE_MAJOR << 8) | 0;
const DEVICES: readonly (readonly [name: string, major: number, minor: number])[] = [
	['full', 1, 7],
	['null', 1, 3],
	['ptmx', 5, 2],
	['random', 1, 8],
	['tty', 5, 0],
	['urandom', 1, 9],
	['zero', 1, 5],
];

/** Names of descriptors that shells use. */
const DEVICE_LINKS: readonly (readonly [name: string, target: string])[] = [
	['fd', '/proc/self/fd'],
	['stderr', '/proc/self/fd/2'],
	['stdin', '/proc/self/fd/0'],
	['stdout', '/proc/self/fd/1'],
];

/** How late timers may be when nobody said otherwise (init_task's timer_slack_ns). */
const TIMER_SLACK_NS = 50_000;
/** Rows, columns and pixels of the recorder's terminal, whatever it is: recordings do not depend on who made them. */
const WINDOW = [24, 80, 0, 0];

/** A text as a byte string: its UTF-8 bytes (or the given ones), one character each. */
export function byteString(text: string | Uint8Array): string {
	let bytes = '';
	for (const b of typeof text === 'string' ? new TextEncoder().encode(text) : text) bytes += String.fromCharCode(b);
	return bytes;
}

/** What a program's limits are when nobody set them: those of a Linux 6.1 container. */
export function defaultLimits(): (readonly [number, number])[] {
	const limits: (readonly [number, number])[] = new Array(RLIM_NLIMITS).fill([RLIM_INFINITY, RLIM_INFINITY]);
	limits[RLIMIT.STACK] = [8 * 1024 * 1024, RLIM_INFINITY];
	limits[RLIMIT.CORE] = [0, RLIM_INFINITY];
	limits[RLIMIT.NPROC] = [4096, 4096];
	limits[RLIMIT.NOFILE] = [1024, 4096];
	limits[RLIMIT.MEMLOCK] = [8 * 1024 * 1024, 8 * 1024 * 1024];
	limits[RLIMIT.SIGPENDING] = [4096, 4096];
	limits[RLIMIT.MSGQUEUE] = [819200, 819200];
	limits[RLIMIT.NICE] = [0, 0];
	limits[RLIMIT.RTPRIO] = [0, 0];
	return limits;
}

/** The machine with its files and descriptors and one task that has no address space yet, and the inode of the program. */
export function createContainer(options: InitialOptions): {
	readonly state: MachineState;
	readonly program: number;
	readonly loader: number | null;
} {
	const { persona } = options;
	const empty = emptyState(options);
	const build = new Builder(empty);
	const { program, loader } = build.files(options);
	build.descriptors(options.streams);
	build.mounts();
	build.task(options);
	const scheduler = { ...empty.scheduler, current: persona.firstPid, left: persona.quantum };
	return { state: { ...reduce(empty, build.events), scheduler }, program, loader };
}

/** The state at position 0. Throws ElfError when the program or its loader is not one this machine runs. */
export function createInitialState(options: InitialOptions): { readonly state: MachineState } {
	const { persona } = options;
	const { state: before, program, loader } = createContainer(options);
	const d = new Decision(
		{
			state: before,
			memory: { read: () => undefined, page: () => undefined },
			regs: (pid) => before.tasks[pid].cpu,
			waiting: () => [],
		},
		persona.firstPid,
	);
	const { path } = options.program;
	const { argv, env } = options;
	// What a shell would have passed to execve: the word it was called by, if that was a path.
	const filename = options.filename ?? (argv[0]?.includes('/') ? argv[0] : path);
	const findLoader = () => (loader === null ? -Errno.ENOENT : { inode: loader, path: options.loader!.path });
	const result = execEvents(d, { inode: program, path, filename, argv, env }, findLoader);
	assert(!isNeed(result), 'the program and its loader are there');
	if (result === -Errno.ENOENT) throw new ElfError('PT_INTERP', 0, 'a loader below the root', 'none');
	if (result === -Errno.ELIBBAD) parseElf(options.loader!.bytes);
	if (result !== 0) throw new ElfError('arguments and environment', 0, 'less than a quarter of the stack limit', 'more');
	return { state: d.whole };
}

function emptyState(options: InitialOptions): MachineState {
	const next = {
		pid: options.persona.firstPid,
		mm: 1,
		object: 1,
		fdTable: 1,
		fs: 1,
		sighand: 1,
		group: 1,
		file: 1,
		inode: 1,
		pipe: 1,
		anon: 1,
		ipc: 1,
		semUndo: 1,
		super: 1,
		mount: 1,
		tty: options.streams.includes('tty') ? 2 : 1,
		ino: 2,
	};
	const tables = {
		tasks: {},
		mms: {},
		objects: {},
		fdTables: {},
		fsStructs: {},
		sighands: {},
		groups: {},
		files: {},
		inodes: {},
		pipes: {},
		anons: {},
		ipcs: {},
		semUndos: {},
		supers: {},
		mounts: {},
	};
	const streams: { [id: number]: Stream } = {};
	options.streams.forEach((s, id) => {
		if (typeof s !== 'string' || s === 'closed' || s === 'null') return;
		streams[id] = { id, kind: s, unread: new Uint8Array(0), eof: false, arrivals: 0, written: 0 };
	});
	const shown = Object.values(streams).filter((s) => s.kind === 'tty');
	const { firstPid } = options.persona;
	const ttys =
		shown.length === 0
			? {}
			: {
					1: {
						...blankTty(1, 0),
						streams: shown.map((s) => s.id),
						window: WINDOW,
						session: firstPid,
						pgrp: firstPid,
						locked: false,
					},
				};
	return {
		persona: options.persona,
		clock: { steps: 0, skewNs: 0, realOffsetNs: 0n },
		next,
		...tables,
		ttys,
		streams,
		scheduler: seedScheduler(options.seed, options.chaos ?? false),
		prng: seedPrng(options.seed),
		freezer: 'thawed',
		ended: false,
	};
}

/** The first file systems, by their ids: that of the root, /proc, the terminals. Their mounts have the same. */
const ROOT_FS = 1;
const PROC_FS = 2;
const PTS_FS = 3;
/** As container engines mount it. */
const PROC_FLAGS = MS.NOSUID | MS.NODEV | MS.NOEXEC | MS.RELATIME;
const PTS_FLAGS = MS.NOSUID | MS.NOEXEC | MS.RELATIME;
const PTS_OPTIONS = ',gid=5,mode=620,ptmxmode=000';
const UNLIMITED = { readonly: false, options: '', blocks: 0, files: 0, pidNs: 0 };

/** Collects the events that fill the empty machine. */
class Builder {
	readonly events: KernelEvent[] = [];
	readonly #persona: Persona;
	#inode = 1;
	#ino = 2;
	#object = 1;
	#file = 1;
	/** Directory inodes by path. */
	readonly #dirs = new Map<string, number>();
	readonly #nlink = new Map<number, number>();
	readonly #fds: { [fd: number]: { readonly file: number; readonly cloexec: boolean } } = {};
	readonly #files: OpenFile[] = [];
	#cwd = 1;
	#cwdPath = '/';
	/** The directory of terminals, and the number of the recorder's. */
	#pts = 0;
	#tty: number | undefined;
	#null = 0;

	constructor(state: MachineState) {
		this.#persona = state.persona;
	}

	#newInode(fields: Partial<Inode> & Pick<Inode, 'kind' | 'mode'>): number {
		const id = this.#inode++;
		const now = this.#persona.epochNs;
		const defaults = {
			uid: 0,
			gid: 0,
			nlink: fields.kind === 'dir' ? 2 : 1,
			rdev: 0,
			size: 0,
			atime: now,
			mtime: now,
			ctime: now,
			object: 0,
			channel: 0,
			target: '',
			entries: [],
			locks: [],
			parent: 0,
			lower: 'none' as const,
			lowerPath: '',
			seals: 0,
			sb: fields.kind === 'stream' ? 0 : ROOT_FS,
		};
		const ino = fields.ino ?? this.#ino++;
		this.events.push({ kind: 'inode/new', inode: { ...defaults, ...fields, id, ino } });
		return id;
	}

	/** A regular file with its bytes. */
	#newFile(bytes: Uint8Array, fields: Partial<Inode>): number {
		const object = this.#object++;
		const inode = this.#newInode({ kind: 'file', mode: 0o644, ...fields, object });
		if (bytes.length > 0) this.events.push({ kind: 'inode/write', inode, offset: 0, bytes });
		const { mtime } = { mtime: this.#persona.epochNs, ...fields };
		this.events.push({ kind: 'inode/set', inode, fields: { mtime, ctime: mtime } });
		return inode;
	}

	#link(dir: number, name: string, inode: number): void {
		this.events.push({ kind: 'dir/link', dir, name, inode });
	}

	/** The directory of an absolute path, made with its parents where it is missing. */
	#dir(path: string, host: boolean, mode = 0o755, fields: Partial<Inode> = {}): number {
		const known = this.#dirs.get(path);
		if (known !== undefined) return known;
		const cut = path.lastIndexOf('/');
		const parent = this.#dir(path.slice(0, cut) || '/', host);
		const lower = host ? { lower: 'partial' as const, lowerPath: path } : {};
		const id = this.#newInode({ kind: 'dir', mode, parent, ...lower, ...fields });
		this.#dirs.set(path, id);
		this.#link(parent, path.slice(cut + 1), id);
		// `..` of the new directory is a link to its parent.
		const nlink = (this.#nlink.get(parent) ?? 2) + 1;
		this.#nlink.set(parent, nlink);
		this.events.push({ kind: 'inode/set', inode: parent, fields: { nlink } });
		return id;
	}

	/** Root, devices, /tmp, the program, its loader and their directories. Returns the inodes of the two. */
	files(options: InitialOptions): { readonly program: number; readonly loader: number | null } {
		const host = options.root === 'host';
		const root = this.#newInode({ kind: 'dir', mode: 0o755, parent: 1, ...(host ? { lower: 'partial', lowerPath: '/' } : {}) });
		this.#dirs.set('/', root);
		const dev = this.#dir('/dev', false);
		for (const [name, major, minor] of DEVICES) {
			const id = this.#newInode({ kind: 'char', mode: 0o666, rdev: (major << 8) | minor });
			if (name === 'null') this.#null = id;
			this.#link(dev, name, id);
		}
		this.#pts = this.#newInode({ kind: 'dir', mode: 0o755, parent: this.#inode, sb: PTS_FS });
		this.#link(this.#pts, 'ptmx', this.#newInode({ kind: 'char', mode: 0, rdev: PTMX_RDEV, sb: PTS_FS }));
		for (const [name, target] of DEVICE_LINKS) this.#link(dev, name, this.#newInode({ kind: 'symlink', mode: 0o777, target }));
		// Where shm_open(3) and sem_open(3) keep theirs.
		this.#dir('/dev/shm', false, 0o1777);
		if (!host) this.#dir('/tmp', false, 0o1777);

		const program = this.#first(options.program, host);
		const loader = options.loader === undefined ? null : this.#first(options.loader, host);
		this.#cwdPath = options.cwd ?? '/';
		this.#cwd = this.#dir(this.#cwdPath, host);
		return { program, loader };
	}

	/** The root, and on directories of it /proc and the terminals. */
	mounts(): void {
		const point = this.#dir('/proc', false, 0o555, { ino: 1 });
		const terminals = this.#dir('/dev/pts', false);
		const proc = this.#newInode(procRoot(this.#inode, PROC_FS));
		const shared = { ns: ROOT_INO.mnt, peers: 0, master: 0, unbindable: false, expiring: false };
		this.events.push(
			{ kind: 'super/new', superblock: { ...UNLIMITED, id: ROOT_FS, type: 'tmpfs', dev: DEV.TREE } },
			{ kind: 'super/new', superblock: { ...UNLIMITED, id: PROC_FS, type: 'proc', dev: DEV.PROC } },
			{ kind: 'super/new', superblock: { ...UNLIMITED, id: PTS_FS, type: 'devpts', dev: DEV.PTS, options: PTS_OPTIONS } },
			{
				kind: 'mount/new',
				mount: { ...shared, id: 1, number: 2, parent: 0, point: 0, sb: ROOT_FS, root: 1, source: 'root', flags: MS.RELATIME },
			},
			{
				kind: 'mount/new',
				mount: { ...shared, id: 2, number: 3, parent: 1, point, sb: PROC_FS, root: proc, source: 'proc', flags: PROC_FLAGS },
			},
			{
				kind: 'mount/new',
				mount: {
					...{ ...shared, id: 3, number: 4, parent: 1, point: terminals, sb: PTS_FS },
					...{ root: this.#pts, source: 'devpts', flags: PTS_FLAGS },
				},
			},
		);
	}

	#first({ path, bytes, meta }: FirstFile, host: boolean): number {
		const cut = path.lastIndexOf('/');
		const dir = this.#dir(path.slice(0, cut) || '/', host);
		const inode = this.#newFile(bytes, {
			mode: meta?.mode ?? 0o755,
			uid: meta?.uid ?? 0,
			gid: meta?.gid ?? 0,
			mtime: meta?.mtime ?? this.#persona.epochNs,
			...(host ? { lowerPath: path } : {}),
		});
		this.#link(dir, path.slice(cut + 1), inode);
		return inode;
	}

	#open(fd: number, inode: number, flags: number, path: string, mount = 0): void {
		const id = this.#file++;
		this.#files.push({ id, inode, flags, pos: 0, mount, path, owner: 0, signal: 0 });
		this.#fds[fd] = { file: id, cloexec: false };
	}

	descriptors(streams: InitialOptions['streams']): void {
		streams.forEach((s, fd) => {
			const access = fd === 0 ? O.RDONLY : O.WRONLY;
			if (typeof s !== 'string') {
				this.#open(fd, this.#newFile(s.file, {}), O.RDONLY | O.LARGEFILE, s.path);
				return;
			}
			switch (s) {
				case 'closed':
					return;
				case 'null':
					this.#open(fd, this.#null, access | O.LARGEFILE, '/dev/null', 1);
					return;
				case 'tty':
					this.#open(fd, this.#terminal(fd), O.RDWR | O.LARGEFILE, '/0', 3);
					return;
				case 'pipe':
					this.#open(fd, this.#stream(fd, 0o600, 0), access, `pipe:[${this.#ino - 1}]`);
					return;
				case 'file':
					this.#open(fd, this.#stream(fd, 0o644, 0), access | O.LARGEFILE, `/${STREAM_NAMES[fd]}`);
					return;
				case 'other':
					this.#open(fd, this.#stream(fd, 0o777, 0), O.RDWR, `socket:[${this.#ino - 1}]`);
					return;
			}
		});
	}

	/** The recorder's terminal, by each descriptor that is it: one file of /dev/pts, as far as anybody can see. */
	#terminal(id: number): number {
		const first = this.#tty === undefined;
		this.#tty ??= this.#ino++;
		const inode = this.#newInode({ kind: 'stream', mode: 0o620, rdev: TTY_RDEV, channel: id, ino: this.#tty });
		if (first) this.#link(this.#pts, '0', inode);
		return inode;
	}

	#stream(id: number, mode: number, rdev: number): number {
		return this.#newInode({ kind: 'stream', mode, rdev, channel: id });
	}

	task(options: InitialOptions): void {
		const pid = this.#persona.firstPid;
		const uid = options.uid ?? 0;
		const gid = options.gid ?? 0;
		const times: TaskTimes = { steps: 0, startNs: this.#persona.bootNs, nvcsw: 0, nivcsw: 0, minFlt: 0, majFlt: 0 };
		const value: Task = {
			pid,
			tgid: pid,
			ppid: 0,
			state: 'running',
			mm: 0,
			fdTable: 1,
			fs: 1,
			sighand: 1,
			group: 1,
			comm: '',
			cpu: { ...noRegisters(false), fx: initialFx() },
			tls: [],
			origAx: -1,
			entry: 'none',
			wait: null,
			restartBlock: null,
			trace: null,
			creds: { uid, euid: uid, suid: uid, fsuid: uid, gid, egid: gid, sgid: gid, fsgid: gid, groups: [] },
			blocked: 0n,
			savedMask: null,
			pending: [],
			altstack: { sp: 0, size: 0, flags: 0 },
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
			exitStatus: 0,
			flags: 0x40,
			noNewPrivs: false,
			times,
			nice: 0,
			sched: NORMAL,
			timerSlack: { ns: TIMER_SLACK_NS, initial: TIMER_SLACK_NS },
			personality: 0,
		};
		const disarmed = { expires: null, interval: 0 };
		const group: ThreadGroup = {
			id: 1,
			tgid: pid,
			threads: [pid],
			pgrp: pid,
			session: pid,
			tty: options.streams.includes('tty') ? 1 : 0,
			oldPgrp: 0,
			pending: [],
			rlimits: defaultLimits().map((l, i) => options.limits?.[i] ?? l),
			itimers: { real: disarmed, virtual: disarmed, prof: disarmed },
			timers: [],
			nextTimer: 0,
			groupExit: null,
			stopSignal: 0,
			report: 'none',
			threadTimes: NO_TIMES,
			childTimes: NO_TIMES,
			subreaper: false,
		};
		const action = { handler: 0, flags: 0, restorer: 0, mask: 0n };
		const sighand: Sighand = { id: 1, actions: new Array(65).fill(action) };
		const fs: FsStruct = { id: 1, cwd: this.#cwd, cwdMount: 1, cwdPath: this.#cwdPath, root: 1, rootMount: 1, umask: 0o022 };
		for (const file of this.#files) this.events.push({ kind: 'file/open', file });
		this.events.push({ kind: 'task/new', task: pid, value, group, sighand, fdTable: { id: 1, fds: this.#fds }, fs });
	}
}

const STREAM_NAMES = ['stdin', 'stdout', 'stderr'] as const;
