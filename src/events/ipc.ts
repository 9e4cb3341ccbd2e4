/**
 * System V IPC: segments of shared memory, sets of semaphores, queues of messages, and their events.
 * Field names follow struct kern_ipc_perm, shmid_kernel, sem_array and msg_queue of Linux (ipc/util.h, shm.c, sem.c, msg.c).
 */

/** The three classes of objects; each has numbers of its own. */
export const IPC_CLASSES = ['shm', 'sem', 'msg'] as const;
export type IpcClass = (typeof IPC_CLASSES)[number];

/** Bits of a guest-visible id below its sequence number (IPCMNI_SHIFT). */
export const SLOT_BITS = 15;

/** The guest-visible id: seq × 32768 + slot. */
export const ipcId = ({ seq, slot }: IpcObject): number => (seq << SLOT_BITS) + slot;

/** What every object has. */
interface Perm {
	/** Internal id. */
	readonly id: number;
	/** The ipc namespace that owns it: 1 = the container's, else its inode number. */
	readonly ns: number;
	/** Index among its class. */
	readonly slot: number;
	readonly seq: number;
	/** i32; 0 = private. */
	readonly key: number;
	readonly uid: number;
	readonly gid: number;
	readonly cuid: number;
	readonly cgid: number;
	/** Permission bits; of a segment also SHM_DEST 01000 (goes with its last attachment) and SHM_LOCKED 02000. */
	readonly mode: number;
	/** Realtime seconds of the last change. */
	readonly ctime: number;
}

export interface Semaphore {
	readonly value: number;
	/** Who changed it last (a process), 0 = nobody. */
	readonly pid: number;
}

export interface Message {
	/** > 0. */
	readonly type: number;
	readonly data: Uint8Array;
}

/** Where the numbers of a class in a namespace stand (struct ipc_ids): there from its first object on. */
export interface IpcIds {
	readonly id: number;
	readonly kind: 'ids';
	readonly ns: number;
	readonly of: IpcClass;
	readonly seq: number;
	/** Slot that was given last, -1 = none; where the search for the next begins. */
	readonly last: number;
	readonly next: number;
}

export interface Segment extends Perm {
	readonly kind: 'shm';
	/** The shared memory object that holds its pages. */
	readonly object: number;
	/** Bytes. */
	readonly size: number;
	/** Processes that made it, and attached or detached it last (0 = none). */
	readonly cpid: number;
	readonly lpid: number;
	/** Realtime seconds of the last attach and detach, 0 = never. */
	readonly atime: number;
	readonly dtime: number;
}

export interface SemSet extends Perm {
	readonly kind: 'sem';
	readonly sems: readonly Semaphore[];
	/** Realtime seconds of the last operation, 0 = never. */
	readonly otime: number;
}

export interface MsgQueue extends Perm {
	readonly kind: 'msg';
	/** In the order in which they came. */
	readonly messages: readonly Message[];
	/** Bytes it may hold. */
	readonly qbytes: number;
	/** Realtime seconds of the last send and receive, and the processes; 0 = none. */
	readonly stime: number;
	readonly rtime: number;
	readonly lspid: number;
	readonly lrpid: number;
}

/** What an ipc namespace owns. */
export type Ipc = IpcIds | Segment | SemSet | MsgQueue;
export type IpcObject = Segment | SemSet | MsgQueue;

/** What semaphores get back when the last task that shares the list ends (struct sem_undo_list). */
export interface SemUndo {
	readonly id: number;
	/** The set that was used first comes last. `adjust`: what is added to each of its semaphores. */
	readonly entries: readonly { readonly set: number; readonly adjust: readonly number[] }[];
}

/** One operation of semop(2): sem_num, sem_op, sem_flg. */
export interface SemOp {
	readonly num: number;
	readonly op: number;
	readonly flags: number;
}

/** Which messages msgrcv(2) takes: any, of a type, of any but a type, of the least type up to one. */
export const MSG_MODES = ['any', 'equal', 'not', 'least'] as const;

/** What a task waits for inside semop, msgsnd and msgrcv. Objects go by their guest-visible ids: they may be gone meanwhile. */
export type IpcWait =
	/** Whoever makes the operations possible makes them, and answers (`ipc/answer`). `result`: the answer. */
	| { readonly kind: 'semop'; readonly ns: number; readonly ipc: number; readonly ops: readonly SemOp[]; readonly result: number }
	/** Until the queue has room for the message, which the kernel has a copy of. */
	| { readonly kind: 'msg-send'; readonly ns: number; readonly ipc: number; readonly type: number; readonly data: Uint8Array }
	/** Whoever sends such a message hands it over. */
	| {
			readonly kind: 'msg-receive';
			readonly ns: number;
			readonly ipc: number;
			readonly type: number;
			readonly mode: (typeof MSG_MODES)[number];
			/** Where it goes, its longest text, and whether a longer one is cut (MSG_NOERROR). */
			readonly buffer: number;
			readonly size: number;
			readonly cut: boolean;
			readonly result: number;
			readonly message: Message | null;
	  };

/** Fields that events set. */
export interface IpcFields {
	readonly seq?: number;
	readonly last?: number;
	readonly next?: number;
	readonly key?: number;
	readonly uid?: number;
	readonly gid?: number;
	readonly mode?: number;
	readonly ctime?: number;
	readonly lpid?: number;
	readonly atime?: number;
	readonly dtime?: number;
	readonly otime?: number;
	readonly qbytes?: number;
	readonly stime?: number;
	readonly rtime?: number;
	readonly lspid?: number;
	readonly lrpid?: number;
}

export type IpcEvent =
	/** An object appears (a segment's memory by `object/new` before it), or the numbers of a class. */
	| { readonly kind: 'ipc/new'; readonly ipc: Ipc }
	| { readonly kind: 'ipc/set'; readonly ipc: number; readonly fields: IpcFields }
	/** It goes, with its memory, its messages, and what was to be undone of it. */
	| { readonly kind: 'ipc/remove'; readonly ipc: number }
	/** A sleeping semop or msgrcv is over: its result, and the message if it was handed one. */
	| { readonly kind: 'ipc/answer'; readonly task: number; readonly result: number; readonly message: Message | null }
	| { readonly kind: 'sem/set'; readonly ipc: number; readonly changes: readonly (Semaphore & { readonly num: number })[] }
	/** A task gets a list of what is to be undone, empty so far. */
	| { readonly kind: 'sem/list'; readonly task: number; readonly undo: SemUndo }
	/** What is to be added to the semaphores of a set when the list ends. */
	| { readonly kind: 'sem/adjust'; readonly undo: number; readonly set: number; readonly adjust: readonly number[] }
	/** A task leaves its list; the list goes with the last one. */
	| { readonly kind: 'sem/leave'; readonly task: number }
	| { readonly kind: 'msg/put'; readonly ipc: number; readonly message: Message }
	| { readonly kind: 'msg/take'; readonly ipc: number; readonly index: number };
