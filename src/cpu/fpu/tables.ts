/**
 * The constants of the transcendental functions, computed from their series in exact integers (BigInt) when a processor first needs
 * them: nothing to mistype, and no numbers that are given twice.
 */
import { type Fixed, LIMB_BITS, LIMBS } from './fixed.ts';

/** Bits behind the point while computing. */
const W = 400n;
const ONE = 1n << W;

/** Σ ±(a/b)^(2k+1) / (2k+1): arctangent (alternating), or its hyperbolic sister. */
function arctangent(a: bigint, b: bigint, hyperbolic: boolean): bigint {
	let power = (a << W) / b;
	let sum = 0n;
	for (let k = 1n; power > 0n; k += 2n) {
		const term = power / k;
		sum += hyperbolic || k % 4n === 1n ? term : -term;
		power = (power * a * a) / (b * b);
	}
	return sum;
}

/** A number of 400 bits as limbs, cut off. */
function limbs(value: bigint, count: number = LIMBS): Fixed {
	return Float64Array.from({ length: count }, (_, i) =>
		Number((value >> (W - BigInt(i * LIMB_BITS))) & (i === 0 ? 0xffffffn : BigInt(2 ** LIMB_BITS - 1))),
	);
}

/** Limbs of 2/π: 12 behind the point leave 144 good bits of x·2/π for every |x| < 2^63, however near to an integer it is. */
export const TWO_OVER_PI_LIMBS = 13;
/** Zero limbs in front of 2/π in its table: the multiplication begins left of it. */
export const TWO_OVER_PI_PAD = 3;
/** Steps of the tables: arctangents of i/32 for i = 0..32, logarithms of i/64 for i = 45..91. */
export const ATAN_STEPS = 32;
export const LOG_STEPS = 64;
const LOG_FIRST = 45;
const LOG_LAST = 91;
/** Coefficients of the longest series: sines and exponentials of arguments below 1, arctangents below 1/64. */
const FACTORIALS = 40;
const ODDS = 16;

export interface Tables {
	readonly pi: Fixed;
	readonly halfPi: Fixed;
	/** π/2, and 2/π of `TWO_OVER_PI_LIMBS` limbs behind `TWO_OVER_PI_PAD` zeros, for the reduction of angles. */
	readonly reducingHalfPi: Fixed;
	readonly twoOverPi: Fixed;
	readonly ln2: Fixed;
	/** 2 / ln 2. */
	readonly twoOverLn2: Fixed;
	/** atan(i / 32). */
	readonly atan: readonly Fixed[];
	/** 1/n!, and 1/(2k + 1): the coefficients of the series. */
	readonly inverseFactorials: readonly Fixed[];
	readonly inverseOdds: readonly Fixed[];
	/** |log2(i / 64)| by i; undefined outside of 45..91. */
	readonly log2: readonly Fixed[];
}

/** π, 400 bits behind the point, by Machin's formula. */
const makePi = (): bigint => 16n * arctangent(1n, 5n, false) - 4n * arctangent(1n, 239n, false);

/** The π of 66 bits that processors reduce angles with (SDM vol. 1, 8.3.8), for comparisons with them. */
export const PI_66 = 0x3243f6a8885a308d3n << (W - 64n);

/** @param reduction the π that angles are reduced with; the default is as exact as it has to be. */
export function makeTables(reduction?: bigint): Tables {
	const pi = makePi();
	const reducing = reduction ?? pi;
	const ln2 = 2n * arctangent(1n, 3n, true);
	const atan: Fixed[] = [];
	const steps = BigInt(ATAN_STEPS);
	let sum = 0n;
	for (let i = 0n; i <= steps; i++) {
		// atan(i/n) - atan((i-1)/n) = atan(n / (n² + i(i-1)))
		if (i > 0n) sum += arctangent(steps, steps * steps + i * (i - 1n), false);
		atan.push(limbs(sum));
	}
	const inverseFactorials: Fixed[] = [];
	for (let n = 0n, f = ONE; n < FACTORIALS; n++, f /= n) inverseFactorials.push(limbs(f));
	const inverseOdds = Array.from({ length: ODDS }, (_, k) => limbs(ONE / BigInt(2 * k + 1)));
	const log2: Fixed[] = [];
	const put = (i: number, ln: bigint) => {
		log2[i] = limbs((ln << W) / ln2);
	};
	// ln(i / (i-1)) = 2 artanh(1 / (2i-1))
	sum = 0n;
	put(LOG_STEPS, sum);
	for (let i = LOG_STEPS + 1; i <= LOG_LAST; i++) put(i, (sum += 2n * arctangent(1n, BigInt(2 * i - 1), true)));
	sum = 0n;
	for (let i = LOG_STEPS - 1; i >= LOG_FIRST; i--) put(i, (sum += 2n * arctangent(1n, BigInt(2 * i + 1), true)));
	return {
		pi: limbs(pi),
		halfPi: limbs(pi / 2n),
		reducingHalfPi: limbs(reducing / 2n),
		twoOverPi: new Float64Array([...Array(TWO_OVER_PI_PAD).fill(0), ...limbs((2n * ONE * ONE) / reducing, TWO_OVER_PI_LIMBS)]),
		ln2: limbs(ln2),
		twoOverLn2: limbs((2n * ONE * ONE) / ln2),
		atan,
		inverseFactorials,
		inverseOdds,
		log2,
	};
}
