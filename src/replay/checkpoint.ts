/**
 * Checkpoints of a recorded run: the state at which a freeze takes hold, its image, and a trace of the dump itself.
 */

import type { Rules } from '../cpt/rules.ts';
import { dump, type Image, tear } from '../cpt/v2/dump.ts';
import type { KernelEvent, MachineEvent } from '../events/event.ts';
import { encodeFrame } from '../events/trace/format.ts';
import { createDigester } from '../reducers/digest.ts';
import type { MachineState } from '../reducers/state.ts';
import { bootTrace } from './boot.ts';
import { hash64 } from './hash.ts';
import type { Position } from './position.ts';
import { Rerun } from './rerun.ts';
import type { Trace } from './trace.ts';
import { nextMark, type TraceEnd, TraceWriter } from './trace-writer.ts';

/** A frozen point of a run. */
export interface Freeze {
	/** Where the freeze took hold: the asked position, or the end of the decision it lies in. */
	readonly at: Position;
	/** The state there, the container still thawed: what a restart must come back to. */
	readonly state: MachineState;
}

/**
 * Freezes a run at a position. A freeze takes hold between two decisions, on the way back to user mode: at a position inside one
 * (a call that was entered and not acted on) it takes hold where the decision ends. Undefined when the run does not come there.
 */
export function freezeAt(trace: Trace, position: Position, onProgress?: (steps: number) => void): Freeze | undefined {
	const run = Rerun.near(trace, position.steps, 'runs', () => {});
	if (onProgress) stride(run, position.steps, onProgress);
	const freeze = settle(run, position);
	run.machine.close();
	return freeze;
}

/** Steps between two words about how far a run is. */
const STRIDE = 4_000_000;

/** Runs to a position and tells now and then where it is. */
function stride(run: Rerun, to: number, onProgress: (steps: number) => void): void {
	for (let next = run.machine.steps + STRIDE; next < to; next += STRIDE) {
		if (run.advance(next) !== 'limit') return;
		onProgress(run.machine.steps);
	}
}

/** Freezes one run at many positions, which must not go back. */
export class FreezeWalk {
	readonly #run: Rerun;

	/** @param from the first position, in steps */
	constructor(trace: Trace, from: number) {
		this.#run = Rerun.near(trace, from, 'runs', () => {});
	}

	/** As `freezeAt`; a position that an earlier freeze has passed gives that freeze. */
	at(position: Position): Freeze | undefined {
		return settle(this.#run, position);
	}

	/** Gives the processor back. */
	close(): void {
		this.#run.machine.close();
	}
}

function settle(run: Rerun, position: Position): Freeze | undefined {
	const { machine } = run;
	run.advance(position.steps);
	if (machine.steps < position.steps) return undefined;
	machine.flush();
	const free = () => machine.k >= position.k && isFree(machine.peek);
	if (!free() && !run.settle(free)) return undefined;
	return { at: { steps: machine.steps, k: machine.k }, state: machine.snapshot() };
}

/** Whether no task has entered the kernel without being acted on. */
export function isFree(state: MachineState): boolean {
	return state.freezer === 'thawed' && Object.values(state.tasks).every((t) => t.entry === 'none');
}

/** The image of a frozen run, or of the tree below one of its tasks. @throws DumpError */
export function checkpoint(freeze: Freeze, rules: Rules = {}, pid?: number): Image {
	return dump(freeze.state, rules, pid);
}

/** As `checkpoint`; a rule may let the container run on while it is dumped, for which its run is needed. @throws DumpError */
export function checkpointRun(trace: Trace, freeze: Freeze, rules: Rules = {}, pid?: number): Image {
	const image = checkpoint(freeze, rules, pid);
	if (rules.torn === undefined) return image;
	const { object, steps } = rules.torn;
	const run = new Rerun(trace, freeze.state, 'runs', () => {}, undefined, freeze.at.k);
	run.advance(freeze.at.steps + steps);
	run.machine.flush();
	const state = run.machine.snapshot();
	run.machine.close();
	return tear(image, dump(state, rules, pid), object);
}

/** What happens to a container that is dumped. */
export function dumpEvents(image: Image): readonly KernelEvent[] {
	return [
		{ kind: 'freezer/set', state: 'frozen' },
		{ kind: 'freezer/set', state: 'checkpointing' },
		...image.events,
		{ kind: 'freezer/set', state: 'frozen' },
		{ kind: 'freezer/set', state: 'thawed' },
	];
}

/** The trace of a run up to a freeze, with the dump's own events as its last. */
export function recordDump(trace: Trace, freeze: Freeze, image: Image): { readonly bytes: Uint8Array; readonly end: TraceEnd } {
	const frames: Uint8Array[] = [];
	const writer = new TraceWriter(
		trace.header,
		createDigester(hash64),
		(kind, payload) => frames.push(encodeFrame(kind, payload)),
		bootTrace(trace),
	);
	const { program, stdin, base } = trace.header;
	for (const name of [program, stdin, base]) if (name !== null) writer.blob(trace.blob(name));
	const sink = (event: MachineEvent) => writer.event(event);
	const run = Rerun.fromStart(trace, trace.header.grain === 'steps' ? 'steps' : 'runs', sink);
	const { machine } = run;
	for (let mark = nextMark(machine.steps); mark <= freeze.at.steps; mark = nextMark(mark)) {
		run.advance(mark);
		machine.flush();
		writer.mark(machine.snapshot());
	}
	settle(run, freeze.at);
	for (const event of dumpEvents(image)) machine.feed(event);
	const end = writer.finish(machine.snapshot(), 'limit');
	return { bytes: Buffer.concat(frames), end };
}
