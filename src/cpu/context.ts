/**
 * What a helper row sees of the processor (see isa/row.ts for how to write one).
 */
import type { CpuPersona } from './contract.ts';
import type { Fpu } from './fpu/fpu.ts';
import type { Insn } from './insn.ts';
import type { Simd } from './simd/simd.ts';

/** The running instruction and the processor around it. One object, reused for every helper call. */
export interface HelperContext {
	/** Views over the whole memory of the processor; offsets in layout.ts (registers at 0, FX image at FX). */
	readonly bytes: Uint8Array;
	readonly words: Int32Array;
	readonly view: DataView;
	/** The decoded instruction. */
	readonly insn: Insn;
	/** Its address (offset in cs), and that of the next one, u32. */
	readonly eip: number;
	readonly next: number;
	readonly persona: CpuPersona;
	/** Selector in LDTR: 0x88 when the mm has an LDT, else 0. */
	readonly ldtr: number;
	/** The x87 over the FXSAVE image: `new Fpu(memory.buffer, FX)`, `attach` again when the buffer changes. It keeps no state of its own. */
	readonly fpu: Fpu;
	/** MMX and SSE operations. */
	readonly simd: Simd;
	/** RDTSC's value now, a safe integer. */
	readonly tsc: number;

	/** Registers by encoding; gpr8: 0..3 al cl dl bl, 4..7 ah ch dh bh. Unsigned results. */
	gpr8(index: number): number;
	gpr16(index: number): number;
	gpr32(index: number): number;
	setGpr8(index: number, value: number): void;
	setGpr16(index: number, value: number): void;
	setGpr32(index: number, value: number): void;

	/** eflags, materialised. */
	eflags(): number;
	/** Sets the flags of `mask` to `value`'s bits. */
	setFlags(mask: number, value: number): void;

	/** Effective address of the memory operand: the offset in its segment, u32. */
	offset(): number;
	/** Selector in segment register 0..5. */
	selector(segment: number): number;
	/**
	 * Linear address of the memory operand, `delta` bytes on, its segment checked for `size` bytes from there. Raises #GP(0) or
	 * #SS(0). Says nothing about the pages.
	 */
	address(size: number, write: boolean, delta?: number): number;
	/** The same for any segment and offset. */
	linear(segment: number, offset: number, size: number, write: boolean): number;
	/** Memory at a linear address, unsigned; raises #PF. May cross a page. */
	read8(linear: number): number;
	read16(linear: number): number;
	read32(linear: number): number;
	/** Raises #PF if any of `size` bytes (≤ 4096) could not be written; afterwards writes there succeed. */
	probe(linear: number, size: number): void;
	write8(linear: number, value: number): void;
	write16(linear: number, value: number): void;
	write32(linear: number, value: number): void;

	/** Operand 0 as modrm names it (register or memory), `size` bits, unsigned. */
	readOperand(size: number): number;
	/** Before `writeOperand`: its linear address, known to be writable; 0 for a register. */
	writableOperand(size: number): number;
	writeOperand(size: number, value: number, at: number): void;
	/** Linear address of [stack top + delta, + size), checked against the stack segment. */
	stack(delta: number, size: number, write: boolean): number;
	/** Moves the stack pointer (16 or 32 bits by the stack segment), or sets it. */
	moveStack(delta: number): void;
	setStack(value: number): void;
	/** An offset as the stack segment's size has it. */
	stackOffset(offset: number): number;
	/** Loads a segment register (not cs) with all checks of a user-mode load: #GP, #SS, #NP with the selector. */
	loadSegment(segment: number, selector: number): void;
	/** The same checks without loading. */
	checkSegment(segment: number, selector: number): void;
	/** Checks a far jump or call (a far return); returns the selector that cs will hold. */
	checkFar(selector: number, offset: number): number;
	checkFarReturn(selector: number, offset: number): number;
	/** Loads cs with checked or unchecked selector and goes on at the offset. */
	farJump(selector: number, offset: number): void;
	/** Both words of the descriptor a selector names, or undefined outside the tables. */
	descriptor(selector: number): { readonly a: number; readonly b: number } | undefined;

	/** Raises a fault: nothing of this instruction has happened. */
	raise(vector: number, error?: number): never;
	/** A trap: as `raise`, but the instruction is complete and counts (#BP, #OF); `next` is where eip stands. */
	trap(vector: number): void;
	/** The instruction is one this processor does not have after all (Stop.UNSUPPORTED). */
	unsupported(): never;
	/** The trap of a single step waits for the next instruction (mov ss, pop ss). */
	inhibit(): void;
	/** Ends the slice after this instruction with a Stop code. */
	stop(code: number): void;
	/** Where execution goes on (offset in cs) instead of `next`; #GP(0) beyond the limit of cs. */
	jump(eip: number): void;
	/** Notes that the task uses its FPU (CpuState.fpuUsed). */
	useFpu(): void;
}
