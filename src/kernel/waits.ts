/** Whether a sleeping task may go on. A question about a state; nothing here changes one. */
import type { Task, WaitOn } from '../events/entities.ts';
import { type MachineState, Restart } from '../reducers/state.ts';
import { O } from './abi/fcntl.ts';
import { hasSignal, Sig } from './abi/signal.ts';
import { isIgnored } from './signal-queue.ts';
import { monotonicNs } from './timers.ts';

/**
 * Why a sleeping task goes on, or null when it does not: what it waits for is there, its deadline has passed, or a signal
 * that it does not block and that does something (or that it waits for) is pending; in this order.
 */
export function isReady(state: MachineState, task: Task): 'ready' | 'timeout' | 'signal' | null {
	const { wait } = task;
	if (task.state !== 'sleeping' || wait === null) return null;
	if (wait.on.some((on) => isThere(state, on))) return 'ready';
	if (wait.deadline !== null && wait.deadline <= monotonicNs(state)) return 'timeout';
	return hasReason(state, task) ? 'signal' : null;
}

function isThere(state: MachineState, on: WaitOn): boolean {
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
		case 'futex':
		case 'child':
			// Woken by the one who changes what they wait for, not by looking.
			return false;
	}
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
	for (const queue of [task.pending, state.groups[task.group].pending]) {
		for (const { signo } of queue) {
			if (wait !== null && hasSignal(wait.signals, signo)) return true;
			if (wait?.restart === Restart.NOINTR && signo !== Sig.SIGKILL) continue;
			if (!hasSignal(blocked, signo) && !isIgnored(state, task, signo)) return true;
		}
	}
	return false;
}
