/**
 * A core file of a thread group, as Linux writes one for an i386 program (fs/binfmt_elf.c: elf_core_dump), with all of its
 * memory in it: file text too, so that a debugger needs nothing else to show it.
 */
import { PAGE_SIZE } from '../../events/pages.ts';
import { readState } from '../../reducers/address-space.ts';
import type { MachineState, SigInfo, SigSet, Task } from '../../reducers/state.ts';
import { Vm } from '../../reducers/state.ts';
import { encodeFsave } from '../abi/sigcontext.ts';
import { encodeSiginfo } from '../abi/siginfo.ts';
import { USER_DESC, unpackDescriptor } from '../abi/user-desc.ts';
import { viewOf } from '../abi/words.ts';
import { type Core, type CoreThread, encodeFiles, encodePrpsinfo, encodePrstatus, FPREGSET_BYTES, Note } from './notes.ts';

const EHDR = 52;
const PHDR = 32;
const PT_LOAD = 1;
const PT_NOTE = 4;
const ET_CORE = 4;
const EM_386 = 3;
const PSARGS = 80;
/** Where TLS begins in the GDT of an i386 kernel. */
const TLS_FIRST = 6;

/** Why there is no core file of a position. */
export class CoreError extends Error {
	override readonly name = 'CoreError';
}

function low32(set: SigSet): number {
	return Number(set & 0xffffffffn);
}

function pendingSet(infos: readonly SigInfo[]): number {
	let set = 0;
	for (const { signo } of infos) if (signo <= 32) set |= 1 << (signo - 1);
	return set >>> 0;
}

function threadOf(state: MachineState, task: Task): CoreThread {
	const group = state.groups[task.group];
	// A signal that an exception forced is what the thread would die of.
	const fatal = task.pending.find((s) => s.forced);
	return {
		pid: task.pid,
		ppid: task.ppid,
		pgrp: group.pgrp,
		session: group.session,
		signo: fatal?.signo ?? 0,
		siginfo: fatal ? encodeSiginfo(fatal) : undefined,
		pending: pendingSet([...task.pending, ...group.pending]),
		blocked: low32(task.blocked),
		cpu: task.cpu,
		origAx: task.origAx,
		tls: task.tls,
	};
}

/** What a core file holds of a thread group. `pid`: the thread that comes first. @throws CoreError */
export function coreOf(state: MachineState, pid: number): Core {
	const first = state.tasks[pid];
	const mm = first && state.mms[first.mm];
	if (mm === undefined) throw new CoreError(`pid ${pid}: ${first ? 'it has exited' : 'no such task'}`);
	const rest = Object.values(state.tasks).filter((t) => t.tgid === first.tgid && t.pid !== pid && t.mm === first.mm);
	const args = readState(state, mm, mm.argStart, Math.min(mm.argEnd - mm.argStart, PSARGS), 0) ?? new Uint8Array(0);
	const live = mm.vmas.filter((v) => v.start < v.end);
	return {
		tgid: first.tgid,
		threads: [first, ...rest].map((task) => threadOf(state, task)),
		fname: first.comm,
		psargs: Array.from(args, (b) => String.fromCharCode(b === 0 ? 32 : b))
			.join('')
			.trimEnd(),
		uid: first.creds.uid,
		gid: first.creds.gid,
		auxv: mm.auxv,
		files: live
			.filter((v) => v.inode !== 0 || v.path.startsWith('/'))
			.map((v) => ({ start: v.start, end: v.end, pgoff: v.pgoff, path: v.path })),
		segments: live.map((v) => {
			const bytes = new Uint8Array(v.end - v.start);
			for (let at = v.start; at < v.end; at += PAGE_SIZE) {
				// Behind the end of a file there is nothing to read.
				const page = readState(state, mm, at, PAGE_SIZE, 0);
				if (page) bytes.set(page, at - v.start);
			}
			return { start: v.start, end: v.end, access: v.flags & (Vm.READ | Vm.WRITE | Vm.EXEC), bytes };
		}),
	};
}

/** Collects notes. */
class Notes {
	readonly #parts: Uint8Array[] = [];
	length = 0;

	add(type: number, desc: Uint8Array, name = 'CORE'): void {
		const nameBytes = (name.length + 1 + 3) & ~3;
		const out = new Uint8Array(12 + nameBytes + ((desc.length + 3) & ~3));
		const view = viewOf(out);
		[name.length + 1, desc.length, type].forEach((n, i) => {
			view.setUint32(4 * i, n, true);
		});
		for (let i = 0; i < name.length; i++) out[12 + i] = name.charCodeAt(i);
		out.set(desc, 12 + nameBytes);
		this.#parts.push(out);
		this.length += out.length;
	}

	copyTo(out: Uint8Array, at: number): void {
		for (const part of this.#parts) {
			out.set(part, at);
			at += part.length;
		}
	}
}

function words(values: readonly number[]): Uint8Array {
	const out = new Uint8Array(4 * values.length);
	const view = viewOf(out);
	values.forEach((n, i) => {
		view.setUint32(4 * i, n, true);
	});
	return out;
}

function tlsNote(thread: CoreThread): Uint8Array {
	const entries = (thread.tls ?? []).flatMap((d, i) => (d.a === 0 && d.b === 0 ? [] : [unpackDescriptor(TLS_FIRST + i, d)]));
	const out = new Uint8Array(USER_DESC * entries.length);
	entries.forEach((entry, i) => {
		out.set(entry, USER_DESC * i);
	});
	return out;
}

function notesOf(core: Core): Notes {
	const notes = new Notes();
	core.threads.forEach((thread, i) => {
		notes.add(Note.PRSTATUS, encodePrstatus(thread));
		if (i === 0) {
			notes.add(Note.PRPSINFO, encodePrpsinfo(core));
			if (thread.siginfo) notes.add(Note.SIGINFO, thread.siginfo);
			const ends = core.auxv.length >= 2 && core.auxv.at(-2) === 0;
			notes.add(Note.AUXV, words(ends ? core.auxv : [...core.auxv, 0, 0]));
			notes.add(Note.FILE, encodeFiles(core.files));
		}
		notes.add(Note.FPREGSET, encodeFsave(thread.cpu.fx, true).subarray(0, FPREGSET_BYTES));
		notes.add(Note.PRXFPREG, thread.cpu.fx, 'LINUX');
		const tls = tlsNote(thread);
		if (tls.length > 0) notes.add(Note.TLS386, tls, 'LINUX');
	});
	return notes;
}

/** PF_R 4, PF_W 2, PF_X 1 of READ 1, WRITE 2, EXEC 4. */
function segmentFlags(access: number): number {
	return (access & 1 ? 4 : 0) | (access & 2) | (access & 4 ? 1 : 0);
}

/** The bytes of the file. @throws CoreError when it would be larger than 2 GiB */
export function encodeCore(core: Core): Uint8Array {
	const notes = notesOf(core);
	const count = core.segments.length + 1;
	if (count > 0xfffe) throw new CoreError(`${core.segments.length} mappings: a core file here holds 65,533`);
	const notesAt = EHDR + PHDR * count;
	let at = (notesAt + notes.length + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1);
	const total = core.segments.reduce((n, s) => n + s.bytes.length, at);
	if (total >= 2 ** 31) throw new CoreError(`${total} bytes: a core file here is smaller than 2 GiB`);
	const out = new Uint8Array(total);
	const view = viewOf(out);
	out.set([0x7f, 0x45, 0x4c, 0x46, 1, 1, 1]);
	view.setUint16(16, ET_CORE, true);
	view.setUint16(18, EM_386, true);
	view.setUint32(20, 1, true);
	view.setUint32(28, EHDR, true);
	view.setUint16(40, EHDR, true);
	view.setUint16(42, PHDR, true);
	view.setUint16(44, count, true);
	const header = (i: number, values: readonly number[]) => {
		values.forEach((n, k) => {
			view.setUint32(EHDR + PHDR * i + 4 * k, n, true);
		});
	};
	header(0, [PT_NOTE, notesAt, 0, 0, notes.length, 0, 0, 4]);
	notes.copyTo(out, notesAt);
	core.segments.forEach((s, i) => {
		header(i + 1, [PT_LOAD, at, s.start, 0, s.bytes.length, s.end - s.start, segmentFlags(s.access), PAGE_SIZE]);
		out.set(s.bytes, at);
		at += s.bytes.length;
	});
	return out;
}
