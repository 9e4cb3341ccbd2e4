/**
 * Between the extended format and what memory holds: float32, float64, two's complement integers, packed decimal.
 * Into the extended format everything is exact; out of it rounding, overflow and underflow are the narrow format's own.
 */
import type { Arith } from './arith.ts';
import { classify, type Ext, INFINITY, INVALID, QNAN, SNAN, TOP_BIT, ZERO } from './ext.ts';
import { BIAS, DE, IE, OE, PE, RC_DOWN, RC_FIELD, RC_NEAREST, RC_ZERO, UE } from './layout.ts';

const TWO_32 = 2 ** 32;

/** A float32 into `out`, NaNs as they are. Returns DE for a denormal, else 0. */
export function fromFloat32(bits: number, out: Ext): number {
	const sign = (bits >>> 16) & 0x8000;
	const exponent = (bits >>> 23) & 0xff;
	const fraction = bits & 0x7fffff;
	if (exponent === 0) {
		if (fraction === 0) {
			out.set(sign, 0, 0);
			return 0;
		}
		const n = Math.clz32(fraction);
		out.set(sign | (BIAS - 126 + 8 - n), fraction << n, 0);
		return DE;
	}
	out.set(sign | (exponent === 0xff ? 0x7fff : exponent + BIAS - 127), TOP_BIT | (fraction << 8), 0);
	return 0;
}

/** A float64 from its two words into `out`, NaNs as they are. Returns DE for a denormal, else 0. */
export function fromFloat64(lo: number, hi: number, out: Ext): number {
	const sign = (hi >>> 16) & 0x8000;
	const exponent = (hi >>> 20) & 0x7ff;
	if (exponent === 0) {
		hi &= 0xfffff;
		if ((hi | lo) === 0) {
			out.set(sign, 0, 0);
			return 0;
		}
		let e = BIAS - 1022 + 11;
		if (hi === 0) {
			hi = lo;
			lo = 0;
			e -= 32;
		}
		const n = Math.clz32(hi);
		if (n !== 0) {
			hi = (hi << n) | (lo >>> (32 - n));
			lo <<= n;
		}
		out.set(sign | (e - n), hi, lo);
		return DE;
	}
	out.set(
		sign | (exponent === 0x7ff ? 0x7fff : exponent + BIAS - 1023),
		TOP_BIT | ((hi & 0xfffff) << 11) | (lo >>> 21),
		lo << 11,
	);
	return 0;
}

/** A signed 32-bit integer into `out`. */
export function fromInt32(value: number, out: Ext) {
	if (value === 0) return out.set(0, 0, 0);
	const magnitude = value < 0 ? -value | 0 : value;
	const n = Math.clz32(magnitude);
	out.set((value < 0 ? 0x8000 : 0) | (BIAS + 31 - n), magnitude << n, 0);
}

/** A signed 64-bit integer from its two words into `out`. */
export function fromInt64(lo: number, hi: number, out: Ext) {
	if ((lo | hi) === 0) return out.set(0, 0, 0);
	const sign = hi < 0 ? 0x8000 : 0;
	if (sign !== 0) {
		hi = lo === 0 ? -hi | 0 : ~hi;
		lo = -lo | 0;
	}
	fromUnsigned64(sign, lo, hi, out);
}

function fromUnsigned64(sign: number, lo: number, hi: number, out: Ext) {
	if ((lo | hi) === 0) return out.set(sign, 0, 0);
	let e = BIAS + 63;
	if (hi === 0) {
		hi = lo;
		lo = 0;
		e -= 32;
	}
	const n = Math.clz32(hi);
	if (n !== 0) {
		hi = (hi << n) | (lo >>> (32 - n));
		lo <<= n;
	}
	out.set(sign | (e - n), hi, lo);
}

/** Packed decimal (ten bytes as words; `top` = bytes 8, 9) into `out`. Nibbles above 9 count as what they are, modulo 2^64. */
export function fromDecimal(lo: number, hi: number, top: number, out: Ext) {
	let low = 0;
	let high = 0;
	for (let i = 17; i >= 0; i--) {
		const digit = ((i >= 16 ? top >>> ((i - 16) * 4) : i >= 8 ? hi >>> ((i - 8) * 4) : lo >>> (i * 4)) & 15) >>> 0;
		low = low * 10 + digit;
		const carry = Math.floor(low / TWO_32);
		low -= carry * TWO_32;
		high = (high * 10 + carry) % TWO_32;
	}
	fromUnsigned64(top & 0x8000, low | 0, high | 0, out);
}

/** What a store instruction is about to write: words `lo`, `hi`, `top`. */
export class Stored {
	lo = 0;
	hi = 0;
	top = 0;
}

/** Converts `a` to a float of `bits` 32 or 64 into `out` (float32: `lo` only). Flags and C1 in `ar`. */
export function toFloat(ar: Arith, a: Ext, bits: number, out: Stored) {
	const single = bits === 32;
	const sign = a.se & 0x8000 ? TOP_BIT : 0;
	const maxExponent = single ? 0xff : 0x7ff;
	const kind = classify(a.se, a.hi, a.lo);
	if (kind >= INFINITY) {
		let hi = a.hi;
		let lo = a.lo;
		let s = sign;
		if (kind === INVALID) {
			ar.flags |= IE;
			s = TOP_BIT;
			hi = 0xc0000000 | 0;
			lo = 0;
		} else if (kind === SNAN) {
			ar.flags |= IE;
			hi |= 0x40000000;
		} else if (kind !== QNAN) lo = 0;
		return packFloat(single, s, maxExponent, hi, lo, out);
	}
	if (kind === ZERO) return packFloat(single, sign, 0, 0, 0, out);
	ar.normalise(a);
	const exponent = ar.exponent - BIAS + (single ? 127 : 1023);
	const { mh, ml } = ar;
	let e = exponent + ar.roundTo(sign, mh, ml, 0, single ? 24 : 53);
	const inexact = ar.mx !== 0;
	if (e >= maxExponent) {
		ar.flags |= OE;
		if ((ar.cw & OE) === 0) return ar.unrounded();
		ar.flags |= PE;
		const rc = ar.cw & RC_FIELD;
		if (rc === RC_ZERO || (rc !== RC_NEAREST && (rc === RC_DOWN) !== (sign !== 0))) {
			ar.c1 = 0;
			return packFloat(single, sign, maxExponent - 1, -1, -1, out);
		}
		ar.c1 = 1;
		return packFloat(single, sign, maxExponent, TOP_BIT, 0, out);
	}
	if (e <= 0) {
		if ((ar.cw & UE) === 0) {
			ar.flags |= UE;
			return ar.unrounded();
		}
		ar.shiftRight(mh, ml, 0, 1 - exponent);
		ar.roundTo(sign, ar.mh, ar.ml, ar.mx, single ? 24 : 53);
		if (ar.mx !== 0) ar.flags |= UE | PE;
		e = ar.mh < 0 ? 1 : 0;
	} else if (inexact) ar.flags |= PE;
	packFloat(single, sign, e, ar.mh, ar.ml, out);
}

function packFloat(single: boolean, sign: number, exponent: number, hi: number, lo: number, out: Stored) {
	if (single) out.lo = sign | (exponent << 23) | ((hi >>> 8) & 0x7fffff);
	else {
		out.hi = sign | (exponent << 20) | ((hi >>> 11) & 0xfffff);
		out.lo = (lo >>> 11) | (hi << 21);
	}
}

/**
 * Rounds |a| to an integer below 2^64 by rounding control `rc` into `ar.mh`:`ar.ml`; `ar.mx` non-zero when inexact.
 * False when it does not fit or `a` is no number.
 */
export function toInteger(ar: Arith, a: Ext, rc: number): boolean {
	const kind = classify(a.se, a.hi, a.lo);
	if (kind >= INFINITY) return false;
	const exponent = a.se & 0x7fff;
	if (exponent > BIAS + 63) return false;
	ar.shiftRight(a.hi, a.lo, 0, BIAS + 63 - (exponent === 0 ? 1 : exponent));
	return ar.roundInteger(a.se & 0x8000, rc);
}

/** Converts `a` to a signed integer of `bits` 16, 32 or 64 into `out`, rounding by `rc`. */
export function toInt(ar: Arith, a: Ext, bits: number, rc: number, out: Stored) {
	let fits = toInteger(ar, a, rc);
	const negative = (a.se & 0x8000) !== 0;
	let hi = ar.mh;
	let lo = ar.ml;
	if (fits) {
		if (bits === 64) fits = hi >= 0 || (negative && hi === TOP_BIT && lo === 0);
		else {
			const limit = 2 ** (bits - 1) - (negative ? 0 : 1);
			fits = hi === 0 && lo >>> 0 <= limit;
		}
	}
	if (!fits) {
		ar.flags = (ar.flags & ~PE) | IE;
		ar.c1 = 0;
		out.lo = bits === 64 ? 0 : bits === 32 ? TOP_BIT : 0x8000;
		out.hi = TOP_BIT;
		return;
	}
	if (ar.mx !== 0) ar.flags |= PE;
	if (negative) {
		hi = lo === 0 ? -hi | 0 : ~hi;
		lo = -lo | 0;
	}
	out.lo = bits === 16 ? lo & 0xffff : lo;
	out.hi = hi;
}

/** Converts `a` to packed decimal into `out` (18 digits and a sign). */
export function toDecimal(ar: Arith, a: Ext, out: Stored) {
	const fits = toInteger(ar, a, ar.cw & RC_FIELD);
	// 10^18 = 0x0de0b6b3:a7640000
	const tooBig = ar.mh >>> 0 > 0x0de0b6b3 || (ar.mh >>> 0 === 0x0de0b6b3 && ar.ml >>> 0 >= 0xa7640000);
	if (!fits || tooBig) {
		ar.flags = (ar.flags & ~PE) | IE;
		ar.c1 = 0;
		out.lo = 0;
		out.hi = 0xc0000000 | 0;
		out.top = 0xffff;
		return;
	}
	if (ar.mx !== 0) ar.flags |= PE;
	let hi = ar.mh >>> 0;
	let lo = ar.ml >>> 0;
	const digits: [number, number, number] = [0, 0, 0];
	for (let i = 0; i < 18; i++) {
		const h = Math.floor(hi / 10);
		const t = (hi % 10) * TWO_32 + lo;
		digits[i >> 3] |= (t % 10) << ((i & 7) * 4);
		hi = h;
		lo = Math.floor(t / 10);
	}
	out.lo = digits[0];
	out.hi = digits[1];
	out.top = digits[2] | (a.se & 0x8000);
}
