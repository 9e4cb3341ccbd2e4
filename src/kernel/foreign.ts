/**
 * A machine made from a process that ran elsewhere: what a core file or a debugger shows of it. Its registers, memory and mappings
 * are the process's; what neither shows (descriptors, signal handlers, timers, children) is a fresh container's.
 */
import type { Descriptor } from '../events/cpu.ts';
import { PAGE_SIZE, Pages } from '../events/pages.ts';
import type { Persona } from '../events/persona.ts';
import type { MachineState, Mm, Task, Vma } from '../reducers/state.ts';
import { Vm } from '../reducers/state.ts';
import { mergeVmas } from '../reducers/vma.ts';
import { AT } from './abi/auxv.ts';
import { packDescriptor } from './abi/user-desc.ts';
import { viewOf } from './abi/words.ts';
import type { Core, CoreFile, CoreSegment, CoreThread } from './core/notes.ts';
import { createContainer } from './initial.ts';

export interface ForeignOptions {
	readonly persona: Persona;
	readonly seed: number;
	/** Absolute path of the program (a byte string) and its contents; empty when they are not known. */
	readonly program: { readonly path: string; readonly bytes: Uint8Array };
	/** Contents beside those of the segments, by linear page number. */
	readonly pages?: ReadonlyMap<number, Uint8Array>;
}

const MAY = Vm.MAYREAD | Vm.MAYWRITE | Vm.MAYEXEC;
const EMPTY: Descriptor = { a: 0, b: 0 };
/** Offsets in glibc's i386 thread control block: pointer to itself twice (tcbhead_t), the thread's id (struct pthread). */
const TCB_SELF = 8;
const TCB_TID = 0x68;

/** The state of a foreign process, frozen: whoever thaws it lets it run. */
export function foreignState(core: Core, options: ForeignOptions): MachineState {
	const [first] = core.threads;
	const persona = { ...options.persona, firstPid: core.tgid };
	const container = createContainer({
		persona,
		seed: options.seed,
		program: options.program,
		argv: [],
		env: [],
		root: 'empty',
		streams: ['null', 'null', 'null'],
	});
	const { state, program } = container;
	const base = state.tasks[core.tgid];
	const id = state.next.mm;
	const object = state.next.object;
	const tasks: Record<number, Task> = {};
	for (const thread of core.threads) tasks[thread.pid] = taskOf(thread, core, base, id);
	const pids = core.threads.map((t) => t.pid);
	const group = state.groups[base.group];
	return {
		...state,
		next: { ...state.next, pid: Math.max(core.tgid, ...pids) + 1, mm: id + 1, object: object + 1 },
		tasks,
		groups: { ...state.groups, [group.id]: { ...group, threads: pids, pgrp: first.pgrp, session: first.session } },
		mms: { ...state.mms, [id]: mmOf(core, id, object, program, options.program.path) },
		objects: {
			...state.objects,
			[object]: { id: object, kind: 'private', size: 2 ** 32, pages: pagesOf(core.segments).with(options.pages ?? []) },
		},
		scheduler: { ...state.scheduler, current: first.pid, queue: pids.slice(1) },
		freezer: 'frozen',
	};
}

function taskOf(thread: CoreThread, core: Core, base: Task, mm: number): Task {
	const { uid, gid } = core;
	return {
		...base,
		pid: thread.pid,
		tgid: core.tgid,
		ppid: 0,
		mm,
		comm: core.fname,
		cpu: thread.cpu,
		tls: thread.tls ?? findTls(thread, core.segments),
		blocked: BigInt(thread.blocked),
		creds: { uid, euid: uid, suid: uid, fsuid: uid, gid, egid: gid, sgid: gid, fsgid: gid, groups: [] },
	};
}

function mmOf(core: Core, id: number, object: number, exe: number, exePath: string): Mm {
	const { auxv, segments, files, threads } = core;
	const stack = segments.find((s) => s.start <= threads[0].cpu.esp && threads[0].cpu.esp < s.end);
	const vmas: Vma[] = segments.map(({ start, end, access }) => {
		const flags = access | MAY | (stack?.start === start && fileAt(files, start) === undefined ? Vm.GROWSDOWN : 0);
		return { start, end, flags, object: 0, pgoff: 0, inode: 0, path: fileAt(files, start)?.path ?? '' };
	});
	const value = (tag: number) => auxv[auxv.findIndex((n, i) => i % 2 === 0 && n === tag) + 1];
	const vdso = auxv.some((n, i) => i % 2 === 0 && n === AT.SYSINFO_EHDR) ? value(AT.SYSINFO_EHDR) : 0;
	const none = { startCode: 0, endCode: 0, startData: 0, endData: 0, startBrk: 0, brk: 0 };
	const strings = { argStart: 0, argEnd: 0, envStart: 0, envEnd: 0 };
	const startStack = stack?.end ?? 0;
	return {
		id,
		object,
		vmas: mergeVmas(vmas),
		...none,
		...strings,
		startStack,
		mmapBase: 0,
		vdso,
		defFlags: 0,
		ldt: [],
		dumpable: 1,
		exe,
		exePath,
		auxv,
	};
}

/** The mapped file that covers an address. */
export function fileAt(files: readonly CoreFile[], address: number): CoreFile | undefined {
	return files.find((f) => f.start <= address && address < f.end);
}

function pagesOf(segments: readonly CoreSegment[]): Pages {
	const pages: [number, Uint8Array][] = [];
	for (const { start, bytes } of segments) {
		for (let at = 0; at < bytes.length; at += PAGE_SIZE) {
			const from = bytes.subarray(at, at + PAGE_SIZE);
			if (from.every((b) => b === 0)) continue;
			const page = new Uint8Array(PAGE_SIZE);
			page.set(from);
			pages.push([(start + at) / PAGE_SIZE, page]);
		}
	}
	return Pages.EMPTY.with(pages);
}

/** A flat descriptor for data at a base, as glibc asks set_thread_area for. */
export function tlsDescriptor(base: number): Descriptor {
	const flat = { entryNumber: 0, limit: 0xfffff, contents: 0, readExecOnly: 0, segNotPresent: 0 };
	return packDescriptor({ ...flat, base, seg32bit: 1, limitInPages: 1, useable: 1 }, 1);
}

/**
 * TLS descriptors that nothing tells: a thread control block of glibc holds its own address twice, and its thread's id. None when there
 * is none, or gs is not loaded.
 */
export function findTls(thread: CoreThread, segments: readonly CoreSegment[]): readonly Descriptor[] {
	const index = (thread.cpu.gs >> 3) - 6;
	if (index < 0 || index > 2) return [];
	for (const { start, bytes, access } of segments) {
		if ((access & 2) === 0) continue;
		const view = viewOf(bytes);
		for (let at = 0; at + TCB_TID + 4 <= bytes.length; at += 4) {
			const address = start + at;
			if (view.getUint32(at, true) !== address || view.getUint32(at + TCB_SELF, true) !== address) continue;
			if (view.getUint32(at + TCB_TID, true) !== thread.pid) continue;
			return [0, 1, 2].map((i) => (i === index ? tlsDescriptor(address) : EMPTY));
		}
	}
	return [];
}

/** Of a mapping that only the list of files names: gdb leaves out what was never written, text and read-only data. */
const UNTOLD_ACCESS = Vm.READ | Vm.EXEC;

/**
 * Contents and mappings that a core file leaves out, because they can be read from the files that are mapped: `read` gives a file by its
 * path. Also returned: paths that could not be read.
 */
export function withFiles(
	core: Core,
	read: (path: string) => Uint8Array | undefined,
): { readonly core: Core; readonly missing: readonly string[] } {
	const missing = new Set<string>();
	const filled = (segment: CoreSegment): CoreSegment => {
		const { start, end, bytes } = segment;
		const file = fileAt(core.files, start);
		if (file === undefined || bytes.length >= end - start) return segment;
		const contents = read(file.path);
		if (contents === undefined) {
			missing.add(file.path);
			return segment;
		}
		const offset = file.pgoff * PAGE_SIZE + (start - file.start);
		const whole = new Uint8Array(end - start);
		whole.set(contents.subarray(offset, offset + whole.length));
		whole.set(bytes);
		return { ...segment, bytes: whole };
	};
	const untold = core.files
		.filter((f) => f.start % PAGE_SIZE === 0 && f.start < f.end && !core.segments.some((s) => s.start < f.end && f.start < s.end))
		.map((f) => ({ start: f.start, end: f.end, access: UNTOLD_ACCESS, bytes: new Uint8Array(0) }));
	const segments = [...core.segments, ...untold].map(filled).sort((a, b) => a.start - b.start);
	return { core: { ...core, segments }, missing: [...missing] };
}
