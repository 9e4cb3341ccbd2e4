/**
 * All instruction rows, in the order of selection, with what test batches need to know of them.
 *
 * For a generator of tests (the hardware oracle): `ROWS[i]` is a Row (see row.ts). To make the bytes of one instance:
 *   [66 if you want the 16-bit variant and isSized(row.form) or the row has no operands]  [f2/f3 if row.rep or row.prefix]
 *   opcode bytes (row.opcode: 1 byte < 0x100, 2 bytes 0x0fxx, 3 bytes 0x0f38xx; plus 0..7 for a `Z` operand)
 *   modrm if hasModrm(row): mod = register (3) or memory, unless row.mod / an `M` or `R` operand says which; reg = row.ext, or
 *   any register for a `G`/`S` operand; rm = row.rm or any
 *   immediate by the form's letters (parseForm in operands.ts gives kind and size of each operand).
 * `row.undefined` is the mask of arithmetic flags to leave out of comparisons (for some operand values at least).
 * `row.chapter`: arith shift bit move control string decimal flag segment system x87 mmx sse sse2 sse3 ssse3. Rows with `unsupported` stop with
 * Stop.UNSUPPORTED. Rows of `control`, `segment`, `system` mostly depend on the machine: choose by name.
 * Memory operands: bit strings (bt* Ev,Gv) reach offset + (bit >> 3) bytes, rounded down to the operand size.
 */
import { ARITH } from './arith.ts';
import { BIT } from './bit.ts';
import { CONTROL } from './control.ts';
import { DECIMAL } from './decimal.ts';
import { FLAG_CONTROL } from './flag.ts';
import { MMX } from './mmx.ts';
import { MOVE } from './move.ts';
import type { Row } from './row.ts';
import { SEGMENT } from './segment.ts';
import { SHIFT } from './shift.ts';
import { SSE } from './sse.ts';
import { SSE2 } from './sse2.ts';
import { SSE3 } from './sse3.ts';
import { SSSE3 } from './ssse3.ts';
import { STRING } from './string.ts';
import { SYSTEM } from './system.ts';
import { x87Rows } from './x87.ts';

export { hasModrm, opcodesOf } from '../decode.ts';
export { accesses, isSized, parseForm } from './operands.ts';
export { Flag, type Row } from './row.ts';

export const ROWS: readonly Row[] = [
	...ARITH, ...SHIFT, ...BIT, ...MOVE, ...CONTROL, ...STRING, ...DECIMAL, ...FLAG_CONTROL, ...SEGMENT, ...SYSTEM, ...x87Rows,
	...MMX, ...SSE, ...SSE2, ...SSE3, ...SSSE3,
]; // biome-ignore format: chapters on one line
