/**
 * Windows of a trace: every event and every CPU step between two positions, derived by running from the nearest keyframe.
 */
import type { KernelEvent, MachineEvent, StepColumns, StepEvent } from '../events/event.ts';
import { stepEvents } from '../events/steps.ts';
import type { Position } from './position.ts';
import { Rerun, stateAt } from './rerun.ts';
import type { Trace } from './trace.ts';

/** An event or a step, and the position it happens at. */
export interface Item {
	readonly at: Position;
	readonly event: KernelEvent | StepEvent;
}

/** Steps made at once while walking. */
const STRIDE = 16_384;

/** Pulls the columns and events of a run, one after the other, from a position on. */
export class EffectStream {
	readonly #run: Rerun;
	readonly #queue: (StepColumns | { readonly at: Position; readonly event: KernelEvent })[] = [];
	#done = false;
	#at: { steps: number; k: number };

	/** From the beginning of a trace, or from `steps` on. Undefined when the trace ends before. */
	static from(trace: Trace, steps: number): EffectStream | undefined {
		if (steps === 0) return new EffectStream((sink) => Rerun.fromStart(trace, 'steps', sink), 0);
		const state = stateAt(trace, { steps, k: 0 });
		return state && new EffectStream((sink) => new Rerun(trace, state, 'steps', sink), steps);
	}

	private constructor(make: (sink: ConstructorParameters<typeof Rerun>[3]) => Rerun, steps: number) {
		this.#at = { steps, k: 0 };
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

	/** The next columns of steps or event; undefined at the end of the trace. */
	next(): StepColumns | { readonly at: Position; readonly event: KernelEvent } | undefined {
		while (this.#queue.length === 0 && !this.#done) {
			const stop = this.#run.advance(this.#run.machine.steps + STRIDE);
			this.#run.machine.flush();
			if (stop !== 'limit') this.#done = true;
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
