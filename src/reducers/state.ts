/**
 * MachineState: the whole machine as one immutable value, managed by immer. Shared kernel objects are entities with ids,
 * referred to by id as Linux refers to them by pointer; ids come from `next` and no decision may depend on an id's value.
 * Tables are records keyed by id: JavaScript iterates integer keys in ascending order, whatever the insertion order.
 */
import type {
	Anon,
	Clock,
	FdTable,
	FsStruct,
	IdCounters,
	Inode,
	MemoryObject,
	Mm,
	OpenFile,
	Pipe,
	Scheduler,
	Sighand,
	Stream,
	Table,
	Task,
	ThreadGroup,
} from '../events/entities.ts';
import type { Ipc, SemUndo } from '../events/ipc.ts';
import type { Mount, SuperBlock } from '../events/mounts.ts';
import type { Persona } from '../events/persona.ts';
import type { Tty } from '../events/tty.ts';

export type * from '../events/entities.ts';
export { Restart, Vm } from '../events/entities.ts';
export type * from '../events/ipc.ts';
export type * from '../events/mounts.ts';
export type * from '../events/tty.ts';

export interface MachineState {
	readonly persona: Persona;
	readonly clock: Clock;
	/** The next id of each kind of entity. `ino` is guest-visible. */
	readonly next: IdCounters;
	/** By pid (of a thread: its tid). */
	readonly tasks: Table<Task>;
	readonly mms: Table<Mm>;
	readonly objects: Table<MemoryObject>;
	readonly fdTables: Table<FdTable>;
	readonly fsStructs: Table<FsStruct>;
	readonly sighands: Table<Sighand>;
	/** Thread groups (Linux: signal_struct), by id. */
	readonly groups: Table<ThreadGroup>;
	readonly files: Table<OpenFile>;
	readonly inodes: Table<Inode>;
	readonly pipes: Table<Pipe>;
	/** What stands behind descriptors without a name: events, timers, signals, epolls, sockets. */
	readonly anons: Table<Anon>;
	/** System V IPC: segments, semaphore sets, message queues, and how their numbers go on. */
	readonly ipcs: Table<Ipc>;
	readonly semUndos: Table<SemUndo>;
	/** File systems, and where they are mounted. */
	readonly supers: Table<SuperBlock>;
	readonly mounts: Table<Mount>;
	/** Terminals, the recorder's and pseudo-terminals. */
	readonly ttys: Table<Tty>;
	/** What descriptors 0, 1, 2 of the recorder are: the guest's way in and out. */
	readonly streams: Table<Stream>;
	readonly scheduler: Scheduler;
	/** Seeded generator behind getrandom, /dev/urandom, AT_RANDOM: four u32 words (xoshiro128**). */
	readonly prng: readonly [number, number, number, number];
	/** State of the container's freezer. */
	readonly freezer: 'thawed' | 'frozen' | 'checkpointing';
	/** Set when the machine has come to its end: nothing will ever run again. */
	readonly ended: boolean;
}
