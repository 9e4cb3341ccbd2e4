/**
 * What recipes write to: the state as immer drafts it, or as `draftByHand` does. Drafted are the state, its tables and the
 * entities; whatever is deeper (registers, VMA lists, queues, pages) is replaced whole and never written, so `plain` may read
 * it undrafted. Entities are written to only when they come from `entity`, and tables by `enter` and `drop`: a draft by hand
 * copies them there.
 */
import { isDraft, original } from 'immer';
import { assert } from '../events/assert.ts';
import type { RegisterPatch } from '../events/task.ts';
import type { IdCounters, MachineState, Table } from './state.ts';

export type Writable<T> = { -readonly [K in keyof T]: T[K] };

type WritableTables<T> = {
	-readonly [K in keyof T]: T[K] extends Table<infer E> ? { [id: number]: Writable<E> } : T[K];
};

/** MachineState with its tables and their entities writable, one level deep. */
export type StateDraft = Omit<WritableTables<MachineState>, 'clock' | 'next' | 'scheduler'> & {
	clock: Writable<MachineState['clock']>;
	next: Writable<IdCounters>;
	scheduler: Writable<MachineState['scheduler']>;
};

export type TableName = {
	[K in keyof MachineState]: MachineState[K] extends Table<unknown> ? (string extends keyof MachineState[K] ? never : K) : never;
}[keyof MachineState] &
	(
		| 'tasks'
		| 'mms'
		| 'objects'
		| 'fdTables'
		| 'fsStructs'
		| 'sighands'
		| 'groups'
		| 'files'
		| 'inodes'
		| 'pipes'
		| 'anons'
		| 'streams'
	);

const COPIES = Symbol('copies');

/** A draft by hand: the tables and entities in COPIES were copied for it, all else is the state's own. */
type HandDraft = StateDraft & { readonly [COPIES]?: Set<object> };

/**
 * A draft without proxies, for the live machine: it reduces a few events at every system call, and proxies would cost more
 * than all the rest of the call.
 */
export function draftByHand(state: MachineState): StateDraft {
	const { clock, next, scheduler } = state;
	const copies = new Set<object>();
	return { ...state, clock: { ...clock }, next: { ...next }, scheduler: { ...scheduler }, [COPIES]: copies } as HandDraft;
}

/** The state that a draft by hand has become. */
export function finishByHand(d: StateDraft): MachineState {
	const { [COPIES]: _, ...state } = d as HandDraft;
	return state as MachineState;
}

/** The table to write to. */
function writableTable<K extends TableName>(d: StateDraft, table: K): { [id: number]: StateDraft[K][number] } {
	const copies = (d as HandDraft)[COPIES];
	if (copies !== undefined && !copies.has(d[table])) {
		d[table] = { ...d[table] };
		copies.add(d[table]);
	}
	return d[table] as { [id: number]: StateDraft[K][number] };
}

/** The value behind a drafted one: no proxy is made for what lies in it. Only for values that recipes replace whole. */
export function plain<T>(value: T): T {
	return isDraft(value) ? (original(value as object) as T) : value;
}

/** The fields of a drafted entity as they are now, for one that is made like it; each field is a value that recipes replace whole. */
export function fieldsOf<T extends object>(entity: T): T {
	return Object.fromEntries(Object.entries(entity).map(([field, value]) => [field, plain(value)])) as T;
}

/** The entity of an id that must exist. */
export function entity<K extends TableName>(d: StateDraft, table: K, id: number): StateDraft[K][number] {
	const found = d[table][id] as StateDraft[K][number] | undefined;
	if (found === undefined) throw new Error(`internal error: no ${table}[${id}]`);
	const copies = (d as HandDraft)[COPIES];
	if (copies === undefined || copies.has(found)) return found;
	const copy = { ...found };
	copies.add(copy);
	writableTable(d, table)[id] = copy;
	return copy;
}

/** Takes an entity out of its table, if it is there. */
export function drop(d: StateDraft, table: TableName, id: number): void {
	if (d[table][id] !== undefined) delete writableTable(d, table)[id];
}

/** Enters a new entity; its id must be free. The counter goes past it. */
export function enter<K extends TableName>(
	d: StateDraft,
	table: K,
	counter: keyof IdCounters,
	id: number,
	value: MachineState[K][number],
): void {
	assert(Number.isSafeInteger(id) && id > 0, `${table}: bad id ${id}`);
	assert(d[table][id] === undefined, `${table}[${id}] exists already`);
	// A copy: a later recipe of the batch may write to the entity, and the event's value must not change.
	const copy = { ...value };
	(d as HandDraft)[COPIES]?.add(copy);
	(writableTable(d, table) as { [id: number]: unknown })[id] = copy;
	if (d.next[counter] <= id) d.next[counter] = id + 1;
}

/** Sets registers of a task. Frozen, they are spared immer's search for drafts in new values, which costs more than all the rest. */
export function patchRegisters(d: StateDraft, pid: number, regs: RegisterPatch): void {
	if (Object.keys(regs).length === 0) return;
	const task = entity(d, 'tasks', pid);
	const cpu = { ...plain(task.cpu), ...regs };
	task.cpu = isDraft(d) ? Object.freeze(cpu) : cpu;
}

/** Entities of a drafted table, ascending by id, without making proxies of those that are still as they were. To read only. */
export function* entities<T>(table: { [id: number]: T }): Generator<T> {
	if (!isDraft(table)) {
		yield* Object.values(table);
		return;
	}
	for (const id of Object.keys(table)) yield Object.getOwnPropertyDescriptor(table, id)?.value as T;
}
