/**
 * A recorded run made again: the machine from the trace's beginning or a keyframe, fed with the recorded inputs at their
 * positions. Synchronous, and touches nothing outside the trace.
 */
import type { LiveCpu } from '../cpu/contract.ts';
import type { MachineEvent } from '../events/event.ts';
import { TraceError } from '../events/trace/format.ts';
import { reduce } from '../reducers/reduce.ts';
import type { MachineState } from '../reducers/state.ts';
import { bootTrace } from './boot.ts';
import { type Detail, Machine } from './machine.ts';
import type { Position } from './position.ts';
import { RecordedCpu } from './recorded-cpu.ts';
import type { RecordedInput, Trace } from './trace.ts';

/** The run needed an input that the trace does not have here: it executed differently, or the trace was cut. */
export class InputMissing extends Error {
	override readonly name = 'InputMissing';
}

export type RerunStop =
	| 'limit'
	| 'ended'
	/** The recording ends here: the file is cut, or the recorder stopped. */
	| 'exhausted';

export class Rerun {
	readonly machine: Machine;
	readonly #inputs: readonly RecordedInput[];
	readonly #limit: number;
	/** Whether events may be recorded at the limit: in a cut file they are. */
	readonly #decide: boolean;
	#next: number;
	/** How far this run is ahead of the recorded positions, from a position on. */
	#ahead = { steps: 0, k: 0, at: -1 };

	/** @param k events at the position of `state` that are in it already */
	constructor(trace: Trace, state: MachineState, detail: Detail, sink: (event: MachineEvent) => void, cpu?: LiveCpu, k = 0) {
		const recorded =
			cpu === undefined && trace.header.source === 'hardware' ? RecordedCpu.at(trace, state.clock.steps) : undefined;
		this.machine = new Machine(state, detail, sink, cpu ?? recorded, k);
		if (recorded) recorded.k = () => this.machine.k;
		this.#inputs = trace.inputs();
		this.#limit = trace.limit;
		this.#decide = trace.end === null;
		this.#next = this.#inputAt({ steps: state.clock.steps, k });
	}

	/** Index of the first input recorded at a position or after it. */
	#inputAt({ steps, k }: Position): number {
		const first = this.#inputs.findIndex((i) => i.steps > steps || (i.steps === steps && i.k >= k));
		return first < 0 ? this.#inputs.length : first;
	}

	/** From the beginning of the trace. */
	static fromStart(trace: Trace, detail: Detail, sink: (event: MachineEvent) => void, cpu?: LiveCpu): Rerun {
		return new Rerun(trace, bootTrace(trace), detail, sink, cpu);
	}

	/** From the last keyframe at or before `steps`. */
	static near(trace: Trace, steps: number, detail: Detail, sink: (event: MachineEvent) => void): Rerun {
		const frame = trace.keyframeBefore(steps);
		return new Rerun(trace, frame === undefined ? bootTrace(trace) : trace.keyframe(frame), detail, sink);
	}

	/** Runs until `limit` steps are retired (before any decision there), the end, or the end of the recorded inputs. */
	advance(limit: number): RerunStop {
		const last = this.#limit + this.#ahead.steps;
		if (limit <= last) return this.#advance(limit, false, false);
		const stop = this.#advance(last, this.#decide, true);
		return stop === 'limit' ? 'exhausted' : stop;
	}

	/**
	 * From `limit` retired steps on: decides what is due there until `until` holds between two decisions. True when it does;
	 * false when a step would have to retire first, or the trace ends.
	 */
	settle(until: () => boolean): boolean {
		const { machine } = this;
		const { steps } = machine;
		let met = false;
		const look = () => {
			met = until();
			return met || machine.steps > steps;
		};
		for (;;) {
			if (this.#feedOutside()) continue;
			const stop = machine.advance(steps + 1, false, look);
			if (met) return true;
			if (machine.steps > steps || stop.kind === 'limit' || stop.kind === 'ended') return false;
			const due = this.#due;
			if (due === undefined || due.steps !== machine.steps || due.k !== machine.k) return false;
			this.#feed(due);
		}
	}

	/** From here on this run is where the recorded one was at `recorded`: inputs are due that much later. */
	shift(recorded: Position): void {
		const { steps, k } = this.machine;
		this.#ahead = { steps: steps - recorded.steps, k: k - recorded.k, at: recorded.steps };
		this.#next = this.#inputAt(recorded);
	}

	/** The next recorded input, at the position it is due in this run. */
	get #due(): RecordedInput | undefined {
		const input = this.#inputs[this.#next];
		const { steps, k, at } = this.#ahead;
		if (input === undefined || (steps === 0 && k === 0)) return input;
		return { ...input, steps: input.steps + steps, k: input.k + (input.steps === at ? k : 0) };
	}

	/** Whether something from outside comes at this very position. */
	get interrupted(): boolean {
		const due = this.#due;
		return due !== undefined && due.steps === this.machine.steps && due.k === this.machine.k && isOutside(due.event.kind);
	}

	/** Feeds what came unasked at this very position. */
	#feedOutside(): boolean {
		const { machine } = this;
		const input = this.#due;
		if (input === undefined || input.steps !== machine.steps || input.k !== machine.k) return false;
		if (!isOutside(input.event.kind)) return false;
		this.#feed(input);
		return true;
	}

	/** At the trace's own limit: decides up to what came from outside there, if something did. */
	#goesOn(): boolean {
		const { machine } = this;
		const input = this.#due;
		if (input === undefined || input.steps !== machine.steps || !isOutside(input.event.kind)) return false;
		return machine.k === input.k || this.settle(() => machine.k >= input.k);
	}

	/** @param last the limit is the trace's own: what came from outside there belongs to it */
	#advance(limit: number, decide: boolean, last: boolean): RerunStop {
		const { machine } = this;
		for (;;) {
			if ((decide || last || machine.steps < limit) && this.#feedOutside()) continue;
			const input = this.#due;
			const outside =
				input && isOutside(input.event.kind) && input.steps > machine.steps ? input.steps : Number.POSITIVE_INFINITY;
			const stop = machine.advance(Math.min(limit, outside), decide && limit < outside);
			if (stop.kind === 'ended') return 'ended';
			if (stop.kind === 'frozen') return machine.steps >= limit ? 'limit' : 'exhausted';
			if (stop.kind === 'limit') {
				if (machine.steps < limit || (last && this.#goesOn())) continue;
				return 'limit';
			}
			const due = this.#due;
			if (due === undefined) return 'exhausted';
			if (due.steps !== machine.steps || due.k !== machine.k) {
				throw new InputMissing(
					`at step ${machine.steps}.${machine.k} an input is needed (${stop.kind === 'need' ? stop.request.kind : 'idle'}), the recorded one is at ${due.steps}.${due.k} (${due.event.kind})`,
				);
			}
			this.#feed(due);
		}
	}

	#feed(input: RecordedInput): void {
		this.#next++;
		const { machine } = this;
		try {
			machine.feed(input.event);
		} catch (error) {
			// The sink may leave a run by throwing what is no error.
			if (!(error instanceof Error)) throw error;
			const why = error.message.replace('internal error: ', '');
			throw new TraceError(0, 0, `${input.event.kind} at step ${input.steps}.${input.k} does not fit the state there: ${why}`);
		}
	}
}

/** What nobody asked for: it is there before the machine looks. */
function isOutside(kind: string): boolean {
	return kind === 'input/signal' || !kind.startsWith('input/');
}

/** The state at a position. Undefined when the trace ends before it. */
export function stateAt(trace: Trace, position: Position): MachineState | undefined {
	const here: MachineEvent[] = [];
	let keep = false;
	const run = Rerun.near(trace, position.steps, 'runs', (event) => {
		if (keep) here.push(event);
	});
	run.advance(position.steps);
	const { machine } = run;
	if (machine.steps < position.steps) return void machine.close();
	machine.flush();
	const state = machine.snapshot();
	if (position.k === 0) {
		machine.close();
		return state;
	}
	keep = true;
	run.advance(position.steps + 1);
	machine.close();
	const until = here.findIndex((e) => e.kind === 'cpu/run');
	const events = until < 0 ? here : here.slice(0, until);
	if (events.length < position.k) return undefined;
	return reduce(state, events.slice(0, position.k));
}

/** The events at one position, in order. */
export function eventsAt(trace: Trace, steps: number): readonly MachineEvent[] {
	const here: MachineEvent[] = [];
	let keep = false;
	const run = Rerun.near(trace, steps, 'runs', (event) => {
		if (keep) here.push(event);
	});
	run.advance(steps);
	run.machine.flush();
	if (run.machine.steps < steps) return [];
	keep = true;
	run.advance(steps + 1);
	run.machine.close();
	const until = here.findIndex((e) => e.kind === 'cpu/run');
	return until < 0 ? here : here.slice(0, until);
}
