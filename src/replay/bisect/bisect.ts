/**
 * Bisect: a run is frozen, dumped, restored and compared with the run that never stopped. If they differ: the first event at
 * which they do, and a minimal set of differences of the restored state whose repair removes it, traced back to the image.
 */
import { ImageError } from '../../cpt/error.ts';
import type { Rules } from '../../cpt/rules.ts';
import { diffImages, type ImageDifference } from '../../cpt/v2/diff.ts';
import { DumpError, type Dumper } from '../../cpt/v2/dump.ts';
import type { ImageObject } from '../../cpt/v2/image-object.ts';
import { RestartError } from '../../cpt/v2/progress.ts';
import { RESIDUALS } from '../../cpt/v2/provenance.ts';
import type { Restarter } from '../../cpt/v2/restart.ts';
import { formatPath } from '../../reducers/path.ts';
import type { MachineState } from '../../reducers/state.ts';
import { checkpoint, checkpointRun, type Freeze, freezeAt } from '../checkpoint.ts';
import type { Position } from '../position.ts';
import { restore } from '../restart.ts';
import type { Trace } from '../trace.ts';
import { causeOf, objectsOf } from './cause.ts';
import { type Chains, type Walk, walk } from './chain.ts';
import { minimal, needed } from './minimal.ts';
import { originalOutcome, restoredOutcome } from './outcome.ts';
import type { BisectReport, Cause, Failure, StateDifference } from './report.ts';
import { repair, type Suspect, suspects } from './suspects.ts';
import { explain, imageCause, kindOf, tellChange, tellUnit, vmaCauses } from './tell.ts';

export interface BisectOptions {
	/** An image to look at; default: a dump made at the position. */
	readonly image?: Uint8Array;
	readonly rules?: Rules;
	/** Names of what was planted, for the report. */
	readonly defects?: readonly string[];
	readonly policy?: 'kernel' | 'user' | 'eintr';
	readonly restarter?: Restarter;
	readonly dumper?: Dumper;
	/** Told now and then how many steps of the present comparison were found equal. */
	readonly onProgress?: (steps: number) => void;
	/** The freeze, when it is known already. */
	readonly freeze?: Freeze;
}

/** The position is not in the run, or nothing is left there to be dumped. */
export class NotThere extends Error {
	override readonly name = 'NotThere';
}

/** @throws NotThere, TraceError */
export function bisect(trace: Trace, asked: Position, options: BisectOptions = {}): BisectReport {
	const freeze = options.freeze ?? freezeAt(trace, asked);
	if (freeze === undefined) throw new NotThere('the run does not come to this position');
	if (Object.values(freeze.state.tasks).every((t) => t.mm === 0))
		throw new NotThere('the program has ended there: nothing is left to dump');
	return new Bisect(trace, asked, freeze, options).report();
}

class Bisect {
	readonly #options: BisectOptions;
	readonly #rules: Rules;
	readonly #asked: Position;
	readonly #chains: Chains;
	/** Undefined: the state is one that v2 cannot hold, so a correct dump fails. */
	readonly #fresh: Uint8Array | undefined;
	#runs = 0;

	constructor(trace: Trace, asked: Position, freeze: Freeze, options: BisectOptions) {
		this.#options = options;
		this.#rules = options.rules ?? {};
		this.#asked = asked;
		const policy = this.#rules.policy ?? options.policy ?? 'kernel';
		this.#chains = { trace, freeze, policy, rules: this.#rules, onProgress: options.onProgress };
		this.#fresh = freshDump(freeze);
	}

	report(): BisectReport {
		const { freeze } = this.#chains;
		let image: Uint8Array;
		try {
			image = this.#options.image ?? this.#dump();
		} catch (error) {
			if (!(error instanceof DumpError)) throw error;
			const failure: Failure = { stage: 'dump', message: error.message, object: error.object, field: '', offset: undefined };
			return this.#made({
				verdict: 'refused',
				failure,
				causes: [{ object: kindOf(error.object), label: error.object, got: error.message }],
			});
		}
		const changes =
			this.#fresh === undefined || sameBytes(image, this.#fresh) ? [] : diffImages(this.#fresh, image, this.#rules.reader);
		let restored: MachineState;
		try {
			const { restarter } = this.#options;
			restored = restore(image, { residual: freeze.state, rules: this.#rules, ...(restarter ? { restarter } : {}) }).state;
		} catch (error) {
			if (!(error instanceof ImageError || error instanceof RestartError)) throw error;
			const { message, object, field, offset } = error;
			const said = error instanceof ImageError ? { want: error.want, got: error.got } : { got: message };
			const failure: Failure = { stage: 'restart', message, object, field, offset };
			const refused: Cause = { object: kindOf(object), label: object, offset, ...(field === '' ? {} : { field }), ...said };
			const broken = changes.length > 0 && !this.#isGood(image);
			return this.#made({
				verdict: 'refused',
				failure,
				image: changes,
				causes: broken ? withFirst(imageCause(tellChange(changes)), refused) : [refused],
			});
		}
		return this.#compare(image, changes, restored);
	}

	/** Whether a correct restart takes the image: then it is the planted one that is wrong. */
	#isGood(image: Uint8Array): boolean {
		try {
			restore(image, { residual: this.#chains.freeze.state });
			return true;
		} catch (error) {
			if (!(error instanceof ImageError || error instanceof RestartError)) throw error;
			return false;
		}
	}

	#dump(): Uint8Array {
		const { freeze } = this.#chains;
		const { dumper } = this.#options;
		const { bytes } = dumper ? dumper(freeze.state, this.#rules) : checkpointRun(this.#chains.trace, freeze, this.#rules);
		return this.#rules.premise ? this.#rules.premise(bytes) : bytes;
	}

	/** What was restored against the original, and why it does something else if it does. */
	#compare(image: Uint8Array, changes: readonly ImageDifference[], restored: MachineState): BisectReport {
		const { state } = this.#chains.freeze;
		const objects = objectsOf(image, this.#rules.reader);
		const { all, differences } = suspected(state, restored, objects, changes);
		const declared = this.#chains.policy !== 'kernel' || this.#rules.neverThawed === true;
		if (differences.length === 0 && !declared) {
			return this.#made({ verdict: changes.length > 0 ? 'harmless' : 'equal', image: changes, causes: changes.map(imageCause) });
		}
		const whole = this.#walk(restored);
		const rest = { image: changes, differences, equalSteps: whole?.steps ?? 0 };
		const told = (some: readonly StateDifference[]) => this.#told(some, restored, objects);
		if (whole !== undefined && whole.first === null) {
			const verdict = differences.length + changes.length > 0 ? 'harmless' : 'equal';
			const causes = differences.length > 0 ? told(differences) : changes.map(imageCause);
			return this.#made({ ...rest, verdict, causes, harmless: differences });
		}
		const guilty = this.#guilty(all, restored, whole, declared);
		const named = told(differences.filter((d) => guilty.has(d.unit)));
		return this.#made({
			...rest,
			verdict: 'differs',
			first: whole?.first ?? null,
			outcome: whole === undefined ? null : this.#outcome(restored),
			causes: guilty.has(DECLARED) ? [this.#declaredCause(), ...named] : named,
			harmless: differences.filter((d) => !guilty.has(d.unit)),
		});
	}

	#outcome(restored: MachineState): BisectReport['outcome'] {
		return { original: originalOutcome(this.#chains), restored: restoredOutcome(this.#chains, restored) };
	}

	/** The causes of differences, unit by unit, in the order of the image. */
	#told(some: readonly StateDifference[], restored: MachineState, objects: readonly ImageObject[]): readonly Cause[] {
		const { state } = this.#chains.freeze;
		const lost = new Set(this.#rules.lost ?? []);
		const units = new Map<string, StateDifference[]>();
		for (const d of some) units.set(d.unit, [...(units.get(d.unit) ?? []), d]);
		const causes = [...units].flatMap(([unit, members]) => {
			const mm = /^mms\.(\d+)\.vmas$/.exec(unit)?.[1];
			const told = tellUnit(unit, members, lost);
			if (mm === undefined) return told;
			const gone = told.filter((c) => c.part !== undefined && lost.has(c.part));
			return [...gone, ...vmaCauses(state, restored, Number(mm), objects, gone.length > 0)];
		});
		const place = (c: Cause) => c.offset ?? Number.POSITIVE_INFINITY;
		// What only a missing task had is missing with it.
		const missing = some.some((d) => d.path[0] === 'tasks' && d.path.length === 2 && d.got === undefined);
		const whole = new Set(some.filter((d) => d.path.length === 2 && d.got === undefined).map((d) => d.text));
		const own = missing ? causes.filter((c) => c.path?.startsWith('tasks') || !whole.has(c.path ?? '')) : causes;
		return distinct([...own].sort((a, b) => (place(a) === place(b) ? 0 : place(a) - place(b))));
	}

	/** What is no difference of the state: how the restored machine is set going. */
	#declaredCause(): Cause {
		const { policy } = this.#chains;
		return this.#rules.neverThawed
			? { part: 'run state', want: 'thawed', got: 'never woken' }
			: { part: 'restart policy', want: 'kernel', got: policy };
	}

	/**
	 * Units whose repair removes every divergence: groups of them for the first, then for what differs next, and so on; of the
	 * groups that are found, the units that cannot be left out.
	 */
	#guilty(all: readonly Suspect[], restored: MachineState, whole: Walk | undefined, declared: boolean): ReadonlySet<string> {
		const { state } = this.#chains.freeze;
		const groups = new Map<string, Set<string>>(declared ? [[DECLARED, new Set([DECLARED])]] : []);
		for (const { unit, group } of all) groups.set(group, (groups.get(group) ?? new Set()).add(unit));
		const unitsOf = (some: Iterable<string>) => [...some].flatMap((group) => [...(groups.get(group) ?? [])]);
		const after = (units: readonly string[], limit?: number) =>
			this.#walk(repair(state, restored, all, new Set(units)), limit, units.includes(DECLARED));
		const guilty = new Set<string>();
		let now = whole;
		while (groups.size > guilty.size && (now === undefined || now.first !== null)) {
			const index = now?.first?.index ?? 0;
			const limit = (now?.steps ?? 0) + 1;
			const open = [...groups.keys()].filter((g) => !guilty.has(g));
			const removes = (subset: readonly string[]) => isLater(after(unitsOf([...guilty, ...subset]), limit), index + 1);
			if (!removes(open)) break;
			for (const group of minimal(open, removes)) guilty.add(group);
			now = after(unitsOf(guilty));
		}
		const found = unitsOf(guilty);
		const until = now?.first?.index ?? Number.POSITIVE_INFINITY;
		return new Set(found.length > guilty.size ? needed(found, (subset) => isLater(after(subset), until)) : found);
	}

	/** Undefined when the machine cannot be run at all: a state that only a wrong repair, or a wrong restart, makes. */
	#walk(restored: MachineState, limit?: number, asKernel = false): Walk | undefined {
		this.#runs++;
		const chains = asKernel ? { ...this.#chains, policy: 'kernel' as const, rules: {} } : this.#chains;
		return walk(chains, restored, limit);
	}

	#made(found: Partial<BisectReport> & Pick<BisectReport, 'verdict'>): BisectReport {
		const lost = new Set(this.#rules.lost ?? []);
		return {
			asked: this.#asked,
			at: this.#chains.freeze.at,
			policy: this.#chains.policy,
			failure: null,
			first: null,
			outcome: null,
			causes: [],
			harmless: [],
			differences: [],
			image: [],
			borrowed: [...new Set(RESIDUALS.map((r) => r.part))].filter((part) => !lost.has(part)),
			equalSteps: 0,
			runs: this.#runs,
			defects: this.#options.defects ?? [],
			...found,
		};
	}
}

/** Suspect that is no difference of the state: the restart policy, or that nothing is woken. */
const DECLARED = 'declared';

/** Whether two chains are the same up to an element, or to their end. */
function isLater(then: Walk | undefined, index: number): boolean {
	return then !== undefined && (then.first === null || then.first.index >= index);
}

/** The differences, each with its cause, as suspects: what one change of the image explains is one unit. */
function suspected(
	original: MachineState,
	restored: MachineState,
	objects: readonly ImageObject[],
	changes: readonly ImageDifference[],
): { readonly all: readonly Suspect[]; readonly differences: readonly StateDifference[] } {
	const found = suspects(original, restored).map((suspect) => {
		const cause = causeOf(suspect.difference, original, objects);
		return { suspect, cause, change: explain(cause, changes) };
	});
	const told = (change: ImageDifference | undefined) => change && `${change.object} ${change.field}`;
	const changesOf = new Map<string, Set<string | undefined>>();
	for (const { suspect, change } of found)
		changesOf.set(suspect.unit, (changesOf.get(suspect.unit) ?? new Set()).add(told(change)));
	const all: Suspect[] = [];
	const differences: StateDifference[] = [];
	for (const { suspect, cause: own, change } of found) {
		const { difference } = suspect;
		const { path, a, b, memory } = difference;
		const one = changesOf.get(suspect.unit)?.size === 1 ? told(change) : undefined;
		const unit = one ?? suspect.unit;
		const cause = change === undefined ? own : { ...imageCause(change), path: formatPath(path) };
		const group = one ?? (own.part !== undefined && suspect.group === suspect.unit ? own.part : suspect.group);
		all.push({ difference, unit, group });
		differences.push({ path, text: formatPath(path), want: a, got: b, unit, cause, ...(memory ? { memory } : {}) });
	}
	return { all, differences };
}

/** The image of a state as it must be; undefined when there is none. */
function freshDump(freeze: Freeze): Uint8Array | undefined {
	try {
		return checkpoint(freeze).bytes;
	} catch (error) {
		if (error instanceof DumpError) return undefined;
		throw error;
	}
}

/** What was changed, and where the restart stopped, unless that is the same place. */
function withFirst(changed: Cause, refused: Cause): readonly Cause[] {
	const same = changed.label === refused.label && (refused.field === undefined || refused.field === changed.field);
	return same ? [changed] : [changed, refused];
}

function distinct(causes: readonly Cause[]): readonly Cause[] {
	const seen = new Set<string>();
	return causes.filter((c) => {
		const key = `${c.label ?? c.object ?? c.part} ${c.field ?? c.path} ${c.offset}`;
		if (seen.has(key)) return false;
		seen.add(key);
		return true;
	});
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
	return Buffer.compare(a, b) === 0;
}
