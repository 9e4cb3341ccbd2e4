/** Division and square root of extended values (SDM vol. 1, 8.3.5): exact quotients and roots with a sticky remainder. */
import type { Arith } from './arith.ts';
import { classify, DENORMAL, type Ext, INFINITY, QNAN, TOP_BIT, ZERO } from './ext.ts';
import { BIAS, DE, PC_FIELD, ZE } from './layout.ts';

const TWO_M32 = 2 ** -32;
const TWO_32 = 2 ** 32;
/** Base of the quotient's digits. */
const DIGIT = 2 ** 21;

/** a / b. */
export function divide(ar: Arith, a: Ext, b: Ext) {
	const sign = (a.se ^ b.se) & 0x8000;
	const ea = a.se & 0x7fff;
	const eb = b.se & 0x7fff;
	if (a.hi < 0 && b.hi < 0 && ea !== 0 && eb !== 0 && ea !== 0x7fff && eb !== 0x7fff) {
		return divideFinite(ar, sign, ea - eb + BIAS, a.hi, a.lo, b.hi, b.lo);
	}
	if (ar.special(a, b)) return;
	const { ka, kb } = ar;
	if (ka === INFINITY) {
		if (kb === INFINITY) return ar.invalid();
		return ar.r.set(sign | 0x7fff, TOP_BIT, 0);
	}
	if (kb === INFINITY) return ar.r.set(sign, 0, 0);
	if (kb === ZERO) {
		if (ka === ZERO) return ar.invalid();
		ar.flags = (ar.flags & ~DE) | ZE;
		return ar.r.set(sign | 0x7fff, TOP_BIT, 0);
	}
	if (ka === ZERO) return ar.r.set(sign, 0, 0);
	ar.normalise(a);
	const { exponent, mh, ml } = ar;
	ar.normalise(b);
	divideFinite(ar, sign, exponent - ar.exponent + BIAS, mh, ml, ar.mh, ar.ml);
}

/**
 * Long division, 21 quotient bits at a time: the remainder and the divisor as two 32-bit halves in doubles, every product at most
 * 2^53 and so exact. The estimate of a digit is off by one at most, which the remainder shows. Four digits have 84 bits.
 */
export function divideFinite(ar: Arith, sign: number, exponent: number, ah: number, al: number, bh: number, bl: number) {
	const d1 = bh >>> 0;
	const d0 = bl >>> 0;
	let r1 = ah >>> 0;
	let r0 = al >>> 0;
	if (r1 > d1 || (r1 === d1 && r0 >= d0)) {
		// Half the dividend, so that the quotient is in [1/2, 1): its lowest bit may become a half in r0.
		r0 = r0 * 0.5 + (r1 % 2) * 0x80000000;
		r1 = Math.floor(r1 * 0.5);
	} else exponent--;
	const inverse = DIGIT / (d1 * TWO_32 + d0);
	let q1 = 0;
	let q2 = 0;
	let q3 = 0;
	let q = 0;
	for (let i = 0; i < 4; i++) {
		q1 = q2;
		q2 = q3;
		q3 = q;
		q = Math.floor((r1 * TWO_32 + r0) * inverse);
		r0 = r0 * DIGIT - q * d0;
		r1 = r1 * DIGIT - q * d1;
		const borrow = Math.floor(r0 * TWO_M32);
		r0 -= borrow * TWO_32;
		r1 += borrow;
		if (r1 < 0) {
			q--;
			r0 += d0;
			r1 += d1;
			if (r0 >= TWO_32) {
				r0 -= TWO_32;
				r1++;
			}
		} else if (r1 > d1 || (r1 === d1 && r0 >= d0)) {
			q++;
			r0 -= d0;
			r1 -= d1;
			if (r0 < 0) {
				r0 += TWO_32;
				r1--;
			}
		}
	}
	const ext = (q << 12) | (r0 !== 0 || r1 !== 0 ? 1 : 0);
	ar.round(sign, exponent, (q1 << 11) | (q2 >>> 10), (q2 << 22) | (q3 << 1) | (q >>> 20), ext, ar.cw & PC_FIELD);
}

/** √a. */
export function squareRoot(ar: Arith, a: Ext) {
	const kind = classify(a.se, a.hi, a.lo);
	if (kind >= QNAN) return ar.quiet(a, kind);
	if (kind === ZERO) return ar.r.copy(a);
	if (a.se & 0x8000) return ar.invalid();
	if (kind === INFINITY) return ar.r.copy(a);
	if (kind === DENORMAL) ar.flags |= DE;
	ar.normalise(a);
	const odd = (ar.exponent - BIAS) & 1;
	squareRootFinite(ar, (ar.exponent - BIAS - odd) / 2 + BIAS, ar.mh, ar.ml, odd);
}

/**
 * The root s of the 128-bit radicand N = mantissa·2^64, halved for an even exponent so that s has 64 bits. A double gives s to
 * about 52 bits, one Newton step on the exact remainder N - s² the rest, and the remainder tells the last unit.
 */
function squareRootFinite(ar: Arith, exponent: number, hi: number, lo: number, odd: number) {
	const n3 = odd ? hi : hi >>> 1;
	const n2 = odd ? lo : (lo >>> 1) | (hi << 31);
	const n1 = odd ? 0 : lo << 31;
	const root = Math.sqrt((n3 >>> 0) * TWO_32 + (n2 >>> 0));
	let s1 = Math.floor(root);
	let s0 = Math.floor((root - s1) * TWO_32);
	if (s1 >= TWO_32) {
		s1 = TWO_32 - 1;
		s0 = TWO_32 - 1;
	}
	rootRemainder(ar, n3, n2, n1, s1, s0);
	s0 += Math.floor((ar.q[2] * TWO_32 * TWO_32 + ar.q[1] * TWO_32 + ar.q[0]) / (2 * (s1 * TWO_32 + s0)));
	const carry = Math.floor(s0 * TWO_M32);
	s0 -= carry * TWO_32;
	s1 += carry;
	if (s1 >= TWO_32) {
		s1 = TWO_32 - 1;
		s0 = TWO_32 - 1;
	}
	rootRemainder(ar, n3, n2, n1, s1, s0);
	while (ar.q[2] < 0) {
		if (--s0 < 0) {
			s0 += TWO_32;
			s1--;
		}
		rootRemainder(ar, n3, n2, n1, s1, s0);
	}
	while (aboveRoot(ar, 2, s1, s0) && !(s1 === TWO_32 - 1 && s0 === TWO_32 - 1)) {
		if (++s0 === TWO_32) {
			s0 = 0;
			s1++;
		}
		rootRemainder(ar, n3, n2, n1, s1, s0);
	}
	// (s + 1/2)² = s² + s + 1/4: a remainder above s means more than half a unit, and exactly half cannot happen.
	const ext = (ar.q[0] || ar.q[1] || ar.q[2]) === 0 ? 0 : aboveRoot(ar, 1, s1, s0) ? 0xc0000000 | 0 : 0x40000000;
	ar.round(0, exponent, s1 | 0, s0 | 0, ext, ar.cw & PC_FIELD);
}

/** n3:n2:n1:0 - s² into q2:q1:q0, where q0 and q1 are unsigned words and q2 carries the sign. */
function rootRemainder(ar: Arith, n3: number, n2: number, n1: number, s1: number, s0: number) {
	ar.product(s1 | 0, s0 | 0, s1 | 0, s0 | 0);
	let q0 = -(ar.p0 >>> 0);
	let q1 = (n1 >>> 0) - (ar.p1 >>> 0);
	let q2 = (n2 >>> 0) - (ar.p2 >>> 0);
	if (q0 < 0) {
		q0 += TWO_32;
		q1--;
	}
	if (q1 < 0) {
		q1 += TWO_32;
		q2--;
	}
	ar.q[0] = q0;
	ar.q[1] = q1;
	ar.q[2] = q2 + ((n3 >>> 0) - (ar.p3 >>> 0)) * TWO_32;
}

/** Remainder > k·s? */
function aboveRoot(ar: Arith, k: number, s1: number, s0: number): boolean {
	const d0 = ar.q[0] - k * s0;
	return (ar.q[2] * TWO_32 + ar.q[1] - k * s1) * TWO_32 + d0 > 0;
}
