/** Segment registers and descriptors (SDM vol. 1, 5.1.12; vol. 2 LAR, LSL, VERR, ARPL, SGDT…), as user mode sees them. */
import { Vector } from '../../events/cpu.ts';
import type { HelperContext } from '../context.ts';
import { ESP } from '../ir.ts';
import { Flag, type Row } from './row.ts';

const { ZF } = Flag;
const SS = 2;

/** mov Sw, Ew. Loading cs this way is no instruction. */
function movToSegment(x: HelperContext): void {
	x.loadSegment(x.insn.reg, x.readOperand(16));
	if (x.insn.reg === SS) x.inhibit();
}
/** mov Ew, Sw: to a register the operand size is written (zero-extended), to memory always 16 bits. */
function movFromSegment(x: HelperContext): void {
	const selector = x.selector(x.insn.reg);
	const size = x.insn.mod === 3 ? x.insn.operandSize : 16;
	x.writeOperand(size, selector, x.writableOperand(size));
}
const pushSegment =
	(segment: number) =>
	(x: HelperContext): void => {
		const bytes = x.insn.operandSize >> 3;
		const at = x.stack(-bytes, bytes, true);
		// Only 16 bits are written: the upper half of the slot keeps what it held
		if (bytes === 4) x.probe(at, 4);
		x.write16(at, x.selector(segment));
		x.moveStack(-bytes);
	};
const popSegment =
	(segment: number) =>
	(x: HelperContext): void => {
		const bytes = x.insn.operandSize >> 3;
		const at = x.stack(0, bytes, false);
		const selector = (bytes === 4 ? x.read32(at) : x.read16(at)) & 0xffff;
		// The segment is checked before anything moves; ss must be left only after the pop used it
		x.checkSegment(segment, selector);
		x.moveStack(bytes);
		x.loadSegment(segment, selector);
		if (segment === SS) x.inhibit();
	};
const loadFar =
	(segment: number) =>
	(x: HelperContext): void => {
		const bytes = x.insn.operandSize >> 3;
		const at = x.address(bytes, false);
		const offset = bytes === 4 ? x.read32(at) : x.read16(at);
		const selector = x.read16(x.address(2, false, bytes));
		x.loadSegment(segment, selector);
		if (bytes === 4) x.setGpr32(x.insn.reg, offset);
		else x.setGpr16(x.insn.reg, offset);
	};

/** Descriptor a user program may look at: present in the tables, DPL and RPL rules kept; undefined otherwise. */
function visible(x: HelperContext, selector: number): { readonly a: number; readonly b: number } | undefined {
	if ((selector & ~3) === 0) return undefined;
	const d = x.descriptor(selector);
	if (!d || (d.b & 0xff00) === 0) return undefined;
	const code = (d.b & 0x1800) === 0x1800;
	const conforming = code && (d.b & 0x400) !== 0;
	const dpl = (d.b >>> 13) & 3;
	return conforming || dpl === 3 ? d : undefined;
}
/** System types lar and lsl accept: TSS, LDT; lar call and task gates too. */
const LAR_TYPES = 0x1a3e;
const LSL_TYPES = 0x0a0e;
function lar(x: HelperContext): void {
	const d = visible(x, x.readOperand(16));
	const ok = d !== undefined && ((d.b & 0x1000) !== 0 || ((LAR_TYPES >> ((d.b >>> 8) & 15)) & 1) === 1);
	if (ok) setRegister(x, d.b & 0xffff00);
	x.setFlags(ZF, ok ? ZF : 0);
}
function lsl(x: HelperContext): void {
	const d = visible(x, x.readOperand(16));
	const ok = d !== undefined && ((d.b & 0x1000) !== 0 || ((LSL_TYPES >> ((d.b >>> 8) & 15)) & 1) === 1);
	if (ok) {
		const raw = (d.b & 0xf0000) | (d.a & 0xffff);
		setRegister(x, d.b & 0x800000 ? raw * 4096 + 4095 : raw);
	}
	x.setFlags(ZF, ok ? ZF : 0);
}
function setRegister(x: HelperContext, value: number): void {
	if (x.insn.operandSize === 32) x.setGpr32(x.insn.reg, value);
	else x.setGpr16(x.insn.reg, value);
}
const verify =
	(write: boolean) =>
	(x: HelperContext): void => {
		const d = visible(x, x.readOperand(16));
		let ok = d !== undefined && (d.b & 0x1000) !== 0;
		if (d && ok) {
			const code = (d.b & 0x800) !== 0;
			ok = write ? !code && (d.b & 0x200) !== 0 : !code || (d.b & 0x200) !== 0;
		}
		x.setFlags(ZF, ok ? ZF : 0);
	};
function arpl(x: HelperContext): void {
	const value = x.readOperand(16);
	const rpl = x.gpr16(x.insn.reg) & 3;
	const lower = (value & 3) < rpl;
	// Nothing is written, and a read-only operand does no harm, when nothing changes
	if (lower) x.writeOperand(16, (value & ~3) | rpl, x.writableOperand(16));
	x.setFlags(ZF, lower ? ZF : 0);
}

/** What sgdt and sidt store: limit and base of an i386 kernel's tables. Fixed: part of the machine, not of the run. */
const GDTR = { limit: 0xff, base: 0xc1400000 };
const IDTR = { limit: 0x7ff, base: 0xc1401000 };
/** cr0 as Linux runs i686: PG AM WP NE ET MP PE. */
const CR0 = 0x80050033;
const TR = 0x80;
const storeTable =
	(table: { readonly limit: number; readonly base: number }) =>
	(x: HelperContext): void => {
		const at = x.address(6, true);
		x.probe(at, 6);
		x.write16(at, table.limit);
		x.write32(at + 2, table.base);
	};
function storeWord(x: HelperContext, value: number): void {
	const size = x.insn.mod === 3 ? x.insn.operandSize : 16;
	x.writeOperand(size, value, x.writableOperand(size));
}
const privileged = (x: HelperContext): void => x.raise(Vector.GP, 0);

function rows(): Row[] {
	const sp = 1 << ESP;
	const out: Row[] = [
		{ opcode: 0xc4, name: 'les', form: 'Gv,Mp', access: 'w r', segments: true, helper: loadFar(0) },
		{ opcode: 0xc5, name: 'lds', form: 'Gv,Mp', access: 'w r', segments: true, helper: loadFar(3) },
		{ opcode: 0x0fb2, name: 'lss', form: 'Gv,Mp', access: 'w r', segments: true, helper: loadFar(SS) },
		{ opcode: 0x0fb4, name: 'lfs', form: 'Gv,Mp', access: 'w r', segments: true, helper: loadFar(4) },
		{ opcode: 0x0fb5, name: 'lgs', form: 'Gv,Mp', access: 'w r', segments: true, helper: loadFar(5) },
		{ opcode: 0x0f02, name: 'lar', form: 'Gv,Ew', access: 'rw r', flags: true, helper: lar },
		{ opcode: 0x0f03, name: 'lsl', form: 'Gv,Ew', access: 'rw r', flags: true, helper: lsl },
		{ opcode: 0x63, name: 'arpl', form: 'Ew,Gw', flags: true, helper: arpl },
		{ opcode: 0x0f00, ext: 0, name: 'sldt', form: 'Ev', access: 'w', helper: (x) => storeWord(x, x.ldtr) },
		{ opcode: 0x0f00, ext: 1, name: 'str', form: 'Ev', access: 'w', helper: (x) => storeWord(x, TR) },
		{ opcode: 0x0f00, ext: 2, name: 'lldt', form: 'Ew', access: 'r', helper: privileged },
		{ opcode: 0x0f00, ext: 3, name: 'ltr', form: 'Ew', access: 'r', helper: privileged },
		{ opcode: 0x0f00, ext: 4, name: 'verr', form: 'Ew', access: 'r', flags: true, helper: verify(false) },
		{ opcode: 0x0f00, ext: 5, name: 'verw', form: 'Ew', access: 'r', flags: true, helper: verify(true) },
		{ opcode: 0x0f01, ext: 0, name: 'sgdt', form: 'M', access: 'w', helper: storeTable(GDTR) },
		{ opcode: 0x0f01, ext: 1, name: 'sidt', form: 'M', access: 'w', helper: storeTable(IDTR) },
		{ opcode: 0x0f01, ext: 2, name: 'lgdt', form: 'M', access: '-', helper: privileged },
		{ opcode: 0x0f01, ext: 3, name: 'lidt', form: 'M', access: '-', helper: privileged },
		{ opcode: 0x0f01, ext: 4, name: 'smsw', form: 'Ev', access: 'w', helper: (x) => storeWord(x, CR0) },
		{ opcode: 0x0f01, ext: 6, name: 'lmsw', form: 'Ew', access: 'r', helper: privileged },
		{ opcode: 0x0f01, ext: 7, name: 'invlpg', form: 'M', access: '-', helper: privileged },
	];
	for (const segment of [0, 1, 2, 3, 4, 5]) {
		out.push({ opcode: 0x8c, ext: segment, name: 'mov', form: 'Ev,Sw', access: 'w r', helper: movFromSegment });
	}
	for (const segment of [0, 2, 3, 4, 5]) {
		out.push({ opcode: 0x8e, ext: segment, name: 'mov', form: 'Sw,Ew', access: '- r', segments: true, helper: movToSegment });
	}
	for (const [opcode, segment] of [
		[0x06, 0],
		[0x0e, 1],
		[0x16, 2],
		[0x1e, 3],
		[0x0fa0, 4],
		[0x0fa8, 5],
	] as const) {
		out.push({ opcode, name: 'push', form: '', gprs: sp, helper: pushSegment(segment) });
		if (segment !== 1)
			out.push({ opcode: opcode + 1, name: 'pop', form: '', gprs: sp, segments: true, helper: popSegment(segment) });
	}
	return out.map((row) => ({ ...row, chapter: 'segment' }));
}

export const SEGMENT: readonly Row[] = rows();
