/**
 * Conversions between singles, doubles and integers, and comparisons (SDM vol. 2, CVT…, CMP…, COMI…, UCOMI…).
 */
import { Arithmetic } from './arithmetic.ts';
import { DOUBLE, decode, Mx, Rc, SINGLE } from './exact.ts';

/** What a value out of range, or a NaN, becomes: the integer indefinite. */
const INDEFINITE = 0x80000000 | 0;
/** 1.5 × 2^52: adding and subtracting it rounds to an integer, to nearest even. */
const TO_INTEGER = 6755399441055744;
const MIN32 = 2 ** -125;
const MAX32 = 2 ** 127;
const RZ = Rc.ZERO;

/** Bits of eflags that comiss and its kin write. */
const ZF = 0x40;
const PF = 0x04;
const CF = 0x01;

const nan32 = (bits: number): boolean => (bits & 0x7fffffff) > 0x7f800000;
const signalling32 = (bits: number): boolean => nan32(bits) && (bits & 0x400000) === 0;
const denormal32 = (bits: number): boolean => (bits & 0x7f800000) === 0 && (bits & 0x7fffffff) !== 0;

export class Convert extends Arithmetic {
	private readonly Y = new Int32Array(2);
	private readonly YS = new Float32Array(this.Y.buffer);

	/** A finite or infinite number to an i32 by a rounding; notes IE or PE. */
	private integer(x: number, rc: number): number {
		let r: number;
		if (rc === RZ) r = Math.trunc(x);
		else if (rc === Rc.DOWN) r = Math.floor(x);
		else if (rc === Rc.UP) r = Math.ceil(x);
		else r = Math.abs(x) < 4294967296 ? x + TO_INTEGER - TO_INTEGER : x;
		if (!(r >= -2147483648 && r <= 2147483647)) {
			this.early |= Mx.IE;
			return INDEFINITE;
		}
		if (r !== x) this.late |= Mx.PE;
		return r | 0;
	}
	private singleToInteger(word: number, rc: number): number {
		const bits = this.M[word];
		return this.mxcsr & Mx.DAZ && denormal32(bits) ? 0 : this.integer(this.S[word], rc);
	}
	private doubleToInteger(word: number, rc: number): number {
		return this.mxcsr & Mx.DAZ && (this.M[word + 1] & 0x7ff00000) === 0 ? 0 : this.integer(this.D[word >> 1], rc);
	}
	private get rc(): number {
		return this.mxcsr & Mx.RC;
	}

	// To integers
	cvtss2si(b: number): number {
		this.begin();
		const r = this.singleToInteger(b, this.rc);
		this.settle();
		return r;
	}
	cvttss2si(b: number): number {
		this.begin();
		const r = this.singleToInteger(b, RZ);
		this.settle();
		return r;
	}
	cvtsd2si(b: number): number {
		this.begin();
		const r = this.doubleToInteger(b, this.rc);
		this.settle();
		return r;
	}
	cvttsd2si(b: number): number {
		const x = this.D[b >> 1];
		// What nearly all calls find: in range, and exact or inexact already noted
		if (x > -2147483649 && x < 2147483648) {
			const r = Math.trunc(x) | 0;
			if (r === x || (this.mxcsr & 0x1020) === 0x1020) return r;
		}
		this.begin();
		const r = this.doubleToInteger(b, RZ);
		this.settle();
		return r;
	}
	cvtps2dq(d: number, b: number): void {
		this.singlesToIntegers(d, b, 4, this.rc);
	}
	cvttps2dq(d: number, b: number): void {
		this.singlesToIntegers(d, b, 4, RZ);
	}
	cvtps2pi(d: number, b: number): void {
		this.singlesToIntegers(d, b, 2, this.rc);
	}
	cvttps2pi(d: number, b: number): void {
		this.singlesToIntegers(d, b, 2, RZ);
	}
	private singlesToIntegers(d: number, b: number, lanes: number, rc: number): void {
		const { M, R } = this;
		this.begin();
		for (let i = 0; i < lanes; i++) R[i] = this.singleToInteger(b + i, rc);
		this.settle();
		for (let i = 0; i < lanes; i++) M[d + i] = R[i];
	}
	cvtpd2dq(d: number, b: number): void {
		this.doublesToIntegers(d, b, 4, this.rc);
	}
	cvttpd2dq(d: number, b: number): void {
		this.doublesToIntegers(d, b, 4, RZ);
	}
	cvtpd2pi(d: number, b: number): void {
		this.doublesToIntegers(d, b, 2, this.rc);
	}
	cvttpd2pi(d: number, b: number): void {
		this.doublesToIntegers(d, b, 2, RZ);
	}
	private doublesToIntegers(d: number, b: number, words: number, rc: number): void {
		const { M, R } = this;
		this.begin();
		R[0] = this.doubleToInteger(b, rc);
		R[1] = this.doubleToInteger(b + 2, rc);
		R[2] = R[3] = 0;
		this.settle();
		for (let i = 0; i < words; i++) M[d + i] = R[i];
	}

	// From integers
	private integerToSingle(value: number): number {
		const { R, RS } = this;
		const r = Math.fround(value);
		RS[3] = r;
		if (r !== value) {
			this.late |= Mx.PE;
			const { rc } = this;
			if (rc !== Rc.NEAREST) R[3] += this.step(rc, r, value - r);
		}
		return R[3];
	}
	cvtsi2ss(d: number, value: number): void {
		this.begin();
		const r = this.integerToSingle(value);
		this.settle();
		this.M[d] = r;
	}
	cvtsi2sd(d: number, value: number): void {
		this.D[d >> 1] = value;
	}
	cvtdq2ps(d: number, b: number): void {
		this.integersToSingles(d, b, 4);
	}
	cvtpi2ps(d: number, b: number): void {
		this.integersToSingles(d, b, 2);
	}
	private integersToSingles(d: number, b: number, lanes: number): void {
		const { M, R } = this;
		this.begin();
		const out = [0, 0, 0, 0];
		for (let i = 0; i < lanes; i++) out[i] = this.integerToSingle(M[b + i]);
		this.settle();
		for (let i = 0; i < lanes; i++) M[d + i] = R[i] = out[i];
	}
	/** cvtdq2pd, cvtpi2pd. */
	cvtdq2pd(d: number, b: number): void {
		const { M, D } = this;
		const x = M[b];
		const y = M[b + 1];
		D[d >> 1] = x;
		D[(d >> 1) + 1] = y;
	}

	// Between single and double
	/** To R[i], R[i + 1]. */
	private extend(word: number, i: number): void {
		const { R, RD, mxcsr } = this;
		let bits = this.M[word];
		if (nan32(bits)) {
			if (signalling32(bits)) this.early |= Mx.IE;
			R[i] = bits << 29;
			R[i + 1] = (bits & 0x80000000) | 0x7ff80000 | ((bits & 0x7fffff) >>> 3);
			return;
		}
		if (denormal32(bits)) {
			if (mxcsr & Mx.DAZ) bits &= 0x80000000;
			else this.early |= Mx.DE;
		}
		const { Y, YS } = this;
		Y[0] = bits;
		RD[i >> 1] = YS[0];
	}
	/** Bits of a double as a single. */
	private narrow(word: number): number {
		const { M, R, RS, mxcsr } = this;
		const lo = M[word];
		const hi = M[word + 1];
		const x = this.D[word >> 1];
		if (Number.isNaN(x)) {
			if ((hi & 0x80000) === 0) this.early |= Mx.IE;
			return (hi & 0x80000000) | 0x7fc00000 | ((hi & 0xfffff) << 3) | (lo >>> 29);
		}
		if (x === 0 || Math.abs(x) === Infinity) return (hi & 0x80000000) | (x === 0 ? 0 : 0x7f800000);
		if ((hi & 0x7ff00000) === 0) {
			if (mxcsr & Mx.DAZ) return hi & 0x80000000;
			this.early |= Mx.DE;
		}
		const r = Math.fround(x);
		const size = Math.abs(r);
		if (size > MIN32 && size < MAX32) {
			RS[3] = r;
			if (r !== x) {
				this.late |= Mx.PE;
				const { rc } = this;
				if (rc !== Rc.NEAREST) R[3] += this.step(rc, r, x - r);
			}
			return R[3];
		}
		const exact = decode(DOUBLE, (BigInt(hi >>> 0) << 32n) | BigInt(lo >>> 0));
		return Number(BigInt.asIntN(32, this.enter(SINGLE, exact)));
	}
	cvtss2sd(d: number, b: number): void {
		const { M, R } = this;
		this.begin();
		this.extend(b, 0);
		this.settle();
		M[d] = R[0];
		M[d + 1] = R[1];
	}
	cvtps2pd(d: number, b: number): void {
		this.begin();
		this.extend(b, 0);
		this.extend(b + 1, 2);
		this.finish(d);
	}
	cvtsd2ss(d: number, b: number): void {
		this.begin();
		const r = this.narrow(b);
		this.settle();
		this.M[d] = r;
	}
	cvtpd2ps(d: number, b: number): void {
		const { R } = this;
		this.begin();
		const x = this.narrow(b);
		const y = this.narrow(b + 2);
		R[0] = x;
		R[1] = y;
		R[2] = R[3] = 0;
		this.finish(d);
	}

	// Comparisons
	/** Order of two singles: -1 less, 0 equal, 1 greater, 2 unordered. `quiet`: QNaNs raise nothing. */
	private orderSingles(a: number, b: number, quiet: boolean): number {
		const { M, Y, YS } = this;
		const x = M[a];
		const y = M[b];
		if (nan32(x) || nan32(y)) {
			if (!quiet || signalling32(x) || signalling32(y)) this.early |= Mx.IE;
			return 2;
		}
		Y[0] = x;
		Y[1] = y;
		if (denormal32(x) || denormal32(y)) {
			if (this.mxcsr & Mx.DAZ) {
				if (denormal32(x)) Y[0] = 0;
				if (denormal32(y)) Y[1] = 0;
			} else this.early |= Mx.DE;
		}
		return YS[0] < YS[1] ? -1 : YS[0] > YS[1] ? 1 : 0;
	}
	private orderDoubles(a: number, b: number, quiet: boolean): number {
		const { M, D } = this;
		let x = D[a >> 1];
		let y = D[b >> 1];
		if (Number.isNaN(x) || Number.isNaN(y)) {
			const signalling = (Number.isNaN(x) && !(M[a + 1] & 0x80000)) || (Number.isNaN(y) && !(M[b + 1] & 0x80000));
			if (!quiet || signalling) this.early |= Mx.IE;
			return 2;
		}
		const tinyX = x !== 0 && (M[a + 1] & 0x7ff00000) === 0;
		const tinyY = y !== 0 && (M[b + 1] & 0x7ff00000) === 0;
		if (tinyX || tinyY) {
			if (this.mxcsr & Mx.DAZ) {
				if (tinyX) x = 0;
				if (tinyY) y = 0;
			} else this.early |= Mx.DE;
		}
		return x < y ? -1 : x > y ? 1 : 0;
	}
	private flags(order: number): number {
		this.settle();
		return order === 2 ? ZF | PF | CF : order === 0 ? ZF : order < 0 ? CF : 0;
	}
	/** eflags of comiss and its kin. */
	comiss(a: number, b: number): number {
		this.begin();
		return this.flags(this.orderSingles(a, b, false));
	}
	ucomiss(a: number, b: number): number {
		this.begin();
		return this.flags(this.orderSingles(a, b, true));
	}
	comisd(a: number, b: number): number {
		this.begin();
		return this.flags(this.orderDoubles(a, b, false));
	}
	ucomisd(a: number, b: number): number {
		this.begin();
		return this.flags(this.orderDoubles(a, b, true));
	}
	/** 0 eq, 1 lt, 2 le, 3 unord, 4 neq, 5 nlt, 6 nle, 7 ord: lt and le object to QNaNs. */
	private holds(order: number, predicate: number): boolean {
		const p = predicate & 3;
		const plain = p === 0 ? order === 0 : p === 1 ? order < 0 : p === 2 ? order <= 0 : order === 2;
		return plain !== ((predicate & 4) !== 0);
	}
	private compareSingles(lanes: number, d: number, b: number, imm: number): void {
		const { M, R } = this;
		const quiet = (imm & 3) === 0 || (imm & 3) === 3;
		this.begin();
		for (let i = 0; i < lanes; i++) R[i] = this.holds(this.orderSingles(d + i, b + i, quiet), imm) ? -1 : 0;
		this.settle();
		for (let i = 0; i < lanes; i++) M[d + i] = R[i];
	}
	private compareDoubles(lanes: number, d: number, b: number, imm: number): void {
		const { M, R } = this;
		const quiet = (imm & 3) === 0 || (imm & 3) === 3;
		this.begin();
		for (let i = 0; i < 2 * lanes; i += 2) R[i] = R[i + 1] = this.holds(this.orderDoubles(d + i, b + i, quiet), imm) ? -1 : 0;
		this.settle();
		for (let i = 0; i < 2 * lanes; i++) M[d + i] = R[i];
	}
	cmpps(d: number, b: number, imm: number): void {
		this.compareSingles(4, d, b, imm);
	}
	cmpss(d: number, b: number, imm: number): void {
		this.compareSingles(1, d, b, imm);
	}
	cmppd(d: number, b: number, imm: number): void {
		this.compareDoubles(2, d, b, imm);
	}
	cmpsd(d: number, b: number, imm: number): void {
		this.compareDoubles(1, d, b, imm);
	}
}
