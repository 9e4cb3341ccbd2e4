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

	constructor(trace: Trace, state: MachineState, detail: Detail, sink: (event: MachineEvent) => void, cpu?: LiveCpu) {
		this.machine = new Machine(state, detail, sink, cpu);
		this.#inputs = trace.inputs();
		this.#limit = trace.limit;
		this.#decide = trace.end === null;
		const { steps } = state.clock;
		const first = this.#inputs.findIndex((i) => i.steps >= steps);
		this.#next = first < 0 ? this.#inputs.length : first;
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
		if (limit <= this.#limit) return this.#advance(limit, false);
		const stop = this.#advance(this.#limit, this.#decide);
		return stop === 'limit' ? 'exhausted' : stop;
	}

	#advance(limit: number, decide: boolean): RerunStop {
		const { machine } = this;
		for (;;) {
			const input = this.#inputs[this.#next];
			const here = input !== undefined && input.steps === machine.steps && input.k === machine.k;
			if (here && input.event.kind === 'input/signal' && (decide || machine.steps < limit)) {
				this.#feed(input);
				continue;
			}
			const signal = input?.event.kind === 'input/signal' && input.steps > machine.steps ? input.steps : Number.POSITIVE_INFINITY;
			const stop = machine.advance(Math.min(limit, signal), decide && limit < signal);
			if (stop.kind === 'ended') return 'ended';
			if (stop.kind === 'limit') {
				if (machine.steps >= limit) return 'limit';
				continue;
			}
			const due = this.#inputs[this.#next];
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
			const why = (error as Error).message.replace('internal error: ', '');
			throw new TraceError(0, 0, `${input.event.kind} at step ${input.steps}.${input.k} does not fit the state there: ${why}`);
		}
	}
}

/** The state at a position. Undefined when the trace ends before it. */
export function stateAt(trace: Trace, position: Position): MachineState | undefined {
	const here: MachineEvent[] = [];
	let keep = false;
	const run = Rerun.near(trace, position.steps, 'runs', (event) => {
		if (keep) here.push(event);
	});
	run.advance(position.steps);
	if (run.machine.steps < position.steps) return undefined;
	run.machine.flush();
	const state = run.machine.snapshot();
	if (position.k === 0) return state;
	keep = true;
	run.advance(position.steps + 1);
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
	const until = here.findIndex((e) => e.kind === 'cpu/run');
	return until < 0 ? here : here.slice(0, until);
}
