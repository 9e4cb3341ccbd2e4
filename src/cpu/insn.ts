/**
 * A decoded instruction: what the decoder found, before it is turned into the words the interpreter runs.
 */
import type { Row } from './isa/row.ts';

/** What decoding a byte sequence gave. */
export const Decoded = {
	OK: 0,
	/** No such instruction (or not on this processor): `unsupported` when executed. */
	INVALID: 1,
	/** A documented #UD: a lock prefix where none may stand. */
	UNDEFINED: 2,
	/** Longer than 15 bytes: #GP(0). */
	TOO_LONG: 3,
	/** The bytes given end before the instruction does. */
	SHORT: 4,
} as const;

/** One instruction. Reused by the decoder: copy it to keep it. */
export interface Insn {
	/** A Decoded code. */
	status: number;
	/** The table row; undefined when there is none. */
	row: Row | undefined;
	/** Bytes, 1..15. */
	length: number;
	/** Opcode without prefixes: 0x00..0xff, 0x0f00..0x0fff, 0x0f3800.., 0x0f3a00... */
	opcode: number;
	/** Operand size in bits, 16 or 32. */
	operandSize: number;
	/** Address size in bits, 16 or 32. */
	addressSize: number;
	/** The modrm byte, or -1. */
	modrm: number;
	/** modrm.mod, modrm.reg, modrm.rm; without modrm: 3, 0, and the low three bits of the opcode. */
	mod: number;
	reg: number;
	rm: number;
	/** Memory operand: base and index register 0..7, or 8 for none; scale 0..3 (a shift); displacement, i32. */
	base: number;
	index: number;
	scale: number;
	displacement: number;
	/** Segment of the memory operand (0..5 as in SEGMENT_NAMES): the default, or the override. */
	segment: number;
	/** Segment override, or -1. */
	override: number;
	/** Immediate, sign-extended to 32 bits as the form says; for branches the displacement; for `moffs` see displacement. */
	immediate: number;
	/** Second immediate: the selector of ptr16:16/32, the level of `enter`. */
	immediate2: number;
	/** A lock prefix is there. */
	lock: boolean;
	/** 0, 0xf2 (repne) or 0xf3 (rep, repe): the last one given. */
	rep: number;
}

/** An empty instruction to decode into. */
export function newInsn(): Insn {
	return {
		status: 0,
		row: undefined,
		length: 0,
		opcode: 0,
		operandSize: 32,
		addressSize: 32,
		modrm: -1,
		mod: 3,
		reg: 0,
		rm: 0,
		base: 8,
		index: 8,
		scale: 0,
		displacement: 0,
		segment: 3,
		override: -1,
		immediate: 0,
		immediate2: 0,
		lock: false,
		rep: 0,
	};
}
