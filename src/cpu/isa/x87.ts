/**
 * The x87 (SDM vol. 2, F…; vol. 1, chapter 8): opcodes d8–df, fwait, fxsave and fxrstor. Every row is a helper that reads its
 * operand, then calls one method of `Fpu`.
 * `alias` rows are the undocumented doubles of instructions that processors have always executed.
 */
import { clearExceptions, initialise } from '../fpu/environment.ts';
import { FAST_FLDCW, FAST_FNSTCW, FAST_FNSTSW, fastFlags, fastRead, fastStack, fastStore } from '../fpu/fast.ts';
import {
	compareFlags,
	fldcw,
	fnstcw,
	fnstsw,
	fnstswAx,
	fwait,
	fxrstor,
	fxsave,
	loadImage,
	move,
	nothing,
	noWait,
	onStack,
	store,
	storeImage,
	storeTruncated,
	withMemory,
} from '../fpu/helpers.ts';
import { Op } from '../fpu/operate.ts';
import { Angle } from '../fpu/transcendental.ts';
import { Format } from '../fpu/transfer.ts';
import { Flag, type Helper, type Row } from './row.ts';

/** A row with a memory operand. */
function mem(opcode: number, ext: number, name: string, form: string, access: string, helper: Helper, fast?: string): Row {
	return { opcode, ext, mod: 'mem', name, form, access, helper, fx: true, ...(fast === undefined ? {} : { fast }) };
}

const BYTES = { Mw: 2, Md: 4, Mq: 8, Mt: 10 } as const;

/** A row that reads memory and calls a method of `Fpu`: see ../fpu/fast.ts. */
const read = (opcode: number, ext: number, name: string, form: keyof typeof BYTES, call: string): Row =>
	mem(opcode, ext, name, form, 'r', withMemory(BYTES[form], call), fastRead(BYTES[form], call));

/** A row that stores ST(0) in a format. */
const write = (opcode: number, ext: number, name: string, form: keyof typeof BYTES, format: number, pops: number): Row =>
	mem(opcode, ext, name, form, 'w', store(format, pops), fastStore(BYTES[form], format, pops));

/** A row for all eight ST(i); `call` as in ../fpu/fast.ts. */
const sti = (opcode: number, ext: number, name: string, call: string): Row => ({
	...stiHelper(opcode, ext, name, onStack(call)),
	fast: fastStack(call),
});

function stiHelper(opcode: number, ext: number, name: string, helper: Helper): Row {
	return { opcode, ext, mod: 'reg', name, form: 'Si', access: '-', helper, fx: true };
}

/** The undocumented double of an instruction. */
const alias = sti;

/** A row for one value of modrm. */
const one = (opcode: number, modrm: number, name: string, call: string): Row => ({
	...oneHelper(opcode, modrm, name, onStack(call)),
	fast: fastStack(call),
});

function oneHelper(opcode: number, modrm: number, name: string, helper: Helper): Row {
	return { opcode, ext: (modrm >> 3) & 7, mod: 'reg', rm: modrm & 7, name, form: '', helper, fx: true };
}

/** fcomi and its kin. */
const comi = (opcode: number, ext: number, name: string, pops: number, quiet: boolean): Row => ({
	...stiHelper(opcode, ext, name, compareFlags(pops, quiet)),
	fast: fastFlags(pops, quiet),
	flags: true,
});

const ARITHMETIC = ['add', 'mul', 'com', 'comp', 'sub', 'subr', 'div', 'divr'];

/** The eight operations on the four memory formats, and on ST(i) in both directions. */
function arithmeticRows(): Row[] {
	const rows: Row[] = [];
	ARITHMETIC.forEach((name, op) => {
		rows.push(
			read(0xd8, op, `f${name}`, 'Md', `arithmeticF32(${op}, lo)`),
			read(0xda, op, `fi${name}`, 'Md', `arithmeticI32(${op}, lo)`),
			read(0xdc, op, `f${name}`, 'Mq', `arithmeticF64(${op}, lo, hi)`),
			read(0xde, op, `fi${name}`, 'Mw', `arithmeticI32(${op}, short)`),
		);
		if (op === Op.COM || op === Op.COMP) {
			const pops = op - Op.COM;
			rows.push(
				sti(0xd8, op, `f${name}`, `compare(i, ${pops}, false)`),
				alias(0xdc, op, `f${name}`, `compare(i, ${pops}, false)`),
			);
			return;
		}
		// To ST(i) the encodings of sub and subr, div and divr are exchanged: the number still says ST(0) op ST(i).
		const reversed = op >= Op.SUB ? ARITHMETIC[op ^ 1] : name;
		rows.push(
			sti(0xd8, op, `f${name}`, `arithmetic(${op}, i, 0, 0)`),
			sti(0xdc, op, `f${reversed}`, `arithmetic(${op}, i, i, 0)`),
			sti(0xde, op, `f${reversed}p`, `arithmetic(${op}, i, i, 1)`),
		);
	});
	return rows;
}

const CONSTANTS = ['fld1', 'fldl2t', 'fldl2e', 'fldpi', 'fldlg2', 'fldln2', 'fldz'];

const ROWS: readonly Row[] = [
	{ opcode: 0x9b, name: 'fwait', form: '', helper: fwait, fx: true },
	...arithmeticRows(),

	// d9
	read(0xd9, 0, 'fld', 'Md', 'loadF32(lo)'),
	write(0xd9, 2, 'fst', 'Md', Format.F32, 0),
	write(0xd9, 3, 'fstp', 'Md', Format.F32, 1),
	mem(0xd9, 4, 'fldenv', 'M', 'r', loadImage(false)),
	mem(0xd9, 5, 'fldcw', 'Mw', 'r', fldcw, FAST_FLDCW),
	mem(0xd9, 6, 'fnstenv', 'M', 'w', storeImage(false)),
	mem(0xd9, 7, 'fnstcw', 'Mw', 'w', fnstcw, FAST_FNSTCW),
	sti(0xd9, 0, 'fld', 'loadStack(i)'),
	sti(0xd9, 1, 'fxch', 'exchange(i)'),
	one(0xd9, 0xd0, 'fnop', 'nothing()'),
	alias(0xd9, 3, 'fstpnce', 'storeStackTagged(i)'),
	one(0xd9, 0xe0, 'fchs', 'changeSign(0x8000, 0x8000)'),
	one(0xd9, 0xe1, 'fabs', 'changeSign(0, 0)'),
	one(0xd9, 0xe4, 'ftst', 'test()'),
	one(0xd9, 0xe5, 'fxam', 'examine()'),
	...CONSTANTS.map((name, n) => one(0xd9, 0xe8 + n, name, `loadConstant(${n})`)),
	one(0xd9, 0xf0, 'f2xm1', 'exponential()'),
	one(0xd9, 0xf1, 'fyl2x', 'logarithm(false)'),
	one(0xd9, 0xf2, 'fptan', 'anglePair(true)'),
	one(0xd9, 0xf3, 'fpatan', 'arctangent()'),
	one(0xd9, 0xf4, 'fxtract', 'extract()'),
	one(0xd9, 0xf5, 'fprem1', 'remainder(true)'),
	one(0xd9, 0xf6, 'fdecstp', 'turn(7)'),
	one(0xd9, 0xf7, 'fincstp', 'turn(1)'),
	one(0xd9, 0xf8, 'fprem', 'remainder(false)'),
	one(0xd9, 0xf9, 'fyl2xp1', 'logarithm(true)'),
	one(0xd9, 0xfa, 'fsqrt', 'squareRoot()'),
	one(0xd9, 0xfb, 'fsincos', 'anglePair(false)'),
	one(0xd9, 0xfc, 'frndint', 'roundToInteger()'),
	one(0xd9, 0xfd, 'fscale', 'scale()'),
	one(0xd9, 0xfe, 'fsin', `angle(${Angle.SIN})`),
	one(0xd9, 0xff, 'fcos', `angle(${Angle.COS})`),

	// da
	stiHelper(0xda, 0, 'fcmovb', move(Flag.CF, false)),
	stiHelper(0xda, 1, 'fcmove', move(Flag.ZF, false)),
	stiHelper(0xda, 2, 'fcmovbe', move(Flag.CF | Flag.ZF, false)),
	stiHelper(0xda, 3, 'fcmovu', move(Flag.PF, false)),
	one(0xda, 0xe9, 'fucompp', 'compare(1, 2, true)'),

	// db
	read(0xdb, 0, 'fild', 'Md', 'loadI32(lo)'),
	mem(0xdb, 1, 'fisttp', 'Md', 'w', storeTruncated(Format.TRUNC32)),
	write(0xdb, 2, 'fist', 'Md', Format.I32, 0),
	write(0xdb, 3, 'fistp', 'Md', Format.I32, 1),
	read(0xdb, 5, 'fld', 'Mt', 'loadF80(lo, hi, top)'),
	write(0xdb, 7, 'fstp', 'Mt', Format.F80, 1),
	stiHelper(0xdb, 0, 'fcmovnb', move(Flag.CF, true)),
	stiHelper(0xdb, 1, 'fcmovne', move(Flag.ZF, true)),
	stiHelper(0xdb, 2, 'fcmovnbe', move(Flag.CF | Flag.ZF, true)),
	stiHelper(0xdb, 3, 'fcmovnu', move(Flag.PF, true)),
	oneHelper(0xdb, 0xe0, 'fneni', nothing),
	oneHelper(0xdb, 0xe1, 'fndisi', nothing),
	oneHelper(0xdb, 0xe2, 'fnclex', noWait(clearExceptions)),
	oneHelper(0xdb, 0xe3, 'fninit', noWait(initialise)),
	oneHelper(0xdb, 0xe4, 'fnsetpm', nothing),
	comi(0xdb, 5, 'fucomi', 0, true),
	comi(0xdb, 6, 'fcomi', 0, false),

	// dd
	read(0xdd, 0, 'fld', 'Mq', 'loadF64(lo, hi)'),
	mem(0xdd, 1, 'fisttp', 'Mq', 'w', storeTruncated(Format.TRUNC64)),
	write(0xdd, 2, 'fst', 'Mq', Format.F64, 0),
	write(0xdd, 3, 'fstp', 'Mq', Format.F64, 1),
	mem(0xdd, 4, 'frstor', 'M', 'r', loadImage(true)),
	mem(0xdd, 6, 'fnsave', 'M', 'w', storeImage(true)),
	mem(0xdd, 7, 'fnstsw', 'Mw', 'w', fnstsw),
	sti(0xdd, 0, 'ffree', 'free(i, 0)'),
	alias(0xdd, 1, 'fxch', 'exchange(i)'),
	sti(0xdd, 2, 'fst', 'storeStack(i, 0)'),
	sti(0xdd, 3, 'fstp', 'storeStack(i, 1)'),
	sti(0xdd, 4, 'fucom', 'compare(i, 0, true)'),
	sti(0xdd, 5, 'fucomp', 'compare(i, 1, true)'),

	// de
	alias(0xde, 2, 'fcomp', 'compare(i, 1, false)'),
	one(0xde, 0xd9, 'fcompp', 'compare(1, 2, false)'),

	// df
	read(0xdf, 0, 'fild', 'Mw', 'loadI32(short)'),
	mem(0xdf, 1, 'fisttp', 'Mw', 'w', storeTruncated(Format.TRUNC16)),
	write(0xdf, 2, 'fist', 'Mw', Format.I16, 0),
	write(0xdf, 3, 'fistp', 'Mw', Format.I16, 1),
	read(0xdf, 4, 'fbld', 'Mt', 'loadDecimal(lo, hi, top)'),
	read(0xdf, 5, 'fild', 'Mq', 'loadI64(lo, hi)'),
	write(0xdf, 6, 'fbstp', 'Mt', Format.BCD, 1),
	write(0xdf, 7, 'fistp', 'Mq', Format.I64, 1),
	alias(0xdf, 0, 'ffreep', 'free(i, 1)'),
	alias(0xdf, 1, 'fxch', 'exchange(i)'),
	alias(0xdf, 2, 'fstp', 'storeStack(i, 1)'),
	alias(0xdf, 3, 'fstp', 'storeStack(i, 1)'),
	{ ...oneHelper(0xdf, 0xe0, 'fnstsw', fnstswAx), fast: FAST_FNSTSW, form: 'AX', access: 'w', gprs: 1 },
	comi(0xdf, 5, 'fucomip', 1, true),
	comi(0xdf, 6, 'fcomip', 1, false),

	{ opcode: 0x0fae, ext: 0, mod: 'mem', prefix: 0, name: 'fxsave', form: 'M', access: 'w', helper: fxsave, fx: true },
	{ opcode: 0x0fae, ext: 1, mod: 'mem', prefix: 0, name: 'fxrstor', form: 'M', access: 'r', helper: fxrstor, fx: true },
];

/** The rows of this chapter. */
export const x87Rows: readonly Row[] = ROWS.map((row) => ({ chapter: 'x87', ...row }));
