/** Whether a sleeping task may go on. A question about a state; nothing here changes one. */
import type { Task, WaitOn } from '../events/entities.ts';
import type { KernelEvent } from '../events/event.ts';
import type { MsgQueue } from '../events/ipc.ts';
import { type MachineState, Restart } from '../reducers/state.ts';
import { O } from './abi/fcntl.ts';
import { bytesIn } from './abi/ipc.ts';
import { POLL } from './abi/poll.ts';
import { hasSignal, Sig } from './abi/signal.ts';
import { findIpc } from './ipc.ts';
import { conflicting } from './locks.ts';
import { anonReadiness, EVENTFD_MAX, hasSocketRoom, type Looker, READABLE } from './poll.ts';
import { isIgnored, signalTarget } from './signal-queue.ts';
import { monotonicNs } from './timers.ts';
import { ttyHasInput, ttyHasRoom } from './tty/data.ts';

/**
 * Why a sleeping task goes on, or null when it does not: what it waits for is there, its deadline has passed, or a signal
 * that it does not block and that does something (or that it waits for) is pending; in this order.
 */
export function isReady(state: MachineState, task: Task): 'ready' | 'timeout' | 'signal' | null {
	const { wait } = task;
	if (task.state !== 'sleeping' || wait === null) return null;
	if (wait.fired >= 0) return 'ready';
	if (wait.on.some((on) => isThere({ state, task, group: state.groups[task.group] }, on))) return 'ready';
	if (wait.deadline !== null && wait.deadline <= monotonicNs(state)) return 'timeout';
	return hasReason(state, task) ? 'signal' : null;
}

function isThere(look: Looker, on: WaitOn): boolean {
	const { state } = look;
	switch (on.kind) {
		case 'stream-readable': {
			const stream = state.streams[on.stream];
			return stream.unread.length > 0 || stream.eof;
		}
		case 'pipe-readable': {
			const pipe = state.pipes[on.pipe];
			return pipe.data.length > 0 || !hasEnd(state, on.pipe, 'write');
		}
		case 'pipe-writable': {
			const pipe = state.pipes[on.pipe];
			return pipe.capacity - pipe.data.length >= on.bytes || !hasEnd(state, on.pipe, 'read');
		}
		case 'pipe-end': {
			const inode = state.inodes[on.inode];
			return inode === undefined || (inode.channel !== 0 && hasEnd(state, inode.channel, on.end));
		}
		case 'anon-readable': {
			const anon = state.anons[on.anon];
			return anon === undefined || (anonReadiness(look, anon).mask & (READABLE | POLL.HUP | POLL.ERR)) !== 0;
		}
		case 'anon-writable': {
			const anon = state.anons[on.anon];
			if (anon?.kind === 'eventfd') return BigInt(on.bytes) <= EVENTFD_MAX - anon.count;
			return hasSocketRoom(state, anon, true, on.bytes === 0);
		}
		case 'tty-readable':
			return ttyHasInput(state, on.tty, on.master, on.bytes);
		case 'tty-writable':
			return ttyHasRoom(state, on.tty, on.master);
		case 'socket-room':
			return hasSocketRoom(state, state.anons[on.anon], false, on.bytes === 0);
		case 'lock':
			return conflicting(state.inodes[on.inode]?.locks ?? [], on.lock) === undefined;
		case 'msg-send': {
			const queue = findIpc(state, 'msg', on.ns, on.ipc);
			return queue === undefined || hasRoom(queue, on.data.length);
		}
		case 'semop':
		case 'msg-receive':
		case 'futex':
		case 'futex-requeue':
		case 'child':
		case 'vfork':
			// Woken by the one who changes what they wait for (wait/fire), not by looking.
			return false;
	}
}

/** msg_fits_inqueue. @param length of a message, in bytes */
export function hasRoom(queue: MsgQueue, length: number): boolean {
	return bytesIn(queue) + length <= queue.qbytes && queue.messages.length + 1 <= queue.qbytes;
}

/** Whether an open file can write to (read from) the pipe. */
function hasEnd(state: MachineState, pipe: number, end: 'read' | 'write'): boolean {
	return Object.values(state.files).some((file) => {
		const inode = state.inodes[file.inode];
		if (inode?.kind !== 'fifo' || inode.channel !== pipe) return false;
		if (file.flags & O.PATH) return false;
		const access = file.flags & O.ACCMODE;
		return access === O.RDWR || access === (end === 'read' ? O.RDONLY : O.WRONLY);
	});
}

/** Whether a pending signal interrupts the wait. */
function hasReason(state: MachineState, task: Task): boolean {
	const { wait, blocked } = task;
	// Such a wait ends by SIGKILL alone, but for a lock with priority inheritance, which is asked for again after any signal.
	const on = wait?.on[0]?.kind;
	const killable = wait?.restart === Restart.NOINTR && on !== 'futex' && on !== 'futex-requeue';
	const { pending, stopSignal } = state.groups[task.group];
	if (stopSignal !== 0 && !killable && !task.trace?.released) return true;
	if (task.trace?.interrupt && !killable) return true;
	const acts = (signo: number): boolean => {
		if (wait !== null && hasSignal(wait.signals, signo)) return true;
		if (killable && signo !== Sig.SIGKILL) return false;
		return !hasSignal(blocked, signo) && !isIgnored(state, task, signo);
	};
	if (task.pending.some(({ signo }) => acts(signo))) return true;
	return pending.some(({ signo }) => acts(signo) && signalTarget(state, task.group, signo) === task.pid);
}

/*
 * The machine looks at a sleeping task when an event may have made it ready, not at every task all the time. What follows says
 * which: a wait stands under the keys of what it waits for, and an event touches keys.
 */

/**
 * Touched by whatever may close an end of a pipe or let go of a lock. A machine looks at sleepers under it only when the open files
 * or the inodes are others than before: what else ends needs a key of its own.
 */
export const ENDS = 'ends';
/** Touched by whatever may make a file ready: for who looks at many of them through an epoll, or at a socket's other end. */
const FILES = 'files';
/** Touched by whatever may make room in a message queue. */
const QUEUES = 'queues';

/** The keys under which a sleeping task is found. */
export function waitKeys(task: Task): readonly string[] {
	const keys = [`group ${task.group}`];
	for (const on of task.wait?.on ?? []) {
		switch (on.kind) {
			case 'stream-readable':
				keys.push(`stream ${on.stream}`);
				break;
			case 'pipe-readable':
			case 'pipe-writable':
				keys.push(`pipe ${on.pipe}`, ENDS);
				break;
			case 'tty-readable':
			case 'tty-writable':
				keys.push(`tty ${on.tty}`, ENDS);
				break;
			case 'pipe-end':
			case 'lock':
				keys.push(ENDS);
				break;
			case 'anon-readable':
			case 'anon-writable':
			case 'socket-room':
				keys.push(FILES, ENDS);
				break;
			case 'futex':
			case 'futex-requeue':
				keys.push(futexQueue(on.object, on.offset));
				break;
			case 'semop':
				keys.push(semQueue(on.ns, on.ipc));
				break;
			case 'msg-receive':
				keys.push(messageQueue(on.ns, on.ipc));
				break;
			case 'msg-send':
				keys.push(QUEUES);
				break;
			default:
		}
	}
	return keys;
}

/** The queues of those who wait for a set of semaphores, and for messages. */
export const semQueue = (ns: number, id: number): string => `sem ${ns} ${id}`;
export const messageQueue = (ns: number, id: number): string => `msg ${ns} ${id}`;

/** The queue of those who wait for a futex. */
export const futexQueue = (object: number, offset: number): string => `futex ${object} ${offset}`;

/** Sleepers under a key, found by looking at every task: for those who have no machine. */
export function scanWaiting(state: MachineState, key: string): readonly number[] {
	return Object.values(state.tasks)
		.filter((t) => t.state === 'sleeping' && waitKeys(t).includes(key))
		.map((t) => t.pid);
}

/** The keys an event touches: sleepers under them are looked at. `state` is the one after it. */
export function touchedKeys(state: MachineState, e: KernelEvent): readonly string[] {
	const group = (pid: number) => (state.tasks[pid] === undefined ? [] : [`group ${state.tasks[pid].group}`]);
	switch (e.kind) {
		case 'pipe/write':
		case 'pipe/read':
		case 'pipe/set':
			return [`pipe ${e.pipe}`, FILES];
		case 'tty/set':
		case 'tty/hangup':
			return [`tty ${e.tty}`, FILES];
		case 'anon/set':
		case 'socket/receive':
		case 'socket/take':
			return [FILES];
		case 'input/stream':
			return [`stream ${e.stream}`, FILES];
		case 'fd/close':
		case 'fd/set':
		case 'file/open':
		case 'inode/lock':
		case 'task/unshare':
			return [ENDS];
		case 'msg/take':
		case 'ipc/set':
		case 'ipc/remove':
			return [QUEUES];
		case 'task/exit':
			// FILES: a descriptor of a process is readable when it has ended.
			return [ENDS, FILES, ...group(e.task)];
		case 'task/rename':
			return group(e.to);
		case 'task/set':
			return e.fields.trace ? group(e.task) : [];
		case 'signal/post':
		case 'input/signal':
			return [FILES, ...group(e.task)];
		case 'signal/default':
		case 'signal/mask':
		case 'signal/deliver':
		case 'signal/return':
		case 'wait/fire':
		case 'ipc/answer':
		case 'wait/move':
			return group(e.task);
		default:
			return [];
	}
}
