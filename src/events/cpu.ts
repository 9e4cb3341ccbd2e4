/**
 * The processor as the events and the state know it: the registers of one task, and what can stop it.
 * Plain values only; how instructions execute is `cpu/`'s business.
 */

/** General registers in the order of their encoding (Intel SDM vol. 2, table 2-2). */
export const GPR_NAMES = ['eax', 'ecx', 'edx', 'ebx', 'esp', 'ebp', 'esi', 'edi'] as const;
export type GprName = (typeof GPR_NAMES)[number];

/** Segment registers in the order of their encoding (Sreg field). */
export const SEGMENT_NAMES = ['es', 'cs', 'ss', 'ds', 'fs', 'gs'] as const;
export type SegmentName = (typeof SEGMENT_NAMES)[number];

/** Bytes of an FXSAVE image (SDM vol. 1, 10.5.1). */
export const FXSAVE_BYTES = 512;

/** The FXSAVE image of a task that has not used its FPU: control word 037f, MXCSR 1f80 and its mask: all modes, DAZ too. A fresh copy. */
export function initialFx(): Uint8Array {
	const fx = new Uint8Array(FXSAVE_BYTES);
	fx.set([0x7f, 0x03], 0);
	fx.set([0x80, 0x1f], 24);
	fx.set([0xff, 0xff], 28);
	return fx;
}

/**
 * The registers of one task. An immutable leaf of the state: replaced, never written.
 * All numbers are unsigned: registers u32, selectors u16. `eflags` always has bit 1 and IF (bit 9) set; RF only
 * between a return that set it and the next retired step.
 */
export interface CpuState {
	readonly eax: number;
	readonly ecx: number;
	readonly edx: number;
	readonly ebx: number;
	readonly esp: number;
	readonly ebp: number;
	readonly esi: number;
	readonly edi: number;
	readonly eip: number;
	readonly eflags: number;
	readonly es: number;
	readonly cs: number;
	readonly ss: number;
	readonly ds: number;
	readonly fs: number;
	readonly gs: number;
	/**
	 * x87 and SSE registers as the 512 bytes FXSAVE writes; bytes 464..511 (software use) are zero.
	 * The instruction and data pointers, opcode and selectors of the x87 are kept there too.
	 */
	readonly fx: Uint8Array;
	/** Whether the task has used the FPU since exec (Linux: used_math / PF_USED_MATH). */
	readonly fpuUsed: boolean;
	/**
	 * dr0..dr7; dr4 and dr5 are 0. dr6 is what the kernel keeps of it: the causes of the last debug exception (ptrace shows
	 * them with the bits that are always one).
	 */
	readonly debugreg: readonly number[];
}

/** Of a task that has no registers: it has ended, or a restart has not come to them yet. */
export function noRegisters(fpuUsed: boolean): CpuState {
	return {
		eax: 0,
		ecx: 0,
		edx: 0,
		ebx: 0,
		esp: 0,
		ebp: 0,
		esi: 0,
		edi: 0,
		eip: 0,
		eflags: 0x202,
		es: 0,
		cs: 0,
		ss: 0,
		ds: 0,
		fs: 0,
		gs: 0,
		fx: new Uint8Array(FXSAVE_BYTES),
		fpuUsed,
		debugreg: [0, 0, 0, 0, 0, 0, 0, 0],
	};
}

/** Exception vectors a user program can raise (SDM vol. 3, table 6-1). */
export const Vector = {
	DE: 0,
	DB: 1,
	BP: 3,
	OF: 4,
	BR: 5,
	UD: 6,
	NM: 7,
	NP: 11,
	SS: 12,
	GP: 13,
	PF: 14,
	MF: 16,
	AC: 17,
	XM: 19,
} as const;

/** An exception: a value, never a JavaScript error outside `cpu/`. */
export interface Fault {
	readonly vector: number;
	/** The error code the processor pushes (0 where it pushes none); of #DB the bits that DR6 reports (events/debug.ts). */
	readonly error: number;
	/** cr2 for a page fault (u32), else 0. */
	readonly address: number;
	/** A page beyond the end of its file: Linux answers SIGBUS instead of SIGSEGV. */
	readonly bus: boolean;
	/** With #XM: the exception flags that the instruction sets in MXCSR though it does nothing else. */
	readonly mxcsr?: number;
}

/** A segment descriptor as the two words of its GDT or LDT entry (SDM vol. 3, 3.4.5); 0,0 = empty. */
export interface Descriptor {
	/** Low word: base 15..0, limit 15..0. */
	readonly a: number;
	/** High word: base 31..24, flags, limit 19..16, access byte, base 23..16. */
	readonly b: number;
}
