/**
 * Random MMX and SSE states and operands for the oracle: MXCSR with every rounding, mask and mode, registers with lanes of the
 * type the row works on.
 */
import type { OracleRow } from './encode.ts';
import { putFloat32, putFloat64 } from './float.ts';
import { FX_WORDS } from './protocol.ts';
import type { Random } from './random.ts';

/** Whether the cases of a row carry the XMM registers and MXCSR. */
export function isVector(row: OracleRow): boolean {
	return /\b[PQVWNU][a-z]\b/.test(row.form) || /^(emms|fxsave|fxrstor|ldmxcsr|stmxcsr)$/.test(row.name);
}

/** Fills 16 bytes with lanes as a row's name says: singles, doubles, integers. */
function putLanes(random: Random, view: DataView, at: number, row: OracleRow): void {
	const { name } = row;
	const doubles = /(p|s)d(2|$)|2(p|s)d|sd2/.test(name) && !/^p|shufps|dq2ps/.test(name);
	const singles = /(p|s)s(2|$)|2(p|s)s/.test(name) && !/^p/.test(name);
	const how = random.below(10);
	if (how < 7 && doubles) for (let i = 0; i < 16; i += 8) putDouble(random, view, at + i);
	else if (how < 7 && singles) for (let i = 0; i < 16; i += 4) putSingle(random, view, at + i);
	else if (how === 7)
		for (let i = 0; i < 16; i++)
			view.setUint8(at + i, random.chance(50) ? random.below(256) : random.pick([0, 1, 0x7f, 0x80, 0xff]));
	else for (let i = 0; i < 16; i += 4) view.setUint32(at + i, random.operand(), true);
	// a shift count, now and then
	if (/^ps[lr][la]|^psra/.test(name) && random.chance(60)) {
		view.setUint32(at, random.below(72), true);
		view.setUint32(at + 4, random.chance(90) ? 0 : random.operand(), true);
	}
}

/** A double: as the x87's operands, or near the limits of integers, singles and denormals. */
function putDouble(random: Random, view: DataView, at: number): void {
	const how = random.below(12);
	if (how < 7) putFloat64(random, view, at);
	else if (how === 7) view.setFloat64(at, (random.u32() - 0x80000000) / random.pick([1, 2, 4, 1024]), true);
	else if (how === 8)
		view.setFloat64(at, random.pick([1, -1]) * (2 ** 31 - random.pick([0, 0.25, 0.5, 0.75, 1, 1.5, -0.5])), true);
	else {
		// exponents where results become tiny or overflow, as doubles or as singles
		const exponent = random.pick([
			1,
			2,
			53,
			54,
			0x200,
			0x201,
			0x1ff,
			0x3ff - 149,
			0x3ff - 127,
			0x3ff - 126,
			0x3ff + 127,
			0x3ff + 128,
			0x5fe,
			0x5ff,
			0x7fd,
			0x7fe,
		]);
		const low = random.chance(40) ? 0 : random.chance(30) ? 0xffffffff : random.u32();
		const high = random.chance(40) ? 0 : random.chance(30) ? 0xfffff : random.below(1 << 20);
		view.setUint32(at, low, true);
		view.setUint32(at + 4, ((random.below(2) << 31) | (exponent << 20) | high) >>> 0, true);
	}
}
function putSingle(random: Random, view: DataView, at: number): void {
	const how = random.below(12);
	if (how < 7) putFloat32(random, view, at);
	else if (how === 7) view.setFloat32(at, (random.u32() - 0x80000000) / random.pick([1, 2, 4, 65536]), true);
	else if (how === 8)
		view.setFloat32(at, random.pick([1, -1]) * random.pick([2 ** 31, 2 ** 31 - 128, 0.5, 1.5, 2.5, 2 ** 23 + 0.5]), true);
	else {
		const exponent = random.pick([1, 2, 24, 25, 0x3f, 0x40, 0x41, 0xbe, 0xbf, 0xfd, 0xfe]);
		const fraction = random.chance(40) ? 0 : random.chance(30) ? 0x7fffff : random.below(1 << 23);
		view.setUint32(at, ((random.below(2) << 31) | (exponent << 23) | fraction) >>> 0, true);
	}
}

/** Writes what a row's memory operand may hold; returns its size. */
export function putVector(random: Random, view: DataView, at: number, row: OracleRow): number {
	if (row.name === 'ldmxcsr') {
		view.setUint32(at, mxcsr(random) | (random.chance(10) ? 1 << (18 + random.below(14)) : 0), true);
		return 4;
	}
	putLanes(random, view, at, row);
	return 16;
}

/** MXCSR: usually all masked, nearest; else any masks, rounding, DAZ and FTZ. */
function mxcsr(random: Random): number {
	const masks = random.chance(65) ? 0x1f80 : (random.u32() & 0x1f80) | (random.chance(50) ? 0x1000 : 0);
	const rounding = random.chance(50) ? 0 : random.below(4) << 13;
	const modes = random.chance(70) ? 0 : random.u32() & 0x8040;
	const flags = random.chance(40) ? 0 : random.chance(50) ? 0x20 : random.below(64);
	return masks | rounding | modes | flags;
}

/** Writes MXCSR and xmm0..7 into the FXSAVE image at word `at`; the x87 part is there already. */
export function putXmm(random: Random, row: OracleRow, words: Uint32Array, at: number): void {
	const view = new DataView(words.buffer, words.byteOffset + at * 4, 288);
	view.setUint32(24, mxcsr(random), true);
	// AMD's MXCSR_MASK, with the misaligned exception mask: fxsave stores the hardware's
	view.setUint32(28, 0x2ffff, true);
	for (let i = 0; i < 8; i++) {
		putLanes(random, view, FX_WORDS * 4 + i * 16, row);
		// MMX registers: integers rather than mantissas
		if (/\b[PQN]q\b|\bQd\b/.test(row.form) && random.chance(60)) putMmx(random, view, 32 + i * 16, row);
	}
}
function putMmx(random: Random, view: DataView, at: number, row: OracleRow): void {
	const scratch = new DataView(new ArrayBuffer(16));
	putLanes(random, scratch, 0, row);
	for (let i = 0; i < 8; i++) view.setUint8(at + i, scratch.getUint8(i));
	view.setUint16(at + 8, 0xffff, true);
}
