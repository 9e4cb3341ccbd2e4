/** Exact numbers for the tests: integers times powers of two, and how they round to the extended format. */
import type { Ext } from '../../../src/cpu/fpu/ext.ts';
import { BIAS, RC_DOWN, RC_NEAREST, RC_UP } from '../../../src/cpu/fpu/layout.ts';

/** (-1)^sign × m × 2^e, and whether something non-zero below it was cut off. */
export interface Exact {
	readonly sign: boolean;
	readonly m: bigint;
	readonly e: number;
	readonly rest: boolean;
}

/** The value of a normal number. */
export function exact(x: Ext): Exact {
	const m = (BigInt(x.hi >>> 0) << 32n) | BigInt(x.lo >>> 0);
	return { sign: (x.se & 0x8000) !== 0, m, e: (x.se & 0x7fff) - BIAS - 63, rest: false };
}

/** ⌊√n⌋. */
export function floorSqrt(n: bigint): bigint {
	let x = 1n << BigInt((n.toString(2).length + 1) >> 1);
	for (;;) {
		const y = (x + n / x) >> 1n;
		if (y >= x) return x;
		x = y;
	}
}

/** The extended value nearest by the rounding control, and whether it is inexact and larger. */
export function rounded(x: Exact, bits: number, rc: number): { text: string; inexact: boolean; up: number } {
	const length = x.m.toString(2).length;
	const cut = BigInt(Math.max(0, length - bits));
	let kept = x.m >> cut;
	const below = x.m - (kept << cut);
	const inexact = below !== 0n || x.rest;
	const half = cut === 0n ? 0n : 1n << (cut - 1n);
	let up = false;
	if (inexact) {
		if (rc === RC_NEAREST) up = cut !== 0n && (below > half || (below === half && (x.rest || (kept & 1n) === 1n)));
		else up = rc === RC_UP ? !x.sign : rc === RC_DOWN ? x.sign : false;
	}
	if (up) kept++;
	let e = x.e + Number(cut);
	while (kept < 1n << 63n) {
		kept <<= 1n;
		e--;
	}
	while (kept >= 1n << 64n) {
		kept >>= 1n;
		e++;
	}
	return { text: `${x.sign ? '-' : ''}${kept.toString(16)}:${e + 63 + BIAS}`, inexact, up: up ? 1 : 0 };
}
