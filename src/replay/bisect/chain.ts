/**
 * The two effect chains of a bisect: the original from the checkpoint on, and a restored machine driven with the original's
 * inputs. Both are made on demand, element by element.
 */
import type { Rules } from '../../cpt/rules.ts';
import { dumpOrder } from '../../cpt/v2/tree.ts';
import type { ThawPolicy } from '../../kernel/freezer.ts';
import { equalStates } from '../../reducers/diff.ts';
import { holdsTogether } from '../../reducers/invariants.ts';
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
	/** Told now and then how many steps of a walk were found equal. */
	readonly onProgress?: ((steps: number) => void) | undefined;
}

/** The original's chain from the checkpoint on. */
function originalStream({ trace, freeze }: Chains): EffectStream {
	const { at, state } = freeze;
	return new EffectStream((sink) => new Rerun(trace, state, 'steps', sink, undefined, at.k), at);
}

/** A restored machine's chain from its thaw on, or from where it is asleep again when that takes a step that is declared. */
function restoredStream({ trace, freeze, policy }: Chains, restored: MachineState): EffectStream {
	const { at } = freeze;
	const thawed = thaw(trace, { ...restored, freezer: 'frozen' }, at, policy);
	const start = (policy === 'user' && thawed.left && enteredAgain(trace, thawed, at)) || thawed;
	const from = { steps: start.state.clock.steps, k: start.k };
	const stream = new EffectStream((sink) => new Rerun(trace, start.state, 'steps', sink, undefined, start.k), from);
	stream.run.shift(at);
	return stream;
}

/** A state, and the events at its position that are in it. */
interface Start {
	readonly state: MachineState;
	readonly k: number;
}

/** After the thaw, which itself is no element: the run that never stopped has none. `left`: calls were left for it. */
function thaw(trace: Trace, frozen: MachineState, at: Position, policy: ThawPolicy): Start & { readonly left: boolean } {
	const { machine } = new Rerun(trace, frozen, 'runs', () => {}, undefined, at.k);
	const left = machine.thaw(policy).length > 1;
	const thawed = { state: machine.snapshot(), k: machine.k, left };
	machine.close();
	return thawed;
}

/**
 * The declared difference of the policy `user`: one more step, into the call that the task slept in. It takes no time here, or
 * every clock that is read later would differ by it. Undefined when a signal comes before the call is entered: that gap is what
 * the policy is about.
 */
function enteredAgain(trace: Trace, { state, k }: Start, at: Position): Start | undefined {
	const run = new Rerun(trace, state, 'runs', () => {}, undefined, k);
	run.shift(at);
	const entered = !run.interrupted && enterAgain(run);
	const { machine } = run;
	const { clock, persona } = machine.peek;
	const again = machine.snapshot();
	const start = { state: { ...again, clock: { ...clock, skewNs: clock.skewNs - persona.nsPerStep } }, k: machine.k };
	machine.close();
	return entered ? start : undefined;
}

/** Thaws a restored machine that is driven with the inputs recorded after `at`: each is due where it was, as the policy shifts it. */
export function thawDriven(run: Rerun, at: Position, policy: ThawPolicy): void {
	const left = run.machine.thaw(policy).length > 1;
	run.shift(at);
	if (policy === 'user' && left && !run.interrupted && enterAgain(run)) run.shift(at);
}

/**
 * The declared difference of the policy `user`: one more step, into the call that the task slept in. False when something comes
 * in the gap before it (a timer that is due): that is no declared difference.
 */
function enterAgain({ machine }: Rerun): boolean {
	const { steps } = machine;
	// What a signal or a timer replaces, even one that is delivered in the decision that posts it.
	const told = () => {
		const { tasks, groups } = machine.peek;
		const ofTasks = Object.values(tasks).flatMap(({ pending, blocked }) => [pending, blocked]);
		return [...ofTasks, ...Object.values(groups).flatMap(({ pending, itimers }) => [pending, itimers])];
	};
	const before = told();
	const stop = () => {
		if (machine.steps === steps) return told().some((value, i) => value !== before[i]);
		return Object.values(machine.peek.tasks).every((t) => t.entry === 'none');
	};
	machine.advance(steps + 2, false, stop);
	machine.flush();
	return machine.steps > steps;
}

/** The original's task for each restored one, in the order in which they were dumped, whatever pids they got. */
function counterparts(original: MachineState, restored: MachineState): (pid: number) => number {
	const [a, b] = [dumpOrder(original), Object.keys(restored.tasks).length === 0 ? [] : dumpOrder(restored)];
	const pids = new Map(b.map(({ pid }, i) => [pid, a[i]?.pid ?? pid]));
	const moved = original.tasks[b[0]?.pid ?? 0] === undefined || b.some(({ pid }) => original.tasks[pid] === undefined);
	return moved ? (pid) => pids.get(pid) ?? pid : (pid) => pid;
}

/**
 * Walks both chains to their first difference, at most `limit` steps, or until both machines are equal for good. Undefined when
 * the restored state cannot be run at all: tasks and groups that do not know each other.
 */
export function walk(chains: Chains, restored: MachineState, limit = Number.POSITIVE_INFINITY): Walk | undefined {
	if (!holdsTogether(restored)) return undefined;
	const left = originalStream(chains);
	const a = new Cursor(left);
	if (chains.rules.neverThawed) {
		const first = firstDifference(a, undefined, 0, 'nothing thaws it');
		left.run.machine.close();
		return { first, steps: 0, events: 0 };
	}
	const right = restoredStream(chains, restored);
	const b = new Cursor(right, counterparts(chains.freeze.state, restored));
	let look = LOOK_EVERY;
	const result = compareCursors(a, b, (steps) => {
		if (steps >= limit) return false;
		chains.onProgress?.(steps);
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
