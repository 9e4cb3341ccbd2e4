/**
 * The x87's arithmetic and comparisons: one method for each form of operand (SDM vol. 2, FADD … FDIVR, FCOM, FCOMI, FTST, FXAM).
 */
import { fromFloat32, fromFloat64, fromInt32 } from './convert.ts';
import { divide, divideFinite } from './divide.ts';
import { classify, DENORMAL, type Ext, INFINITY, INVALID, NORMAL, QNAN, SNAN, TOP_BIT, ZERO } from './ext.ts';
import { BIAS, C0, C1, C2, C3, CC, DE, EARLY, IE, PC_FIELD, SF, W_CONTROL, W_ST } from './layout.ts';
import { Transfer } from './transfer.ts';

/** Operations by their number in the opcode's reg field: result = ST(0) op source. */
export const Op = { ADD: 0, MUL: 1, COM: 2, COMP: 3, SUB: 4, SUBR: 5, DIV: 6, DIVR: 7 } as const;

/** Bits of eflags that fcomi and its kin write. */
const ZF = 0x40;
const PF = 0x04;
const CF = 0x01;
export class Operate extends Transfer {
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
		const exponent = (bits >>> 23) & 0xff;
		if (exponent !== 0 && exponent !== 0xff && !this.isEmpty(0) && op !== Op.COM && op !== Op.COMP) {
			const se = ((bits >>> 16) & 0x8000) | (exponent + BIAS - 127);
			if (this.plain(op, se, TOP_BIT | (bits << 8), 0)) return this.finish(0, 0);
		}
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
		const normal = x.hi < 0 && y.hi < 0 && ((x.se + 1) & 0x7fff) > 1 && ((y.se + 1) & 0x7fff) > 1;
		const kx = normal ? NORMAL : classify(x.se, x.hi, x.lo);
		const ky = normal ? NORMAL : classify(y.se, y.hi, y.lo);
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
}
