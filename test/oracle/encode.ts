/**
 * Random encodings of an instruction row: prefixes, modrm with every addressing form, SIB, displacement, immediates.
 * Built from the row's opcode and form alone, without the decoder that is being checked.
 */
import type { Row } from '../../src/cpu/isa/row.ts';
import type { Random } from './random.ts';

/** What the oracle needs of a row. */
export type OracleRow = Pick<
	Row,
	| 'opcode'
	| 'ext'
	| 'mod'
	| 'rm'
	| 'prefix'
	| 'name'
	| 'form'
	| 'access'
	| 'lock'
	| 'undefined'
	| 'rep'
	| 'fx'
	| 'unsupported'
	| 'chapter'
	| 'align'
>;

/** A stable name of a row: what selects it. */
export function rowKey(row: OracleRow): string {
	const part = (n: number | undefined, prefix: string) => (n === undefined ? '' : `${prefix}${n.toString(16)}`);
	return `${row.opcode.toString(16).padStart(2, '0')}${part(row.ext, '/')}${part(row.rm, '.')}${row.mod ? `:${row.mod}` : ''}${part(row.prefix, '!')}`;
}

const SEGMENT_PREFIX = [0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65];
/** Registers of 16-bit addressing by rm (SDM vol. 2, table 2-1): base, index (-1: none). */
const BASE16 = [3, 3, 5, 5, 6, 7, 5, 3];
const INDEX16 = [6, 7, 6, 7, -1, -1, -1, -1];
const DISPLACEMENTS = [0, 1, 2, 4, 8, 0x7f, 0x80, 0xff, 0x100, 0xfff, 0x1000, 0x7fff, 0x8000, 0xffff, 0x10000];

/** One encoding. Reused: `encode` overwrites it. */
export class Encoding {
	row!: OracleRow;
	readonly bytes = new Uint8Array(32);
	length = 0;
	/** For a code segment whose default sizes are 16 bits: prefixes 66 and 67 make them 32. */
	code16 = false;
	operand16 = false;
	address16 = false;
	lock = false;
	/** 0, 0xf2, 0xf3. */
	rep = 0;
	/** Segment override 0..5, or -1. */
	override = -1;
	/** modrm fields; mod is -1 without modrm. */
	mod = -1;
	reg = 0;
	rm = 0;
	/** Memory operand in modrm or moffs. */
	memory = false;
	base = -1;
	index = -1;
	scale = 0;
	displacement = 0;
	/** Where the displacement stands, and its bytes (0: none). */
	displacementAt = 0;
	displacementBytes = 0;
	/** Segment of the memory operand. */
	segment = 3;
	/** Opcode as encoded (for rows that stand for eight). */
	opcode = 0;
	/** First immediate as encoded, unsigned. */
	immediate = 0;

	/** Replaces the displacement (same number of bytes). */
	setDisplacement(value: number): void {
		for (let i = 0; i < this.displacementBytes; i++) this.bytes[this.displacementAt + i] = value >>> (8 * i);
		const spare = 32 - 8 * this.displacementBytes;
		this.displacement = this.displacementBytes === 0 ? 0 : (value << spare) >> spare;
	}
}

/** Whether the row has a modrm byte: its form names one, or it is selected by one. */
export function hasModrm(row: OracleRow): boolean {
	if (row.ext !== undefined || row.rm !== undefined || row.mod !== undefined) return true;
	return row.form.split(',').some((token) => /^([EGMRCDTPQVWNU][a-z]|M|Sw|Si)$/.test(token) && token !== 'DX');
}

/** Combinations that are a different, newer instruction on today's processors, or differ between vendors: hardware says nothing about ours. */
function isNewer(row: OracleRow, { rep, mod, lock }: Encoding): boolean {
	if (row.opcode === 0x0f00 && row.ext === 5 && lock) return true; // AMD executes lock verw
	if ((row.opcode === 0x0fbc || row.opcode === 0x0fbd) && rep === 0xf3) return true; // tzcnt, lzcnt
	if ((row.opcode === 0xc4 || row.opcode === 0xc5 || row.opcode === 0x62) && mod === 3) return true; // VEX, EVEX
	if (row.opcode === 0x0f01 && mod === 3 && row.ext !== 4 && row.ext !== 6) return true; // xgetbv, vmcall, rdtscp…
	if (row.opcode === 0x0fc7 && (mod === 3 || rep !== 0)) return true; // rdrand, rdpid
	if (row.opcode === 0x0fb8 || (row.opcode === 0x0fae && rep !== 0)) return true; // popcnt, rdfsbase…
	if ((row.opcode === 0xe0 || row.opcode === 0xe1) && rep !== 0) return true; // AMD: the prefix, not the opcode, says loope or loopne
	if (row.opcode === 0x0f0d && mod === 3) return true; // a nop on Intel, #UD on AMD
	return row.opcode === 0x0f09 && rep === 0xf3; // wbnoinvd
}

/** Makes a random encoding of a row, of at most `most` bytes, for 32- or 16-bit code. */
export function encode(random: Random, row: OracleRow, into: Encoding, most = 15, code16 = false): void {
	into.code16 = code16;
	let tries = 0;
	do {
		if (tries++ > 1000) throw new Error(`row ${rowKey(row)} ${row.name} has no encoding that the oracle may run`);
		tryEncode(random, row, into);
	} while (into.length > most || isNewer(row, into));
}

function tryEncode(random: Random, row: OracleRow, e: Encoding): void {
	e.row = row;
	e.length = 0;
	prefixes(random, row, e);
	let opcode = row.opcode;
	if (/\bZ[bvd]/.test(row.form)) opcode += random.below(8);
	e.opcode = opcode;
	if (opcode > 0xffff) e.bytes[e.length++] = opcode >>> 16;
	if (opcode > 0xff) e.bytes[e.length++] = (opcode >>> 8) & 0xff;
	e.bytes[e.length++] = opcode & 0xff;
	e.mod = -1;
	e.memory = false;
	e.displacementBytes = 0;
	e.base = e.index = -1;
	e.scale = 0;
	e.segment = e.override < 0 ? 3 : e.override;
	e.reg = 0;
	e.rm = opcode & 7;
	if (hasModrm(row)) modrm(random, row, e);
	e.immediate = 0;
	for (const token of row.form.split(',')) immediate(random, row, token, e);
}

function prefixes(random: Random, row: OracleRow, e: Encoding): void {
	const free = row.prefix === undefined;
	e.operand16 = row.prefix === 0x66 || (free && random.chance(28));
	e.address16 = random.chance(12);
	e.override = random.chance(row.form.includes('Xb') || row.form.includes('Xv') ? 30 : 12) ? random.below(6) : -1;
	e.rep = 0;
	if (row.prefix === 0xf2 || row.prefix === 0xf3) e.rep = row.prefix;
	else if (free && random.chance(row.rep ? 60 : 5)) e.rep = 0xf2 + random.below(2);
	e.lock = random.chance(row.lock ? 15 : 3);
	let order = random.u32();
	let extra = random.chance(2);
	for (let i = 0; i < 5; i++, order >>>= 3) {
		const which = (i + order) % 5;
		if (e.lock && which === 0) e.bytes[e.length++] = 0xf0;
		if (e.operand16 && which === 1) e.bytes[e.length++] = 0x66;
		if (e.address16 && which === 2) e.bytes[e.length++] = 0x67;
		if (e.override >= 0 && which === 3) e.bytes[e.length++] = SEGMENT_PREFIX[e.override];
		if (e.rep && which === 4) e.bytes[e.length++] = e.rep;
		// the same prefix again changes nothing
		if (extra && e.length > 0) {
			e.bytes[e.length] = e.bytes[e.length - 1];
			e.length++;
			extra = false;
		}
	}
	// the draw above may leave a prefix out: say what is really there
	const given = e.bytes.subarray(0, e.length);
	e.lock = given.includes(0xf0);
	e.operand16 = given.includes(0x66) !== e.code16;
	e.address16 = given.includes(0x67) !== e.code16;
	if (!given.some((b) => SEGMENT_PREFIX.includes(b))) e.override = -1;
	if (!given.includes(e.rep)) e.rep = 0;
	if (row.prefix !== undefined && row.prefix !== 0 && !given.includes(row.prefix)) e.bytes[e.length++] = row.prefix;
}

function modrm(random: Random, row: OracleRow, e: Encoding): void {
	const memoryOnly = row.mod === 'mem' || /\bM/.test(row.form);
	const registerOnly = row.mod === 'reg' || row.rm !== undefined || /\b(R[vd]|N[a-z]|U[a-z])\b/.test(row.form);
	e.mod = registerOnly ? 3 : memoryOnly ? random.below(3) : random.chance(40) ? 3 : random.below(3);
	e.reg = row.ext ?? random.below(8);
	e.rm = row.rm ?? random.below(8);
	// endbr32, endbr64: one modrm byte each of a row of hint nops
	if (row.opcode === 0x0f1e && e.rep === 0xf3 && random.chance(50)) [e.mod, e.reg, e.rm] = [3, 7, 2 + random.below(2)];
	e.bytes[e.length++] = (e.mod << 6) | (e.reg << 3) | e.rm;
	if (e.mod === 3) return;
	e.memory = true;
	if (e.address16) {
		const absolute = e.mod === 0 && e.rm === 6;
		e.base = absolute ? -1 : BASE16[e.rm];
		e.index = absolute ? -1 : INDEX16[e.rm];
		e.displacementBytes = absolute ? 2 : e.mod;
	} else {
		e.displacementBytes = e.mod === 2 ? 4 : e.mod;
		e.base = e.rm;
		if (e.rm === 4) {
			const sib = random.below(256);
			e.bytes[e.length++] = sib;
			e.base = sib & 7;
			e.index = ((sib >> 3) & 7) === 4 ? -1 : (sib >> 3) & 7;
			e.scale = sib >> 6;
		}
		if (e.base === 5 && e.mod === 0) {
			e.base = -1;
			e.displacementBytes = 4;
		}
	}
	if (e.override < 0 && (e.base === 5 || (e.base === 4 && !e.address16))) e.segment = 2;
	e.displacementAt = e.length;
	e.length += e.displacementBytes;
	const near = random.pick(DISPLACEMENTS);
	e.setDisplacement(random.chance(50) ? near : random.chance(50) ? -near : random.u32());
}

function immediate(random: Random, row: OracleRow, token: string, e: Encoding): void {
	const wide = e.operand16 ? 2 : 4;
	switch (token) {
		case 'Ib':
		case 'Is':
		case 'Jb': {
			let value = random.chance(50) ? random.operand() & 0xff : random.below(256);
			// `int 80` would be a system call of native.c
			if (row.opcode === 0xcd && value === 0x80) value = 0x81;
			if (e.immediate === 0) e.immediate = value;
			e.bytes[e.length++] = value;
			return;
		}
		case 'Iw':
			// enter's frame and ret's pop stay within reach of the stack window half of the time
			putImmediate(e, random.chance(50) ? random.below(0x100) : random.operand(), 2);
			return;
		case 'Iz':
		case 'Iv':
		case 'Jz':
			putImmediate(e, random.operand(), wide);
			return;
		case 'Ap':
			putImmediate(e, random.operand(), wide);
			putImmediate(e, selector(random), 2);
			return;
		case 'Ob':
		case 'Ov':
			e.memory = true;
			e.displacementAt = e.length;
			e.displacementBytes = e.address16 ? 2 : 4;
			e.length += e.displacementBytes;
			e.setDisplacement(random.u32());
	}
}

function putImmediate(e: Encoding, value: number, bytes: number): void {
	if (e.immediate === 0) e.immediate = value >>> 0;
	for (let i = 0; i < bytes; i++) e.bytes[e.length++] = value >>> (8 * i);
}

/** A selector that means the same natively and in the guest: null, an LDT entry, kernel segments, beyond a table's end. */
export function selector(random: Random): number {
	const how = random.below(16);
	if (how < 10) return (random.below(11) << 3) | 7;
	if (how < 12) return (random.below(11) << 3) | 4 | random.below(4);
	if (how === 12) return random.below(4);
	if (how === 13) return random.pick([0x08, 0x10, 0x18, 0x0b, 0x13, 0x1b]);
	if (how === 14) return random.pick([0xfff8, 0xffff, 0xfffc, 0x8007, 0x1007]);
	return (random.below(10) << 3) | 7;
}
