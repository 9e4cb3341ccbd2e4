/** Registers along a window of steps, so that the addresses of operands can be shown. */
import { type CpuState, GPR_NAMES, SEGMENT_NAMES } from '../../events/cpu.ts';
import type { StepEvent } from '../../events/event.ts';
import type { MachineState } from '../../reducers/state.ts';
import type { AddressContext } from './disassemble.ts';

/** Registers of the tasks along a window, for the addresses of operands. */
export class Follower {
	readonly #gprs = new Map<number, number[]>();
	readonly #bases = new Map<number, number[]>();

	constructor(state: MachineState) {
		for (const task of Object.values(state.tasks)) {
			this.#gprs.set(
				task.pid,
				GPR_NAMES.map((n) => task.cpu[n]),
			);
			this.#bases.set(
				task.pid,
				SEGMENT_NAMES.map((n) => baseOf(task.cpu[n], task.tls, state.mms[task.mm]?.ldt ?? [])),
			);
		}
	}

	before(task: number): AddressContext {
		return { gprs: this.#gprs.get(task) ?? new Array(8).fill(0), bases: this.#bases.get(task) ?? new Array(6).fill(0) };
	}

	after(step: StepEvent): void {
		const gprs = this.#gprs.get(step.task);
		if (gprs) for (const [r, value] of step.gprs) gprs[r] = value;
	}

	patch(task: number, regs: Partial<CpuState>): void {
		const gprs = this.#gprs.get(task);
		if (gprs) for (const [r, name] of GPR_NAMES.entries()) gprs[r] = regs[name] ?? gprs[r];
	}
}

/** Base of a segment by its selector: flat ones have 0. */
function baseOf(selector: number, tls: readonly { a: number; b: number }[], ldt: readonly { a: number; b: number }[]): number {
	const entry = selector & 4 ? ldt[selector >> 3] : tls[(selector >> 3) - 6];
	return entry ? ((entry.a >>> 16) | ((entry.b & 0xff) << 16) | (entry.b & 0xff000000)) >>> 0 : 0;
}
