/** Decimal arithmetic (SDM vol. 1, 5.1.3): daa das aaa aas aam aad, as the pseudo-code of vol. 2 has them. */
import { Vector } from '../../events/cpu.ts';
import type { HelperContext } from '../context.ts';
import { parity } from '../flags.ts';
import { Flag, type Row } from './row.ts';

const { CF, PF, AF, ZF, SF, OF, ARITH } = Flag;
const szp = (byte: number): number => (byte === 0 ? ZF : 0) | (byte & 0x80 ? SF : 0) | (parity(byte) ? PF : 0);

function adjust(x: HelperContext, sign: 1 | -1): void {
	const old = x.gpr8(0);
	const flags = x.eflags();
	let al = old;
	let out = 0;
	if ((old & 15) > 9 || flags & AF) {
		al = (al + sign * 6) & 0xff;
		out |= AF;
		if (sign < 0 && (flags & CF || old < 6)) out |= CF;
		if (sign > 0 && (flags & CF || old > 0xf9)) out |= CF;
	}
	if (old > 0x99 || flags & CF) {
		al = (al + sign * 0x60) & 0xff;
		out |= CF;
	}
	x.setGpr8(0, al);
	x.setFlags(ARITH, out | szp(al));
}
function ascii(x: HelperContext, sign: 1 | -1): void {
	const flags = x.eflags();
	const carry = (x.gpr8(0) & 15) > 9 || (flags & AF) !== 0;
	if (carry) x.setGpr16(0, x.gpr16(0) + sign * 0x106);
	const al = x.gpr8(0) & 15;
	x.setGpr8(0, al);
	x.setFlags(ARITH, (carry ? AF | CF : 0) | szp(al));
}
function aam(x: HelperContext): void {
	const base = x.insn.immediate & 0xff;
	if (base === 0) x.raise(Vector.DE);
	const al = x.gpr8(0);
	x.setGpr16(0, (((al / base) | 0) << 8) | (al % base));
	x.setFlags(ARITH, szp(al % base));
}
function aad(x: HelperContext): void {
	const al = (x.gpr8(0) + x.gpr8(4) * (x.insn.immediate & 0xff)) & 0xff;
	x.setGpr16(0, al);
	x.setFlags(ARITH, szp(al));
}

const rows: readonly Row[] = [
	{ opcode: 0x27, name: 'daa', form: '', undefined: OF, gprs: 1, flags: true, helper: (x) => adjust(x, 1) },
	{ opcode: 0x2f, name: 'das', form: '', undefined: OF, gprs: 1, flags: true, helper: (x) => adjust(x, -1) },
	{ opcode: 0x37, name: 'aaa', form: '', undefined: OF | SF | ZF | PF, gprs: 1, flags: true, helper: (x) => ascii(x, 1) },
	{ opcode: 0x3f, name: 'aas', form: '', undefined: OF | SF | ZF | PF, gprs: 1, flags: true, helper: (x) => ascii(x, -1) },
	{ opcode: 0xd4, name: 'aam', form: 'Ib', access: 'r', undefined: OF | AF | CF, gprs: 1, flags: true, helper: aam },
	{ opcode: 0xd5, name: 'aad', form: 'Ib', access: 'r', undefined: OF | AF | CF, gprs: 1, flags: true, helper: aad },
];

export const DECIMAL: readonly Row[] = rows.map((row) => ({ ...row, chapter: 'decimal' }));
