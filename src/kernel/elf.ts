/**
 * Reading a 32-bit i386 ELF: program headers for exec, function symbols for display. The file is not trusted: every
 * offset, size and address is checked before it is used. (System V ABI, i386 supplement; Linux fs/binfmt_elf.c.)
 */

/** What is wrong with a file that should be an i386 program. */
export class ElfError extends Error {
	/** What was looked at. */
	readonly what: string;
	/** Byte offset of it in the file. */
	readonly offset: number;
	readonly wanted: string;
	readonly got: string;
	constructor(what: string, offset: number, wanted: string, got: string) {
		super(`${what} at offset 0x${offset.toString(16)}: wanted ${wanted}, got ${got}`);
		this.name = 'ElfError';
		this.what = what;
		this.offset = offset;
		this.wanted = wanted;
		this.got = got;
	}
}

export const Pt = { LOAD: 1, DYNAMIC: 2, INTERP: 3, GNU_STACK: 0x6474e551 } as const;
/** Segment permission bits of p_flags. */
export const Pf = { X: 1, W: 2, R: 4 } as const;

/** A PT_LOAD header. Addresses and sizes in bytes, u32. */
export interface Segment {
	readonly offset: number;
	readonly vaddr: number;
	readonly filesz: number;
	readonly memsz: number;
	readonly flags: number;
	readonly align: number;
}

export interface ElfImage {
	/** `fixed`: ET_EXEC; `pie`: a position-independent ET_DYN, its addresses relative to a load bias. */
	readonly type: 'fixed' | 'pie';
	readonly entry: number;
	readonly phoff: number;
	readonly phnum: number;
	/** PT_LOADs in ascending order of address; at least one, none empty, no two sharing a byte. */
	readonly segments: readonly Segment[];
	/** PT_GNU_STACK: `default` when it is missing (then every readable mapping of an i386 program is executable). */
	readonly stack: 'default' | 'executable' | 'plain';
	/** PT_INTERP: path of the dynamic loader, a byte string; null = a static program. */
	readonly interpreter: string | null;
}

/** End of user addresses with the 3G/1G split (TASK_SIZE). */
export const TASK_SIZE = 0xc0000000;
/** Lowest address a segment may have (vm.mmap_min_addr). */
const MIN_ADDRESS = 0x10000;
/** Segments end below the largest default stack. */
const MAX_ADDRESS = TASK_SIZE - 0x800000;
const PAGE = 4096;
const EHDR = 52;
const PHDR = 32;
const SHDR = 40;
const SYM = 16;

const hex = (n: number): string => `0x${n.toString(16)}`;
const MACHINES: Readonly<Record<number, string>> = {
	2: 'SPARC',
	8: 'MIPS',
	20: 'PowerPC',
	40: 'ARM',
	62: 'x86-64',
	183: 'AArch64',
	243: 'RISC-V',
};
const TYPES: Readonly<Record<number, string>> = { 1: 'a relocatable object', 4: 'a core file' };

/** Parses and checks a program. Throws ElfError. */
export function parseElf(bytes: Uint8Array): ElfImage {
	const image = parseLoadable(bytes);
	const { entry, segments } = image;
	if (!segments.some((s) => entry >= s.vaddr && entry < s.vaddr + s.memsz))
		throw new ElfError('entry point', 24, 'an address inside a segment', hex(entry));
	return image;
}

/** The same of a file that may be a shared library: its entry point says nothing. Throws ElfError. */
export function parseLoadable(bytes: Uint8Array): ElfImage {
	const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
	const u16 = (at: number): number => view.getUint16(at, true);
	const u32 = (at: number): number => view.getUint32(at, true);
	if (bytes.length >= 4 && u32(0) !== 0x464c457f) {
		const first = Array.from(bytes.subarray(0, 4), (b) => b.toString(16).padStart(2, '0')).join(' ');
		throw new ElfError('ELF magic', 0, '7f 45 4c 46', first);
	}
	if (bytes.length < EHDR) throw new ElfError('ELF header', 0, `${EHDR} bytes`, `a file of ${bytes.length}`);
	if (bytes[4] !== 1)
		throw new ElfError('ELF class', 4, 'a 32-bit program', bytes[4] === 2 ? 'a 64-bit one' : `class ${bytes[4]}`);
	if (bytes[5] !== 1) throw new ElfError('ELF byte order', 5, 'little-endian (1)', String(bytes[5]));
	const machine = u16(18);
	// 6 is the never-used EM_486, which Linux accepts too.
	if (machine !== 3 && machine !== 6)
		throw new ElfError('ELF machine', 18, 'Intel 80386 (3)', MACHINES[machine] ?? String(machine));
	const type = u16(16);
	if (type !== 2 && type !== 3) throw new ElfError('ELF type', 16, 'an executable', TYPES[type] ?? `type ${type}`);
	if (u16(42) !== PHDR) throw new ElfError('program header size', 42, `${PHDR} bytes`, String(u16(42)));
	const phoff = u32(28);
	const phnum = u16(44);
	if (phnum < 1 || phnum > 65536 / PHDR)
		throw new ElfError('number of program headers', 44, `1 to ${65536 / PHDR}`, String(phnum));
	if (phoff + phnum * PHDR > bytes.length) {
		throw new ElfError(
			'program headers',
			28,
			`an end within the file (${bytes.length} bytes)`,
			`${hex(phoff)} + ${phnum} × ${PHDR}`,
		);
	}

	const segments: Segment[] = [];
	let stack: ElfImage['stack'] = 'default';
	let interpreter: string | null = null;
	for (let i = 0; i < phnum; i++) {
		const at = phoff + i * PHDR;
		const kind = u32(at);
		if (kind === Pt.INTERP) interpreter ??= interpreterPath(bytes, at, u32(at + 4), u32(at + 16));
		if (kind === Pt.GNU_STACK) stack = u32(at + 24) & Pf.X ? 'executable' : 'plain';
		if (kind === Pt.LOAD) {
			const segment = {
				offset: u32(at + 4),
				vaddr: u32(at + 8),
				filesz: u32(at + 16),
				memsz: u32(at + 20),
				flags: u32(at + 24) & 7,
				align: u32(at + 28),
			};
			checkSegment(segment, at, bytes.length, type === 2, segments.at(-1));
			if (segment.memsz > 0) segments.push(segment);
		}
	}
	if (segments.length === 0) throw new ElfError('program headers', phoff, 'a PT_LOAD segment', 'none');
	return { type: type === 2 ? 'fixed' : 'pie', entry: u32(24), phoff, phnum, segments, stack, interpreter };
}

/** PATH_MAX. */
const MAX_PATH = 4096;

function interpreterPath(bytes: Uint8Array, at: number, offset: number, size: number): string {
	if (size < 2 || size > MAX_PATH) throw new ElfError('size of PT_INTERP', at + 16, `2 to ${MAX_PATH}`, String(size));
	if (offset + size > bytes.length)
		throw new ElfError('PT_INTERP', at + 4, `an end within the file (${bytes.length} bytes)`, `${hex(offset)} + ${size}`);
	const path = bytes.subarray(offset, offset + size);
	if (path[size - 1] !== 0) throw new ElfError('PT_INTERP', offset + size - 1, 'a NUL at its end', hex(path[size - 1]));
	return byteText(path.subarray(0, path.indexOf(0)));
}

function checkSegment(s: Segment, at: number, fileSize: number, fixed: boolean, before: Segment | undefined): void {
	if (s.filesz > s.memsz)
		throw new ElfError(
			'segment size',
			at + 16,
			`at most its ${hex(s.memsz)} bytes in memory`,
			`${hex(s.filesz)} bytes in the file`,
		);
	if (s.offset + s.filesz > fileSize) {
		throw new ElfError('segment', at + 4, `an end within the file (${fileSize} bytes)`, `${hex(s.offset)} + ${hex(s.filesz)}`);
	}
	if (s.align > 1 && s.align & (s.align - 1)) throw new ElfError('segment alignment', at + 28, 'a power of two', hex(s.align));
	if (s.vaddr % PAGE !== s.offset % PAGE) {
		throw new ElfError(
			'segment address',
			at + 8,
			`the file offset's ${hex(s.offset % PAGE)} within the page`,
			hex(s.vaddr % PAGE),
		);
	}
	if (fixed && s.memsz > 0 && s.vaddr < MIN_ADDRESS)
		throw new ElfError('segment address', at + 8, `at least ${hex(MIN_ADDRESS)}`, hex(s.vaddr));
	if (s.vaddr + s.memsz > MAX_ADDRESS) {
		throw new ElfError('segment', at + 8, `an end at most at ${hex(MAX_ADDRESS)}`, `${hex(s.vaddr)} + ${hex(s.memsz)}`);
	}
	if (before && s.memsz > 0 && s.vaddr < before.vaddr + before.memsz) {
		throw new ElfError(
			'segment address',
			at + 8,
			`at least ${hex(before.vaddr + before.memsz)}, the end of the one before`,
			hex(s.vaddr),
		);
	}
}

/** A function of the symbol table. */
export interface ElfSymbol {
	/** As in the file: add the load bias of a `pie`. */
	readonly address: number;
	/** Bytes; 0 = not said. */
	readonly size: number;
	/** Byte string (one character a byte). */
	readonly name: string;
}

/** Longest name that is shown, in bytes: names of a hostile file overlap, and would be long in the square of its size. */
const MAX_NAME = 4096;

/**
 * Function symbols of `.symtab`, or of `.dynsym` where that gives none (a stripped library), sorted by address, then name; of
 * several with the same address and size all are kept. For display only: a table that is missing or out of the file's bounds
 * gives none, and a bad entry is left out. Only the first table counts: the ABI allows no second one.
 */
export function symbols(bytes: Uint8Array): ElfSymbol[] {
	const all = symbolsOf(bytes, Sht.SYMTAB);
	return all.length > 0 ? all : symbolsOf(bytes, Sht.DYNSYM);
}

const Sht = { SYMTAB: 2, DYNSYM: 11 } as const;

function symbolsOf(bytes: Uint8Array, wantedTable: number): ElfSymbol[] {
	const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
	const u32 = (at: number): number => view.getUint32(at, true);
	if (bytes.length < EHDR || u32(0) !== 0x464c457f || bytes[4] !== 1 || bytes[5] !== 1) return [];
	const shoff = u32(32);
	const shnum = view.getUint16(48, true);
	if (view.getUint16(46, true) !== SHDR || shoff + shnum * SHDR > bytes.length) return [];
	const found: ElfSymbol[] = [];
	for (let i = 0; i < shnum; i++) {
		const at = shoff + i * SHDR;
		const link = u32(at + 24);
		if (u32(at + 4) !== wantedTable || link >= shnum) continue;
		const [table, size] = [u32(at + 16), u32(at + 20)];
		const strings = shoff + link * SHDR;
		const [names, namesSize] = [u32(strings + 16), u32(strings + 20)];
		if (table + size > bytes.length || names + namesSize > bytes.length) continue;
		for (let s = table; s + SYM <= table + size; s += SYM) {
			const kind = bytes[s + 12] & 15;
			// STT_FUNC, STT_GNU_IFUNC; labels of assembly sources have no type.
			const wanted = kind === 2 || kind === 10 || (kind === 0 && bytes[s + 12] >> 4 === 1);
			const section = view.getUint16(s + 14, true);
			const code = section < shnum && (u32(shoff + section * SHDR + 8) & 4) !== 0;
			if (!wanted || !code || u32(s) >= namesSize) continue;
			const from = names + u32(s);
			const length = bytes.subarray(from, Math.min(names + namesSize, from + MAX_NAME)).indexOf(0);
			if (length <= 0) continue;
			found.push({ address: u32(s + 4), size: u32(s + 8), name: byteText(bytes.subarray(from, from + length)) });
		}
		break;
	}
	return found.sort((a, b) => a.address - b.address || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}

function byteText(bytes: Uint8Array): string {
	let text = '';
	for (const b of bytes) text += String.fromCharCode(b);
	return text;
}
