/** Reducers of System V IPC, and life times there: a segment that was removed goes with its last attachment. */
import { assert, assertNever } from '../events/assert.ts';
import type { Ipc, IpcEvent } from '../events/ipc.ts';
import type { StateDraft, Writable } from './draft.ts';
import { drop, enter, entities, entity, plain } from './draft.ts';

/** Mode bit of a segment that is to go with its last attachment. */
export const SHM_DEST = 0o1000;

export function reduceIpc(d: StateDraft, e: IpcEvent): void {
	switch (e.kind) {
		case 'ipc/new':
			enter(d, 'ipcs', e.ipc.id, e.ipc);
			return;
		case 'ipc/set':
			Object.assign(entity(d, 'ipcs', e.ipc), e.fields);
			return;
		case 'ipc/remove':
			dropIpc(d, e.ipc);
			return;
		case 'ipc/answer': {
			const task = entity(d, 'tasks', e.task);
			const wait = plain(task.wait);
			const on = wait?.on[0];
			assert(on?.kind === 'semop' || on?.kind === 'msg-receive', 'a task that is answered waits in semop or msgrcv');
			const { result, message } = e;
			task.wait = { ...wait!, on: [on.kind === 'semop' ? { ...on, result } : { ...on, result, message }], fired: 0 };
			return;
		}
		case 'sem/set': {
			const set = member(d, e.ipc, 'sem');
			const sems = [...plain(set.sems)];
			for (const { num, value, pid } of e.changes) {
				assert(num < sems.length, 'a semaphore of the set');
				sems[num] = { value, pid };
			}
			set.sems = sems;
			return;
		}
		case 'sem/list':
			enter(d, 'semUndos', e.undo.id, e.undo);
			entity(d, 'tasks', e.task).semUndo = e.undo.id;
			return;
		case 'sem/adjust': {
			const undo = entity(d, 'semUndos', e.undo);
			const entries = plain(undo.entries);
			const at = entries.findIndex((entry) => entry.set === e.set);
			const entry = { set: e.set, adjust: e.adjust };
			undo.entries = at < 0 ? [entry, ...entries] : entries.with(at, entry);
			return;
		}
		case 'sem/leave': {
			const task = entity(d, 'tasks', e.task);
			const { semUndo } = task;
			task.semUndo = 0;
			for (const other of entities(d.tasks)) if (other.semUndo === semUndo) return;
			drop(d, 'semUndos', semUndo);
			return;
		}
		case 'msg/put': {
			const queue = member(d, e.ipc, 'msg');
			queue.messages = [...plain(queue.messages), e.message];
			return;
		}
		case 'msg/take': {
			const queue = member(d, e.ipc, 'msg');
			assert(e.index < queue.messages.length, 'a message of the queue');
			queue.messages = plain(queue.messages).filter((_, i) => i !== e.index);
			return;
		}
		default:
			assertNever(e, 'event');
	}
}

function member<K extends Ipc['kind']>(d: StateDraft, id: number, kind: K): Writable<Extract<Ipc, { kind: K }>> {
	const found = entity(d, 'ipcs', id);
	assert(found.kind === kind, `ipc ${id} is no ${kind}`);
	return found as Writable<Extract<Ipc, { kind: K }>>;
}

function dropIpc(d: StateDraft, id: number): void {
	const ipc = d.ipcs[id];
	if (ipc === undefined) return;
	const { kind } = ipc;
	if (kind === 'shm') drop(d, 'objects', ipc.object);
	drop(d, 'ipcs', id);
	if (kind !== 'sem') return;
	for (const { id: list, entries } of entities(d.semUndos)) {
		if (!plain(entries).some(({ set }) => set === id)) continue;
		entity(d, 'semUndos', list).entries = plain(entries).filter(({ set }) => set !== id);
	}
}

/** What an ipc namespace owned goes with it (free_ipc_ns); a segment that is attached yet, with its last attachment. */
export function dropIpcNamespace(d: StateDraft, ns: number, isMapped: (object: number) => boolean): void {
	for (const ipc of Object.values(plain(d.ipcs))) {
		if (ipc.ns !== ns || d.ipcs[ipc.id] === undefined) continue;
		if (ipc.kind !== 'shm' || !isMapped(ipc.object)) dropIpc(d, ipc.id);
		else Object.assign(member(d, ipc.id, 'shm'), { key: 0, mode: ipc.mode | SHM_DEST });
	}
}

/** Memory that nobody has mapped any more. @returns whether a segment holds it on, or has gone with it */
export function detachSegment(d: StateDraft, object: number): boolean {
	for (const ipc of entities(d.ipcs)) {
		if (ipc.kind !== 'shm' || ipc.object !== object) continue;
		if (ipc.mode & SHM_DEST) dropIpc(d, ipc.id);
		return true;
	}
	return false;
}
