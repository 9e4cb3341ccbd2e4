/**
 * The canonical form of a state, for comparing and digesting: internal ids are renumbered by first reach from the tasks in pid
 * order, so that two machines are equal when a guest could not tell them apart, whatever ids their pasts left.
 * Everything else is in it: guest-visible ids and their counters, queues in their order, clock, generator, scheduler, unread input.
 */
import { ENTITIES, REF_KINDS, type Ref, refsOf, shapeOf, tableOf, walkEntities } from './entities.ts';
import type { RefKind, Renumber } from './shape.ts';
import * as s from './shapes.ts';
import type { MachineState, Mm, Table, Task } from './state.ts';

/** What the canonical form leaves out, and why. `*` stands for any id or index. */
export const EXCLUDED: readonly { readonly path: string; readonly why: string }[] = [
	...REF_KINDS.map((kind) => ({ path: `next.${kind}`, why: 'counter of internal ids' })),
	...REF_KINDS.map((kind) => ({ path: `${ENTITIES[kind].table}.*.id`, why: 'an internal id: renumbered, and equal to its key' })),
	{ path: 'objects.*.pages.*', why: 'only a page of zeros with nothing under it: it reads as none does' },
];

/** A state in canonical form. Its tables are keyed by canonical numbers; the pages are those of the state. */
export type CanonicalState = Omit<MachineState, 'next'> & { readonly next: Pick<MachineState['next'], 'pid' | 'ino'> };

/** The canonical form. Costs a walk over all entities, not over pages. */
export function canonical(state: MachineState): CanonicalState {
	const numbers = new Map<string, number>();
	const order: (Ref & { readonly number: number })[] = [];
	walkEntities(
		state,
		{
			task: (pid) => refsOf(s.task, state.tasks[pid]),
			entity: (kind, id) => {
				const entity = tableOf(state, kind)[id];
				return entity === undefined ? [] : refsOf(shapeOf(kind), entity);
			},
		},
		{
			task: () => {},
			entity: (kind, id, number) => {
				numbers.set(`${kind} ${id}`, number);
				order.push({ kind, id, number });
			},
		},
	);
	const renumber: Renumber = (kind, id) => numbers.get(`${kind} ${id}`) as number;
	const tables = Object.fromEntries(REF_KINDS.map((kind) => [ENTITIES[kind].table, {} as { [id: number]: object }]));
	for (const { kind, id, number } of order) {
		const entity = tableOf(state, kind)[id];
		if (entity === undefined) continue;
		tables[ENTITIES[kind].table][number] = { ...shapeOf(kind).renumber(entity, renumber), id: number };
	}
	const tasks: { [pid: number]: Task } = {};
	for (const pid of Object.keys(state.tasks).map(Number)) tasks[pid] = s.task.renumber(state.tasks[pid], renumber);
	const { persona, clock, next, streams, scheduler, prng, freezer, ended } = state;
	return {
		persona,
		clock,
		next: { pid: next.pid, ino: next.ino },
		tasks,
		...(tables as unknown as Pick<MachineState, (typeof ENTITIES)[RefKind]['table']>),
		streams,
		scheduler,
		prng,
		freezer,
		ended,
	};
}

/** The address space whose private pages each private object holds, by object id. */
export function privateOwners(mms: Table<Mm>): ReadonlyMap<number, Mm> {
	return new Map(Object.values(mms).map((mm) => [mm.object, mm]));
}
