/** Flag control (SDM vol. 1, 5.1.11) and salc. */
import { Vector } from '../../events/cpu.ts';
import { Flag, type Row } from './row.ts';

const { CF, DF, OF, ARITH } = Flag;

const rows: readonly Row[] = [
	{ opcode: 0xf5, name: 'cmc', form: '', lower: (b) => b.setCf(b.let(b.xor(b.cf(), 1))) },
	{ opcode: 0xf8, name: 'clc', form: '', lower: (b) => b.setCf(b.c(0)) },
	{ opcode: 0xf9, name: 'stc', form: '', lower: (b) => b.setCf(b.c(1)) },
	{ opcode: 0xfa, name: 'cli', form: '', helper: (x) => x.raise(Vector.GP, 0) },
	{ opcode: 0xfb, name: 'sti', form: '', helper: (x) => x.raise(Vector.GP, 0) },
	{ opcode: 0xfc, name: 'cld', form: '', flags: true, helper: (x) => x.setFlags(DF, 0) },
	{ opcode: 0xfd, name: 'std', form: '', flags: true, helper: (x) => x.setFlags(DF, DF) },
	{ opcode: 0x9e, name: 'sahf', form: '', flags: true, helper: (x) => x.setFlags(ARITH & ~OF, x.gpr8(4)) },
	{ opcode: 0x9f, name: 'lahf', form: '', gprs: 1, helper: (x) => x.setGpr8(4, (x.eflags() & 0xd5) | 2) },
	{ opcode: 0xd6, name: 'salc', form: '', gprs: 1, helper: (x) => x.setGpr8(0, x.eflags() & CF ? 0xff : 0) },
];

export const FLAG_CONTROL: readonly Row[] = rows.map((row) => ({ ...row, chapter: 'flag' }));
