/**
 * The transcendental functions as exact numbers of several hundred bits, for the tests: other series and reductions than those of
 * src/cpu/fpu/kernels.ts, in BigInt. Results are cut off, never exact.
 */
import { type Exact, floorSqrt } from './exact.ts';

/** Bits behind the point while computing. */
const P = 640;
const ONE = 1n << BigInt(P);

const times = (a: bigint, b: bigint): bigint => (a * b) >> BigInt(P);
const over = (a: bigint, b: bigint): bigint => (a << BigInt(P)) / b;
const root = (a: bigint): bigint => floorSqrt(a << BigInt(P));
const absolute = (a: bigint): bigint => (a < 0n ? -a : a);

/** An exact number as fixed point. */
function fixed(x: Exact): bigint {
	const e = x.e + P;
	const m = e >= 0 ? x.m << BigInt(e) : x.m >> BigInt(-e);
	return x.sign ? -m : m;
}

function result(value: bigint, e = -P): Exact {
	return { sign: value < 0n, m: absolute(value), e, rest: true };
}

/** π by the arithmetic-geometric mean (Gauss–Legendre). */
function makePi(): bigint {
	let a = ONE;
	let b = over(ONE, root(2n * ONE));
	let t = ONE / 4n;
	let p = 1n;
	for (let i = 0; i < 11; i++) {
		const next = (a + b) / 2n;
		b = root(times(a, b));
		t -= p * times(a - next, a - next);
		a = next;
		p *= 2n;
	}
	return over(times(a + b, a + b), 4n * t);
}
const PI = makePi();

/** e^x - 1 by its series at x / 2^20, squared up again. */
function expm1(x: bigint): bigint {
	const halvings = 20n;
	const y = x >> halvings;
	let sum = 0n;
	let term = ONE;
	for (let k = 1n; ; k++) {
		term = times(term, y) / k;
		if (absolute(term) <= 1n) break;
		sum += term;
	}
	for (let i = 0n; i < halvings; i++) sum = 2n * sum + times(sum, sum);
	return sum;
}

/** ln x by Newton's iteration on e^y. */
function ln(x: bigint): bigint {
	let y = BigInt(Math.round(Math.log(Number(x >> BigInt(P - 60)) / 2 ** 60) * 2 ** 50)) << BigInt(P - 50);
	for (let i = 0; i < 5; i++) {
		// y += 2 (x - e^y) / (x + e^y)
		const power = expm1(y) + ONE;
		y += over(2n * (x - power), x + power);
	}
	return y;
}
const LN2 = ln(2n * ONE);

/** sin and cos by their series at x / 2^12, doubled up again. */
function sinCos(x: bigint): readonly [bigint, bigint] {
	const doublings = 12n;
	const y = x >> doublings;
	const square = times(y, y);
	let s = 0n;
	// 1 - cos, so that nothing is lost
	let versine = 0n;
	let term = y;
	for (let k = 1n; term !== 0n && term !== -1n; k += 2n) {
		s += term;
		term = -times(term, square) / ((k + 1n) * (k + 2n));
	}
	term = square / 2n;
	for (let k = 2n; term !== 0n && term !== -1n; k += 2n) {
		versine += term;
		term = -times(term, square) / ((k + 1n) * (k + 2n));
	}
	for (let i = 0n; i < doublings; i++) {
		const c = ONE - versine;
		versine = 2n * times(s, s);
		s = 2n * times(s, c);
	}
	return [s, ONE - versine];
}

/** atan by halving the angle: atan t = 2 atan(t / (1 + √(1 + t²))). */
function atan(t: bigint): bigint {
	const halvings = 16;
	for (let i = 0; i < halvings; i++) t = over(t, ONE + root(ONE + times(t, t)));
	const square = times(t, t);
	let sum = 0n;
	let power = t;
	for (let k = 1n; power !== 0n && power !== -1n; k += 2n) {
		sum += power / k;
		power = -times(power, square);
	}
	return sum << BigInt(halvings);
}

/** |x| < 2^64 modulo 2π. */
function angle(x: Exact): bigint {
	return fixed(x) % (2n * PI);
}

/** The functions, of numbers between 2^-200 and 2^64 in magnitude; the second operand is the one in ST(1). */
export const FUNCTIONS = {
	sin: (x: Exact): Exact => result(sinCos(angle(x))[0]),
	cos: (x: Exact): Exact => result(sinCos(angle(x))[1]),
	tan: (x: Exact): Exact => {
		const [s, c] = sinCos(angle(x));
		return result(over(s, c));
	},
	f2xm1: (x: Exact): Exact => result(expm1(times(fixed(x), LN2))),
	/** y log2 x. */
	fyl2x: (x: Exact, y: Exact): Exact => {
		// x = m 2^n with m near 1, so that x may be any number
		const n = x.m.toString(2).length + x.e;
		const log = over(ln(fixed({ ...x, e: x.e - n })), LN2) + BigInt(n) * ONE;
		return product(log, y);
	},
	fyl2xp1: (x: Exact, y: Exact): Exact => product(over(ln(ONE + fixed(x)), LN2), y),
	/** The angle of (x, y). */
	fpatan: (x: Exact, y: Exact): Exact => {
		const small = y.e - x.e < 0;
		// The quotient of the mantissas, whose exponents are given apart
		const ratio = small ? { m: over(y.m, x.m), d: x.e - y.e } : { m: over(x.m, y.m), d: y.e - x.e };
		const a = atan(ratio.m >> BigInt(ratio.d));
		let value = small ? a : PI / 2n - a;
		if (x.sign) value = PI - value;
		return result(y.sign ? -value : value);
	},
};

function product(log: bigint, y: Exact): Exact {
	return result((y.sign ? -y.m : y.m) * log, y.e - P);
}
