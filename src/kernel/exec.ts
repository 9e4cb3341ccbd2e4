/**
 * Starting a program, and with a dynamic one its loader: a new address space laid out as Linux 6.1 lays out an i386 program's without address space
 * randomisation (fs/exec.c, fs/binfmt_elf.c, arch/x86/mm/mmap.c), as events. execve(2) and the machine's first task share it.
 */

import type { CpuState } from '../events/cpu.ts';
import { initialFx, noRegisters } from '../events/cpu.ts';
import type { Credentials, Mm, Vma } from '../events/entities.ts';
import { PAGE_SIZE, Pages } from '../events/pages.ts';
import { Vm } from '../reducers/state.ts';
import { AT, HWCAP_LEAF } from './abi/auxv.ts';
import { TASK_NAME } from './abi/clone.ts';
import { Errno } from './abi/errno.ts';
import { READ_IMPLIES_EXEC, RLIMIT } from './abi/mm.ts';
import { Sig } from './abi/signal.ts';
import { type Decision, isNeed, type NeedInput } from './decision.ts';
import { ElfError, type ElfImage, Pf, parseElf, type Segment, TASK_SIZE } from './elf.ts';
import { exitThread, releaseMemory } from './exit.ts';
import { fileBytes } from './file-data.ts';
import { chainOf, forgetPids } from './pids.ts';
import { randomBytes } from './random.ts';
import { isAlive } from './signal-queue.ts';
import { VDSO_SYMBOLS, vdsoPage } from './vdso.ts';

/** What to run. Strings are byte strings: one character a byte. */
export interface ExecRequest {
	readonly inode: number;
	/** Absolute path of the program with symbolic links resolved: /proc/self/exe and maps. */
	readonly path: string;
	/** As execve was given it: AT_EXECFN, and its last part is the task's name. */
	readonly filename: string;
	readonly argv: readonly string[];
	readonly env: readonly string[];
}

/** A file that is mapped as a program or as its loader. */
export type Executable = Pick<ExecRequest, 'inode' | 'path'>;

/** Finds the loader that a dynamic program names (open_exec): -errno, or the input it needs, when that fails. */
export type FindLoader = (path: string) => Executable | number | NeedInput;

/** Stack below the strings that is mapped from the start (setup_arg_pages: stack_expand). */
const STACK_EXPAND = 128 * 1024;
/** MAX_ARG_STRLEN: one string, NUL included. */
const MAX_STRING = 32 * PAGE_SIZE;
/** Frame of a signal with its FPU state: what getauxval(AT_MINSIGSTKSZ) tells. */
const MIN_SIGNAL_STACK = 1440;
const CLOCK_TICKS = 100;
const PLATFORM = 'i686';
const MAY = Vm.MAYREAD | Vm.MAYWRITE | Vm.MAYEXEC;

const pageDown = (address: number): number => address - (address % PAGE_SIZE);
const pageUp = (address: number): number => Math.ceil(address / PAGE_SIZE) * PAGE_SIZE;

/** Where mmap begins to search downwards (mmap_base): below the room the stack may grow to, 128 MiB at least. */
export function mmapBase(stackLimit: number): number {
	const gap = Math.min(Math.max(stackLimit + 256 * PAGE_SIZE, 128 * 1024 * 1024), Math.floor(TASK_SIZE / 6) * 5);
	return pageUp(TASK_SIZE - gap);
}

/** Where a position-independent program with a loader lies (ELF_ET_DYN_BASE of an i386 kernel); others go where mmap puts them. */
const ET_DYN_BASE = 0x400000;

/** What is added to a program's addresses when it is loaded: 0 for one with fixed addresses. */
export function loadBias(image: ElfImage, base: number): number {
	if (image.type === 'fixed') return 0;
	const first = pageDown(image.segments[0].vaddr);
	if (image.interpreter !== null) {
		const align = Math.max(PAGE_SIZE, ...image.segments.map((s) => s.align));
		return pageDown(ET_DYN_BASE - (ET_DYN_BASE % align) - first);
	}
	const last = image.segments[image.segments.length - 1];
	return base - (pageUp(last.vaddr + last.memsz) - first) - first;
}

/**
 * Emits everything execve does once its program is found: 0, or -errno with nothing emitted, or the input it needs.
 * Throws ElfError (nothing emitted) when the file is no program this machine runs.
 */
export function execEvents(d: Decision, request: ExecRequest, findLoader: FindLoader): number | NeedInput {
	const bytes = wholeFile(d, request.inode);
	if (!(bytes instanceof Uint8Array)) return bytes;
	const image = parseElf(bytes);
	const interpreter = image.interpreter === null ? null : openLoader(d, image.interpreter, findLoader);
	if (typeof interpreter === 'number' || isNeed(interpreter)) return interpreter;
	const { task, group } = d;
	const stackLimit = group.rlimits[RLIMIT.STACK][0];
	const argv = request.argv.length > 0 ? request.argv : [''];
	if (!stringsFit(argv, request.env, request.filename, stackLimit)) return -Errno.E2BIG;

	const readImpliesExec = image.stack === 'default';
	const personality = (task.personality | (readImpliesExec ? READ_IMPLIES_EXEC : 0)) >>> 0;
	const loader = new Loader(d, request, image, interpreter, personality, stackLimit);
	const random = randomBytes(d, 16);
	const oldMm = task.mm;
	loader.newMm();
	loader.mapStack(argv, request.env);
	loader.mapSegments();
	loader.mapVdso();
	const creds = credentialsAfter(d, request.inode);
	const esp = loader.fillStack(creds, random);

	leaveOthers(d);
	const { fdTable } = d.task;
	const { fds } = d.state.fdTables[fdTable];
	for (const fd of Object.keys(fds)) {
		if (fds[Number(fd)].cloexec) d.emit({ kind: 'fd/close', table: fdTable, fd: Number(fd) });
	}
	const secure = creds.euid !== creds.uid || creds.egid !== creds.gid;
	const pdeathSignal = secure ? 0 : task.pdeathSignal;
	d.emit({ kind: 'task/set', task: d.pid, fields: { personality, creds, pdeathSignal, exitSignal: Sig.SIGCHLD } });
	const comm = request.filename.slice(request.filename.lastIndexOf('/') + 1).slice(0, TASK_NAME - 1);
	const regs = startRegisters(d, loader.start, esp);
	if (d.group.timers.length > 0) d.emit({ kind: 'group/set', group: d.group.id, fields: { timers: [] } });
	d.emit({ kind: 'task/exec', task: d.pid, mm: loader.mm, comm, path: request.path, regs });
	const shared = Object.values(d.state.tasks).some((t) => t.mm === oldMm);
	if (oldMm !== 0 && !shared) d.emit({ kind: 'mm/drop', mm: oldMm });
	return 0;
}

function wholeFile(d: Decision, id: number): Uint8Array | NeedInput {
	const inode = d.state.inodes[id];
	return fileBytes(d, inode, 0, inode.size);
}

/** A file and what its headers say. */
interface Loadable extends Executable {
	readonly image: ElfImage;
}

/** The dynamic loader; one that is no program is -ELIBBAD (load_elf_binary). */
function openLoader(d: Decision, path: string, find: FindLoader): Loadable | number | NeedInput {
	const found = find(path);
	if (typeof found === 'number' || isNeed(found)) return found;
	const bytes = wholeFile(d, found.inode);
	if (!(bytes instanceof Uint8Array)) return bytes;
	try {
		return { inode: found.inode, path: found.path, image: parseElf(bytes) };
	} catch (error) {
		if (!(error instanceof ElfError)) throw error;
		return -Errno.ELIBBAD;
	}
}

/**
 * begin_new_exec: the other threads end, who is left is the leader; who shared memory is told, and what cannot be shared with
 * the new program is copied.
 */
function leaveOthers(d: Decision): void {
	const { tgid } = d.task;
	for (const pid of d.group.threads) if (pid !== d.pid && isAlive(d.state.tasks[pid])) exitThread(d, pid, Sig.SIGKILL);
	releaseMemory(d, d.pid);
	if (d.pid !== tgid) {
		// The old leader goes without its parent hearing of it.
		d.emit({ kind: 'task/reap', task: tgid, group: 0, times: null });
		d.emit({ kind: 'task/rename', task: d.pid, to: tgid });
		d.pid = tgid;
		forgetPids(d, chainOf(d.state, d.task.pidNs));
	}
	const { task, state } = d;
	const shared = (field: 'fdTable' | 'sighand') =>
		Object.values(state.tasks).some((t) => t.pid !== d.pid && t[field] === task[field]);
	const own = {
		...(shared('sighand') ? { sighand: { ...state.sighands[task.sighand], id: state.next.sighand } } : {}),
		...(shared('fdTable') ? { fdTable: { ...state.fdTables[task.fdTable], id: state.next.fdTable } } : {}),
	};
	if (Object.keys(own).length > 0) d.emit({ kind: 'task/unshare', task: d.pid, ...own });
}

/** bprm_stack_limits: strings and pointers within a quarter of the stack, 128 KiB at least, 6 MiB at most. */
function stringsFit(argv: readonly string[], env: readonly string[], filename: string, stackLimit: number): boolean {
	const strings = [...argv, ...env];
	if (strings.some((s) => s.length + 1 > MAX_STRING)) return false;
	const limit = Math.max(Math.min(6 * 1024 * 1024, Math.floor(stackLimit / 4)), 128 * 1024);
	return strings.reduce((n, s) => n + s.length + 1 + 4, filename.length + 1) <= limit;
}

/** set-user-ID and set-group-ID bits, unless no_new_privs; saved and file system ids follow the effective ones. */
function credentialsAfter(d: Decision, id: number): Credentials {
	const { creds, noNewPrivs } = d.task;
	const { mode, uid, gid } = d.state.inodes[id];
	const euid = mode & 0o4000 && !noNewPrivs ? uid : creds.euid;
	const egid = (mode & 0o2010) === 0o2010 && !noNewPrivs ? gid : creds.egid;
	return { ...creds, euid, suid: euid, fsuid: euid, egid, sgid: egid, fsgid: egid };
}

/** ELF_PLAT_INIT and start_thread: everything zero but the segments, eip, esp and IF. */
function startRegisters(d: Decision, eip: number, esp: number): CpuState {
	const { userCs: cs, userDs: ds } = d.state.persona;
	return Object.assign(noRegisters(false), { esp, eip, cs, ds, es: ds, ss: ds, fx: initialFx() });
}

/** The steps of one exec; each adds to the new address space. */
class Loader {
	readonly #d: Decision;
	readonly #request: ExecRequest;
	readonly #image: ElfImage;
	readonly #personality: number;
	readonly #stackLimit: number;
	readonly #bias: number;
	readonly #interpreter: Loadable | null;
	/** What is added to the addresses of the dynamic loader; it lies where mmap would put it. */
	readonly #loaderBias: number;
	readonly mm: number;
	/** Where the argument strings begin: the tables of pointers go below. */
	#strings = 0;
	/** argc, argv, NULL, envp, NULL as they stand at esp. */
	#vectors: readonly number[] = [];
	#chunks: { readonly address: number; readonly bytes: Uint8Array }[] = [];

	constructor(
		d: Decision,
		request: ExecRequest,
		image: ElfImage,
		interpreter: Loadable | null,
		personality: number,
		stackLimit: number,
	) {
		this.#d = d;
		this.#request = request;
		this.#image = image;
		this.#personality = personality;
		this.#stackLimit = stackLimit;
		this.#bias = loadBias(image, mmapBase(stackLimit));
		this.#interpreter = interpreter;
		// A loader's own PT_INTERP is not looked at
		this.#loaderBias = interpreter === null ? 0 : loadBias({ ...interpreter.image, interpreter: null }, mmapBase(stackLimit));
		this.mm = d.state.next.mm;
	}

	get entry(): number {
		return (this.#image.entry + this.#bias) >>> 0;
	}

	/** Where user mode begins: at the dynamic loader's entry if there is one. */
	get start(): number {
		return this.#interpreter === null ? this.entry : (this.#interpreter.image.entry + this.#loaderBias) >>> 0;
	}

	newMm(): void {
		const { segments } = this.#image;
		const code = segments.filter((s) => s.flags & Pf.X);
		const first = Math.min(...(code.length > 0 ? code : segments).map((s) => s.vaddr));
		const end = Math.max(0, ...code.map((s) => s.vaddr + s.filesz));
		const brk = pageUp(Math.max(...segments.map((s) => s.vaddr + s.memsz)) + this.#bias);
		const object = this.#d.state.next.object;
		const mm: Mm = {
			id: this.mm,
			object,
			vmas: [],
			startCode: first + this.#bias,
			endCode: end + this.#bias,
			startData: Math.max(...segments.map((s) => s.vaddr)) + this.#bias,
			endData: Math.max(...segments.map((s) => s.vaddr + s.filesz)) + this.#bias,
			startBrk: brk,
			brk,
			startStack: 0,
			argStart: 0,
			argEnd: 0,
			envStart: 0,
			envEnd: 0,
			mmapBase: mmapBase(this.#stackLimit),
			vdso: 0,
			defFlags: 0,
			ldt: [],
			dumpable: 1,
			exe: this.#request.inode,
			exePath: this.#request.path,
			auxv: [],
		};
		this.#d.emit({ kind: 'mm/new', mm, object: { id: object, kind: 'private', pages: Pages.EMPTY, size: 2 ** 32 } });
	}

	/** The strings from the top of the stack down: the file name, the environment, the arguments. */
	mapStack(argv: readonly string[], env: readonly string[]): void {
		let p = TASK_SIZE - 4;
		const push = (s: string): number => {
			p -= s.length + 1;
			this.#chunks.push({ address: p, bytes: stringBytes(s) });
			return p;
		};
		push(this.#request.filename);
		const envEnd = p;
		const envp = env.toReversed().map(push).reverse();
		const envStart = p;
		const argp = argv.toReversed().map(push).reverse();
		this.#strings = p;
		this.#vectors = [argv.length, ...argp, 0, ...envp, 0];
		const fields = { argStart: p, argEnd: envStart, envStart, envEnd };
		this.#d.emit({ kind: 'mm/set', mm: this.mm, fields });

		const used = pageDown(p);
		const limit = pageDown(this.#stackLimit);
		const lowest = TASK_SIZE - used + STACK_EXPAND > limit ? Math.min(used, TASK_SIZE - limit) : used - STACK_EXPAND;
		// The tables of a very long list of arguments reach further down: they are written by faulting the stack in.
		const tables = pageDown(p - 4 * (argv.length + env.length + 64));
		const { stack } = this.#image;
		const executable = stack === 'executable' || (this.#personality & READ_IMPLIES_EXEC && stack === 'default');
		const flags = Vm.READ | Vm.WRITE | (executable ? Vm.EXEC : 0) | MAY | Vm.GROWSDOWN | Vm.ACCOUNT;
		this.#map({ start: Math.min(lowest, tables), end: TASK_SIZE, flags });
	}

	mapSegments(): void {
		for (const s of this.#image.segments) this.#mapSegment(s, this.#request, this.#bias);
		const loader = this.#interpreter;
		if (loader !== null) for (const s of loader.image.segments) this.#mapSegment(s, loader, this.#loaderBias);
	}

	#mapSegment(s: Segment, { inode, path }: Executable, bias: number): void {
		const start = s.vaddr + bias;
		const fileEnd = start + s.filesz;
		const end = start + s.memsz;
		const flags = this.#protection(s.flags) | MAY | (s.flags & Pf.W ? Vm.ACCOUNT : 0);
		if (s.filesz > 0) {
			const { object } = this.#d.state.inodes[inode];
			const pgoff = (s.offset - (s.vaddr % PAGE_SIZE)) / PAGE_SIZE;
			const file = { object, pgoff, inode, path };
			this.#map({ start: pageDown(start), end: pageUp(fileEnd), flags: flags | Vm.DENYWRITE | Vm.EXECUTABLE, ...file });
		}
		if (end === fileEnd) return;
		const anonymous = s.filesz > 0 ? pageUp(fileEnd) : pageDown(start);
		if (s.filesz > 0 && fileEnd < anonymous) {
			const bytes = new Uint8Array(anonymous - fileEnd);
			this.#d.emit({ kind: 'memory/write', mm: this.mm, address: fileEnd, bytes, force: true });
		}
		// vm_brk_flags: writable whatever the segment says.
		const bss = this.#protection(Pf.R | Pf.W | (s.flags & Pf.X)) | MAY | Vm.ACCOUNT;
		if (anonymous < pageUp(end)) this.#map({ start: anonymous, end: pageUp(end), flags: bss });
	}

	/** VM_READ, VM_WRITE, VM_EXEC of p_flags. */
	#protection(flags: number): number {
		const read = flags & Pf.R ? Vm.READ : 0;
		const execute = flags & Pf.X || (read && this.#personality & READ_IMPLIES_EXEC) ? Vm.EXEC : 0;
		return read | (flags & Pf.W ? Vm.WRITE : 0) | execute;
	}

	/** Maps over what is there, as MAP_FIXED does. */
	#map(vma: Pick<Vma, 'start' | 'end' | 'flags'> & Partial<Vma>): void {
		const { vmas } = this.#d.state.mms[this.mm];
		if (vmas.some((v) => v.start < vma.end && v.end > vma.start)) {
			this.#d.emit({ kind: 'mm/unmap', mm: this.mm, start: vma.start, end: vma.end });
		}
		this.#d.emit({ kind: 'mm/map', mm: this.mm, vma: { object: 0, pgoff: 0, inode: 0, path: '', ...vma } });
	}

	/** One page right below mmapBase, or the first room below it when a position-independent program is there. */
	mapVdso(): void {
		const d = this.#d;
		const { objects, mms, next } = d.state;
		let object = Object.values(objects).find((o) => o.kind === 'vdso')?.id;
		if (object === undefined) {
			object = next.object;
			const pages = Pages.EMPTY.with([[0, vdsoPage()]]);
			d.emit({ kind: 'object/new', object: { id: object, kind: 'vdso', pages, size: PAGE_SIZE } });
		}
		let start = mms[this.mm].mmapBase - PAGE_SIZE;
		for (const v of [...mms[this.mm].vmas].reverse())
			if (v.start < start + PAGE_SIZE && v.end > start) start = v.start - PAGE_SIZE;
		const flags = Vm.READ | Vm.EXEC | MAY | Vm.DONTEXPAND | Vm.ALWAYSDUMP;
		this.#map({ start, end: start + PAGE_SIZE, flags, object, path: '[vdso]' });
		d.emit({ kind: 'mm/set', mm: this.mm, fields: { vdso: start } });
	}

	/** create_elf_tables: platform, random bytes, auxv, envp, argv, argc. Returns esp. */
	fillStack(creds: Credentials, random: Uint8Array): number {
		const d = this.#d;
		const mm = d.state.mms[this.mm];
		let p = this.#strings - (this.#strings % 16);
		p -= PLATFORM.length + 1;
		const platform = p;
		this.#chunks.push({ address: p, bytes: stringBytes(PLATFORM) });
		p -= random.length;
		this.#chunks.push({ address: p, bytes: random });
		const auxv = this.#auxv(mm, creds, platform, p);

		const pointers = this.#vectors;
		const sp = p - auxv.length * 4 - pointers.length * 4;
		const esp = sp - (sp % 16);
		const words = new DataView(new ArrayBuffer((pointers.length + auxv.length) * 4));
		for (const [i, w] of [...pointers, ...auxv].entries()) words.setUint32(4 * i, w, true);
		this.#chunks.push({ address: esp, bytes: new Uint8Array(words.buffer) });

		const bytes = new Uint8Array(TASK_SIZE - esp);
		for (const chunk of this.#chunks) bytes.set(chunk.bytes, chunk.address - esp);
		d.emit({ kind: 'memory/write', mm: this.mm, address: esp, bytes, force: false });
		d.emit({ kind: 'mm/set', mm: this.mm, fields: { startStack: esp, auxv } });
		return esp;
	}

	#auxv(mm: Mm, creds: Credentials, platform: number, random: number): number[] {
		const { segments, phoff, phnum } = this.#image;
		const headers = segments.find((s) => s.offset <= phoff && phoff < s.offset + s.filesz);
		const phdr = headers ? phoff - headers.offset + headers.vaddr + this.#bias : 0;
		const features = this.#d.state.persona.cpuid.find((leaf) => leaf[0] === HWCAP_LEAF)?.[5] ?? 0;
		const secure = creds.euid !== creds.uid || creds.egid !== creds.gid ? 1 : 0;
		return [
			[AT.SYSINFO, mm.vdso + VDSO_SYMBOLS.__kernel_vsyscall],
			[AT.SYSINFO_EHDR, mm.vdso],
			[AT.MINSIGSTKSZ, MIN_SIGNAL_STACK],
			[AT.HWCAP, features],
			[AT.PAGESZ, PAGE_SIZE],
			[AT.CLKTCK, CLOCK_TICKS],
			[AT.PHDR, phdr],
			[AT.PHENT, 32],
			[AT.PHNUM, phnum],
			[AT.BASE, this.#loaderBias],
			[AT.FLAGS, 0],
			[AT.ENTRY, this.entry],
			[AT.UID, creds.uid],
			[AT.EUID, creds.euid],
			[AT.GID, creds.gid],
			[AT.EGID, creds.egid],
			[AT.SECURE, secure],
			[AT.RANDOM, random],
			[AT.HWCAP2, 0],
			[AT.EXECFN, mm.envEnd],
			[AT.PLATFORM, platform],
			[AT.NULL, 0],
		].flat();
	}
}

/** A byte string with its NUL. */
function stringBytes(s: string): Uint8Array {
	const bytes = new Uint8Array(s.length + 1);
	for (let i = 0; i < s.length; i++) bytes[i] = s.charCodeAt(i);
	return bytes;
}
