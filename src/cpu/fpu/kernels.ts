/**
 * The functions behind the transcendental instructions, on finite numbers: argument reduction and power series in fixed point with
 * 144 bits behind the point (fixed.ts). A result is `r` × 2^`exponent` with a relative error below 2^-130, so rounding it to 64 bits
 * gives the correctly rounded value but for about one argument in 2^65, and then one that is next to it.
 * Arguments are mantissas of 64 bits (top bit set) and unbiased exponents: 1.f × 2^e.
 */
import {
	add,
	approximate,
	divide,
	type Fixed,
	FRACTION_BITS,
	isZero,
	LIMB_BITS,
	LIMBS,
	minus,
	multiply,
	newFixed,
	normalise,
	oneMinus,
	setMantissa,
	setOne,
	shiftRight,
	subtract,
} from './fixed.ts';
import { ATAN_STEPS, LOG_STEPS, makeTables, type Tables, TWO_OVER_PI_PAD } from './tables.ts';

/** Series go on until a term is smaller than this: 2^-146. */
const SMALL = 2 ** -(FRACTION_BITS + 2);
const LIMB = 2 ** LIMB_BITS;
const MASK = LIMB - 1;
/** Limbs of x·2/π behind the point: 72 bits may vanish next to an integer, 144 are wanted. */
const REDUCED_LIMBS = 10;

export class Kernels {
	/** The result. */
	readonly r = newFixed();
	exponent = 0;
	/** Sine, or what `tangent` divides: sign and number of the quadrant of the argument `reduce` was given. */
	quadrant = 0;
	negative = false;
	private readonly tables: Tables;
	/** The reduced argument: `m` × 2^`me`, and its square. */
	private readonly m = newFixed();
	private me = 0;
	private readonly square = newFixed();
	private readonly a = newFixed();
	private readonly b = newFixed();
	private readonly rest = newFixed();
	private readonly t = newFixed();
	private readonly columns = new Float64Array(REDUCED_LIMBS + 1);

	/** @param reduction see `makeTables`. */
	constructor(reduction?: bigint) {
		this.tables = makeTables(reduction);
	}

	/**
	 * Brings |x| < 2^63 to [-π/4, π/4]: x = q·π/2 + r. π is as long as it takes: the reduction loses nothing. Leaves q modulo 4 in
	 * `quadrant`, the sign of r in `negative`.
	 */
	reduce(hi: number, lo: number, e: number): void {
		const { m } = this;
		this.quadrant = 0;
		this.negative = false;
		if (e < -1) {
			setMantissa(m, hi, lo);
			this.me = e + 1;
		} else this.reduceLarge(hi, lo, e);
		multiply(this.square, m, m);
		shiftRight(this.square, -2 * this.me);
	}

	/** x is an integer of 64 bits times 2^(e - 63): multiplied by the limbs of 2/π from where they matter modulo 4. */
	private reduceLarge(hi: number, lo: number, e: number): void {
		const { columns, m } = this;
		const { twoOverPi, reducingHalfPi } = this.tables;
		const shift = e - 63;
		const q = Math.floor(shift / LIMB_BITS);
		const scale = 1 << (shift - q * LIMB_BITS);
		// The integer as limbs, shifted so that 2^shift is a whole number of limbs.
		const t0 = (lo & MASK) * scale;
		const t1 = ((lo >>> 24) | ((hi & 0xffff) << 8)) * scale + Math.floor(t0 / LIMB);
		const t2 = (hi >>> 16) * scale + Math.floor(t1 / LIMB);
		const v0 = t0 % LIMB;
		const v1 = t1 % LIMB;
		const v2 = t2 % LIMB;
		const v3 = Math.floor(t2 / LIMB);
		let carry = 0;
		for (let k = REDUCED_LIMBS; k >= 0; k--) {
			const j = k + q + TWO_OVER_PI_PAD;
			const t = v0 * twoOverPi[j] + v1 * twoOverPi[j + 1] + v2 * twoOverPi[j + 2] + v3 * twoOverPi[j + 3] + carry;
			carry = Math.floor(t / LIMB);
			columns[k] = t - carry * LIMB;
		}
		this.quadrant = columns[0] & 3;
		if (columns[1] >= LIMB / 2) {
			// Above one half: the next quadrant from below. One unit of the last place does not matter.
			this.quadrant = (this.quadrant + 1) & 3;
			this.negative = true;
			for (let k = 1; k <= REDUCED_LIMBS; k++) columns[k] = MASK - columns[k];
		}
		let k = 1;
		while (columns[k] === 0) k++;
		m[0] = 0;
		for (let i = 1; i < LIMBS; i++) m[i] = columns[k + i - 1];
		const n = Math.clz32(m[1]) - (32 - LIMB_BITS);
		const next = columns[k + LIMBS - 1];
		for (let i = 1; i < LIMBS; i++) m[i] = ((m[i] << n) & MASK) | ((i + 1 < LIMBS ? m[i + 1] : next) >> (LIMB_BITS - n));
		this.me = -LIMB_BITS * (k - 1) - n;
		multiply(m, m, reducingHalfPi);
	}

	/** The number of terms of a series whose k-th ratio is below `square` / ((2k + low)(2k + low + 1)). */
	private terms(low: number): number {
		const s = approximate(this.square) + 2 ** -60;
		let k = 0;
		for (let p = 1; p > SMALL; k++) p *= s / ((2 * k + 2 + low) * (2 * k + 3 + low));
		return k;
	}

	/** out = Σ (-s)^k / (2k + 1 + low)!, a little below 1 for however small an s: sin x / x, or cos x for low = -1. */
	private alternating(out: Fixed, low: number): void {
		const { square } = this;
		const { inverseFactorials } = this.tables;
		let k = this.terms(low);
		out.set(inverseFactorials[2 * k + 1 + low]);
		for (k--; k >= 0; k--) {
			multiply(out, out, square);
			minus(out, inverseFactorials[2 * k + 1 + low], out);
		}
		if (out[0] !== 0) setOne(out, true);
	}

	/** |sin| of the reduced argument, relative to which `quadrant` and `negative` give sign and function. */
	private sineOfReduced(): void {
		this.alternating(this.r, 0);
		multiply(this.r, this.r, this.m);
		this.exponent = this.me;
	}

	private cosineOfReduced(): void {
		this.alternating(this.r, -1);
		this.exponent = 0;
	}

	/** |sin x| after `reduce`; returns whether sin |x| is negative. */
	sine(): boolean {
		if (this.quadrant & 1) this.cosineOfReduced();
		else this.sineOfReduced();
		return this.quadrant >= 2 !== ((this.quadrant & 1) === 0 && this.negative);
	}

	/** |cos x| after `reduce`; returns whether cos x is negative. */
	cosine(): boolean {
		if (this.quadrant & 1) this.sineOfReduced();
		else this.cosineOfReduced();
		// cos(r + π/2) = -sin r, cos(r + π) = -cos r, cos(r + 3π/2) = sin r
		const flips = this.quadrant === 1 || this.quadrant === 2;
		return flips !== ((this.quadrant & 1) === 1 && this.negative);
	}

	/** |tan x| after `reduce`; returns whether tan |x| is negative. */
	tangent(): boolean {
		const { a, b, r, rest, m, t } = this;
		this.alternating(a, 0);
		this.alternating(b, -1);
		if (this.quadrant & 1) {
			// -cos r / sin r
			multiply(t, a, m);
			const n = normalise(t);
			divide(r, b, t, rest);
			this.exponent = n - this.me;
			return !this.negative;
		}
		divide(r, a, b, rest);
		// tan r > r, which the last place may not show
		if (r[0] === 0) setOne(r);
		multiply(r, r, m);
		this.exponent = this.me;
		return this.negative;
	}

	/** out = Σ ±square^k / (2k + 1); the alternating one a little below 1. */
	private odd(out: Fixed, alternating: boolean): void {
		const { square } = this;
		const { inverseOdds } = this.tables;
		const s = approximate(square) + 2 ** -60;
		let k = 1;
		for (let p = s; p > SMALL; k++) p *= s;
		out.set(inverseOdds[k]);
		for (k--; k >= 0; k--) {
			multiply(out, out, square);
			if (alternating) minus(out, inverseOdds[k], out);
			else add(out, inverseOdds[k], out);
		}
		if (alternating && out[0] !== 0) setOne(out, true);
	}

	/** atan2(y, x) of magnitudes and the sign of x: in (0, π). */
	arctangent(yh: number, yl: number, ye: number, xh: number, xl: number, xe: number, xNegative: boolean): void {
		const { a, b, r, rest, t, square, tables } = this;
		const swaps = ye > xe || (ye === xe && (yh >>> 0 > xh >>> 0 || (yh === xh && yl >>> 0 > xl >>> 0)));
		// t = a/b · 2^d ≤ 1
		setMantissa(a, swaps ? xh : yh, swaps ? xl : yl);
		setMantissa(b, swaps ? yh : xh, swaps ? yl : xl);
		let d = swaps ? xe - ye : ye - xe;
		let i = 0;
		let below = false;
		if (d >= -8) {
			shiftRight(a, -d);
			i = Math.floor((approximate(a) / approximate(b)) * ATAN_STEPS + 0.5);
			if (i === 0) setMantissa(a, swaps ? xh : yh, swaps ? xl : yl);
			else {
				// (t - i/n) / (1 + t·i/n) = (a - b·i/n) / (b + a·i/n), exactly
				d = 0;
				scale(t, b, i / ATAN_STEPS);
				scale(square, a, i / ATAN_STEPS);
				below = subtract(a, a, t);
				add(b, b, square);
			}
		}
		divide(r, a, b, rest);
		multiply(square, r, r);
		shiftRight(square, -2 * d);
		this.odd(a, true);
		multiply(r, r, a);
		this.exponent = d;
		if (i === 0 && !swaps && !xNegative) return;
		shiftRight(r, -d);
		this.exponent = 0;
		if (below) subtract(r, tables.atan[i], r);
		else add(r, tables.atan[i], r);
		if (!swaps) {
			if (xNegative) subtract(r, tables.pi, r);
		} else if (xNegative) add(r, tables.halfPi, r);
		else subtract(r, tables.halfPi, r);
	}

	/** |log2(x)|; returns whether it is negative. x is not a power of two. */
	logarithm(hi: number, lo: number, e: number): boolean {
		const { b } = this;
		setMantissa(b, hi, lo);
		return this.logarithmOf(b, e + 1);
	}

	/** |log2(1 + x)| for x > -1, x ≠ 0; returns whether it is negative, as x is. */
	logarithm1p(hi: number, lo: number, e: number, negative: boolean): boolean {
		const { a, b, r, t } = this;
		setMantissa(b, hi, lo);
		if (e >= 0) {
			// (1 + x) / 2^(e + 1)
			setOne(t);
			shiftRight(t, e + 1);
			add(b, b, t);
			return this.logarithmOf(b, e + 1 - normalise(b));
		}
		if (e >= -8) {
			// 1 + x needs 73 bits at most
			shiftRight(b, -(e + 1));
			if (negative) oneMinus(b);
			else b[0]++;
			return this.logarithmOf(b, -normalise(b));
		}
		// x / (2 + x)
		a.set(b);
		shiftRight(b, -(e + 1));
		setOne(t);
		t[0] = 2;
		if (negative) subtract(b, t, b);
		else add(b, t, b);
		this.artanh(e + 1);
		multiply(r, r, this.tables.twoOverLn2);
		return negative;
	}

	/** r × 2^exponent = artanh(a / b · 2^d). */
	private artanh(d: number): void {
		const { a, b, r, rest, square } = this;
		divide(r, a, b, rest);
		multiply(square, r, r);
		shiftRight(square, -2 * d);
		this.odd(b, false);
		multiply(r, r, b);
		this.exponent = d;
	}

	/** |log2(m·2^e)| for m in [1/2, 1), which may be `this.b`; true when it is negative. */
	private logarithmOf(m: Fixed, e: number): boolean {
		const { a, b, r, t, tables } = this;
		b.set(m);
		// m in [√½, √2) and c = i/64 next to it: z = (m - c) / (m + c)
		if (approximate(b) < Math.SQRT1_2) {
			add(b, b, b);
			e--;
		}
		const i = Math.floor(approximate(b) * LOG_STEPS + 0.5);
		setOne(t);
		scale(t, t, i / LOG_STEPS);
		const below = subtract(a, b, t);
		add(b, b, t);
		const zero = isZero(a);
		const n = zero ? 0 : normalise(a);
		this.artanh(-n);
		multiply(r, r, tables.twoOverLn2);
		if (e === 0 && i === LOG_STEPS) return below;
		if (zero) r.fill(0);
		shiftRight(r, n);
		this.exponent = 0;
		// e + log2 c + r, the signs: e, i < 64, below
		setOne(a);
		a[0] = e < 0 ? -e : e;
		const negative = this.signedAdd(a, e < 0, tables.log2[i], i < LOG_STEPS);
		a.set(t);
		const result = this.signedAdd(a, negative, r, below);
		r.set(t);
		return result;
	}

	/** t = |±a ± b|; returns the sign. */
	private signedAdd(a: Fixed, aNegative: boolean, b: Fixed, bNegative: boolean): boolean {
		if (aNegative === bNegative) {
			add(this.t, a, b);
			return aNegative;
		}
		return subtract(this.t, a, b) ? bNegative : aNegative;
	}

	/** |2^x - 1| for 0 < |x| < 1. */
	exponential(hi: number, lo: number, e: number, negative: boolean): void {
		const { a, r, m } = this;
		setMantissa(m, hi, lo);
		multiply(m, m, this.tables.ln2);
		this.exponent = e + 1;
		a.set(m);
		shiftRight(a, -this.exponent);
		// (e^y - 1) / y = Σ y^(k-1) / k!
		const { inverseFactorials } = this.tables;
		const y = approximate(a) + 2 ** -60;
		let k = 1;
		for (let p = 1; p > SMALL; k++) p *= y / (k + 1);
		r.set(inverseFactorials[k]);
		for (k--; k > 0; k--) {
			multiply(r, r, a);
			if (negative) minus(r, inverseFactorials[k], r);
			else add(r, inverseFactorials[k], r);
		}
		multiply(r, r, m);
	}

	/** Multiplies the result by a mantissa of 64 bits (as `setMantissa` has it, so half as large). */
	times(hi: number, lo: number): void {
		setMantissa(this.t, hi, lo);
		multiply(this.r, this.r, this.t);
	}
}

/** out = a × f for a small multiple f of 1/64 and an `a` of no more than 100 bits: exact. */
function scale(out: Fixed, a: Fixed, f: number): void {
	const n = f * LOG_STEPS;
	let carry = 0;
	for (let i = LIMBS - 1; i >= 0; i--) {
		const t = a[i] * n + carry;
		carry = Math.floor(t / LIMB);
		out[i] = i === 0 ? t : t - carry * LIMB;
	}
	shiftRight(out, 6);
}
