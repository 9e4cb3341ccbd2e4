/** Readiness of open files, as poll(2) and select(2) see it, and what to wait for (the poll operations of each kind of file). */
import type { OpenFile, WaitOn } from '../events/entities.ts';
import { O, PIPE_BUF } from './abi/fcntl.ts';
import { POLL } from './abi/poll.ts';
import type { Decision } from './decision.ts';
import { pipeEnds, streamOf } from './file-data.ts';
import { inodeOf } from './open-file.ts';

export interface Readiness {
	/** POLL bits that hold now. */
	readonly mask: number;
	/** What may make more of them hold. Nothing that is there already: who sleeps for it would wake at once, for ever. */
	readonly waits: readonly WaitOn[];
}

const READABLE = POLL.IN | POLL.RDNORM;
const WRITABLE = POLL.OUT | POLL.WRNORM;
/** Files that have nothing to wait for (DEFAULT_POLLMASK). */
const ALWAYS: Readiness = { mask: READABLE | WRITABLE, waits: [] };

export function readiness(d: Decision, file: OpenFile): Readiness {
	const inode = inodeOf(d, file);
	if (inode.kind === 'fifo') return pipeReadiness(d, file);
	const stream = streamOf(d, inode);
	return stream < 0 ? ALWAYS : streamReadiness(d, file, stream);
}

function pipeReadiness(d: Decision, file: OpenFile): Readiness {
	const inode = inodeOf(d, file);
	const pipe = d.state.pipes[inode.channel];
	const ends = pipeEnds(d, inode);
	const access = file.flags & O.ACCMODE;
	const waits: WaitOn[] = [];
	let mask = 0;
	if (access !== O.WRONLY) {
		if (pipe.data.length > 0) mask |= READABLE;
		if (ends.writers === 0) mask |= POLL.HUP;
		if (pipe.data.length === 0 && ends.writers > 0) waits.push({ kind: 'pipe-readable', pipe: pipe.id });
	}
	if (access !== O.RDONLY) {
		const room = pipe.capacity - pipe.data.length >= PIPE_BUF;
		if (room) mask |= WRITABLE;
		if (ends.readers === 0) mask |= POLL.ERR;
		if (!room && ends.readers > 0) waits.push({ kind: 'pipe-writable', pipe: pipe.id, bytes: PIPE_BUF });
	}
	return { mask, waits };
}

function streamReadiness(d: Decision, file: OpenFile, id: number): Readiness {
	const stream = d.state.streams[id];
	if (stream === undefined || stream.kind === 'file') return ALWAYS;
	const access = file.flags & O.ACCMODE;
	let mask = access !== O.RDONLY ? WRITABLE : 0;
	const reads = access !== O.WRONLY;
	if (reads && (stream.unread.length > 0 || (stream.eof && stream.kind !== 'pipe'))) mask |= READABLE;
	if (reads && stream.eof && stream.kind === 'pipe') mask |= POLL.HUP;
	const empty = stream.unread.length === 0 && !stream.eof;
	return { mask, waits: reads && empty ? [{ kind: 'stream-readable', stream: id }] : [] };
}

/** Whether a wait is for input from outside, which comes only to a task that sleeps for it. */
export function asksOutside(waits: readonly WaitOn[]): boolean {
	return waits.some((w) => w.kind === 'stream-readable');
}
