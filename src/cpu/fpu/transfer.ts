/**
 * Loads and stores of the x87 (SDM vol. 2, FLD, FILD, FBLD, FST, FIST, FBSTP), on operands already read from memory.
 * Stores come in two halves so that a page fault leaves no trace: `prepareStore`, the caller's memory write, `finishStore`.
 */
import { constant } from './constants.ts';
import { fromDecimal, fromFloat32, fromFloat64, fromInt32, fromInt64, Stored, toDecimal, toFloat, toInt } from './convert.ts';
import { classify, SNAN, TOP_BIT } from './ext.ts';
import { BIAS, C1, IE, PE, RC_FIELD, RC_NEAREST, RC_ZERO, SF, W_CONTROL, W_ST, W_TAG } from './layout.ts';
import { FORBID_STORE, Stack } from './stack.ts';

/** Memory formats of `prepareStore`. */
export const Format = { F32: 0, F64: 1, F80: 2, I16: 3, I32: 4, I64: 5, BCD: 6, TRUNC16: 7, TRUNC32: 8, TRUNC64: 9 } as const;

export class Transfer extends Stack {
	/** What `prepareStore` made. */
	readonly stored = new Stored();

	private pushOperand(flags: number) {
		const { ar, y } = this;
		ar.begin(this.control, flags);
		const kind = classify(y.se, y.hi, y.lo);
		if (kind === SNAN) ar.quiet(y, kind);
		else ar.r.copy(y);
		this.finishPush();
	}

	loadF32(bits: number) {
		const exponent = (bits >>> 23) & 0xff;
		if (exponent !== 0 && exponent !== 0xff && this.isEmpty(7)) {
			this.clearC1();
			return this.pushWords(((bits >>> 16) & 0x8000) | (exponent + BIAS - 127), TOP_BIT | (bits << 8), 0);
		}
		this.pushOperand(fromFloat32(bits, this.y));
	}

	loadF64(lo: number, hi: number) {
		const { w } = this;
		const exponent = (hi >>> 20) & 0x7ff;
		const top = ((w[W_CONTROL] >>> 27) - 1) & 7;
		if (exponent !== 0 && exponent !== 0x7ff && ((w[W_TAG] >>> top) & 1) === 0) {
			// A normal number and room for it: nothing can happen.
			this.clearC1();
			const se = ((hi >>> 16) & 0x8000) | (exponent + BIAS - 1023);
			return this.pushWords(se, TOP_BIT | ((hi & 0xfffff) << 11) | (lo >>> 21), lo << 11);
		}
		this.pushOperand(fromFloat64(lo, hi, this.y));
	}

	/** fld m80: the bits as they are. */
	loadF80(lo: number, hi: number, se: number) {
		if (this.isEmpty(7)) {
			this.clearC1();
			return this.pushWords(se & 0xffff, hi, lo);
		}
		this.ar.begin(this.control, 0);
		this.ar.r.set(se & 0xffff, hi, lo);
		this.finishPush();
	}

	loadI32(value: number) {
		if (value !== 0 && this.isEmpty(7)) {
			const magnitude = value < 0 ? -value | 0 : value;
			const n = Math.clz32(magnitude);
			this.clearC1();
			return this.pushWords((value < 0 ? 0x8000 : 0) | (BIAS + 31 - n), magnitude << n, 0);
		}
		this.ar.begin(this.control, 0);
		fromInt32(value, this.ar.r);
		this.finishPush();
	}

	loadI64(lo: number, hi: number) {
		this.ar.begin(this.control, 0);
		fromInt64(lo, hi, this.ar.r);
		this.finishPush();
	}

	loadDecimal(lo: number, hi: number, top: number) {
		this.ar.begin(this.control, 0);
		fromDecimal(lo, hi, top, this.ar.r);
		this.finishPush();
	}

	/** fld ST(i). */
	loadStack(i: number) {
		if (!this.isEmpty(i) && this.isEmpty(7)) {
			const { w } = this;
			const at = W_ST + (i << 2);
			this.clearC1();
			return this.pushWords(w[at + 2], w[at + 1], w[at]);
		}
		if (this.isEmpty(i)) this.underflow();
		else {
			this.ar.begin(this.control, 0);
			this.read(i, this.ar.r);
		}
		this.finishPush();
	}

	/** fld1, fldl2t, fldl2e, fldpi, fldlg2, fldln2, fldz by number 0..6: rounded by the rounding control, without a flag. */
	loadConstant(n: number) {
		const { ar } = this;
		ar.begin(this.control, 0);
		constant(n, this.control & RC_FIELD, ar.r);
		this.finishPush();
	}

	/** Converts ST(0) into `stored`. True when memory is to be written before `finishStore`. */
	prepareStore(format: number): boolean {
		const { ar, x, stored } = this;
		if (format === Format.F64 && this.prepareNormal64()) return true;
		if (format === Format.F32 && this.prepareNormal32()) return true;
		let forbidden = FORBID_STORE;
		if (this.isEmpty(0)) {
			this.underflow();
			x.copy(ar.r);
			if (format !== Format.F80) {
				this.convert(format);
				ar.flags = IE | SF;
				ar.c1 = 0;
			}
		} else {
			ar.begin(this.control, 0);
			this.read(0, x);
			if (format !== Format.F80) this.convert(format);
			else forbidden = 0;
		}
		if (format === Format.F80) {
			stored.lo = x.lo;
			stored.hi = x.hi;
			stored.top = x.se;
		}
		return (ar.flags & ~ar.cw & forbidden) === 0;
	}

	/** A normal number whose float64 is a normal one too, rounded to nearest: what most stores are. */
	private prepareNormal64(): boolean {
		const { ar, stored, w } = this;
		let lo = w[W_ST];
		let hi = w[W_ST + 1];
		const se = w[W_ST + 2];
		const cw = w[W_CONTROL] & 0xffff;
		let exponent = (se & 0x7fff) - BIAS + 1023;
		if (hi >= 0 || exponent <= 0 || exponent >= 0x7fe || this.isEmpty(0)) return false;
		const below = lo & 0x7ff;
		if (below === 0) ar.begin(cw, 0);
		else {
			if ((cw & RC_FIELD) !== RC_NEAREST) return false;
			ar.begin(cw, PE);
			if (below > 0x400 || (below === 0x400 && lo & 0x800)) {
				ar.c1 = 1;
				lo = ((lo & ~0x7ff) + 0x800) | 0;
				if (lo === 0) {
					hi = (hi + 1) | 0;
					if (hi === 0) exponent++;
				}
			}
		}
		stored.hi = ((se & 0x8000) << 16) | (exponent << 20) | ((hi >>> 11) & 0xfffff);
		stored.lo = (lo >>> 11) | (hi << 21);
		return true;
	}

	/** The same for float32. */
	private prepareNormal32(): boolean {
		const { ar, stored, w } = this;
		let hi = w[W_ST + 1];
		const se = w[W_ST + 2];
		const cw = w[W_CONTROL] & 0xffff;
		let exponent = (se & 0x7fff) - BIAS + 127;
		if (hi >= 0 || exponent <= 0 || exponent >= 0xfe || this.isEmpty(0)) return false;
		const below = hi & 0xff;
		const rest = w[W_ST];
		if ((below | rest) === 0) ar.begin(cw, 0);
		else {
			if ((cw & RC_FIELD) !== RC_NEAREST) return false;
			ar.begin(cw, PE);
			if (below > 0x80 || (below === 0x80 && (rest !== 0 || hi & 0x100))) {
				ar.c1 = 1;
				hi = ((hi & ~0xff) + 0x100) | 0;
				if (hi === 0) exponent++;
			}
		}
		stored.lo = ((se & 0x8000) << 16) | (exponent << 23) | ((hi >>> 8) & 0x7fffff);
		return true;
	}

	private convert(format: number) {
		const { ar, x, stored } = this;
		const rc = this.control & RC_FIELD;
		switch (format) {
			case Format.F32:
				return toFloat(ar, x, 32, stored);
			case Format.F64:
				return toFloat(ar, x, 64, stored);
			case Format.I16:
				return toInt(ar, x, 16, rc, stored);
			case Format.I32:
				return toInt(ar, x, 32, rc, stored);
			case Format.I64:
				return toInt(ar, x, 64, rc, stored);
			case Format.TRUNC16:
				return toInt(ar, x, 16, RC_ZERO, stored);
			case Format.TRUNC32:
				return toInt(ar, x, 32, RC_ZERO, stored);
			case Format.TRUNC64:
				return toInt(ar, x, 64, RC_ZERO, stored);
			default:
				return toDecimal(ar, x, stored);
		}
	}

	/** The second half of a store: exceptions, then the pop. */
	finishStore(pops: number) {
		if (this.settle(FORBID_STORE)) return;
		if (pops !== 0) this.pop();
	}

	/** fst and fstp ST(i). */
	storeStack(i: number, pops: number) {
		if (this.isEmpty(0)) {
			this.underflow();
			return this.finish(i, pops);
		}
		const { w } = this;
		const at = W_ST + (i << 2);
		w[at] = w[W_ST];
		w[at + 1] = w[W_ST + 1];
		w[at + 2] = w[W_ST + 2];
		w[W_TAG] |= 1 << ((this.top + i) & 7);
		this.clearC1();
		if (pops !== 0) this.pop();
	}

	/** The alias d9 d8+i: as fstp, but nothing is copied from an empty register, without a stack fault. */
	storeStackTagged(i: number) {
		if (!this.isEmpty(0)) {
			this.read(0, this.x);
			this.write(i, this.x);
		}
		this.status &= ~C1;
		this.pop();
	}
}
