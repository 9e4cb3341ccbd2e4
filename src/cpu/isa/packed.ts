/**
 * What the tables of MMX, SSE, SSE2, SSE3 and SSSE3 share: how their rows are lowered, and the integer instructions that exist
 * for MMX and XMM registers alike.
 */
import type { Feature } from '../features.ts';
import type { SimdOp } from '../simd/simd.ts';
import type { WordOp } from '../simd/words.ts';
import type { Lower, Row } from './row.ts';

/** Operand 0 = op(operand 0, operand 1), word by word. */
export const wordwise =
	(op: WordOp): Lower =>
	(b) =>
		b.words(op, b.vector(1));
/** op(operand 0, operand 1): an operation of one width. */
export const whole =
	(op: SimdOp): Lower =>
	(b) =>
		b.call(op, b.vector(1));
/** The same for one that is told its width, after an immediate where there is one. */
export const sized =
	(op: SimdOp): Lower =>
	(b) =>
		b.call(op, b.vector(1), b.width(0));
export const sizedImmediate =
	(op: SimdOp): Lower =>
	(b) =>
		b.call(op, b.vector(1), b.imm(), b.width(0));
/** A conversion between XMM and MMX registers. */
export const convert =
	(op: SimdOp): Lower =>
	(b) =>
		b.convert(op);
export const immediate =
	(op: SimdOp): Lower =>
	(b) =>
		b.call(op, b.vector(1), b.imm());
/** Shifts: the count is operand 1, 64 bits of it, or an immediate. */
const shift =
	(op: SimdOp): Lower =>
	(b) => {
		const from = b.vector(1);
		b.call(op, b.scalar('count', from), b.width(0));
	};
const shiftImmediate =
	(op: SimdOp): Lower =>
	(b) =>
		b.call(op, b.imm(), b.width(0));
/** Stores a register whole, or its first bytes, or those from a word on. */
export const store =
	(word = 0): Lower =>
	(b) => {
		if (b.variant.memory) b.vstore(b.vector(1), word);
		else b.call('move', b.vector(1), b.width(0));
	};
/** A general register or memory word into a vector register, and back. */
const fromWord: Lower = (b) => {
	const value = b.let(b.read(1));
	b.call('word', value, b.width(0));
};
const toWord: Lower = (b) => b.write(0, b.scalar('low', b.vector(1)));
const insert: Lower = (b) => {
	const value = b.let(b.read(1));
	b.call('pinsrw', value, b.imm(), b.width(0));
};
const extract: Lower = (b) => b.setGpr('a', b.scalar('pextrw', b.vector(1), b.imm(), b.width(1)));
const signs: Lower = (b) => b.setGpr('a', b.scalar('pmovmskb', b.vector(1), b.width(1)));

/** A row of a vector instruction: `fx` follows from that. */
export function vectorRow(row: Omit<Row, 'fx'>): Row {
	return { fx: true, ...row };
}

/** Opcode after 0f, name, how it is lowered; MMX forms of those marked came with SSE or SSE2. */
interface Packed {
	readonly opcode: number;
	readonly name: string;
	readonly lower: Lower;
	/** Form of the MMX row's source: `Qd` reads only half. */
	readonly source?: 'Qd';
	readonly since?: Feature;
}
const word = (opcode: number, name: WordOp, since?: Feature): Packed => ({
	opcode,
	name,
	lower: wordwise(name),
	...(since ? { since } : {}),
});
const wide = (opcode: number, name: SimdOp & string, since?: Feature): Packed => ({
	opcode,
	name,
	lower: sized(name),
	...(since ? { since } : {}),
});

/** Instructions with the form op(register, register or memory), for both kinds of registers. */
export const PACKED: readonly Packed[] = [
	{ ...wide(0x60, 'punpcklbw'), source: 'Qd' },
	{ ...wide(0x61, 'punpcklwd'), source: 'Qd' },
	{ ...wide(0x62, 'punpckldq'), source: 'Qd' },
	wide(0x63, 'packsswb'),
	word(0x64, 'pcmpgtb'),
	word(0x65, 'pcmpgtw'),
	word(0x66, 'pcmpgtd'),
	wide(0x67, 'packuswb'),
	wide(0x68, 'punpckhbw'),
	wide(0x69, 'punpckhwd'),
	wide(0x6a, 'punpckhdq'),
	wide(0x6b, 'packssdw'),
	word(0x74, 'pcmpeqb'),
	word(0x75, 'pcmpeqw'),
	word(0x76, 'pcmpeqd'),
	...(['psrlw', 'psrld', 'psrlq'] as const).map((op, i) => ({ opcode: 0xd1 + i, name: op, lower: shift(op) })),
	...(['psraw', 'psrad'] as const).map((op, i) => ({ opcode: 0xe1 + i, name: op, lower: shift(op) })),
	...(['psllw', 'pslld', 'psllq'] as const).map((op, i) => ({ opcode: 0xf1 + i, name: op, lower: shift(op) })),
	wide(0xd4, 'paddq', 'sse2'),
	word(0xd5, 'pmullw'),
	word(0xd8, 'psubusb'),
	word(0xd9, 'psubusw'),
	word(0xda, 'pminub', 'sse'),
	word(0xdb, 'pand'),
	word(0xdc, 'paddusb'),
	word(0xdd, 'paddusw'),
	word(0xde, 'pmaxub', 'sse'),
	word(0xdf, 'pandn'),
	word(0xe0, 'pavgb', 'sse'),
	word(0xe3, 'pavgw', 'sse'),
	word(0xe4, 'pmulhuw', 'sse'),
	word(0xe5, 'pmulhw'),
	word(0xe8, 'psubsb'),
	word(0xe9, 'psubsw'),
	word(0xea, 'pminsw', 'sse'),
	word(0xeb, 'por'),
	word(0xec, 'paddsb'),
	word(0xed, 'paddsw'),
	word(0xee, 'pmaxsw', 'sse'),
	word(0xef, 'pxor'),
	wide(0xf4, 'pmuludq', 'sse2'),
	word(0xf5, 'pmaddwd'),
	wide(0xf6, 'psadbw', 'sse'),
	word(0xf8, 'psubb'),
	word(0xf9, 'psubw'),
	word(0xfa, 'psubd'),
	wide(0xfb, 'psubq', 'sse2'),
	word(0xfc, 'paddb'),
	word(0xfd, 'paddw'),
	word(0xfe, 'paddd'),
];

/** Shifts by an immediate: last byte of the opcode, modrm.reg. */
const SHIFTS = [
	[0x71, 2, 'psrlw'],
	[0x71, 4, 'psraw'],
	[0x71, 6, 'psllw'],
	[0x72, 2, 'psrld'],
	[0x72, 4, 'psrad'],
	[0x72, 6, 'pslld'],
	[0x73, 2, 'psrlq'],
	[0x73, 6, 'psllq'],
] as const;

/** The rows of `PACKED`, the immediate shifts and the transfers to general registers, for MMX (prefix 0) or XMM registers (66). */
export function packedRows(mmx: boolean): Row[] {
	const prefix = mmx ? 0 : 0x66;
	const own: Feature = mmx ? 'mmx' : 'sse2';
	const register = mmx ? 'Pq' : 'Vx';
	const only = mmx ? 'Nq' : 'Ux';
	const rows: Row[] = PACKED.map(({ opcode, name, lower, source, since }) =>
		vectorRow({
			opcode: 0x0f00 | opcode,
			prefix,
			name,
			form: mmx ? `Pq,${source ?? 'Qq'}` : 'Vx,Wx',
			lower,
			feature: mmx ? (since ?? own) : own,
			...(mmx ? {} : { align: true }),
		}),
	);
	for (const [opcode, ext, name] of SHIFTS) {
		const lower = shiftImmediate(name);
		const form = `${only},Ib`;
		rows.push(vectorRow({ opcode: 0x0f00 | opcode, ext, mod: 'reg', prefix, name, form, lower, feature: own }));
	}
	const since = mmx ? 'sse' : own;
	const w = { access: 'w r', feature: own };
	rows.push(
		vectorRow({ opcode: 0x0f6e, prefix, name: 'movd', form: `${register},Ed`, lower: fromWord, ...w }),
		vectorRow({ opcode: 0x0f7e, prefix, name: 'movd', form: `Ed,${register}`, lower: toWord, ...w }),
		vectorRow({ opcode: 0x0fc4, prefix, name: 'pinsrw', form: `${register},Ew,Ib`, lower: insert, feature: since }),
		vectorRow({
			opcode: 0x0fc5,
			prefix,
			name: 'pextrw',
			form: `Gd,${only},Ib`,
			access: 'w r r',
			lower: extract,
			feature: since,
		}),
		vectorRow({ opcode: 0x0fd7, prefix, name: 'pmovmskb', form: `Gd,${only}`, access: 'w r', lower: signs, feature: since }),
	);
	return rows;
}
