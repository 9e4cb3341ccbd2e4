/** Integer arithmetic and logic (SDM vol. 1, 5.1.2 and 5.1.4). */

import { Vector } from '../../events/cpu.ts';
import type { HelperContext } from '../context.ts';
import type { Builder, Expr, Size } from '../ir.ts';
import { Flag, type Lower, type Row } from './row.ts';

const { CF, PF, AF, ZF, SF } = Flag;

const add: Lower = (b) => {
	const x = b.let(b.read(0));
	const y = b.let(b.read(1));
	const r = b.let(b.add(x, y));
	b.setArith(r, b.addChain(x, y, r));
	b.write(0, r);
};
const adc: Lower = (b) => {
	const x = b.let(b.read(0));
	const y = b.let(b.read(1));
	const r = b.let(b.add(b.add(x, y), b.cf()));
	b.setArith(r, b.addChain(x, y, r));
	b.write(0, r);
};
const sub: Lower = (b) => {
	const x = b.let(b.read(0));
	const y = b.let(b.read(1));
	const r = b.let(b.sub(x, y));
	b.setArith(r, b.subChain(x, y, r));
	b.write(0, r);
};
const sbb: Lower = (b) => {
	const x = b.let(b.read(0));
	const y = b.let(b.read(1));
	const r = b.let(b.sub(b.sub(x, y), b.cf()));
	b.setArith(r, b.subChain(x, y, r));
	b.write(0, r);
};
const cmp: Lower = (b) => {
	const x = b.let(b.read(0));
	const y = b.let(b.read(1));
	const r = b.let(b.sub(x, y));
	b.setArith(r, b.subChain(x, y, r));
};
const logic =
	(fn: 'and' | 'or' | 'xor'): Lower =>
	(b) => {
		const x = b.read(0);
		const r = b.let(b[fn](x, b.read(1)));
		b.setLogic(r);
		b.write(0, r);
	};
const test: Lower = (b) => {
	const x = b.read(0);
	b.setLogic(b.let(b.and(x, b.read(1))));
};

/** inc and dec keep CF: overflow is found from the chain, then CF put beside it. */
const step =
	(down: boolean): Lower =>
	(b) => {
		const x = b.let(b.read(0));
		const r = b.let(down ? b.sub(x, 1) : b.add(x, 1));
		const chain = b.let(b.carryWord(down ? b.subChain(x, b.c(1), r) : b.addChain(x, b.c(1), r), b.size));
		const cf = b.let(b.and({ op: 'carry' }, 0x80000000));
		const of = b.and(b.xor(chain, b.shl(chain, 1)), 0x80000000);
		const carry = b.or(b.or(cf, b.shr(b.xor(of, cf), 1)), b.and(chain, 8));
		b.setFlags(b.sext(r), carry, Flag.ARITH & ~CF);
		b.write(0, r);
	};
const neg: Lower = (b) => {
	const x = b.let(b.read(0));
	const r = b.let(b.sub(0, x));
	b.setArith(r, b.or(x, r));
	b.write(0, r);
};
const not: Lower = (b) => b.write(0, b.not(b.read(0)));

/** Multiplication: CF = OF = the high half is not the extension of the low one; the others stay as they are. */
const overflow = (b: Builder, c: Expr): void => b.setCfOf(c, c);
const mul: Lower = (b) => {
	const y = b.let(b.read(0));
	if (b.size === 8) {
		const r = b.let(b.mul(b.gpr(0, 8), y));
		overflow(b, b.let(b.ne(b.shr(r, 8), 0)));
		b.setGpr(0, r, 16);
	} else if (b.size === 16) {
		const r = b.let(b.mul(b.gpr(0, 16), y));
		overflow(b, b.let(b.ne(b.shr(r, 16), 0)));
		b.setGpr(0, r, 16);
		b.setGpr(2, b.shr(r, 16), 16);
	} else {
		const x = b.let(b.gpr(0));
		const high = b.let(b.mulhu(x, y));
		overflow(b, b.let(b.ne(high, 0)));
		b.setGpr(0, b.mul(x, y));
		b.setGpr(2, high);
	}
};
const imul1: Lower = (b) => {
	const y = b.let(b.sext(b.read(0)));
	if (b.size === 8) {
		const r = b.let(b.mul(b.sext(b.gpr(0, 8)), y));
		overflow(b, b.let(b.ne(r, b.sext(r, 8))));
		b.setGpr(0, r, 16);
	} else if (b.size === 16) {
		const r = b.let(b.mul(b.sext(b.gpr(0, 16)), y));
		overflow(b, b.let(b.ne(r, b.sext(r, 16))));
		b.setGpr(0, r, 16);
		b.setGpr(2, b.shr(r, 16), 16);
	} else {
		const x = b.let(b.gpr(0));
		const low = b.let(b.mul(x, y));
		const high = b.let(b.mulhs(x, y));
		overflow(b, b.let(b.ne(high, b.sar(low, 31))));
		b.setGpr(0, low);
		b.setGpr(2, high);
	}
};
const imul =
	(i: number, j: number): Lower =>
	(b) => {
		const x = b.let(b.sext(b.read(i)));
		const y = b.let(b.sext(b.read(j)));
		const r = b.let(b.mul(x, y));
		if (b.size === 16) overflow(b, b.let(b.ne(r, b.sext(r, 16))));
		else overflow(b, b.let(b.ne(b.mulhs(x, y), b.sar(r, 31))));
		b.write(0, r);
	};

/** Division of edx:eax (dx:ax, ax) by the operand: #DE on zero or a quotient that does not fit. Flags stay. */
export function divide(x: HelperContext, size: Size, signed: boolean): void {
	const divisor = x.readOperand(size);
	if (divisor === 0) x.raise(Vector.DE);
	const bits = BigInt(size);
	let dividend: bigint;
	if (size === 8) dividend = BigInt(x.gpr16(0));
	else if (size === 16) dividend = BigInt(x.gpr16(2) * 65536 + x.gpr16(0));
	else dividend = (BigInt(x.gpr32(2)) << 32n) | BigInt(x.gpr32(0));
	let by = BigInt(divisor);
	if (signed) {
		dividend = BigInt.asIntN(size * 2, dividend);
		by = BigInt.asIntN(size, by);
	}
	const quotient = dividend / by;
	const rest = Number(BigInt.asUintN(size, dividend % by));
	const fits = signed ? BigInt.asIntN(size, quotient) === quotient : quotient >> bits === 0n;
	if (!fits) x.raise(Vector.DE);
	const low = Number(BigInt.asUintN(size, quotient));
	if (size === 8) x.setGpr16(0, low | (rest << 8));
	else if (size === 16) {
		x.setGpr16(0, low);
		x.setGpr16(2, rest);
	} else {
		x.setGpr32(0, low);
		x.setGpr32(2, rest);
	}
}
/** The common 32-bit cases without BigInt: the dividend fits in 53 bits, or its high half is an extension. */
function divide32(x: HelperContext, signed: boolean): void {
	const high = x.words[2];
	const low = x.words[0];
	const divisor = x.readOperand(32);
	if (signed) {
		const by = divisor | 0;
		if (by === 0 || high !== low >> 31 || (low === -0x80000000 && by === -1)) divide(x, 32, true);
		else {
			x.words[0] = (low / by) | 0;
			x.words[2] = (low % by) | 0;
		}
		return;
	}
	if (divisor === 0 || high >>> 0 >= divisor) x.raise(Vector.DE);
	if (high >>> 0 >= 0x200000) divide(x, 32, false);
	else {
		const dividend = (high >>> 0) * 0x100000000 + (low >>> 0);
		const rest = dividend % divisor;
		x.words[0] = (dividend - rest) / divisor;
		x.words[2] = rest;
	}
}
const EAX_EDX = 5;
const sized = (f: (x: HelperContext, size: Size) => void) => (x: HelperContext) => f(x, x.insn.operandSize as Size);

const cmpxchg: Lower = (b) => {
	const x = b.let(b.read(0));
	const a = b.let(b.gpr(0, b.size));
	const source = b.let(b.read(1));
	const r = b.let(b.sub(a, x));
	const equal = b.let(b.eq(a, x));
	b.setArith(r, b.subChain(a, x, r));
	b.setGpr(0, b.select(equal, a, x), b.size);
	b.write(0, b.select(equal, source, x));
};
const xadd: Lower = (b) => {
	const x = b.let(b.read(0));
	const y = b.let(b.read(1));
	const r = b.let(b.add(x, y));
	b.setArith(r, b.addChain(x, y, r));
	b.write(1, x);
	b.write(0, r);
};
/** Compares edx:eax with 8 bytes: equal, ecx:ebx go there; else they come to edx:eax. */
function cmpxchg8b(x: HelperContext): void {
	const at = x.address(8, true);
	x.probe(at, 8);
	const low = x.read32(at);
	const high = x.read32(at + 4);
	const equal = low === x.gpr32(0) && high === x.gpr32(2);
	x.write32(at, equal ? x.gpr32(3) : low);
	x.write32(at + 4, equal ? x.gpr32(1) : high);
	x.setGpr32(0, low);
	x.setGpr32(2, high);
	x.setFlags(ZF, equal ? ZF : 0);
}

const ALU: readonly (readonly [string, Lower, number, string])[] = [
	['add', add, 0, 'rw r'],
	['or', logic('or'), AF, 'rw r'],
	['adc', adc, 0, 'rw r'],
	['sbb', sbb, 0, 'rw r'],
	['and', logic('and'), AF, 'rw r'],
	['sub', sub, 0, 'rw r'],
	['xor', logic('xor'), AF, 'rw r'],
	['cmp', cmp, 0, 'r r'],
];
const HOT = 'r8 m8 r32 m32';
const MUL_UNDEFINED = PF | AF | ZF | SF;

function rows(): Row[] {
	const out: Row[] = [];
	ALU.forEach(([name, lower, undef, access], i) => {
		const hot = name === 'cmp' ? HOT : name === 'adc' || name === 'sbb' ? 'r32' : 'r8 r32 m32';
		const base = { name, lower, access, undefined: undef, hot };
		const lock = name !== 'cmp';
		out.push({ ...base, opcode: i * 8, form: 'Eb,Gb', lock });
		out.push({ ...base, opcode: i * 8 + 1, form: 'Ev,Gv', lock });
		out.push({ ...base, opcode: i * 8 + 2, form: 'Gb,Eb' });
		out.push({ ...base, opcode: i * 8 + 3, form: 'Gv,Ev' });
		out.push({ ...base, opcode: i * 8 + 4, form: 'AL,Ib' });
		out.push({ ...base, opcode: i * 8 + 5, form: 'Av,Iz' });
		out.push({ ...base, opcode: 0x80, ext: i, form: 'Eb,Ib', lock });
		out.push({ ...base, opcode: 0x81, ext: i, form: 'Ev,Iz', lock });
		out.push({ ...base, opcode: 0x82, ext: i, form: 'Eb,Ib', lock });
		out.push({ ...base, opcode: 0x83, ext: i, form: 'Ev,Is', lock });
	});
	const unary = (name: string, ext: number, op: Lower, more: Partial<Row>): void => {
		out.push({ opcode: 0xf6, ext, name, form: 'Eb', lower: op, ...more });
		out.push({ opcode: 0xf7, ext, name, form: 'Ev', lower: op, ...more });
	};
	for (const ext of [0, 1]) {
		out.push({ opcode: 0xf6, ext, name: 'test', form: 'Eb,Ib', access: 'r r', lower: test, undefined: AF, hot: HOT });
		out.push({ opcode: 0xf7, ext, name: 'test', form: 'Ev,Iz', access: 'r r', lower: test, undefined: AF, hot: HOT });
	}
	unary('not', 2, not, { lock: true, hot: 'r32' });
	unary('neg', 3, neg, { lock: true, hot: 'r32' });
	unary('mul', 4, mul, { access: 'r', undefined: MUL_UNDEFINED, hot: 'r32 m32' });
	unary('imul', 5, imul1, { access: 'r', undefined: MUL_UNDEFINED, hot: 'r32' });
	const division = { access: 'r', undefined: Flag.ARITH };
	out.push({ opcode: 0xf6, ext: 6, name: 'div', form: 'Eb', ...division, gprs: 1, helper: (x) => divide(x, 8, false) });
	out.push({ opcode: 0xf6, ext: 7, name: 'idiv', form: 'Eb', ...division, gprs: 1, helper: (x) => divide(x, 8, true) });
	const div = sized((x, size) => (size === 32 ? divide32(x, false) : divide(x, size, false)));
	const idiv = sized((x, size) => (size === 32 ? divide32(x, true) : divide(x, size, true)));
	out.push({ opcode: 0xf7, ext: 6, name: 'div', form: 'Ev', ...division, gprs: EAX_EDX, helper: div });
	out.push({ opcode: 0xf7, ext: 7, name: 'idiv', form: 'Ev', ...division, gprs: EAX_EDX, helper: idiv });
	out.push({ opcode: 0x84, name: 'test', form: 'Eb,Gb', access: 'r r', lower: test, undefined: AF, hot: HOT });
	out.push({ opcode: 0x85, name: 'test', form: 'Ev,Gv', access: 'r r', lower: test, undefined: AF, hot: HOT });
	out.push({ opcode: 0xa8, name: 'test', form: 'AL,Ib', access: 'r r', lower: test, undefined: AF, hot: HOT });
	out.push({ opcode: 0xa9, name: 'test', form: 'Av,Iz', access: 'r r', lower: test, undefined: AF, hot: HOT });
	out.push({ opcode: 0x40, name: 'inc', form: 'Zv', lower: step(false), hot: 'r32' });
	out.push({ opcode: 0x48, name: 'dec', form: 'Zv', lower: step(true), hot: 'r32' });
	out.push({ opcode: 0xfe, ext: 0, name: 'inc', form: 'Eb', lower: step(false), lock: true });
	out.push({ opcode: 0xfe, ext: 1, name: 'dec', form: 'Eb', lower: step(true), lock: true });
	out.push({ opcode: 0xff, ext: 0, name: 'inc', form: 'Ev', lower: step(false), lock: true, hot: 'r32 m32' });
	out.push({ opcode: 0xff, ext: 1, name: 'dec', form: 'Ev', lower: step(true), lock: true, hot: 'r32 m32' });
	out.push({
		opcode: 0x69,
		name: 'imul',
		form: 'Gv,Ev,Iz',
		access: 'w r r',
		lower: imul(1, 2),
		undefined: MUL_UNDEFINED,
		hot: 'r32 m32',
	});
	out.push({
		opcode: 0x6b,
		name: 'imul',
		form: 'Gv,Ev,Is',
		access: 'w r r',
		lower: imul(1, 2),
		undefined: MUL_UNDEFINED,
		hot: 'r32 m32',
	});
	out.push({
		opcode: 0x0faf,
		name: 'imul',
		form: 'Gv,Ev',
		access: 'rw r',
		lower: imul(0, 1),
		undefined: MUL_UNDEFINED,
		hot: 'r32 m32',
	});
	out.push({ opcode: 0x0fb0, name: 'cmpxchg', form: 'Eb,Gb', lower: cmpxchg, lock: true });
	out.push({ opcode: 0x0fb1, name: 'cmpxchg', form: 'Ev,Gv', lower: cmpxchg, lock: true });
	out.push({ opcode: 0x0fc0, name: 'xadd', form: 'Eb,Gb', access: 'rw rw', lower: xadd, lock: true });
	out.push({ opcode: 0x0fc1, name: 'xadd', form: 'Ev,Gv', access: 'rw rw', lower: xadd, lock: true });
	out.push({
		opcode: 0x0fc7,
		ext: 1,
		name: 'cmpxchg8b',
		form: 'Mq',
		access: 'rw',
		lock: true,
		gprs: EAX_EDX,
		flags: true,
		helper: cmpxchg8b,
	});
	return out.map((row) => ({ ...row, chapter: 'arith' }));
}

export const ARITH: readonly Row[] = rows();
