/** What the tracer must know of an instruction, asked of its row. */
import { Decoder, makeDecodeMaps } from '../../src/cpu/decode.ts';
import { newInsn } from '../../src/cpu/insn.ts';
import { ROWS } from '../../src/cpu/isa/index.ts';
import type { StepColumns } from '../../src/events/steps.ts';
import { SITE_IMAGE, SiteBit } from './protocol.ts';

const SS = 2;

export class Sites {
	readonly #decoder = new Decoder(makeDecodeMaps(ROWS));
	readonly #insn = newInsn();

	/** The bits of every site of a batch. */
	bits(columns: StepColumns): Uint32Array {
		const { siteEip, siteLength, siteBytes } = columns;
		return Uint32Array.from(siteEip, (_, s) => this.#of(siteBytes, s * 16, siteLength[s]));
	}

	#of(bytes: Uint8Array, at: number, length: number): number {
		const insn = this.#insn;
		this.#decoder.decode(bytes, at, at + length, 32, insn);
		const { row } = insn;
		if (row === undefined) return 0;
		let bits = row.undefined ?? 0;
		if (row.name === 'cpuid' || row.name === 'rdtsc') bits |= SiteBit.POKE;
		if (row.name === 'pushf') bits |= SiteBit.PUSHF;
		if (row.name === 'fnstenv' || row.name === 'fnsave') bits |= (insn.operandSize === 16 ? 2 : 1) << SITE_IMAGE;
		if (row.name === 'fxsave') bits |= 3 << SITE_IMAGE;
		if (row.fx) bits |= SiteBit.FX;
		if ((row.name === 'mov' && row.form === 'Sw,Ew' && insn.reg === SS) || (row.name === 'pop' && row.form === 'SS'))
			bits |= SiteBit.SHADOWED;
		return bits >>> 0;
	}
}
