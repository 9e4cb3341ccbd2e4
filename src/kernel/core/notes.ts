/**
 * The notes of an i386 core file: what each is called, and struct elf_prstatus and elf_prpsinfo as binfmt_elf.c fills them
 * (include/linux/elfcore.h, arch/x86/include/asm/elf.h, include/uapi/linux/elf.h of Linux 6.1).
 */
import type { CpuState, Descriptor } from '../../events/cpu.ts';
import { viewOf } from '../abi/words.ts';

/** Note types. PRXFPREG and TLS386 carry the name LINUX, the others CORE. */
export const Note = {
	PRSTATUS: 1,
	FPREGSET: 2,
	PRPSINFO: 3,
	AUXV: 6,
	TLS386: 0x200,
	XSTATE: 0x202,
	FILE: 0x46494c45,
	PRXFPREG: 0x46e62b7f,
	SIGINFO: 0x53494749,
} as const;

export const PRSTATUS_BYTES = 144;
export const PRPSINFO_BYTES = 124;
/** Bytes of FNSAVE's image, as FPREGSET holds it. */
export const FPREGSET_BYTES = 108;
const REGS = 72;
const FPVALID = 140;
const FNAME = 28;
const FNAME_BYTES = 16;
const PSARGS = 44;
const PSARGS_BYTES = 80;

/** A thread of a core file. */
export interface CoreThread {
	readonly pid: number;
	readonly ppid: number;
	readonly pgrp: number;
	readonly session: number;
	/** The signal it died or was stopped by, 0 = none; its 128 bytes of siginfo when they are known. */
	readonly signo: number;
	readonly siginfo: Uint8Array | undefined;
	/** Pending and blocked signals 1..32. */
	readonly pending: number;
	readonly blocked: number;
	readonly cpu: CpuState;
	/** The call it is in, or -1. */
	readonly origAx: number;
	/** TLS entries of the GDT; undefined when the file does not say. */
	readonly tls: readonly Descriptor[] | undefined;
}

/** A mapped file: linear range, first page of the file, path (a byte string). */
export interface CoreFile {
	readonly start: number;
	readonly end: number;
	readonly pgoff: number;
	readonly path: string;
}

/** A mapping. `bytes`: what the file holds of it, from its start on; it may be shorter. */
export interface CoreSegment {
	readonly start: number;
	readonly end: number;
	/** READ 1, WRITE 2, EXEC 4. */
	readonly access: number;
	readonly bytes: Uint8Array;
}

export interface Core {
	/** The thread group's pid. */
	readonly tgid: number;
	/** The one that died first. */
	readonly threads: readonly CoreThread[];
	readonly fname: string;
	readonly psargs: string;
	readonly uid: number;
	readonly gid: number;
	readonly auxv: readonly number[];
	readonly files: readonly CoreFile[];
	readonly segments: readonly CoreSegment[];
}

/** elf_gregset_t: the order of struct pt_regs. */
const GREGS = [
	'ebx',
	'ecx',
	'edx',
	'esi',
	'edi',
	'ebp',
	'eax',
	'ds',
	'es',
	'fs',
	'gs',
	-1,
	'eip',
	'cs',
	'eflags',
	'esp',
	'ss',
] as const;
const SELECTORS = new Set(['ds', 'es', 'fs', 'gs', 'cs', 'ss']);

export function encodePrstatus(t: CoreThread): Uint8Array {
	const out = new Uint8Array(PRSTATUS_BYTES);
	const view = viewOf(out);
	view.setInt32(0, t.signo, true);
	view.setInt16(12, t.signo, true);
	[t.pending, t.blocked, t.pid, t.ppid, t.pgrp, t.session].forEach((n, i) => {
		view.setUint32(16 + 4 * i, n, true);
	});
	GREGS.forEach((name, i) => {
		view.setUint32(REGS + 4 * i, name === -1 ? t.origAx : t.cpu[name], true);
	});
	view.setUint32(FPVALID, t.cpu.fpuUsed ? 1 : 0, true);
	return out;
}

/** What a prstatus says: no floating-point state. */
export type Prstatus = Omit<CoreThread, 'cpu' | 'tls' | 'siginfo'> & {
	readonly regs: Omit<CpuState, 'fx' | 'fpuUsed' | 'debugreg'>;
	readonly fpuUsed: boolean;
};

export function decodePrstatus(bytes: Uint8Array): Prstatus {
	const view = viewOf(bytes);
	const word = (at: number) => view.getUint32(at, true);
	const regs: Record<string, number> = {};
	let origAx = -1;
	GREGS.forEach((name, i) => {
		const value = word(REGS + 4 * i);
		if (name === -1) origAx = value | 0;
		else regs[name] = SELECTORS.has(name) ? value & 0xffff : value;
	});
	return {
		signo: view.getInt16(12, true),
		pending: word(16),
		blocked: word(20),
		pid: word(24),
		ppid: word(28),
		pgrp: word(32),
		session: word(36),
		origAx,
		fpuUsed: word(FPVALID) !== 0,
		regs: regs as unknown as Prstatus['regs'],
	};
}

export function encodePrpsinfo(core: Core): Uint8Array {
	const out = new Uint8Array(PRPSINFO_BYTES);
	const view = viewOf(out);
	const [first] = core.threads;
	out[1] = 'R'.charCodeAt(0);
	view.setUint16(8, core.uid & 0xffff, true);
	view.setUint16(10, core.gid & 0xffff, true);
	[core.tgid, first.ppid, first.pgrp, first.session].forEach((n, i) => {
		view.setUint32(12 + 4 * i, n, true);
	});
	putText(out, FNAME, FNAME_BYTES, core.fname);
	putText(out, PSARGS, PSARGS_BYTES, core.psargs);
	return out;
}

export function decodePrpsinfo(bytes: Uint8Array): Pick<Core, 'tgid' | 'uid' | 'gid' | 'fname' | 'psargs'> {
	const view = viewOf(bytes);
	return {
		uid: view.getUint16(8, true),
		gid: view.getUint16(10, true),
		tgid: view.getUint32(12, true),
		fname: textAt(bytes, FNAME, FNAME_BYTES),
		psargs: textAt(bytes, PSARGS, PSARGS_BYTES).trimEnd(),
	};
}

/** A byte string, cut so that a zero ends it. */
function putText(out: Uint8Array, at: number, room: number, text: string): void {
	for (let i = 0; i < Math.min(text.length, room - 1); i++) out[at + i] = text.charCodeAt(i);
}

/** A byte string up to its zero, at most `room` bytes. */
export function textAt(bytes: Uint8Array, at: number, room: number): string {
	let text = '';
	for (let i = at; i < at + room && i < bytes.length && bytes[i] !== 0; i++) text += String.fromCharCode(bytes[i]);
	return text;
}

/** NT_FILE: count, page size, then (start, end, page offset) each, then the names. */
export function encodeFiles(files: readonly CoreFile[]): Uint8Array {
	const names = files.reduce((n, f) => n + f.path.length + 1, 0);
	const out = new Uint8Array(8 + 12 * files.length + names);
	const view = viewOf(out);
	view.setUint32(0, files.length, true);
	view.setUint32(4, 4096, true);
	let name = 8 + 12 * files.length;
	files.forEach((f, i) => {
		[f.start, f.end, f.pgoff].forEach((n, k) => {
			view.setUint32(8 + 12 * i + 4 * k, n, true);
		});
		putText(out, name, f.path.length + 1, f.path);
		name += f.path.length + 1;
	});
	return out;
}

/** The files of an NT_FILE, or undefined when it is malformed. */
export function decodeFiles(bytes: Uint8Array): CoreFile[] | undefined {
	if (bytes.length < 8) return undefined;
	const view = viewOf(bytes);
	const count = view.getUint32(0, true);
	const page = view.getUint32(4, true);
	let name = 8 + 12 * count;
	if (name > bytes.length) return undefined;
	const files: CoreFile[] = [];
	for (let i = 0; i < count; i++) {
		const [start, end, offset] = [0, 4, 8].map((k) => view.getUint32(8 + 12 * i + k, true));
		const path = textAt(bytes, name, bytes.length - name);
		name += path.length + 1;
		files.push({ start, end, pgoff: Math.floor((offset * page) / 4096), path });
	}
	return files;
}
