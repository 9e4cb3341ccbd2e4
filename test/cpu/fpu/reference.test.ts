/** Arithmetic on normal numbers against exact integers (BigInt): every rounding, every precision, on any machine. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Arith } from '../../../src/cpu/fpu/arith.ts';
import { divide, squareRoot } from '../../../src/cpu/fpu/divide.ts';
import { Ext } from '../../../src/cpu/fpu/ext.ts';
import { BIAS, PE, RC_DOWN, RC_NEAREST, RC_UP } from '../../../src/cpu/fpu/layout.ts';
import { extended, Random } from './generate.ts';

/** (-1)^sign × m × 2^e, and whether something non-zero below it was cut off. */
interface Exact {
	readonly sign: boolean;
	readonly m: bigint;
	readonly e: number;
	readonly rest: boolean;
}

function exact(x: Ext): Exact {
	const m = (BigInt(x.hi >>> 0) << 32n) | BigInt(x.lo >>> 0);
	return { sign: (x.se & 0x8000) !== 0, m, e: (x.se & 0x7fff) - BIAS - 63, rest: false };
}

function floorSqrt(n: bigint): bigint {
	let x = 1n << BigInt((n.toString(2).length + 1) >> 1);
	for (;;) {
		const y = (x + n / x) >> 1n;
		if (y >= x) return x;
		x = y;
	}
}

function add(a: Exact, b: Exact): Exact {
	const e = Math.min(a.e, b.e);
	const part = (x: Exact) => (x.sign ? -x.m : x.m) << BigInt(x.e - e);
	const sum = part(a) + part(b);
	return { sign: sum < 0n, m: sum < 0n ? -sum : sum, e, rest: false };
}

const OPERATIONS: Readonly<Record<string, (a: Exact, b: Exact) => Exact>> = {
	add,
	sub: (a, b) => add(a, { ...b, sign: !b.sign }),
	mul: (a, b) => ({ sign: a.sign !== b.sign, m: a.m * b.m, e: a.e + b.e, rest: false }),
	div: (a, b) => {
		const n = a.m << 140n;
		return { sign: a.sign !== b.sign, m: n / b.m, e: a.e - b.e - 140, rest: n % b.m !== 0n };
	},
	sqrt: (a) => {
		const odd = a.e & 1;
		const n = a.m << BigInt(140 + odd);
		const m = floorSqrt(n);
		return { sign: false, m, e: (a.e - odd - 140) / 2, rest: m * m !== n };
	},
};

/** The extended value nearest by the rounding control, and whether it is inexact and larger. */
function rounded(x: Exact, bits: number, rc: number): { text: string; inexact: boolean; up: number } {
	const length = x.m.toString(2).length;
	const cut = BigInt(Math.max(0, length - bits));
	let kept = x.m >> cut;
	const below = x.m - (kept << cut);
	const inexact = below !== 0n || x.rest;
	const half = cut === 0n ? 0n : 1n << (cut - 1n);
	let up = false;
	if (inexact) {
		if (rc === RC_NEAREST) up = cut !== 0n && (below > half || (below === half && (x.rest || (kept & 1n) === 1n)));
		else up = rc === RC_UP ? !x.sign : rc === RC_DOWN ? x.sign : false;
	}
	if (up) kept++;
	let e = x.e + Number(cut);
	while (kept < 1n << 63n) {
		kept <<= 1n;
		e--;
	}
	while (kept >= 1n << 64n) {
		kept >>= 1n;
		e++;
	}
	return { text: `${x.sign ? '-' : ''}${kept.toString(16)}:${e + 63 + BIAS}`, inexact, up: up ? 1 : 0 };
}

const SEED = 20081011;

test(`arithmetic equals exact arithmetic (seed ${SEED})`, () => {
	const random = new Random(SEED);
	const ar = new Arith();
	const a = new Ext();
	const b = new Ext();
	const draw = (into: Ext): void => {
		do {
			const [lo, hi, se] = extended(random);
			into.set(se, hi | 0, lo | 0);
		} while (into.hi >= 0 || (into.se & 0x7fff) < 0x3f00 || (into.se & 0x7fff) > 0x40ff);
	};
	const run: Readonly<Record<string, () => void>> = {
		add: () => ar.add(a, b, 0),
		sub: () => ar.add(a, b, 0x8000),
		mul: () => ar.multiply(a, b),
		div: () => divide(ar, a, b),
		sqrt: () => squareRoot(ar, a),
	};
	let checked = 0;
	for (let i = 0; i < 4000; i++) {
		draw(a);
		draw(b);
		const rc = random.next() & 0xc00;
		const [pc, bits] = random.pick([[0x300, 64], [0x200, 53], [0, 24]]); // biome-ignore format: pairs
		for (const [name, operation] of Object.entries(OPERATIONS)) {
			if (name === 'sqrt') a.se &= 0x7fff;
			ar.begin(0x7f | pc | rc, 0);
			run[name]();
			const want = operation(exact(a), exact(b));
			if (want.m === 0n) {
				assert.is(ar.r.hi | ar.r.lo | ar.flags, 0);
				continue;
			}
			const { text, inexact, up } = rounded(want, bits, rc);
			const sign = ar.r.se & 0x8000 ? '-' : '';
			const got = `${sign}${exact(ar.r).m.toString(16)}:${ar.r.se & 0x7fff}`;
			const about = `${name} ${a.se} ${a.hi} ${a.lo} ${b.se} ${b.hi} ${b.lo} rc ${rc} bits ${bits}`;
			assert.is(got, text, about);
			assert.is((ar.flags & PE) !== 0, inexact, about);
			assert.is(ar.c1, up, about);
			checked++;
		}
	}
	assert.ok(checked > 19000);
});

test.run();
