/** What becomes of a run in the end: for a report that says what a difference leads to. */
import type { MachineState } from '../../reducers/state.ts';
import { InputMissing, Rerun } from '../rerun.ts';
import { type Chains, thawDriven } from './chain.ts';

export type Outcome =
	/** The first task's wait status. */
	| { readonly kind: 'ended'; readonly status: number; readonly steps: number }
	/** Nothing can run, and nothing that was recorded wakes it. */
	| { readonly kind: 'asleep'; readonly steps: number }
	/** It asks for what the original never asked for. */
	| { readonly kind: 'input'; readonly steps: number }
	/** The recording ends, or the patience. */
	| { readonly kind: 'running'; readonly steps: number };

/** Steps that a restored run may take more than the original. */
const PATIENCE = 1_000_000;

/** What becomes of the original after the checkpoint. */
export function originalOutcome({ trace, freeze }: Chains): Outcome {
	const run = new Rerun(trace, freeze.state, 'runs', () => {}, undefined, freeze.at.k);
	return follow(run, Number.POSITIVE_INFINITY, trace.limit);
}

/** What becomes of a restored machine that gets the original's inputs. */
export function restoredOutcome({ trace, freeze, policy, rules }: Chains, restored: MachineState): Outcome {
	const { at, state } = freeze;
	if (rules.neverThawed) return { kind: 'asleep', steps: at.steps };
	const frozen: MachineState = { ...restored, freezer: 'frozen' };
	const run = new Rerun(trace, frozen, 'runs', () => {}, undefined, at.k);
	thawDriven(run, at, policy);
	return follow(run, 2 * (trace.end?.steps ?? state.clock.steps) + PATIENCE, trace.limit);
}

/** @param recorded where the recording was stopped, in steps; infinite when the run came to its end */
function follow(run: Rerun, limit: number, recorded: number): Outcome {
	const { machine } = run;
	const done = (kind: 'asleep' | 'input' | 'running'): Outcome => ({ kind, steps: machine.steps });
	try {
		const stop = run.advance(limit);
		machine.flush();
		if (stop === 'exhausted') return done(machine.steps >= recorded ? 'running' : 'asleep');
		if (stop !== 'ended') return done('running');
		const [task] = Object.values(machine.peek.tasks);
		return { kind: 'ended', status: task?.exitStatus ?? 0, steps: machine.steps };
	} catch (error) {
		if (error instanceof InputMissing) return done('input');
		throw error;
	} finally {
		machine.close();
	}
}
