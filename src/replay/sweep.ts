/**
 * A sweep: checkpoint, restart and comparison at many positions of a run. One machine goes forward through them; only where
 * the restored state differs is a bisect made.
 */
import { DefectError } from '../cpt/defects/defect.ts';
import { ImageError } from '../cpt/error.ts';
import type { Rules } from '../cpt/rules.ts';
import { DumpError } from '../cpt/v2/dump.ts';
import { RestartError } from '../cpt/v2/progress.ts';
import { provenance } from '../cpt/v2/provenance.ts';
import type { Restarter } from '../cpt/v2/restart.ts';
import type { ThawPolicy } from '../kernel/freezer.ts';
import { diffAligned, equalStates } from '../reducers/diff.ts';
import { Pages } from '../reducers/pages.ts';
import type { Path } from '../reducers/path.ts';
import type { MachineState } from '../reducers/state.ts';
import { bisect } from './bisect/bisect.ts';
import { causeName, type Verdict } from './bisect/report.ts';
import { checkpoint, type Freeze, FreezeWalk } from './checkpoint.ts';
import { comparePositions, type Position } from './position.ts';
import { Rerun } from './rerun.ts';
import { restore } from './restart.ts';
import type { Trace } from './trace.ts';

export interface PositionOptions {
	/** Every so many steps. */
	readonly every?: number;
	/** Before and after every event; a number: at most so many of these places, taken at random and shared among the kinds of event. */
	readonly events?: boolean | number;
	/** So many steps, taken at random. */
	readonly sample?: number;
	/** Of everything that is taken at random. */
	readonly seed?: number;
	/** Nothing before, nothing after; both included. */
	readonly from?: Position;
	readonly to?: Position;
}

/** Numbers in [0, 1) from a seed (mulberry32). */
function random(seed: number): () => number {
	let a = seed >>> 0;
	return () => {
		a = (a + 0x6d2b79f5) >>> 0;
		let t = Math.imul(a ^ (a >>> 15), 1 | a);
		t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
		return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
	};
}

/** Positions to look at, in order, each once. Events need the run to be made once. */
export function positionsOf(trace: Trace, options: PositionOptions): readonly Position[] {
	const last = trace.damage === null && trace.end ? { steps: trace.end.steps, k: Number.POSITIVE_INFINITY } : trace.recordedEnd;
	const from = options.from ?? { steps: trace.header.from, k: 0 };
	const to = options.to !== undefined && comparePositions(options.to, last) < 0 ? options.to : last;
	const found: Position[] = [];
	const add = (position: Position) => {
		if (comparePositions(position, from) >= 0 && comparePositions(position, to) <= 0) found.push(position);
	};
	const { every, events, sample, seed = 1 } = options;
	if (every !== undefined) for (let steps = from.steps; steps <= to.steps; steps += every) add({ steps, k: 0 });
	if (sample !== undefined) {
		const next = random(seed);
		const span = to.steps - from.steps + 1;
		for (let i = 0; i < sample; i++) add({ steps: from.steps + Math.floor(next() * span), k: 0 });
	}
	if (typeof events === 'number') shareByKind(eventPositions(trace, from, to), events, random(seed)).forEach(add);
	else if (events) for (const places of eventPositions(trace, from, to).values()) places.forEach(add);
	found.sort(comparePositions);
	return found.filter((p, i) => i === 0 || comparePositions(found[i - 1], p) !== 0);
}

/** The places before and after every event between two positions, by the kind of the event; each place once, with the event it precedes. */
function eventPositions(trace: Trace, from: Position, to: Position): ReadonlyMap<string, readonly Position[]> {
	const kinds = new Map<string, Position[]>();
	const put = (kind: string, at: Position) => {
		if (comparePositions(at, from) < 0 || comparePositions(at, to) > 0) return;
		const places = kinds.get(kind);
		if (places) places.push(at);
		else kinds.set(kind, [at]);
	};
	let at = { steps: trace.header.from, k: 0 };
	let before: string | null = null;
	const run = Rerun.fromStart(trace, 'runs', (event) => {
		if (event.kind === 'cpu/run') {
			if (before !== null) put(before, at);
			before = null;
			at = { steps: at.steps + event.steps, k: 0 };
			return;
		}
		put(event.kind, at);
		at = { steps: at.steps, k: at.k + 1 };
		before = event.kind;
	});
	run.advance(to.steps + 1);
	run.machine.flush();
	run.machine.close();
	if (before !== null) put(before, at);
	return kinds;
}

/** At most `wanted` places: one of each kind in turn, so that rare kinds are all there. */
function shareByKind(kinds: ReadonlyMap<string, readonly Position[]>, wanted: number, next: () => number): readonly Position[] {
	const left = [...kinds].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, places]) => [...places]);
	const taken: Position[] = [];
	while (taken.length < wanted && left.some((places) => places.length > 0))
		for (const places of left)
			if (places.length > 0 && taken.length < wanted) taken.push(...places.splice(Math.floor(next() * places.length), 1));
	return taken;
}

export interface SweepOptions {
	readonly rules?: Rules;
	readonly policy?: ThawPolicy;
	readonly restarter?: Restarter;
	/** Told after each position. */
	readonly onPosition?: () => void;
}

/** A position that is not equal. */
export interface SweepRow {
	readonly at: Position;
	readonly verdict: Exclude<Verdict, 'equal'>;
	/** Names of the causes: what rows are grouped by. */
	readonly causes: readonly string[];
	/** Position of the first event that differs. */
	readonly first: Position | null;
	readonly message: string | null;
}

export interface Swept {
	/** Positions that were looked at, and places at which a freeze took hold there. */
	readonly positions: number;
	readonly freezes: number;
	readonly equal: number;
	/** Positions at which nothing is left to be dumped. */
	readonly ended: number;
	/** Freezes at which a planted defect finds nothing to show in. */
	readonly inapplicable: number;
	readonly rows: readonly SweepRow[];
	/** Objects and bytes of all images. */
	readonly objects: number;
	readonly bytes: number;
	/** What the last image restored, and what had to be borrowed. */
	readonly tally: Tally | null;
}

/** Checkpoints and restarts at each of the positions, which are in order. @throws TraceError */
export function sweep(trace: Trace, positions: readonly Position[], options: SweepOptions = {}): Swept {
	const rows: SweepRow[] = [];
	const total = { freezes: 0, equal: 0, ended: 0, inapplicable: 0, objects: 0, bytes: 0 };
	const walk = new FreezeWalk(trace, positions[0]?.steps ?? 0);
	let last: Freeze | undefined;
	let tallied: Freeze | undefined;
	for (const position of positions) {
		const freeze = walk.at(position);
		options.onPosition?.();
		if (freeze === undefined || Object.values(freeze.state.tasks).every((t) => t.mm === 0)) {
			total.ended++;
			continue;
		}
		if (last !== undefined && comparePositions(last.at, freeze.at) === 0) continue;
		last = freeze;
		total.freezes++;
		let looked: ReturnType<typeof look>;
		try {
			looked = look(freeze, options);
		} catch (error) {
			if (!(error instanceof DefectError)) throw error;
			total.inapplicable++;
			continue;
		}
		total.objects += looked?.objects ?? 0;
		total.bytes += looked?.bytes ?? 0;
		if (looked?.equal) {
			total.equal++;
			tallied = freeze;
			continue;
		}
		const { rules, policy, restarter } = options;
		const report = bisect(trace, freeze.at, {
			freeze,
			...(rules ? { rules } : {}),
			...(policy ? { policy } : {}),
			...(restarter ? { restarter } : {}),
		});
		if (report.verdict === 'equal') {
			total.equal++;
			continue;
		}
		const { verdict, causes, first, failure } = report;
		rows.push({
			at: freeze.at,
			verdict,
			causes: [...new Set(causes.map(causeName))],
			first: (first?.original ?? first?.restored)?.at ?? null,
			message: failure?.message ?? null,
		});
	}
	walk.close();
	const tally = tallied ?? last;
	return { positions: positions.length, ...total, rows, tally: tally === undefined ? null : tallyOf(tally.state) };
}

/** Whether what was restored is the original; undefined when there is no image or no machine. */
function look({ state }: Freeze, { rules = {}, policy = 'kernel', restarter }: SweepOptions) {
	try {
		const image = checkpoint({ at: { steps: 0, k: 0 }, state }, rules);
		const bytes = rules.premise ? rules.premise(image.bytes) : image.bytes;
		const restored = restore(bytes, { residual: state, rules, ...(restarter ? { restarter } : {}) }).state;
		const declared = (rules.policy ?? policy) !== 'kernel' || rules.neverThawed === true;
		const same = !declared && rules.premise === undefined && rules.object === undefined;
		const thawed = { ...restored, freezer: state.freezer };
		// Most of what was borrowed is the same value on both sides: this looks at the rest only.
		const equal = same && (diffAligned(state, thawed).length === 0 || equalStates(state, thawed));
		return { objects: image.objects.length, bytes: bytes.length, equal };
	} catch (error) {
		if (error instanceof DumpError || error instanceof ImageError || error instanceof RestartError) return undefined;
		throw error;
	}
}

/** How much of a state an image holds, and how much it has to borrow. */
export interface Tally {
	/** Single values that come from the image, and pages. */
	readonly restored: number;
	readonly pages: number;
	/** Single values that are borrowed, by the part they belong to. */
	readonly borrowed: Readonly<Record<string, number>>;
}

function tallyOf(state: MachineState): Tally {
	const known = new Map<string, string | null>();
	let restored = 0;
	let pages = 0;
	const borrowed: Record<string, number> = {};
	const leaf = (path: Path) => {
		// Internal numbers of entities are nobody's value.
		if (path.at(-1) === 'id') return;
		const key = path.map((p) => (/^\d+$/.test(String(p)) ? '*' : p)).join('.');
		let part = known.get(key);
		if (part === undefined) {
			const { held, residual } = provenance(path);
			part = held ? null : (residual?.part ?? 'state that no object holds');
			known.set(key, part);
		}
		if (part === null) restored++;
		else borrowed[part] = (borrowed[part] ?? 0) + 1;
	};
	const walk = (value: unknown, path: Path): void => {
		if (value instanceof Pages) return;
		if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) leaf(path);
		else for (const [key, inner] of Object.entries(value)) walk(inner, [...path, key]);
	};
	walk(state, []);
	for (const object of Object.values(state.objects)) if (object.kind === 'private') pages += [...object.pages.entries()].length;
	return { restored, pages, borrowed };
}
