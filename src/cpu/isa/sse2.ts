/** SSE2 (SDM vol. 1, chapter 11): packed and scalar doubles, conversions, the integer instructions on XMM registers. */
import { maskedMove } from './mmx.ts';
import { convert, immediate, packedRows, sized, store, vectorRow, whole, wordwise } from './packed.ts';
import type { Lower, Row } from './row.ts';
import { ARITHMETIC, BITWISE, compare, fromInteger, signMask, toInteger } from './sse.ts';

const sse2 = { feature: 'sse2' } as const;
const w = { access: 'w r' };
const align = { align: true };
const row = (
	opcode: number,
	prefix: 0 | 0x66 | 0xf2 | 0xf3,
	name: string,
	form: string,
	lower: Lower,
	more: Partial<Row> = {},
): Row => vectorRow({ opcode: 0x0f00 | opcode, prefix, name, form, lower, ...sse2, ...more });

const byteShift =
	(op: 'pslldq' | 'psrldq'): Lower =>
	(b) =>
		b.call(op, b.imm());
/** movnti. */
const storeWord: Lower = (b) => b.write(0, b.read(1));

function rows(): Row[] {
	const out: Row[] = [
		...packedRows(false),
		row(0x10, 0x66, 'movupd', 'Vx,Wx', sized('move'), w),
		row(0x11, 0x66, 'movupd', 'Wx,Vx', store(), w),
		row(0x28, 0x66, 'movapd', 'Vx,Wx', sized('move'), { ...w, ...align }),
		row(0x29, 0x66, 'movapd', 'Wx,Vx', store(), { ...w, ...align }),
		row(0x2b, 0x66, 'movntpd', 'Mx,Vx', store(), { ...w, ...align }),
		row(0x6f, 0x66, 'movdqa', 'Vx,Wx', sized('move'), { ...w, ...align }),
		row(0x7f, 0x66, 'movdqa', 'Wx,Vx', store(), { ...w, ...align }),
		row(0x6f, 0xf3, 'movdqu', 'Vx,Wx', sized('move'), w),
		row(0x7f, 0xf3, 'movdqu', 'Wx,Vx', store(), w),
		row(0xe7, 0x66, 'movntdq', 'Mx,Vx', store(), { ...w, ...align }),
		row(0x10, 0xf2, 'movsd', 'Vx,Wq', whole('load64'), { ...w, mod: 'mem' }),
		row(0x10, 0xf2, 'movsd', 'Vx,Ux', whole('low64'), { mod: 'reg' }),
		row(0x11, 0xf2, 'movsd', 'Wq,Vx', store(), { ...w, mod: 'mem' }),
		row(0x11, 0xf2, 'movsd', 'Ux,Vx', whole('low64'), { mod: 'reg' }),
		row(0x12, 0x66, 'movlpd', 'Vx,Mq', whole('low64')),
		row(0x13, 0x66, 'movlpd', 'Mq,Vx', store(), w),
		row(0x16, 0x66, 'movhpd', 'Vx,Mq', whole('toHigh')),
		row(0x17, 0x66, 'movhpd', 'Mq,Vx', store(2), w),
		row(0x7e, 0xf3, 'movq', 'Vx,Wq', whole('load64'), w),
		row(0xd6, 0x66, 'movq', 'Wq,Vx', store(), { ...w, mod: 'mem' }),
		row(0xd6, 0x66, 'movq', 'Ux,Vx', whole('load64'), { ...w, mod: 'reg' }),
		row(0xd6, 0xf3, 'movq2dq', 'Vx,Nq', whole('load64'), w),
		row(0xd6, 0xf2, 'movdq2q', 'Pq,Ux', sized('move'), w),
		row(0x14, 0x66, 'unpcklpd', 'Vx,Wx', whole('punpcklqdq'), align),
		row(0x15, 0x66, 'unpckhpd', 'Vx,Wx', whole('punpckhqdq'), align),
		row(0x6c, 0x66, 'punpcklqdq', 'Vx,Wx', whole('punpcklqdq'), align),
		row(0x6d, 0x66, 'punpckhqdq', 'Vx,Wx', whole('punpckhqdq'), align),
		row(0xc6, 0x66, 'shufpd', 'Vx,Wx,Ib', immediate('shufpd'), align),
		row(0x70, 0x66, 'pshufd', 'Vx,Wx,Ib', immediate('pshufd'), { access: 'w r r', ...align }),
		row(0x70, 0xf3, 'pshufhw', 'Vx,Wx,Ib', immediate('pshufhw'), { access: 'w r r', ...align }),
		row(0x70, 0xf2, 'pshuflw', 'Vx,Wx,Ib', immediate('pshuflw'), { access: 'w r r', ...align }),
		row(0x73, 0x66, 'psrldq', 'Ux,Ib', byteShift('psrldq'), { ext: 3, mod: 'reg' }),
		row(0x73, 0x66, 'pslldq', 'Ux,Ib', byteShift('pslldq'), { ext: 7, mod: 'reg' }),
		row(0x50, 0x66, 'movmskpd', 'Gd,Ux', signMask('movmskpd'), w),
		row(0xc2, 0x66, 'cmppd', 'Vx,Wx,Ib', immediate('cmppd'), align),
		row(0xc2, 0xf2, 'cmpsd', 'Vx,Wq,Ib', immediate('cmpsd')),
		row(0x2e, 0x66, 'ucomisd', 'Vx,Wq', compare('ucomisd'), { access: 'r r' }),
		row(0x2f, 0x66, 'comisd', 'Vx,Wq', compare('comisd'), { access: 'r r' }),
		row(0x2a, 0xf2, 'cvtsi2sd', 'Vx,Ed', fromInteger('cvtsi2sd')),
		row(0x2c, 0xf2, 'cvttsd2si', 'Gd,Wq', toInteger('cvttsd2si'), w),
		row(0x2d, 0xf2, 'cvtsd2si', 'Gd,Wq', toInteger('cvtsd2si'), w),
		// A memory operand leaves the x87 alone
		row(0x2a, 0x66, 'cvtpi2pd', 'Vx,Qq', whole('cvtdq2pd'), { ...w, mod: 'reg' }),
		row(0x2a, 0x66, 'cvtpi2pd', 'Vx,Mq', whole('cvtdq2pd'), { ...w, mod: 'mem' }),
		row(0x2c, 0x66, 'cvttpd2pi', 'Pq,Wx', convert('cvttpd2pi'), { ...w, ...align }),
		row(0x2d, 0x66, 'cvtpd2pi', 'Pq,Wx', convert('cvtpd2pi'), { ...w, ...align }),
		row(0x5a, 0, 'cvtps2pd', 'Vx,Wq', whole('cvtps2pd'), w),
		row(0x5a, 0x66, 'cvtpd2ps', 'Vx,Wx', whole('cvtpd2ps'), { ...w, ...align }),
		row(0x5a, 0xf3, 'cvtss2sd', 'Vx,Wd', whole('cvtss2sd')),
		row(0x5a, 0xf2, 'cvtsd2ss', 'Vx,Wq', whole('cvtsd2ss')),
		row(0x5b, 0, 'cvtdq2ps', 'Vx,Wx', whole('cvtdq2ps'), { ...w, ...align }),
		row(0x5b, 0x66, 'cvtps2dq', 'Vx,Wx', whole('cvtps2dq'), { ...w, ...align }),
		row(0x5b, 0xf3, 'cvttps2dq', 'Vx,Wx', whole('cvttps2dq'), { ...w, ...align }),
		row(0xe6, 0x66, 'cvttpd2dq', 'Vx,Wx', whole('cvttpd2dq'), { ...w, ...align }),
		row(0xe6, 0xf3, 'cvtdq2pd', 'Vx,Wq', whole('cvtdq2pd'), w),
		row(0xe6, 0xf2, 'cvtpd2dq', 'Vx,Wx', whole('cvtpd2dq'), { ...w, ...align }),
		vectorRow({
			opcode: 0x0ff7,
			mod: 'reg',
			prefix: 0x66,
			name: 'maskmovdqu',
			form: 'Vx,Ux',
			access: 'r r',
			helper: maskedMove(false),
			...sse2,
		}),
		{ opcode: 0x0fc3, prefix: 0, name: 'movnti', form: 'Md,Gd', lower: storeWord, hot: 'm32', ...w, ...sse2 },
	];
	for (const [opcode, name] of ARITHMETIC) {
		out.push(row(opcode, 0x66, `${name}pd`, 'Vx,Wx', whole(`${name}pd`), align));
		out.push(row(opcode, 0xf2, `${name}sd`, 'Vx,Wq', whole(`${name}sd`)));
	}
	for (const [opcode, name, integer] of BITWISE) out.push(row(opcode, 0x66, `${name}pd`, 'Vx,Wx', wordwise(integer), align));
	return out.map((r) => ({ ...r, chapter: 'sse2' }));
}

export const SSE2: readonly Row[] = rows();
