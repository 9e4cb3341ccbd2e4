/**
 * Every leaf of a state, changed one at a time: for the law that digest and diff see every change. The leaves are found by
 * walking the value, so a field that is added is tested without a word here.
 */
import { EXCLUDED } from '../../src/reducers/canonical.ts';
import { PAGE_SIZE, Pages } from '../../src/reducers/pages.ts';
import type { Path } from '../../src/reducers/path.ts';
import type { MachineState } from '../../src/reducers/state.ts';

export interface Mutation {
	/** Where, in the state's own ids. */
	readonly path: Path;
	/** What was done there. */
	readonly what: string;
	readonly state: MachineState;
	/** The canonical form leaves this place out (`EXCLUDED` of canonical.ts): the change must not be seen. */
	readonly excluded: boolean;
}

/** What stands where there was null, by the field's name. */
const INSTEAD_OF_NULL: { readonly [field: string]: unknown } = {
	wait: { on: [{ kind: 'child', which: 0, id: 0, options: 4 }], deadline: null, restart: -512, signals: 0n, order: 1, fired: -1 },
	restartBlock: { call: 'poll', deadline: null, args: [] },
	savedMask: 1n,
	deadline: 1,
	expires: 1,
	seen: { read: 1, write: 1, ends: 0 },
	groupExit: 1,
};

/** Lists whose length the type fixes. */
const TUPLES = new Set([
	'prng',
	'persona.kernel',
	'persona.cpuid.*',
	'groups.*.rlimits.*',
	'tasks.*.cpu.debugreg',
	'tasks.*.tls',
	'ttys.*.window',
]);

/** Tells a union's members apart: only another member's name can stand here. */
const VARIANT = 'tasks.*.wait.on.*.kind';
/** As VARIANT, but members have fields of other types: another member comes whole. */
const WHOLE: readonly string[] = ['anons.*', 'ipcs.*'];

const LEFT_OUT = new Set(EXCLUDED.map(({ path }) => path));

/** mulberry32: which leaf, which byte. */
export function seededRandom(seed: number): (below: number) => number {
	let state = seed | 0;
	return (below) => {
		state = (state + 0x6d2b79f5) | 0;
		let t = Math.imul(state ^ (state >>> 15), state | 1);
		t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
		return ((t ^ (t >>> 14)) >>> 0) % below;
	};
}

type Change = readonly [what: string, value: unknown];
type Place = { readonly path: Path; readonly changes: readonly Change[]; readonly put: (value: unknown) => unknown };

/** Leaves and lists under a value, with what may be done to each. `put` makes the whole state anew around a value. */
function* places(
	value: unknown,
	path: Path,
	put: (value: unknown) => unknown,
	random: (below: number) => number,
): Generator<Place> {
	const changes = [...changesOf(value, path, random)];
	if (changes.length > 0) yield { path, changes, put };
	if (value instanceof Uint8Array || value instanceof Pages || typeof value !== 'object' || value === null) return;
	if (Array.isArray(value)) {
		for (let i = 0; i < value.length; i++) yield* places(value[i], [...path, i], (v) => put(value.with(i, v)), random);
		return;
	}
	for (const [key, inner] of Object.entries(value)) {
		const part = /^\d+$/.test(key) ? Number(key) : key;
		yield* places(inner, [...path, part], (v) => put({ ...value, [key]: v }), random);
	}
}

function* changesOf(value: unknown, path: Path, random: (below: number) => number): Generator<Change> {
	if (typeof value === 'number') yield ['+ 1', value + 1];
	else if (typeof value === 'bigint') yield ['^ 1', value ^ 1n];
	else if (typeof value === 'boolean') yield ['not', !value];
	else if (kindOf(path) === VARIANT) {
		if (value !== 'child') yield ['another wait', 'child'];
	} else if (path.at(-1) === 'kind' && WHOLE.includes(kindOf(path.slice(0, -1)))) return;
	else if (WHOLE.includes(kindOf(path)) && typeof value === 'object' && value !== null && 'id' in value) {
		const { id, kind } = value as { readonly id: number; readonly kind: string };
		if (path[0] === 'anons' && kind !== 'signalfd') yield ['another kind', { id, kind: 'signalfd', mask: 0n }];
		if (path[0] === 'ipcs' && kind !== 'ids')
			yield ['another kind', { id, kind: 'ids', ns: 9, of: 'msg', seq: 0, last: 0, next: 1 }];
	} else if (typeof value === 'string') yield ['a letter more', `${value}x`];
	else if (value === null) yield ['no null', INSTEAD_OF_NULL[String(path.at(-1))]];
	else if (value instanceof Uint8Array) yield* byteChanges(value, random);
	else if (value instanceof Pages) yield* pageChanges(value, random);
	else if (Array.isArray(value)) {
		if (value.length > 0 && !TUPLES.has(kindOf(path))) {
			yield ['last one gone', value.slice(0, -1)];
			yield ['last one twice', [...value, value.at(-1)]];
		}
		const i = value.findIndex((v, j) => j + 1 < value.length && typeof v !== 'object' && v !== value[j + 1]);
		if (i >= 0) yield ['two swapped', value.with(i, value[i + 1]).with(i + 1, value[i])];
	} else if (path.length === 1 || path.at(-1) === 'fds') {
		for (const key of Object.keys(value as object).filter((k) => /^\d+$/.test(k))) {
			const { [key]: gone, ...rest } = value as { [key: string]: unknown };
			if (gone !== undefined) yield [`${key} gone`, rest];
		}
	}
}

function* byteChanges(value: Uint8Array, random: (below: number) => number): Generator<Change> {
	yield ['a byte more', new Uint8Array([...value, 0])];
	if (value.length === 0) return;
	const at = random(value.length);
	yield [`a bit of byte ${at}`, value.map((byte, i) => (i === at ? byte ^ (1 << random(8)) : byte))];
}

function* pageChanges(value: Pages, random: (below: number) => number): Generator<Change> {
	const present = [...value.entries()];
	for (let n = 0; n < 3 && present.length > 0; n++) {
		const [index, page] = present[random(present.length)];
		const at = random(PAGE_SIZE);
		const flipped = page.map((byte, i) => (i === at ? byte ^ (1 << random(8)) : byte));
		yield [`a bit of byte ${at} of page ${index}`, value.with([[index, flipped]])];
	}
	const filled = present.find(([, page]) => page.some((byte) => byte !== 0));
	if (filled !== undefined) yield [`page ${filled[0]} gone`, value.with([[filled[0], undefined]])];
	const free = (present.at(-1)?.[0] ?? -1) + 1;
	yield [`page ${free} more`, value.with([[free, new Uint8Array(PAGE_SIZE).fill(1)]])];
}

/** `tasks[1].times.steps` → `tasks.*.times.steps`. */
function kindOf(path: Path): string {
	return path.map((part) => (typeof part === 'number' ? '*' : part)).join('.');
}

/**
 * States that differ from `state` in one leaf each.
 * @param perKind leaves of each kind of path (indices aside) at most, chosen by the seed; default all.
 */
export function* mutateLeaves(state: MachineState, seed: number, perKind = Number.POSITIVE_INFINITY): Generator<Mutation> {
	const random = seededRandom(seed);
	const byKind = new Map<string, Place[]>();
	for (const place of places(state, [], (v) => v, random)) {
		const kind = kindOf(place.path);
		byKind.set(kind, [...(byKind.get(kind) ?? []), place]);
	}
	for (const kind of [...byKind.keys()].sort()) {
		const left = byKind.get(kind) as Place[];
		for (let n = 0; n < perKind && left.length > 0; n++) {
			const [{ path, changes, put }] = left.splice(random(left.length), 1);
			for (const [what, value] of changes) {
				yield { path, what, state: put(value) as MachineState, excluded: LEFT_OUT.has(kind) };
			}
		}
	}
}
