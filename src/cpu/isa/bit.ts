/** Bit and byte instructions (SDM vol. 1, 5.1.6): bt, bts, btr, btc, bsf, bsr, setcc. */
import type { Builder, Expr, Place } from '../ir.ts';
import { Flag, type Lower, type Row } from './row.ts';

const { OF, SF, ZF, AF, PF } = Flag;

type Change = 'bt' | 'bts' | 'btr' | 'btc';

function changed(b: Builder, change: Change, x: Expr, mask: Expr): Expr {
	if (change === 'bts') return b.or(x, mask);
	return change === 'btr' ? b.and(x, b.not(mask)) : b.xor(x, mask);
}

/** The bit offset is signed and reaches any byte of memory when it comes from a register. */
const bitTest =
	(change: Change): Lower =>
	(b) => {
		const size = b.size;
		const bit = b.let(b.read(1));
		const small = b.let(b.and(bit, size - 1));
		const mask = b.let(b.shl(1, small));
		if (!b.variant.memory) {
			const x = b.let(b.read(0));
			b.setCf(b.let(b.and(b.shr(x, small), 1)));
			if (change !== 'bt') b.write(0, changed(b, change, x, mask));
			return;
		}
		const string = b.operands[1].kind === 'G';
		const units = b.sar(b.sext(bit, size), size === 32 ? 5 : 4);
		const place: Place = string ? { kind: 'modrm', delta: b.let(b.shl(units, size === 32 ? 2 : 1)) } : { kind: 'modrm' };
		if (change === 'bt') {
			const x = b.load(size, place);
			b.setCf(b.let(b.and(b.shr(x, small), 1)));
			return;
		}
		const probe = b.probe(size, place);
		const x = b.let({ op: 'probed', size, id: probe });
		b.setCf(b.let(b.and(b.shr(x, small), 1)));
		b.store(probe, size, changed(b, change, x, mask));
	};

/** A zero source sets ZF and leaves the destination; the other flags are those of a comparison with zero. */
const scan =
	(forward: boolean): Lower =>
	(b) => {
		const old = b.read(0);
		const x = b.let(b.read(1));
		const zero = b.let(b.eq(x, 0));
		const low = b.and(x, b.sub(0, x));
		const r = b.let(b.sub(31, b.clz(forward ? low : x)));
		const word = b.and({ op: 'carry' }, 0xc0000008);
		b.setFlags(b.select(zero, 0, 1), b.let(word), ZF);
		b.write(0, b.select(zero, old, r));
	};

function rows(): Row[] {
	const out: Row[] = [];
	(['bt', 'bts', 'btr', 'btc'] as const).forEach((name, i) => {
		const base = { name, lower: bitTest(name), undefined: OF | SF | AF | PF, access: 'x r', lock: name !== 'bt' };
		out.push({ ...base, opcode: 0x0fa3 + i * 8, form: 'Ev,Gv', hot: name === 'bt' ? 'r32' : '' });
		out.push({ ...base, opcode: 0x0fba, ext: 4 + i, form: 'Ev,Ib', hot: name === 'bt' ? 'r32' : '' });
	});
	const undef = OF | SF | AF | PF | Flag.CF;
	out.push({ opcode: 0x0fbc, name: 'bsf', form: 'Gv,Ev', access: 'rw r', lower: scan(true), undefined: undef, hot: 'r32' });
	out.push({ opcode: 0x0fbd, name: 'bsr', form: 'Gv,Ev', access: 'rw r', lower: scan(false), undefined: undef, hot: 'r32' });
	const conditions = 'o no b ae e ne be a s ns p np l ge le g'.split(' ');
	conditions.forEach((cc, i) => {
		const lower: Lower = (b) => b.write(0, b.cond(i));
		out.push({
			opcode: 0x0f90 + i,
			name: `set${cc}`,
			form: 'Eb',
			access: 'w',
			lower,
			hot: i === 4 || i === 5 || i >= 12 || i === 2 || i === 7 ? 'r8' : '',
		});
	});
	return out.map((row) => ({ ...row, chapter: 'bit' }));
}

export const BIT: readonly Row[] = rows();
