/** Arithmetic on normal numbers against exact integers (BigInt): every rounding, every precision, on any machine. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Arith } from '../../../src/cpu/fpu/arith.ts';
import { divide, squareRoot } from '../../../src/cpu/fpu/divide.ts';
import { Ext } from '../../../src/cpu/fpu/ext.ts';
import { PE } from '../../../src/cpu/fpu/layout.ts';
import { type Exact, exact, floorSqrt, rounded } from './exact.ts';
import { extended, Random } from './generate.ts';

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
