/**
 * Reads an i386 core file: the kernel's, gdb's (`generate-core-file`) or one of ours. Hostile input: every offset, length and count is
 * checked before use. Selectors and TLS entries of a 64-bit kernel become those of an i386 one.
 */
import type { CpuState, Descriptor } from '../../events/cpu.ts';
import { FXSAVE_BYTES } from '../../events/cpu.ts';
import { decodeFsave, resetFx } from '../abi/sigcontext.ts';
import { packDescriptor, parseUserDesc, USER_DESC } from '../abi/user-desc.ts';
import { viewOf } from '../abi/words.ts';
import {
	type Core,
	type CoreFile,
	type CoreSegment,
	type CoreThread,
	decodeFiles,
	decodePrpsinfo,
	decodePrstatus,
	FPREGSET_BYTES,
	Note,
	PRPSINFO_BYTES,
	PRSTATUS_BYTES,
	type Prstatus,
	textAt,
} from './notes.ts';

/** The file cannot be understood: where, and what was wanted and got there. */
export class CoreFormatError extends Error {
	override readonly name = 'CoreFormatError';
	readonly offset: number;

	constructor(offset: number, wanted: string, got: string) {
		super(`core file at byte ${offset}: ${wanted} wanted, ${got} got`);
		this.offset = offset;
	}
}

const PT_LOAD = 1;
const PT_NOTE = 4;
const EHDR = 52;
const PHDR = 32;
const MAX_THREADS = 4096;
/** GDT entries of the three TLS descriptors: of an i386 and of an x86-64 kernel. */
const TLS_FIRST = [6, 12];

interface Found {
	status: Prstatus;
	siginfo: Uint8Array | undefined;
	fpregs: Uint8Array | undefined;
	fx: Uint8Array | undefined;
	tls: Uint8Array | undefined;
}

/** The contents of a core file. @throws CoreFormatError */
export function decodeCore(bytes: Uint8Array): Core {
	const fail = (at: number, wanted: string, got: string): never => {
		throw new CoreFormatError(at, wanted, got);
	};
	if (bytes.length < EHDR) fail(0, 'an ELF header of 52 bytes', `${bytes.length} bytes`);
	const view = viewOf(bytes);
	if (view.getUint32(0, false) !== 0x7f454c46) fail(0, '7f 45 4c 46 (ELF)', bytes.subarray(0, 4).join(' '));
	if (bytes[4] !== 1 || view.getUint16(18, true) !== 3)
		fail(4, 'a 32-bit file for i386', `class ${bytes[4]}, machine ${view.getUint16(18, true)}`);
	if (view.getUint16(16, true) !== 4) fail(16, 'a core file (type 4)', `type ${view.getUint16(16, true)}`);
	const phoff = view.getUint32(28, true);
	const phnum = view.getUint16(44, true);
	if (view.getUint16(42, true) !== PHDR || phnum === 0xffff || phoff + phnum * PHDR > bytes.length)
		fail(28, 'program headers of 32 bytes inside the file', `${phnum} at ${phoff}`);
	const notes = new NoteReader();
	const segments: CoreSegment[] = [];
	for (let i = 0; i < phnum; i++) {
		const at = phoff + i * PHDR;
		const [type, offset, start, , filesz, memsz, flags] = Array.from({ length: 8 }, (_, k) => view.getUint32(at + 4 * k, true));
		if (type === PT_NOTE) {
			if (offset + filesz > bytes.length) fail(at, 'notes inside the file', `${filesz} bytes at ${offset}, of ${bytes.length}`);
			notes.read(bytes, offset, filesz);
		}
		if (type !== PT_LOAD || memsz === 0) continue;
		if (start % 4096 !== 0 || start + memsz > 2 ** 32)
			fail(at, 'a segment of whole pages below 4 GiB', `${memsz} bytes at ${start.toString(16)}`);
		if (filesz > memsz) fail(at, `at most ${memsz} bytes of contents`, String(filesz));
		if (offset + filesz > bytes.length)
			fail(at, 'contents inside the file (it is cut)', `${filesz} bytes at ${offset}, of ${bytes.length}`);
		const end = start + Math.ceil(memsz / 4096) * 4096;
		const last = segments.at(-1);
		if (last && start < last.end) fail(at, `a segment at or above ${last.end.toString(16)}`, start.toString(16));
		const access = (flags & 4 ? 1 : 0) | (flags & 2) | (flags & 1 ? 4 : 0);
		segments.push({ start, end, access, bytes: bytes.subarray(offset, offset + filesz) });
	}
	return notes.core(segments);
}

class NoteReader {
	readonly #threads: Found[] = [];
	#info = { tgid: 0, uid: 0, gid: 0, fname: '', psargs: '' };
	#auxv: number[] = [];
	#files: CoreFile[] = [];
	/** gdb writes the process's notes before the first thread's. */
	#siginfo: Uint8Array | undefined;

	read(bytes: Uint8Array, from: number, length: number): void {
		const view = viewOf(bytes);
		const end = from + length;
		for (let at = from; at < end; ) {
			if (at + 12 > end) throw new CoreFormatError(at, 'a note of 12 bytes or more', `${end - at} bytes`);
			const [nameBytes, size, type] = [0, 4, 8].map((k) => view.getUint32(at + k, true));
			const desc = at + 12 + ((nameBytes + 3) & ~3);
			const next = desc + Math.ceil(size / 4) * 4;
			if (nameBytes > 64 || desc + size > end)
				throw new CoreFormatError(at, 'a note inside its segment', `name ${nameBytes}, ${size} bytes`);
			this.#note(textAt(bytes, at + 12, nameBytes), type, bytes.slice(desc, desc + size), at);
			at = next;
		}
	}

	#note(name: string, type: number, desc: Uint8Array, at: number): void {
		if (name !== 'CORE' && name !== 'LINUX') return;
		const sized = (wanted: number) => {
			if (desc.length !== wanted) throw new CoreFormatError(at, `a note of ${wanted} bytes`, `${desc.length} bytes`);
		};
		const thread = this.#threads.at(-1);
		switch (type) {
			case Note.PRSTATUS:
				sized(PRSTATUS_BYTES);
				if (this.#threads.length === MAX_THREADS) throw new CoreFormatError(at, `at most ${MAX_THREADS} threads`, 'more');
				this.#threads.push({
					status: decodePrstatus(desc),
					siginfo: undefined,
					fpregs: undefined,
					fx: undefined,
					tls: undefined,
				});
				return;
			case Note.PRPSINFO:
				sized(PRPSINFO_BYTES);
				this.#info = decodePrpsinfo(desc);
				return;
			case Note.SIGINFO:
				sized(128);
				if (thread) thread.siginfo = desc;
				else this.#siginfo = desc;
				return;
			case Note.AUXV:
				this.#auxv = Array.from({ length: (desc.length >> 3) << 1 }, (_, i) => viewOf(desc).getUint32(4 * i, true));
				return;
			case Note.FILE: {
				const files = decodeFiles(desc);
				if (files === undefined) throw new CoreFormatError(at, 'a list of mapped files', `${desc.length} bytes`);
				this.#files = files;
				return;
			}
			case Note.FPREGSET:
				sized(FPREGSET_BYTES);
				if (thread) thread.fpregs = desc;
				return;
			case Note.PRXFPREG:
				sized(FXSAVE_BYTES);
				if (thread) thread.fx = desc;
				return;
			case Note.XSTATE:
				if (thread && desc.length >= FXSAVE_BYTES) thread.fx ??= desc.slice(0, FXSAVE_BYTES);
				return;
			case Note.TLS386:
				if (thread) thread.tls = desc;
		}
	}

	core(segments: readonly CoreSegment[]): Core {
		if (this.#threads.length === 0) throw new CoreFormatError(0, 'a thread (NT_PRSTATUS)', 'none');
		const threads = this.#threads.map((found, i) => threadOf(found, i === 0 ? this.#siginfo : undefined));
		const tgid = this.#info.tgid || threads[0].pid;
		return { threads, ...this.#info, tgid, auxv: this.#auxv, files: this.#files, segments };
	}
}

function threadOf(found: Found, siginfo: Uint8Array | undefined): CoreThread {
	const { regs, fpuUsed, ...status } = found.status;
	const fx =
		found.fx ?? (found.fpregs ? decodeFsave(padded(found.fpregs), resetFx(new Uint8Array(FXSAVE_BYTES), true)) : undefined);
	const image = (fx ?? resetFx(new Uint8Array(FXSAVE_BYTES), true)).slice();
	image.fill(0, 464);
	const cpu: CpuState = {
		...regs,
		...(isWide(regs) ? narrow(regs) : {}),
		eflags: ((regs.eflags & 0x3f7fd7) | 0x202) >>> 0,
		fx: image,
		fpuUsed: fpuUsed && fx !== undefined,
		debugreg: [0, 0, 0, 0, 0, 0, 0, 0],
	};
	return { ...status, siginfo: found.siginfo ?? siginfo, cpu, tls: found.tls && tlsOf(found.tls) };
}

/** FNSAVE's 108 bytes and the status word the signal frame has behind them. */
function padded(legacy: Uint8Array): Uint8Array {
	const out = new Uint8Array(112);
	out.set(legacy);
	return out;
}

/** Whether the selectors are those an x86-64 kernel gives 32-bit programs. */
export function isWide(regs: { readonly cs: number }): boolean {
	return regs.cs === 0x23;
}

type Selectors = Pick<CpuState, 'cs' | 'ss' | 'ds' | 'es' | 'fs' | 'gs'>;

/** An x86-64 kernel's selectors as an i386 kernel's: cs 23 → 73, data 2b → 7b, TLS 63 6b 73 → 33 3b 43. */
export function narrow(regs: Selectors): Selectors {
	const data = (selector: number) => {
		const index = (selector >> 3) - TLS_FIRST[1];
		if (selector === 0x2b) return 0x7b;
		if ((selector & 7) === 3 && index >= 0 && index < 3) return ((TLS_FIRST[0] + index) << 3) | 3;
		return selector;
	};
	return { cs: 0x73, ss: data(regs.ss), ds: data(regs.ds), es: data(regs.es), fs: data(regs.fs), gs: data(regs.gs) };
}

function tlsOf(bytes: Uint8Array): readonly Descriptor[] {
	const out: Descriptor[] = [0, 1, 2].map(() => ({ a: 0, b: 0 }));
	for (let at = 0; at + USER_DESC <= bytes.length; at += USER_DESC) {
		const desc = parseUserDesc(bytes.subarray(at, at + USER_DESC));
		const index = TLS_FIRST.map((first) => desc.entryNumber - first).find((i) => i >= 0 && i < 3);
		const empty = desc.base === 0 && desc.limit === 0;
		if (index !== undefined && !empty) out[index] = packDescriptor(desc, desc.useable);
	}
	return out;
}
