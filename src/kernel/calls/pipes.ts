/** pipe, pipe2, and opening a named pipe (fs/pipe.c). */
import type { Inode } from '../../events/entities.ts';
import { Restart } from '../../reducers/state.ts';
import { Errno } from '../abi/errno.ts';
import { O } from '../abi/fcntl.ts';
import type { Block, Decision } from '../decision.ts';
import { pipeEnds } from '../file-data.ts';
import { freeDescriptor, makeInode, openDescriptor } from '../open-file.ts';
import type { SyscallRow } from '../row.ts';
import { writableLength } from '../user-buffers.ts';

/** Nobody was woken yet. */
const NO_WAKES = { read: 0, write: 0 } as const;

/** Bytes a pipe holds unless F_SETPIPE_SZ says otherwise: 16 pages. */
export const PIPE_CAPACITY = 65536;

/** A new pipe for an inode of kind fifo. @returns its id */
function newPipe(d: Decision): number {
	const id = d.state.next.pipe;
	d.emit({ kind: 'pipe/new', pipe: { id, data: new Uint8Array(0), capacity: PIPE_CAPACITY, wakes: NO_WAKES } });
	return id;
}

function pipe(d: Decision, address: number, flags: number): number {
	if (flags & ~(O.CLOEXEC | O.NONBLOCK | O.DIRECT)) return -Errno.EINVAL;
	const first = freeDescriptor(d);
	const second = first < 0 ? first : freeDescriptor(d, first + 1);
	if (second < 0) return second;
	if (writableLength(d, [{ address, length: 8 }], 8) < 8) return -Errno.EFAULT;
	const inode = makeInode(d, 'fifo', 0o600, null, { channel: newPipe(d) });
	const path = `pipe:[${inode.ino}]`;
	const kept = flags & (O.NONBLOCK | O.CLOEXEC);
	const fds = Int32Array.of(openDescriptor(d, inode, O.RDONLY | kept, path), openDescriptor(d, inode, O.WRONLY | kept, path));
	d.write(address, new Uint8Array(fds.buffer));
	return 0;
}

/** Whether a task sleeps in an open of the pipe until it has this end: it is the other end itself. */
function waitsForEnd(d: Decision, inode: Inode, end: 'read' | 'write'): boolean {
	return Object.values(d.state.tasks).some((t) =>
		t.wait?.on.some((on) => on.kind === 'pipe-end' && on.inode === inode.id && on.end === end),
	);
}

/**
 * Opens a pipe by a name (fifo_open). One of pipe(2), which has a name in /proc alone, is open at once; a named one: with no other end the opener waits for one, or ENXIO for a writer that does not wait. Two
 * that open it meet: who waits already counts as an end.
 */
export function openFifo(d: Decision, inode: Inode, flags: number, path: string, mount: number): number | Block {
	const access = flags & O.ACCMODE;
	const ends = pipeEnds(d, inode);
	const end = access === O.WRONLY ? 'read' : 'write';
	const alone =
		path.startsWith('/') &&
		access !== O.RDWR &&
		(end === 'read' ? ends.readers : ends.writers) === 0 &&
		!waitsForEnd(d, inode, access === O.WRONLY ? 'write' : 'read');
	if (alone && access === O.WRONLY && flags & O.NONBLOCK) return -Errno.ENXIO;
	if (alone && !(flags & O.NONBLOCK)) {
		const on = [{ kind: 'pipe-end' as const, inode: inode.id, end: end as 'read' | 'write' }];
		return { kind: 'block', wait: { on, deadline: null, restart: Restart.SYS, signals: 0n }, restartBlock: null };
	}
	if (d.state.pipes[inode.channel] === undefined) {
		d.emit({ kind: 'inode/set', inode: inode.id, fields: { channel: newPipe(d) } });
	}
	return openDescriptor(d, inode, flags, path, mount);
}

export const pipeRows: readonly SyscallRow[] = [
	{ nr: 42, name: 'pipe', args: ['fdpair-out'], support: 'full', handler: (d, [fds]) => pipe(d, fds, 0) },
	{
		nr: 331,
		name: 'pipe2',
		args: ['fdpair-out', 'flags:open'],
		support: 'partial',
		note: 'O_DIRECT (packets) is taken as a plain pipe',
		handler: (d, [fds, flags]) => pipe(d, fds, flags),
	},
];
