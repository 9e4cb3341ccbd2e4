/** Control transfer (SDM vol. 1, 5.1.7): jumps, calls, returns, loops, interrupts, far transfers. */
import { Vector } from '../../events/cpu.ts';
import type { HelperContext } from '../context.ts';
import { Stop } from '../contract.ts';
import { ESP } from '../ir.ts';
import { POPF_MASK } from './move.ts';
import { Flag, type Lower, type Row } from './row.ts';

/** Invalid TSS: a task return with no task to return to. */
const TS = 10;

const jmp: Lower = (b) => b.branch();
// The stack is checked first, then the target against the limit of cs
const call: Lower = (b) => {
	const place = b.preparePush();
	b.branch();
	b.finishPush(place, b.next());
};
const jmpIndirect: Lower = (b) => b.jump(b.read(0));
const callIndirect: Lower = (b) => {
	const target = b.let(b.read(0));
	const place = b.preparePush();
	b.jump(target);
	b.finishPush(place, b.next());
};
const ret: Lower = (b) => {
	const target = b.top();
	b.jump(target);
	b.drop(b.variant.operandSize >> 3);
};
const retImm: Lower = (b) => {
	const target = b.top();
	b.jump(target);
	b.setGpr(ESP, b.add(b.add(b.gpr(ESP), b.variant.operandSize >> 3), b.imm()));
};
function retImmSlow(x: HelperContext): void {
	const bytes = x.insn.operandSize >> 3;
	const at = x.stack(0, bytes, false);
	const target = bytes === 4 ? x.read32(at) : x.read16(at);
	x.jump(target);
	x.moveStack(bytes + x.insn.immediate);
}
const jcxz: Lower = (b) => b.branch(b.eq(b.gpr(1, b.variant.addressSize), 0));
/** loopne, loope, loop: counts down (e)cx by the address size; flags stay. */
const loop =
	(zf: boolean | undefined): Lower =>
	(b) => {
		const size = b.variant.addressSize;
		const count = b.let(b.zext(b.sub(b.gpr(1, size), 1), size));
		const more = b.ne(count, 0);
		b.branch(zf === undefined ? more : b.and(more, zf ? b.cond(4) : b.cond(5)));
		b.setGpr(1, count, size);
	};

/** int n: the gates of 3, 4 and 0x80 are open to user mode; others are #GP with the gate's index (SDM vol. 3, 6.12.1.1). */
function int(x: HelperContext): void {
	const n = x.insn.immediate;
	if (n === 0x80) x.stop(Stop.INT80);
	else if (n === 3) x.trap(Vector.BP);
	else if (n === 4) x.trap(Vector.OF);
	else x.raise(Vector.GP, n * 8 + 2);
}
function bound(x: HelperContext): void {
	const size = x.insn.operandSize;
	const bytes = size >> 3;
	const signed = (v: number): number => (size === 32 ? v | 0 : (v << 16) >> 16);
	const read = (a: number): number => signed(size === 32 ? x.read32(a) : x.read16(a));
	const low = read(x.address(bytes, false));
	const high = read(x.address(bytes, false, bytes));
	const index = signed(x.gpr32(x.insn.reg));
	if (index < low || index > high) x.raise(Vector.BR);
}

function farPointer(x: HelperContext): [number, number] {
	const bytes = x.insn.operandSize >> 3;
	if (x.insn.modrm < 0) return [x.insn.immediate2, x.insn.immediate >>> 0];
	const at = x.address(bytes, false);
	const offset = bytes === 4 ? x.read32(at) : x.read16(at);
	return [x.read16(x.address(2, false, bytes)), offset];
}
function jmpFar(x: HelperContext): void {
	const [selector, offset] = farPointer(x);
	x.farJump(selector, offset);
}
function callFar(x: HelperContext): void {
	const [selector, offset] = farPointer(x);
	const bytes = x.insn.operandSize >> 3;
	x.checkFar(selector, 0);
	const cs = x.stack(-bytes, bytes, true);
	const ip = x.stack(-2 * bytes, bytes, true);
	x.probe(cs, bytes);
	x.probe(ip, bytes);
	const check = x.checkFar(selector, offset);
	const old = x.selector(1);
	if (bytes === 4) {
		x.write32(cs, old);
		x.write32(ip, x.next);
	} else {
		x.write16(cs, old);
		x.write16(ip, x.next);
	}
	x.moveStack(-2 * bytes);
	x.farJump(check, offset);
}
/** retf to the same privilege level; an outer level there is not below user mode. */
function retFar(x: HelperContext): void {
	const bytes = x.insn.operandSize >> 3;
	const ip = x.stack(0, bytes, false);
	const cs = x.stack(bytes, bytes, false);
	const offset = bytes === 4 ? x.read32(ip) : x.read16(ip);
	const selector = (bytes === 4 ? x.read32(cs) : x.read16(cs)) & 0xffff;
	if ((selector & 3) !== 3) {
		// Taken for a return to another level: the processor reads the stack selector there before it looks at cs
		const ss = x.stack(3 * bytes + x.insn.immediate, bytes, false);
		void (bytes === 4 ? x.read32(ss) : x.read16(ss));
	}
	const checked = x.checkFarReturn(selector, offset);
	x.moveStack(2 * bytes + x.insn.immediate);
	x.farJump(checked, offset);
}
function iret(x: HelperContext): void {
	if (x.eflags() & Flag.NT) x.raise(TS, 0);
	const bytes = x.insn.operandSize >> 3;
	const read = (i: number): number => {
		const at = x.stack(i * bytes, bytes, false);
		return bytes === 4 ? x.read32(at) : x.read16(at);
	};
	const offset = read(0);
	const selector = read(1) & 0xffff;
	const flags = read(2);
	if ((selector & 3) !== 3) read(4); // see retFar
	const checked = x.checkFarReturn(selector, offset);
	x.moveStack(3 * bytes);
	x.setFlags(bytes === 4 ? POPF_MASK | Flag.RF : POPF_MASK & 0xffff, flags);
	x.farJump(checked, offset);
}

function rows(): Row[] {
	const sp = 1 << ESP;
	const out: Row[] = [
		{ opcode: 0xe9, name: 'jmp', form: 'Jz', access: 'r', lower: jmp, hot: 'r32' },
		{ opcode: 0xeb, name: 'jmp', form: 'Jb', access: 'r', lower: jmp, hot: 'r32' },
		{ opcode: 0xe8, name: 'call', form: 'Jz', access: 'r', lower: call, hot: 'r32' },
		{ opcode: 0xff, ext: 2, name: 'call', form: 'Ev', access: 'r', lower: callIndirect, hot: 'r32 m32' },
		{ opcode: 0xff, ext: 4, name: 'jmp', form: 'Ev', access: 'r', lower: jmpIndirect, hot: 'r32 m32' },
		{ opcode: 0xc3, name: 'ret', form: '', lower: ret, hot: 'r32' },
		{ opcode: 0xc2, name: 'ret', form: 'Iw', access: 'r', lower: retImm, helper: retImmSlow, gprs: sp, hot: 'r32' },
		{ opcode: 0xe0, name: 'loopne', form: 'Jb', access: 'r', lower: loop(false) },
		{ opcode: 0xe1, name: 'loope', form: 'Jb', access: 'r', lower: loop(true) },
		{ opcode: 0xe2, name: 'loop', form: 'Jb', access: 'r', lower: loop(undefined) },
		{ opcode: 0xe3, name: 'jcxz', form: 'Jb', access: 'r', lower: jcxz },
		{ opcode: 0xcc, name: 'int3', form: '', helper: (x) => x.trap(Vector.BP) },
		{ opcode: 0xcd, name: 'int', form: 'Ib', access: 'r', helper: int },
		{ opcode: 0xce, name: 'into', form: '', helper: (x) => (x.eflags() & Flag.OF ? x.trap(Vector.OF) : undefined) },
		{ opcode: 0xf1, name: 'int1', form: '', helper: (x) => x.stop(Stop.DEBUG) },
		{ opcode: 0x62, name: 'bound', form: 'Gv,Ma', access: 'r r', helper: bound },
		{ opcode: 0xea, name: 'jmp', form: 'Ap', access: 'r', helper: jmpFar, segments: true },
		{ opcode: 0x9a, name: 'call', form: 'Ap', access: 'r', helper: callFar, segments: true, gprs: sp },
		{ opcode: 0xff, ext: 5, name: 'jmp', form: 'Mp', access: 'r', helper: jmpFar, segments: true },
		{ opcode: 0xff, ext: 3, name: 'call', form: 'Mp', access: 'r', helper: callFar, segments: true, gprs: sp },
		{ opcode: 0xcb, name: 'retf', form: '', helper: retFar, segments: true, gprs: sp },
		{ opcode: 0xca, name: 'retf', form: 'Iw', access: 'r', helper: retFar, segments: true, gprs: sp },
		{ opcode: 0xcf, name: 'iret', form: '', helper: iret, segments: true, gprs: sp, flags: true },
	];
	const conditions = 'o no b ae e ne be a s ns p np l ge le g'.split(' ');
	conditions.forEach((cc, i) => {
		const lower: Lower = (b) => b.branch(b.cond(i));
		out.push({ opcode: 0x70 + i, name: `j${cc}`, form: 'Jb', access: 'r', lower, hot: 'r32' });
		out.push({ opcode: 0x0f80 + i, name: `j${cc}`, form: 'Jz', access: 'r', lower, hot: 'r32' });
	});
	return out.map((row) => ({ ...row, chapter: 'control' }));
}

export const CONTROL: readonly Row[] = rows();
