/**
 * Running translated code beside T0. Proof that the IR can be translated, exactly and with exact step counts; not yet what the
 * live machine runs (nothing here counts how hot code is: what runs is translated at once).
 */
import { assert } from '../../events/assert.ts';
import type { CodeCache } from '../code.ts';
import { Decoder, makeDecodeMaps } from '../decode.ts';
import type { Helper } from '../helper.ts';
import { ROWS } from '../isa/index.ts';
import { Flag, type Row } from '../isa/row.ts';
import { EFLAGS_W, EIP_W, LEAVE_ADDRESS_W, LEAVE_W, LEFT_W, STOP_W } from '../layout.ts';
import type { GuestMemory } from '../memory.ts';
import type { Ops } from '../ops.ts';
import { Mode } from '../segments.ts';
import { Leave } from './leave.ts';
import { type RegionLimits, RegionMaker } from './region.ts';

type Code = (steps: number, block: number) => number;
interface Entry {
	/** Undefined: T0's. */
	readonly run: Code | undefined;
	readonly rows: ReadonlySet<Row>;
}

/** An address that T0 executes. */
const PRECISE: Entry = { run: undefined, rows: new Set() };

/** The part of the WebAssembly interface used here; the language's own library does not declare it. */
declare const WebAssembly: {
	readonly Module: new (bytes: Uint8Array) => object;
	readonly Instance: new (
		module: object,
		imports: Readonly<Record<string, Readonly<Record<string, object>>>>,
	) => { readonly exports: Readonly<Record<string, Code>> };
};

/** What ran where, for those who want proof. */
export interface TranslatorCounts {
	/** Steps retired in translated code, and by T0. */
	translated: number;
	precise: number;
	/** Rows of regions that retired a step in translated code. */
	readonly rows: Set<Row>;
}

export class Translator {
	private readonly memory: GuestMemory;
	private readonly code: CodeCache;
	private readonly helper: Helper;
	private readonly maker: RegionMaker;
	private readonly visits: number;
	private entries = new Map<number, Entry>();
	/** Visits of addresses that are not entered yet. */
	private seen = new Map<number, number>();
	private drops = -1;
	readonly counts: TranslatorCounts = { translated: 0, precise: 0, rows: new Set() };

	constructor(memory: GuestMemory, code: CodeCache, ops: Ops, helper: Helper, limits: RegionLimits) {
		this.memory = memory;
		this.code = code;
		this.helper = helper;
		this.visits = limits.visits;
		this.maker = new RegionMaker(code, ops, new Decoder(makeDecodeMaps(ROWS)), limits, memory.bytes.length / 65536);
	}

	/**
	 * As the interpreter's loop: runs at most `n` steps from eip. Returns 0, with LEFT_W the steps not done when something
	 * stopped it.
	 */
	run(n: number, interpret: Code): number {
		const { words } = this.memory;
		const { helper } = this;
		const base = helper.tscBase;
		let left = n;
		while (left > 0) {
			if (this.code.mode === Mode.FLAT) {
				const before = left;
				left = this.translated(left);
				this.counts.translated += before - left;
				if (left === 0) return 0;
			}
			helper.tscBase = base + (n - left);
			helper.slice = 1;
			const rest = interpret(this.code.indirect(words[EIP_W]), 1);
			assert(rest === 0, 'T0 has room for a step');
			const retired = 1 - words[LEFT_W];
			this.counts.precise += retired;
			left -= retired;
			if (retired === 0 || words[STOP_W] !== 0 || words[EFLAGS_W] & (Flag.TF | Flag.RF)) {
				words[LEFT_W] = left;
				return 0;
			}
		}
		return 0;
	}

	/** Runs translated code as long as it goes; returns how many steps are left. */
	private translated(n: number): number {
		const { memory, code, entries } = this;
		const { words } = memory;
		if (this.drops !== code.drops) this.forget();
		let left = n;
		let warmed = 0;
		while (left > 0) {
			const eip = words[EIP_W];
			const entry = entries.get(eip) ?? this.enter(eip);
			if (!entry.run) return left;
			const now = entry.run(left, 0);
			if (now < left) for (const row of entry.rows) this.counts.rows.add(row);
			const moved = now < left;
			left = now;
			if (moved) warmed = 0;
			const leave = words[LEAVE_W];
			if (leave === Leave.PRECISE) return left;
			if (leave === Leave.OUT) {
				if (!moved) return left;
				// Two pages of one instruction may take each other's place in a TLB
			} else if (++warmed > 2 || !memory.warm(words[LEAVE_ADDRESS_W], leave === Leave.WRITE_MISS)) return left;
		}
		return left;
	}
	private forget(): void {
		this.entries.clear();
		this.seen.clear();
		this.drops = this.code.drops;
	}
	private enter(eip: number): Entry {
		const visits = this.seen.get(eip) ?? 0;
		if (visits < this.visits) {
			this.seen.set(eip, visits + 1);
			return PRECISE;
		}
		let region = this.maker.make(eip);
		// Decoding may have dropped other code, and with it what was translated from it
		while (this.drops !== this.code.drops) {
			this.forget();
			region = this.maker.make(eip);
		}
		let run: Code | undefined;
		if (region) {
			const instance = new WebAssembly.Instance(new WebAssembly.Module(region.bytes), { m: { m: this.memory.wasm } });
			run = instance.exports.f;
		}
		const entry = { run, rows: region?.rows ?? new Set<Row>() };
		this.entries.set(eip, entry);
		return entry;
	}
}
