/**
 * States and events as plain values that any MessagePack library can pack, and back. Decoding trusts nothing: every field is
 * checked, the values are made anew, and what does not fit is a ShapeError that names the field.
 * Tables are lists of their entities; typed arrays are bytes; 64-bit integers are bigint.
 */
import type { EventKind, MachineEvent } from '../events/event.ts';
import { EVENT_SHAPES } from './event-shapes.ts';
import { checkReferences } from './invariants.ts';
import type { Packer } from './packer.ts';
import { PAGE_SIZE, Pages } from './pages.ts';
import type { Fields, Shape } from './shape.ts';
import { bool, bytes, int, list, ShapeError, struct, tuple } from './shape.ts';
import * as s from './shapes.ts';
import type { MachineState, MemoryObject, Table } from './state.ts';

export { ShapeError } from './shape.ts';

/** An event as a plain value: a fresh object `{kind, ...fields}`. */
export function encodeEvent(event: MachineEvent): unknown {
	return { kind: event.kind, ...((EVENT_SHAPES[event.kind] as Shape<unknown>).encode(event) as object) };
}

/** Writes an event as the MessagePack of `encodeEvent`. */
export function writeEvent(event: MachineEvent, out: Packer): void {
	(EVENT_SHAPES[event.kind] as Shape<unknown>).write(event, out, event.kind);
}

/** The event. Throws ShapeError. */
export function decodeEvent(value: unknown): MachineEvent {
	if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new ShapeError('an event', value);
	const { kind, ...body } = value as { readonly kind?: unknown };
	if (typeof kind !== 'string' || !Object.hasOwn(EVENT_SHAPES, kind)) throw new ShapeError('a kind of event', kind, ['kind']);
	try {
		return { kind, ...((EVENT_SHAPES[kind as EventKind] as Shape<unknown>).decode(body) as object) } as MachineEvent;
	} catch (error) {
		throw error instanceof ShapeError ? error.within(kind) : error;
	}
}

/** An object's pages on the wire: all of them, or what changed since the previous state's. */
interface PageDelta {
	/** Whether the previous state's pages of this object come first. */
	readonly base: boolean;
	readonly gone: readonly number[];
	readonly pages: readonly (readonly [number, Uint8Array])[];
}
type ObjectRow = Omit<MemoryObject, 'pages'> & PageDelta;

const pageIndex = int(0, 2 ** 28 - 1);
const { pages: _, ...objectFields } = s.objectFields;
const objectRow: Shape<ObjectRow> = struct<ObjectRow>({
	...objectFields,
	base: bool,
	gone: list(pageIndex),
	pages: list(tuple<readonly [number, Uint8Array]>(pageIndex, bytes(PAGE_SIZE))),
});

function table<T>(row: Shape<T>, key: (value: T) => number): Shape<Table<T>> {
	const rows = list(row);
	return {
		encode: (value) => rows.encode(Object.values(value)),
		write: (value, out) => rows.write(Object.values(value), out),
		decode(raw) {
			const out: { [id: number]: T } = {};
			let last = -1;
			rows.decode(raw).forEach((value, i) => {
				const id = key(value);
				if (id <= last) throw new ShapeError('ascending ids', id, [i]);
				out[id] = value;
				last = id;
			});
			return out;
		},
		put: (value, sink) => rows.put(Object.values(value), sink),
		renumber: (value) => value,
		hasRefs: false,
	};
}

const byId = (value: { readonly id: number }) => value.id;

/** The state, but for how the pages of objects are told. */
type Wire = Omit<MachineState, 'objects'> & { readonly objects: Table<ObjectRow> };
const wire: Shape<Wire> = struct<Wire>({
	persona: s.persona,
	clock: s.clock,
	next: s.next,
	tasks: table(s.task, (task) => task.pid),
	mms: table(s.mm, byId),
	objects: table(objectRow, byId),
	fdTables: table(s.fdTable, byId),
	fsStructs: table(s.fs, byId),
	sighands: table(s.sighand, byId),
	groups: table(s.group, byId),
	files: table(s.file, byId),
	inodes: table(s.inode, byId),
	pipes: table(s.pipe, byId),
	anons: table(s.anon, byId),
	ipcs: table(s.ipc, byId),
	semUndos: table(s.semUndo, byId),
	supers: table(s.superblock, byId),
	mounts: table(s.mount, byId),
	ttys: table(s.tty, byId),
	streams: table(s.stream, byId),
	scheduler: s.scheduler,
	prng: s.prng,
	freezer: s.freezer,
	ended: bool,
} satisfies Fields<Wire>);

/**
 * A state as a plain value.
 * @param previous leave out pages that are the very same there; the decoder must be given an equal state.
 */
export function encodeState(state: MachineState, previous?: MachineState): unknown {
	const objects: { [id: number]: ObjectRow } = {};
	for (const object of Object.values(state.objects)) {
		const { pages, ...rest } = object;
		objects[object.id] = { ...rest, ...pageDelta(pages, previous?.objects[object.id]?.pages) };
	}
	return wire.encode({ ...state, objects });
}

function pageDelta(pages: Pages, before: Pages | undefined): PageDelta {
	if (before === undefined) return { base: false, gone: [], pages: [...pages.entries()] };
	const gone: number[] = [];
	const changed: (readonly [number, Uint8Array])[] = [];
	for (const [index, was, is] of pages.changes(before)) {
		if (is === undefined) gone.push(index);
		else if (is !== was) changed.push([index, is]);
	}
	return { base: true, gone, pages: changed };
}

/** The state. Throws ShapeError, also where an id refers to nothing. */
export function decodeState(value: unknown, previous?: MachineState): MachineState {
	const decoded = wire.decode(value);
	const objects: { [id: number]: MemoryObject } = {};
	for (const { base, gone, pages, ...rest } of Object.values(decoded.objects)) {
		const before = base ? previous?.objects[rest.id]?.pages : Pages.EMPTY;
		if (before === undefined) throw new ShapeError('pages in the previous state', undefined, ['objects', rest.id, 'base']);
		objects[rest.id] = { ...rest, pages: before.with([...gone.map((index) => [index, undefined] as const), ...pages]) };
	}
	const state: MachineState = { ...decoded, objects };
	const [wrong] = checkReferences(state);
	if (wrong !== undefined) throw new ShapeError(wrong.rule, wrong.got, wrong.path);
	return state;
}
