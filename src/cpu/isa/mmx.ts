/** MMX (SDM vol. 1, chapter 9), and what SSE, SSE2 and their kin added to it. The registers are the x87's (simd.ts, `enterMmx`). */

import { Vector } from '../../events/cpu.ts';
import type { HelperContext } from '../context.ts';
import { XMM_W } from '../layout.ts';
import { immediate, packedRows, sized, store, vectorRow } from './packed.ts';
import type { Row } from './row.ts';

const EDI = 7;

function emms(x: HelperContext): void {
	if (x.fpu.pending) x.raise(Vector.MF);
	x.simd.emms();
	x.useFpu();
}

/**
 * maskmovq, maskmovdqu: bytes of operand 0 whose bytes in operand 1 have their top bit set go to [edi] (ds or an override).
 * Quirk: as on AMD processors, the place must be writable even if no byte is selected.
 */
export function maskedMove(mmx: boolean): (x: HelperContext) => void {
	const bytes = mmx ? 8 : 16;
	return (x) => {
		if (mmx && x.fpu.pending) x.raise(Vector.MF);
		const { insn, simd } = x;
		const wide = insn.addressSize === 32;
		const edi = wide ? x.gpr32(EDI) : x.gpr16(EDI);
		// Eight bytes each, as far as AC is concerned
		if (!mmx) x.linear(insn.segment, edi + 8, 8, true);
		const at = x.linear(insn.segment, edi, 8, true);
		const place = (register: number): number => (mmx ? simd.mm(register * 4) : XMM_W + register * 4);
		const data = place(insn.reg) << 2;
		const mask = place(insn.rm);
		x.probe(at, bytes);
		const values = Array.from({ length: bytes }, (_, i) => x.bytes[data + i]);
		const selected = values.map((_, i) => simd.selects(mask, i));
		for (let i = 0; i < bytes; i++) if (selected[i]) x.write8((at + i) >>> 0, values[i]);
		if (mmx) simd.enterMmx();
		x.useFpu();
	};
}

const w = { access: 'w r' };
const mmx = { feature: 'mmx' } as const;

export const MMX: readonly Row[] = [
	...packedRows(true),
	vectorRow({ opcode: 0x0f6f, prefix: 0, name: 'movq', form: 'Pq,Qq', lower: sized('move'), ...w, ...mmx }),
	vectorRow({ opcode: 0x0f7f, prefix: 0, name: 'movq', form: 'Qq,Pq', lower: store(), ...w, ...mmx }),
	vectorRow({ opcode: 0x0f77, prefix: 0, name: 'emms', form: '', helper: emms, ...mmx }),
	vectorRow({
		opcode: 0x0f70,
		prefix: 0,
		name: 'pshufw',
		form: 'Pq,Qq,Ib',
		access: 'w r r',
		lower: immediate('pshufw'),
		feature: 'sse',
	}),
	vectorRow({ opcode: 0x0fe7, prefix: 0, name: 'movntq', form: 'Mq,Pq', lower: store(), ...w, feature: 'sse' }),
	vectorRow({
		opcode: 0x0ff7,
		mod: 'reg',
		prefix: 0,
		name: 'maskmovq',
		form: 'Pq,Nq',
		access: 'r r',
		helper: maskedMove(true),
		feature: 'sse',
	}),
].map((row) => ({ ...row, chapter: 'mmx' }));
