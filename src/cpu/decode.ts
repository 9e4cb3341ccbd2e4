/**
 * Bytes → Insn. The maps are made from the rows of isa/*: which row an opcode (with modrm.reg, modrm.mod, modrm.rm and
 * mandatory prefix where those select) means, and from its form what follows the opcode.
 */
import { assert } from '../events/assert.ts';
import { Decoded, type Insn } from './insn.ts';
import type { Row } from './isa/row.ts';

const ES = 0;
const SS = 2;
const DS = 3;

/** What stands after the opcode and modrm. */
const Imm = { NONE: 0, IB: 1, IS: 2, IW: 3, IZ: 4, JB: 5, JZ: 6, AP: 7, MOFFS: 8, IWIB: 9 } as const;

interface Entry {
	readonly row: Row;
	readonly imm: number;
	/** Whether row selection needs more than the opcode. */
	readonly selects: boolean;
	/** 0: any modrm, 1: memory only, 2: register only, 3: a register whatever modrm.mod says (control and debug registers). */
	readonly mod: number;
}
interface Cell {
	readonly modrm: boolean;
	readonly entries: readonly Entry[];
}

/** The opcode maps of a set of rows. */
export interface DecodeMaps {
	/** One-byte opcodes at 0..255, 0f xx at 256..511, 0f 38 xx at 512.., 0f 3a xx at 768... */
	readonly cells: readonly (Cell | undefined)[];
}

const MODRM = /(^|,)(E|G|M|R|S[iw]|C|D|T|P|Q|V|W|N|U)/;

function immOf(form: string): number {
	if (/(^|,)Iw,Ib/.test(form)) return Imm.IWIB;
	if (/(^|,)Ib/.test(form)) return Imm.IB;
	if (/(^|,)Is/.test(form)) return Imm.IS;
	if (/(^|,)Iw/.test(form)) return Imm.IW;
	if (/(^|,)Iz/.test(form)) return Imm.IZ;
	if (/(^|,)Jb/.test(form)) return Imm.JB;
	if (/(^|,)Jz/.test(form)) return Imm.JZ;
	if (/(^|,)Ap/.test(form)) return Imm.AP;
	if (/(^|,)O/.test(form)) return Imm.MOFFS;
	return Imm.NONE;
}

/** Whether a row's instruction has a modrm byte. */
export function hasModrm(row: Row): boolean {
	return (
		row.ext !== undefined ||
		row.mod !== undefined ||
		row.rm !== undefined ||
		MODRM.test(row.form.replace(/\bDX\b|\bCL\b|\bAL\b/g, '-'))
	);
}

/** The opcodes a row stands for: eight for a `Z` operand, else one. */
export function opcodesOf(row: Row): number[] {
	return /(^|,)Z/.test(row.form) ? Array.from({ length: 8 }, (_, i) => row.opcode + i) : [row.opcode];
}

function cellIndex(opcode: number): number {
	if (opcode < 0x100) return opcode;
	if (opcode < 0x1000) return 0x100 + (opcode & 0xff);
	return (opcode >> 8 === 0x0f38 ? 0x200 : 0x300) + (opcode & 0xff);
}

/** Makes the opcode maps. Later rows come after earlier ones; the first that fits an instruction is taken. */
export function makeDecodeMaps(rows: readonly Row[]): DecodeMaps {
	const lists: { modrm: boolean; entries: Entry[] }[] = [];
	for (const row of rows) {
		const mod = /[CD]d/.test(row.form)
			? 3
			: row.mod === 'mem' || /(^|,)M/.test(row.form)
				? 1
				: row.mod === 'reg' || /(^|,)[RNU]/.test(row.form)
					? 2
					: 0;
		const selects = row.ext !== undefined || mod !== 0 || row.rm !== undefined || row.prefix !== undefined;
		for (const opcode of opcodesOf(row)) {
			const cell = (lists[cellIndex(opcode)] ??= { modrm: false, entries: [] });
			cell.modrm ||= hasModrm(row);
			cell.entries.push({ row, imm: immOf(row.form), selects, mod });
		}
	}
	const cells: (Cell | undefined)[] = new Array(0x400).fill(undefined);
	lists.forEach((list, i) => {
		cells[i] = list;
	});
	return { cells };
}

const PREFIX_BYTES: readonly number[] = [0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x66, 0x67, 0xf0, 0xf2, 0xf3];
const PREFIXES = Uint8Array.from({ length: 256 }, (_, i) => (PREFIX_BYTES.includes(i) ? 1 : 0));
const BASE16 = [3, 3, 5, 5, 6, 7, 5, 3];
const INDEX16 = [6, 7, 6, 7, 8, 8, 8, 8];

/** A decoder over the opcode maps of a processor. */
export class Decoder {
	private readonly cells: readonly (Cell | undefined)[];
	private code: Uint8Array = new Uint8Array(0);
	private at = 0;
	private end = 0;

	constructor(maps: DecodeMaps) {
		this.cells = maps.cells;
	}

	/**
	 * Decodes the instruction at `code[at]`, not reading at or after `end`, into `out` (all fields are set).
	 * @param size default operand and address size, 32 or 16 (the D bit of cs).
	 */
	decode(code: Uint8Array, at: number, end: number, size: number, out: Insn): void {
		this.code = code;
		this.at = at;
		this.end = Math.min(end, at + 15);
		out.length = 0;
		out.row = undefined;
		out.status = this.body(size, out);
		if (out.status === Decoded.SHORT && end >= at + 15) out.status = Decoded.TOO_LONG;
		out.length = this.at - at;
	}

	private body(size: number, out: Insn): number {
		out.operandSize = size;
		out.addressSize = size;
		out.modrm = -1;
		out.mod = 3;
		out.reg = 0;
		out.base = 8;
		out.index = 8;
		out.scale = 0;
		out.displacement = 0;
		out.segment = DS;
		out.override = -1;
		out.immediate = 0;
		out.immediate2 = 0;
		out.lock = false;
		out.rep = 0;
		out.opcode = 0;
		const { code, end } = this;
		let byte = 0;
		let size66 = false;
		for (;;) {
			if (this.at >= end) return Decoded.SHORT;
			byte = code[this.at++];
			if (PREFIXES[byte] === 0) break;
			switch (byte) {
				case 0x26:
					out.override = ES;
					break;
				case 0x2e:
					out.override = 1;
					break;
				case 0x36:
					out.override = SS;
					break;
				case 0x3e:
					out.override = DS;
					break;
				case 0x64:
					out.override = 4;
					break;
				case 0x65:
					out.override = 5;
					break;
				case 0x66:
					size66 = true;
					out.operandSize = 48 - size;
					break;
				case 0x67:
					out.addressSize = 48 - size;
					break;
				case 0xf0:
					out.lock = true;
					break;
				default:
					out.rep = byte;
			}
		}
		if (out.override >= 0) out.segment = out.override;
		let index = byte;
		out.opcode = byte;
		if (byte === 0x0f) {
			if (this.at >= end) return Decoded.SHORT;
			byte = code[this.at++];
			index = 0x100 + byte;
			out.opcode = 0x0f00 + byte;
			if (byte === 0x38 || byte === 0x3a) {
				if (this.at >= end) return Decoded.SHORT;
				index = (byte === 0x38 ? 0x200 : 0x300) + code[this.at];
				out.opcode = (0x0f00 + byte) * 256 + code[this.at++];
			}
		}
		out.rm = out.opcode & 7;
		const cell = this.cells[index];
		if (!cell) return Decoded.INVALID;
		if (cell.modrm) {
			if (this.at >= end) return Decoded.SHORT;
			const modrm = code[this.at++];
			out.modrm = modrm;
			out.mod = modrm >> 6;
			out.reg = (modrm >> 3) & 7;
			out.rm = modrm & 7;
		}
		const entry = select(cell, out, out.rep !== 0 ? out.rep : size66 ? 0x66 : 0);
		if (!entry) return Decoded.INVALID;
		out.row = entry.row;
		if (cell.modrm && out.mod !== 3) {
			const ok = out.addressSize === 32 ? this.memory32(out) : this.memory16(out);
			if (!ok) return Decoded.SHORT;
		}
		if (entry.imm !== Imm.NONE && !this.immediate(entry.imm, out)) return Decoded.SHORT;
		if (out.lock && !(entry.row.lock && out.mod !== 3)) return Decoded.UNDEFINED;
		return Decoded.OK;
	}

	private memory32(out: Insn): boolean {
		let base = out.rm;
		if (base === 4) {
			if (this.at >= this.end) return false;
			const sib = this.code[this.at++];
			base = sib & 7;
			const index = (sib >> 3) & 7;
			if (index !== 4) {
				out.index = index;
				out.scale = sib >> 6;
			}
		}
		if (base === 5 && out.mod === 0) base = 8;
		out.base = base;
		if (out.override < 0 && (base === 4 || base === 5)) out.segment = SS;
		if (out.mod === 1) {
			if (this.at >= this.end) return false;
			out.displacement = (this.code[this.at++] << 24) >> 24;
		} else if (out.mod === 2 || base === 8) {
			if (this.at + 4 > this.end) return this.run();
			out.displacement = this.imm32();
		}
		return true;
	}

	private memory16(out: Insn): boolean {
		const direct = out.mod === 0 && out.rm === 6;
		out.base = direct ? 8 : BASE16[out.rm];
		out.index = direct ? 8 : INDEX16[out.rm];
		if (out.override < 0 && out.base === 5) out.segment = SS;
		if (out.mod === 1) {
			if (this.at >= this.end) return false;
			out.displacement = (this.code[this.at++] << 24) >> 24;
		} else if (out.mod === 2 || direct) {
			if (this.at + 2 > this.end) return this.run();
			out.displacement = (this.imm16() << 16) >> 16;
		}
		return true;
	}

	private immediate(kind: number, out: Insn): boolean {
		const wide = out.operandSize === 32;
		switch (kind) {
			case Imm.IB:
			case Imm.IS:
			case Imm.JB: {
				if (this.at >= this.end) return false;
				const byte = this.code[this.at++];
				out.immediate = kind === Imm.IB ? byte : (byte << 24) >> 24;
				return true;
			}
			case Imm.IW:
			case Imm.IWIB:
				if (this.at + (kind === Imm.IW ? 2 : 3) > this.end) return this.run();
				out.immediate = this.imm16();
				if (kind === Imm.IWIB) out.immediate2 = this.code[this.at++];
				return true;
			case Imm.IZ:
			case Imm.JZ:
				if (this.at + (wide ? 4 : 2) > this.end) return this.run();
				out.immediate = wide ? this.imm32() : kind === Imm.JZ ? (this.imm16() << 16) >> 16 : this.imm16();
				return true;
			case Imm.AP:
				if (this.at + (wide ? 6 : 4) > this.end) return this.run();
				out.immediate = wide ? this.imm32() : this.imm16();
				out.immediate2 = this.imm16();
				return true;
			case Imm.MOFFS: {
				const long = out.addressSize === 32;
				if (this.at + (long ? 4 : 2) > this.end) return this.run();
				out.displacement = long ? this.imm32() : this.imm16();
				out.mod = 0;
				return true;
			}
			default:
				assert(false, `immediate kind ${kind}`);
		}
	}

	/** The bytes run out. */
	private run(): boolean {
		this.at = this.end;
		return false;
	}
	private imm16(): number {
		const value = this.code[this.at] | (this.code[this.at + 1] << 8);
		this.at += 2;
		return value;
	}
	private imm32(): number {
		const { code, at } = this;
		this.at += 4;
		return code[at] | (code[at + 1] << 8) | (code[at + 2] << 16) | (code[at + 3] << 24);
	}
}

function select(cell: Cell, insn: Insn, prefix: number): Entry | undefined {
	for (const entry of cell.entries) {
		if (!entry.selects) return entry;
		const { row } = entry;
		if (row.ext !== undefined && row.ext !== insn.reg) continue;
		if (row.rm !== undefined && (insn.mod !== 3 || row.rm !== insn.rm)) continue;
		if (entry.mod === 3) insn.mod = 3;
		if (entry.mod !== 0 && (entry.mod !== 1) !== (insn.mod === 3)) continue;
		if (row.prefix !== undefined && row.prefix !== prefix) continue;
		return entry;
	}
	return undefined;
}
