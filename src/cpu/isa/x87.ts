/**
 * The x87 (SDM vol. 2, F…; vol. 1, chapter 8): opcodes d8–df, fwait, fxsave and fxrstor. Every row is a helper that reads its
 * operand, then calls one method of `Fpu`.
 * `alias` rows are the undocumented doubles of instructions that processors have always executed.
 */
import { clearExceptions, initialise } from '../fpu/environment.ts';
import { type Fpu, Op } from '../fpu/fpu.ts';
import {
	arithmeticM32,
	arithmeticM64,
	arithmeticStack,
	compareFlags,
	fldcw,
	fldM32,
	fldM64,
	fldSt,
	fnstcw,
	fnstsw,
	fnstswAx,
	fwait,
	fxchSt,
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
	withM16,
	withM32,
	withM64,
	withM80,
} from '../fpu/helpers.ts';
import { Angle } from '../fpu/transcendental.ts';
import { Format } from '../fpu/transfer.ts';
import { Flag, type Helper, type Row } from './row.ts';

/** A row with a memory operand. */
function mem(opcode: number, ext: number, name: string, form: string, access: string, helper: Helper): Row {
	return { opcode, ext, mod: 'mem', name, form, access, helper, fx: true };
}

const m16 = (opcode: number, ext: number, name: string, run: (f: Fpu, value: number) => void): Row =>
	mem(opcode, ext, name, 'Mw', 'r', withM16(run));
const m32 = (opcode: number, ext: number, name: string, run: (f: Fpu, value: number) => void): Row =>
	mem(opcode, ext, name, 'Md', 'r', withM32(run));
const m64 = (opcode: number, ext: number, name: string, run: (f: Fpu, lo: number, hi: number) => void): Row =>
	mem(opcode, ext, name, 'Mq', 'r', withM64(run));
const m80 = (opcode: number, ext: number, name: string, run: (f: Fpu, lo: number, hi: number, top: number) => void): Row =>
	mem(opcode, ext, name, 'Mt', 'r', withM80(run));

/** A row for all eight ST(i). */
function sti(opcode: number, ext: number, name: string, run: (f: Fpu, i: number) => void): Row {
	return stiHelper(opcode, ext, name, onStack(run));
}

function stiHelper(opcode: number, ext: number, name: string, helper: Helper): Row {
	return { opcode, ext, mod: 'reg', name, form: 'Si', access: '-', helper, fx: true };
}

/** The undocumented double of an instruction. */
function alias(opcode: number, ext: number, name: string, run: (f: Fpu, i: number) => void): Row {
	return sti(opcode, ext, name, run);
}

/** A row for one value of modrm. */
function one(opcode: number, modrm: number, name: string, run: (f: Fpu) => void): Row {
	return oneHelper(opcode, modrm, name, onStack(run));
}

function oneHelper(opcode: number, modrm: number, name: string, helper: Helper): Row {
	return { opcode, ext: (modrm >> 3) & 7, mod: 'reg', rm: modrm & 7, name, form: '', helper, fx: true };
}

const ARITHMETIC = ['add', 'mul', 'com', 'comp', 'sub', 'subr', 'div', 'divr'];

/** The eight operations on the four memory formats, and on ST(i) in both directions. */
function arithmeticRows(): Row[] {
	const rows: Row[] = [];
	ARITHMETIC.forEach((name, op) => {
		rows.push(
			mem(0xd8, op, `f${name}`, 'Md', 'r', arithmeticM32(op)),
			m32(0xda, op, `fi${name}`, (f, v) => f.arithmeticI32(op, v)),
			mem(0xdc, op, `f${name}`, 'Mq', 'r', arithmeticM64(op)),
			m16(0xde, op, `fi${name}`, (f, v) => f.arithmeticI32(op, v)),
		);
		if (op === Op.COM || op === Op.COMP) {
			const pops = op - Op.COM;
			rows.push(
				sti(0xd8, op, `f${name}`, (f, i) => f.compare(i, pops, false)),
				alias(0xdc, op, `f${name}`, (f, i) => f.compare(i, pops, false)),
			);
			return;
		}
		// To ST(i) the encodings of sub and subr, div and divr are exchanged: the number still says ST(0) op ST(i).
		const reversed = op >= Op.SUB ? ARITHMETIC[op ^ 1] : name;
		rows.push(
			stiHelper(0xd8, op, `f${name}`, arithmeticStack(op, false, 0)),
			stiHelper(0xdc, op, `f${reversed}`, arithmeticStack(op, true, 0)),
			stiHelper(0xde, op, `f${reversed}p`, arithmeticStack(op, true, 1)),
		);
	});
	return rows;
}

const CONSTANTS = ['fld1', 'fldl2t', 'fldl2e', 'fldpi', 'fldlg2', 'fldln2', 'fldz'];
const ROWS: readonly Row[] = [
	{ opcode: 0x9b, name: 'fwait', form: '', helper: fwait, fx: true },
	...arithmeticRows(),

	// d9
	mem(0xd9, 0, 'fld', 'Md', 'r', fldM32),
	mem(0xd9, 2, 'fst', 'Md', 'w', store(Format.F32, 0)),
	mem(0xd9, 3, 'fstp', 'Md', 'w', store(Format.F32, 1)),
	mem(0xd9, 4, 'fldenv', 'M', 'r', loadImage(false)),
	mem(0xd9, 5, 'fldcw', 'Mw', 'r', fldcw),
	mem(0xd9, 6, 'fnstenv', 'M', 'w', storeImage(false)),
	mem(0xd9, 7, 'fnstcw', 'Mw', 'w', fnstcw),
	stiHelper(0xd9, 0, 'fld', fldSt),
	stiHelper(0xd9, 1, 'fxch', fxchSt),
	one(0xd9, 0xd0, 'fnop', () => {}),
	alias(0xd9, 3, 'fstpnce', (f, i) => f.storeStackTagged(i)),
	one(0xd9, 0xe0, 'fchs', (f) => f.changeSign(0x8000, 0x8000)),
	one(0xd9, 0xe1, 'fabs', (f) => f.changeSign(0, 0)),
	one(0xd9, 0xe4, 'ftst', (f) => f.test()),
	one(0xd9, 0xe5, 'fxam', (f) => f.examine()),
	...CONSTANTS.map((name, n) => one(0xd9, 0xe8 + n, name, (f) => f.loadConstant(n))),
	one(0xd9, 0xf0, 'f2xm1', (f) => f.exponential()),
	one(0xd9, 0xf1, 'fyl2x', (f) => f.logarithm(false)),
	one(0xd9, 0xf2, 'fptan', (f) => f.anglePair(true)),
	one(0xd9, 0xf3, 'fpatan', (f) => f.arctangent()),
	one(0xd9, 0xf4, 'fxtract', (f) => f.extract()),
	one(0xd9, 0xf5, 'fprem1', (f) => f.remainder(true)),
	one(0xd9, 0xf6, 'fdecstp', (f) => f.turn(7)),
	one(0xd9, 0xf7, 'fincstp', (f) => f.turn(1)),
	one(0xd9, 0xf8, 'fprem', (f) => f.remainder(false)),
	one(0xd9, 0xf9, 'fyl2xp1', (f) => f.logarithm(true)),
	one(0xd9, 0xfa, 'fsqrt', (f) => f.squareRoot()),
	one(0xd9, 0xfb, 'fsincos', (f) => f.anglePair(false)),
	one(0xd9, 0xfc, 'frndint', (f) => f.roundToInteger()),
	one(0xd9, 0xfd, 'fscale', (f) => f.scale()),
	one(0xd9, 0xfe, 'fsin', (f) => f.angle(Angle.SIN)),
	one(0xd9, 0xff, 'fcos', (f) => f.angle(Angle.COS)),

	// da
	stiHelper(0xda, 0, 'fcmovb', move(Flag.CF, false)),
	stiHelper(0xda, 1, 'fcmove', move(Flag.ZF, false)),
	stiHelper(0xda, 2, 'fcmovbe', move(Flag.CF | Flag.ZF, false)),
	stiHelper(0xda, 3, 'fcmovu', move(Flag.PF, false)),
	one(0xda, 0xe9, 'fucompp', (f) => f.compare(1, 2, true)),

	// db
	m32(0xdb, 0, 'fild', (f, v) => f.loadI32(v)),
	mem(0xdb, 1, 'fisttp', 'Md', 'w', storeTruncated(Format.TRUNC32)),
	mem(0xdb, 2, 'fist', 'Md', 'w', store(Format.I32, 0)),
	mem(0xdb, 3, 'fistp', 'Md', 'w', store(Format.I32, 1)),
	m80(0xdb, 5, 'fld', (f, lo, hi, top) => f.loadF80(lo, hi, top)),
	mem(0xdb, 7, 'fstp', 'Mt', 'w', store(Format.F80, 1)),
	stiHelper(0xdb, 0, 'fcmovnb', move(Flag.CF, true)),
	stiHelper(0xdb, 1, 'fcmovne', move(Flag.ZF, true)),
	stiHelper(0xdb, 2, 'fcmovnbe', move(Flag.CF | Flag.ZF, true)),
	stiHelper(0xdb, 3, 'fcmovnu', move(Flag.PF, true)),
	oneHelper(0xdb, 0xe0, 'fneni', nothing),
	oneHelper(0xdb, 0xe1, 'fndisi', nothing),
	oneHelper(0xdb, 0xe2, 'fnclex', noWait(clearExceptions)),
	oneHelper(0xdb, 0xe3, 'fninit', noWait(initialise)),
	oneHelper(0xdb, 0xe4, 'fnsetpm', nothing),
	{ ...stiHelper(0xdb, 5, 'fucomi', compareFlags(0, true)), flags: true },
	{ ...stiHelper(0xdb, 6, 'fcomi', compareFlags(0, false)), flags: true },

	// dd
	mem(0xdd, 0, 'fld', 'Mq', 'r', fldM64),
	mem(0xdd, 1, 'fisttp', 'Mq', 'w', storeTruncated(Format.TRUNC64)),
	mem(0xdd, 2, 'fst', 'Mq', 'w', store(Format.F64, 0)),
	mem(0xdd, 3, 'fstp', 'Mq', 'w', store(Format.F64, 1)),
	mem(0xdd, 4, 'frstor', 'M', 'r', loadImage(true)),
	mem(0xdd, 6, 'fnsave', 'M', 'w', storeImage(true)),
	mem(0xdd, 7, 'fnstsw', 'Mw', 'w', fnstsw),
	sti(0xdd, 0, 'ffree', (f, i) => f.free(i, 0)),
	alias(0xdd, 1, 'fxch', (f, i) => f.exchange(i)),
	sti(0xdd, 2, 'fst', (f, i) => f.storeStack(i, 0)),
	sti(0xdd, 3, 'fstp', (f, i) => f.storeStack(i, 1)),
	sti(0xdd, 4, 'fucom', (f, i) => f.compare(i, 0, true)),
	sti(0xdd, 5, 'fucomp', (f, i) => f.compare(i, 1, true)),

	// de
	alias(0xde, 2, 'fcomp', (f, i) => f.compare(i, 1, false)),
	one(0xde, 0xd9, 'fcompp', (f) => f.compare(1, 2, false)),

	// df
	m16(0xdf, 0, 'fild', (f, v) => f.loadI32(v)),
	mem(0xdf, 1, 'fisttp', 'Mw', 'w', storeTruncated(Format.TRUNC16)),
	mem(0xdf, 2, 'fist', 'Mw', 'w', store(Format.I16, 0)),
	mem(0xdf, 3, 'fistp', 'Mw', 'w', store(Format.I16, 1)),
	m80(0xdf, 4, 'fbld', (f, lo, hi, top) => f.loadDecimal(lo, hi, top)),
	m64(0xdf, 5, 'fild', (f, lo, hi) => f.loadI64(lo, hi)),
	mem(0xdf, 6, 'fbstp', 'Mt', 'w', store(Format.BCD, 1)),
	mem(0xdf, 7, 'fistp', 'Mq', 'w', store(Format.I64, 1)),
	alias(0xdf, 0, 'ffreep', (f, i) => f.free(i, 1)),
	alias(0xdf, 1, 'fxch', (f, i) => f.exchange(i)),
	alias(0xdf, 2, 'fstp', (f, i) => f.storeStack(i, 1)),
	alias(0xdf, 3, 'fstp', (f, i) => f.storeStack(i, 1)),
	{ ...oneHelper(0xdf, 0xe0, 'fnstsw', fnstswAx), form: 'AX', access: 'w', gprs: 1 },
	{ ...stiHelper(0xdf, 5, 'fucomip', compareFlags(1, true)), flags: true },
	{ ...stiHelper(0xdf, 6, 'fcomip', compareFlags(1, false)), flags: true },

	{ opcode: 0x0fae, ext: 0, mod: 'mem', prefix: 0, name: 'fxsave', form: 'M', access: 'w', helper: fxsave, fx: true },
	{ opcode: 0x0fae, ext: 1, mod: 'mem', prefix: 0, name: 'fxrstor', form: 'M', access: 'r', helper: fxrstor, fx: true },
];

/** The rows of this chapter. */
export const x87Rows: readonly Row[] = ROWS.map((row) => ({ chapter: 'x87', ...row }));
