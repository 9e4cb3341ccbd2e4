/**
 * Shows the engine every case of the main loop before it optimises the loop. An engine compiles only what it has seen run: a case met
 * later throws the whole loop's machine code away, and until it is compiled again, for a third of a second, steps run at a tenth
 * of the speed. Programs with much code (interpreters, dynamic ones) met two dozen such cases. So each hot op runs once with each of a few
 * kinds of operands in a place of its own, and everything it touched is put back: nothing of it shows in guest state.
 */
import type { CodeCache } from './code.ts';
import { Op, STRIDE, Word } from './interpreter.ts';
import {
	BOUNCE_SIZE_W, BUDGET_W, FLAG_CARRY_W, FLAG_RESULT_W, GPR_W, LOG_W, POOL, RECORDING_W, STOP_W, TLB_EMPTY, TLB_READ_W, TLB_WRITE_W, ZERO_W,
} from './layout.ts'; // biome-ignore format: a list

/** Memory operands are here in the guest's page 0, which the TLBs take to this place in front of the pool. */
const SCRATCH = 0x8000;
const OFFSET = 0x800;
/** No process has the last page: an operand there is a page fault. */
const NOWHERE = 0xffff_f800 | 0;

/** Values of eax, ecx, edx, ebx, ebp and memory; result and carries of the flags; how many steps the loop may make. */
interface Case {
	readonly values: readonly [number, number, number, number, number, number];
	readonly flags: readonly [number, number];
	readonly steps: number;
	readonly miss?: boolean;
}
const LOW = -0x8000_0000;
const CASES: readonly Case[] = [
	{ values: [1, 2, 3, 4, 5, 6], flags: [0, 0], steps: 1 },
	{ values: [-1, -2, -3, -4, -5, -6], flags: [-1, -1], steps: 1 },
	{ values: [LOW, LOW + 1, 0x7fff_ffff, LOW, -1, LOW], flags: [1, LOW], steps: 1 },
	{ values: [0x7fff_ffff, 1, LOW, 0x1234_5678, LOW, 0x7fff_ffff], flags: [LOW, 0x7fff_ffff], steps: 1 },
	{ values: [0x1_0000, 0, 0, 0x100, 1, 0], flags: [LOW, 0], steps: 1 },
	{ values: [0, 1, 0x8080, 0, 0, -1], flags: [5, 1], steps: 1 },
	{ values: [7, 16, 0, 1, 2, 3], flags: [0, -1], steps: 10 },
	{ values: [1, 2, 3, 4, 5, 6], flags: [0, 0], steps: 1, miss: true },
];

/**
 * Runs the hot ops through a loop.
 *
 * @param words the memory of the processor, as words; `raw`: the log of a recording loop.
 */
export function train(
	loop: (p: number, n: number) => number,
	ops: Iterable<number>,
	code: CodeCache,
	words: Int32Array,
	raw?: Int32Array,
): void {
	const block = words.slice(0, POOL >> 2);
	const jumps = code.jumps.slice();
	const log = raw?.slice(0, 256);
	const p = code.last(3);
	const stop = p + STRIDE;
	const { code: C } = code;
	const records = C.slice(p);
	for (const at of [stop, stop + STRIDE]) {
		C[at + Word.OP] = Op.UNDEFINED;
		C[at + Word.TARGET] = stop;
	}
	for (const op of ops) {
		for (const { values, flags, steps, miss } of CASES) {
			// While recording, a repetition of no steps is no case of the loop
			if (raw && values[1] === 0) continue;
			const at = miss ? NOWHERE : OFFSET;
			for (let k = 0; k < 5; k++) words[GPR_W + [0, 1, 2, 3, 5][k]] = values[k];
			words[GPR_W + 4] = words[GPR_W + 6] = words[GPR_W + 7] = at;
			words.fill(values[5], (SCRATCH + OFFSET - 64) >> 2, (SCRATCH + OFFSET + 64) >> 2);
			// A store in front of the pool is committed: of no bytes
			words[BOUNCE_SIZE_W] = 0;
			for (const tlb of [TLB_READ_W, TLB_WRITE_W]) {
				words[tlb] = 0;
				words[tlb + 1] = SCRATCH;
				words[tlb + ((NOWHERE >>> 11) & 2046)] = TLB_EMPTY;
			}
			words[FLAG_RESULT_W] = flags[0];
			words[FLAG_CARRY_W] = flags[1];
			words[STOP_W] = words[BUDGET_W] = words[RECORDING_W] = words[LOG_W] = 0;
			C[p + Word.OP] = op | (1 << 24);
			C[p + Word.EIP] = 0x1000;
			C[p + Word.NEXT] = 0x1003;
			C[p + Word.TARGET] = stop;
			C[p + Word.ADDRESS] = ZERO_W | (ZERO_W << 4);
			C[p + Word.DISPLACEMENT] = at;
			C[p + Word.IMMEDIATE] = values[0];
			loop(p, steps);
		}
	}
	C.set(records, p);
	words.set(block);
	code.jumps.set(jumps);
	if (log) raw!.set(log);
}
