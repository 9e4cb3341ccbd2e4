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

/** The first difference of two output records, or ''. Not compared: the instruction pointer, where the stub is. */
export function compare(mine: DataView, theirs: DataView, at: number): string {
	for (let i = 0; i < RECORD; i += 4) {
		if (i !== OUT.IMAGE + 12 && mine.getUint32(at + i) !== theirs.getUint32(at + i)) return `byte ${i}`;
	}
	return '';
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
		`${op.toString(16)}: differs at ${compare(mine, theirs, at)}`,
		`  in     ${image(input, at + 8)} mem ${bytes(input, at + 116, 10)} fl ${input.getUint32(at + 4, true).toString(16)}`,
		`  native ${output(theirs, at)}`,
		`  mine   ${output(mine, at)}`,
	].join('\n');
}
