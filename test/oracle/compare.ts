/**
 * Comparing how a case ended on our processor with what the hardware did: the exception, the registers, the FXSAVE image.
 */
import { type LiveCpu, Stop } from '../../src/cpu/contract.ts';
import { type CpuState, Vector } from '../../src/events/cpu.ts';
import type { CaseMask } from './masks.ts';
import { FX_WORDS, OUTCOME_WORDS, OutcomeWord, SELECTORS } from './protocol.ts';

const ARITHMETIC = 0x8d5;
const DF = 0x400;
/** Flags of a case that are compared: arithmetic, DF, IOPL, NT, AC, ID. Not RF, which faults set in the frame they push. */
const COMPARED_FLAGS = ARITHMETIC | DF | 0x200 | 0x3000 | 0x4000 | 0x40000 | 0x200000;
const GPRS = ['eax', 'ecx', 'edx', 'ebx', 'esp', 'ebp', 'esi', 'edi'] as const;
const SEGMENTS = ['es', 'cs', 'ss', 'ds', 'fs', 'gs'] as const;
/** Bit of #PF's error code for instruction fetches: only with NX, which an i386 kernel of the persona's time does not use. */
const PF_FETCH = 0x10;

const toGuest = new Map(SELECTORS);
/** The guest's selector for a native one. */
export const guestSelector = (native: number): number => toGuest.get(native) ?? native;

/** Exceptions that leave eip at the instruction: all but the traps. */
export const isFault = (vector: number): boolean => vector !== Vector.DB && vector !== Vector.BP && vector !== Vector.OF;

/** Notes a difference in how the instruction ended. False: the rest need not be compared (ours does not have it). */
export function compareStop(
	cpu: LiveCpu,
	stop: number,
	outcomes: Uint32Array,
	out: number,
	mask: CaseMask,
	differences: string[],
): boolean {
	const wanted = (outcomes[out] >>> 16) & 0xff;
	const error = outcomes[out + OutcomeWord.ERROR];
	const address = outcomes[out + OutcomeWord.CR2];
	const { fault } = cpu;
	const faulted = stop === Stop.FAULT && fault !== undefined;
	const retired = stop === Stop.BUDGET || stop === Stop.DEBUG;
	const got = faulted ? fault.vector : stop === Stop.UNSUPPORTED ? Vector.UD : retired ? Vector.DB : -stop;
	let same = got === wanted;
	if (faulted && (wanted === Vector.GP || wanted === Vector.SS || wanted === Vector.NP)) same &&= fault.error === error;
	if (faulted && wanted === Vector.PF)
		same &&= ((fault.error ^ error) & ~PF_FETCH) === 0 && (mask.address || fault.address === address);
	if (mask.eitherFault && faulted && wanted !== Vector.DB && wanted !== Vector.BP) same = true;
	if (!same) {
		const want = describeStop(wanted, error, address);
		differences.push(`want ${want}, got ${describeStop(got, fault?.error ?? 0, fault?.address ?? 0)}`);
	}
	return stop !== Stop.UNSUPPORTED || same;
}

/** Notes differences of the registers. `trapped`: TF, when that is compared too; `fx`: words of the FXSAVE image that are. */
export function compareState(
	state: CpuState,
	outcomes: Uint32Array,
	out: number,
	mask: CaseMask,
	trapped: number,
	fx: number,
	differences: string[],
): void {
	const g = out + OutcomeWord.GPRS;
	const faulted = isFault((outcomes[out] >>> 16) & 0xff);
	const skip = mask.result || (mask.partial && faulted) ? 0xff : mask.gprs;
	for (let i = 0; i < 8; i++)
		if (state[GPRS[i]] !== outcomes[g + i] && !((skip >> i) & 1))
			differences.push(`${GPRS[i]} ${hex(outcomes[g + i])}, got ${hex(state[GPRS[i]])}`);
	if (state.eip !== outcomes[out + OutcomeWord.EIP])
		differences.push(`eip ${hex(outcomes[out + OutcomeWord.EIP])}, got ${hex(state.eip)}`);
	const flags = (COMPARED_FLAGS | trapped) & ~(mask.result ? ARITHMETIC : mask.flags);
	const wantFlags = outcomes[out + OutcomeWord.EFLAGS];
	if ((state.eflags ^ wantFlags) & flags)
		differences.push(`eflags ${hex(wantFlags)}, got ${hex(state.eflags)}, of ${hex(flags)}`);
	for (let s = 0; s < 6; s++) {
		const native = (outcomes[out + OutcomeWord.ES_CS + (s >> 1)] >>> ((s & 1) << 4)) & 0xffff;
		// the words are es|cs, ss|ds, fs|gs: the order of SEGMENTS
		if (state[SEGMENTS[s]] !== guestSelector(native))
			differences.push(`${SEGMENTS[s]} ${hex(guestSelector(native))}, got ${hex(state[SEGMENTS[s]])}`);
	}
	if (fx > 0 && !(mask.partial && faulted)) compareFx(state.fx, fx, outcomes, out, mask, differences);
}

function compareFx(
	fx: Uint8Array,
	words: number,
	outcomes: Uint32Array,
	out: number,
	mask: CaseMask,
	differences: string[],
): void {
	const at = out + OUTCOME_WORDS + (outcomes[out] >>> 24) * 2;
	const want = new Uint8Array(outcomes.buffer, outcomes.byteOffset + at * 4, words * 4);
	const pending = (want[2] & 0x80) !== 0;
	for (const [name, from, to] of words > FX_WORDS ? SSE_FIELDS : FX_FIELDS) {
		if (!pending && from >= 6 && from < 24) continue;
		for (let i = from; i < to; i++) {
			if (fx[i] === want[i] || (mask.near > 0 && isNear(fx, want, from, i, mask.near))) continue;
			differences.push(`${name} ${hexBytes(want.subarray(from, to))}, got ${hexBytes(fx.subarray(from, to))}`);
			break;
		}
	}
}

/** C1 in the upper byte of fsw. */
const C1 = 0x02;
const ST0 = 32;

/** Byte i of a field that begins at `from` differs: whether that may be, when `near` registers may be a unit off. */
function isNear(got: Uint8Array, want: Uint8Array, from: number, i: number, near: number): boolean {
	if (i === 3) return ((got[i] ^ want[i]) & ~C1) === 0;
	if (from < ST0 || from >= ST0 + near * 16) return false;
	// Sign and exponent before a mantissa without its top bit: neighbours differ by one
	const value = (fx: Uint8Array): bigint => {
		const view = new DataView(fx.buffer, fx.byteOffset + from);
		return (BigInt(view.getUint16(8, true)) << 63n) | (view.getBigUint64(0, true) & 0x7fffffffffffffffn);
	};
	const d = value(got) - value(want);
	return d >= -1n && d <= 1n;
}

/**
 * Fields of the FXSAVE image that are compared. Not the selectors of the last instruction and operand: a 64-bit kernel's
 * XSAVE does not keep them. Not what is reserved. Opcode and pointers of the last instruction only while an
 * exception is pending: AMD saves zeros otherwise, and newer Intel processors keep them for exceptions only.
 */
const FX_FIELDS: readonly (readonly [string, number, number])[] = [
	['fcw', 0, 2],
	['fsw', 2, 4],
	['ftw', 4, 5],
	['fop', 6, 8],
	['fip', 8, 12],
	['fdp', 16, 20],
	...Array.from({ length: 8 }, (_, i): [string, number, number] => [`st${i}`, 32 + i * 16, 42 + i * 16]),
];
/** The same of cases that carry the XMM registers. */
const SSE_FIELDS: typeof FX_FIELDS = [
	...FX_FIELDS,
	['mxcsr', 24, 28],
	...Array.from({ length: 8 }, (_, i): [string, number, number] => [`xmm${i}`, 160 + i * 16, 176 + i * 16]),
];

/** How an instruction ended, in words: an exception with what goes with it, "retired" for the trap of a single step. */
function describeStop(vector: number, error: number, address: number): string {
	if (vector === Vector.DB) return 'retired';
	const name =
		Object.entries(Vector).find(([, v]) => v === vector)?.[0] ?? (vector <= 0 ? `stop ${-vector}` : `vector ${vector}`);
	if (vector === Vector.PF) return `#PF(${hex(error & ~PF_FETCH)}) at ${hex(address)}`;
	return vector === Vector.GP || vector === Vector.SS || vector === Vector.NP ? `#${name}(${hex(error)})` : `#${name}`;
}

/** Hexadecimal, unsigned. */
export const hex = (n: number): string => (n >>> 0).toString(16);
const hexBytes = (bytes: Uint8Array): string => Buffer.from(bytes).reverse().toString('hex');
