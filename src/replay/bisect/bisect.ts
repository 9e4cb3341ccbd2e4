/**
 * Bisect: a run is frozen, dumped, restored and compared with the run that never stopped. If they differ: the first event at
 * which they do, and a minimal set of differences of the restored state whose repair removes it, traced back to the image.
 */
import { ImageError } from '../../cpt/error.ts';
import type { Rules } from '../../cpt/rules.ts';
import { diffImages, type ImageDifference } from '../../cpt/v2/diff.ts';
import { DumpError } from '../../cpt/v2/dump.ts';
import { RestartError } from '../../cpt/v2/progress.ts';
import { RESIDUALS } from '../../cpt/v2/provenance.ts';
import type { Restarter } from '../../cpt/v2/restart.ts';
import { formatPath } from '../../reducers/path.ts';
import type { MachineState } from '../../reducers/state.ts';
import { checkpoint, type Freeze, freezeAt } from '../checkpoint.ts';
import type { Position } from '../position.ts';
import { restore } from '../restart.ts';
import type { Trace } from '../trace.ts';
import { causeOf, objectsOf } from './cause.ts';
import { type Chains, type Walk, walk } from './chain.ts';
import { minimal } from './minimal.ts';
import type { BisectReport, Cause, Failure, StateDifference } from './report.ts';
import { repair, type Suspect, suspects } from './suspects.ts';

export interface BisectOptions {
	/** An image to look at; default: a dump made at the position. */
	readonly image?: Uint8Array;
	readonly rules?: Rules;
	/** Names of what was planted, for the report. */
	readonly defects?: readonly string[];
	readonly policy?: 'kernel' | 'user' | 'eintr';
	readonly restarter?: Restarter;
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
	readonly #fresh: Uint8Array;
	#runs = 0;

	constructor(trace: Trace, asked: Position, freeze: Freeze, options: BisectOptions) {
		this.#options = options;
		this.#rules = options.rules ?? {};
		this.#asked = asked;
		const policy = this.#rules.policy ?? options.policy ?? 'kernel';
		this.#chains = { trace, freeze, policy, rules: this.#rules };
		this.#fresh = checkpoint(freeze).bytes;
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
		const changes = sameBytes(image, this.#fresh) ? [] : diffImages(this.#fresh, image);
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
			return this.#made({
				verdict: 'refused',
				failure,
				image: changes,
				causes: changes.length > 0 ? [imageCause(changes[0]), refused] : [refused],
			});
		}
		return this.#compare(image, changes, restored);
	}

	#dump(): Uint8Array {
		const { bytes } = checkpoint(this.#chains.freeze, this.#rules);
		return this.#rules.premise ? this.#rules.premise(bytes) : bytes;
	}

	/** What was restored against the original, and why it does something else if it does. */
	#compare(image: Uint8Array, changes: readonly ImageDifference[], restored: MachineState): BisectReport {
		const { state } = this.#chains.freeze;
		const all = suspects(state, restored);
		const objects = objectsOf(image);
		const differences = all.map(({ difference, unit }): StateDifference => {
			const { path, a, b, memory } = difference;
			const cause = causeOf(difference, state, objects);
			return { path, text: formatPath(path), want: a, got: b, unit, cause, ...(memory ? { memory } : {}) };
		});
		const declared = this.#chains.policy !== 'kernel' || this.#rules.neverThawed === true;
		if (differences.length === 0 && !declared) {
			return this.#made({ verdict: changes.length > 0 ? 'harmless' : 'equal', image: changes, causes: changes.map(imageCause) });
		}
		const whole = this.#walk(restored);
		const rest = { image: changes, differences, equalSteps: whole?.steps ?? 0 };
		if (whole !== undefined && whole.first === null) {
			const verdict = differences.length + changes.length > 0 ? 'harmless' : 'equal';
			const causes = differences.length > 0 ? distinct(differences.map((d) => d.cause)) : changes.map(imageCause);
			return this.#made({ ...rest, verdict, causes, harmless: differences });
		}
		const guilty = this.#guilty(all, restored, whole);
		const named = distinct(differences.filter((d) => guilty.has(d.unit)).map((d) => d.cause));
		return this.#made({
			...rest,
			verdict: 'differs',
			first: whole?.first ?? null,
			causes: named.length > 0 ? named : [this.#declaredCause()],
			harmless: differences.filter((d) => !guilty.has(d.unit)),
		});
	}

	/** Nothing of the state is to blame: what was declared is. */
	#declaredCause(): Cause {
		const { policy } = this.#chains;
		return this.#rules.neverThawed
			? { part: 'run state', want: 'thawed', got: 'never woken' }
			: { part: 'restart policy', want: 'kernel', got: policy };
	}

	/** Units whose repair removes every divergence: that of the first, then of what differs next, and so on. */
	#guilty(all: readonly Suspect[], restored: MachineState, whole: Walk | undefined): ReadonlySet<string> {
		const { state } = this.#chains.freeze;
		const units = [...new Set(all.map((s) => s.unit))];
		const guilty = new Set<string>();
		for (let now = whole; units.length > guilty.size; ) {
			if (now !== undefined && now.first === null) break;
			const index = now?.first?.index ?? 0;
			const limit = (now?.steps ?? 0) + 1;
			const open = units.filter((u) => !guilty.has(u));
			const removes = (subset: readonly string[]) => {
				const made = repair(state, restored, all, new Set([...guilty, ...subset]));
				const then = this.#walk(made, limit);
				return then !== undefined && (then.first === null || then.first.index > index);
			};
			if (!removes(open)) break;
			for (const unit of minimal(open, removes)) guilty.add(unit);
			now = this.#walk(repair(state, restored, all, guilty));
		}
		return guilty;
	}

	/** Undefined when the machine cannot be run at all: a state that only a wrong repair, or a wrong restart, makes. */
	#walk(restored: MachineState, limit?: number): Walk | undefined {
		this.#runs++;
		return walk(this.#chains, restored, limit);
	}

	#made(found: Partial<BisectReport> & Pick<BisectReport, 'verdict'>): BisectReport {
		const lost = new Set(this.#rules.lost ?? []);
		return {
			asked: this.#asked,
			at: this.#chains.freeze.at,
			policy: this.#chains.policy,
			failure: null,
			first: null,
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

/** `#7 NAME` → `NAME`, `VMA 08048000-…` → `VMA`. */
function kindOf(label: string): string {
	return label.replace(/^#\d+ /, '').split(' ')[0];
}

/** The place of a difference between two images. */
function imageCause(d: ImageDifference): Cause {
	const offset = d.offsetB ?? d.offsetA;
	return {
		object: kindOf(d.object),
		label: d.object,
		...(d.field === '' ? {} : { field: d.field }),
		...(offset === undefined ? {} : { offset }),
		want: d.a,
		got: d.b,
	};
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
