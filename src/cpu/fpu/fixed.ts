/**
 * Unsigned fixed-point numbers for the transcendental functions: limb 0 is the integer part, limbs 1..6 are 24 bits of fraction each
 * (144 bits). Limbs are integers in doubles: every product has 48 bits and every column of a product 51, so all of it is exact
 * integer arithmetic. No function allocates; `out` may be one of the operands.
 */
export type Fixed = Float64Array;

/** Limbs of a number, and bits of one. */
export const LIMBS = 7;
export const LIMB_BITS = 24;
/** Bits behind the point. */
export const FRACTION_BITS = (LIMBS - 1) * LIMB_BITS;
export const BASE = 0x1000000;
const INVERSE = 1 / BASE;
const MASK = BASE - 1;

export const newFixed = (): Fixed => new Float64Array(LIMBS);

/** The leading 96 bits of a number, as `leading` leaves them. */
export class Leading {
	hi = 0;
	lo = 0;
	/** The next 32 bits; its lowest one is sticky. */
	ext = 0;
	/** Of the top bit: the number is at least 2^exponent and less than twice that. */
	exponent = 0;
}

/** A mantissa of 64 bits with its top bit set, as a number in [1/2, 1). */
export function setMantissa(out: Fixed, hi: number, lo: number): void {
	out[0] = 0;
	out[1] = hi >>> 8;
	out[2] = ((hi & 0xff) << 16) | (lo >>> 16);
	out[3] = (lo & 0xffff) << 8;
	out[4] = out[5] = out[6] = 0;
}

export function isZero(a: Fixed): boolean {
	return a[0] === 0 && a[1] === 0 && a[2] === 0 && a[3] === 0 && a[4] === 0 && a[5] === 0 && a[6] === 0;
}

/** About the value of a number: relative error below 2^-46 when it is at least 2^-24. */
export function approximate(a: Fixed): number {
	return a[0] + (a[1] + (a[2] + a[3] * INVERSE) * INVERSE) * INVERSE;
}

/** out = a × b, cut off: at most 8 units of the last place too small. */
export function multiply(out: Fixed, a: Fixed, b: Fixed): void {
	const a0 = a[0];
	const a1 = a[1];
	const a2 = a[2];
	const a3 = a[3];
	const a4 = a[4];
	const a5 = a[5];
	const a6 = a[6];
	const b0 = b[0];
	const b1 = b[1];
	const b2 = b[2];
	const b3 = b[3];
	const b4 = b[4];
	const b5 = b[5];
	const b6 = b[6];
	let t = a1 * b6 + a2 * b5 + a3 * b4 + a4 * b3 + a5 * b2 + a6 * b1;
	let carry = Math.floor(t * INVERSE);
	t = a0 * b6 + a1 * b5 + a2 * b4 + a3 * b3 + a4 * b2 + a5 * b1 + a6 * b0 + carry;
	carry = Math.floor(t * INVERSE);
	out[6] = t - carry * BASE;
	t = a0 * b5 + a1 * b4 + a2 * b3 + a3 * b2 + a4 * b1 + a5 * b0 + carry;
	carry = Math.floor(t * INVERSE);
	out[5] = t - carry * BASE;
	t = a0 * b4 + a1 * b3 + a2 * b2 + a3 * b1 + a4 * b0 + carry;
	carry = Math.floor(t * INVERSE);
	out[4] = t - carry * BASE;
	t = a0 * b3 + a1 * b2 + a2 * b1 + a3 * b0 + carry;
	carry = Math.floor(t * INVERSE);
	out[3] = t - carry * BASE;
	t = a0 * b2 + a1 * b1 + a2 * b0 + carry;
	carry = Math.floor(t * INVERSE);
	out[2] = t - carry * BASE;
	t = a0 * b1 + a1 * b0 + carry;
	carry = Math.floor(t * INVERSE);
	out[1] = t - carry * BASE;
	out[0] = a0 * b0 + carry;
}

/**
 * out = a / b, an error of at most one unit, for b in [1/2, 4) and a < 4. `rest` is scratch. Digits are estimated from doubles and may be
 * one off, or negative: the remainder carries the error to the next one.
 */
export function divide(out: Fixed, a: Fixed, b: Fixed, rest: Fixed): void {
	rest.set(a);
	const inverse = 1 / approximate(b);
	for (let k = 0; k < LIMBS; k++) {
		const q = Math.floor(approximate(rest) * inverse);
		out[k] = q;
		let carry = 0;
		for (let i = LIMBS - 1; i > 0; i--) {
			const t = rest[i] - q * b[i] + carry;
			carry = Math.floor(t * INVERSE);
			rest[i] = t - carry * BASE;
		}
		// What is left is less than 2^-20 of a digit: its integer part, at most a few units, joins the next limb.
		rest[0] = (rest[0] - q * b[0] + carry) * BASE + rest[1];
		for (let i = 1; i < LIMBS - 1; i++) rest[i] = rest[i + 1];
		rest[LIMBS - 1] = 0;
	}
	let carry = 0;
	for (let i = LIMBS - 1; i > 0; i--) {
		const t = out[i] + carry;
		carry = Math.floor(t * INVERSE);
		out[i] = t - carry * BASE;
	}
	out[0] += carry;
}

/** a = a / 2^n, cut off. */
export function shiftRight(a: Fixed, n: number): void {
	if (n >= FRACTION_BITS + LIMB_BITS) {
		a.fill(0);
		return;
	}
	for (; n >= LIMB_BITS; n -= LIMB_BITS) {
		for (let i = LIMBS - 1; i > 0; i--) a[i] = a[i - 1];
		a[0] = 0;
	}
	if (n === 0) return;
	for (let i = LIMBS - 1; i > 0; i--) a[i] = (a[i] >> n) | ((a[i - 1] << (LIMB_BITS - n)) & MASK);
	a[0] = a[0] >> n;
}

/** out = a + b. */
export function add(out: Fixed, a: Fixed, b: Fixed): void {
	let carry = 0;
	for (let i = LIMBS - 1; i > 0; i--) {
		const t = a[i] + b[i] + carry;
		carry = t >= BASE ? 1 : 0;
		out[i] = t - carry * BASE;
	}
	out[0] = a[0] + b[0] + carry;
}

/** out = a - b, for a ≥ b. */
export function minus(out: Fixed, a: Fixed, b: Fixed): void {
	let borrow = 0;
	for (let i = LIMBS - 1; i > 0; i--) {
		const t = a[i] - b[i] - borrow;
		borrow = t < 0 ? 1 : 0;
		out[i] = t + borrow * BASE;
	}
	out[0] = a[0] - b[0] - borrow;
}

/** out = |a - b|; true when a < b. */
export function subtract(out: Fixed, a: Fixed, b: Fixed): boolean {
	let i = 0;
	while (i < LIMBS && a[i] === b[i]) i++;
	const less = i < LIMBS && a[i] < b[i];
	if (less) minus(out, b, a);
	else minus(out, a, b);
	return less;
}

/** a = 1 - a, for 0 ≤ a ≤ 1. */
export function oneMinus(a: Fixed): void {
	let borrow = 0;
	for (let i = LIMBS - 1; i > 0; i--) {
		const t = -a[i] - borrow;
		borrow = t < 0 ? 1 : 0;
		a[i] = t + borrow * BASE;
	}
	a[0] = 1 - a[0] - borrow;
}

/** The number 1, or with `below` the largest one smaller than it. */
export function setOne(a: Fixed, below = false): void {
	a.fill(below ? MASK : 0);
	a[0] = below ? 0 : 1;
}

/** Shifts a non-zero fraction into [1/2, 1); returns the n by which it was multiplied as 2^n (negative for numbers ≥ 1). */
export function normalise(a: Fixed): number {
	let n = 0;
	if (a[0] !== 0) {
		n = 32 - Math.clz32(a[0]);
		shiftRight(a, n);
		return -n;
	}
	while (a[1] === 0) {
		for (let i = 1; i < LIMBS - 1; i++) a[i] = a[i + 1];
		a[LIMBS - 1] = 0;
		n += LIMB_BITS;
	}
	const k = Math.clz32(a[1]) - (32 - LIMB_BITS);
	if (k === 0) return n;
	for (let i = 1; i < LIMBS - 1; i++) a[i] = ((a[i] << k) & MASK) | (a[i + 1] >> (LIMB_BITS - k));
	a[LIMBS - 1] = (a[LIMBS - 1] << k) & MASK;
	return n + k;
}

/** The leading bits of a non-zero number. Changes `a`. */
export function leading(a: Fixed, out: Leading): void {
	out.exponent = -normalise(a) - 1;
	out.hi = (a[1] << 8) | (a[2] >> 16);
	out.lo = (a[2] << 16) | (a[3] >> 8);
	out.ext = (a[3] << 24) | a[4] | ((a[5] || a[6]) !== 0 ? 1 : 0);
}
