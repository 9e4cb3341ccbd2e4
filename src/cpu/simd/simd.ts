/**
 * The MMX and SSE operations of a processor by name: what the IR's `vector` and `vscalar` nodes call, and the printed fast
 * paths in front of them. Operands are word indexes in the processor's memory (see shuffle.ts).
 */

import { CONTROL_W, MM_W, MXCSR_W, TAG_W } from '../layout.ts';
import { Approximate } from './approximate.ts';
import { Op } from './arithmetic.ts';
import { Mx } from './exact.ts';

export class Simd extends Approximate {
	addps(d: number, b: number): void {
		this.singles(Op.ADD, 4, d, b);
	}
	addss(d: number, b: number): void {
		this.singles(Op.ADD, 1, d, b);
	}
	addpd(d: number, b: number): void {
		this.doubles(Op.ADD, 2, d, b);
	}
	addsd(d: number, b: number): void {
		this.doubles(Op.ADD, 1, d, b);
	}
	subps(d: number, b: number): void {
		this.singles(Op.SUB, 4, d, b);
	}
	subss(d: number, b: number): void {
		this.singles(Op.SUB, 1, d, b);
	}
	subpd(d: number, b: number): void {
		this.doubles(Op.SUB, 2, d, b);
	}
	subsd(d: number, b: number): void {
		this.doubles(Op.SUB, 1, d, b);
	}
	mulps(d: number, b: number): void {
		this.singles(Op.MUL, 4, d, b);
	}
	mulss(d: number, b: number): void {
		this.singles(Op.MUL, 1, d, b);
	}
	mulpd(d: number, b: number): void {
		this.doubles(Op.MUL, 2, d, b);
	}
	mulsd(d: number, b: number): void {
		this.doubles(Op.MUL, 1, d, b);
	}
	divps(d: number, b: number): void {
		this.singles(Op.DIV, 4, d, b);
	}
	divss(d: number, b: number): void {
		this.singles(Op.DIV, 1, d, b);
	}
	divpd(d: number, b: number): void {
		this.doubles(Op.DIV, 2, d, b);
	}
	divsd(d: number, b: number): void {
		this.doubles(Op.DIV, 1, d, b);
	}
	sqrtps(d: number, b: number): void {
		this.singles(Op.SQRT, 4, d, b);
	}
	sqrtss(d: number, b: number): void {
		this.singles(Op.SQRT, 1, d, b);
	}
	sqrtpd(d: number, b: number): void {
		this.doubles(Op.SQRT, 2, d, b);
	}
	sqrtsd(d: number, b: number): void {
		this.doubles(Op.SQRT, 1, d, b);
	}
	minps(d: number, b: number): void {
		this.singles(Op.MIN, 4, d, b);
	}
	minss(d: number, b: number): void {
		this.singles(Op.MIN, 1, d, b);
	}
	minpd(d: number, b: number): void {
		this.doubles(Op.MIN, 2, d, b);
	}
	minsd(d: number, b: number): void {
		this.doubles(Op.MIN, 1, d, b);
	}
	maxps(d: number, b: number): void {
		this.singles(Op.MAX, 4, d, b);
	}
	maxss(d: number, b: number): void {
		this.singles(Op.MAX, 1, d, b);
	}
	maxpd(d: number, b: number): void {
		this.doubles(Op.MAX, 2, d, b);
	}
	maxsd(d: number, b: number): void {
		this.doubles(Op.MAX, 1, d, b);
	}

	/**
	 * What an MMX instruction does to the x87 first (SDM vol. 1, 9.5.1): TOP becomes 0, so that MMn is physical register n, and
	 * every register valid.
	 */
	enterMmx(): void {
		const { M } = this;
		const top = (M[CONTROL_W] >>> 27) & 7;
		if (top !== 0) {
			// The image has the registers in stack order: ST(i) is physical register (TOP + i) & 7
			const old = M.slice(MM_W, MM_W + 32);
			for (let i = 0; i < 8; i++) M.set(old.subarray(i * 4, i * 4 + 4), MM_W + ((top + i) & 7) * 4);
			M[CONTROL_W] &= ~(7 << 27);
		}
		M[TAG_W] |= 0xff;
	}
	/** Place of an MMX register before `enterMmx`; `slot` is four times its number. */
	mm(slot: number): number {
		return MM_W + ((slot - ((this.M[CONTROL_W] >>> 25) & 28)) & 28);
	}
	/** emms: all registers empty; TOP becomes 0 as with any other MMX instruction. */
	emms(): void {
		this.enterMmx();
		this.M[TAG_W] &= ~0xff;
	}
	/** An MMX register was written: bits 64..79 of the x87 register become ones. */
	written(d: number): void {
		this.M[d + 2] = 0xffff;
	}
}

/** Names of operations. */
export type SimdOp = Exclude<
	{ [K in keyof Simd]: Simd[K] extends (...args: number[]) => unknown ? K : never }[keyof Simd],
	undefined
>;

/** State of MXCSR in which, and only then, the fast paths may run: MXCSR & FAST_STATE = FAST_VALUE. */
export const FAST_STATE = Mx.RC | Mx.MASKS | Mx.PE;
export const FAST_VALUE = Mx.MASKS | Mx.PE;
const SYMBOL: Readonly<Record<string, string>> = { add: '+', sub: '-', mul: '*', div: '/', sqrt: '' };

/**
 * JavaScript that does an arithmetic operation when nothing can be noticed: all exceptions masked, PE set already, rounding to
 * nearest, operands and result zero or normal; `slow` otherwise. Undefined for operations that have no such path.
 * Names: D and S the memory as doubles and singles, d and b expressions of the operands' word indexes.
 */
export function fastPath(op: string, d: string, b: string, slow: string): string | undefined {
	const parts = /^(add|sub|mul|div|sqrt)([ps])([sd])$/.exec(op);
	if (!parts) return undefined;
	const [, name, packed, type] = parts;
	const double = type === 'd';
	const lanes = packed === 's' ? 1 : double ? 2 : 4;
	const view = double ? 'D' : 'S';
	const least = double ? '2.2250738585072014e-308' : '1.1754943508222875e-38';
	const most = double ? '1.7976931348623157e308' : '3.4028234663852886e38';
	const place = (base: string, i: number): string => `${view}[${double ? `(${base} >> 1)` : base}${i ? ` + ${i}` : ''}]`;
	const compute = (x: string, y: string): string => {
		const exact = name === 'sqrt' ? `Math.sqrt(${y})` : `${x} ${SYMBOL[name]} ${y}`;
		return double ? exact : `Math.fround(${exact})`;
	};
	const operand = (x: string): string => `(Math.abs(${x}) >= ${least} || ${x} === 0)`;
	let load = '';
	let store = '';
	const tests: string[] = [];
	for (let i = 0; i < lanes; i++) {
		const [x, y, r] = [`left${i}`, `right${i}`, `result${i}`];
		if (name !== 'sqrt') load += `const ${x} = ${place(d, i)}; `;
		load += `const ${y} = ${place(b, i)}, ${r} = ${compute(x, y)}; `;
		store += `${place(d, i)} = ${r}; `;
		if (name === 'sqrt') tests.push(`(${y} >= ${least} && ${y} <= ${most} || ${y} === 0)`);
		else {
			const zero = name === 'mul' ? `(${x} === 0 || ${y} === 0)` : name === 'div' ? `${x} === 0` : `${r} === 0`;
			const normal = `Math.abs(${r}) > ${least} && Math.abs(${r}) <= ${most}`;
			tests.push(`(${normal} || ${r} === 0 && ${zero})`, operand(x), operand(y));
		}
	}
	return `if ((M[${MXCSR_W}] & ${FAST_STATE}) === ${FAST_VALUE}) { ${load}if (${tests.join(' && ')}) { ${store}} else ${slow} } else ${slow}`;
}
