/**
 * The recording half of the processor: its loop logs every step (log.ts), and what that loop has no case for is run and logged here.
 */
import { FXSAVE_BYTES } from '../events/cpu.ts';
import { type StepColumns, StepMask } from '../events/steps.ts';
import type { CodeCache } from './code.ts';
import { eflagsOf } from './flags.ts';
import { compile, type Environment, OP_BITS, Op, STRIDE } from './interpreter.ts';
import { EFLAGS_W, EIP_W, FPU_USED_W, FX, GPR_W, LOG_W, RECORDING_W } from './layout.ts';
import { FX_ALL, FX_X87, FX_XMM, HOT, StepLog } from './log.ts';
import type { GuestMemory } from './memory.ts';
import type { Ops } from './ops.ts';
import { FIRST_SLICE, type Loop, type PacedLoop, TRAINED } from './paced-loop.ts';
import type { Segments } from './segments.ts';

const FX_WORDS = FXSAVE_BYTES / 4;
/** Words of the image the x87 has: control words and eight registers of 16 bytes. */
const X87_WORDS = 40;
const MXCSR_WORD = 6;

export class Recorder implements PacedLoop {
	readonly loop: Loop;
	readonly log: StepLog;
	slice = FIRST_SLICE;
	untrained = TRAINED;
	/** Steps in the log. */
	logged = 0;
	private readonly words: Int32Array;
	private readonly code: CodeCache;
	private readonly ops: Ops;
	private readonly segments: Segments;
	/** Writes of the step that is being logged: address, size, value each. */
	private readonly writes = new Int32Array(3072);
	private written = 0;
	/** The FXSAVE image as the log has it so far. */
	private readonly fxLogged = new Int32Array(FX_WORDS);

	/** @param environment what the loop that does not record has */
	constructor(memory: GuestMemory, code: CodeCache, ops: Ops, segments: Segments, environment: Environment) {
		this.words = memory.words;
		this.code = code;
		this.ops = ops;
		this.segments = segments;
		this.log = new StepLog(code.code, code.bytes, ops.sites);
		memory.logWrite = (address, size, value) => {
			const { writes, written } = this;
			writes[written] = address;
			writes[written + 1] = size;
			writes[written + 2] = size === 4 ? value : size === 2 ? value & 0xffff : value & 0xff;
			this.written = written + 3;
		};
		const { raw, limit } = this.log;
		const own = { ...environment, L: raw, LIMIT: limit, R: (p: number) => this.general(p) };
		this.loop = compile(own, 'p, n', ops.source(true), 't0record');
	}

	/** Whether there is no room for another stretch of steps. */
	get full(): boolean {
		return this.words[LOG_W] >= this.log.limit;
	}

	/** A stretch begins; it ends with a mark. */
	begin(): void {
		this.mark();
		for (let i = 0; i < FX_WORDS; i++) this.fxLogged[i] = this.words[(FX >> 2) + i];
	}

	mark(): void {
		const { raw } = this.log;
		const l = this.words[LOG_W];
		raw[l] = 0;
		raw[l + 1] = this.words[EIP_W];
		raw[l + 2] = this.words[EFLAGS_W];
		this.words[LOG_W] = l + 3;
	}

	/** The steps of the log, which is empty then. */
	take(task: number, first: number): StepColumns {
		const columns = this.log.take(this.words[LOG_W], task, first);
		this.forget();
		return columns;
	}

	forget(): void {
		this.words[LOG_W] = 0;
		this.logged = 0;
	}

	/** Logs the words of the FXSAVE image that changed, of those an instruction may change; returns the next place in the log. */
	private fx(raw: Int32Array, l: number, site: number): number {
		if (site & FX_ALL) return this.fxRange(raw, l, 0, FX_WORDS);
		if (site & FX_X87) l = this.fxRange(raw, l, 0, X87_WORDS);
		else l = this.fxRange(raw, l, MXCSR_WORD, MXCSR_WORD + 1);
		const registers = (site / FX_XMM) & 0xff;
		for (let i = 0; registers >> i !== 0; i++) {
			if ((registers >> i) & 1) l = this.fxRange(raw, l, X87_WORDS + 4 * i, X87_WORDS + 4 * i + 4);
		}
		return l;
	}
	private fxRange(raw: Int32Array, l: number, from: number, to: number): number {
		const { words, fxLogged } = this;
		for (let i = from; i < to; i++) {
			const value = words[(FX >> 2) + i];
			if (value === fxLogged[i]) continue;
			fxLogged[i] = value;
			raw[l] = i;
			raw[l + 1] = value;
			l += 2;
		}
		return l;
	}

	/** One step of an op outside the recording loop's cases: runs it, then logs what it may have written. */
	private general(p: number): number {
		const { words, writes, ops, segments } = this;
		const op = this.code.code[p] & OP_BITS;
		if (op < Op.FIRST) return ops.functions[op](p);
		const { row, effects } = ops.infos[op]!;
		this.written = 0;
		segments.loaded = 0;
		words[RECORDING_W] = 1;
		const used = words[FPU_USED_W];
		const q = ops.functions[op](p);
		words[RECORDING_W] = 0;

		const { raw } = this.log;
		const start = words[LOG_W];
		let l = start + 3;
		const site = ops.sites[p / STRIDE];
		// A hot op comes here with nothing to repeat: it writes no register
		const gprs = site & HOT ? 0 : (site >>> 8) & 0xff;
		let mask = gprs;
		for (let r = 0; r < 8; r++) if (gprs & (1 << r)) raw[l++] = words[GPR_W + r];
		if (effects.flags || row.flags) {
			mask |= StepMask.FLAGS;
			raw[l++] = eflagsOf(words);
		}
		const before = l - start - 3;
		const { written } = this;
		if (written > 0) {
			mask |= StepMask.MEMORY;
			raw[l++] = written / 3;
			for (let i = 0; i < written; i++) raw[l++] = writes[i];
		}
		if (row.fx) {
			const count = l;
			l = this.fx(raw, l + 1, site);
			if (l > count + 1) {
				raw[count] = (l - count - 1) >> 1;
				mask |= StepMask.FX;
			} else l = count;
		}
		if (segments.loaded !== 0) {
			mask |= StepMask.SEGMENTS;
			const count = l++;
			let n = 0;
			for (let s = 0; s < 6; s++) {
				if (!(segments.loaded & (1 << s))) continue;
				raw[l++] = s;
				raw[l++] = segments.selector(s);
				n++;
			}
			raw[count] = n;
		}
		if (words[FPU_USED_W] !== used) mask |= StepMask.FPU_USED;
		raw[start] = p | 1;
		raw[start + 1] = mask | (before << 16);
		raw[start + 2] = l - start - 3 - before;
		words[LOG_W] = l;
		return q;
	}
}
