/**
 * The words that go to and come from `native.c`, and the small world both sides build: where memory is mapped,
 * what it holds, which segment descriptors exist. All words are u32, little-endian.
 *
 * Batch:   magic, cases n, words w, memory seed, descriptors d; d × user_desc (entry, base, limit, flags); w words of cases.
 * Case:    flags (bit 0: fx follows; 1: run to the int3 behind the code; 2: fx has the XMM registers too; 8..11 code length;
 *          16..19 patches), eip, code[4], gpr[8], eflags, es|cs<<16, ss|ds<<16, fs|gs<<16, linear address of the code,
 *          patches × (address, bytes, data…), fx[40 or 72] (the first 160 or 288 bytes of FXSAVE: x87, then xmm0..7).
 * Answer:  cases, words; outcomes.
 * Outcome: signal | si_code<<8 | trapno<<16 | n<<24, err, cr2, eip, eflags, gpr[8], es|cs, ss|ds, fs|gs,
 *          n × (address, dword) memory that is not as the seed says, fx as long as the case's.
 */
import type { Descriptor } from '../../src/events/cpu.ts';

export const BATCH_MAGIC = 0x3143524f;
export const HEADER_WORDS = 5;
export const CASE_WORDS = 19;
export const OUTCOME_WORDS = 16;
/** Words of the FXSAVE image that a case carries: up to the x87 registers, or up to xmm7. */
export const FX_WORDS = 40;
export const SSE_WORDS = 72;
/** Room of native.c's buffers, with a margin for the case that is being written. */
export const MAX_BATCH_WORDS = (6 << 20) - 256;

/** Bits of a case's first word. */
export const CaseFlag = { FX: 1, WHOLE: 2, SSE: 4 } as const;
/** Words of the FXSAVE image in a case with these flags, and in its outcome. */
export const fxWords = (flags: number): number => (flags & CaseFlag.FX ? (flags & CaseFlag.SSE ? SSE_WORDS : FX_WORDS) : 0);
/** Offsets of words in a case. */
export const CaseWord = {
	FLAGS: 0,
	EIP: 1,
	CODE: 2,
	GPRS: 6,
	EFLAGS: 14,
	ES_CS: 15,
	SS_DS: 16,
	FS_GS: 17,
	CODE_LINEAR: 18,
} as const;
/** Offsets of words in an outcome. */
export const OutcomeWord = { HEAD: 0, ERROR: 1, CR2: 2, EIP: 3, EFLAGS: 4, GPRS: 5, ES_CS: 13, SS_DS: 14, FS_GS: 15 } as const;

/** Pages of the small world, in the order of native.c's shared object. `access` as in cpu/contract.ts (1 read, 2 write, 4 execute). */
export const PAGES: readonly { readonly address: number; readonly access: number }[] = [
	{ address: 0x10000000, access: 5 },
	{ address: 0x10001000, access: 5 },
	{ address: 0x20000000, access: 3 },
	{ address: 0x20001000, access: 3 },
	{ address: 0x20004000, access: 1 },
	{ address: 0x30000000, access: 3 },
	{ address: 0x30001000, access: 3 },
];
export const CODE = 0x10000000;
export const DATA = 0x20000000;
export const READ_ONLY = 0x20004000;
export const STACK = 0x30000000;
/** Pages 0 and 1 hold code and are filled with NOPs; the rest holds the seed's words and is compared. */
export const FIRST_COMPARED = 2;
export const NOP = 0x90;

/** Word i of the memory that a seed describes; `memory_word` in native.c. Murmur3's finaliser over a Weyl sequence. */
export function memoryWord(seed: number, i: number): number {
	let h = (seed + Math.imul(i, 0x9e3779b9)) | 0;
	h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
	h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
	return (h ^ (h >>> 16)) >>> 0;
}

/** The bytes of all pages in the order of `PAGES`, for a seed. */
export function seededPages(seed: number): Uint8Array[] {
	return PAGES.map((_, page) => {
		if (page < FIRST_COMPARED) return new Uint8Array(4096).fill(NOP);
		const words = new Uint32Array(1024);
		for (let i = 0; i < 1024; i++) words[i] = memoryWord(seed, (page - FIRST_COMPARED) * 1024 + i);
		return new Uint8Array(words.buffer);
	});
}

/** What modify_ldt and set_thread_area take (asm/ldt.h): flags bit 0 seg_32bit, 1..2 contents, 3 read_exec_only, 4 limit_in_pages, 5 seg_not_present, 6 useable. */
export interface UserDesc {
	readonly tls: boolean;
	readonly entry: number;
	readonly base: number;
	readonly limit: number;
	readonly flags: number;
}

const B32 = 1;
const CODE_SEGMENT = 2 << 1;
const EXPAND_DOWN = 1 << 1;
const READ_EXEC_ONLY = 8;
const IN_PAGES = 16;
const ABSENT = 32;
const ldt = (entry: number, base: number, limit: number, flags: number): UserDesc => ({ tls: false, entry, base, limit, flags });

/** The first TLS entry of a 64-bit kernel's GDT, where native.c runs, and of an i386 kernel's. */
export const NATIVE_TLS = 12;
export const GUEST_TLS = 6;

/** Segments of the small world. LDT selectors are the same natively and in the guest. */
export const DESCRIPTORS: readonly UserDesc[] = [
	ldt(0, 0, 0xfffff, B32 | IN_PAGES),
	ldt(1, 0, 0xfffff, B32 | IN_PAGES | CODE_SEGMENT),
	ldt(2, DATA, 0xffff, B32),
	ldt(3, DATA, 0x17fe, B32),
	ldt(4, DATA, 0xfffff, B32 | IN_PAGES | READ_EXEC_ONLY),
	ldt(5, DATA, 0x0fff, B32 | EXPAND_DOWN),
	ldt(6, 0, 0xfffff, B32 | IN_PAGES | ABSENT),
	ldt(7, 0, 0xfffff, B32 | IN_PAGES | CODE_SEGMENT | READ_EXEC_ONLY),
	ldt(8, CODE - 0x10000, 0x117ff, B32 | CODE_SEGMENT),
	ldt(9, STACK, 0x1fff, B32),
	ldt(11, CODE - 0x100, 0x20ff, CODE_SEGMENT),
	ldt(12, STACK, 0x1fff, 0),
	{ tls: true, entry: 0, base: DATA + 0x800, limit: 0xfffff, flags: B32 | IN_PAGES },
	{ tls: true, entry: 1, base: DATA + 0x1003, limit: 0x0801, flags: B32 },
];
/** Selector of an LDT entry at privilege 3. */
export const ldtSelector = (entry: number): number => (entry << 3) | 7;
/** 16-bit code; a stack whose pointer is sp. */
export const CODE16 = ldtSelector(11);
export const STACK16 = ldtSelector(12);
export const FLAT_DATA = ldtSelector(0);
export const FLAT_CODE = ldtSelector(1);

/** GDT selectors of user mode natively → in the guest. */
export const SELECTORS: readonly (readonly [number, number])[] = [
	[0x23, 0x73],
	[0x2b, 0x7b],
	[(NATIVE_TLS << 3) | 3, (GUEST_TLS << 3) | 3],
	[((NATIVE_TLS + 1) << 3) | 3, ((GUEST_TLS + 1) << 3) | 3],
	[((NATIVE_TLS + 2) << 3) | 3, ((GUEST_TLS + 2) << 3) | 3],
];

/** The descriptor Linux makes of a user_desc (asm/desc.h fill_ldt): DPL 3, type with the accessed bit, present unless told not. */
export function descriptorOf(d: UserDesc): Descriptor {
	const type = ((d.flags & READ_EXEC_ONLY ? 0 : 1) << 1) | (((d.flags >> 1) & 3) << 2) | 1;
	const a = (((d.base & 0xffff) << 16) | (d.limit & 0xffff)) >>> 0;
	const b =
		(d.base & 0xff000000) |
		((d.flags & IN_PAGES ? 1 : 0) << 23) |
		((d.flags & B32) << 22) |
		((d.flags & 64 ? 1 : 0) << 20) |
		(d.limit & 0xf0000) |
		((d.flags & ABSENT ? 0 : 1) << 15) |
		(3 << 13) |
		(1 << 12) |
		(type << 8) |
		((d.base >>> 16) & 0xff);
	return { a, b: b >>> 0 };
}

/** Base of the segment a native selector names (0 for the flat user segments and for null). */
export function segmentBase(selector: number): number {
	const tls = (selector & 4) === 0;
	const entry = tls ? (selector >> 3) - NATIVE_TLS : selector >> 3;
	return DESCRIPTORS.find((d) => d.tls === tls && d.entry === entry)?.base ?? 0;
}

/**
 * Whether an access near this linear address could reach what is mapped for native.c's own use: it may then see or
 * destroy something the guest does not have. Native.c keeps 08000000..0fffffff; the kernel puts the stack and the
 * vDSO of a 32-bit process above e0000000.
 */
export function offLimits(linear: number): boolean {
	return (linear >= 0x07f00000 && linear < 0x10000000) || linear >= 0xdff00000;
}

/** A growing batch of cases. `add…` calls write one case; `finish` gives the bytes for native.c. */
export class BatchWriter {
	readonly words = new Uint32Array(MAX_BATCH_WORDS + 256);
	readonly seed: number;
	cases = 0;
	/** Next free word. */
	at = 0;

	constructor(seed: number) {
		this.seed = seed;
	}

	/** The whole batch: header, descriptors, cases. */
	finish(): Uint8Array {
		return packBatch(this.words.subarray(0, this.at), this.cases, this.seed);
	}
}

/** The bytes of a batch of these case words. */
export function packBatch(cases: Uint32Array, count: number, seed: number): Uint8Array {
	const all = new Uint32Array(HEADER_WORDS + DESCRIPTORS.length * 4 + cases.length);
	all.set([BATCH_MAGIC, count, cases.length, seed, DESCRIPTORS.length]);
	DESCRIPTORS.forEach((d, i) => {
		const entry = d.tls ? d.entry + NATIVE_TLS : d.entry;
		all.set([entry, d.base, d.limit, (d.flags | (d.tls ? 0x80000000 : 0)) >>> 0], HEADER_WORDS + i * 4);
	});
	all.set(cases, HEADER_WORDS + DESCRIPTORS.length * 4);
	return new Uint8Array(all.buffer);
}

/** Number of words of the case at `at`. */
export function caseLength(words: Uint32Array, at: number): number {
	let end = at + CASE_WORDS;
	for (let n = (words[at] >>> 16) & 15; n > 0; n--) end += 2 + ((words[end + 1] + 3) >> 2);
	return end + fxWords(words[at]) - at;
}

/** Number of words of the outcome at `at`; `flags`: the first word of its case. */
export function outcomeLength(words: Uint32Array, at: number, flags: number): number {
	return OUTCOME_WORDS + (words[at] >>> 24) * 2 + fxWords(flags);
}
