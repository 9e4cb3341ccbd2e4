/**
 * SSE arithmetic without hardware: what host doubles and their rounding errors give must be what integers give, for every
 * operation, rounding, mode and mask; the words of packed integers against the obvious loops. The hardware's word is in the oracle.
 */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { MXCSR_W, XMM_W } from '../../../src/cpu/layout.ts';
import { Op } from '../../../src/cpu/simd/arithmetic.ts';
import { DOUBLE, decode, type Exact, Mx, product, quotient, Rc, root, round, SINGLE, sum } from '../../../src/cpu/simd/exact.ts';
import { Simd } from '../../../src/cpu/simd/simd.ts';
import { WORD_OPS } from '../../../src/cpu/simd/words.ts';
import { putFloat32, putFloat64 } from '../../oracle/float.ts';
import { Random } from '../../oracle/random.ts';

const SEED = 20081018;
const CASES = 40_000;
const A = XMM_W;
const B = XMM_W + 4;
const ROUNDINGS = [Rc.NEAREST, Rc.DOWN, Rc.UP, Rc.ZERO];

class Raised extends Error {
	readonly flags: number;
	constructor(flags: number) {
		super('#XM');
		this.flags = flags;
	}
}
const simd = new Simd(new ArrayBuffer(4096), (flags) => {
	throw new Raised(flags);
});
const view = new DataView(simd.M.buffer);

/** By integers; undefined where the operands are not finite numbers, or the result is a zero that rounding does not make. */
function byIntegers(op: number, a: bigint, b: bigint, double: boolean, mxcsr: number) {
	const f = double ? DOUBLE : SINGLE;
	const x = decode(f, a);
	const y = decode(f, b);
	const special = (n: Exact): boolean => n.exp > f.emax - f.p + 1;
	if (special(y) || (op !== Op.SQRT && special(x))) return undefined;
	let exact: Exact | undefined;
	if (op === Op.SQRT) exact = y.negative || y.sig === 0n ? undefined : root(y);
	else if (op === Op.ADD) exact = sum(x, y);
	else if (op === Op.SUB) exact = sum(x, { ...y, negative: !y.negative });
	else if (x.sig === 0n || y.sig === 0n) return undefined;
	else exact = op === Op.MUL ? product(x, y) : quotient(x, y);
	return exact && round(f, exact, mxcsr);
}

for (const double of [false, true]) {
	test(`${double ? 'doubles' : 'singles'}: host arithmetic with its errors is what integers give`, () => {
		const random = new Random(SEED);
		let compared = 0;
		for (let i = 0; i < CASES; i++) {
			const mxcsr = Mx.MASKS | random.pick(ROUNDINGS) | (random.chance(20) ? Mx.FTZ : 0);
			const op = i % 5;
			for (const at of [A, B]) {
				if (double) putFloat64(random, view, at * 4);
				else putFloat32(random, view, at * 4);
			}
			const bits = (at: number): bigint => (double ? view.getBigUint64(at * 4, true) : BigInt(view.getUint32(at * 4, true)));
			const [a, b] = [bits(A), bits(B)];
			const want = byIntegers(op, a, b, double, mxcsr);
			if (want === undefined) continue;
			simd.M[MXCSR_W] = mxcsr;
			if (double) simd.doubles(op, 1, A, B);
			else simd.singles(op, 1, A, B);
			const text = `seed ${SEED} case ${i}: op ${op} ${a.toString(16)} ${b.toString(16)} mxcsr ${mxcsr.toString(16)}`;
			assert.is(bits(A).toString(16), want.bits.toString(16), text);
			assert.is(simd.M[MXCSR_W] & (Mx.OE | Mx.UE | Mx.PE), want.flags, `${text}: flags`);
			compared++;
		}
		assert.ok(compared > CASES / 2, `${compared} compared`);
	});
}

test('an unmasked exception leaves registers and MXCSR alone, and says what it met', () => {
	view.setFloat64(A * 4, 1, true);
	view.setFloat64(B * 4, 0, true);
	simd.M[MXCSR_W] = Mx.MASKS & ~(Mx.ZE << 7);
	let raised = 0;
	try {
		simd.divsd(A, B);
	} catch (e) {
		if (!(e instanceof Raised)) throw e;
		raised = e.flags;
	}
	assert.is(raised, Mx.ZE);
	assert.is(view.getFloat64(A * 4, true), 1);
	assert.is(simd.M[MXCSR_W], Mx.MASKS & ~(Mx.ZE << 7));
});

/** What each operation does to one lane. */
const clamp = (n: number, low: number, high: number): number => Math.min(Math.max(n, low), high);
const LANES: Readonly<Record<string, readonly [bits: number, signed: boolean, run: (a: number, b: number) => number]>> = {
	paddb: [8, false, (a, b) => a + b],
	paddw: [16, false, (a, b) => a + b],
	psubb: [8, false, (a, b) => a - b],
	psubw: [16, false, (a, b) => a - b],
	paddsb: [8, true, (a, b) => clamp(a + b, -128, 127)],
	paddusw: [16, false, (a, b) => clamp(a + b, 0, 65535)],
	psubsw: [16, true, (a, b) => clamp(a - b, -32768, 32767)],
	psubusb: [8, false, (a, b) => clamp(a - b, 0, 255)],
	pcmpeqb: [8, false, (a, b) => (a === b ? -1 : 0)],
	pcmpeqw: [16, false, (a, b) => (a === b ? -1 : 0)],
	pcmpgtb: [8, true, (a, b) => (a > b ? -1 : 0)],
	pcmpgtw: [16, true, (a, b) => (a > b ? -1 : 0)],
	pminub: [8, false, Math.min],
	pmaxsw: [16, true, Math.max],
	pavgb: [8, false, (a, b) => (a + b + 1) >> 1],
	pmullw: [16, true, (a, b) => a * b],
	pmulhw: [16, true, (a, b) => (a * b) >> 16],
	pmulhuw: [16, false, (a, b) => Math.floor((a * b) / 65536)],
	pmulhrsw: [16, true, (a, b) => (((a * b) >> 14) + 1) >> 1],
	psignw: [16, true, (a, b) => Math.sign(b) * a],
};

test('packed integers are the obvious loops', () => {
	const random = new Random(SEED);
	for (const [name, [bits, signed, run]] of Object.entries(LANES)) {
		for (let i = 0; i < 2000; i++) {
			const [a, b] = [random.operand() | 0, random.operand() | 0];
			let want = 0;
			for (let at = 0; at < 32; at += bits) {
				const lane = (w: number): number => (signed ? (w << (32 - bits - at)) >> (32 - bits) : (w >>> at) & (2 ** bits - 1));
				want |= (run(lane(a), lane(b)) & (2 ** bits - 1)) << at;
			}
			const got = WORD_OPS[name as keyof typeof WORD_OPS](a, b);
			assert.is(got | 0, want | 0, `${name} ${(a >>> 0).toString(16)} ${(b >>> 0).toString(16)}`);
		}
	}
});

test.run();
