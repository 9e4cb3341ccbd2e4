/**
 * Whether recorded steps say what happened: applies their effects to the registers and the memory before, and compares with
 * the registers and the memory after. The law behind every trace, checked on single instructions.
 */
import { type CpuState, GPR_NAMES, SEGMENT_NAMES } from '../../src/events/cpu.ts';
import { type StepColumns, stepEvents } from '../../src/events/steps.ts';

/** Registers before a case: what `LiveCpu.patch` was given. */
export type Registers = Omit<CpuState, 'fx' | 'fpuUsed' | 'debugreg'> & { readonly fx?: Uint8Array };

const hex = (n: number): string => (n >>> 0).toString(16);

/**
 * @param byteBefore memory as the case found it; `byteSeeded`: as the seed says, without what the case brings.
 * @param written the dwords of memory that differ from the seed's, as they are after the steps.
 * @returns what does not agree.
 */
export function compareSteps(
	columns: StepColumns,
	retired: number,
	before: Registers,
	after: CpuState,
	byteBefore: (address: number) => number,
	byteSeeded: (address: number) => number,
	written: ReadonlyMap<number, number>,
): string[] {
	const differences: string[] = [];
	const state = { ...before } as Record<string, unknown>;
	const fx = before.fx ? before.fx.slice() : undefined;
	const fxView = fx && new DataView(fx.buffer);
	const memory = new Map<number, number>();
	if (columns.count !== retired) differences.push(`${retired} steps retired, ${columns.count} recorded`);
	for (const step of stepEvents(columns)) {
		if (step.eip !== state.eip) differences.push(`step at ${hex(step.eip)}, eip was ${hex(state.eip as number)}`);
		for (const [register, value] of step.gprs) state[GPR_NAMES[register]] = value;
		if (step.eflags !== undefined) state.eflags = step.eflags;
		state.eip = step.next;
		for (const [segment, selector] of step.segments) state[SEGMENT_NAMES[segment]] = selector;
		for (const [index, value] of step.fx) fxView?.setUint32(index * 4, value, true);
		for (const { address, bytes } of step.writes)
			for (let i = 0; i < bytes.length; i++) memory.set((address + i) >>> 0, bytes[i]);
	}
	for (const name of [...GPR_NAMES, ...SEGMENT_NAMES, 'eip', 'eflags'] as const)
		if (state[name] !== after[name]) differences.push(`steps: ${name} ${hex(state[name] as number)}, state ${hex(after[name])}`);
	if (fx && Buffer.compare(fx.subarray(0, 288), after.fx.subarray(0, 288)) !== 0)
		differences.push('steps: fx differs from the state');
	for (const [address, byte] of memory) {
		const dword = written.get((address & -4) >>> 0);
		const now = dword === undefined ? byteSeeded(address) : (dword >>> ((address & 3) * 8)) & 0xff;
		if (now !== byte) differences.push(`steps: [${hex(address)}] ${hex(byte)}, memory ${hex(now)}`);
	}
	for (const [address, dword] of written)
		for (let i = 0; i < 4; i++) {
			const now = (dword >>> (i * 8)) & 0xff;
			if (!memory.has(address + i) && now !== byteBefore(address + i))
				differences.push(`steps: [${hex(address + i)}] changed, no step wrote it`);
		}
	return differences;
}
