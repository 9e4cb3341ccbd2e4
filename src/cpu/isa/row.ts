/**
 * A row of the instruction tables. One file per chapter of the manual lists its rows; the decoder, the interpreter's
 * printer, the disassembler's checks and the hardware oracle all read the same rows.
 *
 * How a row says what it does: either `lower`, a function that builds IR (see ../ir.ts), or `helper`, one function that does
 * the whole instruction. A helper is for what is rare or big (x87, divide, cpuid, far transfers). Example:
 *
 *     { opcode: 0xd9, ext: 0, mod: 'mem', name: 'fld', form: 'Md', fx: true, helper: (x) => {
 *         const bits = x.read32(x.address(4, false));        // may raise #SS #GP #PF: so read before changing anything
 *         push80(x.view, FX, ...);                            // FX from ../layout.ts: byte offset of the FXSAVE image
 *     } }
 *
 * Rules for a helper: everything that can fault comes before the first change (memory reads; for writes call
 * `x.probe(address, size)` first when more than one write follows); registers are changed through `x` or through the views;
 * memory only through `x.read8/16/32` and `x.write8/16/32`, which take linear addresses, as `x.address` returns them.
 * The row declares what it may write: `gprs` (general registers, for recording), `flags`, `fx` (the FXSAVE image), `segments`.
 * `x.insn` has the decoded fields (modrm, reg, rm, immediate, operandSize, segment…), `x.offset()` the effective address
 * before segmentation (for FDP), `x.eip` the instruction's address, `x.next` the following one.
 */
import type { HelperContext } from '../context.ts';
import type { Feature } from '../features.ts';
import type { Builder } from '../ir.ts';

/** Bits of eflags. */
export const Flag = {
	CF: 1,
	PF: 4,
	AF: 0x10,
	ZF: 0x40,
	SF: 0x80,
	TF: 0x100,
	IF: 0x200,
	DF: 0x400,
	OF: 0x800,
	IOPL: 0x3000,
	NT: 0x4000,
	RF: 0x10000,
	VM: 0x20000,
	AC: 0x40000,
	VIF: 0x80000,
	VIP: 0x100000,
	ID: 0x200000,
	/** The six arithmetic flags: CF PF AF ZF SF OF. */
	ARITH: 0x8d5,
} as const;

export type Lower = (b: Builder) => void;
export type Helper = (x: HelperContext) => void;

/**
 * One row. `form` names the operands, comma separated, in Intel order (destination first), with the codes of SDM vol. 2
 * appendix A:
 * - `Eb Ew Ed Ev`: modrm register or memory, 8, 16, 32 or operand-size bits. `Gb Gw Gd Gv`: register in modrm.reg.
 *   `Mb Mw Md Mq Mt Mp Ma M`: memory only (mod 3 is invalid): 1, 2, 4, 8, 10 bytes, far pointer, bounds pair, address only
 *   or a size the helper knows. `Rv Rd`: modrm.rm as a register only.
 * - `Zb Zv Zd`: register in the low three bits of the opcode (the row stands for eight opcodes, `opcode` is the first).
 * - `Ib`: imm8 zero-extended; `Is`: imm8 sign-extended to the operand size; `Iw`; `Iz`: imm16 or imm32 by operand size.
 * - `Jb Jz`: relative branch. `Ap`: ptr16:16 or ptr16:32. `Ob Ov`: moffs. `Sw`: segment register in modrm.reg.
 * - `AL CL DX AX Av 1`: fixed register (`Av` is ax or eax) or the constant one.
 * - `Xb Xv Yb Yv`: string operands [esi], es:[edi].
 * - `Cd Dd Td`: control, debug, test register. `Si`: ST(modrm.rm).
 * - `Pq`: MMX register in modrm.reg; `Qd Qq`: MMX register modrm.rm, or 4 or 8 bytes of memory; `Nq`: register only. `Vx`: XMM
 *   register in modrm.reg; `Wd Wq Wx`: XMM register modrm.rm, or 4, 8, 16 bytes of memory; `Ux`: register only; `Mx`: 16 bytes.
 * A row with a `v`, `z` or `Ap`, `Mp`, `Xv`… has a 16- and a 32-bit variant, chosen by prefix 66.
 */
export interface Row {
	readonly opcode: number;
	/** modrm.reg, where it selects the row. */
	readonly ext?: number;
	/** Only with a memory (mod 0..2) or only with a register (mod 3) modrm. */
	readonly mod?: 'mem' | 'reg';
	/** modrm.rm (with mod 3), where it selects the row too. */
	readonly rm?: number;
	/** Mandatory prefix that selects the row (0: none of 66 f2 f3). Absent: prefixes do not select. */
	readonly prefix?: 0 | 0x66 | 0xf2 | 0xf3;
	readonly name: string;
	readonly form: string;
	/**
	 * How operands are used, one word each: r, w, rw, - (neither: lea) or x (the lowering does the access itself: bit strings,
	 * pop); default "rw" for the first, "r" for the others.
	 */
	readonly access?: string;
	/** May carry a lock prefix when operand 0 is memory. */
	readonly lock?: boolean;
	/** Arithmetic flags the manual leaves undefined (for some operand values at least). */
	readonly undefined?: number;
	readonly lower?: Lower;
	readonly helper?: Helper;
	/** For helpers: general registers it may write, as a mask of 1 << index; operand 0 is added by itself if `access` has w. */
	readonly gprs?: number;
	/** For helpers: writes eflags. */
	readonly flags?: boolean;
	/** For helpers: may change the FXSAVE image. */
	readonly fx?: boolean;
	/** For helpers: may load segment registers. */
	readonly segments?: boolean;
	/** A string instruction: rep prefixes repeat it; 'z' when repe and repne look at ZF. */
	readonly rep?: 'n' | 'z';
	/** A repeated one may be done in bulk: 1 movs, 2 stos (see ../bulk.ts). */
	readonly bulk?: 1 | 2;
	/** CPUID leaf 1 must offer this, or the instruction does not exist: see features.ts. */
	readonly feature?: Feature;
	/** A 16-byte memory operand that is not aligned is #GP(0). */
	readonly align?: boolean;
	/** Printed into the interpreter's first-level switch: a list of variants, see ../interpreter.ts. */
	readonly hot?: string;
	/** For x87 helpers: source of a quick form for flat segments, see ../fpu/fast.ts. */
	readonly fast?: string;
	/** Decoded, never executed: Stop.UNSUPPORTED. */
	readonly unsupported?: boolean;
	/** Operand size is 32 whatever prefix 66 says (or the row has no operand of variable size). */
	readonly chapter?: string;
}
