/**
 * IEEE 754 arithmetic for single and double, exact for every operand, rounding mode and exception (SDM vol. 1, chapter 4 and
 * 11.5): integers of any size, for what arithmetic.ts does not decide with host doubles. Zero, infinite and NaN operands
 * are its business, except that one of the terms of a sum may be zero.
 */

/** Bits of MXCSR: exception flags, each with its mask seven bits higher, and modes. */
export const Mx = {
	IE: 1,
	DE: 2,
	ZE: 4,
	OE: 8,
	UE: 0x10,
	PE: 0x20,
	FLAGS: 0x3f,
	DAZ: 0x40,
	IM: 0x80,
	OM: 0x400,
	UM: 0x800,
	MASKS: 0x1f80,
	RC: 0x6000,
	FTZ: 0x8000,
} as const;
/** Values of the rounding control, in place. */
export const Rc = { NEAREST: 0, DOWN: 0x2000, UP: 0x4000, ZERO: 0x6000 } as const;

/** A format: precision in bits, exponents of the largest and the smallest normal number. */
export interface Format {
	readonly p: number;
	readonly emax: number;
	readonly emin: number;
}
export const SINGLE: Format = { p: 24, emax: 127, emin: -126 };
export const DOUBLE: Format = { p: 53, emax: 1023, emin: -1022 };

/** A finite number: ± sig × 2^exp; `sticky`: and something below. */
export interface Exact {
	readonly negative: boolean;
	readonly sig: bigint;
	readonly exp: number;
	readonly sticky: boolean;
}

/** A rounded result: its bits in the format, and the exception flags. */
export interface Rounded {
	readonly bits: bigint;
	readonly flags: number;
}

/** The number a finite bit pattern stands for. */
export function decode(f: Format, bits: bigint): Exact {
	const fraction = BigInt(f.p - 1);
	const sig = bits & ((1n << fraction) - 1n);
	const biased = Number((bits >> fraction) & BigInt(2 * f.emax + 1));
	const negative = bits >> (fraction + BigInt((2 * f.emax + 1).toString(2).length)) !== 0n;
	const exp = Math.max(biased, 1) + f.emin - f.p;
	return { negative, sig: biased === 0 ? sig : sig | (1n << fraction), exp, sticky: false };
}

const bitLength = (n: bigint): number => n.toString(2).length;

/** The value in units of 2^unit, rounded; whether that was inexact. */
function inUnits(x: Exact, unit: number, rc: number): { readonly n: bigint; readonly inexact: boolean } {
	const shift = unit - x.exp;
	if (shift <= 0) return { n: x.sig << BigInt(-shift), inexact: x.sticky };
	const by = BigInt(shift);
	let n = x.sig >> by;
	const rest = x.sig - (n << by);
	const inexact = rest !== 0n || x.sticky;
	const half = 1n << (by - 1n);
	if (rc === Rc.NEAREST) {
		if (rest > half || (rest === half && (x.sticky || (n & 1n) === 1n))) n++;
	} else if (inexact && rc === (x.negative ? Rc.DOWN : Rc.UP)) n++;
	return { n, inexact };
}

/** Rounds a number that is not zero to a format, by MXCSR's rounding, masks and FTZ. */
export function round(f: Format, x: Exact, mxcsr: number): Rounded {
	const rc = mxcsr & Mx.RC;
	const sign = x.negative ? 1n << BigInt(f.p - 1 + bitLength(BigInt(2 * f.emax + 1))) : 0n;
	const leading = x.exp + bitLength(x.sig) - 1;
	// As if the exponent had no bounds: decides whether the result is tiny, and what an unmasked exception calls inexact
	const free = inUnits(x, leading - f.p + 1, rc);
	const exponent = free.n === 1n << BigInt(f.p) ? leading + 1 : leading;
	if (exponent > f.emax) {
		if (!(mxcsr & Mx.OM)) return { bits: sign, flags: Mx.OE | (free.inexact ? Mx.PE : 0) };
		const infinite = rc === Rc.NEAREST || rc === (x.negative ? Rc.DOWN : Rc.UP);
		const infinity = BigInt(2 * f.emax + 1) << BigInt(f.p - 1);
		return { bits: sign | (infinite ? infinity : infinity - 1n), flags: Mx.OE | Mx.PE };
	}
	if (exponent >= f.emin) {
		const sig = exponent > leading ? free.n >> 1n : free.n;
		const bits = (BigInt(exponent + f.emax - 1) << BigInt(f.p - 1)) + sig;
		return { bits: sign | bits, flags: free.inexact ? Mx.PE : 0 };
	}
	if (!(mxcsr & Mx.UM)) return { bits: sign, flags: Mx.UE | (free.inexact ? Mx.PE : 0) };
	if (mxcsr & Mx.FTZ) return { bits: sign, flags: Mx.UE | Mx.PE };
	// In units of the smallest denormal; one that rounds up to the smallest normal number has its bits too
	const { n, inexact } = inUnits(x, f.emin - f.p + 1, rc);
	return { bits: sign | n, flags: inexact ? Mx.UE | Mx.PE : 0 };
}

/** The sum; the caller deals with a sum of zero, for which this is undefined. */
export function sum(a: Exact, b: Exact): Exact | undefined {
	const exp = Math.min(a.exp, b.exp);
	const x = (a.negative ? -a.sig : a.sig) << BigInt(a.exp - exp);
	const y = (b.negative ? -b.sig : b.sig) << BigInt(b.exp - exp);
	const s = x + y;
	return s === 0n ? undefined : { negative: s < 0n, sig: s < 0n ? -s : s, exp, sticky: false };
}
export function product(a: Exact, b: Exact): Exact {
	return { negative: a.negative !== b.negative, sig: a.sig * b.sig, exp: a.exp + b.exp, sticky: false };
}
/** Enough bits of the quotient to round it to any format. */
export function quotient(a: Exact, b: Exact): Exact {
	const more = 64 + Math.max(0, bitLength(b.sig) - bitLength(a.sig));
	const dividend = a.sig << BigInt(more);
	const sig = dividend / b.sig;
	return { negative: a.negative !== b.negative, sig, exp: a.exp - b.exp - more, sticky: sig * b.sig !== dividend };
}
/** Enough bits of the square root of a positive number. */
export function root(a: Exact): Exact {
	const more = 128 + ((a.exp & 1) === 0 ? 0 : 1);
	const square = a.sig << BigInt(more);
	// Newton's iteration from above
	let x = 1n << BigInt((bitLength(square) >> 1) + 1);
	for (;;) {
		const y = (x + square / x) >> 1n;
		if (y >= x) break;
		x = y;
	}
	return { negative: false, sig: x, exp: (a.exp - more) / 2, sticky: x * x !== square };
}
