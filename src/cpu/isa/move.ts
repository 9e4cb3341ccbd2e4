/** Data transfer (SDM vol. 1, 5.1.1): mov, movzx, movsx, cmovcc, xchg, push, pop, lea, xlat, bswap, conversions, flags. */
import type { HelperContext } from '../context.ts';
import { ESP, SS } from '../ir.ts';
import { Flag, type Lower, type Row } from './row.ts';

const mov: Lower = (b) => b.write(0, b.read(1));
const movsx: Lower = (b) => {
	const x = b.read(1);
	b.write(0, b.sext(x, b.operands[1].size));
};
const xchg: Lower = (b) => {
	const x = b.let(b.read(0));
	const y = b.let(b.read(1));
	b.write(1, x);
	b.write(0, y);
};
const lea: Lower = (b) => b.write(0, b.offset());
const push: Lower = (b) => b.push(b.let(b.read(0)));
const pop: Lower = (b) => {
	const value = b.top();
	const size = b.variant.operandSize;
	if (b.variant.memory) {
		// The decoder has added the size to an esp-based displacement: the address uses esp after the pop
		const probe = b.probe(size, { kind: 'modrm' });
		b.drop(size >> 3);
		b.store(probe, size, value);
	} else {
		b.drop(size >> 3);
		b.write(0, value);
	}
};
const xlat: Lower = (b) => {
	const wide = b.variant.addressSize === 32;
	const sum = b.add(b.gpr(3), b.gpr(0, 8));
	b.setGpr(0, b.load(8, b.at('ds', b.let(wide ? sum : b.and(sum, 0xffff)))), 8);
};
const bswap: Lower = (b) => {
	const x = b.let(b.read(0));
	if (b.variant.operandSize === 16) return b.write(0, b.c(0)); // undefined; processors clear the register
	const outer = b.or(b.shl(x, 24), b.shr(x, 24));
	const inner = b.or(b.and(b.shl(x, 8), 0xff0000), b.and(b.shr(x, 8), 0xff00));
	b.write(0, b.or(outer, inner));
};
/** cbw, cwde. */
const cbw: Lower = (b) => {
	const half = b.variant.operandSize === 32 ? 16 : 8;
	b.setGpr(0, b.sext(b.gpr(0, half), half), b.variant.operandSize);
};
/** cwd, cdq. */
const cwd: Lower = (b) => {
	const size = b.variant.operandSize;
	b.setGpr(2, b.sar(b.sext(b.gpr(0, size), size), 31), size);
};

function pusha(x: HelperContext): void {
	const bytes = x.insn.operandSize >> 3;
	const size = x.insn.operandSize;
	const place = (i: number): number => x.stack(-(i + 1) * bytes, bytes, true);
	for (let i = 0; i < 8; i++) x.probe(place(i), bytes);
	for (let i = 0; i < 8; i++) {
		if (size === 32) x.write32(place(i), x.gpr32(i));
		else x.write16(place(i), x.gpr16(i));
	}
	x.moveStack(-8 * bytes);
}
function popa(x: HelperContext): void {
	const bytes = x.insn.operandSize >> 3;
	const values = Array.from({ length: 8 }, (_, k) => {
		const at = x.stack(k * bytes, bytes, false);
		return bytes === 4 ? x.read32(at) : x.read16(at);
	});
	values.forEach((value, k) => {
		const i = 7 - k;
		if (i === ESP) return;
		if (bytes === 4) x.setGpr32(i, value);
		else x.setGpr16(i, value);
	});
	x.moveStack(8 * bytes);
}

/** enter size, level: SDM vol. 2. */
function enter(x: HelperContext): void {
	const bytes = x.insn.operandSize >> 3;
	const level = x.insn.immediate2 & 31;
	const words = 1 + level;
	const write = (at: number, value: number): void => (bytes === 4 ? x.write32(at, value) : x.write16(at, value));
	const frame = (x.gpr32(ESP) - bytes) >>> 0;
	const ebp = x.gpr32(5);
	const place = (i: number): number => x.stack(-(i + 1) * bytes, bytes, true);
	const display = (i: number): number => {
		const at = x.linear(SS, x.stackOffset(ebp - i * bytes), bytes, false);
		return bytes === 4 ? x.read32(at) : x.read16(at);
	};
	// First all that can fault; the processor also checks that an operand at the new top could be written
	for (let i = 0; i < words; i++) {
		x.probe(place(i), bytes);
		if (i > 0 && i < level) display(i);
	}
	x.probe(x.linear(SS, x.stackOffset(x.gpr32(ESP) - words * bytes - x.insn.immediate), bytes, true), bytes);
	// Then in order: the display that is copied may lie where the new one goes
	write(place(0), ebp);
	for (let i = 1; i < level; i++) write(place(i), display(i));
	if (level > 0) write(place(level), frame);
	if (bytes === 4) x.setGpr32(5, frame);
	else x.setGpr16(5, frame);
	x.moveStack(-(words * bytes + x.insn.immediate));
}
const leave: Lower = (b) => {
	const size = b.variant.operandSize;
	const ebp = b.let(b.gpr(5));
	const value = b.load(size, b.at(SS, ebp));
	b.setGpr(ESP, b.add(ebp, size >> 3));
	b.setGpr(5, value, size);
};
function leaveSlow(x: HelperContext): void {
	const bytes = x.insn.operandSize >> 3;
	const at = x.linear(SS, x.stackOffset(x.gpr32(5)), bytes, false);
	const value = bytes === 4 ? x.read32(at) : x.read16(at);
	x.setStack(x.gpr32(5) + bytes);
	if (bytes === 4) x.setGpr32(5, value);
	else x.setGpr16(5, value);
}

/** Flags a user program may change with popf at IOPL 0: not IOPL, IF, VM, RF, VIF, VIP. */
export const POPF_MASK = Flag.ARITH | Flag.TF | Flag.DF | Flag.NT | Flag.AC | Flag.ID;

function pushf(x: HelperContext): void {
	const bytes = x.insn.operandSize >> 3;
	const at = x.stack(-bytes, bytes, true);
	const flags = x.eflags() & ~(Flag.VM | Flag.RF);
	if (bytes === 4) x.write32(at, flags);
	else x.write16(at, flags);
	x.moveStack(-bytes);
}
function popf(x: HelperContext): void {
	const bytes = x.insn.operandSize >> 3;
	const at = x.stack(0, bytes, false);
	const value = bytes === 4 ? x.read32(at) : x.read16(at);
	x.moveStack(bytes);
	x.setFlags(bytes === 4 ? POPF_MASK | Flag.RF : POPF_MASK & 0xffff, value & ~Flag.RF);
}

function rows(): Row[] {
	const out: Row[] = [
		{ opcode: 0x88, name: 'mov', form: 'Eb,Gb', access: 'w r', lower: mov, hot: 'r8 m8' },
		{ opcode: 0x89, name: 'mov', form: 'Ev,Gv', access: 'w r', lower: mov, hot: 'r32 m32 m16' },
		{ opcode: 0x8a, name: 'mov', form: 'Gb,Eb', access: 'w r', lower: mov, hot: 'r8 m8' },
		{ opcode: 0x8b, name: 'mov', form: 'Gv,Ev', access: 'w r', lower: mov, hot: 'r32 m32' },
		{ opcode: 0xb0, name: 'mov', form: 'Zb,Ib', access: 'w r', lower: mov, hot: 'r8' },
		{ opcode: 0xb8, name: 'mov', form: 'Zv,Iz', access: 'w r', lower: mov, hot: 'r32' },
		{ opcode: 0xc6, ext: 0, name: 'mov', form: 'Eb,Ib', access: 'w r', lower: mov, hot: 'r8 m8' },
		{ opcode: 0xc7, ext: 0, name: 'mov', form: 'Ev,Iz', access: 'w r', lower: mov, hot: 'r32 m32' },
		{ opcode: 0xa0, name: 'mov', form: 'AL,Ob', access: 'w r', lower: mov, hot: 'm8' },
		{ opcode: 0xa1, name: 'mov', form: 'Av,Ov', access: 'w r', lower: mov, hot: 'm32' },
		{ opcode: 0xa2, name: 'mov', form: 'Ob,AL', access: 'w r', lower: mov, hot: 'm8' },
		{ opcode: 0xa3, name: 'mov', form: 'Ov,Av', access: 'w r', lower: mov, hot: 'm32' },
		{ opcode: 0x0fb6, name: 'movzx', form: 'Gv,Eb', access: 'w r', lower: mov, hot: 'r32 m32' },
		{ opcode: 0x0fb7, name: 'movzx', form: 'Gv,Ew', access: 'w r', lower: mov, hot: 'r32 m32' },
		{ opcode: 0x0fbe, name: 'movsx', form: 'Gv,Eb', access: 'w r', lower: movsx, hot: 'r32 m32' },
		{ opcode: 0x0fbf, name: 'movsx', form: 'Gv,Ew', access: 'w r', lower: movsx, hot: 'r32 m32' },
		{ opcode: 0x90, prefix: 0xf3, name: 'pause', form: '', lower: () => {} },
		{ opcode: 0x90, name: 'xchg', form: 'Zv,Av', access: 'rw rw', lower: xchg, hot: 'r32' },
		{ opcode: 0x86, name: 'xchg', form: 'Eb,Gb', access: 'rw rw', lower: xchg, lock: true },
		{ opcode: 0x87, name: 'xchg', form: 'Ev,Gv', access: 'rw rw', lower: xchg, lock: true, hot: 'r32 m32' },
		{ opcode: 0x8d, name: 'lea', form: 'Gv,M', access: 'w -', lower: lea, hot: 'm32' },
		{ opcode: 0x50, name: 'push', form: 'Zv', access: 'r', lower: push, hot: 'r32' },
		{ opcode: 0x68, name: 'push', form: 'Iz', access: 'r', lower: push, hot: 'r32' },
		{ opcode: 0x6a, name: 'push', form: 'Is', access: 'r', lower: push, hot: 'r32' },
		{ opcode: 0xff, ext: 6, name: 'push', form: 'Ev', access: 'r', lower: push, hot: 'm32 r32' },
		{ opcode: 0x58, name: 'pop', form: 'Zv', access: 'w', lower: pop, hot: 'r32' },
		{ opcode: 0x8f, ext: 0, name: 'pop', form: 'Ev', access: 'x', lower: pop },
		{ opcode: 0xd7, name: 'xlat', form: '', lower: xlat },
		{ opcode: 0x0fc8, name: 'bswap', form: 'Zv', lower: bswap, hot: 'r32' },
		{ opcode: 0x98, name: 'cbw', form: '', lower: cbw, hot: 'r32' },
		{ opcode: 0x99, name: 'cwd', form: '', lower: cwd, hot: 'r32' },
		{ opcode: 0x60, name: 'pusha', form: '', gprs: 1 << ESP, helper: pusha },
		{ opcode: 0x61, name: 'popa', form: '', gprs: 0xff, helper: popa },
		{ opcode: 0xc8, name: 'enter', form: 'Iw,Ib', access: 'r r', gprs: (1 << ESP) | 0x20, helper: enter },
		{ opcode: 0xc9, name: 'leave', form: '', lower: leave, helper: leaveSlow, gprs: (1 << ESP) | 0x20, hot: 'r32' },
		{ opcode: 0x9c, name: 'pushf', form: '', gprs: 1 << ESP, helper: pushf },
		{ opcode: 0x9d, name: 'popf', form: '', gprs: 1 << ESP, flags: true, helper: popf },
	];
	const conditions = 'o no b ae e ne be a s ns p np l ge le g'.split(' ');
	conditions.forEach((cc, i) => {
		const lower: Lower = (b) => {
			const old = b.read(0);
			const x = b.read(1);
			b.write(0, b.select(b.cond(i), x, old));
		};
		out.push({
			opcode: 0x0f40 + i,
			name: `cmov${cc}`,
			form: 'Gv,Ev',
			lower,
			hot: i !== 0 && i !== 1 && i !== 10 && i !== 11 ? 'r32' : '',
		});
	});
	return out.map((row) => ({ ...row, chapter: 'move' }));
}

export const MOVE: readonly Row[] = rows();
