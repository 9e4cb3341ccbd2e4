/**
 * Numbers and layouts of System V IPC (include/uapi/linux/{ipc,shm,sem,msg}.h, include/linux/{shm,sem,msg}.h; the structs of i386).
 * Each struct has an old layout with 16-bit ids and one that IPC_64 asks for; the direct calls always have the latter.
 */
import type { IpcObject, MsgQueue, Segment, SemSet } from '../../events/ipc.ts';
import type { Name } from './names.ts';
import { setWords, viewOf } from './words.ts';

/** Flags of the get calls and of operations. */
export const IPC = { CREAT: 0o1000, EXCL: 0o2000, NOWAIT: 0o4000 } as const;
/** Commands of all three control calls. */
export const CTL = { RMID: 0, SET: 1, STAT: 2, INFO: 3 } as const;
/** Beside a command: structs of the newer layout. */
export const IPC_64 = 0x100;
export const SHM = { RDONLY: 0o10000, RND: 0o20000, REMAP: 0o40000, EXEC: 0o100000 } as const;
export const SHM_GET = { HUGETLB: 0o4000, NORESERVE: 0o10000 } as const;
/** Mode bits of a segment (SHM_DEST is in reducers/ipc.ts). */
export const SHM_LOCKED = 0o2000;
export const SHM_CTL = { LOCK: 11, UNLOCK: 12, STAT: 13, INFO: 14, STAT_ANY: 15 } as const;
export const SEM_UNDO = 0x1000;
export const SEM_CTL = {
	GETPID: 11,
	GETVAL: 12,
	GETALL: 13,
	GETNCNT: 14,
	GETZCNT: 15,
	SETVAL: 16,
	SETALL: 17,
	STAT: 18,
	INFO: 19,
	STAT_ANY: 20,
} as const;
export const MSG_FLAG = { NOERROR: 0o10000, EXCEPT: 0o20000, COPY: 0o40000 } as const;
export const MSG_CTL = { STAT: 11, INFO: 12, STAT_ANY: 13 } as const;

export { ipcId, SLOT_BITS } from '../../events/ipc.ts';

/** The range in which slots are handed out round and round. */
export const MIN_CYCLE = 64;
export const SEQ_MAX = 0xffff;

/** Limits as a namespace begins with them. Bytes, but `all` (pages) and counts. */
export const SHM_LIMIT = { max: 0xfeffffff, min: 1, mni: 4096, all: 0xfeffffff } as const;
export const SEM_LIMIT = { msl: 32000, mns: 32000 * 32000, opm: 500, mni: 32000, vmx: 32767, aem: 32767 } as const;
export const MSG_LIMIT = { max: 8192, mni: 32000, mnb: 16384 } as const;

function words(...list: readonly number[]): Uint8Array {
	const bytes = new Uint8Array(list.length * 4);
	setWords(viewOf(bytes), 0, list);
	return bytes;
}

const OVERFLOW_ID = 65534;
const id16 = (id: number): number => (id > 0xffff ? OVERFLOW_ID : id);
const pair = (low: number, high: number): number => (((high & 0xffff) << 16) | (low & 0xffff)) >>> 0;
const cap16 = (n: number): number => Math.min(n, 0xffff);

/** struct ipc64_perm (36 bytes), struct ipc_perm (16). */
function perm(o: IpcObject, wide: boolean): readonly number[] {
	if (wide) return [o.key, o.uid, o.gid, o.cuid, o.cgid, o.mode, o.seq, 0, 0];
	return [o.key, pair(id16(o.uid), id16(o.gid)), pair(id16(o.cuid), id16(o.cgid)), pair(o.mode, o.seq)];
}

/** struct shmid64_ds, or shmid_ds. */
export function packSegment(o: Segment, attached: number, wide: boolean): Uint8Array {
	const { size, atime, dtime, ctime, cpid, lpid } = o;
	if (wide) return words(...perm(o, wide), size, atime, 0, dtime, 0, ctime, 0, cpid, lpid, attached, 0, 0);
	return words(...perm(o, wide), size, atime, dtime, ctime, pair(cpid, lpid), attached & 0xffff, 0, 0);
}

/** struct semid64_ds, or semid_ds. */
export function packSemSet(o: SemSet, wide: boolean): Uint8Array {
	const { otime, ctime, sems } = o;
	if (wide) return words(...perm(o, wide), otime, 0, ctime, 0, sems.length, 0, 0);
	return words(...perm(o, wide), otime, ctime, 0, 0, 0, 0, sems.length);
}

export const bytesIn = (o: MsgQueue): number => o.messages.reduce((n, m) => n + m.data.length, 0);

/** struct msqid64_ds, or msqid_ds. */
export function packQueue(o: MsgQueue, wide: boolean): Uint8Array {
	const { stime, rtime, ctime, qbytes, lspid, lrpid } = o;
	const held = bytesIn(o);
	const count = o.messages.length;
	if (wide) return words(...perm(o, wide), stime, 0, rtime, 0, ctime, 0, held, count, qbytes, lspid, lrpid, 0, 0);
	const short = [pair(cap16(held), cap16(count)), pair(cap16(qbytes), lspid), lrpid & 0xffff];
	return words(...perm(o, wide), 0, 0, stime, rtime, ctime, held, qbytes, ...short);
}

export const SIZES = { shm: [48, 84], sem: [44, 64], msg: [56, 88] } as const;

/** What IPC_SET takes from a struct: ids, mode, and of a queue its capacity. */
export interface Settings {
	readonly uid: number;
	readonly gid: number;
	readonly mode: number;
	readonly qbytes: number;
}

/** @param bytes of SIZES */
export function unpackSettings(of: keyof typeof SIZES, bytes: Uint8Array, wide: boolean): Settings {
	const v = viewOf(bytes);
	const word = (i: number) => v.getUint32(i * 4, true);
	if (wide) return { uid: word(1), gid: word(2), mode: word(5) & 0xffff, qbytes: of === 'msg' ? word(17) : 0 };
	const qbytes = of === 'msg' ? v.getUint16(48, true) || word(10) : 0;
	return { uid: v.getUint16(4, true), gid: v.getUint16(6, true), mode: v.getUint16(12, true), qbytes };
}

const INT_MAX = 0x7fffffff;

/** struct shminfo64, or shminfo. */
export function packShmLimits(wide: boolean): Uint8Array {
	const { max, min, mni, all } = SHM_LIMIT;
	return wide ? words(max, min, mni, mni, all, 0, 0, 0, 0) : words(Math.min(max, INT_MAX), min, mni, mni, all);
}

/** struct shm_info. Segments, and pages of them all and of those in memory. */
export function packShmUse(count: number, total: number, resident: number): Uint8Array {
	return words(count, total, resident, 0, 0, 0);
}

/** struct seminfo. @param used sets and semaphores, for SEM_INFO */
export function packSemInfo(used: readonly [sets: number, sems: number] | null): Uint8Array {
	const { msl, mns, opm, mni, vmx, aem } = SEM_LIMIT;
	return words(mns, mni, mns, mns, msl, opm, opm, used?.[0] ?? 20, vmx, used?.[1] ?? aem);
}

/** struct msginfo. @param used queues, messages and bytes, for MSG_INFO */
export function packMsgInfo(used: readonly [queues: number, messages: number, bytes: number] | null): Uint8Array {
	const { max, mni, mnb } = MSG_LIMIT;
	const [pool, map, tql] = used ?? [(mni * mnb) / 1024, mnb, mnb];
	return words(pool, map, max, mnb, mni, 16, tql, 0xffff);
}

const names = (prefix: string, table: { readonly [name: string]: number }): Name[] =>
	Object.entries(table).map(([name, n]) => [n, `${prefix}${name}`] as const);

/** Names for the argument kinds `flags:` and `enum:`. */
export const IPC_FLAGS: { readonly [table: string]: readonly Name[] } = {
	ipc_get: [...names('IPC_', { CREAT: IPC.CREAT, EXCL: IPC.EXCL })],
	shm_get: [...names('IPC_', { CREAT: IPC.CREAT, EXCL: IPC.EXCL }), ...names('SHM_', SHM_GET)],
	shm_at: names('SHM_', SHM),
	sem_op: [
		[IPC.NOWAIT, 'IPC_NOWAIT'],
		[SEM_UNDO, 'SEM_UNDO'],
	],
	msg_flag: [...names('MSG_', MSG_FLAG), [IPC.NOWAIT, 'IPC_NOWAIT']],
};
const COMMON = names('IPC_', CTL);
export const IPC_ENUMS: { readonly [table: string]: readonly Name[] } = {
	shm_cmd: [...COMMON, ...names('SHM_', SHM_CTL)],
	msg_cmd: [...COMMON, ...names('MSG_', MSG_CTL)],
	sem_cmd: [
		...COMMON,
		...Object.entries(SEM_CTL).map(([name, n]) => [n, /^(GET|SET)/.test(name) ? name : `SEM_${name}`] as const),
	],
};
