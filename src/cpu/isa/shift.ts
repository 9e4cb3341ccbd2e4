/** Shifts and rotates (SDM vol. 1, 5.1.5; vol. 2 SAL/SAR/SHL/SHR, RCL/RCR/ROL/ROR, SHLD, SHRD). Counts are taken modulo 32. */
import type { HelperContext } from '../context.ts';
import type { Builder, Expr, Size } from '../ir.ts';
import { Flag, type Lower, type Row } from './row.ts';

const { AF, OF, CF, ARITH } = Flag;

/** Builds `then` for a count that is not zero: nothing happens with zero. */
function counted(b: Builder, operand: number, then: (count: Expr) => void): void {
	const count = b.let(b.and(b.read(operand), 31));
	b.when(b.ne(count, 0), () => then(count));
}
/** Carry word of CF (0 or 1) and OF (0 or 1); AF clear. */
const cfOf = (b: Builder, cf: Expr, of: Expr): Expr => b.or(b.shl(cf, 31), b.shl(b.xor(cf, of), 30));

const shl: Lower = (b) => {
	const x = b.let(b.read(0));
	counted(b, 1, (count) => {
		const r = b.let(b.shl(x, count));
		const cf = b.let(b.size === 32 ? b.and(b.shr(x, b.sub(32, count)), 1) : b.and(b.shr(r, b.size), 1));
		const of = b.xor(b.and(b.shr(r, b.size - 1), 1), cf);
		b.setFlags(b.sext(r), cfOf(b, cf, of), ARITH);
		b.write(0, r);
	});
};
const shr: Lower = (b) => {
	const x = b.let(b.read(0));
	counted(b, 1, (count) => {
		const r = b.let(b.shr(x, count));
		const cf = b.let(b.and(b.shr(x, b.sub(count, 1)), 1));
		const of = b.and(b.shr(b.xor(r, b.shl(r, 1)), b.size - 1), 1);
		b.setFlags(b.sext(r), cfOf(b, cf, of), ARITH);
		b.write(0, r);
	});
};
const sar: Lower = (b) => {
	const x = b.let(b.sext(b.read(0)));
	counted(b, 1, (count) => {
		const r = b.let(b.sar(x, count));
		const cf = b.let(b.and(b.sar(x, b.sub(count, 1)), 1));
		b.setFlags(b.sext(r), cfOf(b, cf, b.c(0)), ARITH);
		b.write(0, r);
	});
};
const rotate =
	(left: boolean): Lower =>
	(b) => {
		const x = b.let(b.read(0));
		counted(b, 1, (masked) => {
			const n = b.size;
			const count = b.let(n === 32 ? masked : b.and(masked, n - 1));
			const away = b.and(b.sub(n, count), n === 32 ? 31 : 31);
			// A count that is a multiple of 8 or 16 leaves the value; the shift by n of a zero-extended value gives no bits
			const turned = left ? b.or(b.shl(x, count), b.shr(x, away)) : b.or(b.shr(x, count), b.shl(x, away));
			const r = b.let(b.zext(turned));
			const top = b.let(b.and(b.shr(r, n - 1), 1));
			if (left) {
				const cf = b.let(b.and(r, 1));
				b.setCfOf(cf, b.xor(top, cf));
			} else b.setCfOf(top, b.xor(top, b.and(b.shr(r, n - 2), 1)));
			b.write(0, r);
		});
	};

/** Shifts by 32 and more leave nothing. */
const up = (v: number, n: number): number => (n > 31 ? 0 : v << n);
const down = (v: number, n: number): number => (n > 31 ? 0 : v >>> n);

/** rcl and rcr: rotation through CF, size + 1 bits wide. */
function rotateCarry(x: HelperContext, size: Size, left: boolean, raw: number): void {
	const masked = raw & 31;
	const at = x.writableOperand(size);
	if (masked === 0) return;
	const value = x.readOperand(size);
	const flags = x.eflags();
	const count = masked % (size + 1);
	// The value with CF above it: `r` the size bits, `cf` the one on top
	let r = value;
	let cf = flags & 1;
	if (count > 0) {
		const mask = size === 32 ? -1 : (1 << size) - 1;
		const old = cf;
		if (left) {
			cf = down(value, size - count) & 1;
			r = up(value, count) | up(old, count - 1) | down(value, size + 1 - count);
		} else {
			cf = down(value, count - 1) & 1;
			r = down(value, count) | up(old, size - count) | up(value, size + 1 - count);
		}
		r &= mask;
	}
	const top = (r >>> (size - 1)) & 1;
	const of = left ? top ^ cf : top ^ ((r >>> (size - 2)) & 1);
	x.setFlags(CF | OF, cf | (of ? OF : 0));
	x.writeOperand(size, r, at);
}

/** shld, shrd. With 16 bits and a count above 16 the bits that come in are the destination's own again. */
const double =
	(left: boolean): Lower =>
	(b) => {
		const x = b.let(b.read(0));
		const y = b.let(b.read(1));
		counted(b, 2, (count) => {
			const n = b.size;
			let r: Expr;
			let cf: Expr;
			if (n === 32) {
				const away = b.sub(32, count);
				r = b.let(left ? b.or(b.shl(x, count), b.shr(y, away)) : b.or(b.shr(x, count), b.shl(y, away)));
				cf = b.let(b.and(left ? b.shr(x, away) : b.shr(x, b.sub(count, 1)), 1));
			} else {
				const low = b.ltu(count, 17);
				const rest = b.and(b.sub(count, 16), 31);
				if (left) {
					const wide = b.let(b.or(b.shl(x, 16), y));
					const again = b.let(b.or(b.shl(y, 16), x));
					r = b.let(b.select(low, b.shr(b.shl(wide, count), 16), b.shr(b.shl(again, rest), 16)));
					r = b.let(b.select(b.eq(count, 16), y, r));
					cf = b.let(b.and(b.select(low, b.shr(wide, b.and(b.sub(32, count), 31)), b.shr(again, b.and(b.sub(32, rest), 31))), 1));
				} else {
					const wide = b.let(b.or(b.shl(y, 16), x));
					const again = b.let(b.or(b.shl(x, 16), y));
					r = b.let(b.zext(b.select(low, b.shr(wide, count), b.shr(again, rest))));
					cf = b.let(b.and(b.select(low, b.shr(wide, b.sub(count, 1)), b.shr(again, b.and(b.sub(rest, 1), 31))), 1));
				}
			}
			const of = b.and(b.shr(b.xor(r, x), n - 1), 1);
			b.setFlags(b.sext(r), cfOf(b, cf, of), ARITH);
			b.write(0, r);
		});
	};

function rows(): Row[] {
	const out: Row[] = [];
	const group: readonly (readonly [number, string, Lower | undefined, number])[] = [
		[0, 'rol', rotate(true), OF],
		[1, 'ror', rotate(false), OF],
		[2, 'rcl', undefined, OF],
		[3, 'rcr', undefined, OF],
		[4, 'shl', shl, OF | AF | CF],
		[5, 'shr', shr, OF | AF | CF],
		[6, 'shl', shl, OF | AF | CF],
		[7, 'sar', sar, OF | AF],
	];
	for (const [ext, name, lower, undef] of group) {
		for (const [opcode, form] of [
			[0xc0, 'Eb,Ib'],
			[0xc1, 'Ev,Ib'],
			[0xd0, 'Eb,1'],
			[0xd1, 'Ev,1'],
			[0xd2, 'Eb,CL'],
			[0xd3, 'Ev,CL'],
		] as const) {
			const base = { opcode, ext, name, form, undefined: undef };
			if (lower) out.push({ ...base, lower, hot: 'r32' });
			else {
				const helper = (x: HelperContext): void => {
					const size = (opcode & 1 ? x.insn.operandSize : 8) as Size;
					rotateCarry(x, size, ext === 2, form.endsWith('CL') ? x.gpr8(1) : form.endsWith('1') ? 1 : x.insn.immediate);
				};
				out.push({ ...base, flags: true, helper });
			}
		}
	}
	for (const [opcode, name, left] of [
		[0x0fa4, 'shld', true],
		[0x0fac, 'shrd', false],
	] as const) {
		const base = { name, lower: double(left), undefined: OF | AF | CF | 0xc4, access: 'rw r r', hot: 'r32' };
		out.push({ ...base, opcode, form: 'Ev,Gv,Ib' }, { ...base, opcode: opcode + 1, form: 'Ev,Gv,CL' });
	}
	return out.map((row) => ({ ...row, chapter: 'shift' }));
}

export const SHIFT: readonly Row[] = rows();
