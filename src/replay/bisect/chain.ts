/**
 * The two effect chains of a bisect: the original from the checkpoint on, and a restored machine driven with the original's
 * inputs. Both are made on demand, element by element.
 */
import type { Rules } from '../../cpt/rules.ts';
import type { ThawPolicy } from '../../kernel/freezer.ts';
import { equalStates } from '../../reducers/diff.ts';
import type { MachineState } from '../../reducers/state.ts';
import type { Freeze } from '../checkpoint.ts';
import { Cursor, compareCursors, type Side } from '../compare.ts';
import type { Position } from '../position.ts';
import { Rerun } from '../rerun.ts';
import { EffectStream } from '../timeline.ts';
import type { Trace } from '../trace.ts';
import type { FirstDifference } from './report.ts';

/** Steps between two looks at whether the states have become equal. */
const LOOK_EVERY = 1_000_000;
const SHOWN = 3;

export interface Walk {
	readonly first: FirstDifference | null;
	/** Elements found equal: steps and events. */
	readonly steps: number;
	readonly events: number;
}

export interface Chains {
	readonly trace: Trace;
	readonly freeze: Freeze;
	readonly policy: 'kernel' | 'user' | 'eintr';
	readonly rules: Rules;
}

/** The original's chain from the checkpoint on. */
function originalStream({ trace, freeze }: Chains): EffectStream {
	const { at, state } = freeze;
	return new EffectStream((sink) => new Rerun(trace, state, 'steps', sink, undefined, at.k), at);
}

/** A restored machine's chain from its thaw on. */
function restoredStream(chains: Chains, restored: MachineState): EffectStream {
	const { trace, freeze, policy } = chains;
	const { at } = freeze;
	const frozen: MachineState = { ...restored, freezer: 'frozen' };
	const stream = new EffectStream((sink) => new Rerun(trace, frozen, 'steps', sink, undefined, at.k), at);
	// The thaw itself is no element: the run that never stopped has none.
	thawDriven(stream.run, at, policy, () => stream.clear());
	return stream;
}

/**
 * Thaws a restored machine that is driven with the inputs recorded after `at`: each is due where it was, as the policy shifts it.
 * @param declared called when what happened so far is what the policy declares, and no difference
 */
export function thawDriven(run: Rerun, at: Position, policy: ThawPolicy, declared: () => void = () => {}): void {
	const left = run.machine.thaw(policy).length > 1;
	run.shift(at);
	declared();
	if (policy !== 'user' || !left || run.interrupted || !enterAgain(run)) return;
	run.shift(at);
	declared();
}

/**
 * The declared difference of the policy `user`: one more step, into the call that the task slept in. False when something comes
 * in the gap before it (a timer that is due): that is no declared difference.
 */
function enterAgain({ machine }: Rerun): boolean {
	const { steps, k } = machine;
	const stop = () => {
		const { tasks } = machine.peek;
		return machine.steps === steps ? machine.k !== k : Object.values(tasks).every((t) => t.entry === 'none');
	};
	machine.advance(steps + 2, false, stop);
	machine.flush();
	return machine.steps > steps;
}

/** Walks both chains to their first difference, at most `limit` steps, or until both machines are equal for good. */
export function walk(chains: Chains, restored: MachineState, limit = Number.POSITIVE_INFINITY): Walk {
	const left = originalStream(chains);
	const a = new Cursor(left);
	if (chains.rules.neverThawed) {
		const first = firstDifference(a, undefined, 0, 'nothing thaws it');
		left.run.machine.close();
		return { first, steps: 0, events: 0 };
	}
	const right = restoredStream(chains, restored);
	const b = new Cursor(right);
	let look = LOOK_EVERY;
	const result = compareCursors(a, b, (steps) => {
		if (steps >= limit) return false;
		if (steps < look) return true;
		look = steps + LOOK_EVERY;
		const [x, y] = [left.run.machine, right.run.machine];
		return x.steps !== y.steps || !equalStates(x.snapshot(), y.snapshot());
	});
	const { steps, events, difference } = result;
	const first = difference === null ? null : firstDifference(a, b, steps + events, right.broken ?? left.broken);
	for (const stream of [left, right]) stream.run.machine.close();
	return { first, steps, events };
}

function firstDifference(a: Cursor, b: Cursor | undefined, index: number, note: string | undefined): FirstDifference {
	const before = a.past();
	const [original, ...afterOriginal] = a.take(SHOWN + 1) as [Side | undefined, ...Side[]];
	const [restored, ...afterRestored] = (b?.take(SHOWN + 1) ?? []) as [Side | undefined, ...Side[]];
	return { index, original, restored, before, afterOriginal, afterRestored, ...(note === undefined ? {} : { note }) };
}
