/**
 * What is not compared, and why. Flags and registers that the manual leaves undefined (SDM vol. 2, each instruction's "Flags
 * affected"), values that belong to the machine rather than to the instruction, and differences between the kernel this runs
 * on and an i386 one.
 */
import type { OracleRow } from './encode.ts';
import { CaseFlag, CaseWord, CODE16 } from './protocol.ts';

const CF = 1;
const PF = 4;
const AF = 0x10;
const ZF = 0x40;
const SF = 0x80;
const OF = 0x800;
const ARITHMETIC = CF | PF | AF | ZF | SF | OF;

/** Rows that are not generated at all: hardware and kernel underneath say nothing about ours. */
export const NOT_COMPARED: readonly { readonly names: RegExp; readonly reason: string }[] = [
	{ names: /^(sysenter|syscall|sysexit|sysret)$/, reason: 'enters the host kernel, or is #UD in compatibility mode' },
	{ names: /^(sgdt|sidt|sldt|str|smsw)$/, reason: 'UMIP: faults or is emulated with made-up values' },
	{ names: /^(rdmsr|wrmsr|rdpmc)$/, reason: 'rdpmc depends on CR4.PCE of the host kernel; MSR accesses are #GP on both' },
	{ names: /^int1$/, reason: 'under KVM its #DB may come before eip moves on' },
];

/** A mask for the rows `names` matches: `gprs` not compared (bits by register), `flags` not compared. */
interface Mask {
	readonly names: RegExp;
	readonly flags?: number;
	readonly gprs?: number;
	/** Restricts the mask to forms. */
	readonly form?: RegExp;
	/** cr2 of a page fault is not compared. */
	readonly address?: boolean;
	/** When the instruction faults, neither memory nor general and x87 registers are compared. */
	readonly partial?: boolean;
	/** Any fault is as good as any other. */
	readonly eitherFault?: boolean;
	/** Bytes 2 and 3 at the new top of the stack are not compared. */
	readonly slot?: boolean;
	/** So many registers from ST(0) on may be one unit of the last place off, and C1 is not compared. */
	readonly near?: number;
	readonly reason: string;
}

const MASKS: readonly Mask[] = [
	{ names: /^(and|or|xor|test)$/, flags: AF, reason: 'AF undefined after logic' },
	{ names: /^i?mul$/, flags: SF | ZF | AF | PF, reason: 'only CF and OF defined after a multiplication' },
	{ names: /^i?div$/, flags: ARITHMETIC, reason: 'all flags undefined after a division' },
	// the destination after a scan of zero is compared: undefined in the manual, but every known processor leaves it alone
	{ names: /^bs[fr]$/, flags: ARITHMETIC & ~ZF, reason: 'only ZF defined after a scan' },
	{ names: /^bt[src]?$/, flags: OF | SF | AF | PF, reason: 'only CF (and an unchanged ZF) defined after a bit test' },
	{ names: /^(aaa|aas)$/, flags: OF | SF | ZF | PF, reason: 'only AF and CF defined after ASCII adjustment' },
	{ names: /^(daa|das)$/, flags: OF, reason: 'OF undefined after decimal adjustment' },
	{ names: /^(aam|aad)$/, flags: OF | AF | CF, reason: 'OF AF CF undefined after aam, aad' },
	{
		names: /^(enter|pusha|popa|fldenv|fnstenv|frstor|fnsave|fxsave|fxrstor|maskmov.*|iret|retf|bound|l[defgs]s)$/,
		address: true,
		reason: 'several accesses: which of them faults first is not defined, and differs between vendors',
	},
	{
		names: /^(enter|pusha|popa|call|fnstenv|fnsave|fldenv|frstor)$/,
		partial: true,
		reason: 'AMD has written the first slots, or loaded the first registers, when a later access faults; ours has not',
	},
	{
		names: /^maskmovdqu$/,
		eitherFault: true,
		reason: 'AMD writes two halves: the order of their checks is not defined',
	},
	{
		names: /^(fxsave|fxrstor)$/,
		eitherFault: true,
		reason: 'a misaligned image: #GP or #AC, as the processor likes (SDM vol. 2, FXSAVE)',
	},
	{
		names: /^(maskmovq|cvtt?p[sd]2pi|cvtpi2ps)$/,
		partial: true,
		reason: 'AMD has switched the x87 to MMX when the instruction then faults; ours has changed nothing',
	},
	{ names: /^cmps[bwd]?$/, eitherFault: true, reason: 'with both operands at fault, either may be reported' },
	{
		names: /^(fld|fstp|fbld|fbstp)$/,
		form: /^Mt$/,
		eitherFault: true,
		reason: 'two accesses: the order of their checks is not defined',
	},
	{
		names: /^(pusha|popa|enter|retf|iret|fldenv|fnstenv|frstor|fnsave)$/,
		eitherFault: true,
		reason: 'several accesses: the order of their checks is not defined',
	},
	{
		names: /^call$/,
		eitherFault: true,
		reason: 'target beyond the limit and no stack: the SDM checks the target first, AMD the stack',
	},
	{ names: /^mov$/, form: /C[dn]/, eitherFault: true, reason: 'AMD takes lock mov cr0 for mov cr8: #GP instead of #UD' },
	{ names: /^ud[01]$/, eitherFault: true, reason: 'AMD reads no modrm byte, Intel does: #UD or a page fault behind the opcode' },
	{
		names: /^push$/,
		form: /^(|[CDEFGS]S|Sw)$/,
		slot: true,
		reason: 'AMD zero-extends a pushed selector, Intel leaves the upper half of the slot',
	},
	{
		names: /^(f2xm1|fyl2x|fyl2xp1|fpatan|fsin|fcos)$/,
		near: 1,
		reason:
			'ours is correctly rounded, a processor within one unit of the exact value; C1 says how it rounded. Angles are reduced with its 66-bit π here',
	},
	{ names: /^(fsincos|fptan)$/, near: 2, reason: 'likewise, with two results' },
	{ names: /^cpuid$/, gprs: 0b1111, reason: "the persona's CPUID, not the host's" },
	{ names: /^rdtsc$/, gprs: 0b0101, reason: 'virtual time' },
];

/** What to leave out when a case of a row is compared. */
export interface CaseMask {
	flags: number;
	gprs: number;
	/** Neither flags nor the destination, memory included, are defined. */
	result: boolean;
	/** See `Mask`. */
	address: boolean;
	partial: boolean;
	eitherFault: boolean;
	slot: boolean;
	near: number;
}

const NOTHING: CaseMask = {
	flags: 0,
	gprs: 0,
	result: false,
	address: false,
	partial: false,
	eitherFault: false,
	slot: false,
	near: 0,
};

/** The masks of one row, and the counts that decide about those of shifts. */
export class RowMask {
	private readonly fixed: CaseMask = { ...NOTHING };
	private readonly now: CaseMask;
	private readonly row: OracleRow;
	private readonly shift: 'shift' | 'rotate' | 'double' | undefined;

	constructor(row: OracleRow) {
		this.row = row;
		for (const mask of MASKS)
			if (mask.names.test(row.name) && (!mask.form || mask.form.test(row.form))) {
				this.fixed.flags |= mask.flags ?? 0;
				this.fixed.gprs |= mask.gprs ?? 0;
				this.fixed.address ||= mask.address ?? false;
				this.fixed.partial ||= mask.partial ?? false;
				this.fixed.eitherFault ||= mask.eitherFault ?? false;
				this.fixed.slot ||= mask.slot ?? false;
				this.fixed.near ||= mask.near ?? 0;
			}
		this.now = { ...this.fixed };
		if (/^(shl|shr|sal|sar)$/.test(row.name)) this.shift = 'shift';
		else if (/^(rol|ror|rcl|rcr)$/.test(row.name)) this.shift = 'rotate';
		else if (/^sh[lr]d$/.test(row.name)) this.shift = 'double';
	}

	/** Whether registers, memory and exceptions are compared in every case of the row, without exception. */
	get strict(): boolean {
		const { gprs, address, partial, eitherFault, slot } = this.fixed;
		return gprs === 0 && !address && !partial && !eitherFault && !slot && this.shift === undefined;
	}

	/** The mask of the case at `at`. Valid until the next call. */
	of(words: Uint32Array, at: number): CaseMask {
		const { now, fixed } = this;
		now.flags = fixed.flags;
		now.result = false;
		if (this.shift) this.ofShift(words, at);
		return now;
	}

	private ofShift(words: Uint32Array, at: number): void {
		const { now, row } = this;
		if (words[at] & CaseFlag.WHOLE) {
			// another instruction runs first and may change the count
			now.flags |= this.shift === 'rotate' ? OF : OF | AF | CF;
			now.result = this.shift === 'double';
			return;
		}
		const length = (words[at] >>> 8) & 15;
		const byte = (i: number) => (words[at + CaseWord.CODE + (i >> 2)] >>> ((i & 3) * 8)) & 0xff;
		const immediate = row.form.endsWith('Ib');
		let count = immediate ? byte(length - 1) : row.form.endsWith('1') ? 1 : words[at + CaseWord.GPRS + 1] & 0xff;
		count &= 31;
		let size = row.form.startsWith('Eb') ? 8 : 32;
		if (size === 32) {
			const code16 = words[at + CaseWord.ES_CS] >>> 16 === CODE16;
			let prefixed = false;
			for (let i = 0; i < length && isPrefix(byte(i)); i++) prefixed ||= byte(i) === 0x66;
			if (prefixed !== code16) size = 16;
		}
		if (count === 0) return;
		if (this.shift === 'rotate') {
			if (count !== 1) now.flags |= OF;
			return;
		}
		now.flags |= AF;
		if (count !== 1) now.flags |= OF;
		if (this.shift === 'double') now.result = count > size;
		// shl and shr by the operand size or more: CF is undefined in the manual for "more"; sar keeps shifting in the sign
		else if (count > size && row.name !== 'sar') now.flags |= CF;
	}
}

/** Legacy prefix bytes. */
export function isPrefix(byte: number): boolean {
	return (
		byte === 0x66 ||
		byte === 0x67 ||
		byte === 0xf0 ||
		byte === 0xf2 ||
		byte === 0xf3 ||
		(byte & 0xe7) === 0x26 ||
		byte === 0x64 ||
		byte === 0x65
	);
}

/** Whether the row is generated and compared; otherwise the reason why not. */
export function whyNotCompared(row: OracleRow): string | undefined {
	if (row.unsupported) return 'decoded, never executed';
	for (const { names, reason } of NOT_COMPARED) if (names.test(row.name)) return reason;
	return undefined;
}
