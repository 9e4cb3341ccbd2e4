/** What the three classes of System V IPC share: numbers, keys, permissions, control (ipc/util.c of Linux 6.1). */
import type { IpcClass, IpcFields, IpcIds, IpcObject } from '../events/ipc.ts';
import type { MachineState, Task } from '../reducers/state.ts';
import { Errno } from './abi/errno.ts';
import { IPC, ipcId, MIN_CYCLE, SEQ_MAX, type Settings, SIZES, SLOT_BITS, unpackSettings } from './abi/ipc.ts';
import type { Decision } from './decision.ts';
import { namespace, ROOT_INO } from './namespaces.ts';
import { inGroup } from './permissions.ts';

type ObjectOf<K extends IpcClass> = Extract<IpcObject, { kind: K }>;

/** IPCMNI: slots there can be. */
const SLOTS = 1 << SLOT_BITS;
const RWX = 0o777;
/** What a get call asks for when the object is there. */
export const READ = 0o444;
export const WRITE = 0o222;

/** The ipc namespace of the caller: 1 is the container's, another is its inode number. */
export function ipcNs(d: Decision): number {
	const { ns } = d.task;
	if (ns === null || ns.ipc === 0) return 1;
	const { ino } = namespace(d.state, ns.ipc);
	return ino === ROOT_INO.ipc ? 1 : ino;
}

/** Realtime seconds. */
export const seconds = (d: Decision): number => Number(d.realNow / 1_000_000_000n);

/** The caller's process, as objects remember it. The task may be gone already when its memory goes. */
export function callerPid(d: Decision): number {
	return (d.state.tasks[d.pid] ?? d.view.state.tasks[d.pid]).tgid;
}

/** The objects of a class that a namespace has, by slot. */
export function objectsOf<K extends IpcClass>(state: MachineState, of: K, ns: number): readonly ObjectOf<K>[] {
	const found: ObjectOf<K>[] = [];
	for (const ipc of Object.values(state.ipcs)) if (ipc.kind === of && ipc.ns === ns) found.push(ipc as ObjectOf<K>);
	return found.sort((a, b) => a.slot - b.slot);
}

/** The object with an id, or undefined: there is none, or another has its slot by now. */
export function findIpc<K extends IpcClass>(state: MachineState, of: K, ns: number, id: number): ObjectOf<K> | undefined {
	return objectsOf(state, of, ns).find((o) => ipcId(o) === id);
}

/** ipc_obtain_object_check, or with `stat` (SHM_STAT and the like) by the slot alone. -EINVAL */
export function obtain<K extends IpcClass>(d: Decision, of: K, id: number, stat = false): ObjectOf<K> | number {
	const found = objectsOf(d.state, of, ipcNs(d)).find((o) => (stat ? o.slot === (id & (SLOTS - 1)) : ipcId(o) === id));
	return found ?? -Errno.EINVAL;
}

/** The highest slot that is used, 0 when none is: what the INFO commands answer. */
export function highestSlot(d: Decision, of: IpcClass): number {
	return objectsOf(d.state, of, ipcNs(d)).at(-1)?.slot ?? 0;
}

/** ipcperms: whether the caller may do what `flag` (permission bits, in any of the three places) asks for. */
export function allowed({ creds }: Task, o: IpcObject, flag: number): boolean {
	const wanted = (flag >> 6) | (flag >> 3) | flag;
	const who = { uid: creds.euid, gid: creds.fsgid, groups: creds.groups };
	const shift = who.uid === o.cuid || who.uid === o.uid ? 6 : inGroup(who, o.cgid) || inGroup(who, o.gid) ? 3 : 0;
	// CAP_IPC_OWNER: the container's root has it.
	return (wanted & ~(o.mode >> shift) & 7) === 0 || who.uid === 0;
}

/** Fields of a new object that all classes have; -ENOSPC when `limit` objects are there. Emits how the numbers go on. */
export function newPerm(d: Decision, of: IpcClass, key: number, flags: number, limit: number) {
	const ns = ipcNs(d);
	const objects = objectsOf(d.state, of, ns);
	if (objects.length >= limit) return -Errno.ENOSPC;
	const ids = Object.values(d.state.ipcs).find((i): i is IpcIds => i.kind === 'ids' && i.ns === ns && i.of === of);
	const taken = new Set(objects.map((o) => o.slot));
	const end = Math.min(Math.max(Math.floor((objects.length * 3) / 2), MIN_CYCLE), SLOTS);
	let slot = ids?.next ?? 0;
	while (slot < end && taken.has(slot)) slot++;
	if (slot >= end) for (slot = 0; taken.has(slot); ) slot++;
	if (slot >= end) return -Errno.ENOSPC;
	let seq = ids?.seq ?? 0;
	if (ids !== undefined && slot <= ids.last) seq = seq + 1 >= SEQ_MAX ? 0 : seq + 1;
	if (ids === undefined) {
		d.emit({ kind: 'ipc/new', ipc: { id: d.state.next.ipc, kind: 'ids', ns, of, seq, last: slot, next: slot + 1 } });
	} else d.emit({ kind: 'ipc/set', ipc: ids.id, fields: { seq, last: slot, next: slot + 1 } });
	const { euid, egid } = d.task.creds;
	const owner = { uid: euid, gid: egid, cuid: euid, cgid: egid };
	return { id: d.state.next.ipc, ns, slot, seq, key: key | 0, ...owner, mode: flags & RWX, ctime: seconds(d) };
}

/**
 * ipcget: the id of the object with a key, made where it is missing and IPC_CREAT says so.
 * @param misfit whether one that is there is too small for what is asked
 */
export function getIpc<K extends IpcClass>(
	d: Decision,
	of: K,
	key: number,
	flags: number,
	misfit: (o: ObjectOf<K>) => boolean,
	make: () => number,
): number {
	if (key === 0) return make();
	const found = objectsOf(d.state, of, ipcNs(d)).find((o) => o.key === (key | 0));
	if (found === undefined) return flags & IPC.CREAT ? make() : -Errno.ENOENT;
	if (flags & IPC.CREAT && flags & IPC.EXCL) return -Errno.EEXIST;
	if (misfit(found)) return -Errno.EINVAL;
	return allowed(d.task, found, flags) ? ipcId(found) : -Errno.EACCES;
}

/** What IPC_SET is given. -EFAULT */
export function readSettings(d: Decision, of: IpcClass, at: number, wide: boolean): Settings | number {
	const bytes = d.read(at, SIZES[of][wide ? 1 : 0]);
	return bytes === undefined ? -Errno.EFAULT : unpackSettings(of, bytes, wide);
}

/** ipcctl_obtain_check: the object that its owner, its creator or root wants to change. -EINVAL, -EPERM */
export function obtainToChange<K extends IpcClass>(d: Decision, of: K, id: number): ObjectOf<K> | number {
	const found = obtain(d, of, id);
	if (typeof found === 'number') return found;
	const { euid } = d.task.creds;
	return euid === found.cuid || euid === found.uid || euid === 0 ? found : -Errno.EPERM;
}

const NOBODY = 0xffffffff;

/** ipc_update_perm: what IPC_SET makes of an object; undefined = EINVAL. */
export function changedPerm(d: Decision, o: IpcObject, { uid, gid, mode }: Settings): IpcFields | undefined {
	if (uid === NOBODY || gid === NOBODY) return undefined;
	return { uid, gid, mode: (o.mode & ~RWX) | (mode & RWX), ctime: seconds(d) };
}

/** Writes an answer; `result` when that can be done. */
export const tell = (d: Decision, at: number, bytes: Uint8Array, result: number): number =>
	d.write(at, bytes) ? result : -Errno.EFAULT;
