/**
 * Restarts: a machine made of an image and of what the image cannot hold, and recorded runs of it. A restored run is a trace
 * like any other: it begins with the state that was lent and the restore events.
 */

import type { Rules } from '../cpt/rules.ts';
import type { Restarter } from '../cpt/v2/restart.ts';
import { restart, restartBase } from '../cpt/v2/restart.ts';
import type { RestoreEvent } from '../events/restore.ts';
import type { ThawPolicy } from '../kernel/freezer.ts';
import { encodeState } from '../reducers/codec.ts';
import { restoreState } from '../reducers/restore.ts';
import type { MachineState } from '../reducers/state.ts';
import { sha256 } from './hash.ts';
import type { TraceHeader } from './header.ts';
import { pack } from './pack.ts';
import { type Recording, recordMachine, type Watch } from './record.ts';

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
	const { residual, restarter = restart, rules = {}, downtimeNs = 0 } = options;
	const base = restartBase(rules.residual ? rules.residual(residual) : residual);
	const events = [...restarter(image, { residual, rules, downtimeNs })];
	const state = restoreState(base, events);
	const added = rules.end?.(state) ?? [];
	return { base, state: added.length > 0 ? restoreState(state, added) : state, events: [...events, ...added] };
}

/** Thaws a restored machine and records it to its end. `like`: the header of the run it was taken from, for names and program. */
export async function recordRestart(
	restored: RestoredMachine,
	like: { readonly header: TraceHeader; readonly blobs: ReadonlyMap<string, Uint8Array> },
	options: Watch & { readonly policy?: ThawPolicy; readonly grain?: TraceHeader['grain'] } = {},
): Promise<Recording> {
	const base = pack(encodeState(restored.base));
	const name = sha256(base);
	const header: TraceHeader = {
		...like.header,
		grain: options.grain ?? 'inputs',
		from: restored.base.clock.steps,
		base: name,
	};
	const blobs = new Map([...like.blobs, [name, base]]);
	const { policy = 'kernel' } = options;
	return recordMachine({
		header,
		blobs,
		state: restored.state,
		before: restored.events,
		start: (machine) => void machine.thaw(policy),
		options,
	});
}
