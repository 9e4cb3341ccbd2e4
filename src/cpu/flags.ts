/**
 * Lazy flags. Arithmetic leaves two words from which the six flags are computed when somebody asks:
 * - result: the result, sign-extended to 32 bits. ZF is result = 0, SF its sign, PF the parity of its low byte;
 * - carry: bit 31 CF, bit 30 CF xor OF, bit 3 AF, all from the carry chain of the operation; bit 0 turns SF over, bit 1 PF
 *   (only after popf and the like, where SF or PF do not follow from a result).
 */
import { Flag } from './isa/row.ts';
import { EFLAGS_W, FLAG_CARRY_W, FLAG_RESULT_W } from './layout.ts';

/** PF of a result's low byte: 1 for an even number of ones. */
export function parity(value: number): number {
	return (0x9669 >>> ((value ^ (value >>> 4)) & 15)) & 1;
}

/** The six arithmetic flags in their eflags positions. */
export function arithFlags(result: number, carry: number): number {
	return (
		(carry >>> 31) |
		((parity(result) ^ ((carry >>> 1) & 1)) << 2) |
		((carry & 8) << 1) |
		(result === 0 ? Flag.ZF : 0) |
		(((result >>> 31) ^ (carry & 1)) << 7) |
		(((carry ^ (carry << 1)) >>> 31) << 11)
	);
}

/** eflags of a CPU block, u32. */
export function eflagsOf(words: Int32Array): number {
	return (words[EFLAGS_W] | arithFlags(words[FLAG_RESULT_W], words[FLAG_CARRY_W])) >>> 0;
}

/** The result word that stands for the flags in `eflags`. */
export function flagResult(eflags: number): number {
	return eflags & Flag.ZF ? 0 : 1;
}

/** The carry word that goes with `flagResult`. */
export function flagCarry(eflags: number): number {
	const cf = eflags & 1;
	const of = (eflags >>> 11) & 1;
	const natural = (eflags >>> 6) & 1; // parity of 0 is 1, of 1 is 0: the same as ZF
	return (
		(cf << 31) | ((cf ^ of) << 30) | ((eflags & Flag.AF) >> 1) | ((eflags >>> 7) & 1) | ((((eflags >>> 2) & 1) ^ natural) << 1)
	);
}
