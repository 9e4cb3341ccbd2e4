/**
 * What recipes write to: the state as immer drafts it, or as `draftByHand` does. Drafted are the state, its tables and the
 * entities; whatever is deeper (registers, VMA lists, queues, pages) is replaced whole and never written, so `plain` may read
 * it undrafted. Entities are written to only when they come from `entity`, and tables by `enter` and `drop`: a draft by hand
 * copies them there.
 */
import { isDraft, original } from 'immer';
import { assert } from '../events/assert.ts';
import type { CpuState } from '../events/cpu.ts';
import type { RegisterPatch } from '../events/task.ts';
import { ENTITIES, REF_KINDS } from './entities.ts';
import type { IdCounters, MachineState, Table, Task } from './state.ts';

export type Writable<T> = { -readonly [K in keyof T]: T[K] };

type WritableTables<T> = {
	-readonly [K in keyof T]: K extends TableName ? (T[K] extends Table<infer E> ? { [id: number]: Writable<E> } : T[K]) : T[K];
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
		| 'ipcs'
		| 'semUndos'
		| 'supers'
		| 'mounts'
		| 'ttys'
		| 'streams'
	);

/** A set of objects, which nearly always are few: then a list is quicker. */
class Copies {
	readonly #few: object[] = [];
	#many: Set<object> | undefined;

	has(value: object): boolean {
		return this.#many?.has(value) ?? this.#few.includes(value);
	}

	add(value: object): void {
		if (this.#many !== undefined) this.#many.add(value);
		else if (this.#few.push(value) > 16) this.#many = new Set(this.#few);
	}
}

/**
 * A draft by hand: the tables and entities in `copies` were copied for it, all else is the state's own. A class, and field by
 * field: the engine copies an object with an added field through its slow path, which took 3 µs, this 0.05.
 */
class HandDraft implements StateDraft {
	persona: StateDraft['persona'];
	tasks: StateDraft['tasks'];
	mms: StateDraft['mms'];
	objects: StateDraft['objects'];
	fdTables: StateDraft['fdTables'];
	fsStructs: StateDraft['fsStructs'];
	sighands: StateDraft['sighands'];
	groups: StateDraft['groups'];
	files: StateDraft['files'];
	inodes: StateDraft['inodes'];
	pipes: StateDraft['pipes'];
	anons: StateDraft['anons'];
	ipcs: StateDraft['ipcs'];
	semUndos: StateDraft['semUndos'];
	supers: StateDraft['supers'];
	mounts: StateDraft['mounts'];
	ttys: StateDraft['ttys'];
	streams: StateDraft['streams'];
	prng: StateDraft['prng'];
	freezer: StateDraft['freezer'];
	ended: StateDraft['ended'];
	readonly #state: MachineState;
	#clock: StateDraft['clock'] | undefined;
	#next: StateDraft['next'] | undefined;
	#scheduler: StateDraft['scheduler'] | undefined;
	/** In this draft and not the state's. */
	readonly copies = new Copies();

	constructor(state: MachineState) {
		this.#state = state;
		this.persona = state.persona;
		this.tasks = state.tasks;
		this.mms = state.mms;
		this.objects = state.objects;
		this.fdTables = state.fdTables;
		this.fsStructs = state.fsStructs;
		this.sighands = state.sighands;
		this.groups = state.groups;
		this.files = state.files;
		this.inodes = state.inodes;
		this.pipes = state.pipes;
		this.anons = state.anons;
		this.ipcs = state.ipcs;
		this.semUndos = state.semUndos;
		this.supers = state.supers;
		this.mounts = state.mounts;
		this.ttys = state.ttys;
		this.streams = state.streams;
		this.prng = state.prng;
		this.freezer = state.freezer;
		this.ended = state.ended;
	}

	get clock(): StateDraft['clock'] {
		this.#clock ??= { ...this.#state.clock };
		return this.#clock;
	}

	/** `next`, to be read only. */
	get counters(): MachineState['next'] {
		return this.#next ?? this.#state.next;
	}

	get next(): StateDraft['next'] {
		this.#next ??= { ...this.#state.next };
		return this.#next;
	}

	get scheduler(): StateDraft['scheduler'] {
		this.#scheduler ??= { ...this.#state.scheduler };
		return this.#scheduler;
	}

	finish(): MachineState {
		return {
			persona: this.persona,
			clock: this.#clock ?? this.#state.clock,
			next: this.#next ?? this.#state.next,
			tasks: this.tasks,
			mms: this.mms,
			objects: this.objects,
			fdTables: this.fdTables,
			fsStructs: this.fsStructs,
			sighands: this.sighands,
			groups: this.groups,
			files: this.files,
			inodes: this.inodes,
			pipes: this.pipes,
			anons: this.anons,
			ipcs: this.ipcs,
			semUndos: this.semUndos,
			supers: this.supers,
			mounts: this.mounts,
			ttys: this.ttys,
			streams: this.streams,
			scheduler: this.#scheduler ?? this.#state.scheduler,
			prng: this.prng,
			freezer: this.freezer,
			ended: this.ended,
		};
	}
}

/**
 * A draft without proxies, for the live machine: it reduces a few events at every system call, and proxies would cost more
 * than all the rest of the call.
 */
export function draftByHand(state: MachineState): StateDraft {
	return new HandDraft(state);
}

/** The state that a draft by hand has become. */
export function finishByHand(d: StateDraft): MachineState {
	assert(d instanceof HandDraft, 'a draft made by hand');
	return d.finish();
}

/** What was copied for a draft by hand; undefined for immer's. */
function copiesOf(d: StateDraft): Copies | undefined {
	return d instanceof HandDraft ? d.copies : undefined;
}

/** A copy of a task to write to: field by field, since copying so many by `...` costs 20 times as much. */
export function copyTask(t: Task): Writable<Task> {
	return {
		pid: t.pid,
		tgid: t.tgid,
		ppid: t.ppid,
		state: t.state,
		mm: t.mm,
		fdTable: t.fdTable,
		fs: t.fs,
		sighand: t.sighand,
		group: t.group,
		comm: t.comm,
		cpu: t.cpu,
		tls: t.tls,
		origAx: t.origAx,
		entry: t.entry,
		wait: t.wait,
		restartBlock: t.restartBlock,
		creds: t.creds,
		blocked: t.blocked,
		savedMask: t.savedMask,
		pending: t.pending,
		altstack: t.altstack,
		trap: t.trap,
		setTid: t.setTid,
		clearTid: t.clearTid,
		robustList: t.robustList,
		robustListLen: t.robustListLen,
		rseq: t.rseq,
		exitSignal: t.exitSignal,
		pdeathSignal: t.pdeathSignal,
		vforkParent: t.vforkParent,
		semUndo: t.semUndo,
		ns: t.ns,
		pidNs: t.pidNs,
		trace: t.trace,
		exitStatus: t.exitStatus,
		flags: t.flags,
		noNewPrivs: t.noNewPrivs,
		times: t.times,
		nice: t.nice,
		sched: t.sched,
		timerSlack: t.timerSlack,
		personality: t.personality,
	};
}

/** The counter of each table's ids; what the recorder's descriptors are has numbers of its own. */
const COUNTERS = {
	...Object.fromEntries(REF_KINDS.map((kind) => [ENTITIES[kind].table, kind])),
	tasks: 'pid',
	streams: null,
} as { readonly [K in TableName]: keyof IdCounters | null };

type Copying = { readonly [K in TableName]: (table: StateDraft[K]) => StateDraft[K] };

/**
 * Copies of tables whose ids lie close together, each by a function of its own: the engine copies such a table at once, but entry
 * by entry (200 times as long) in a place that was ever given tables of many kinds, or one that it keeps as a hash table.
 */
const COPY_DENSE: Copying = {
	tasks: (table) => ({ ...table }),
	mms: (table) => ({ ...table }),
	objects: (table) => ({ ...table }),
	fdTables: (table) => ({ ...table }),
	fsStructs: (table) => ({ ...table }),
	sighands: (table) => ({ ...table }),
	groups: (table) => ({ ...table }),
	files: (table) => ({ ...table }),
	inodes: (table) => ({ ...table }),
	pipes: (table) => ({ ...table }),
	anons: (table) => ({ ...table }),
	ipcs: (table) => ({ ...table }),
	semUndos: (table) => ({ ...table }),
	supers: (table) => ({ ...table }),
	mounts: (table) => ({ ...table }),
	ttys: (table) => ({ ...table }),
	streams: (table) => ({ ...table }),
};
/** Copies of the others, each in a place of its own for the same reason. */
const COPY_SPARSE: Copying = {
	tasks: (table) => ({ ...table }),
	mms: (table) => ({ ...table }),
	objects: (table) => ({ ...table }),
	fdTables: (table) => ({ ...table }),
	fsStructs: (table) => ({ ...table }),
	sighands: (table) => ({ ...table }),
	groups: (table) => ({ ...table }),
	files: (table) => ({ ...table }),
	inodes: (table) => ({ ...table }),
	pipes: (table) => ({ ...table }),
	anons: (table) => ({ ...table }),
	ipcs: (table) => ({ ...table }),
	semUndos: (table) => ({ ...table }),
	supers: (table) => ({ ...table }),
	mounts: (table) => ({ ...table }),
	ttys: (table) => ({ ...table }),
	streams: (table) => ({ ...table }),
};

/** Ids up to which the engine does not keep a table as a hash table; places looked at beyond, and how many of them must be taken. */
const ALWAYS_DENSE = 64;
const PLACES = 16;
const TAKEN = 4;

/** Whether a table is surely none that the engine keeps as a hash table, as it does when fewer than one id of nine is taken. */
function isDense(table: Table<unknown>, next: number): boolean {
	if (next <= ALWAYS_DENSE) return true;
	let taken = 0;
	for (let i = 1; i <= PLACES; i++) {
		if (table[Math.floor(((next - 1) * i) / PLACES)] !== undefined && ++taken === TAKEN) return true;
	}
	return false;
}

function copyTable<K extends TableName>(d: StateDraft, name: K, counters: IdCounters): void {
	const counter = COUNTERS[name];
	const table = d[name];
	d[name] = (counter === null || isDense(table, counters[counter]) ? COPY_DENSE : COPY_SPARSE)[name](table);
}

/** The table to write to. */
function writableTable<K extends TableName>(d: StateDraft, table: K): { [id: number]: StateDraft[K][number] } {
	if (d instanceof HandDraft && !d.copies.has(d[table])) {
		copyTable(d, table, d.counters);
		d.copies.add(d[table]);
	}
	return d[table] as { [id: number]: StateDraft[K][number] };
}

/** The value behind a drafted one: no proxy is made for what lies in it. Only for values that recipes replace whole. */
export function plain<T>(value: T): T {
	return isDraft(value) ? (original(value as object) as T) : value;
}

/** The fields of a drafted entity as they are now, for one that is made like it; each field is a value that recipes replace whole. */
export function fieldsOf<T extends object>(entity: T): T {
	if (!isDraft(entity)) return { ...entity };
	return Object.fromEntries(Object.entries(entity).map(([field, value]) => [field, plain(value)])) as T;
}

/** The entity of an id that must exist. */
export function entity<K extends TableName>(d: StateDraft, table: K, id: number): StateDraft[K][number] {
	const found = d[table][id] as StateDraft[K][number] | undefined;
	if (found === undefined) throw new Error(`internal error: no ${table}[${id}]`);
	const copies = copiesOf(d);
	if (copies === undefined || copies.has(found)) return found;
	const copy = (table === 'tasks' ? copyTask(found as Task) : { ...found }) as StateDraft[K][number];
	copies.add(copy);
	writableTable(d, table)[id] = copy;
	return copy;
}

/** Takes an entity out of its table, if it is there. */
export function drop(d: StateDraft, table: TableName, id: number): void {
	if (d[table][id] !== undefined) delete writableTable(d, table)[id];
}

/** Enters a new entity; its id must be free. The counter goes past it. */
export function enter<K extends TableName>(d: StateDraft, table: K, id: number, value: MachineState[K][number]): void {
	assert(Number.isSafeInteger(id) && id > 0, `${table}: bad id ${id}`);
	assert(d[table][id] === undefined, `${table}[${id}] exists already`);
	// A copy: a later recipe of the batch may write to the entity, and the event's value must not change.
	const copy = table === 'tasks' ? copyTask(value as Task) : { ...value };
	copiesOf(d)?.add(copy);
	(writableTable(d, table) as { [id: number]: unknown })[id] = copy;
	const counter = COUNTERS[table];
	if (counter !== null && d.next[counter] <= id) d.next[counter] = id + 1;
}

/** Registers after a patch. By a loop: to copy a second object into a literal is slow. */
export function patched(cpu: CpuState, regs: RegisterPatch): CpuState {
	let after: { [name: string]: unknown } | undefined;
	for (const name in regs) {
		after ??= { ...cpu };
		after[name] = regs[name as keyof RegisterPatch];
	}
	return (after as unknown as CpuState | undefined) ?? cpu;
}

/** Sets registers of a task. Frozen, they are spared immer's search for drafts in new values, which costs more than all the rest. */
export function patchRegisters(d: StateDraft, pid: number, regs: RegisterPatch): void {
	const task = entity(d, 'tasks', pid);
	const cpu = patched(plain(task.cpu), regs);
	task.cpu = isDraft(d) ? Object.freeze(cpu) : cpu;
}

/** Entities of a drafted table, ascending by id, without making proxies of those that are still as they were. To read only. */
export function entities<T>(table: { [id: number]: T }): Iterable<T> {
	return isDraft(table) ? drafted(table) : Object.values(table);
}

function* drafted<T>(table: { [id: number]: T }): Generator<T> {
	for (const id of Object.keys(table)) yield Object.getOwnPropertyDescriptor(table, id)?.value as T;
}
