/** Compares output records of the processor and of the harness, and prints differences. */
import type { Row } from '../../../src/cpu/isa/row.ts';
import { OUT, RECORD } from './harness.ts';

/** An opcode with prefix 66. */
export const PREFIX_66 = 0x10000;

/** Every opcode to test, as opcode << 8 | modrm: memory operands at [esi]; three of eight ST(i). */
export function opcodes(rows: readonly Row[]): number[] {
	const list = new Set<number>();
	for (const r of rows) {
		if (r.unsupported || r.opcode > 0xff) continue;
		const reg = (r.ext ?? 0) << 3;
		if (r.mod === 'mem') {
			const code = (r.opcode << 8) | reg | 6;
			list.add(code);
			if (r.form === 'M') list.add(PREFIX_66 | code);
		} else if (r.rm !== undefined) list.add((r.opcode << 8) | 0xc0 | reg | r.rm);
		else if (r.mod === undefined) list.add(r.opcode << 8);
		else for (const i of [0, 1, 3]) list.add((r.opcode << 8) | 0xc0 | reg | i);
	}
	return [...list].sort((a, b) => a - b);
}

/** The encodings without a row: invalid on the processor too. */
export function invalidOpcodes(rows: readonly Row[]): number[] {
	const list: number[] = [];
	for (let code = 0xd800; code < 0xe000; code++) {
		const [opcode, modrm] = [code >> 8, code & 0xff];
		const mod = modrm >= 0xc0 ? 'reg' : 'mem';
		if (mod === 'mem' && (modrm & 0xc7) !== 6) continue;
		const reg = (modrm >> 3) & 7;
		const has = (r: Row) => r.opcode === opcode && r.ext === reg && r.mod === mod && (r.rm ?? modrm & 7) === (modrm & 7);
		if (!rows.some(has)) list.push(code);
	}
	return list;
}

/** modrm of the transcendental instructions (d9), and how many registers from ST(0) on hold results. */
const RESULTS: ReadonlyMap<number, number> = new Map([[0xf0, 1], [0xf1, 1], [0xf2, 2], [0xf3, 1], [0xf9, 1], [0xfb, 2], [0xfe, 1], [0xff, 1]]); // biome-ignore format: a list
/** Word of the output record with the status word, and C1 in it as big-endian reads see it. */
const STATUS = OUT.IMAGE + 4;
const C1 = 0x00020000;

/**
 * The first difference of two output records, or ''. Results of transcendental instructions may be one unit of the last place
 * apart: ours are correctly rounded, a processor's are not always. For the same reason their C1 is not compared, which says whether
 * the processor took its result for rounded up.
 */
export function compare(mine: DataView, theirs: DataView, at: number, op = 0): string {
	const results = (op & ~0xff) === 0xd900 ? (RESULTS.get(op & 0xff) ?? 0) : 0;
	for (let i = 0; i < RECORD; i += 4) {
		const differ = mine.getUint32(at + i) ^ theirs.getUint32(at + i);
		if (differ === 0 || (results > 0 && i === STATUS && (differ & ~C1) === 0)) continue;
		const register = Math.floor((i + 3 - OUT.IMAGE - 28) / 10);
		const before = (i - OUT.IMAGE - 28) / 10;
		let near = register >= 0 && before < results;
		for (let r = Math.max(0, Math.floor(before)); near && r <= Math.min(register, results - 1); r++)
			near = unitsApart(mine, theirs, at, r) <= 1;
		// the last word of the results also holds the start of a register that has to be the same
		if (near && register >= results) near = mine.getUint16(at + i + 2) === theirs.getUint16(at + i + 2);
		if (!near) return `byte ${i}`;
	}
	return '';
}

/** How many extended values lie between ST(r) of two records, up to 2; values of different signs are far apart. */
function unitsApart(mine: DataView, theirs: DataView, at: number, r: number): number {
	const place = at + OUT.IMAGE + 28 + r * 10;
	const value = (v: DataView): bigint => {
		const exponent = BigInt(v.getUint16(place + 8, true) & 0x7fff);
		return (exponent << 63n) + (v.getBigUint64(place, true) & 0x7fffffffffffffffn);
	};
	if ((mine.getUint16(place + 8, true) ^ theirs.getUint16(place + 8, true)) & 0x8000) return 2;
	const d = value(mine) - value(theirs);
	return d >= -1n && d <= 1n ? Math.abs(Number(d)) : 2;
}

function number80(v: DataView, at: number): string {
	const hex = (n: number, w: number) => n.toString(16).padStart(w, '0');
	return `${hex(v.getUint16(at + 8, true), 4)}:${hex(v.getUint32(at + 4, true), 8)}${hex(v.getUint32(at, true), 8)}`;
}

function image(v: DataView, at: number): string {
	const hex = (n: number) => n.toString(16).padStart(4, '0');
	const st = [0, 1, 2, 7].map((i) => number80(v, at + 28 + 10 * i)).join(' ');
	const fop = v.getUint16(at + 18, true);
	return `cw ${hex(v.getUint16(at, true))} sw ${hex(v.getUint16(at + 4, true))} tw ${hex(v.getUint16(at + 8, true))} st ${st} fop ${hex(fop)} cs ${hex(v.getUint16(at + 16, true))} dp ${v.getUint32(at + 20, true).toString(16)} ds ${hex(v.getUint16(at + 24, true))}`;
}

function bytes(v: DataView, at: number, n: number): string {
	let s = '';
	for (let i = 0; i < n; i++)
		s += v
			.getUint8(at + i)
			.toString(16)
			.padStart(2, '0');
	return s;
}

function output(v: DataView, at: number): string {
	if (v.getUint8(at) !== 0) return `signal ${v.getUint8(at)}`;
	const flags = v.getUint32(at + OUT.EFLAGS, true).toString(16);
	return `${image(v, at + OUT.IMAGE)} mem ${bytes(v, at + OUT.MEM, 10)} fl ${flags} eax ${v.getUint32(at + OUT.EAX, true).toString(16)}`;
}

/** A difference as text. */
export function describe(input: DataView, mine: DataView, theirs: DataView, at: number, op: number): string {
	return [
		`${op.toString(16)}: differs at ${compare(mine, theirs, at, op)}`,
		`  in     ${image(input, at + 8)} mem ${bytes(input, at + 116, 10)} fl ${input.getUint32(at + 4, true).toString(16)}`,
		`  native ${output(theirs, at)}`,
		`  mine   ${output(mine, at)}`,
	].join('\n');
}
