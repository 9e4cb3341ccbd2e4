/**
 * The processor: one task's registers and memory, live. Puts together memory, segments, decoded code, the printed interpreter
 * and the log.
 */
import { assert } from '../events/assert.ts';
import type { CpuState, Fault } from '../events/cpu.ts';
import { FXSAVE_BYTES, GPR_NAMES, SEGMENT_NAMES, Vector } from '../events/cpu.ts';
import { Dr6 } from '../events/debug.ts';
import type { StepColumns } from '../events/steps.ts';
import type { Pager } from '../reducers/pages.ts';
import { Breakpoints } from './breakpoints.ts';
import { mix } from './check.ts';
import { CodeCache } from './code.ts';
import { type CpuPersona, type DescriptorTables, type LiveCpu, Stop } from './contract.ts';
import { makeDecodeMaps } from './decode.ts';
import { makeEnvironment, pseudoOps } from './environment.ts';
import { offers } from './features.ts';
import { eflagsOf, flagCarry, flagResult } from './flags.ts';
import { Helper } from './helper.ts';
import { compile, type Environment, OP_BITS, Word } from './interpreter.ts';
import { ROWS } from './isa/index.ts';
import { Flag } from './isa/row.ts';
import {
	DEBUG_W, EFLAGS_W, EIP_W, FAULT_MXCSR_W, FAULT_W, FLAG_CARRY_W, FLAG_RESULT_W, FPU_USED_W, FX, GPR_W, LEFT_W,
	RECORDING_W, STOP_W,
} from './layout.ts'; // biome-ignore format: a list
import { GuestMemory } from './memory.ts';
import { Ops } from './ops.ts';
import { FIRST_SLICE, LAST_SLICE, type PacedLoop, TRAINED } from './paced-loop.ts';
import { Recorder } from './recorder.ts';
import { Segments } from './segments.ts';
import { train } from './training.ts';
import type { RegionLimits } from './translator/region.ts';
import { Translator, type TranslatorCounts } from './translator/translator.ts';

/** Decoded instructions kept at once. */
const RECORDS = 2 ** 18;
/** Stands in eflags always: bit 1 and IF. */
const ALWAYS = 0x202;
/** Bits of eflags that exist in user mode. */
const EFLAGS_BITS = 0x3f7fd7;
const FX_WORDS = FXSAVE_BYTES / 4;

class Cpu implements LiveCpu {
	readonly memory: GuestMemory;
	retired = 0;
	fault: Fault | undefined;
	private readonly words: Int32Array;
	private readonly segments: Segments;
	private readonly code: CodeCache;
	private readonly ops: Ops;
	private readonly helper: Helper;
	private readonly breakpoints: Breakpoints;
	private readonly environment: Environment;
	private readonly main: PacedLoop;
	readonly translator: Translator | undefined;
	private recorder: Recorder | undefined;
	/** The code array is full but the log refers to it. */
	private blocked = false;
	/** What `save` gave away last: shared while it stays the same, never written. */
	private readonly fxSaved = new Int32Array(FX_WORDS);
	private fxImage = new Uint8Array(FXSAVE_BYTES);
	private debugSaved: readonly number[] = [0, 0, 0, 0, 0, 0, 0, 0];
	private csBase = 0;
	private csLimit = 0xffffffff;

	constructor(persona: CpuPersona, reduction: bigint | undefined, translate?: RegionLimits) {
		const memory = new GuestMemory();
		const { words } = memory;
		this.memory = memory;
		this.words = words;
		this.breakpoints = new Breakpoints(words);
		memory.setBreakpoints(this.breakpoints);
		this.segments = new Segments(words, persona, (vector, error) => memory.raise(vector, error));
		this.ops = new Ops(
			ROWS,
			RECORDS,
			(p, insn, helper) => this.helper.execute(p, insn, helper),
			(feature) => offers(persona, feature),
			() => this.helper.fpu,
		);
		this.code = new CodeCache(memory, makeDecodeMaps(ROWS), this.ops, RECORDS);
		this.code.mayDrop = () => {
			this.blocked = this.recorder !== undefined && this.recorder.logged > 0;
			return !this.blocked;
		};
		this.helper = new Helper(memory, this.segments, this.code, persona);
		if (reduction !== undefined) this.helper.fpu.reduceWith(reduction);
		this.segments.onChange = () => this.segmentsChanged();
		this.environment = makeEnvironment(memory, this.segments, this.helper, this.code, this.ops);
		this.ops.setEnvironment(this.environment);
		pseudoOps(memory, this.code, this.ops);
		this.translator = translate && new Translator(memory, this.code, this.ops, this.helper, translate);
		const loop = compile(this.environment, 'p, n', this.ops.source(false), 't0');
		this.main = { loop, slice: FIRST_SLICE, untrained: TRAINED };
		words[EFLAGS_W] = ALWAYS;
		this.segments.setTables({ tls: [], ldt: [] });
	}

	private segmentsChanged(): void {
		const { segments, code } = this;
		const base = segments.base(1);
		const limit = segments.attributes(1) === 0 ? -1 : segments.limit(1);
		if (segments.mode === code.mode && base === this.csBase && limit === this.csLimit) return;
		if (base !== this.csBase || limit !== this.csLimit) code.dropGeneral();
		this.csBase = base;
		this.csLimit = limit;
		code.mode = segments.mode;
		code.csBase = base;
		code.csLimit = limit;
		code.flushJumps();
		this.helper.stale = true;
	}

	reset(): void {
		this.memory.reset();
		this.code.forgetAll();
		this.recorder?.forget();
	}

	// Registers
	load(state: CpuState, tables: DescriptorTables, pager: Pager, keepFrames: boolean): void {
		if (!keepFrames) this.memory.reset();
		this.memory.setPager(pager);
		this.code.enter(pager, state.eip);
		const { words } = this;
		GPR_NAMES.forEach((name, i) => {
			words[GPR_W + i] = state[name];
		});
		words[EIP_W] = state.eip;
		this.setEflags(state.eflags);
		this.segments.adopt(tables);
		SEGMENT_NAMES.forEach((name, i) => {
			this.segments.set(i, state[name]);
		});
		this.memory.bytes.set(state.fx, FX);
		words[FPU_USED_W] = state.fpuUsed ? 1 : 0;
		this.setDebug(state.debugreg);
	}
	private setDebug(debugreg: readonly number[]): void {
		for (let i = 0; i < 8; i++) this.words[DEBUG_W + i] = debugreg[i] ?? 0;
		if (this.breakpoints.update()) this.memory.flushTlb();
	}
	forget(pager: Pager): void {
		this.code.forget(pager);
	}
	setPager(pager: Pager): void {
		this.memory.setPager(pager);
		this.code.rename(pager);
	}
	setTables(tables: DescriptorTables): void {
		this.segments.setTables(tables);
	}
	private setEflags(eflags: number): void {
		const { words } = this;
		words[FLAG_RESULT_W] = flagResult(eflags);
		words[FLAG_CARRY_W] = flagCarry(eflags);
		words[EFLAGS_W] = (eflags & EFLAGS_BITS & ~Flag.ARITH) | ALWAYS;
		this.segments.update();
	}
	private get eflags(): number {
		return eflagsOf(this.words);
	}
	save(): CpuState {
		const { words: w, segments } = this;
		return {
			eax: w[0] >>> 0,
			ecx: w[1] >>> 0,
			edx: w[2] >>> 0,
			ebx: w[3] >>> 0,
			esp: w[4] >>> 0,
			ebp: w[5] >>> 0,
			esi: w[6] >>> 0,
			edi: w[7] >>> 0,
			eip: w[EIP_W] >>> 0,
			eflags: this.eflags,
			es: segments.selector(0),
			cs: segments.selector(1),
			ss: segments.selector(2),
			ds: segments.selector(3),
			fs: segments.selector(4),
			gs: segments.selector(5),
			fx: this.savedFx(),
			fpuUsed: w[FPU_USED_W] !== 0,
			debugreg: this.savedDebug(),
		};
	}
	/** The FXSAVE image: the same array as last time while nothing in it changes, as between most calls. */
	private savedFx(): Uint8Array {
		const { words: w, fxSaved } = this;
		let i = 0;
		while (i < FX_WORDS && w[(FX >> 2) + i] === fxSaved[i]) i++;
		if (i < FX_WORDS) {
			fxSaved.set(w.subarray(FX >> 2, (FX >> 2) + FX_WORDS));
			this.fxImage = new Uint8Array(fxSaved.slice().buffer);
		}
		return this.fxImage;
	}
	private savedDebug(): readonly number[] {
		const { words: w } = this;
		let i = 0;
		while (i < 8 && w[DEBUG_W + i] >>> 0 === this.debugSaved[i]) i++;
		if (i < 8) this.debugSaved = Array.from(w.subarray(DEBUG_W, DEBUG_W + 8), (v) => v >>> 0);
		return this.debugSaved;
	}
	patch(registers: Partial<CpuState>): void {
		const { words } = this;
		let only: string | undefined;
		for (const name in registers) only = only === undefined ? name : '';
		// Nearly every call sets eax alone.
		if (only === 'eax' && registers.eax !== undefined) {
			words[GPR_W] = registers.eax;
			return;
		}
		if (only === undefined) return;
		for (let i = 0; i < 8; i++) {
			const value = registers[GPR_NAMES[i]];
			if (value !== undefined) words[GPR_W + i] = value;
		}
		if (registers.eip !== undefined) words[EIP_W] = registers.eip;
		if (registers.eflags !== undefined) this.setEflags(registers.eflags);
		for (let i = 0; i < 6; i++) {
			const value = registers[SEGMENT_NAMES[i]];
			if (value !== undefined) this.segments.set(i, value);
		}
		if (registers.fx) this.memory.bytes.set(registers.fx, FX);
		if (registers.fpuUsed !== undefined) words[FPU_USED_W] = registers.fpuUsed ? 1 : 0;
		if (registers.debugreg) this.setDebug(registers.debugreg);
	}
	gpr(index: number): number {
		return this.words[GPR_W + index] >>> 0;
	}
	get eip(): number {
		return this.words[EIP_W] >>> 0;
	}
	check(): number {
		const { words } = this;
		let h = 0x811c9dc5 | 0;
		for (let i = 0; i < 8; i++) h = mix(h, words[GPR_W + i]);
		h = mix(mix(h, words[EIP_W]), this.eflags);
		for (let i = 0; i < 6; i++) h = mix(h, this.segments.selector(i));
		for (let i = 0; i < FX_WORDS; i++) h = mix(h, words[(FX >> 2) + i]);
		h = mix(h, words[FPU_USED_W]);
		for (let i = 0; i < 8; i++) h = mix(h, words[DEBUG_W + i]);
		return (h ^ (h >>> 16)) >>> 0;
	}
	bytesAtEip(): Uint8Array {
		const linear = (this.segments.base(1) + this.eip) >>> 0;
		for (let n = 15; n > 0; n--) {
			const bytes = this.memory.read(linear, n);
			if (bytes) return bytes;
		}
		return new Uint8Array(0);
	}

	// Running
	run(budget: number, tsc: number): number {
		return this.go(this.main, budget, tsc);
	}
	private go(paced: PacedLoop, budget: number, tsc: number): number {
		assert(budget > 0 && budget <= 2 ** 30, 'a budget is between 1 and 2^30');
		const { words, helper } = this;
		const { loop } = paced;
		const recorder = paced === this.recorder ? this.recorder : undefined;
		let left = budget;
		let stop: number = Stop.BUDGET;
		let dr6 = 0;
		words[STOP_W] = 0;
		this.fault = undefined;
		this.blocked = false;
		while (left > 0) {
			const flags = words[EFLAGS_W];
			const single = (flags & (Flag.TF | Flag.RF)) !== 0 || this.breakpoints.armed;
			if (single && !this.beforeStep(recorder)) {
				stop = Stop.FAULT;
				break;
			}
			const size = paced.slice;
			const slice = single ? 1 : Math.min(left, size);
			helper.tscBase = tsc + (budget - left);
			helper.slice = slice;
			words[LEFT_W] = 0;
			const full =
				this.translator && !recorder && !single
					? this.translator.run(slice, loop)
					: loop(this.code.indirect(words[EIP_W]), slice);
			const retired = slice - full - words[LEFT_W];
			left -= retired;
			if (recorder) recorder.logged += retired;
			if (paced.untrained > 0 && (paced.untrained -= retired) <= 0)
				train(loop, this.ops.hot(), this.code, words, recorder?.log.raw);
			if (slice === size && size < LAST_SLICE) paced.slice *= 2;
			stop = words[STOP_W];
			if (single && retired === 0) words[EFLAGS_W] |= flags & Flag.RF;
			if (stop !== 0 || full > 0 || this.blocked) break;
			if (single && retired === 1) {
				dr6 = this.breakpoints.hits | (flags & Flag.TF && !helper.inhibited ? Dr6.BS : 0);
				if (dr6 === 0) continue;
				stop = Stop.DEBUG;
				break;
			}
		}
		words[RECORDING_W] = 0;
		this.retired = budget - left;
		if (stop === Stop.FAULT) {
			const [vector, error, address, bus] = words.subarray(FAULT_W, FAULT_W + 4);
			const met = vector === Vector.XM ? { mxcsr: words[FAULT_MXCSR_W] } : {};
			this.fault = this.wrapped() ?? { vector, error, address: address >>> 0, bus: bus !== 0, ...met };
		} else if (stop === Stop.DEBUG) this.fault = { vector: Vector.DB, error: dr6, address: 0, bus: false };
		return stop;
	}

	/**
	 * Before a step that is looked at closely: an instruction breakpoint stops it (false), unless RF is set, which lasts for
	 * this step only.
	 */
	private beforeStep(recorder: Recorder | undefined): boolean {
		const { words, breakpoints, helper } = this;
		breakpoints.hits = 0;
		helper.inhibited = false;
		if (words[EFLAGS_W] & Flag.RF) {
			words[EFLAGS_W] &= ~Flag.RF;
			recorder?.mark();
			return true;
		}
		const met = breakpoints.at(this.segments.base(1) + words[EIP_W]);
		if (met !== 0) words.set([Vector.DB, met, 0, 0], FAULT_W);
		return met === 0;
	}

	/**
	 * The fast forms do not look at limits: an operand that runs over the end of a flat segment came out as a page fault on the
	 * last page, which user mode never has. It is #GP(0), or #SS(0) in the stack segment.
	 */
	private wrapped(): Fault | undefined {
		const { words, code, ops } = this;
		const address = words[FAULT_W + 2];
		if (words[FAULT_W] !== Vector.PF || address >>> 0 < 0xfffffff1) return undefined;
		const p = code.find(words[EIP_W]);
		const info = p === 0 ? undefined : ops.infos[code.code[p] & OP_BITS];
		if (!info || info.form === 'general') return undefined;
		const operand = info.variant.memory && this.helper.recordOffset(p) === address;
		const size = operand ? (info.operands.find((o) => 'EMOWQ'.includes(o.kind))?.size ?? 0) : (info.effects.stores[0] ?? 4) * 8;
		if ((address >>> 0) + size / 8 <= 2 ** 32) return undefined;
		const stack = operand ? ((code.code[p + Word.ADDRESS] >> 8) & 7) === 2 : !info.row.rep;
		return { vector: stack ? Vector.SS : Vector.GP, error: 0, address: 0, bus: false };
	}

	// Recording
	record(budget: number, tsc: number): number {
		const recorder = this.needRecorder();
		if (recorder.full) {
			this.retired = 0;
			this.fault = undefined;
			return Stop.BUDGET;
		}
		recorder.begin();
		const stop = this.go(recorder, budget, tsc);
		recorder.mark();
		return stop;
	}
	private needRecorder(): Recorder {
		this.recorder ??= new Recorder(this.memory, this.code, this.ops, this.segments, this.environment);
		return this.recorder;
	}
	takeSteps(task: number, first: number): StepColumns {
		return this.needRecorder().take(task, first);
	}
}

/** A processor for a persona. @param reduction the π of fsin and its kin, for comparisons with processors (see fpu/tables.ts). */
export function createCpu(persona: CpuPersona, reduction?: bigint): LiveCpu {
	return new Cpu(persona, reduction);
}
/** The same with translated code (see translator/), and what tells how much of it ran. */
export function createTranslatingCpu(
	persona: CpuPersona,
	limits: RegionLimits,
	reduction?: bigint,
): { readonly cpu: LiveCpu; readonly counts: TranslatorCounts } {
	const cpu = new Cpu(persona, reduction, limits);
	assert(cpu.translator, 'a translating processor');
	return { cpu, counts: cpu.translator.counts };
}
