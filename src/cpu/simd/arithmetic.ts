/**
 * SSE and SSE2 arithmetic on single and double lanes (SDM vol. 1, 11.5): add, subtract, multiply, divide, square root, minimum,
 * maximum. The printed fast path (fast.ts) has taken what needs no thought; here every case is exact: host doubles with their
 * rounding error where that error is representable, integers of any size (exact.ts) elsewhere.
 */
import { MXCSR_W } from '../layout.ts';
import { DOUBLE, decode, type Exact, type Format, Mx, product, quotient, Rc, root, round, SINGLE, sum } from './exact.ts';
import { Shuffle } from './shuffle.ts';

/** Arithmetic operations. */
export const Op = { ADD: 0, SUB: 1, MUL: 2, DIV: 3, SQRT: 4, MIN: 5, MAX: 6 } as const;

/** 2^27 + 1: splits a double into two halves of 26 bits (Veltkamp). */
const SPLIT = 134217729;
const MIN64 = 2 ** -1021;
const MAX64 = 2 ** 1023;
/** Bounds within which the error of a product is a double, and splitting does not overflow. */
const MIN_PRODUCT = 2 ** -960;
const MAX_FACTOR = 2 ** 990;
const MIN_FACTOR = 2 ** -960;
const MIN32 = 2 ** -125;
const MAX32 = 2 ** 127;
/** Default NaN. */
const QNAN32 = 0xffc00000 | 0;
const QNAN64_HIGH = 0xfff80000 | 0;

/** Error of the sum s = a + b (Knuth): s + error is exact. */
function sumError(a: number, b: number, s: number): number {
	const z = s - a;
	return a - (s - z) + (b - z);
}
/** Error of the product p = a * b (Dekker). */
function productError(a: number, b: number, p: number): number {
	const c = SPLIT * a;
	const ah = c - (c - a);
	const al = a - ah;
	const d = SPLIT * b;
	const bh = d - (d - b);
	const bl = b - bh;
	return al * bl - (p - ah * bh - al * bh - ah * bl);
}

export class Arithmetic extends Shuffle {
	readonly D: Float64Array;
	readonly S: Float32Array;
	/** Raises #XM; the flags to enter into MXCSR go with the fault. */
	readonly raise: (flags: number) => never;
	/** Results of lanes until all are known to raise nothing. */
	protected readonly R = new Int32Array(4);
	protected readonly RD = new Float64Array(this.R.buffer);
	protected readonly RS = new Float32Array(this.R.buffer);
	/** Operands after DAZ. */
	private readonly X = new Int32Array(4);
	private readonly XD = new Float64Array(this.X.buffer);
	private readonly XS = new Float32Array(this.X.buffer);
	/** Exceptions met before computing (IE DE ZE), and by rounding (OE UE PE). */
	protected early = 0;
	protected late = 0;

	constructor(buffer: ArrayBufferLike, raise: (flags: number) => never) {
		super(buffer);
		this.D = new Float64Array(buffer);
		this.S = new Float32Array(buffer);
		this.raise = raise;
	}

	get mxcsr(): number {
		return this.M[MXCSR_W];
	}
	protected begin(): void {
		this.early = 0;
		this.late = 0;
	}
	/** Enters the exceptions met into MXCSR, or raises #XM. An unmasked one before computing hides those of rounding. */
	protected settle(): void {
		const { early, late, M } = this;
		const mxcsr = M[MXCSR_W];
		const unmasked = ~(mxcsr >> 7);
		if (early & unmasked) this.raise(early);
		if (late & unmasked) this.raise(early | late);
		M[MXCSR_W] = mxcsr | early | late;
	}

	/** Packed and scalar operations: `lanes` of singles or doubles. */
	singles(op: number, lanes: number, d: number, b: number): void {
		const { M, R } = this;
		this.begin();
		for (let i = 0; i < lanes; i++) R[i] = this.single(op, M[d + i], M[b + i]);
		this.settle();
		for (let i = 0; i < lanes; i++) M[d + i] = R[i];
	}
	doubles(op: number, lanes: number, d: number, b: number): void {
		const { M, R } = this;
		this.begin();
		for (let i = 0; i < 2 * lanes; i += 2) this.double(op, M[d + i], M[d + i + 1], M[b + i], M[b + i + 1], i);
		this.settle();
		for (let i = 0; i < 2 * lanes; i++) M[d + i] = R[i];
	}

	/** One single operation on bit patterns. */
	protected single(op: number, a: number, b: number): number {
		const { mxcsr } = this;
		if (op === Op.SQRT) a = b;
		if (mxcsr & Mx.DAZ) {
			if ((a & 0x7f800000) === 0) a &= 0x80000000;
			if ((b & 0x7f800000) === 0) b &= 0x80000000;
		}
		const ma = a & 0x7fffffff;
		const mb = b & 0x7fffffff;
		if (ma > 0x7f800000 || mb > 0x7f800000) {
			if (op >= Op.MIN) {
				this.early |= Mx.IE;
				return b;
			}
			const signalling = (ma > 0x7f800000 && (ma & 0x400000) === 0) || (mb > 0x7f800000 && (mb & 0x400000) === 0);
			if (signalling) this.early |= Mx.IE;
			return (ma > 0x7f800000 ? a : b) | 0x400000;
		}
		const denormal = (ma !== 0 && ma < 0x800000) || (mb !== 0 && mb < 0x800000);
		const { X, XS } = this;
		X[0] = a;
		X[1] = b;
		const x = XS[0];
		const y = XS[1];
		if (op >= Op.MIN) {
			if (denormal) this.early |= Mx.DE;
			return (op === Op.MIN ? x < y : x > y) ? a : b;
		}
		if (this.invalid(op, x, y)) return QNAN32;
		if (denormal && !(op === Op.DIV && y === 0)) this.early |= Mx.DE;
		let r: number;
		let error: number;
		switch (op) {
			case Op.ADD:
			case Op.SUB: {
				const z = op === Op.SUB ? -y : y;
				const s = x + z;
				r = Math.fround(s);
				error = s !== r ? s - r : sumError(x, z, s);
				if (r === 0) return this.zeroSum(x, z) ? 0x80000000 | 0 : 0;
				break;
			}
			case Op.MUL: {
				const p = x * y;
				r = Math.fround(p);
				error = p - r;
				break;
			}
			case Op.DIV:
				r = Math.fround(x / y);
				error = x - r * y;
				if (y < 0) error = -error;
				break;
			default:
				r = Math.fround(Math.sqrt(y));
				error = y - r * r;
		}
		const size = Math.abs(r);
		const { RS, R } = this;
		if (!(size > MIN32 && size < MAX32)) {
			if (!this.plain(op, x, y)) return Number(BigInt.asIntN(32, this.rounded(SINGLE, op, BigInt(a >>> 0), BigInt(b >>> 0))));
			RS[3] = r;
			return R[3];
		}
		RS[3] = r;
		if (error === 0) return R[3];
		this.late |= Mx.PE;
		const rc = mxcsr & Mx.RC;
		if (rc !== Rc.NEAREST) R[3] += this.step(rc, r, error);
		return R[3];
	}

	/** One double operation on bit patterns; the result goes to R[i], R[i + 1]. */
	protected double(op: number, al: number, ah: number, bl: number, bh: number, i: number): void {
		const { mxcsr, R, RD, X, XD } = this;
		if (op === Op.SQRT) {
			al = bl;
			ah = bh;
		}
		if (mxcsr & Mx.DAZ) {
			if ((ah & 0x7ff00000) === 0) {
				ah &= 0x80000000;
				al = 0;
			}
			if ((bh & 0x7ff00000) === 0) {
				bh &= 0x80000000;
				bl = 0;
			}
		}
		X[0] = al;
		X[1] = ah;
		X[2] = bl;
		X[3] = bh;
		const x = XD[0];
		const y = XD[1];
		if (Number.isNaN(x) || Number.isNaN(y)) {
			if (op >= Op.MIN) {
				this.early |= Mx.IE;
				R[i] = bl;
				R[i + 1] = bh;
				return;
			}
			const first = Number.isNaN(x);
			if ((first && (ah & 0x80000) === 0) || (Number.isNaN(y) && (bh & 0x80000) === 0)) this.early |= Mx.IE;
			R[i] = first ? al : bl;
			R[i + 1] = (first ? ah : bh) | 0x80000;
			return;
		}
		const denormal = (x !== 0 && (ah & 0x7ff00000) === 0) || (y !== 0 && (bh & 0x7ff00000) === 0);
		if (op >= Op.MIN) {
			if (denormal) this.early |= Mx.DE;
			const first = op === Op.MIN ? x < y : x > y;
			R[i] = first ? al : bl;
			R[i + 1] = first ? ah : bh;
			return;
		}
		if (this.invalid(op, x, y)) {
			R[i] = 0;
			R[i + 1] = QNAN64_HIGH;
			return;
		}
		if (denormal && !(op === Op.DIV && y === 0)) this.early |= Mx.DE;
		let r: number;
		let error = 0;
		let safe = true;
		switch (op) {
			case Op.ADD:
			case Op.SUB: {
				const z = op === Op.SUB ? -y : y;
				r = x + z;
				error = sumError(x, z, r);
				if (r === 0) {
					R[i] = 0;
					R[i + 1] = this.zeroSum(x, z) ? 0x80000000 | 0 : 0;
					return;
				}
				break;
			}
			case Op.MUL:
				r = x * y;
				safe = Math.abs(r) > MIN_PRODUCT && Math.abs(x) < MAX_FACTOR && Math.abs(y) < MAX_FACTOR;
				if (safe) error = productError(x, y, r);
				break;
			case Op.DIV: {
				r = x / y;
				const [sx, sy, sr] = [Math.abs(x), Math.abs(y), Math.abs(r)];
				safe = sx > MIN_PRODUCT && sx < MAX_FACTOR && sy > MIN_FACTOR && sy < MAX_FACTOR && sr > MIN_FACTOR && sr < MAX_FACTOR;
				if (safe) {
					const p = r * y;
					error = x - p - productError(r, y, p);
					if (y < 0) error = -error;
				}
				break;
			}
			default: {
				r = Math.sqrt(y);
				safe = y > MIN_PRODUCT && y < MAX_FACTOR;
				if (safe) {
					const p = r * r;
					error = y - p - productError(r, r, p);
				}
			}
		}
		const size = Math.abs(r);
		if (!safe || !(size > MIN64 && size < MAX64)) {
			if (this.plain(op, x, y)) RD[i >> 1] = r;
			else {
				const bits = this.rounded(
					DOUBLE,
					op,
					(BigInt(ah >>> 0) << 32n) | BigInt(al >>> 0),
					(BigInt(bh >>> 0) << 32n) | BigInt(bl >>> 0),
				);
				R[i] = Number(bits & 0xffffffffn);
				R[i + 1] = Number(bits >> 32n);
			}
			return;
		}
		RD[i >> 1] = r;
		if (error === 0) return;
		this.late |= Mx.PE;
		const rc = mxcsr & Mx.RC;
		if (rc !== Rc.NEAREST) this.stepDouble(i, this.step(rc, r, error));
	}

	/** Moves the double in R[i], R[i + 1] by one unit in its last place, or not at all. */
	protected stepDouble(i: number, by: number): void {
		const { R } = this;
		const lo = R[i];
		R[i] = lo + by;
		if (by > 0 && R[i] === 0) R[i + 1]++;
		if (by < 0 && lo === 0) R[i + 1]--;
	}

	/** What to add to the bits of r, which is the exact result rounded to nearest, for another rounding; the exact one is r + error. */
	protected step(rc: number, r: number, error: number): number {
		if (rc === Rc.ZERO) return r < 0 === error < 0 ? 0 : -1;
		if (rc === Rc.DOWN) return error < 0 ? (r < 0 ? 1 : -1) : 0;
		return error > 0 ? (r < 0 ? -1 : 1) : 0;
	}

	/** Whether the operation is invalid, or a division by zero; notes it. */
	private invalid(op: number, x: number, y: number): boolean {
		const infinite = Math.abs(y) === Infinity;
		let bad = false;
		if (op === Op.ADD) bad = infinite && x === -y;
		else if (op === Op.SUB) bad = infinite && x === y;
		else if (op === Op.MUL) bad = (infinite && x === 0) || (Math.abs(x) === Infinity && y === 0);
		else if (op === Op.SQRT) bad = y < 0;
		else {
			bad = (x === 0 && y === 0) || (infinite && Math.abs(x) === Infinity);
			if (y === 0 && x !== 0 && Math.abs(x) !== Infinity) this.early |= Mx.ZE;
		}
		if (bad) this.early |= Mx.IE;
		return bad;
	}

	/** Whether a sum of zero is negative: both terms are, or they differ and rounding is down. */
	private zeroSum(x: number, y: number): boolean {
		if (x === 0 && y === 0 && Object.is(x, y)) return Object.is(x, -0);
		return (this.mxcsr & Mx.RC) === Rc.DOWN;
	}

	/** Whether the host's result is exact because of an operand: infinite, or zero in a product, quotient or root. */
	private plain(op: number, x: number, y: number): boolean {
		if (op === Op.SQRT) return y === 0 || y === Infinity;
		if (Math.abs(x) === Infinity || Math.abs(y) === Infinity) return true;
		if (op === Op.MUL) return x === 0 || y === 0;
		return op === Op.DIV && (x === 0 || y === 0);
	}

	/** The operation by integers. */
	private rounded(f: Format, op: number, a: bigint, b: bigint): bigint {
		const x = decode(f, a);
		const y = decode(f, b);
		let exact: Exact | undefined;
		if (op === Op.ADD) exact = sum(x, y);
		else if (op === Op.SUB) exact = sum(x, { ...y, negative: !y.negative });
		else if (op === Op.MUL) exact = product(x, y);
		else exact = op === Op.DIV ? quotient(x, y) : root(y);
		return exact === undefined ? 0n : this.enter(f, exact);
	}
	/** Rounds to a format and notes the exceptions of that. */
	protected enter(f: Format, exact: Exact): bigint {
		const { bits, flags } = round(f, exact, this.mxcsr);
		this.late |= flags;
		return bits;
	}

	// SSE3: pairs within the operands, and both operations side by side
	haddps(d: number, b: number): void {
		this.horizontalSingles(Op.ADD, d, b);
	}
	hsubps(d: number, b: number): void {
		this.horizontalSingles(Op.SUB, d, b);
	}
	private horizontalSingles(op: number, d: number, b: number): void {
		const { M, R } = this;
		this.begin();
		for (let i = 0; i < 4; i++) {
			const at = i < 2 ? d + 2 * i : b + 2 * i - 4;
			R[i] = this.single(op, M[at], M[at + 1]);
		}
		this.finish(d);
	}
	haddpd(d: number, b: number): void {
		this.horizontalDoubles(Op.ADD, d, b);
	}
	hsubpd(d: number, b: number): void {
		this.horizontalDoubles(Op.SUB, d, b);
	}
	private horizontalDoubles(op: number, d: number, b: number): void {
		const { M } = this;
		this.begin();
		this.double(op, M[d], M[d + 1], M[d + 2], M[d + 3], 0);
		this.double(op, M[b], M[b + 1], M[b + 2], M[b + 3], 2);
		this.finish(d);
	}
	addsubps(d: number, b: number): void {
		const { M, R } = this;
		this.begin();
		for (let i = 0; i < 4; i++) R[i] = this.single(i & 1 ? Op.ADD : Op.SUB, M[d + i], M[b + i]);
		this.finish(d);
	}
	addsubpd(d: number, b: number): void {
		const { M } = this;
		this.begin();
		this.double(Op.SUB, M[d], M[d + 1], M[b], M[b + 1], 0);
		this.double(Op.ADD, M[d + 2], M[d + 3], M[b + 2], M[b + 3], 2);
		this.finish(d);
	}
	/** Writes all four words of the result, unless #XM. */
	protected finish(d: number): void {
		this.settle();
		for (let i = 0; i < 4; i++) this.M[d + i] = this.R[i];
	}
}
