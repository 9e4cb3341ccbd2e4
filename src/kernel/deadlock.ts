/** Who waits for what, in words: for whoever has to explain why nothing can run. */
import type { Task, WaitOn } from '../events/entities.ts';
import type { MachineState } from '../reducers/state.ts';
import { callName } from './abi/call-numbers.ts';
import { O } from './abi/fcntl.ts';
import { ipcText } from './ipc-text.ts';
import { conflicting } from './locks.ts';
import { isAlive } from './signal-queue.ts';
import { monotonicNs } from './timers.ts';
import { isReady } from './waits.ts';

/**
 * A line for each task that is asleep or stopped, when nothing can run and nothing is pending. None otherwise, nor when some task
 * waits for a signal alone: then one from outside is what everybody may be waiting for. With the first process gone, nobody is who
 * would be sent one.
 */
export function deadlock(state: MachineState): readonly string[] {
	if (isGoingOn(state)) return [];
	const asleep = Object.values(state.tasks).filter(
		(t) => t.state === 'sleeping' || t.state === 'stopped' || t.state === 'traced',
	);
	const left = hasEnded(state);
	if (!left && asleep.some((t) => t.state === 'sleeping' && signalEnds(state, t))) return [];
	return left || asleep.some((t) => t.state === 'sleeping') ? asleep.map((t) => waitText(state, t)) : [];
}

/** Whether the first process has ended, with all its threads. */
export function hasEnded({ persona, tasks }: MachineState): boolean {
	return !Object.values(tasks).some((t) => t.tgid === persona.firstPid && isAlive(t));
}

/** Whether something runs, may run, or is to come: by time, or from the recorder's descriptors. */
function isGoingOn(state: MachineState): boolean {
	return (
		Object.values(state.groups).some((g) => g.itimers.real.expires !== null) ||
		Object.values(state.tasks).some(
			(t) =>
				t.state === 'running' ||
				isReady(state, t) !== null ||
				(t.state === 'sleeping' && t.wait !== null && t.wait.deadline !== null) ||
				(t.wait?.on ?? []).some((on) => on.kind === 'stream-readable'),
		)
	);
}

/** `pid 3 cat: read waits for bytes in pipe:[7], which pid 2 may write`. */
export function waitText(state: MachineState, task: Task): string {
	const who = `pid ${task.pid} ${task.comm}`;
	if (task.state === 'traced') return `${who}: stands still for its tracer, pid ${task.trace?.tracer ?? 0}`;
	if (task.state === 'stopped') return `${who}: stopped by signal ${state.groups[task.group].stopSignal}`;
	return `${who}: ${callName(task.origAx)} waits for ${wantedText(state, task)}`;
}

/** What ends the sleep of a task, but for signals that have nothing to do with it. */
export function wantedText(state: MachineState, { wait }: Task): string {
	const what = (wait?.on ?? []).map((on) => onText(state, on));
	if (wait !== null && wait.deadline !== null) what.push(`${seconds(wait.deadline - monotonicNs(state))} to pass`);
	return what.length > 0 ? what.join(', or ') : 'a signal';
}

/** `0.25 s`: ns as seconds, rounded to microseconds. */
function seconds(ns: number): string {
	return `${Math.max(0, Math.round(ns / 1000) / 1e6)} s`;
}

function onText(state: MachineState, on: WaitOn): string {
	switch (on.kind) {
		case 'stream-readable':
			return `input on descriptor ${on.stream} of the recorder`;
		case 'pipe-readable':
			return `bytes in ${pipeName(state, on.pipe)}, ${holders(state, on.pipe, 'write')}`;
		case 'pipe-writable':
			return `room in ${pipeName(state, on.pipe)}, ${holders(state, on.pipe, 'read')}`;
		case 'tty-readable':
			return `input from ${ttyName(state, on)}`;
		case 'tty-writable':
			return `room in ${ttyName(state, on)}`;
		case 'anon-readable':
		case 'anon-writable':
		case 'socket-room':
			return anonText(state, on);
		case 'futex':
			return on.owner === 0 ? `a futex at ${place(state, on)}` : `the lock at ${place(state, on)}, which pid ${on.owner} holds`;
		case 'futex-requeue':
			return `a futex at ${place(state, on)}, then the lock at ${place(state, { object: on.toObject, offset: on.toOffset })}`;
		case 'child':
			return on.which === 0 ? 'a child' : on.which === 1 ? `its child ${on.id}` : `a child of process group ${on.id}`;
		case 'vfork':
			return `its vfork child ${on.child} to execute a program or end`;
		case 'pipe-end':
			return `somebody to open ${pathOf(state, on.inode)} to ${on.end}`;
		case 'semop':
		case 'msg-send':
		case 'msg-receive':
			return ipcText(state, on);
		case 'lock': {
			const held = conflicting(state.inodes[on.inode]?.locks ?? [], on.lock);
			return `a lock on ${pathOf(state, on.inode)}${held === undefined ? '' : `, which pid ${held.pid} holds`}`;
		}
	}
}

/** Whether a task waits for a signal, alone or through a signalfd. */
function signalEnds(state: MachineState, task: Task): boolean {
	const { on } = task.wait ?? { on: [] };
	const takes = (id: number): boolean => {
		const anon = state.anons[id];
		if (anon?.kind !== 'epoll') return anon?.kind === 'signalfd';
		return anon.items.some(({ file }) => {
			const inode = state.inodes[state.files[file].inode];
			return inode.kind === 'anon' && takes(inode.channel);
		});
	};
	return on.length === 0 || on.some((w) => w.kind === 'anon-readable' && takes(w.anon));
}

/** `bytes in socket:[7]`, `room in anon_inode:[eventfd]`. */
function anonText(state: MachineState, on: WaitOn & { readonly anon: number }): string {
	const inode = Object.values(state.inodes).find(
		({ kind, channel }) => (kind === 'anon' || kind === 'socket') && channel === on.anon,
	);
	return `${on.kind !== 'anon-readable' ? 'room' : 'something'} in ${inode === undefined ? 'a socket' : pathOf(state, inode.id)}`;
}

/** `/dev/pts/1`, `the master of /dev/pts/1`. */
function ttyName(state: MachineState, on: { readonly tty: number; readonly master: boolean }): string {
	return `${on.master ? 'the master of ' : ''}/dev/pts/${state.ttys[on.tty]?.index ?? '?'}`;
}

/** Private memory by its address, shared memory by its place in the object. */
function place(state: MachineState, on: { readonly object: number; readonly offset: number }): string {
	const at = `0x${(on.offset - (on.offset % 4)).toString(16)}`;
	return state.objects[on.object]?.kind === 'private' ? at : `${at} of shared memory`;
}

function pathOf(state: MachineState, inode: number): string {
	const file = Object.values(state.files).find((f) => f.inode === inode);
	return file?.path ?? state.inodes[inode]?.lowerPath ?? `inode ${inode}`;
}

function pipeName(state: MachineState, pipe: number): string {
	const inode = Object.values(state.inodes).find((i) => i.kind === 'fifo' && i.channel === pipe);
	return inode === undefined ? 'a pipe' : pathOf(state, inode.id);
}

/** Who has the other end open. */
function holders(state: MachineState, pipe: number, end: 'read' | 'write'): string {
	const pids = Object.values(state.tasks)
		.filter((t) => {
			const fds = state.fdTables[t.fdTable]?.fds ?? {};
			return Object.values(fds).some(({ file }) => {
				const { inode, flags } = state.files[file];
				const node = state.inodes[inode];
				const access = flags & O.ACCMODE;
				return node.kind === 'fifo' && node.channel === pipe && access !== (end === 'read' ? O.WRONLY : O.RDONLY);
			});
		})
		.map((t) => `pid ${t.pid}`);
	return pids.length === 0 ? `which nobody may ${end}` : `which ${pids.join(' and ')} may ${end}`;
}
