/** Instructions that take numbers apart: frndint, fscale, fxtract, fprem, fprem1 (SDM vol. 2). Results in `ar.r`. */
import type { Arith } from './arith.ts';
import { classify, DENORMAL, type Ext, INFINITY, QNAN, TOP_BIT, ZERO } from './ext.ts';
import { BIAS, C0, C1, C2, C3, DE, PC_64, PE, RC_FIELD, ZE } from './layout.ts';

/** Rounds to an integer by the rounding control. */
export function roundToInteger(ar: Arith, a: Ext) {
	const kind = classify(a.se, a.hi, a.lo);
	if (kind >= QNAN) return ar.quiet(a, kind);
	const exponent = a.se & 0x7fff;
	if (kind === ZERO || kind === INFINITY || exponent >= BIAS + 63) return ar.r.copy(a);
	if (kind === DENORMAL) ar.flags |= DE;
	const sign = a.se & 0x8000;
	const shift = BIAS + 63 - (exponent === 0 ? 1 : exponent);
	ar.shiftRight(a.hi, a.lo, 0, shift);
	if (ar.mx === 0) return ar.r.copy(a);
	ar.flags |= PE;
	ar.roundInteger(sign, ar.cw & RC_FIELD);
	if ((ar.mh | ar.ml) === 0) return ar.r.set(sign, 0, 0);
	let hi = ar.mh;
	let lo = ar.ml;
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
	ar.r.set(sign | (e - n), hi, lo);
}

/** a × 2^trunc(b). */
export function scale(ar: Arith, a: Ext, b: Ext) {
	if (ar.special(a, b)) return;
	const ka = classify(a.se, a.hi, a.lo);
	const kb = classify(b.se, b.hi, b.lo);
	const sign = a.se & 0x8000;
	if (kb === INFINITY) {
		if (b.se & 0x8000) return ka === INFINITY ? ar.invalid() : ar.r.set(sign, 0, 0);
		return ka === ZERO ? ar.invalid() : ar.r.set(sign | 0x7fff, TOP_BIT, 0);
	}
	if (ka === INFINITY || ka === ZERO || kb === ZERO) {
		if (ka !== DENORMAL) return ar.r.copy(a);
	}
	// Beyond 2^17 the result is out of range whatever a is.
	let n = 0;
	const eb = b.se & 0x7fff;
	if (eb >= BIAS + 17) n = 0x20000;
	else if (eb >= BIAS) n = b.hi >>> (31 - (eb - BIAS));
	if (b.se & 0x8000) n = -n;
	ar.normalise(a);
	ar.round(sign, ar.exponent + n, ar.mh, ar.ml, 0, PC_64);
}

/** Splits a: exponent into `exponent`, significand into `ar.r`. */
export function extract(ar: Arith, a: Ext, exponent: Ext) {
	const kind = classify(a.se, a.hi, a.lo);
	if (kind >= QNAN) {
		ar.quiet(a, kind);
		return exponent.copy(ar.r);
	}
	if (kind === INFINITY) {
		exponent.set(0x7fff, TOP_BIT, 0);
		return ar.r.copy(a);
	}
	if (kind === ZERO) {
		ar.flags |= ZE;
		exponent.set(0xffff, TOP_BIT, 0);
		return ar.r.copy(a);
	}
	if (kind === DENORMAL) ar.flags |= DE;
	ar.normalise(a);
	ar.r.set((a.se & 0x8000) | BIAS, ar.mh, ar.ml);
	const e = ar.exponent - BIAS;
	if (e === 0) return exponent.set(0, 0, 0);
	const n = Math.clz32(Math.abs(e));
	exponent.set((e < 0 ? 0x8000 : 0) | (BIAS + 31 - n), Math.abs(e) << n, 0);
}

/**
 * Remainder of a / b, quotient chopped (fprem) or to nearest (fprem1). Returns the condition codes: C2 while the reduction is partial,
 * else the low three quotient bits in C0, C3, C1; -1 when there is no quotient (C0 and C3 stay as they are).
 */
export function remainder(ar: Arith, a: Ext, b: Ext, nearest: boolean): number {
	if (ar.special(a, b)) return -1;
	const ka = classify(a.se, a.hi, a.lo);
	const kb = classify(b.se, b.hi, b.lo);
	if (ka === INFINITY || kb === ZERO) {
		ar.flags &= ~DE;
		ar.invalid();
		return -1;
	}
	const sign = a.se & 0x8000;
	if (ka === ZERO) {
		ar.r.copy(a);
		return 0;
	}
	if (kb === INFINITY) {
		ar.normalise(a);
		ar.round(sign, ar.exponent, ar.mh, ar.ml, 0, PC_64);
		return 0;
	}
	ar.normalise(b);
	const { exponent: eb, mh: bh, ml: bl } = ar;
	ar.normalise(a);
	let { exponent: ea, mh: hi, ml: lo } = ar;
	const d = ea - eb;
	if (d < -1 || (d < 0 && !nearest)) {
		ar.round(sign, ea, hi, lo, 0, PC_64);
		return 0;
	}
	// A partial reduction takes between 32 and 63 bits off, so that 63 or less are left for the last one.
	const partial = d >= 64;
	let n = partial ? (d & 31) | 32 : d;
	let q = 0;
	let top = 0;
	if (d < 0) {
		// fprem1 alone: the dividend is below the divisor, perhaps above half of it.
		top = 0;
	} else {
		for (; ; n--) {
			if (top !== 0 || hi >>> 0 > bh >>> 0 || (hi === bh && lo >>> 0 >= bl >>> 0)) {
				const borrow = lo >>> 0 < bl >>> 0 ? 1 : 0;
				lo = (lo - bl) | 0;
				hi = (hi - bh - borrow) | 0;
				q = (q << 1) | 1;
			} else q <<= 1;
			if (n === 0) break;
			top = hi >>> 31;
			hi = (hi << 1) | (lo >>> 31);
			lo <<= 1;
		}
		ea = partial ? ea - ((d & 31) | 32) : eb;
	}
	let s = sign;
	if (nearest && !partial) {
		// Compare twice the remainder with the divisor; for d = -1 the remainder is already half as heavy.
		const twiceTop = d < 0 ? 0 : hi >>> 31;
		const th = d < 0 ? hi : (hi << 1) | (lo >>> 31);
		const tl = d < 0 ? lo : lo << 1;
		const order = twiceTop !== 0 ? 1 : th !== bh ? (th >>> 0) - (bh >>> 0) : (tl >>> 0) - (bl >>> 0);
		if (order > 0 || (order === 0 && q & 1)) {
			q++;
			s ^= 0x8000;
			if (d < 0) {
				// b - a at the exponent of a: b has one bit more.
				const l = (bl << 1) | 0;
				const h = (bh << 1) | (bl >>> 31);
				const borrow = l >>> 0 < lo >>> 0 ? 1 : 0;
				lo = (l - lo) | 0;
				hi = (h - hi - borrow) | 0;
			} else {
				const borrow = bl >>> 0 < lo >>> 0 ? 1 : 0;
				lo = (bl - lo) | 0;
				hi = (bh - hi - borrow) | 0;
			}
		}
	}
	const cc = partial ? C2 : (q & 4 ? C0 : 0) | (q & 2 ? C3 : 0) | (q & 1 ? C1 : 0);
	if ((hi | lo) === 0) {
		ar.r.set(sign, 0, 0);
		return cc;
	}
	if (hi === 0) {
		hi = lo;
		lo = 0;
		ea -= 32;
	}
	const z = Math.clz32(hi);
	if (z !== 0) {
		hi = (hi << z) | (lo >>> (32 - z));
		lo <<= z;
		ea -= z;
	}
	ar.round(s, ea, hi, lo, 0, PC_64);
	return cc;
}
