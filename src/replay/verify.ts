/**
 * Replaying a trace to verify it: the run is made again and its frames with it; each must be the frame in the file.
 * A difference is a result, not an error.
 */
import type { MachineEvent } from '../events/event.ts';
import { type Damage, FrameKind } from '../events/trace/format.ts';
import { createDigester } from '../reducers/digest.ts';
import type { MachineState } from '../reducers/state.ts';
import { hash64 } from './hash.ts';
import { headerContents } from './header.ts';
import { unpack } from './pack.ts';
import type { Position } from './position.ts';
import { RecordedCpu } from './recorded-cpu.ts';
import { InputMissing, Rerun } from './rerun.ts';
import type { Trace } from './trace.ts';
import { type FrameSink, nextMark, type TraceEnd, TraceWriter } from './trace-writer.ts';

export interface VerifyOptions {
	/** Stop at this position; what lies behind is not verified. */
	readonly until?: number | Position;
	/** Told the guest's output as it comes. */
	readonly onOutput?: (stream: number, bytes: Uint8Array) => void;
	readonly onProgress?: (steps: number) => void;
}

/** The first thing that was not as recorded. */
export interface Mismatch {
	readonly frame: number;
	/** Position in steps where that frame begins. */
	readonly at: number;
	readonly what: 'event' | 'digest' | 'state' | 'contents' | 'totals' | 'input';
	readonly wanted: string;
	readonly got: string;
}

export interface Verified {
	readonly mismatch: Mismatch | null;
	/** The file's own damage: what was verified ends before it. */
	readonly damage: Damage | null;
	/** Whether the run came to `until`. */
	readonly reached: boolean;
	readonly steps: number;
	readonly events: number;
	readonly digests: number;
	readonly end: TraceEnd | null;
	/** Every task of the run so far, those that left included, by pid. */
	readonly tasks: TraceEnd['tasks'];
	readonly state: MachineState;
}

/** Thrown inside to leave the run: all recorded frames were met, or one differs. */
class Leave {
	readonly mismatch: Mismatch | null;

	constructor(mismatch: Mismatch | null) {
		this.mismatch = mismatch;
	}
}

/** Replays a trace and compares everything. Throws TraceError where the file's contents cannot be understood. */
export function verify(trace: Trace, options: VerifyOptions = {}): Verified {
	const comparison = new Comparison(trace, createDigester(hash64));
	const writer = new TraceWriter(trace.header, comparison.digest, comparison.frame);
	comparison.contents(writer);
	const until = positionOf(options.until);
	let left = Number.POSITIVE_INFINITY;
	const sink = (event: MachineEvent) => {
		if (left-- === 0) throw new Leave(null);
		if (event.kind === 'stream/output') options.onOutput?.(event.stream, event.bytes);
		writer.event(event);
	};
	const steps = trace.header.grain === 'steps';
	const { persona } = trace.header;
	const cpu = steps ? new RecordedCpu(trace, persona) : undefined;
	const run = Rerun.fromStart(trace, steps ? 'steps' : 'runs', sink, cpu);
	const { machine } = run;
	if (cpu) cpu.k = () => machine.k;
	let mismatch: Mismatch | null = null;
	let reached = options.until === undefined;
	try {
		let mark = nextMark(machine.steps);
		for (;;) {
			const stop = run.advance(Math.min(mark, until.steps));
			if (stop !== 'limit') {
				machine.flush();
				if (trace.damage !== null) comparison.rest(writer);
				else writer.finish(machine.snapshot(), stop === 'ended' ? 'ended' : trace.end?.end === 'limit' ? 'limit' : 'idle');
				break;
			}
			options.onProgress?.(machine.steps);
			if (machine.steps >= mark) {
				machine.flush();
				writer.mark(machine.snapshot());
				mark = nextMark(mark);
			}
			if (machine.steps >= until.steps) {
				machine.flush();
				left = until.k;
				reached = left === 0;
				try {
					if (!reached) run.advance(until.steps + 1);
				} catch (error) {
					if (!(error instanceof Leave) || error.mismatch) throw error;
					reached = true;
				}
				comparison.rest(writer);
				break;
			}
		}
	} catch (error) {
		if (error instanceof Leave) mismatch = error.mismatch;
		else if (error instanceof InputMissing) {
			mismatch = { frame: comparison.next, at: machine.steps, what: 'input', wanted: 'the recorded inputs', got: error.message };
		} else throw error;
	}
	const state = machine.snapshot();
	return {
		mismatch,
		damage: trace.damage,
		reached,
		steps: machine.steps,
		events: comparison.events,
		digests: comparison.digests,
		end: trace.end,
		tasks: [...writer.tasks(state)].sort((a, b) => a.pid - b.pid),
		state,
	};
}

function positionOf(until: number | Position | undefined): Position {
	return typeof until === 'object' ? until : { steps: until ?? Number.POSITIVE_INFINITY, k: 0 };
}

/** Takes the frames of the run made again and holds each against the file's. */
class Comparison {
	readonly #trace: Trace;
	readonly digest: (state: MachineState) => bigint;
	#partial = false;
	next = 0;
	digests = 0;
	events = 0;

	constructor(trace: Trace, digest: (state: MachineState) => bigint) {
		this.#trace = trace;
		this.digest = digest;
	}

	/** Contents that the header names come before the first event. */
	contents(writer: TraceWriter): void {
		for (const name of headerContents(this.#trace.header)) writer.blob(this.#trace.blob(name));
	}

	/** What was made of a frame that is not full yet must be the beginning of the file's. */
	rest(writer: TraceWriter): void {
		this.#partial = true;
		writer.flush();
	}

	readonly frame: FrameSink = (kind, payload, events) => {
		const index = this.next++;
		const wanted = this.#trace.frames[index];
		if (wanted === undefined) throw new Leave(null);
		if (wanted.kind !== kind) throw this.#leave(index, 'event', `a frame of kind ${wanted.kind}`, `one of kind ${kind}`);
		switch (kind) {
			case FrameKind.STEPS:
				return;
			case FrameKind.BLOB: {
				const a = this.#trace.body(index);
				const b = unpack(payload) as { sha256: string };
				if (a.sha256 !== b.sha256) throw this.#leave(index, 'contents', String(a.sha256), b.sha256);
				this.#trace.blob(b.sha256);
				return;
			}
			case FrameKind.KEYFRAME: {
				const { digest } = this.#trace.mark(index);
				const got = this.digest(this.#trace.keyframe(index));
				if (digest !== got) throw this.#leave(index, 'state', hex16(digest), hex16(got));
				return;
			}
			case FrameKind.INDEX: {
				const a = this.#trace.body(index);
				const b = unpack(payload) as Record<string, unknown>;
				for (const name of ['steps', 'events', 'end', 'status', 'tasks']) {
					const [x, y] = [show(a[name]), show(b[name])];
					if (x !== y) throw this.#leave(index, 'totals', `${name} ${x}`, `${name} ${y}`);
				}
				return;
			}
			case FrameKind.DIGEST: {
				this.digests++;
				if (same(wanted.payload, payload)) return;
				const { at, digest } = this.#trace.mark(index);
				const b = unpack(payload) as { at: number; digest: bigint };
				throw this.#leave(index, 'digest', `${hex16(digest)} at step ${at}`, `${hex16(b.digest)} at step ${b.at}`);
			}
			case FrameKind.EVENTS:
				if (!same(wanted.payload, payload) && !(this.#partial && isPrefix(payload, this.#trace.body(index)))) {
					throw this.#firstEvent(index, payload);
				}
				this.events += events;
				return;
			default:
				if (!same(wanted.payload, payload)) throw this.#leave(index, 'contents', 'the recorded header', 'another');
		}
	};

	#firstEvent(index: number, got: Uint8Array): Leave {
		const { at, events } = this.#trace.body(index);
		const recorded = Array.isArray(events) ? events : [];
		const made = unpack(got) as { at: number; events: unknown[] };
		const n = Math.max(recorded.length, made.events.length);
		for (let i = 0; i < n; i++) {
			const [x, y] = [show(recorded[i]), show(made.events[i])];
			if (x !== y) return this.#leave(index, 'event', x, y);
		}
		return this.#leave(index, 'event', `position ${show(at)}`, `position ${made.at}`);
	}

	#leave(frame: number, what: Mismatch['what'], wanted: string, got: string): Leave {
		const { at } = this.#trace.frames[frame].kind === FrameKind.STEPS ? { at: 0 } : this.#trace.body(frame);
		return new Leave({ frame, at: Number.isSafeInteger(at) ? (at as number) : 0, what, wanted, got });
	}
}

/** Whether the events of one frame are the first of the other's; a run may have been left in the middle. */
function isPrefix(part: Uint8Array, whole: Readonly<Record<string, unknown>>): boolean {
	const a = unpack(part) as { at: number; events: { kind: string; steps: number }[] };
	const b = whole as typeof a;
	if (a.at !== b.at || !Array.isArray(b.events) || a.events.length > b.events.length) return false;
	return a.events.every((event, i) => {
		const other = b.events[i];
		if (i === a.events.length - 1 && event.kind === 'cpu/run') return other?.kind === 'cpu/run' && event.steps <= other.steps;
		return show(event) === show(other);
	});
}

function same(a: Uint8Array, b: Uint8Array): boolean {
	return Buffer.compare(a, b) === 0;
}

function hex16(n: bigint | number): string {
	return BigInt(n).toString(16).padStart(16, '0');
}

function show(value: unknown): string {
	if (value === undefined) return '(none)';
	return JSON.stringify(value, function (this: Record<string, unknown>, key, v) {
		const held = this[key];
		if (held instanceof Uint8Array) return Buffer.from(held).toString('hex');
		return typeof v === 'bigint' ? `${v}n` : v;
	});
}
