/**
 * Random x87 states and operands for the oracle: FXSAVE headers with every rounding, precision and mask, registers and
 * memory operands of every class (zero, denormal, normal, infinity, quiet and signalling NaN, unnormal, pseudo).
 */
import { FX_WORDS } from './protocol.ts';
import type { Random } from './random.ts';

/** Writes a random 80-bit number at a byte offset. */
export function putFloat80(random: Random, view: DataView, at: number): void {
	const sign = random.below(2) << 15;
	let exponent = 0x3fff + random.below(128) - 64;
	let high = (random.u32() | 0x80000000) >>> 0;
	let low = random.u32();
	switch (random.below(16)) {
		case 0:
			exponent = high = low = 0;
			break;
		case 1:
			// denormal or pseudo-denormal
			exponent = 0;
			if (random.chance(70)) high = (high & 0x7fffffff) >>> random.below(31);
			break;
		case 2:
			// infinity
			exponent = 0x7fff;
			high = 0x80000000;
			low = 0;
			break;
		case 3:
			// NaN, quiet or signalling
			exponent = 0x7fff;
			break;
		case 4:
			// unsupported: unnormal, pseudo-infinity, pseudo-NaN
			if (random.chance(50)) exponent = 0x7fff;
			high = (high & 0x7fffffff) >>> 0;
			break;
		case 5: {
			// a small integer, or one with a half
			const n = random.below(1 << 12) + 1;
			const shift = Math.clz32(n);
			exponent = 0x3fff + 31 - shift - random.below(2);
			high = (n << shift) >>> 0;
			low = 0;
			break;
		}
		case 6:
			// few bits: ties and exact results
			high = (0x80000000 | (random.u32() & 0x70000000)) >>> 0;
			low = random.pick([0, 1, 0x400, 0x800, 0xc00, 0x80000000, 0xffffffff]);
			break;
		case 7:
			// just at the precision of a double or a single
			low = (low & 0xfffff000) | random.pick([0, 0x3ff, 0x400, 0x401, 0x7ff, 0x800, 0x801, 0xbff, 0xc00, 0xfff]);
			break;
		case 8:
			exponent = random.pick([1, 2, 0x40, 0x3fff - 0x3ff, 0x3fff - 0x3fe - 53, 0x3fff - 0x7f, 0x3fff - 0x95]);
			break;
		case 9:
			exponent = random.pick([0x7ffe, 0x7ffd, 0x7fc0, 0x3fff + 0x3ff, 0x3fff + 0x7f, 0x3fff + 63, 0x3fff + 31, 0x3fff + 15]);
			if (random.chance(40)) high = low = 0xffffffff;
			break;
		case 10:
			high = 0xffffffff;
			low = random.pick([0xffffffff, 0xfffff800, 0xfffffbff, 0xfffffc00, 0x00000000]);
			break;
		default:
			if (random.chance(30)) exponent = random.below(0x7fff);
			break;
	}
	view.setUint32(at, low, true);
	view.setUint32(at + 4, high, true);
	view.setUint16(at + 8, sign | exponent, true);
}

/** Writes a random double (8 bytes) at a byte offset. */
export function putFloat64(random: Random, view: DataView, at: number): void {
	const how = random.below(10);
	let high = random.u32();
	let low = random.u32();
	const sign = high & 0x80000000;
	if (how === 0) high = low = 0;
	else if (how === 1) high &= 0x000fffff;
	else if (how === 2) high = 0x7ff00000;
	else if (how === 3) high |= 0x7ff00000;
	else if (how < 8) high = (high & 0x000fffff) | ((0x3ff - 40 + random.below(80)) << 20);
	if (how === 2 || random.chance(20)) low = 0;
	view.setUint32(at, low, true);
	view.setUint32(at + 4, (high & 0x7fffffff) | sign, true);
}

/** Writes a random single (4 bytes) at a byte offset. */
export function putFloat32(random: Random, view: DataView, at: number): void {
	const how = random.below(10);
	let bits = random.u32();
	const sign = bits & 0x80000000;
	if (how === 0) bits = 0;
	else if (how === 1) bits &= 0x007fffff;
	else if (how === 2) bits = 0x7f800000;
	else if (how === 3) bits |= 0x7f800000;
	else if (how < 8) bits = (bits & 0x007fffff) | ((0x7f - 30 + random.below(60)) << 23);
	view.setUint32(at, (bits & 0x7fffffff) | sign, true);
}

/** Writes an 18-digit packed BCD number (10 bytes), now and then with digits that are none. */
export function putBcd(random: Random, view: DataView, at: number): void {
	for (let i = 0; i < 9; i++) view.setUint8(at + i, random.below(10) * 16 + random.below(10));
	view.setUint8(at + 9, random.chance(20) ? random.below(256) : random.below(2) << 7);
	if (random.chance(15)) view.setUint8(at + random.below(9), random.u32() & 0xff);
}

/** Writes the memory operand an x87 opcode (0xd8..0xdf, modrm.reg) reads; returns its size. */
export function putOperand(random: Random, view: DataView, at: number, opcode: number, reg: number): number {
	const form = ((opcode & 7) << 3) | reg;
	if (form === 0x1d || form === 0x1f) {
		putFloat80(random, view, at);
		return 10;
	}
	if (form === 0x3c || form === 0x3e) {
		putBcd(random, view, at);
		return 10;
	}
	if (opcode === 0xd8 || opcode === 0xd9) {
		// d9 /4 and /5 are fldenv and fldcw: a control word first
		if (opcode === 0xd9 && reg >= 4) view.setUint32(at, controlWord(random), true);
		else putFloat32(random, view, at);
		return 4;
	}
	if (opcode === 0xdc || (opcode === 0xdd && reg < 4)) {
		putFloat64(random, view, at);
		return 8;
	}
	if (opcode === 0xdd) {
		view.setUint32(at, controlWord(random), true);
		return 4;
	}
	view.setUint32(at, random.operand(), true);
	view.setUint32(at + 4, random.chance(50) ? random.operand() : random.below(2) - 1, true);
	return 8;
}

/** A control word: usually Linux's 037f, else any rounding and precision, and masks. */
function controlWord(random: Random): number {
	if (random.chance(35)) return 0x037f;
	const masks = random.chance(75) ? 0x3f : random.below(64);
	return masks | 0x40 | (random.pick([0, 2, 3, 3]) << 8) | (random.below(4) << 10);
}

/** Writes the first 160 bytes of an FXSAVE image into `words` at `at`. */
export function putFx(random: Random, words: Uint32Array, at: number): void {
	const view = new DataView(words.buffer, words.byteOffset + at * 4, FX_WORDS * 4);
	const control = controlWord(random);
	const exceptions = random.chance(70) ? 0 : random.below(128);
	const pending = exceptions & ~control & 0x3f;
	const top = random.chance(30) ? 0 : random.below(8);
	const status = exceptions | (pending ? 0x8080 : 0) | (random.below(8) << 8) | (random.below(2) << 14) | (top << 11);
	view.setUint16(0, control, true);
	view.setUint16(2, status, true);
	const tags = random.chance(60) ? 0xff : random.chance(20) ? 0 : random.u32() & 0xff;
	view.setUint16(4, tags, true);
	// opcode and pointers of the last instruction: AMD loses them at every context switch unless an exception is pending
	view.setUint16(6, pending ? random.below(0x800) : 0, true);
	view.setUint32(8, pending ? random.u32() : 0, true);
	view.setUint32(12, 0, true);
	view.setUint32(16, pending ? random.u32() : 0, true);
	view.setUint32(20, 0, true);
	view.setUint32(24, 0x1f80, true);
	view.setUint32(28, 0xffff, true);
	for (let i = 0; i < 8; i++) {
		putFloat80(random, view, 32 + i * 16);
		view.setUint16(42 + i * 16, 0, true);
		view.setUint32(44 + i * 16, 0, true);
	}
}
