/**
 * What every operation on extended values shares: NaN rules, normalising, shifting, rounding and packing, in 32-bit integers.
 * An operation leaves its result in `r`, the exceptions it met in `flags` (bits of the status word), and in `c1` whether the result
 * was rounded up. What the exceptions lead to is the business of `Stack`.
 * SDM vol. 1, 4.8.4, 4.9 and 8.5; the choices the manual leaves open are those of the processor behind test/cpu/fpu/native.c.
 */
import { classify, DENORMAL, Ext, INVALID, QNAN, SNAN, TOP_BIT } from './ext.ts';
import { BIAS_ADJUST, DE, IE, OE, PC_24, PC_53, PC_RESERVED, PE, RC_DOWN, RC_FIELD, RC_NEAREST, RC_ZERO, UE } from './layout.ts';

/** Whether the magnitude is rounded up. `ext` holds the bits below the last kept one, its top bit worth half; `odd` is the last kept bit. */
function roundsUp(rc: number, sign: number, ext: number, odd: number): boolean {
	if (rc === RC_NEAREST) return ext < 0 && (ext !== TOP_BIT || odd !== 0);
	if (rc === RC_ZERO) return false;
	return (rc === RC_DOWN) === (sign !== 0);
}
export class Rounder {
	/** Control word of the operation. */
	cw = 0x37f;
	/** Exceptions met, bits of the status word. */
	flags = 0;
	/** 1 when the result is larger in magnitude than the exact one. */
	c1 = 0;
	readonly r = new Ext();
	/** Mantissa between the steps of one operation: 96 bits, the lowest bit of `mx` sticky. */
	mh = 0;
	ml = 0;
	mx = 0;
	/** Exponent of an operand that was normalised. */
	exponent = 0;
	/** Kinds of the operands that `special` looked at. */
	ka = 0;
	kb = 0;

	/** Starts an operation under control word `cw` with the exceptions that reading its operand met. */
	begin(cw: number, flags: number) {
		this.cw = cw;
		this.flags = flags;
		this.c1 = 0;
	}

	/** The default NaN ("real indefinite"). */
	indefinite() {
		this.r.set(0xffff, 0xc0000000 | 0, 0);
	}

	invalid() {
		this.flags |= IE;
		this.indefinite();
	}

	/** A NaN operand of one-operand instructions: quieted; anything without integer bit is invalid. */
	quiet(a: Ext, kind: number) {
		if (kind === INVALID) return this.invalid();
		if (kind === SNAN) this.flags |= IE;
		this.r.set(a.se, a.hi | 0x40000000, a.lo);
	}

	/**
	 * NaN rules for two operands (SDM vol. 1, table 4-7): true when `r` is made. Otherwise notes denormal operands.
	 * The kinds are left in `ka` and `kb`.
	 */
	special(a: Ext, b: Ext): boolean {
		const ka = (this.ka = classify(a.se, a.hi, a.lo));
		const kb = (this.kb = classify(b.se, b.hi, b.lo));
		if (ka < QNAN && kb < QNAN) {
			if (ka === DENORMAL || kb === DENORMAL) this.flags |= DE;
			return false;
		}
		this.flags &= ~DE;
		if (ka === INVALID || kb === INVALID) {
			this.invalid();
			return true;
		}
		if (ka === SNAN || kb === SNAN) this.flags |= IE;
		let pick = a;
		if (ka < QNAN) pick = b;
		else if (kb >= QNAN) {
			if (ka !== kb) pick = ka === QNAN ? a : b;
			else {
				const order = a.hi !== b.hi ? (a.hi >>> 0) - (b.hi >>> 0) : (a.lo >>> 0) - (b.lo >>> 0);
				if (order < 0 || (order === 0 && a.se > b.se)) pick = b;
			}
		}
		this.r.set(pick.se, pick.hi | 0x40000000, pick.lo);
		return true;
	}

	/** Mantissa of a finite non-zero value with its top bit set into `mh`:`ml`, its exponent (≤ 0 for denormals) into `exponent`. */
	normalise(a: Ext) {
		let hi = a.hi;
		let lo = a.lo;
		let exponent = a.se & 0x7fff;
		if (exponent === 0) exponent = 1;
		if (hi === 0) {
			hi = lo;
			lo = 0;
			exponent -= 32;
		}
		const n = Math.clz32(hi);
		if (n !== 0) {
			hi = (hi << n) | (lo >>> (32 - n));
			lo <<= n;
			exponent -= n;
		}
		this.mh = hi;
		this.ml = lo;
		this.exponent = exponent;
	}

	/** Shifts a 96-bit mantissa right by n ≥ 0 into `mh ml mx`, keeping lost bits as a sticky lowest bit. */
	shiftRight(hi: number, lo: number, ext: number, n: number) {
		if (n >= 32) {
			if (n >= 96) {
				ext = (hi | lo | ext) !== 0 ? 1 : 0;
				hi = lo = 0;
				n = 0;
			} else if (n >= 64) {
				ext = hi | ((lo | ext) !== 0 ? 1 : 0);
				hi = lo = 0;
				n -= 64;
			} else {
				ext = lo | (ext !== 0 ? 1 : 0);
				lo = hi;
				hi = 0;
				n -= 32;
			}
		}
		if (n !== 0) {
			const sticky = ext << (32 - n) !== 0 ? 1 : 0;
			this.mx = (ext >>> n) | (lo << (32 - n)) | sticky;
			this.ml = (lo >>> n) | (hi << (32 - n));
			this.mh = hi >>> n;
		} else {
			this.mx = ext;
			this.ml = lo;
			this.mh = hi;
		}
	}

	/**
	 * Rounds the 96-bit mantissa to 64, 53 or 24 bits into `mh ml`. Returns 1 when it carried out of the top (the mantissa is then 2^63
	 * again). Sets `c1`; `mx` is left non-zero when the result is inexact.
	 */
	private roundMantissa(sign: number, hi: number, lo: number, ext: number, pc: number): number {
		let carry = 0;
		this.c1 = 0;
		if (pc & PC_RESERVED) {
			if (ext !== 0 && roundsUp(this.cw & RC_FIELD, sign, ext, lo & 1)) {
				this.c1 = 1;
				lo = (lo + 1) | 0;
				if (lo === 0) hi = (hi + 1) | 0;
				carry = (hi | lo) === 0 ? 1 : 0;
			}
		} else if (pc === PC_53) {
			ext = (lo << 21) | (ext !== 0 ? 1 : 0);
			lo &= ~0x7ff;
			if (ext !== 0 && roundsUp(this.cw & RC_FIELD, sign, ext, lo & 0x800)) {
				this.c1 = 1;
				lo = (lo + 0x800) | 0;
				if (lo === 0) hi = (hi + 1) | 0;
				carry = (hi | lo) === 0 ? 1 : 0;
			}
		} else {
			ext = (hi << 24) | (lo >>> 8) | ((lo & 0xff) !== 0 || ext !== 0 ? 1 : 0);
			lo = 0;
			hi &= ~0xff;
			if (ext !== 0 && roundsUp(this.cw & RC_FIELD, sign, ext, hi & 0x100)) {
				this.c1 = 1;
				hi = (hi + 0x100) | 0;
				carry = hi === 0 ? 1 : 0;
			}
		}
		if (carry !== 0) hi = TOP_BIT;
		this.mh = hi;
		this.ml = lo;
		this.mx = ext;
		return carry;
	}

	/** As `roundMantissa` for the formats in memory: to 24 or 53 bits. */
	roundTo(sign: number, hi: number, lo: number, ext: number, bits: number): number {
		return this.roundMantissa(sign, hi, lo, ext, bits === 24 ? PC_24 : PC_53);
	}

	/** Nothing is stored: no rounding took place. */
	unrounded() {
		this.c1 = 0;
	}

	/** Rounds the integer in `mh ml` with the fraction `mx` by `rc`; false when it carries out of 64 bits. `mx` keeps the fraction. */
	roundInteger(sign: number, rc: number): boolean {
		if (this.mx === 0 || !roundsUp(rc, sign, this.mx, this.ml & 1)) return true;
		this.c1 = 1;
		this.ml = (this.ml + 1) | 0;
		if (this.ml !== 0) return true;
		this.mh = (this.mh + 1) | 0;
		return this.mh !== 0;
	}

	/**
	 * Rounds and packs into `r`. The mantissa hi:lo:ext has its top bit set, the lowest bit of ext is sticky; `sign` is 0 or 0x8000,
	 * `exponent` is biased and may lie outside of 1..0x7ffe; `pc` is a precision control field.
	 */
	round(sign: number, exponent: number, hi: number, lo: number, ext: number, pc: number) {
		if (exponent <= 0 || exponent >= 0x7ffe) return this.roundEdge(sign, exponent, hi, lo, ext, pc);
		if (ext === 0 && pc & PC_RESERVED) return this.r.set(sign | exponent, hi, lo);
		if (pc & PC_RESERVED && (this.cw & RC_FIELD) === RC_NEAREST) {
			// The usual case, written out
			this.flags |= PE;
			if (ext < 0 && (ext !== TOP_BIT || lo & 1)) {
				this.c1 = 1;
				lo = (lo + 1) | 0;
				if (lo === 0) {
					hi = (hi + 1) | 0;
					if (hi === 0) {
						hi = TOP_BIT;
						exponent++;
					}
				}
			} else this.c1 = 0;
			return this.r.set(sign | exponent, hi, lo);
		}
		exponent += this.roundMantissa(sign, hi, lo, ext, pc);
		if (this.mx !== 0) this.flags |= PE;
		this.r.set(sign | exponent, this.mh, this.ml);
	}

	private roundEdge(sign: number, exponent: number, hi: number, lo: number, ext: number, pc: number) {
		const r = this.r;
		let e = exponent + this.roundMantissa(sign, hi, lo, ext, pc);
		const inexact = this.mx !== 0;
		if (e >= 0x7fff) {
			this.flags |= OE;
			if ((this.cw & OE) === 0) {
				if (inexact) this.flags |= PE;
				e -= BIAS_ADJUST;
				// fscale can overflow by more than the adjustment takes back.
				if (e >= 0x7fff) {
					this.flags |= PE;
					this.c1 = 1;
					return r.set(sign | 0x7fff, TOP_BIT, 0);
				}
				return r.set(sign | e, this.mh, this.ml);
			}
			this.flags |= PE;
			const rc = this.cw & RC_FIELD;
			if (rc === RC_ZERO || (rc !== RC_NEAREST && (rc === RC_DOWN) !== (sign !== 0))) {
				this.c1 = 0;
				if (pc & PC_RESERVED) return r.set(sign | 0x7ffe, -1, -1);
				return pc === PC_53 ? r.set(sign | 0x7ffe, -1, ~0x7ff) : r.set(sign | 0x7ffe, ~0xff, 0);
			}
			this.c1 = 1;
			return r.set(sign | 0x7fff, TOP_BIT, 0);
		}
		if (e > 0) {
			if (inexact) this.flags |= PE;
			return r.set(sign | e, this.mh, this.ml);
		}
		if ((this.cw & UE) === 0) {
			this.flags |= inexact ? UE | PE : UE;
			e += BIAS_ADJUST;
			if (e <= 0) {
				this.flags |= PE;
				this.c1 = 0;
				return r.set(sign, 0, 0);
			}
			return r.set(sign | e, this.mh, this.ml);
		}
		this.shiftRight(hi, lo, ext, 1 - exponent);
		this.roundMantissa(sign, this.mh, this.ml, this.mx, pc);
		if (this.mx !== 0) this.flags |= UE | PE;
		r.set(sign | (this.mh < 0 ? 1 : 0), this.mh, this.ml);
	}
}
