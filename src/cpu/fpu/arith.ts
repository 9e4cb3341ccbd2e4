/** Addition and multiplication of extended values (SDM vol. 1, 8.3.5). Operands as `Ext`, results as `Rounder` says. */
import { type Ext, INFINITY, TOP_BIT, ZERO } from './ext.ts';
import { BIAS, PC_FIELD, RC_DOWN, RC_FIELD } from './layout.ts';
import { Rounder } from './round.ts';

const TWO_M32 = 2 ** -32;
const TWO_32 = 2 ** 32;

export class Arith extends Rounder {
	/** Product of two mantissas, 128 bits. */
	p3 = 0;
	p2 = 0;
	p1 = 0;
	p0 = 0;
	/** Remainder of a root (divide.ts): words 0 and 1 unsigned, 2 with the sign. In doubles, so apart from the integer fields. */
	readonly q = new Float64Array(3);

	/** a + b, or a - b with `negate` = 0x8000. */
	add(a: Ext, b: Ext, negate: number) {
		const ea = a.se & 0x7fff;
		const eb = b.se & 0x7fff;
		const pc = this.cw & PC_FIELD;
		if (a.hi < 0 && b.hi < 0 && ea !== 0 && eb !== 0 && ea !== 0x7fff && eb !== 0x7fff) {
			return this.addFinite(a.se & 0x8000, ea, a.hi, a.lo, (b.se ^ negate) & 0x8000, eb, b.hi, b.lo, pc);
		}
		if (this.special(a, b)) return;
		const sa = a.se & 0x8000;
		const sb = (b.se ^ negate) & 0x8000;
		const { ka, kb } = this;
		if (ka === INFINITY) {
			if (kb === INFINITY && sa !== sb) return this.invalid();
			return this.r.copy(a);
		}
		if (kb === INFINITY) return this.r.set(sb | 0x7fff, b.hi, b.lo);
		if (ka === ZERO && kb === ZERO) {
			return this.r.set(sa === sb ? sa : (this.cw & RC_FIELD) === RC_DOWN ? 0x8000 : 0, 0, 0);
		}
		if (kb === ZERO) {
			this.normalise(a);
			return this.round(sa, this.exponent, this.mh, this.ml, 0, pc);
		}
		this.normalise(b);
		const { exponent, mh, ml } = this;
		if (ka === ZERO) return this.round(sb, exponent, mh, ml, 0, pc);
		this.normalise(a);
		this.addFinite(sa, this.exponent, this.mh, this.ml, sb, exponent, mh, ml, pc);
	}

	/** The sum of two normal numbers, or of such mantissas with exponents beyond the range; `pc` is a precision control field. */
	addFinite(sa: number, ea: number, ah: number, al: number, sb: number, eb: number, bh: number, bl: number, pc: number) {
		if (ea < eb || (ea === eb && (ah >>> 0 < bh >>> 0 || (ah === bh && al >>> 0 < bl >>> 0)))) {
			// The larger magnitude first.
			let t = sa;
			sa = sb;
			sb = t;
			t = ea;
			ea = eb;
			eb = t;
			t = ah;
			ah = bh;
			bh = t;
			t = al;
			al = bl;
			bl = t;
		}
		let bx = 0;
		const d = ea - eb;
		if (d !== 0) {
			if (d < 32) {
				bx = bl << (32 - d);
				bl = (bl >>> d) | (bh << (32 - d));
				bh >>>= d;
			} else {
				this.shiftRight(bh, bl, 0, d);
				bh = this.mh;
				bl = this.ml;
				bx = this.mx;
			}
		}
		if (sa === sb) {
			const lo = (al + bl) | 0;
			const carry = lo >>> 0 < al >>> 0 ? 1 : 0;
			const sum = (ah >>> 0) + (bh >>> 0) + carry;
			const hi = sum | 0;
			if (sum >= TWO_32) {
				const ext = (lo << 31) | (bx >>> 1) | (bx & 1);
				return this.round(sa, ea + 1, (hi >>> 1) | TOP_BIT, (lo >>> 1) | (hi << 31), ext, pc);
			}
			return this.round(sa, ea, hi, lo, bx, pc);
		}
		let ext = -bx | 0;
		let borrow = bx !== 0 ? 1 : 0;
		let lo = (al - bl - borrow) | 0;
		borrow = (al >>> 0) - (bl >>> 0) - borrow < 0 ? 1 : 0;
		let hi = (ah - bh - borrow) | 0;
		if (hi === 0) {
			if ((lo | ext) === 0) return this.r.set((this.cw & RC_FIELD) === RC_DOWN ? 0x8000 : 0, 0, 0);
			hi = lo;
			lo = ext;
			ext = 0;
			ea -= 32;
			if (hi === 0) {
				hi = lo;
				lo = 0;
				ea -= 32;
			}
		}
		const n = Math.clz32(hi);
		if (n !== 0) {
			hi = (hi << n) | (lo >>> (32 - n));
			lo = (lo << n) | (ext >>> (32 - n));
			ext <<= n;
			ea -= n;
		}
		this.round(sa, ea, hi, lo, ext, pc);
	}

	/** a × b. */
	multiply(a: Ext, b: Ext) {
		const sign = (a.se ^ b.se) & 0x8000;
		const ea = a.se & 0x7fff;
		const eb = b.se & 0x7fff;
		if (a.hi < 0 && b.hi < 0 && ea !== 0 && eb !== 0 && ea !== 0x7fff && eb !== 0x7fff) {
			return this.multiplyFinite(sign, ea + eb - BIAS, a.hi, a.lo, b.hi, b.lo);
		}
		if (this.special(a, b)) return;
		const { ka, kb } = this;
		if (ka === INFINITY || kb === INFINITY) {
			if (ka === ZERO || kb === ZERO) return this.invalid();
			return this.r.set(sign | 0x7fff, TOP_BIT, 0);
		}
		if (ka === ZERO || kb === ZERO) return this.r.set(sign, 0, 0);
		this.normalise(a);
		const { exponent, mh, ml } = this;
		this.normalise(b);
		this.multiplyFinite(sign, exponent + this.exponent - BIAS, mh, ml, this.mh, this.ml);
	}

	/** The product of two mantissas and its rounding. `product`, written out: the words need not go through memory. */
	multiplyFinite(sign: number, exponent: number, ah: number, al: number, bh: number, bl: number) {
		const a1 = ah >>> 0;
		const a0 = al >>> 0;
		const b3 = bh >>> 16;
		const b2 = bh & 0xffff;
		const b1 = bl >>> 16;
		const b0 = bl & 0xffff;
		const c1 = a0 * b1;
		const c3 = a0 * b3 + a1 * b1;
		const c5 = a1 * b3;
		let t = a0 * b0 + (c1 & 0xffff) * 65536;
		const sticky = (t | 0) !== 0 ? 1 : 0;
		t = a0 * b2 + a1 * b0 + Math.floor(c1 * (1 / 65536)) + Math.floor(t * TWO_M32) + (c3 & 0xffff) * 65536;
		const p1 = t | 0;
		t = a1 * b2 + Math.floor(c3 * (1 / 65536)) + Math.floor(t * TWO_M32) + (c5 & 0xffff) * 65536;
		const p2 = t | 0;
		const p3 = (Math.floor(c5 * (1 / 65536)) + Math.floor(t * TWO_M32)) | 0;
		const pc = this.cw & PC_FIELD;
		if (p3 < 0) return this.round(sign, exponent + 1, p3, p2, p1 | sticky, pc);
		this.round(sign, exponent, (p3 << 1) | (p2 >>> 31), (p2 << 1) | (p1 >>> 31), (p1 << 1) | sticky, pc);
	}

	/** 64 × 64 → 128 bits into p3:p2:p1:p0. Products of 32 by 16 bits are exact in a double; six columns 16 bits apart. */
	product(ah: number, al: number, bh: number, bl: number) {
		const a1 = ah >>> 0;
		const a0 = al >>> 0;
		const b3 = bh >>> 16;
		const b2 = bh & 0xffff;
		const b1 = bl >>> 16;
		const b0 = bl & 0xffff;
		const c1 = a0 * b1;
		const c3 = a0 * b3 + a1 * b1;
		const c5 = a1 * b3;
		let t = a0 * b0 + (c1 & 0xffff) * 65536;
		this.p0 = t | 0;
		t = a0 * b2 + a1 * b0 + Math.floor(c1 * (1 / 65536)) + Math.floor(t * TWO_M32) + (c3 & 0xffff) * 65536;
		this.p1 = t | 0;
		t = a1 * b2 + Math.floor(c3 * (1 / 65536)) + Math.floor(t * TWO_M32) + (c5 & 0xffff) * 65536;
		this.p2 = t | 0;
		this.p3 = (Math.floor(c5 * (1 / 65536)) + Math.floor(t * TWO_M32)) | 0;
	}
}
