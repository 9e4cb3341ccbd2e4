/**
 * A processor that executes nothing: it applies the recorded steps of a trace of grain `steps`, and stops where the
 * recorded run stopped. Registers and memory are those of a real one, so the machine around it is the same.
 */
import { type CpuPersona, type LiveCpu, Stop } from '../cpu/contract.ts';
import { createCpu } from '../cpu/cpu.ts';
import { Flag } from '../cpu/isa/row.ts';
import type { CpuState, Fault, GprName } from '../events/cpu.ts';
import { GPR_NAMES, SEGMENT_NAMES, Vector } from '../events/cpu.ts';
import { dr6Of } from '../events/debug.ts';
import type { MachineEvent } from '../events/event.ts';
import { joinColumns, type StepColumns, StepMask, skipWords, sliceColumns } from '../events/steps.ts';
import { FrameKind, TraceError } from '../events/trace/format.ts';
import type { StepFrame, Trace } from './trace.ts';

/** Exception flags of MXCSR, in byte 24 of an FXSAVE image. */
const MXCSR_FLAGS = 0x3f;

type Registers = { -readonly [K in keyof CpuState]?: CpuState[K] };

export class RecordedCpu implements LiveCpu {
	readonly #trace: Trace;
	readonly #real: LiveCpu;
	#frame = 0;
	#current: StepFrame | undefined;
	/** Next step of the current frame, and its place in `words`. */
	#step = 0;
	#word = 0;
	#taken: StepColumns | undefined;
	/** Events between the frames of steps: those before frame #gapAt. */
	#events: MachineEvent[] = [];
	#gapAt = -1;
	#bytes: Uint8Array = new Uint8Array(0);
	/** Events that the machine made since the last step: set by whoever makes the machine. */
	k: () => number = () => 0;
	retired = 0;
	fault: Fault | undefined;

	constructor(trace: Trace, persona: CpuPersona) {
		this.#trace = trace;
		this.#real = createCpu(persona);
	}

	/** For a run that begins after `steps` retired steps. */
	static at(trace: Trace, steps: number): RecordedCpu {
		const cpu = new RecordedCpu(trace, trace.header.persona);
		cpu.#seek(steps);
		return cpu;
	}

	#seek(steps: number): void {
		const { frames } = this.#trace;
		for (let i = 0; i < frames.length; i++) {
			if (frames[i].kind !== FrameKind.STEPS) continue;
			const frame = this.#trace.stepFrame(i);
			const { first, count, mask, words } = frame.columns;
			if (steps <= first) return;
			if (steps >= first + count) {
				this.#frame = i + 1;
				continue;
			}
			this.#frame = i;
			this.#current = frame;
			this.#step = steps - first;
			for (let s = 0; s < this.#step; s++) this.#word = skipWords(mask[s], words, this.#word);
			return;
		}
	}

	get memory() {
		return this.#real.memory;
	}

	get eip() {
		return this.#real.eip;
	}

	load: LiveCpu['load'] = (...args) => this.#real.load(...args);
	reset: LiveCpu['reset'] = () => this.#real.reset();
	forget: LiveCpu['forget'] = (pager) => this.#real.forget(pager);
	setPager: LiveCpu['setPager'] = (pager) => this.#real.setPager(pager);
	setTables: LiveCpu['setTables'] = (tables) => this.#real.setTables(tables);
	save: LiveCpu['save'] = () => this.#real.save();
	patch: LiveCpu['patch'] = (registers) => this.#real.patch(registers);
	gpr: LiveCpu['gpr'] = (index) => this.#real.gpr(index);
	check: LiveCpu['check'] = () => this.#real.check();

	bytesAtEip(): Uint8Array {
		return this.#bytes;
	}

	/** As `record`; a run of recorded steps keeps nothing. */
	run(budget: number): number {
		return this.#advance(budget, false);
	}

	/** Applies recorded steps: at most `budget`, and not past the end of a recorded frame. */
	record(budget: number): number {
		return this.#advance(budget, true);
	}

	#advance(budget: number, keep: boolean): number {
		this.retired = 0;
		this.fault = undefined;
		if (this.#current === undefined) {
			const next = this.#gap()[this.k()];
			if (next !== undefined) return this.#faultOf(next);
		}
		const frame = this.#open();
		const { columns } = frame;
		const n = Math.min(budget, columns.count - this.#step);
		const [step, word] = [this.#step, this.#word];
		this.#apply(columns, n);
		this.retired = n;
		if (keep) {
			const piece = sliceColumns(columns, step, this.#step, word, this.#word);
			this.#taken = this.#taken === undefined ? piece : joinColumns(this.#taken, piece);
		}
		if (this.#step < columns.count) return Stop.BUDGET;
		this.#current = undefined;
		this.#frame++;
		switch (frame.entry) {
			case 'int80':
				return Stop.INT80;
			case 'sysenter':
				return Stop.SYSENTER;
			case 'bp':
			case 'of':
				this.fault = { vector: frame.entry === 'bp' ? 3 : 4, error: 0, address: 0, bus: false };
				return Stop.FAULT;
			default: {
				const error = dr6Of(frame.entry);
				if (error !== undefined) {
					this.fault = { vector: Vector.DB, error, address: 0, bus: false };
					return Stop.DEBUG;
				}
				// The run went on behind this frame, or ended there with a fault: the next call tells.
				return Stop.BUDGET;
			}
		}
	}

	takeSteps(): StepColumns {
		const columns = this.#taken;
		if (columns === undefined) throw new Error('internal error: no recorded steps were taken');
		this.#taken = undefined;
		return columns;
	}

	/** The recorded events between the last frame of steps and the next one. */
	#gap(): readonly MachineEvent[] {
		if (this.#gapAt === this.#frame) return this.#events;
		this.#gapAt = this.#frame;
		this.#events = [];
		const { frames } = this.#trace;
		for (; this.#frame < frames.length && frames[this.#frame].kind !== FrameKind.STEPS; this.#frame++) {
			if (frames[this.#frame].kind === FrameKind.EVENTS) this.#events.push(...this.#trace.eventsOf(this.#frame));
		}
		this.#gapAt = this.#frame;
		return this.#events;
	}

	/** The fault that the recorded run met here, as the kernel's answer to it tells. */
	#faultOf(next: MachineEvent): number {
		const events = this.#gap();
		const event = next.kind === 'unsupported' ? events[this.k() + 1] : next;
		if (event?.kind === 'cpu/fault') {
			const { vector, error, address, bus, regs } = event;
			const met = regs?.fx ? { mxcsr: regs.fx[24] & MXCSR_FLAGS } : {};
			this.fault = { vector, error, address, bus, ...met };
		} else if (event?.kind === 'mm/resize') {
			this.fault = { vector: Vector.PF, error: 6, address: event.newStart, bus: false };
		} else {
			throw this.#error(`steps or a fault wanted, the recorded run goes on with ${event?.kind ?? 'nothing'}`);
		}
		if (next.kind !== 'unsupported') return Stop.FAULT;
		this.#bytes = next.bytes;
		return Stop.UNSUPPORTED;
	}

	/** The frame whose steps come next. */
	#open(): StepFrame {
		if (this.#current) return this.#current;
		if (this.#frame >= this.#trace.frames.length) throw this.#error('the recorded steps end here, and the run goes on');
		this.#current = this.#trace.stepFrame(this.#frame);
		this.#step = 0;
		this.#word = 0;
		return this.#current;
	}

	#apply(columns: StepColumns, count: number): void {
		const { words, mask, site, siteEip, siteLength } = columns;
		const registers: Registers = {};
		const view = this.memory;
		let w = this.#word;
		let eip = this.eip;
		let fx: Uint32Array | undefined;
		const gprs: (number | undefined)[] = new Array(8).fill(undefined);
		for (let i = this.#step; i < this.#step + count; i++) {
			const m = mask[i];
			const at = site[i];
			for (let r = 0, bits = m & StepMask.GPRS; bits !== 0; r++, bits >>>= 1) if (bits & 1) gprs[r] = words[w++];
			if (m & StepMask.FLAGS) registers.eflags = words[w++];
			else if (registers.eflags !== undefined) registers.eflags = (registers.eflags & ~Flag.RF) >>> 0;
			eip = m & StepMask.JUMP ? words[w++] : (siteEip[at] + siteLength[at]) >>> 0;
			if (m & StepMask.MEMORY) {
				for (let n = words[w++]; n > 0; n--) {
					const address = words[w++];
					const size = words[w++];
					const bytes = new Uint8Array(words.buffer, words.byteOffset + w * 4, size);
					w += (size + 3) >> 2;
					if (!view.write(address, bytes)) throw this.#error(`a step writes to ${address.toString(16)}, which is not writable`);
				}
			}
			if (m & StepMask.FX) {
				if (fx === undefined) fx = new Uint32Array(this.#real.save().fx.slice().buffer);
				for (let n = words[w++]; n > 0; n--) fx[words[w++] & 127] = words[w++];
			}
			if (m & StepMask.SEGMENTS) for (let n = words[w++]; n > 0; n--) registers[SEGMENT_NAMES[words[w++] % 6]] = words[w++];
			if (m & StepMask.FPU_USED) registers.fpuUsed = true;
		}
		gprs.forEach((value, r) => {
			if (value !== undefined) registers[GPR_NAMES[r] as GprName] = value;
		});
		if (count > 0 && registers.eflags === undefined) {
			// RF lasts for one step
			const { eflags } = this.#real.save();
			if (eflags & Flag.RF) registers.eflags = (eflags & ~Flag.RF) >>> 0;
		}
		if (fx) registers.fx = new Uint8Array(fx.buffer);
		registers.eip = eip;
		this.#real.patch(registers);
		this.#step += count;
		this.#word = w;
	}

	#error(message: string): TraceError {
		return new TraceError(this.#frame, this.#trace.frames[this.#frame]?.offset ?? 0, message);
	}
}
