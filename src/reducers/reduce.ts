/**
 * (state, events) → state. One immer recipe per batch; a batch reduces to what its events reduce to one by one.
 * What an event does is in the file of its group.
 */
import { Immer } from 'immer';
import { assertNever } from '../events/assert.ts';
import { groupOf } from '../events/catalogue.ts';
import type { KernelEvent, MachineEvent, RunEvent } from '../events/event.ts';
import type { FileEvent } from '../events/files.ts';
import type { InputEvent } from '../events/input.ts';
import type { IpcEvent } from '../events/ipc.ts';
import type { MemoryEvent } from '../events/memory.ts';
import type { MountEvent } from '../events/mounts.ts';
import type { RestoreEvent } from '../events/restore.ts';
import type { SignalEvent } from '../events/signals.ts';
import type { TaskEvent } from '../events/task.ts';
import type { TtyEvent } from '../events/tty.ts';
import { reduceRun, runOf } from './cpu.ts';
import { draftByHand, finishByHand, type StateDraft } from './draft.ts';
import { reduceFile } from './files.ts';
import { reduceInput } from './input.ts';
import { reduceIpc } from './ipc.ts';
import { reduceMemory } from './memory.ts';
import { reduceMount } from './mounts.ts';
import { reduceRestore } from './restore.ts';
import { reduceSignal } from './signals.ts';
import type { MachineState } from './state.ts';
import { reduceTask } from './task.ts';
import { reduceTty } from './tty.ts';

/** Freezing every new state costs more than making it: only tests do, to find who writes to one. */
const immer = new Immer({ autoFreeze: false });

/** Tests: whether states are frozen, deeply, as they are made. */
export function freezeStates(on: boolean): void {
	immer.setAutoFreeze(on);
}

/** The state after the events. Throws (an assertion) on an event that does not fit the state. */
export function reduce(state: MachineState, events: readonly MachineEvent[]): MachineState {
	for (let from = 0; from < events.length; ) {
		// Single steps are reduced against a finished state: they read memory far too often for a draft.
		let to = from;
		while (to < events.length && events[to].kind !== 'cpu/steps') to++;
		if (to > from) state = recipe(state, events.slice(from, to));
		const steps = events[to];
		if (steps?.kind === 'cpu/steps') state = recipe(state, [runOf(state, steps)]);
		from = to + 1;
	}
	return state;
}

function recipe(state: MachineState, events: readonly MachineEvent[]): MachineState {
	return immer.produce(state, (draft) => {
		for (const event of events) reduceOne(draft as unknown as StateDraft, event);
	});
}

/** As `reduce`, without immer: for the live machine, which reduces a few events at every system call. */
export function fold(state: MachineState, events: readonly KernelEvent[]): MachineState {
	const draft = draftByHand(state);
	for (const event of events) reduceOne(draft, event);
	return finishByHand(draft);
}

/** The catalogue's types see to it that a kind's group is the union the event belongs to. */
function reduceOne(d: StateDraft, e: MachineEvent): void {
	const group = groupOf(e.kind);
	switch (group) {
		case 'cpu':
			reduceRun(d, e as RunEvent);
			break;
		case 'task':
			reduceTask(d, e as TaskEvent);
			break;
		case 'memory':
			reduceMemory(d, e as MemoryEvent);
			break;
		case 'files':
			reduceFile(d, e as FileEvent);
			break;
		case 'mounts':
			reduceMount(d, e as MountEvent);
			break;
		case 'ipc':
			reduceIpc(d, e as IpcEvent);
			break;
		case 'tty':
			reduceTty(d, e as TtyEvent);
			break;
		case 'signals':
			reduceSignal(d, e as SignalEvent);
			break;
		case 'input':
			reduceInput(d, e as InputEvent);
			break;
		case 'restore':
			reduceRestore(d, e as RestoreEvent);
			break;
		default:
			assertNever(group, 'group of events');
	}
}
