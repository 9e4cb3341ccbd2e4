/**
 * Reducing single CPU steps: columns of effects applied one step after the other, without decoding an instruction.
 * Works on a draft of its own (flat registers, copies of the pages written) and gives what a `cpu/run` would carry.
 */
import { assert } from '../events/assert.ts';
import type { CpuState } from '../events/cpu.ts';
import type { PageEffect } from '../events/event.ts';
import { PAGE_SIZE } from '../events/pages.ts';
import type { StepColumns } from '../events/steps.ts';
import { StepMask } from '../events/steps.ts';
import { lookupPage, pageBytes } from './address-space.ts';
import type { MachineState, Mm } from './state.ts';

export interface StepsEffect {
	readonly cpu: CpuState;
	/** Pages written, by object then index. */
	readonly pages: readonly PageEffect[];
}

/** A page the batch writes: `bytes` is our own copy. */
interface Draft {
	readonly object: number;
	readonly index: number;
	readonly bytes: Uint8Array;
}

/** Resume flag. */
const EFLAGS_RF = 0x10000;
const withoutRf = (eflags: number): number => (eflags & ~EFLAGS_RF) >>> 0;

const EFFECTS_BEYOND_GPRS = ~StepMask.GPRS;

/** The draft of one task over steps: `apply` any number of batches, then `finish`. The state is only read. */
export class StepDraft {
	readonly #state: MachineState;
	readonly #mm: Mm;
	readonly #cpu: CpuState;
	readonly #gprs: Int32Array;
	#eip: number;
	#eflags: number;
	/** es cs ss ds fs gs. */
	readonly #selectors: number[];
	#fx: Uint32Array | undefined;
	#fpuUsed: boolean;
	/** By linear page, as this address space sees them; two linear pages may be one page of an object. */
	readonly #byVpn = new Map<number, Draft>();
	readonly #byPage = new Map<string, Draft>();
	#lastVpn = -1;
	#lastPage: Uint8Array = NO_PAGE;

	/** @param cpu the task's registers, if they are newer than the state's. */
	constructor(state: MachineState, pid: number, cpu: CpuState = state.tasks[pid].cpu) {
		this.#state = state;
		this.#mm = state.mms[state.tasks[pid].mm];
		this.#cpu = cpu;
		this.#gprs = Int32Array.of(cpu.eax, cpu.ecx, cpu.edx, cpu.ebx, cpu.esp, cpu.ebp, cpu.esi, cpu.edi);
		this.#eip = cpu.eip;
		this.#eflags = cpu.eflags;
		this.#selectors = [cpu.es, cpu.cs, cpu.ss, cpu.ds, cpu.fs, cpu.gs];
		this.#fpuUsed = cpu.fpuUsed;
	}

	/** Applies steps from ≤ i < to of the columns. `word` is where step `from` begins in `words`; returns where step `to` does. */
	apply(columns: StepColumns, from = 0, to = columns.count, word = 0): number {
		const { words, mask: masks, site, siteEip, siteLength } = columns;
		const gprs = this.#gprs;
		let w = word;
		let eip = this.#eip;
		if (from < to) this.#eflags = withoutRf(this.#eflags);
		for (let i = from; i < to; i++) {
			const mask = masks[i];
			const s = site[i];
			eip = siteEip[s] + siteLength[s];
			for (let bits = mask & StepMask.GPRS; bits !== 0; bits &= bits - 1) gprs[31 - Math.clz32(bits & -bits)] = words[w++];
			if ((mask & EFFECTS_BEYOND_GPRS) === 0) continue;
			// RF lasts for one step, whether or not it writes flags
			if (mask & StepMask.FLAGS) this.#eflags = i + 1 < to ? withoutRf(words[w++]) : words[w++];
			if (mask & StepMask.JUMP) eip = words[w++];
			if (mask & StepMask.MEMORY) {
				for (let n = words[w++]; n > 0; n--) {
					const address = words[w++];
					const size = words[w++];
					this.#write(address, size, words, w);
					w += (size + 3) >> 2;
				}
			}
			if (mask & (StepMask.FX | StepMask.SEGMENTS | StepMask.FPU_USED)) w = this.#rest(mask, words, w);
		}
		this.#eip = eip >>> 0;
		return w;
	}

	/** Registers now. */
	get cpu(): CpuState {
		const g = this.#gprs;
		const [es, cs, ss, ds, fs, gs] = this.#selectors;
		return {
			eax: g[0] >>> 0,
			ecx: g[1] >>> 0,
			edx: g[2] >>> 0,
			ebx: g[3] >>> 0,
			esp: g[4] >>> 0,
			ebp: g[5] >>> 0,
			esi: g[6] >>> 0,
			edi: g[7] >>> 0,
			eip: this.#eip,
			eflags: this.#eflags,
			es,
			cs,
			ss,
			ds,
			fs,
			gs,
			fx: this.#fx === undefined ? this.#cpu.fx : new Uint8Array(this.#fx.slice().buffer),
			fpuUsed: this.#fpuUsed,
			debugreg: this.#cpu.debugreg,
		};
	}

	/** The effect of all steps applied. The draft must not be used afterwards: its pages are the effect's. */
	finish(): StepsEffect {
		const pages = [...this.#byPage.values()].sort((a, b) => a.object - b.object || a.index - b.index);
		return { cpu: this.cpu, pages };
	}

	/** Bytes of memory as the steps applied so far left them; undefined where a byte is not mapped. A copy. */
	read(address: number, length: number): Uint8Array | undefined {
		const out = new Uint8Array(length);
		for (let i = 0; i < length; i++) {
			const at = address + i;
			const page = this.#look(Math.floor(at / PAGE_SIZE));
			if (page === undefined) return undefined;
			out[i] = page[at % PAGE_SIZE];
		}
		return out;
	}

	#look(vpn: number): Uint8Array | undefined {
		const found = lookupPage(this.#state, this.#mm, vpn);
		if (found === undefined || found.bus) return undefined;
		return pageBytes(found, (object, index) => this.#byPage.get(`${object}:${index}`)?.bytes) ?? NO_PAGE;
	}

	#rest(mask: number, words: Uint32Array, w: number): number {
		if (mask & StepMask.FX) {
			this.#fx ??= new Uint32Array(new Uint8Array(this.#cpu.fx).buffer);
			for (let n = words[w++]; n > 0; n--) {
				this.#fx[words[w]] = words[w + 1];
				w += 2;
			}
		}
		if (mask & StepMask.SEGMENTS) {
			for (let n = words[w++]; n > 0; n--) {
				this.#selectors[words[w]] = words[w + 1];
				w += 2;
			}
		}
		if (mask & StepMask.FPU_USED) this.#fpuUsed = true;
		return w;
	}

	#write(address: number, size: number, words: Uint32Array, w: number): void {
		const offset = address & (PAGE_SIZE - 1);
		const vpn = address >>> 12;
		if (offset + size <= PAGE_SIZE) {
			const page = vpn === this.#lastVpn ? this.#lastPage : this.#page(vpn);
			if (size === 4) {
				const v = words[w];
				page[offset] = v;
				page[offset + 1] = v >>> 8;
				page[offset + 2] = v >>> 16;
				page[offset + 3] = v >>> 24;
			} else {
				for (let i = 0; i < size; i++) page[offset + i] = words[w + (i >> 2)] >>> ((i & 3) << 3);
			}
			return;
		}
		for (let i = 0; i < size; i++) {
			const at = (address + i) >>> 0;
			this.#page(at >>> 12)[at & (PAGE_SIZE - 1)] = words[w + (i >> 2)] >>> ((i & 3) << 3);
		}
	}

	/** Our copy of the page behind a linear page, made at the first write. */
	#page(vpn: number): Uint8Array {
		let draft = this.#byVpn.get(vpn);
		if (draft === undefined) {
			const found = lookupPage(this.#state, this.#mm, vpn);
			assert(found !== undefined && !found.bus, `a step writes to page ${vpn.toString(16)}, which is not mapped`);
			const key = `${found.object}:${found.index}`;
			draft = this.#byPage.get(key);
			if (draft === undefined) {
				const base = pageBytes(found, (object, index) => this.#byPage.get(`${object}:${index}`)?.bytes);
				draft = { object: found.object, index: found.index, bytes: new Uint8Array(PAGE_SIZE) };
				if (base) draft.bytes.set(base);
				this.#byPage.set(key, draft);
			}
			this.#byVpn.set(vpn, draft);
		}
		this.#lastVpn = vpn;
		this.#lastPage = draft.bytes;
		return draft.bytes;
	}
}

const NO_PAGE = new Uint8Array(PAGE_SIZE);

/** What a stretch of steps does to the task `columns.task`: registers and pages at the end. */
export function stepsEffect(state: MachineState, columns: StepColumns, cpu?: CpuState): StepsEffect {
	const draft = new StepDraft(state, columns.task, cpu);
	draft.apply(columns);
	return draft.finish();
}
