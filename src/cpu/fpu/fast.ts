/**
 * Quick forms of the frequent x87 instructions, for flat segments: source text that `Ops` compiles for each op, as the interpreter's
 * printer does for integer rows. The operand is found through the TLB, then one method of `Fpu` is called, which the engine builds into
 * the text. Whatever is not plain (a pending exception, a TLB miss, an operand across pages, a store while recording) goes to the row's
 * helper, which does the whole instruction; so a quick form changes nothing before it is sure.
 */
import { STRIDE, Word } from '../interpreter.ts';
import {
	FLAG_CARRY_W,
	FLAG_RESULT_W,
	FPU_USED_W,
	FX,
	RECORDING_W,
	SEGMENT_STRIDE,
	SEGMENTS_W,
	SEL,
	TLB_READ_W,
	TLB_WRITE_W,
} from '../layout.ts';
import { ES, W_CONTROL, W_FCS, W_FDP, W_FDS, W_FIP, W_TAG } from './layout.ts';

const FX_W = FX >> 2;
const CS = 1;
const PENDING = `M[${FX_W + W_CONTROL}] & ${ES << 16}`;
const RETURN = `return p + ${STRIDE} | 0;`;

/** Instruction pointer and opcode; the record's immediate is the opcode (see `fopOf`). */
const NOTE = `M[${FX_W + W_FIP}] = C[p + ${Word.EIP}]; M[${FX_W + W_FCS}] = M[${SEGMENTS_W + CS * SEGMENT_STRIDE + SEL}];
	M[${FX_W + W_TAG}] = M[${FX_W + W_TAG}] & 65535 | C[p + ${Word.IMMEDIATE}] << 16; M[${FPU_USED_W}] = 1;`;
const NOTE_MEMORY = `${NOTE} M[${FX_W + W_FDP}] = o; M[${FX_W + W_FDS}] = M[(e >> 8 & 7) * ${SEGMENT_STRIDE} + ${SEGMENTS_W + SEL}];`;

/** Memory byte `a` of an operand of `size` bytes at offset `o`. */
const address = (size: number, tlb: number, unless: string): string => `
	const e = C[p + ${Word.ADDRESS}];
	const o = M[e & 15] + (M[e >> 4 & 15] << (e >>> 30)) + C[p + ${Word.DISPLACEMENT}] | 0;
	const i = (o >>> 11 & 2046) + ${tlb};
	if (M[i] !== (o + ${size - 1} & -4096) || ${unless}) return SLOW(p);
	const a = M[i + 1] + o | 0;`;

/** What memory holds, by the names a call uses: lo and hi as i32, top as u16, short as i16. */
const READS: readonly (readonly [name: string, text: string])[] = [
	['lo', 'const lo = V.getInt32(a, true);'],
	['hi', 'const hi = V.getInt32(a + 4, true);'],
	['top', 'const top = V.getUint16(a + 8, true);'],
	['short', 'const short = V.getInt16(a, true);'],
];

/** An instruction that reads `size` bytes: `call` is a method of `Fpu` with arguments lo, hi, top, short. */
export function fastRead(size: number, call: string): string {
	const reads = READS.filter(([name]) => new RegExp(`\\b${name}\\b`).test(call)).map(([, text]) => text);
	return `${address(size, TLB_READ_W, PENDING)} ${reads.join(' ')} ${NOTE_MEMORY} FPU.${call}; ${RETURN}`;
}

/** A store of `size` bytes in a format of `Fpu.prepareStore`. */
export function fastStore(size: number, format: number, pops: number): string {
	const put = size === 2 ? 'V.setInt16(a, S.lo, true);' : 'V.setInt32(a, S.lo, true);';
	const more = size >= 8 ? ' V.setInt32(a + 4, S.hi, true);' : '';
	const last = size === 10 ? ' V.setInt16(a + 8, S.top, true);' : '';
	return `${address(size, TLB_WRITE_W, `${PENDING} || M[${RECORDING_W}] !== 0 || !FPU.prepareStore(${format})`)}
	const S = FPU.stored; ${put}${more}${last} ${NOTE_MEMORY} FPU.finishStore(${pops}); ${RETURN}`;
}

/** An instruction without memory operand: `call` may use `i`, the number of the register in modrm.rm. */
export function fastStack(call: string): string {
	return `if (${PENDING}) return SLOW(p); const i = C[p + ${Word.IMMEDIATE}] & 7; ${NOTE} FPU.${call}; ${RETURN}`;
}

/** fcomi, fucomi and their kin. */
export function fastFlags(pops: number, quiet: boolean): string {
	const call = `FPU.compareFlags(C[p + ${Word.IMMEDIATE}] & 7, ${pops}, ${quiet})`;
	return `if (${PENDING}) return SLOW(p); ${NOTE} const v = ${call};
	M[${FLAG_RESULT_W}] = FLAGS.result(v); M[${FLAG_CARRY_W}] = FLAGS.carry(v); ${RETURN}`;
}

/** Control instructions leave no pointers. */
const USED = `M[${FPU_USED_W}] = 1;`;
export const FAST_FNSTSW = `H[0] = M[${FX_W + W_CONTROL}] >>> 16; ${USED} ${RETURN}`;
export const FAST_FLDCW = `${address(2, TLB_READ_W, PENDING)} ${USED} FPU.setControl(V.getUint16(a, true)); ${RETURN}`;
export const FAST_FNSTCW = `${address(2, TLB_WRITE_W, `M[${RECORDING_W}] !== 0`)} ${USED} V.setInt16(a, M[${FX_W + W_CONTROL}], true); ${RETURN}`;

/** The opcode as the x87 notes it: its low 11 bits. */
export const fopOf = (opcode: number, modrm: number): number => ((opcode & 7) << 8) | modrm;
