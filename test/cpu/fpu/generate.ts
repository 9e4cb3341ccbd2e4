/** Makes input records for native.c and the harness: corner values of every format, and random ones. Seeded. */
import { PREFIX_66 } from './compare.ts';
import { RECORD } from './harness.ts';

/** xorshift128: a generator of 32-bit words. */
export class Random {
	private a: number;
	private b = 0x9e3779b9;
	private c = 0x243f6a88;
	private d = 0xb7e15162;

	constructor(seed: number) {
		this.a = seed | 0;
		for (let i = 0; i < 16; i++) this.next();
	}

	/** A 32-bit word. */
	next(): number {
		let t = this.d;
		this.d = this.c;
		this.c = this.b;
		this.b = this.a;
		t ^= t << 11;
		t ^= t >>> 8;
		this.a = t ^ this.a ^ (this.a >>> 19);
		return this.a >>> 0;
	}

	below(n: number): number {
		return this.next() % n;
	}

	pick<T>(from: readonly T[]): T {
		return from[this.below(from.length)];
	}
}

type Words = [lo: number, hi: number, se: number];

const EDGE_EXPONENTS = [
	0, 1, 2, 62, 63, 64, 65, 0x3f80, 0x3fbf, 0x3fc0, 0x3ffd, 0x3ffe, 0x3fff, 0x4000, 0x4001, 0x401d, 0x401e, 0x401f, 0x403d, 0x403e,
	0x403f, 0x4040, 0x7ffc, 0x7ffd, 0x7ffe, 0x7fff, 0x3f81, 0x3f6a, 0x3f69, 0x407e, 0x407f, 0x3c00, 0x3c01, 0x3bcd, 0x3bcc, 0x43fe,
	0x43ff,
];

function mantissa(r: Random): [number, number] {
	switch (r.below(12)) {
		case 0:
			return [0, 0x80000000];
		case 1:
			return [0xffffffff, 0xffffffff];
		case 2:
			return [r.pick([1, 2, 3, 0x400, 0x7ff, 0x800, 0xc00, 0x1000]), 0x80000000];
		case 3:
			return [r.pick([0xfffff800, 0xfffffc00, 0xfffffbff, 0xfffff7ff, 0xfffffffe]), 0xffffffff];
		case 4:
			return [0, (0x80000000 | ((r.next() >>> 1) << r.below(31))) >>> 0];
		case 5:
			return [0x80000000, r.next() | 0x80000000];
		case 6:
			return [(r.next() & 0xfffff800) | r.pick([0, 0x400, 0x3ff, 0x401, 1, 0x7ff]), r.next() | 0x80000000];
		case 7:
			return [r.pick([0, 1, 0xffffffff, 0x80000000]), (r.next() & 0xffffff00) | r.pick([0, 0x80, 0x7f, 0x81, 0xff]) | 0x80000000];
		case 8: {
			const n = r.below(64);
			return n < 32 ? [(1 << n) >>> 0, 0x80000000] : [0, (0x80000000 | (1 << (n - 32))) >>> 0];
		}
		default:
			return [r.next(), (r.next() | 0x80000000) >>> 0];
	}
}

/** An 80-bit value. */
export function extended(r: Random): Words {
	const sign = r.next() & 0x8000;
	const [lo, hi] = mantissa(r);
	switch (r.below(24)) {
		case 0:
			return [0, 0, sign];
		case 1: // denormals, also pseudo
			return [lo >>> 0, r.below(3) ? (hi & 0x7fffffff) >>> r.below(32) : hi, sign];
		case 2:
			return [0, 0x80000000, sign | 0x7fff];
		case 3: // NaNs
			return [r.below(2) ? lo : 0, (hi | 0x40000000) >>> 0, sign | 0x7fff];
		case 4:
			return [lo | 1, (hi & 0xbfffffff) >>> 0, sign | 0x7fff];
		case 5: // no integer bit
			return [r.below(2) ? lo : 0, r.below(2) ? hi & 0x7fffffff : 0, sign | r.pick([1, 0x3fff, 0x7ffe, 0x7fff])];
		case 6:
		case 7:
		case 8:
		case 9:
			return [lo, hi, sign | r.pick(EDGE_EXPONENTS)];
		case 10:
			return [lo, hi, sign | r.below(0x8000)];
		case 11: {
			// small integers
			const v = r.below(200) + 1;
			const n = Math.clz32(v);
			return [0, (v << n) >>> 0, sign | (0x3fff + 31 - n)];
		}
		case 12: {
			// integers and halves
			const n = r.below(64);
			const h = n < 32 ? hi & ~(n === 31 ? 0x7fffffff : (1 << (31 - n)) - 1) : hi;
			return [n < 32 ? 0 : lo & ~((1 << (63 - n)) - 1), h >>> 0, sign | (0x3fff + n - r.below(2))];
		}
		default:
			return [lo, hi, sign | (0x3fff + r.below(140) - 70)];
	}
}

/** A value near `other`: same or next exponent, similar mantissa, so that cancellation and ties occur. */
function near(r: Random, other: Words): Words {
	const [lo, hi, se] = other;
	const d = r.pick([0, 0, 0, 1, -1, 2, 31, 32, 33, 52, 53, 54, 62, 63, 64, 65, 66, -64, -63, 95, 96, 97]);
	const e = Math.min(0x7fff, Math.max(0, (se & 0x7fff) + d));
	const sign = r.next() & 0x8000;
	switch (r.below(5)) {
		case 0:
			return [lo, hi, sign | e];
		case 1:
			return [(lo + 1) >>> 0, hi, sign | e];
		case 2:
			return [(lo - 1) >>> 0, hi, sign | e];
		case 3:
			return [lo ^ (1 << r.below(32)), hi, sign | e];
		default: {
			const [l, h] = mantissa(r);
			return [l, h, sign | e];
		}
	}
}

function putExtended(out: DataView, at: number, [lo, hi, se]: Words): void {
	out.setUint32(at, lo >>> 0, true);
	out.setUint32(at + 4, hi >>> 0, true);
	out.setUint16(at + 8, se, true);
}

/** Memory operands that suit every format: chosen bytes at the front, by the size read. */
function putMemory(r: Random, out: DataView, at: number, size: number) {
	for (let i = 0; i < 16; i += 4) out.setUint32(at + i, 0xa5a5a5a5);
	if (size === 80) return putExtended(out, at, extended(r));
	if (size === 32) {
		const e = r.pick([0, 0, 1, 2, 126, 127, 128, 129, 254, 255, 255, r.below(256)]);
		const f = r.pick([0, 1, 0x7fffff, 0x400000, 0x400001, 0x3fffff, r.next() & 0x7fffff, r.next() & 0x7fffff, 1 << r.below(23)]);
		out.setUint32(at, ((r.next() & 0x80000000) | (e << 23) | f) >>> 0, true);
	} else if (size === 64) {
		const e = r.pick([0, 0, 1, 2, 1022, 1023, 1024, 1025, 2046, 2047, 2047, r.below(2048)]);
		const [lo, hi] = mantissa(r);
		const zero = r.below(4) === 0;
		out.setUint32(at, zero ? 0 : ((lo >>> 11) | (hi << 21)) >>> 0, true);
		out.setUint32(
			at + 4,
			((r.next() & 0x80000000) | (e << 20) | (zero ? r.pick([0, 1, 0x80000, 0x80001]) : (hi >>> 11) & 0xfffff)) >>> 0,
			true,
		);
	} else if (size === 1) {
		// Integers.
		const v = r.pick([0, 1, -1, 0x7fffffff, -0x80000000, 0x7fff, -0x8000, r.below(100), r.next()]);
		out.setInt32(at, v, true);
		out.setInt32(at + 4, r.pick([0, -1, v < 0 ? -1 : 0, -0x80000000, 0x7fffffff, r.next()]), true);
	} else if (size === 10) {
		const digit = r.below(8) ? 10 : 16;
		for (let i = 0; i < 9; i++) out.setUint8(at + i, (r.below(digit) << 4) | r.below(digit));
		const n = r.below(10);
		for (let i = n; i < 9; i++) if (r.below(2)) out.setUint8(at + i, 0);
		out.setUint8(at + 9, r.pick([0, 0x80]));
	}
}

/** What kind of memory operand an opcode reads: a size as `putMemory` takes it, 0 for none. */
function memoryKind(opcode: number, modrm: number): number {
	if (modrm >= 0xc0) return 0;
	const reg = (modrm >> 3) & 7;
	switch (opcode) {
		case 0xd8:
			return 32;
		case 0xd9:
			return reg === 0 ? 32 : 0;
		case 0xda:
		case 0xde:
			return 1;
		case 0xdb:
			return reg === 0 ? 1 : reg === 5 ? 80 : 0;
		case 0xdc:
			return 64;
		case 0xdd:
			return reg === 0 ? 64 : 0;
		default:
			return reg === 4 ? 10 : 1;
	}
}

/** How the masks, flags and stack of a record are chosen. */
export interface Style {
	/** Chance in 256 that some exceptions are unmasked; that a register is empty or the stack full; that status flags are set. */
	readonly unmasked: number;
	readonly stack: number;
	readonly sticky: number;
}

/** Writes an input record. */
export function record(r: Random, out: DataView, at: number, op: number, style: Style): void {
	for (let i = 0; i < RECORD; i += 4) out.setUint32(at + i, 0);
	out.setUint8(at, op >> 8);
	out.setUint8(at + 1, op);
	out.setUint8(at + 2, op & PREFIX_66 ? 1 : 0);
	out.setUint32(at + 4, 0x202 | (r.next() & 0x8d5), true);
	putImage(r, out, at + 8, style, (op & 0xc0) === 0xc0 ? op & 7 : 0);
	const code = op & 0xff38;
	if (op & 0xc0) putMemory(r, out, at + 116, 0);
	else if (code === 0xd920 || code === 0xdd20) putLoaded(r, out, at + 116, style, op);
	else putMemory(r, out, at + 116, memoryKind((op >> 8) & 0xff, op & 0xff));
}

/** An image for fldenv and frstor to load, in the format of the operand size. */
function putLoaded(r: Random, out: DataView, at: number, style: Style, op: number): void {
	putImage(r, out, at, { ...style, stack: 255, sticky: 255 }, 0);
	for (const i of [2, 6, 10, 18, 26]) out.setUint16(at + i, r.next(), true);
	if ((op & PREFIX_66) === 0) return;
	for (let i = 0; i < 6; i += 2) out.setUint16(at + i, out.getUint16(at + 2 * i, true), true);
	for (let i = 6; i < 94; i += 2) out.setUint16(at + i, r.next(), true);
}

/** An fsave image with a random control word, status and stack; values stand in ST(0), ST(1) and ST(other). */
function putImage(r: Random, out: DataView, image: number, style: Style, other: number): void {
	const masks = r.below(256) < style.unmasked ? r.next() & 0x3f : 0x3f;
	const pc = r.pick([0x300, 0x300, 0x200, 0x000, 0x100]);
	out.setUint16(image, masks | 0x40 | pc | (r.next() & 0xc00), true);
	let sw = (r.next() & 7) << 11;
	if (r.below(256) < style.sticky) sw |= r.next() & 0x477f & (r.below(8) ? masks | 0x4740 : -1);
	out.setUint16(image + 4, sw, true);
	let tags = 0;
	const top = (sw >> 11) & 7;
	const valid = r.below(256) < style.stack ? r.next() & 0xff : 0x07;
	for (let i = 0; i < 8; i++) if (((valid >> i) & 1) === 0) tags |= 3 << (2 * ((top + i) & 7));
	out.setUint16(image + 8, tags, true);
	out.setUint32(image + 12, 0x11223344, true);
	out.setUint32(image + 16, 0x01230023, true);
	out.setUint32(image + 20, 0x55667788, true);
	out.setUint32(image + 24, 0x2b, true);
	const x = extended(r);
	const y = r.below(3) === 0 ? near(r, x) : extended(r);
	for (let i = 0; i < 8; i++) putExtended(out, image + 28 + 10 * i, [i * 77, 0x80000000 + i, 0x4001]);
	putExtended(out, image + 28, x);
	putExtended(out, image + 38, y);
	if (other > 1) putExtended(out, image + 28 + 10 * other, y);
}
