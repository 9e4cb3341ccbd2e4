/** The kinds of entities that are referred to by internal ids: where they live in the state, what they look like. */
import type { Inode } from '../events/entities.ts';
import { IPC_CLASSES, type Ipc } from '../events/ipc.ts';
import type { RefKind, Shape, Sink } from './shape.ts';
import * as s from './shapes.ts';
import type { MachineState, Table } from './state.ts';

export type EntityTable =
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
	| 'ipcs'
	| 'semUndos'
	| 'supers'
	| 'mounts'
	| 'ttys';

type Entities = { readonly [K in RefKind]: { readonly table: EntityTable; readonly shape: object } };

export const ENTITIES = {
	mm: { table: 'mms', shape: s.mm },
	object: { table: 'objects', shape: s.object },
	fdTable: { table: 'fdTables', shape: s.fdTable },
	fs: { table: 'fsStructs', shape: s.fs },
	sighand: { table: 'sighands', shape: s.sighand },
	group: { table: 'groups', shape: s.group },
	file: { table: 'files', shape: s.file },
	inode: { table: 'inodes', shape: s.inode },
	pipe: { table: 'pipes', shape: s.pipe },
	anon: { table: 'anons', shape: s.anon },
	ipc: { table: 'ipcs', shape: s.ipc },
	semUndo: { table: 'semUndos', shape: s.semUndo },
	super: { table: 'supers', shape: s.superblock },
	mount: { table: 'mounts', shape: s.mount },
	tty: { table: 'ttys', shape: s.tty },
} as const satisfies Entities;

export const REF_KINDS = Object.keys(ENTITIES) as readonly RefKind[];

/** A table by kind, its entities untyped: for walkers that go by shape. */
export function tableOf(state: MachineState, kind: RefKind): Table<object> {
	return state[ENTITIES[kind].table] as Table<object>;
}

export function shapeOf(kind: RefKind): Shape<object> {
	return ENTITIES[kind].shape as unknown as Shape<object>;
}

export interface Ref {
	readonly kind: RefKind;
	readonly id: number;
}

/** A sink that hears of nothing but references. */
class RefSink implements Sink {
	readonly refs: Ref[] = [];
	number(): void {}
	big(): void {}
	text(): void {}
	bytes(): void {}
	pages(): void {}
	ref(kind: RefKind, id: number): void {
		this.refs.push({ kind, id });
	}
}

/** The ids a value holds, in the order of its shape. */
export function refsOf<T>(shape: Shape<T>, value: T): readonly Ref[] {
	const sink = new RefSink();
	shape.put(value, sink);
	return sink.refs;
}

/**
 * Where canonical numbering starts after the tasks, by pid: directories that are their own parent. A root is there even
 * when no task is left that could reach it.
 */
export function rootInodes(state: MachineState): readonly number[] {
	return Object.values(state.inodes)
		.filter((inode) => inode.kind === 'dir' && inode.parent === inode.id)
		.map((inode) => inode.id);
}

/** The directory at the top of the tree in which a directory stands: the one that is its own parent. */
export function topDirectory(state: Pick<MachineState, 'inodes'>, directory: number): Inode | undefined {
	let at = state.inodes[directory];
	while (at !== undefined && at.parent !== at.id) at = state.inodes[at.parent];
	return at;
}

/** Objects of IPC are nobody's: they come in the order in which a guest could count them. */
export function rootIpcs(state: MachineState): readonly number[] {
	const place = (ipc: Ipc) => [
		ipc.ns,
		IPC_CLASSES.indexOf(ipc.kind === 'ids' ? ipc.of : ipc.kind),
		ipc.kind === 'ids' ? -1 : ipc.slot,
	];
	const placed = Object.entries(state.ipcs).map(([id, ipc]) => ({ id: Number(id), place: place(ipc) }));
	placed.sort((a, b) => a.place[0] - b.place[0] || a.place[1] - b.place[1] || a.place[2] - b.place[2]);
	return placed.map(({ id }) => id);
}

/** What is mounted in a namespace, in the order in which it was: nobody refers to those that are mounted on others. */
export function rootMounts({ mounts }: MachineState): readonly number[] {
	return Object.keys(mounts)
		.map(Number)
		.filter((id) => mounts[id].ns !== 0)
		.sort((a, b) => mounts[a].number - mounts[b].number);
}

/** Terminals by their names: what the recorder's descriptors are is nobody else's. */
export function rootTtys({ ttys }: MachineState): readonly number[] {
	return Object.keys(ttys)
		.map(Number)
		.sort((a, b) => ttys[a].index - ttys[b].index);
}

/**
 * Every entity once, in the order of its first reach from the tasks in pid order, then from the roots; what nothing reaches
 * comes last (a state should have none).
 * @param refs the ids an entity (undefined: it does not exist) or a task holds.
 * @param visit is told of each entity with its number among its kind, and the numbers of what it refers to.
 */
export function walkEntities(
	state: MachineState,
	refs: { task(pid: number): readonly Ref[]; entity(kind: RefKind, id: number): readonly Ref[] },
	visit: {
		task(pid: number, numbers: readonly number[]): void;
		entity(kind: RefKind, id: number, number: number, numbers: readonly number[], reached: boolean): void;
	},
): void {
	const numbers = Object.fromEntries(REF_KINDS.map((kind) => [kind, new Map<number, number>()])) as Record<
		RefKind,
		Map<number, number>
	>;
	const queue: Ref[] = [];
	const number = (ref: Ref): number => {
		const known = numbers[ref.kind];
		let n = known.get(ref.id);
		if (n === undefined) {
			n = known.size + 1;
			known.set(ref.id, n);
			queue.push(ref);
		}
		return n;
	};
	let done = 0;
	const drain = (reached: boolean) => {
		for (; done < queue.length; done++) {
			const { kind, id } = queue[done];
			const own = numbers[kind].get(id) as number;
			visit.entity(kind, id, own, refs.entity(kind, id).map(number), reached);
		}
	};
	for (const pid of Object.keys(state.tasks).map(Number)) {
		visit.task(pid, refs.task(pid).map(number));
		drain(true);
	}
	for (const id of rootMounts(state)) number({ kind: 'mount', id });
	drain(true);
	for (const id of rootInodes(state)) number({ kind: 'inode', id });
	for (const id of rootIpcs(state)) number({ kind: 'ipc', id });
	for (const id of rootTtys(state)) number({ kind: 'tty', id });
	drain(true);
	for (const kind of REF_KINDS) {
		for (const id of Object.keys(tableOf(state, kind)).map(Number)) number({ kind, id });
		drain(false);
	}
}
