/** splice, tee, vmsplice: bytes between pipes, files and memory (fs/splice.c of Linux 6.1). */
import type { Inode, OpenFile } from '../../events/entities.ts';
import { Errno } from '../abi/errno.ts';
import { MAX_RW_COUNT, O } from '../abi/fcntl.ts';
import { Sig } from '../abi/signal.ts';
import { sleepFor } from '../anon-data.ts';
import type { Block, Decision, NeedInput, Outcome } from '../decision.ts';
import { unsupported } from '../fail.ts';
import { isSeekable, pipeEnds, postSelf, sink, source } from '../file-data.ts';
import { inodeOf, mayRead, mayWrite, usableFileAt } from '../open-file.ts';
import type { Resume, SyscallRow } from '../row.ts';
import { gather, scatter, totalLength, userVector, writableLength } from '../user-buffers.ts';
import { offset64 } from './files-io.ts';

/** SPLICE_F_NONBLOCK, SPLICE_F_ALL. */
const NONBLOCK = 2;
const ALL = 0xf;

type Wait = number | Block;

const later = (on: Parameters<typeof sleepFor>[0], nonblock: boolean): Wait => (nonblock ? -Errno.EAGAIN : sleepFor(on));

/** ipipe_prep: what may be taken; an empty array at the end; else a sleep or -EAGAIN. */
function waiting(d: Decision, inode: Inode, nonblock: boolean): Uint8Array | Wait {
	const { data, id } = d.state.pipes[inode.channel];
	if (data.length > 0 || pipeEnds(d, inode).writers === 0) return data;
	return later({ kind: 'pipe-readable', pipe: id }, nonblock);
}

/** wait_for_space: how many bytes fit; -EPIPE with SIGPIPE, a sleep, -EAGAIN. */
function room(d: Decision, inode: Inode, nonblock: boolean): Wait {
	const { capacity, data, id } = d.state.pipes[inode.channel];
	if (pipeEnds(d, inode).readers === 0) {
		postSelf(d, Sig.SIGPIPE);
		return -Errno.EPIPE;
	}
	return capacity > data.length ? capacity - data.length : later({ kind: 'pipe-writable', pipe: id, bytes: 1 }, nonblock);
}

/** Bytes from one pipe into another. @param take whether they go (splice), or are there yet (tee) */
function betweenPipes(d: Decision, from: Inode, to: Inode, count: number, nonblock: boolean, take: boolean): Wait {
	const there = waiting(d, from, nonblock);
	if (!(there instanceof Uint8Array)) return there;
	const fits = room(d, to, nonblock);
	if (typeof fits !== 'number' || fits < 0) return fits;
	const n = Math.min(count, there.length, fits);
	if (n === 0) return 0;
	d.emit({ kind: 'pipe/write', pipe: to.channel, bytes: there.slice(0, n) });
	if (take) d.emit({ kind: 'pipe/read', pipe: from.channel, length: n });
	return n;
}

/** A place in a file: its own, or one in memory that is told again. */
interface Offset {
	readonly at: number | null;
	readonly address: number;
}

/** -EFAULT */
function offsetAt(d: Decision, address: number): Offset | number {
	const raw = address === 0 ? undefined : d.read(address, 8);
	if (address !== 0 && raw === undefined) return -Errno.EFAULT;
	const view = raw && new DataView(raw.buffer, raw.byteOffset);
	return { address, at: view ? offset64(view.getUint32(0, true), view.getUint32(4, true)) : null };
}

function moved(d: Decision, file: OpenFile, { at, address }: Offset, n: number): number {
	if (at === null) {
		if (inodeOf(d, file).kind === 'file') d.emit({ kind: 'file/set', file: file.id, fields: { pos: file.pos + n } });
		return n;
	}
	const bytes = new Uint8Array(BigInt64Array.of(BigInt(at + n)).buffer);
	return d.write(address, bytes) ? n : -Errno.EFAULT;
}

/** do_splice_to: bytes of a file into a pipe, as many as fit. */
function intoPipe(d: Decision, file: OpenFile, offset: Offset, pipe: Inode, count: number, nonblock: boolean): Wait | NeedInput {
	const inode = inodeOf(d, file);
	const { at } = offset;
	if (at !== null && !isSeekable(inode)) return -Errno.EINVAL;
	if (at !== null && at < 0) return -Errno.EINVAL;
	const fits = room(d, pipe, nonblock);
	if (typeof fits !== 'number' || fits < 0) return fits;
	if (inode.kind !== 'file') return noSplice(d, inode);
	const found = source(d, file, at ?? file.pos, Math.min(count, fits), null);
	if (typeof found === 'number' || 'kind' in found) return found;
	const { bytes } = found;
	if (bytes.length > 0) d.emit({ kind: 'pipe/write', pipe: pipe.channel, bytes: bytes.slice() });
	return moved(d, file, offset, bytes.length);
}

/** What cannot be spliced from: directories not at all; what Linux can and this machine cannot is said aloud. */
function noSplice(d: Decision, { kind }: Inode): number {
	return kind === 'dir' ? -Errno.EINVAL : unsupported(d, `splice from a ${kind}`, Errno.EINVAL);
}

/** do_splice_from: what a pipe holds into a file or a socket. */
function outOfPipe(
	d: Decision,
	pipe: Inode,
	file: OpenFile,
	offset: Offset,
	count: number,
	nonblock: boolean,
	resume: Resume | null,
): Wait | NeedInput {
	const inode = inodeOf(d, file);
	const { at } = offset;
	if (at !== null && !isSeekable(inode)) return -Errno.EINVAL;
	if (file.flags & O.APPEND) return -Errno.EINVAL;
	if (at !== null && at < 0) return -Errno.EINVAL;
	const there = waiting(d, pipe, nonblock);
	if (!(there instanceof Uint8Array)) return there;
	const bytes = there.slice(0, count);
	if (bytes.length === 0) return 0;
	const done = sink(d, file, at ?? file.pos, bytes, resume);
	if (typeof done !== 'number' || done <= 0) return done;
	d.emit({ kind: 'pipe/read', pipe: pipe.channel, length: done });
	return moved(d, file, offset, done);
}

function splice(d: Decision, args: readonly number[], resume: Resume | null): Outcome {
	const [fdIn, offIn, fdOut, offOut, length, flags] = args;
	// What a socket took before the signal has to leave the pipe.
	if (resume?.reason === 'signal' && resume.wait.on[0]?.kind !== 'anon-writable') return resume.wait.restart;
	if (length === 0) return 0;
	if (flags & ~ALL) return -Errno.EINVAL;
	const [from, to] = [usableFileAt(d, fdIn), usableFileAt(d, fdOut)];
	if (from === undefined || to === undefined) return -Errno.EBADF;
	const [source, target] = [inodeOf(d, from), inodeOf(d, to)];
	const [fromPipe, toPipe] = [source.kind === 'fifo', target.kind === 'fifo'];
	if ((fromPipe && offIn !== 0) || (toPipe && offOut !== 0)) return -Errno.ESPIPE;
	const out = offsetAt(d, offOut);
	if (typeof out === 'number') return out;
	const at = offsetAt(d, offIn);
	if (typeof at === 'number') return at;
	if (!mayRead(from) || !mayWrite(to)) return -Errno.EBADF;
	const count = Math.min(length, MAX_RW_COUNT);
	const asks = (flags & NONBLOCK) !== 0;
	const [fromAsks, toAsks] = [asks || (from.flags & O.NONBLOCK) !== 0, asks || (to.flags & O.NONBLOCK) !== 0];
	if (fromPipe && toPipe) {
		if (source.id === target.id) return -Errno.EINVAL;
		return betweenPipes(d, source, target, count, fromAsks || toAsks, true);
	}
	if (fromPipe) return outOfPipe(d, source, to, out, count, fromAsks, resume);
	return toPipe ? intoPipe(d, from, at, target, count, toAsks) : -Errno.EINVAL;
}

function tee(d: Decision, [fdIn, fdOut, length, flags]: readonly number[]): Outcome {
	if (flags & ~ALL) return -Errno.EINVAL;
	if (length === 0) return 0;
	const [from, to] = [usableFileAt(d, fdIn), usableFileAt(d, fdOut)];
	if (from === undefined || to === undefined) return -Errno.EBADF;
	if (!mayRead(from) || !mayWrite(to)) return -Errno.EBADF;
	const [source, target] = [inodeOf(d, from), inodeOf(d, to)];
	if (source.kind !== 'fifo' || target.kind !== 'fifo' || source.id === target.id) return -Errno.EINVAL;
	const asks = ((flags & NONBLOCK) | ((from.flags | to.flags) & O.NONBLOCK)) !== 0;
	return betweenPipes(d, source, target, Math.min(length, MAX_RW_COUNT), asks, false);
}

/** Bytes of memory into a pipe, copied at once, as many as fit; or of a pipe into memory. */
function vmsplice(d: Decision, [fd, iov, segments, flags]: readonly number[]): Outcome {
	if (flags & ~ALL) return -Errno.EINVAL;
	const file = usableFileAt(d, fd);
	if (file === undefined) return -Errno.EBADF;
	const writes = mayWrite(file);
	if (!writes && !mayRead(file)) return -Errno.EBADF;
	const list = userVector(d, iov, segments);
	if (typeof list === 'number') return list;
	const total = totalLength(list);
	if (total === 0) return 0;
	const inode = inodeOf(d, file);
	if (inode.kind !== 'fifo') return -Errno.EBADF;
	const asks = ((flags & NONBLOCK) | (file.flags & O.NONBLOCK)) !== 0;
	if (writes) {
		const fits = room(d, inode, (flags & NONBLOCK) !== 0);
		if (typeof fits !== 'number' || fits < 0) return fits;
		const bytes = gather(d, list)?.subarray(0, fits);
		if (bytes === undefined) return -Errno.EFAULT;
		d.emit({ kind: 'pipe/write', pipe: inode.channel, bytes: bytes.slice() });
		return bytes.length;
	}
	const there = waiting(d, inode, asks);
	if (!(there instanceof Uint8Array)) return there;
	const n = writableLength(d, list, Math.min(total, there.length));
	if (n === 0) return there.length === 0 ? 0 : -Errno.EFAULT;
	scatter(d, list, there.subarray(0, n));
	d.emit({ kind: 'pipe/read', pipe: inode.channel, length: n });
	return n;
}

export const spliceRows: readonly SyscallRow[] = [
	{
		nr: 313,
		name: 'splice',
		args: ['fd', 'addr', 'fd', 'addr', 'size', 'flags:splice'],
		support: 'partial',
		note: 'into a pipe from regular files and pipes alone',
		onSignal: true,
		handler: splice,
	},
	{ nr: 315, name: 'tee', args: ['fd', 'fd', 'size', 'flags:splice'], support: 'full', handler: tee },
	{
		nr: 316,
		name: 'vmsplice',
		args: ['fd', 'iovec', 'ulong', 'flags:splice'],
		support: 'partial',
		note: 'bytes are copied: what is changed later is not seen in the pipe; not more than fits at once',
		handler: vmsplice,
	},
];
