/**
 * The x87's instructions, one method each (loads and stores: transfer.ts), on operands already read from memory
 * (SDM vol. 2, F…). The caller has checked `pending`, and calls `note` unless the instruction is a control instruction.
 */
import { fromFloat32, fromFloat64, fromInt32 } from './convert.ts';
import { divide, divideFinite, squareRoot } from './divide.ts';
import { classify, DENORMAL, type Ext, INFINITY, INVALID, QNAN, SNAN, TOP_BIT, ZERO } from './ext.ts';
import { BIAS, C0, C1, C2, C3, CC, DE, EARLY, IE, PC_FIELD, SF, W_CONTROL, W_ST } from './layout.ts';
import { extract, remainder, roundToInteger, scale } from './remainder.ts';
import { Angle, Transcendental } from './transcendental.ts';
import { Transfer } from './transfer.ts';

/** Operations by their number in the opcode's reg field: result = ST(0) op source. */
export const Op = { ADD: 0, MUL: 1, COM: 2, COMP: 3, SUB: 4, SUBR: 5, DIV: 6, DIVR: 7 } as const;

/** Bits of eflags that fcomi and its kin write. */
const ZF = 0x40;
const PF = 0x04;
const CF = 0x01;

export class Fpu extends Transfer {
	private compute(op: number, x: Ext, y: Ext) {
		const { ar } = this;
		switch (op) {
			case Op.ADD:
				return ar.add(x, y, 0);
			case Op.MUL:
				return ar.multiply(x, y);
			case Op.SUB:
				return ar.add(x, y, 0x8000);
			case Op.SUBR:
				return ar.add(y, x, 0x8000);
			case Op.DIV:
				return divide(ar, x, y);
			default:
				return divide(ar, y, x);
		}
	}

	/**
	 * ST(0) op b for two normal numbers, the usual case: straight from the words of the live area. False: it is not that case, and
	 * nothing was done.
	 */
	private plain(op: number, bse: number, bh: number, bl: number): boolean {
		const { ar, w } = this;
		const ase = w[W_ST + 2];
		const ah = w[W_ST + 1];
		// Exponents 0 and 7fff are not normal
		if (ah >= 0 || bh >= 0 || ((ase + 1) & 0x7fff) <= 1 || ((bse + 1) & 0x7fff) <= 1) return false;
		const al = w[W_ST];
		const ea = ase & 0x7fff;
		const eb = bse & 0x7fff;
		const sa = ase & 0x8000;
		const sb = bse & 0x8000;
		const cw = w[W_CONTROL] & 0xffff;
		ar.begin(cw, 0);
		switch (op) {
			case Op.ADD:
				ar.addFinite(sa, ea, ah, al, sb, eb, bh, bl, cw & PC_FIELD);
				return true;
			case Op.MUL:
				ar.multiplyFinite(sa ^ sb, ea + eb - BIAS, ah, al, bh, bl);
				return true;
			case Op.SUB:
				ar.addFinite(sa, ea, ah, al, sb ^ 0x8000, eb, bh, bl, cw & PC_FIELD);
				return true;
			case Op.SUBR:
				ar.addFinite(sb, eb, bh, bl, sa ^ 0x8000, ea, ah, al, cw & PC_FIELD);
				return true;
			case Op.DIV:
				divideFinite(ar, sa ^ sb, ea - eb + BIAS, ah, al, bh, bl);
				return true;
			default:
				divideFinite(ar, sa ^ sb, eb - ea + BIAS, bh, bl, ah, al);
				return true;
		}
	}

	/** ST(dst) = ST(0) op ST(i), then pops. */
	arithmetic(op: number, i: number, dst: number, pops: number) {
		const { w } = this;
		const at = W_ST + (i << 2);
		if (!this.isEmpty(0) && !this.isEmpty(i) && this.plain(op, w[at + 2], w[at + 1], w[at])) return this.finish(dst, pops);
		if (this.isEmpty(0) || this.isEmpty(i)) this.underflow();
		else {
			this.ar.begin(this.control, 0);
			this.read(0, this.x);
			this.read(i, this.y);
			this.compute(op, this.x, this.y);
		}
		this.finish(dst, pops);
	}

	/** ST(0) = ST(0) op y, or a comparison, where reading y met `flags` (DE). */
	private withOperand(op: number, flags: number) {
		if (op === Op.COM || op === Op.COMP) return this.compareOperand(flags, op - Op.COM);
		if (this.isEmpty(0)) this.underflow();
		else {
			this.ar.begin(this.control, flags);
			this.read(0, this.x);
			this.compute(op, this.x, this.y);
		}
		this.finish(0, 0);
	}

	arithmeticF32(op: number, bits: number) {
		this.withOperand(op, fromFloat32(bits, this.y));
	}

	arithmeticF64(op: number, lo: number, hi: number) {
		const exponent = (hi >>> 20) & 0x7ff;
		if (exponent !== 0 && exponent !== 0x7ff && !this.isEmpty(0) && op !== Op.COM && op !== Op.COMP) {
			const se = ((hi >>> 16) & 0x8000) | (exponent + BIAS - 1023);
			if (this.plain(op, se, TOP_BIT | ((hi & 0xfffff) << 11) | (lo >>> 21), lo << 11)) return this.finish(0, 0);
		}
		this.withOperand(op, fromFloat64(lo, hi, this.y));
	}

	/** Integer operands; m16 comes sign-extended. */
	arithmeticI32(op: number, value: number) {
		fromInt32(value, this.y);
		this.withOperand(op, 0);
	}

	/** Orders x and y: 0 x > y, C0 x < y, C3 equal, C0|C2|C3 unordered. Exceptions in `ar`; `quiet`: QNaNs are no exception. */
	private order(x: Ext, y: Ext, quiet: boolean): number {
		const { ar } = this;
		const kx = classify(x.se, x.hi, x.lo);
		const ky = classify(y.se, y.hi, y.lo);
		if (kx >= QNAN || ky >= QNAN) {
			ar.flags &= ~DE;
			if (!quiet || kx > QNAN || ky > QNAN) ar.flags |= IE;
			return C0 | C2 | C3;
		}
		if (kx === DENORMAL || ky === DENORMAL) ar.flags |= DE;
		if (kx === ZERO && ky === ZERO) return C3;
		const sx = x.se & 0x8000;
		if (sx !== (y.se & 0x8000)) {
			return sx ? C0 : 0;
		}
		// Pseudo-denormals have exponent 0 and the weight of exponent 1.
		const ex = x.se & 0x7fff || (kx === DENORMAL ? 1 : 0);
		const ey = y.se & 0x7fff || (ky === DENORMAL ? 1 : 0);
		let d = ex - ey;
		if (d === 0) d = (x.hi >>> 0) - (y.hi >>> 0);
		if (d === 0) d = (x.lo >>> 0) - (y.lo >>> 0);
		if (d === 0) return C3;
		return d < 0 !== (sx !== 0) ? C0 : 0;
	}

	private compareOperand(flags: number, pops: number) {
		let cc = C0 | C2 | C3;
		if (this.isEmpty(0)) this.underflow();
		else {
			this.ar.begin(this.control, flags);
			this.read(0, this.x);
			cc = this.order(this.x, this.y, false);
		}
		this.finishCompare(cc, pops);
	}

	/** Quirk: an unmasked exception still sets the condition codes (or eflags); it only keeps the stack from being popped. */
	private finishCompare(cc: number, pops: number) {
		const stopped = this.settle(EARLY);
		this.status = (this.status & ~CC) | cc;
		if (stopped) return;
		for (; pops > 0; pops--) this.pop();
	}

	private orderStack(i: number, quiet: boolean): number {
		if (this.isEmpty(0) || this.isEmpty(i)) {
			this.underflow();
			return C0 | C2 | C3;
		}
		this.ar.begin(this.control, 0);
		this.read(0, this.x);
		this.read(i, this.y);
		return this.order(this.x, this.y, quiet);
	}

	/** fcom and fucom with ST(i). */
	compare(i: number, pops: number, quiet: boolean) {
		this.finishCompare(this.orderStack(i, quiet), pops);
	}

	/** fcomi and fucomi: ZF, PF and CF as bits of eflags. Quirk: C1 changes only with a stack fault. */
	compareFlags(i: number, pops: number, quiet: boolean): number {
		const cc = this.orderStack(i, quiet);
		const c1 = this.ar.flags & SF ? 0 : this.status & C1;
		const stopped = this.settle(EARLY);
		this.status |= c1;
		if (!stopped) for (; pops > 0; pops--) this.pop();
		return (cc & C3 ? ZF : 0) | (cc & C2 ? PF : 0) | (cc & C0 ? CF : 0);
	}

	/** ftst: with +0. */
	test() {
		this.y.set(0, 0, 0);
		this.compareOperand(0, 0);
	}

	/** fxam: class and sign of ST(0). */
	examine() {
		const { x } = this;
		this.read(0, x);
		let cc = C0 | C3;
		if (!this.isEmpty(0)) {
			switch (classify(x.se, x.hi, x.lo)) {
				case ZERO:
					cc = C3;
					break;
				case DENORMAL:
					cc = C3 | C2;
					break;
				case INFINITY:
					cc = C2 | C0;
					break;
				case QNAN:
				case SNAN:
					cc = C0;
					break;
				case INVALID:
					cc = 0;
					break;
				default:
					cc = C2;
			}
		}
		this.status = (this.status & ~CC) | cc | (x.se & 0x8000 ? C1 : 0);
	}

	/** fchs and fabs: the sign becomes (sign & and) ^ xor. */
	changeSign(and: number, xor: number) {
		if (this.isEmpty(0)) {
			this.underflow();
			return this.finish(0, 0);
		}
		const { w } = this;
		w[W_ST + 2] = (w[W_ST + 2] & (0x7fff | and)) ^ xor;
		this.clearC1();
	}

	squareRoot() {
		if (this.isEmpty(0)) this.underflow();
		else {
			this.ar.begin(this.control, 0);
			this.read(0, this.x);
			squareRoot(this.ar, this.x);
		}
		this.finish(0, 0);
	}

	roundToInteger() {
		if (this.isEmpty(0)) this.underflow();
		else {
			this.ar.begin(this.control, 0);
			this.read(0, this.x);
			roundToInteger(this.ar, this.x);
		}
		this.finish(0, 0);
	}

	scale() {
		if (this.isEmpty(0) || this.isEmpty(1)) this.underflow();
		else {
			this.ar.begin(this.control, 0);
			this.read(0, this.x);
			this.read(1, this.y);
			scale(this.ar, this.x, this.y);
		}
		this.finish(0, 0);
	}

	/** fxtract: exponent to ST(0), then the significand is pushed. */
	extract() {
		const { ar, y } = this;
		if (this.isEmpty(0)) {
			this.underflow();
			y.copy(ar.r);
		} else if (!this.isEmpty(7)) {
			ar.begin(this.control, IE | SF);
			ar.c1 = 1;
			ar.indefinite();
			y.copy(ar.r);
		} else {
			ar.begin(this.control, 0);
			this.read(0, this.x);
			extract(ar, this.x, y);
		}
		if (this.settle(EARLY)) return;
		this.write(0, y);
		this.push(ar.r);
	}

	/** fprem and fprem1 (`nearest`). */
	remainder(nearest: boolean) {
		const { ar } = this;
		let cc = -1;
		if (this.isEmpty(0) || this.isEmpty(1)) this.underflow();
		else {
			ar.begin(this.control, 0);
			this.read(0, this.x);
			this.read(1, this.y);
			cc = remainder(ar, this.x, this.y, nearest);
		}
		const stopped = this.settle(EARLY);
		this.status = stopped || cc < 0 ? this.status & ~(C1 | C2) : (this.status & ~CC) | cc;
		if (!stopped) this.write(0, ar.r);
	}

	/** Made when first needed: its tables take a moment. */
	private transcendental: Transcendental | undefined;

	private get functions(): Transcendental {
		return (this.transcendental ??= new Transcendental(this.ar));
	}

	/** Reduces angles with another π than the exact one: what comparisons with a processor need. */
	reduceWith(pi: bigint): void {
		this.transcendental = new Transcendental(this.ar, pi);
	}

	/** f2xm1. */
	exponential() {
		if (this.isEmpty(0)) this.underflow();
		else {
			this.ar.begin(this.control, 0);
			this.read(0, this.x);
			this.functions.exponential(this.x);
		}
		this.finish(0, 0);
	}

	/** fyl2x and fyl2xp1 (`plusOne`): ST(1) = ST(1) × log2(ST(0)), pop. */
	logarithm(plusOne: boolean) {
		if (this.isEmpty(0) || this.isEmpty(1)) this.underflow();
		else {
			this.ar.begin(this.control, 0);
			this.read(0, this.x);
			this.read(1, this.y);
			this.functions.logarithm(this.x, this.y, plusOne);
		}
		this.finish(1, 1);
	}

	/** fpatan: ST(1) = the angle of (ST(0), ST(1)), pop. */
	arctangent() {
		if (this.isEmpty(0) || this.isEmpty(1)) this.underflow();
		else {
			this.ar.begin(this.control, 0);
			this.read(0, this.x);
			this.read(1, this.y);
			this.functions.arctangent(this.y, this.x);
		}
		this.finish(1, 1);
	}

	/** fsin and fcos. */
	angle(which: number) {
		if (!this.angleOf(which)) return;
		this.finish(0, 0);
	}

	/** fptan: the tangent to ST(0), then 1 is pushed. fsincos: the sine, then the cosine. */
	anglePair(tangent: boolean) {
		const { ar, y } = this;
		if (!this.isEmpty(0) && !this.isEmpty(7)) {
			ar.begin(this.control, IE | SF);
			ar.c1 = 1;
			ar.indefinite();
			y.copy(ar.r);
			this.status &= ~C2;
		} else {
			if (!this.angleOf(tangent ? Angle.TAN : Angle.SIN)) return;
			y.copy(ar.r);
			if (y.se === 0x7fff || y.se === 0xffff) ar.r.copy(y);
			else if (tangent) ar.r.set(BIAS, TOP_BIT, 0);
			else {
				// Quirk: C1 is the sine's.
				const { flags, c1 } = ar;
				this.functions.angle(Angle.COS, this.x);
				ar.flags |= flags;
				ar.c1 = c1;
			}
		}
		if (this.settle(EARLY)) return;
		this.write(0, y);
		this.push(ar.r);
	}

	/** The function of the angle in ST(0) into `ar`. False when the angle is too large: then C2 is set and all is done. */
	private angleOf(which: number): boolean {
		if (this.isEmpty(0)) this.underflow();
		else {
			this.ar.begin(this.control, 0);
			this.read(0, this.x);
			if (!this.functions.angle(which, this.x)) {
				this.settle(EARLY);
				this.status |= C2;
				return false;
			}
		}
		this.status &= ~C2;
		return true;
	}

	/** fxch ST(i). */
	exchange(i: number) {
		const { ar, x, y, w } = this;
		const empty0 = this.isEmpty(0);
		const emptyI = this.isEmpty(i);
		if (!empty0 && !emptyI) {
			const at = W_ST + (i << 2);
			const lo = w[W_ST];
			const hi = w[W_ST + 1];
			const se = w[W_ST + 2];
			w[W_ST] = w[at];
			w[W_ST + 1] = w[at + 1];
			w[W_ST + 2] = w[at + 2];
			w[at] = lo;
			w[at + 1] = hi;
			w[at + 2] = se;
			return this.clearC1();
		}
		this.underflow();
		this.read(0, x);
		this.read(i, y);
		if (empty0) x.copy(ar.r);
		if (emptyI) y.copy(ar.r);
		if (this.settle(EARLY)) return;
		this.write(0, y);
		this.write(i, x);
	}

	/** fcmovcc ST(0), ST(i). Quirk: C1 stays as it is. */
	move(condition: boolean, i: number) {
		if (this.isEmpty(0) || this.isEmpty(i)) {
			this.underflow();
			if (this.settle(EARLY)) return;
			this.write(0, this.ar.r);
			return;
		}
		if (condition) {
			this.read(i, this.x);
			this.write(0, this.x);
		}
	}

	/** ffree ST(i); with `pops` the undocumented ffreep. */
	free(i: number, pops: number) {
		this.markEmpty(i);
		this.status &= ~C1;
		if (pops !== 0) this.pop();
	}

	/** fnop. */
	nothing() {}

	/** fincstp (1) and fdecstp (7): turns the stack without touching tags. */
	turn(by: number) {
		for (; by > 0; by--) this.advance();
		this.status &= ~C1;
	}
}
