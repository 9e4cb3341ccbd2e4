/** SSSE3 (SDM vol. 1, 12.6), for MMX and XMM registers. */
import type { SimdOp } from '../simd/simd.ts';
import type { WordOp } from '../simd/words.ts';
import { sized, sizedImmediate, vectorRow, wordwise } from './packed.ts';
import type { Lower, Row } from './row.ts';

const word = (opcode: number, name: WordOp): [number, string, Lower] => [opcode, name, wordwise(name)];
const wide = (opcode: number, name: SimdOp & string): [number, string, Lower] => [opcode, name, sized(name)];

const TABLE: readonly (readonly [number, string, Lower])[] = [
	wide(0x00, 'pshufb'),
	wide(0x01, 'phaddw'),
	wide(0x02, 'phaddd'),
	wide(0x03, 'phaddsw'),
	word(0x04, 'pmaddubsw'),
	wide(0x05, 'phsubw'),
	wide(0x06, 'phsubd'),
	wide(0x07, 'phsubsw'),
	word(0x08, 'psignb'),
	word(0x09, 'psignw'),
	word(0x0a, 'psignd'),
	word(0x0b, 'pmulhrsw'),
	word(0x1c, 'pabsb'),
	word(0x1d, 'pabsw'),
	word(0x1e, 'pabsd'),
];
const ssse3 = { feature: 'ssse3', chapter: 'ssse3' } as const;

function rows(): Row[] {
	const out: Row[] = [];
	for (const [opcode, name, lower] of TABLE) {
		const base = { opcode: 0x0f3800 | opcode, name, lower, ...ssse3 };
		out.push(vectorRow({ ...base, prefix: 0, form: 'Pq,Qq' }), vectorRow({ ...base, prefix: 0x66, form: 'Vx,Wx', align: true }));
	}
	const align = { opcode: 0x0f3a0f, name: 'palignr', lower: sizedImmediate('palignr'), ...ssse3 };
	out.push(
		vectorRow({ ...align, prefix: 0, form: 'Pq,Qq,Ib' }),
		vectorRow({ ...align, prefix: 0x66, form: 'Vx,Wx,Ib', align: true }),
	);
	return out;
}

export const SSSE3: readonly Row[] = rows();
