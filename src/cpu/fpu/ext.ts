/** The extended format as three integers, and the classes of its encodings (SDM vol. 1, 4.2.2 and table 8-3). */

/**
 * An 80-bit value: `se` = sign << 15 | biased exponent (u16), mantissa `hi`:`lo` with its explicit integer bit on top.
 * `hi` and `lo` are kept as signed 32-bit numbers so that they stay small integers for the engine.
 */
export class Ext {
	se = 0;
	hi = 0;
	lo = 0;

	set(se: number, hi: number, lo: number): void {
		this.se = se;
		this.hi = hi;
		this.lo = lo;
	}

	copy(from: Ext): void {
		this.se = from.se;
		this.hi = from.hi;
		this.lo = from.lo;
	}
}

/** Classes of encodings. The order matters: from QNAN on the value is a NaN or no value at all. */
export const ZERO = 0;
export const NORMAL = 1;
/** Exponent 0 and a mantissa: also the pseudo-denormals, whose integer bit is set. */
export const DENORMAL = 2;
export const INFINITY = 3;
export const QNAN = 4;
export const SNAN = 5;
/** Unnormals, pseudo-infinities and pseudo-NaNs: encodings without integer bit that nothing accepts since the 80387. */
export const INVALID = 6;

/** Top bit of a 32-bit word. */
export const TOP_BIT = 0x80000000 | 0;

/** The class of an encoding. */
export function classify(se: number, hi: number, lo: number): number {
	const exponent = se & 0x7fff;
	if (exponent === 0) return (hi | lo) === 0 ? ZERO : DENORMAL;
	if (hi >= 0) return INVALID;
	if (exponent !== 0x7fff) return NORMAL;
	if (hi === TOP_BIT && lo === 0) return INFINITY;
	return hi & 0x40000000 ? QNAN : SNAN;
}
