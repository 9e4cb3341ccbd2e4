/** What a task waits for in System V IPC, in words. */
import type { IpcWait, SemSet } from '../events/ipc.ts';
import type { MachineState, Task } from '../reducers/state.ts';
import { bytesIn } from './abi/ipc.ts';
import { findIpc } from './ipc.ts';
import { tryOps } from './semaphores.ts';

/** `semaphore 0 of set 5 to be 2 or more (it is 0, pid 7 changed it last)`, `room for 8 bytes in message queue 3`. */
export function ipcText(state: MachineState, on: IpcWait): string {
	switch (on.kind) {
		case 'semop': {
			const set = findIpc(state, 'sem', on.ns, on.ipc);
			return set === undefined ? `semaphore set ${on.ipc}, which is gone` : semText(state, set, on);
		}
		case 'msg-send': {
			const queue = findIpc(state, 'msg', on.ns, on.ipc);
			const held = queue === undefined ? '' : ` (${queue.messages.length} messages, ${bytesIn(queue)} of ${queue.qbytes} bytes)`;
			return `room for ${on.data.length} bytes in message queue ${on.ipc}${held}`;
		}
		case 'msg-receive': {
			const kind = {
				any: '',
				equal: ` of type ${on.type}`,
				not: ` of another type than ${on.type}`,
				least: ` of a type up to ${on.type}`,
			};
			return `a message${kind[on.mode]} in message queue ${on.ipc}`;
		}
	}
}

function semText(state: MachineState, set: SemSet, on: IpcWait & { readonly kind: 'semop' }): string {
	const tried = tryOps(set, on.ops, undefined);
	if (!('blocking' in tried)) return `semaphore set ${on.ipc}`;
	const { num, op } = tried.blocking;
	const { value, pid } = set.sems[num];
	const wanted = op === 0 ? '0' : `${-op} or more`;
	const holders = Object.values(state.tasks)
		.filter((task) => mayGiveBack(state, task, set, num))
		.map((task) => `pid ${task.pid}`);
	const last = pid === 0 ? '' : `, pid ${pid} changed it last`;
	const undo = holders.length === 0 ? '' : `, ${holders.join(' and ')} would give back at the end`;
	return `semaphore ${num} of set ${on.ipc} to be ${wanted} (it is ${value}${last}${undo})`;
}

/** Whether the end of a task would add to a semaphore (SEM_UNDO). */
function mayGiveBack(state: MachineState, { semUndo }: Task, set: SemSet, num: number): boolean {
	const entry = state.semUndos[semUndo]?.entries.find((e) => e.set === set.id);
	return entry !== undefined && entry.adjust[num] > 0;
}
