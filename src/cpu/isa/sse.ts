/** SSE (SDM vol. 1, chapter 10): packed and scalar singles, MXCSR, fences. The instructions on MMX registers it added: mmx.ts. */
import { Vector } from '../../events/cpu.ts';
import type { HelperContext } from '../context.ts';
import { mxcsrMask } from '../fpu/environment.ts';
import { ATTR, BASE, LIMIT, MXCSR_W, SEGMENT_STRIDE, SEGMENTS_W } from '../layout.ts';
import { convert, immediate, sized, store, vectorRow, whole, wordwise } from './packed.ts';
import { Flag, type Lower, type Row } from './row.ts';

/** Type bits of a descriptor's high word. */
const CODE_SEGMENT = 0x800;
const READABLE = 0x200;

/** clflush reads a byte, and nothing comes of it. Unlike a load it may name an execute-only segment (SDM vol. 2, CLFLUSH). */
function clflush(x: HelperContext): void {
	const { segment } = x.insn;
	const at = SEGMENTS_W + segment * SEGMENT_STRIDE;
	const executeOnly = (x.words[at + ATTR] & (CODE_SEGMENT | READABLE)) === CODE_SEGMENT;
	const offset = x.offset() >>> 0;
	if (!executeOnly) x.read8(x.address(1, false));
	else if (offset > x.words[at + LIMIT] >>> 0) x.raise(Vector.GP, 0);
	else x.read8((x.words[at + BASE] + offset) >>> 0);
}
function ldmxcsr(x: HelperContext): void {
	const value = x.read32(x.address(4, false));
	if (value & ~mxcsrMask(x.fpu)) x.raise(Vector.GP, 0);
	x.words[MXCSR_W] = value;
	x.useFpu();
}
function stmxcsr(x: HelperContext): void {
	x.write32(x.address(4, true), x.words[MXCSR_W]);
	x.useFpu();
}
const nothing: Lower = () => {};

/** comiss and its kin set ZF PF CF, and clear OF AF SF. */
export const compare =
	(op: 'comiss' | 'ucomiss' | 'comisd' | 'ucomisd'): Lower =>
	(b) => {
		const flags = b.scalar(op, b.vector(0), b.vector(1));
		// Unordered sets ZF and PF: the result word is 0 for ZF, whose parity PF follows; else 1, and PF is turned over by bit 1
		const zf = b.and(flags, Flag.ZF);
		const pf = b.and(b.shr(flags, 2), 1);
		const natural = b.shr(zf, 6);
		const carry = b.or(b.shl(b.and(flags, Flag.CF), 31), b.shl(b.and(flags, Flag.CF), 30));
		b.setFlags(b.xor(natural, 1), b.or(carry, b.shl(b.xor(pf, natural), 1)), Flag.ARITH);
	};
/** A conversion to a general register. */
export const toInteger =
	(op: 'cvtss2si' | 'cvttss2si' | 'cvtsd2si' | 'cvttsd2si'): Lower =>
	(b) =>
		b.setGpr('a', b.scalar(op, b.vector(1)));
export const fromInteger =
	(op: 'cvtsi2ss' | 'cvtsi2sd'): Lower =>
	(b) => {
		const value = b.let(b.read(1));
		b.call(op, value);
	};
export const signMask =
	(op: 'movmskps' | 'movmskpd'): Lower =>
	(b) =>
		b.setGpr('a', b.scalar(op, b.vector(1)));

/** Arithmetic that exists for ps, ss, pd and sd: opcode, name. */
export const ARITHMETIC = [
	[0x51, 'sqrt'],
	[0x58, 'add'],
	[0x59, 'mul'],
	[0x5c, 'sub'],
	[0x5d, 'min'],
	[0x5e, 'div'],
	[0x5f, 'max'],
] as const;
/** Bitwise operations: opcode, name without the suffix, what they are on integers. */
export const BITWISE = [
	[0x54, 'and', 'pand'],
	[0x55, 'andn', 'pandn'],
	[0x56, 'or', 'por'],
	[0x57, 'xor', 'pxor'],
] as const;

const sse = { feature: 'sse' } as const;
const w = { access: 'w r' };
const align = { align: true };
const row = (opcode: number, prefix: 0 | 0xf3, name: string, form: string, lower: Lower, more: Partial<Row> = {}): Row =>
	vectorRow({ opcode: 0x0f00 | opcode, prefix, name, form, lower, ...sse, ...more });

function rows(): Row[] {
	const out: Row[] = [
		row(0x10, 0, 'movups', 'Vx,Wx', sized('move'), w),
		row(0x11, 0, 'movups', 'Wx,Vx', store(), w),
		row(0x28, 0, 'movaps', 'Vx,Wx', sized('move'), { ...w, ...align }),
		row(0x29, 0, 'movaps', 'Wx,Vx', store(), { ...w, ...align }),
		row(0x2b, 0, 'movntps', 'Mx,Vx', store(), { ...w, ...align }),
		row(0x10, 0xf3, 'movss', 'Vx,Wd', whole('load32'), { ...w, mod: 'mem' }),
		row(0x10, 0xf3, 'movss', 'Vx,Ux', whole('low32'), { mod: 'reg' }),
		row(0x11, 0xf3, 'movss', 'Wd,Vx', store(), { ...w, mod: 'mem' }),
		row(0x11, 0xf3, 'movss', 'Ux,Vx', whole('low32'), { mod: 'reg' }),
		row(0x12, 0, 'movlps', 'Vx,Mq', whole('low64'), { mod: 'mem' }),
		row(0x12, 0, 'movhlps', 'Vx,Ux', whole('fromHigh'), { mod: 'reg' }),
		row(0x13, 0, 'movlps', 'Mq,Vx', store(), w),
		row(0x16, 0, 'movhps', 'Vx,Mq', whole('toHigh'), { mod: 'mem' }),
		row(0x16, 0, 'movlhps', 'Vx,Ux', whole('toHigh'), { mod: 'reg' }),
		row(0x17, 0, 'movhps', 'Mq,Vx', store(2), w),
		row(0x14, 0, 'unpcklps', 'Vx,Wx', whole('unpcklps'), align),
		row(0x15, 0, 'unpckhps', 'Vx,Wx', whole('unpckhps'), align),
		row(0xc6, 0, 'shufps', 'Vx,Wx,Ib', immediate('shufps'), align),
		row(0x50, 0, 'movmskps', 'Gd,Ux', signMask('movmskps'), w),
		// Quirk: as on AMD processors, a memory operand leaves the x87 alone, as it does with cvtpi2pd
		row(0x2a, 0, 'cvtpi2ps', 'Vx,Qq', convert('cvtpi2ps'), { mod: 'reg' }),
		row(0x2a, 0, 'cvtpi2ps', 'Vx,Mq', whole('cvtpi2ps'), { mod: 'mem' }),
		row(0x2a, 0xf3, 'cvtsi2ss', 'Vx,Ed', fromInteger('cvtsi2ss')),
		row(0x2c, 0, 'cvttps2pi', 'Pq,Wq', convert('cvttps2pi'), w),
		row(0x2d, 0, 'cvtps2pi', 'Pq,Wq', convert('cvtps2pi'), w),
		row(0x2c, 0xf3, 'cvttss2si', 'Gd,Wd', toInteger('cvttss2si'), w),
		row(0x2d, 0xf3, 'cvtss2si', 'Gd,Wd', toInteger('cvtss2si'), w),
		row(0x2e, 0, 'ucomiss', 'Vx,Wd', compare('ucomiss'), { access: 'r r' }),
		row(0x2f, 0, 'comiss', 'Vx,Wd', compare('comiss'), { access: 'r r' }),
		row(0x52, 0, 'rsqrtps', 'Vx,Wx', whole('rsqrtps'), { ...w, ...align }),
		row(0x52, 0xf3, 'rsqrtss', 'Vx,Wd', whole('rsqrtss')),
		row(0x53, 0, 'rcpps', 'Vx,Wx', whole('rcpps'), { ...w, ...align }),
		row(0x53, 0xf3, 'rcpss', 'Vx,Wd', whole('rcpss')),
		row(0xc2, 0, 'cmpps', 'Vx,Wx,Ib', immediate('cmpps'), align),
		row(0xc2, 0xf3, 'cmpss', 'Vx,Wd,Ib', immediate('cmpss')),
		{
			opcode: 0x0fae,
			ext: 2,
			mod: 'mem',
			prefix: 0,
			name: 'ldmxcsr',
			form: 'Md',
			access: 'r',
			helper: ldmxcsr,
			fx: true,
			...sse,
		},
		{
			opcode: 0x0fae,
			ext: 3,
			mod: 'mem',
			prefix: 0,
			name: 'stmxcsr',
			form: 'Md',
			access: 'w',
			helper: stmxcsr,
			fx: true,
			...sse,
		},
		{
			opcode: 0x0fae,
			ext: 7,
			mod: 'mem',
			prefix: 0,
			name: 'clflush',
			form: 'Mb',
			access: '-',
			helper: clflush,
			feature: 'clfsh',
		},
		{ opcode: 0x0fae, ext: 5, mod: 'reg', prefix: 0, name: 'lfence', form: '', lower: nothing, feature: 'sse2' },
		{ opcode: 0x0fae, ext: 6, mod: 'reg', prefix: 0, name: 'mfence', form: '', lower: nothing, feature: 'sse2' },
		{ opcode: 0x0fae, ext: 7, mod: 'reg', prefix: 0, name: 'sfence', form: '', lower: nothing, ...sse },
	];
	for (const [opcode, name] of ARITHMETIC) {
		out.push(row(opcode, 0, `${name}ps`, 'Vx,Wx', whole(`${name}ps`), align));
		out.push(row(opcode, 0xf3, `${name}ss`, 'Vx,Wd', whole(`${name}ss`)));
	}
	for (const [opcode, name, integer] of BITWISE) out.push(row(opcode, 0, `${name}ps`, 'Vx,Wx', wordwise(integer), align));
	return out.map((r) => ({ ...r, chapter: 'sse' }));
}

export const SSE: readonly Row[] = rows();
