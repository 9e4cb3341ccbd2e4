/** Random programs for processor tests: instructions made from the rows, mostly on mapped memory; a seeded generator. */
import { hasModrm, parseForm, ROWS, type Row } from '../../src/cpu/isa/index.ts';
import { DATA } from './machine.ts';

/** A small generator (mulberry32): u32 values. */
export function randomOf(seed: number): () => number {
	let s = seed | 0;
	return () => {
		s = (s + 0x6d2b79f5) | 0;
		let t = Math.imul(s ^ (s >>> 15), 1 | s);
		t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
		return (t ^ (t >>> 14)) >>> 0;
	};
}

/** Rows whose instructions a random program may hold: all that this processor executes. */
export const PROGRAM_ROWS: readonly Row[] = ROWS.filter(
	(row) =>
		!row.unsupported && (row.lower !== undefined || row.helper !== undefined) && !['hlt', 'ud0', 'ud1', 'ud2'].includes(row.name),
);

function memoryOperand(random: () => number, reg: number): number[] {
	const kind = random() % 8;
	if (kind < 5) {
		// [disp32] inside the data pages
		const at = DATA + (random() % 0x3ff0);
		return [(reg << 3) | 5, at & 255, (at >> 8) & 255, (at >> 16) & 255, at >>> 24];
	}
	if (kind === 5) return [0x40 | (reg << 3) | 4, 0x24, random() & 0x3f]; // [esp+disp8]
	if (kind === 6) return [0x40 | (reg << 3) | 6, random() & 255]; // [esi+disp8]
	return [(reg << 3) | 4, 0x87 | ((random() % 4) << 3), random() & 3]; // [edi+r*4]…
}

/** Bytes of one random instruction of a row. */
export function encode(row: Row, random: () => number): number[] {
	const out: number[] = [];
	const size = random() % 6 === 0 ? 16 : 32;
	if (size === 16) out.push(0x66);
	if (row.rep && random() % 2) out.push(random() % 2 ? 0xf2 : 0xf3);
	if (row.prefix) out.push(row.prefix);
	if (random() % 24 === 0) out.push([0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65][random() % 6]);
	const operands = parseForm(row.form, size);
	const plus = operands.some((o) => o.kind === 'Z') ? random() & 7 : 0;
	const opcode = row.opcode + plus;
	if (opcode > 0xffff) out.push(opcode >> 16);
	if (opcode > 0xff) out.push((opcode >> 8) & 255);
	out.push(opcode & 255);
	if (hasModrm(row)) {
		const reg = row.ext ?? (operands.some((o) => o.kind === 'S') ? [0, 2, 3, 4, 5][random() % 5] : random() & 7);
		const memory =
			row.mod === 'mem' ||
			operands.some((o) => o.kind === 'M') ||
			(row.mod !== 'reg' && row.rm === undefined && random() % 2 === 0);
		if (memory && !/[RNU]/.test(row.form)) out.push(...memoryOperand(random, reg));
		else out.push(0xc0 | (reg << 3) | (row.rm ?? random() & 7));
	}
	for (const o of operands) {
		let bytes = 0;
		if (o.kind === 'I' || o.kind === 'J') bytes = o.short || o.size === 8 ? 1 : o.size >> 3;
		else if (o.kind === 'A') bytes = (size >> 3) + 2;
		if (o.kind === 'O') {
			const at = DATA + (random() % 0x3ff0);
			out.push(at & 255, (at >> 8) & 255, (at >> 16) & 255, at >>> 24);
		} else if (o.kind === 'J') {
			out.push(random() % 24);
			for (let i = 1; i < bytes; i++) out.push(0);
		} else for (let i = 0; i < bytes; i++) out.push(random() % 3 === 0 ? random() & 255 : random() & 7);
	}
	return out;
}

/** A program of about `length` bytes and the offsets of its instructions. */
export function program(random: () => number, length: number): { code: number[]; starts: number[] } {
	const code: number[] = [];
	const starts: number[] = [];
	while (code.length < length) {
		starts.push(code.length);
		code.push(...encode(PROGRAM_ROWS[random() % PROGRAM_ROWS.length], random));
	}
	return { code, starts };
}
