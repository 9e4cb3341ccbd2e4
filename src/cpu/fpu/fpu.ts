/**
 * The x87's instructions, one method each (loads and stores: transfer.ts; arithmetic and comparisons: operate.ts), on operands already
 * read from memory (SDM vol. 2, F…). The caller has checked `pending`, and calls `note` unless the instruction is a control instruction.
 */
import { squareRoot } from './divide.ts';
import { TOP_BIT } from './ext.ts';
import { BIAS, C1, C2, CC, EARLY, IE, SF, W_ST } from './layout.ts';
import { Operate } from './operate.ts';
import { extract, remainder, roundToInteger, scale } from './remainder.ts';
import { Angle, Transcendental } from './transcendental.ts';

export class Fpu extends Operate {
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
