/**
 * The transcendental instructions on extended values: special operands by the manual's tables (SDM vol. 2: F2XM1, FYL2X, FYL2XP1,
 * FPATAN, FPTAN, FSIN, FCOS), everything else by `Kernels`. Results in `ar.r`, rounded by the rounding control to 64 bits whatever the
 * precision control says, as processors do.
 */
import { classify, DENORMAL, type Ext, INFINITY, QNAN, TOP_BIT, ZERO } from './ext.ts';
import { Leading, leading, newFixed } from './fixed.ts';
import { Kernels } from './kernels.ts';
import { BIAS, DE, PC_64, PE, UE, ZE } from './layout.ts';
import type { Rounder } from './round.ts';

/** Which functions of an angle. */
export const Angle = { SIN: 0, COS: 1, TAN: 2 } as const;

export class Transcendental {
	private readonly ar: Rounder;
	private readonly kernels: Kernels;
	private readonly lead = new Leading();
	private readonly scratch = newFixed();

	/** @param reduction the π that angles are reduced with, for comparisons with processors (see tables.ts). */
	constructor(ar: Rounder, reduction?: bigint) {
		this.ar = ar;
		this.kernels = new Kernels(reduction);
	}

	/** Rounds the kernels' result, which is never exact, × 2^`exponent`. */
	private deliver(negative: boolean, exponent: number): void {
		const { ar, kernels, lead, scratch } = this;
		scratch.set(kernels.r);
		leading(scratch, lead);
		const e = BIAS + kernels.exponent + exponent + lead.exponent;
		ar.round(negative ? 0x8000 : 0, e, lead.hi, lead.lo, lead.ext | 1, PC_64);
	}

	/** A number of the tables: |r| exactly known, but for its last place. */
	private constant(negative: boolean, quarters: number): void {
		const { ar } = this;
		// π/4, π/2, 3π/4, π
		const exponent = quarters === 1 ? -1 : quarters === 4 ? 1 : quarters === 3 ? 1 : 0;
		if (quarters === 3) ar.round(negative ? 0x8000 : 0, BIAS + exponent, 0x96cbe3f9 | 0, 0x990e91a7 | 0, 0x9394c9e9 | 0, PC_64);
		else ar.round(negative ? 0x8000 : 0, BIAS + exponent, 0xc90fdaa2 | 0, 0x2168c234 | 0, 0xc4c6628b | 0, PC_64);
	}

	/**
	 * sin, cos or tan of `a` (an `Angle`). False: |a| is 2^63 or more, nothing was done and C2 is to be set.
	 */
	angle(which: number, a: Ext): boolean {
		const { ar, kernels } = this;
		const kind = classify(a.se, a.hi, a.lo);
		if (kind >= QNAN) {
			ar.quiet(a, kind);
			return true;
		}
		if (kind === INFINITY) {
			ar.invalid();
			return true;
		}
		if (kind === ZERO) {
			if (which === Angle.COS) ar.r.set(BIAS, TOP_BIT, 0);
			else ar.r.copy(a);
			return true;
		}
		if (kind === DENORMAL) ar.flags |= DE;
		if ((a.se & 0x7fff) >= BIAS + 63) return false;
		ar.normalise(a);
		kernels.reduce(ar.mh, ar.ml, ar.exponent - BIAS);
		const negative = (a.se & 0x8000) !== 0;
		if (which === Angle.COS) this.deliver(kernels.cosine(), 0);
		else if (which === Angle.SIN) this.deliver(kernels.sine() !== negative, 0);
		else this.deliver(kernels.tangent() !== negative, 0);
		return true;
	}

	/**
	 * 2^a - 1. Quirks, as on AMD processors: for ±1 the result counts as inexact, for 1 as a little below 1 too; beyond [-1, 1], which the
	 * manual leaves undefined, the operand stays as it is.
	 */
	exponential(a: Ext) {
		const { ar, kernels } = this;
		const kind = classify(a.se, a.hi, a.lo);
		const sign = a.se & 0x8000;
		if (kind >= QNAN) return ar.quiet(a, kind);
		if (kind === INFINITY) return sign ? ar.r.set(0x8000 | BIAS, TOP_BIT, 0) : ar.r.copy(a);
		if (kind === ZERO) return ar.r.copy(a);
		if (kind === DENORMAL) ar.flags |= DE;
		const e = (a.se & 0x7fff) - BIAS;
		if (e >= 0) {
			const one = e === 0 && a.hi === TOP_BIT && a.lo === 0;
			if (one && sign === 0) return ar.round(0, BIAS - 1, -1, -1, -1, PC_64);
			ar.flags |= PE;
			return one ? ar.r.set(0x8000 | (BIAS - 1), TOP_BIT, 0) : ar.r.copy(a);
		}
		ar.normalise(a);
		kernels.exponential(ar.mh, ar.ml, ar.exponent - BIAS, sign !== 0);
		this.deliver(sign !== 0, 0);
	}

	/** y × log2(x), or with `plusOne` y × log2(x + 1). */
	logarithm(x: Ext, y: Ext, plusOne: boolean) {
		const { ar, kernels } = this;
		if (ar.special(x, y)) return;
		const { ka: kx, kb: ky } = ar;
		const sx = x.se & 0x8000;
		const sy = y.se & 0x8000;
		if (plusOne ? this.edges1p(x, kx, sx, ky, sy) : this.edges(x, kx, sx, ky, sy)) return;
		ar.normalise(y);
		const { exponent: ye, mh: yh, ml: yl } = ar;
		ar.normalise(x);
		const { exponent: xe, mh: xh, ml: xl } = ar;
		let negative: boolean;
		if (plusOne) negative = kernels.logarithm1p(xh, xl, xe - BIAS, sx !== 0);
		else {
			if (xh === TOP_BIT && xl === 0) return this.multiple(sy, ye, yh, yl, xe - BIAS);
			negative = kernels.logarithm(xh, xl, xe - BIAS);
		}
		kernels.times(yh, yl);
		this.deliver(negative !== (sy !== 0), ye - BIAS + 1);
	}

	/** y × n, for a power of two: exact but for the rounding. Quirk: it counts as inexact all the same, as on AMD processors. */
	private multiple(sy: number, ye: number, yh: number, yl: number, n: number) {
		const { ar } = this;
		if (n === 0) return ar.r.set(sy, 0, 0);
		ar.flags |= PE;
		const by = Math.abs(n);
		const low = (yl >>> 0) * by;
		const high = (yh >>> 0) * by + Math.floor(low / 0x100000000);
		// 64 bits times 15: 79 bits in three words
		let hi = Math.floor(high / 0x100000000) | 0;
		let lo = high | 0;
		let ext = low | 0;
		let e = ye + 32;
		if (hi === 0) {
			hi = lo;
			lo = ext;
			ext = 0;
			e -= 32;
		}
		const k = Math.clz32(hi);
		if (k !== 0) {
			hi = (hi << k) | (lo >>> (32 - k));
			lo = (lo << k) | (ext >>> (32 - k));
			ext <<= k;
		}
		ar.round(n < 0 ? sy ^ 0x8000 : sy, e - k, hi, lo, ext, PC_64);
		if (e <= k) ar.flags |= UE;
	}

	/** The operands of fyl2x that are no ordinary numbers: true when the result is made. */
	private edges(x: Ext, kx: number, sx: number, ky: number, sy: number): boolean {
		const { ar } = this;
		if (sx !== 0 && kx !== ZERO) {
			ar.flags &= ~DE;
			ar.invalid();
			return true;
		}
		if (kx === ZERO) {
			if (ky === ZERO) ar.invalid();
			else {
				if (ky !== INFINITY) ar.flags = (ar.flags & ~DE) | ZE;
				ar.r.set((sy ^ 0x8000) | 0x7fff, TOP_BIT, 0);
			}
			return true;
		}
		if (kx === INFINITY) {
			if (ky === ZERO) ar.invalid();
			else ar.r.set(sy | 0x7fff, TOP_BIT, 0);
			return true;
		}
		if (ky !== INFINITY && ky !== ZERO) return false;
		// The sign of log2(x): 0 for 1
		const e = (x.se & 0x7fff) - BIAS;
		const one = e === 0 && x.hi === TOP_BIT && x.lo === 0;
		if (ky === INFINITY) {
			if (one) ar.invalid();
			else ar.r.set((e < 0 ? sy ^ 0x8000 : sy) | 0x7fff, TOP_BIT, 0);
		} else ar.r.set(e < 0 ? sy ^ 0x8000 : sy, 0, 0);
		return true;
	}

	private edges1p(x: Ext, kx: number, sx: number, ky: number, sy: number): boolean {
		const { ar } = this;
		if (kx === INFINITY) {
			if (sx !== 0 || ky === ZERO) {
				ar.flags &= ~DE;
				ar.invalid();
			} else ar.r.set(sy | 0x7fff, TOP_BIT, 0);
			return true;
		}
		if (ky === INFINITY) {
			if (kx === ZERO) ar.invalid();
			else ar.r.set((sx ^ sy) | 0x7fff, TOP_BIT, 0);
			return true;
		}
		if (kx === ZERO || ky === ZERO) {
			ar.r.set(sx ^ sy, 0, 0);
			return true;
		}
		if (sx === 0 || (x.se & 0x7fff) < BIAS) return false;
		// Outside of the manual's range. Quirk: as on AMD processors x is the answer.
		ar.flags |= PE;
		ar.r.copy(x);
		return true;
	}

	/** The angle of (x, y): atan(y / x) in its quadrant. */
	arctangent(y: Ext, x: Ext) {
		const { ar, kernels } = this;
		if (ar.special(y, x)) return;
		const { ka: ky, kb: kx } = ar;
		const negative = (y.se & 0x8000) !== 0;
		const left = (x.se & 0x8000) !== 0;
		if (ky === INFINITY) return this.constant(negative, kx !== INFINITY ? 2 : left ? 3 : 1);
		if (ky === ZERO || kx === INFINITY) {
			if (left) return this.constant(negative, 4);
			return ar.r.set(y.se & 0x8000, 0, 0);
		}
		if (kx === ZERO) return this.constant(negative, 2);
		ar.normalise(y);
		const { exponent: ye, mh: yh, ml: yl } = ar;
		ar.normalise(x);
		kernels.arctangent(yh, yl, ye - BIAS, ar.mh, ar.ml, ar.exponent - BIAS, left);
		this.deliver(negative, 0);
	}
}
