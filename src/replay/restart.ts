/**
 * Restarts: a machine made of an image and of what the image cannot hold, and recorded runs of it. A restored run is a trace
 * like any other: it begins with the state that was lent and the restore events.
 */

import { joinRules, type Rules } from '../cpt/rules.ts';
import type { Restarter } from '../cpt/v2/restart.ts';
import { restart, restartBase } from '../cpt/v2/restart.ts';
import type { RestoreEvent } from '../events/restore.ts';
import { encodeFrame, type FrameKind } from '../events/trace/format.ts';
import type { ThawPolicy } from '../kernel/freezer.ts';
import { encodeState } from '../reducers/codec.ts';
import { createDigester } from '../reducers/digest.ts';
import { restoreState } from '../reducers/restore.ts';
import type { MachineState } from '../reducers/state.ts';
import { thawDriven } from './bisect/chain.ts';
import type { Freeze } from './checkpoint.ts';
import { runsEarly } from './early.ts';
import { foreignState } from './foreign.ts';
import { hash64, sha256 } from './hash.ts';
import { headerContents, type TraceHeader } from './header.ts';
import { pack } from './pack.ts';
import { type Recording, recordMachine, type Watch } from './record.ts';
import { InputMissing, Rerun } from './rerun.ts';
import type { Trace } from './trace.ts';
import { nextMark, TraceWriter } from './trace-writer.ts';

export interface RestartOptions {
	/** What is lent: the original at the checkpoint, or a state made for the files alone. */
	readonly residual: MachineState;
	readonly rules?: Rules;
	/** Wall-clock time between checkpoint and restart, ns. */
	readonly downtimeNs?: number;
	readonly restarter?: Restarter;
}

export interface RestoredMachine {
	/** Before the first restore event. */
	readonly base: MachineState;
	/** Restored, frozen. */
	readonly state: MachineState;
	readonly events: readonly RestoreEvent[];
}

/** Takes up every object of an image. @throws ImageError, RestartError */
export function restore(image: Uint8Array, options: RestartOptions): RestoredMachine {
	const { residual, restarter = restart, rules: given = {}, downtimeNs = 0 } = options;
	const { rootRunsEarly, ...rules } = given;
	const base = restartBase(rules.residual ? rules.residual(residual) : residual);
	const events = [...restarter(image, { residual, rules, downtimeNs })];
	if (rootRunsEarly !== undefined) {
		const early = runsEarly(base, events, residual, rootRunsEarly);
		return restore(image, { ...options, rules: joinRules([rules, early]) });
	}
	const state = restarter === restart ? restoreState(base, events) : foreignState(base, events);
	const added = rules.end?.(state) ?? [];
	return { base, state: added.length > 0 ? restoreState(state, added) : state, events: [...events, ...added] };
}

/** The run an image was taken from, or a fresh one of the same program: names and contents. */
export interface Origin {
	readonly header: TraceHeader;
	readonly blobs: ReadonlyMap<string, Uint8Array>;
}

/** Header and contents of the trace of a restored machine. */
function restoredHeader(restored: RestoredMachine, like: Origin, grain: TraceHeader['grain'] = 'inputs'): Origin {
	const base = pack(encodeState(restored.base));
	const name = sha256(base);
	return {
		header: { ...like.header, grain, from: restored.base.clock.steps, base: name },
		blobs: new Map([...like.blobs, [name, base]]),
	};
}

/** Thaws a restored machine and records it to its end. `like`: the header of the run it was taken from, for names and program. */
export async function recordRestart(
	restored: RestoredMachine,
	like: Origin,
	options: Watch & { readonly policy?: ThawPolicy; readonly neverThawed?: boolean; readonly grain?: TraceHeader['grain'] } = {},
): Promise<Recording> {
	const { header, blobs } = restoredHeader(restored, like, options.grain);
	const { policy = 'kernel' } = options;
	return recordMachine({
		header,
		blobs,
		first: restored.base,
		state: restored.state,
		before: restored.events,
		start: (machine) => void (options.neverThawed || machine.thaw(policy)),
		options,
	});
}

export interface DrivenOptions {
	readonly policy?: ThawPolicy;
	readonly neverThawed?: boolean;
	/** Every frame as the bytes of the file. */
	readonly onFrame?: (frame: Uint8Array) => void;
	readonly onOutput?: (stream: number, bytes: Uint8Array) => void;
	readonly onProgress?: (steps: number) => void;
}

/** As `recordRestart`, with the inputs that `trace` recorded after `freeze` instead of live ones: what a bisect compares. */
export function recordDriven(restored: RestoredMachine, trace: Trace, freeze: Freeze, options: DrivenOptions = {}): Recording {
	const { policy = 'kernel', onOutput, onProgress } = options;
	const frames: Uint8Array[] = [];
	const onFrame = options.onFrame ?? ((frame: Uint8Array) => frames.push(frame));
	const { header, blobs } = restoredHeader(restored, originOf(trace));
	const write = (kind: FrameKind, payload: Uint8Array) => onFrame(encodeFrame(kind, payload));
	const writer = new TraceWriter(header, createDigester(hash64), write, restored.base);
	for (const bytes of blobs.values()) writer.blob(bytes);
	for (const event of restored.events) writer.event(event);
	const run = new Rerun(
		trace,
		restored.state,
		'runs',
		(event) => {
			if (event.kind === 'stream/output') onOutput?.(event.stream, event.bytes);
			writer.event(event);
		},
		undefined,
		freeze.at.k,
	);
	const { machine } = run;
	if (!options.neverThawed) thawDriven(run, freeze.at, policy);
	let stop: ReturnType<Rerun['advance']> | 'broken' = 'limit';
	for (let mark = nextMark(machine.steps); stop === 'limit'; mark = nextMark(machine.steps)) {
		try {
			stop = run.advance(mark);
		} catch (error) {
			if (!(error instanceof InputMissing)) throw error;
			stop = 'broken';
		}
		machine.flush();
		if (stop === 'limit') writer.mark(machine.snapshot());
		onProgress?.(machine.steps);
	}
	const last = machine.snapshot();
	machine.close();
	const end = writer.finish(
		last,
		stop === 'ended' ? 'ended' : stop === 'exhausted' && trace.end?.end !== 'limit' ? 'idle' : 'limit',
	);
	return { end, state: last, bytes: Buffer.concat(frames) };
}

/** Header and contents of a trace, for a run that goes on from it. */
export function originOf(trace: Trace): Origin {
	const { header } = trace;
	const names = headerContents({ ...header, base: null });
	return { header, blobs: new Map(names.map((name) => [name, trace.blob(name)])) };
}
