/** Steps that were observed from outside, as columns: what a step wrote is what T0 says it writes, with the values that are there. */
import type { CpuState } from '../../events/cpu.ts';
import { FXSAVE_BYTES, GPR_NAMES, SEGMENT_NAMES } from '../../events/cpu.ts';
import { type StepColumns, StepMask, type StepWrite } from '../../events/steps.ts';

export interface Observed {
	readonly eip: number;
	/** The instruction, 1 to 15 bytes. */
	readonly bytes: Uint8Array;
	/** StepMask of what it may have written (T0's); what changed besides is added. */
	readonly mask: number;
	readonly before: CpuState;
	readonly after: CpuState;
	readonly writes: readonly StepWrite[];
}

export class StepBuilder {
	readonly #sites = new Map<string, number>();
	readonly #eips: number[] = [];
	readonly #bytes: Uint8Array[] = [];
	#site: number[] = [];
	#mask: number[] = [];
	#words: number[] = [];

	get count(): number {
		return this.#site.length;
	}

	push(step: Observed): void {
		const { before, after, writes } = step;
		const words = this.#words;
		let mask = step.mask & (StepMask.GPRS | StepMask.FLAGS);
		GPR_NAMES.forEach((name, i) => {
			if (before[name] !== after[name]) mask |= 1 << i;
		});
		GPR_NAMES.forEach((name, i) => {
			if (mask & (1 << i)) words.push(after[name]);
		});
		if (before.eflags !== after.eflags) mask |= StepMask.FLAGS;
		if (mask & StepMask.FLAGS) words.push(after.eflags);
		if (after.eip !== (step.eip + step.bytes.length) >>> 0) {
			mask |= StepMask.JUMP;
			words.push(after.eip);
		}
		if (writes.length > 0) {
			mask |= StepMask.MEMORY;
			words.push(writes.length);
			for (const { address, bytes } of writes) words.push(address, bytes.length, ...padded(bytes));
		}
		const fx = fxChanges(before.fx, after.fx);
		if (fx.length > 0) {
			mask |= StepMask.FX;
			words.push(fx.length / 2, ...fx);
		}
		const segments = SEGMENT_NAMES.flatMap((name, i) => (before[name] === after[name] ? [] : [i, after[name]]));
		if (segments.length > 0) {
			mask |= StepMask.SEGMENTS;
			words.push(segments.length / 2, ...segments);
		}
		this.#site.push(this.#siteOf(step.eip, step.bytes));
		this.#mask.push(mask);
	}

	#siteOf(eip: number, bytes: Uint8Array): number {
		const key = `${eip}:${Buffer.from(bytes).toString('latin1')}`;
		const known = this.#sites.get(key);
		if (known !== undefined) return known;
		this.#sites.set(key, this.#eips.length);
		this.#eips.push(eip);
		this.#bytes.push(bytes);
		return this.#eips.length - 1;
	}

	/** The steps since the last call; undefined when there are none. */
	take(task: number, first: number): StepColumns | undefined {
		const count = this.count;
		if (count === 0) return undefined;
		const siteBytes = new Uint8Array(this.#eips.length * 16);
		this.#bytes.forEach((bytes, s) => {
			siteBytes.set(bytes, s * 16);
		});
		const columns: StepColumns = {
			task,
			first,
			count,
			siteEip: Uint32Array.from(this.#eips),
			siteLength: Uint8Array.from(this.#bytes, (b) => b.length),
			siteBytes,
			site: Uint32Array.from(this.#site),
			mask: Uint16Array.from(this.#mask),
			words: Uint32Array.from(this.#words),
		};
		this.#sites.clear();
		this.#eips.length = 0;
		this.#bytes.length = 0;
		this.#site = [];
		this.#mask = [];
		this.#words = [];
		return columns;
	}
}

/** Bytes as words, little-endian, filled up with zeros. */
function padded(bytes: Uint8Array): Uint32Array {
	const out = new Uint8Array((bytes.length + 3) & ~3);
	out.set(bytes);
	return new Uint32Array(out.buffer);
}

function fxChanges(before: Uint8Array, after: Uint8Array): number[] {
	const [a, b] = [before, after].map((fx) => new DataView(fx.buffer, fx.byteOffset, FXSAVE_BYTES));
	const changes: number[] = [];
	for (let i = 0; i < FXSAVE_BYTES / 4; i++) {
		const value = b.getUint32(4 * i, true);
		if (a.getUint32(4 * i, true) !== value) changes.push(i, value);
	}
	return changes;
}
