/**
 * Windows of a trace: every event and every CPU step between two positions, derived by running from the nearest keyframe.
 */
import type { KernelEvent, MachineEvent, StepColumns, StepEvent } from '../events/event.ts';
import { stepEvents } from '../events/steps.ts';
import type { Position } from './position.ts';
import { InputMissing, Rerun, stateAt } from './rerun.ts';
import type { Trace } from './trace.ts';

/** An event or a step, and the position it happens at. */
export interface Item {
	readonly at: Position;
	readonly event: KernelEvent | StepEvent;
}

/** Steps made at once while walking. */
const STRIDE = 16_384;

/** An event and where it happened, or columns of steps. */
export type Element = StepColumns | { readonly at: Position; readonly event: KernelEvent };

/** Pulls the columns and events of a run, one after the other, from a position on. */
export class EffectStream {
	readonly #run: Rerun;
	readonly #queue: Element[] = [];
	#done = false;
	#at: { steps: number; k: number };
	/** Why it ended before the trace did: an input that is not there. */
	#broken: string | undefined;

	/** From the beginning of a trace, or from `steps` on. Undefined when the trace ends before. */
	static from(trace: Trace, steps: number): EffectStream | undefined {
		if (steps === trace.header.from) return new EffectStream((sink) => Rerun.fromStart(trace, 'steps', sink), { steps, k: 0 });
		const state = stateAt(trace, { steps, k: 0 });
		return state && new EffectStream((sink) => new Rerun(trace, state, 'steps', sink), { steps, k: 0 });
	}

	/** @param make makes the run (detail `steps`) with the sink it is given */
	constructor(make: (sink: (event: MachineEvent) => void) => Rerun, at: Position) {
		this.#at = { ...at };
		this.#run = make((event) => {
			if (event.kind === 'cpu/run') throw new Error('internal error: steps are asked for');
			if (event.kind === 'cpu/steps') {
				this.#queue.push(event.columns);
				this.#at = { steps: this.#at.steps + event.columns.count, k: 0 };
				return;
			}
			this.#queue.push({ at: { ...this.#at }, event });
			this.#at.k++;
		});
	}

	get run(): Rerun {
		return this.#run;
	}

	get broken(): string | undefined {
		return this.#broken;
	}

	/** Forgets what is queued. */
	clear(): void {
		this.#queue.length = 0;
		this.#at = { steps: this.#run.machine.steps, k: this.#run.machine.k };
	}

	/** The next columns of steps or event; undefined at the end of the run. */
	next(): Element | undefined {
		while (this.#queue.length === 0 && !this.#done) {
			try {
				const stop = this.#run.advance(this.#run.machine.steps + STRIDE);
				if (stop !== 'limit') this.#done = true;
			} catch (error) {
				if (!(error instanceof InputMissing)) throw error;
				this.#broken = error.message;
				this.#done = true;
			}
			this.#run.machine.flush();
		}
		return this.#queue.shift();
	}
}

/** Every step with from ≤ position < to, in columns. */
export function* stepColumns(trace: Trace, from: number, to: number): Generator<StepColumns> {
	if (to <= from) return;
	const state = from === 0 ? undefined : stateAt(trace, { steps: from, k: 0 });
	if (from !== 0 && state === undefined) return;
	const batches: StepColumns[] = [];
	const sink = (event: MachineEvent) => {
		if (event.kind === 'cpu/steps') batches.push(event.columns);
	};
	const run = state === undefined ? Rerun.fromStart(trace, 'steps', sink) : new Rerun(trace, state, 'steps', sink);
	for (let stop = 'limit'; stop === 'limit' && run.machine.steps < to; ) {
		stop = run.advance(Math.min(to, run.machine.steps + STRIDE));
		run.machine.flush();
		yield* batches.splice(0);
	}
}

/** Everything from position `from` to position `to` (both in steps, both included), in order. */
export function* items(trace: Trace, from: number, to: number): Generator<Item> {
	const stream = EffectStream.from(trace, from);
	if (stream === undefined) return;
	for (let next = stream.next(); next !== undefined; next = stream.next()) {
		if ('event' in next) {
			if (next.at.steps > to) return;
			yield next;
			continue;
		}
		for (const event of stepEvents(next)) {
			if (event.position > to) return;
			yield { at: { steps: event.position, k: 0 }, event };
		}
	}
}
