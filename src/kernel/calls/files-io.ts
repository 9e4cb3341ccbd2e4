/** read, write and their kin, lseek, sendfile, copy_file_range (fs/read_write.c). */
import type { Inode, OpenFile } from '../../events/entities.ts';
import { PAGE_SIZE } from '../../events/pages.ts';
import { Errno } from '../abi/errno.ts';
import { MAX_FILE, MAX_NON_LFS, MAX_RW_COUNT, O, SEEK } from '../abi/fcntl.ts';
import { Sig } from '../abi/signal.ts';
import type { Decision, Outcome } from '../decision.ts';
import { DEVICE, isSeekable, pipeEnds, postSelf, sink, source } from '../file-data.ts';
import { inodeOf, mayRead, mayWrite, usableFileAt } from '../open-file.ts';
import { writeProc } from '../proc-write.ts';
import type { Resume, SyscallRow } from '../row.ts';
import { receiveInto } from '../socket-receive.ts';
import { again, type Socket } from '../sockets.ts';
import { type Buffer, gather, scatter, totalLength, userBuffer, userVector, writableLength } from '../user-buffers.ts';

/** A 64-bit offset from two argument registers: negative numbers are invalid for every caller. */
export function offset64(low: number, high: number): number {
	return (high | 0) * 2 ** 32 + low;
}

/**
 * read(2), readv(2), pread(2)…
 * @param at where to read; null = at the file's position, which moves on
 */
function readInto(d: Decision, file: OpenFile, buffers: readonly Buffer[], at: number | null, resume: Resume | null): Outcome {
	const count = totalLength(buffers);
	const inode = inodeOf(d, file);
	// A vector without a byte in it.
	if (buffers.length === 0) return 0;
	if (inode.kind === 'dir') return -Errno.EISDIR;
	if (inode.kind === 'socket') {
		if (count === 0) return 0;
		const socket = d.state.anons[inode.channel] as Socket;
		return receiveInto(d, { file, socket, list: buffers, flags: 0, was: again(d, resume) });
	}
	// A terminal may have some of what is wanted (VMIN).
	if (resume?.reason === 'signal' && inode.kind !== 'tty') return resume.wait.restart;
	if (count === 0 && inode.kind !== 'anon') return 0;
	const found = source(d, file, at ?? file.pos, count, resume);
	if (typeof found === 'number' || 'kind' in found) return found;
	if (found.bytes.length === 0) {
		// An end of file that was typed is taken, too.
		if (inode.kind === 'tty') found.take(0);
		return 0;
	}
	const n = wholeParts(inode, writableLength(d, buffers, found.bytes.length), found.bytes.length);
	if (n === 0) return -Errno.EFAULT;
	found.take(n);
	scatter(d, buffers, found.bytes.subarray(0, n));
	if (at === null && inode.kind === 'file') d.emit({ kind: 'file/set', file: file.id, fields: { pos: file.pos + n } });
	return n;
}

/** write(2), writev(2), pwrite(2)… as `readInto`. */
function writeFrom(d: Decision, file: OpenFile, buffers: readonly Buffer[], at: number | null, resume: Resume | null): Outcome {
	const inode = inodeOf(d, file);
	if (inode.kind === 'anon' && d.state.anons[inode.channel].kind !== 'eventfd') return -Errno.EINVAL;
	if (buffers.length === 0) return 0;
	const total = totalLength(buffers);
	if (inode.kind === 'char' && isSink(inode.rdev)) return inode.rdev === DEVICE.FULL ? -Errno.ENOSPC : total;
	const bytes = gather(d, buffers);
	const n = wholeParts(inode, bytes?.length ?? 0, total);
	if (bytes === undefined || (n === 0 && total > 0)) return -Errno.EFAULT;
	return writeBytes(d, file, bytes.subarray(0, n), at, resume);
}

/** Devices that look at nothing of what is written to them. */
function isSink(rdev: number): boolean {
	return rdev === DEVICE.NULL || rdev === DEVICE.ZERO || rdev === DEVICE.FULL;
}

/** A buffer that is good only for `n` of `wanted` bytes: a file moves them all, a pipe only whole pages of its own. */
function wholeParts(inode: Inode, n: number, wanted: number): number {
	return n === wanted || inode.kind === 'file' ? n : n - (n % PAGE_SIZE);
}

function writeBytes(d: Decision, file: OpenFile, bytes: Uint8Array, at: number | null, resume: Resume | null): Outcome {
	const inode = inodeOf(d, file);
	if (bytes.length === 0 && inode.kind !== 'socket' && inode.kind !== 'anon') return 0;
	const proc = writeProc(d, file, bytes);
	if (proc !== undefined) return proc;
	const position = inode.kind === 'file' && file.flags & O.APPEND ? inode.size : (at ?? file.pos);
	const done = sink(d, file, position, bytes, resume);
	if (typeof done === 'number' && done > 0 && at === null && inode.kind === 'file') {
		d.emit({ kind: 'file/set', file: file.id, fields: { pos: position + done } });
	}
	return done;
}

function read(d: Decision, fd: number, buffers: (d: Decision) => readonly Buffer[] | number, resume: Resume | null): Outcome {
	const file = usableFileAt(d, fd);
	if (file === undefined || !mayRead(file)) return -Errno.EBADF;
	const list = buffers(d);
	return typeof list === 'number' ? list : readInto(d, file, list, null, resume);
}

function write(d: Decision, fd: number, buffers: (d: Decision) => readonly Buffer[] | number, resume: Resume | null): Outcome {
	const file = usableFileAt(d, fd);
	if (file === undefined || !mayWrite(file)) return -Errno.EBADF;
	const list = buffers(d);
	return typeof list === 'number' ? list : writeFrom(d, file, list, null, resume);
}

/** The p-calls: a position instead of the file's own; ESPIPE where there are none. */
function positioned(
	d: Decision,
	fd: number,
	at: number,
	writes: boolean,
	buffers: (d: Decision) => readonly Buffer[] | number,
): Outcome {
	if (at < 0) return -Errno.EINVAL;
	const file = usableFileAt(d, fd);
	if (file === undefined) return -Errno.EBADF;
	const inode = inodeOf(d, file);
	// What has no name can be sought in, to no effect, but has no positions.
	if (!isSeekable(inode) || inode.kind === 'anon') return -Errno.ESPIPE;
	if (!(writes ? mayWrite(file) : mayRead(file))) return -Errno.EBADF;
	const list = buffers(d);
	if (typeof list === 'number') return list;
	return writes ? writeFrom(d, file, list, at, null) : readInto(d, file, list, at, null);
}

/** The new position, moved to; -errno: EBADF ESPIPE EINVAL ENXIO EOVERFLOW. */
function seek(d: Decision, file: OpenFile, offset: number, whence: number): number {
	const inode = inodeOf(d, file);
	if (whence > SEEK.HOLE) return -Errno.EINVAL;
	if (!isSeekable(inode)) return -Errno.ESPIPE;
	if (inode.kind === 'char' || inode.kind === 'anon') return 0;
	if (inode.kind === 'dir' && whence > SEEK.CUR) return -Errno.EINVAL;
	let to = offset;
	if (whence === SEEK.CUR) to = file.pos + offset;
	else if (whence === SEEK.END) to = inode.size + offset;
	else if (whence === SEEK.DATA || whence === SEEK.HOLE) {
		if (offset < 0 || offset >= inode.size) return -Errno.ENXIO;
		// A file has no holes that can be seen: its data go up to its end.
		to = whence === SEEK.DATA ? offset : inode.size;
	}
	if (to < 0 || to > MAX_FILE) return -Errno.EINVAL;
	if (to !== file.pos) d.emit({ kind: 'file/set', file: file.id, fields: { pos: to } });
	return to;
}

function lseek(d: Decision, fd: number, offset: number, whence: number): number {
	const file = usableFileAt(d, fd);
	if (file === undefined) return -Errno.EBADF;
	const to = seek(d, file, offset | 0, whence);
	return to > MAX_NON_LFS ? -Errno.EOVERFLOW : to;
}

function llseek(d: Decision, fd: number, high: number, low: number, result: number, whence: number): number {
	const file = usableFileAt(d, fd);
	if (file === undefined) return -Errno.EBADF;
	if (whence > SEEK.HOLE) return -Errno.EINVAL;
	const to = seek(d, file, offset64(low, high), whence);
	if (to < 0) return to;
	const value = new Uint8Array(8);
	new DataView(value.buffer).setBigUint64(0, BigInt(to), true);
	return d.write(result, value) ? 0 : -Errno.EFAULT;
}

/** Bytes from a regular file into another descriptor. @param wide whether the offset in memory has 64 bits */
function sendfile(d: Decision, out: number, input: number, offsetAddress: number, count: number, wide: boolean): Outcome {
	let at: number | null = null;
	if (offsetAddress !== 0) {
		const raw = d.read(offsetAddress, wide ? 8 : 4);
		if (raw === undefined) return -Errno.EFAULT;
		const view = new DataView(raw.buffer, raw.byteOffset);
		at = wide ? offset64(view.getUint32(0, true), view.getUint32(4, true)) : view.getInt32(0, true);
	}
	const from = usableFileAt(d, input);
	if (from === undefined || !mayRead(from)) return -Errno.EBADF;
	if (at !== null && !isSeekable(inodeOf(d, from))) return -Errno.ESPIPE;
	if (at !== null && at < 0) return -Errno.EINVAL;
	const to = usableFileAt(d, out);
	if (to === undefined || !mayWrite(to)) return -Errno.EBADF;
	const pipe = inodeOf(d, to);
	if (pipe.kind === 'fifo' && pipeEnds(d, pipe).readers === 0) {
		postSelf(d, Sig.SIGPIPE);
		return -Errno.EPIPE;
	}
	if (count === 0) return 0;
	const origin = inodeOf(d, from);
	if (origin.kind === 'dir' || origin.kind === 'anon' || !isSeekable(origin) || origin.rdev === DEVICE.NULL) return -Errno.EINVAL;
	if (pipe.kind === 'anon') return -Errno.EINVAL;
	if (pipe.kind !== 'fifo' && to.flags & O.APPEND) return -Errno.EINVAL;
	const found = source(d, from, at ?? from.pos, Math.min(count, MAX_RW_COUNT), null);
	if (typeof found === 'number' || 'kind' in found) return found;
	const done = writeBytes(d, to, found.bytes, null, null);
	if (typeof done !== 'number' || done <= 0) return done;
	if (at === null) d.emit({ kind: 'file/set', file: from.id, fields: { pos: from.pos + done } });
	else if (!writeOffset(d, offsetAddress, at + done, wide)) return -Errno.EFAULT;
	return done;
}

function writeOffset(d: Decision, address: number, value: number, wide: boolean): boolean {
	const bytes = new Uint8Array(wide ? 8 : 4);
	const view = new DataView(bytes.buffer);
	view.setUint32(0, value % 2 ** 32, true);
	if (wide) view.setUint32(4, Math.floor(value / 2 ** 32), true);
	return d.write(address, bytes);
}

/** copy_file_range(2) between regular files. */
function copyRange(d: Decision, args: readonly number[]): Outcome {
	const [fdIn, offIn, fdOut, offOut, count, flags] = args;
	const from = usableFileAt(d, fdIn);
	const to = usableFileAt(d, fdOut);
	if (from === undefined || to === undefined) return -Errno.EBADF;
	const offsets: number[] = [];
	for (const [address, file] of [
		[offIn, from],
		[offOut, to],
	] as const) {
		const raw = address === 0 ? undefined : d.read(address, 8);
		if (address !== 0 && raw === undefined) return -Errno.EFAULT;
		const view = raw && new DataView(raw.buffer, raw.byteOffset);
		offsets.push(view ? offset64(view.getUint32(0, true), view.getUint32(4, true)) : file.pos);
	}
	if (flags !== 0) return -Errno.EINVAL;
	const a = inodeOf(d, from);
	const b = inodeOf(d, to);
	if (a.kind === 'dir' || b.kind === 'dir') return -Errno.EISDIR;
	if (a.kind !== 'file' || b.kind !== 'file') return -Errno.EINVAL;
	if (!mayRead(from) || !mayWrite(to) || to.flags & O.APPEND) return -Errno.EBADF;
	const [at, target] = offsets;
	if (at < 0 || target < 0) return -Errno.EINVAL;
	const wanted = Math.max(0, Math.min(count, a.size - at, MAX_RW_COUNT));
	if (a.id === b.id && target < at + wanted && at < target + wanted) return -Errno.EINVAL;
	const found = source(d, from, at, wanted, null);
	if (typeof found === 'number' || 'kind' in found) return found;
	if (found.bytes.length === 0) return 0;
	const done = sink(d, to, target, found.bytes, null);
	if (typeof done !== 'number' || done <= 0) return done;
	const moves = [
		[offIn, from, at],
		[offOut, to, target],
	] as const;
	for (const [address, file, start] of moves) {
		if (address === 0) d.emit({ kind: 'file/set', file: file.id, fields: { pos: start + done } });
		else if (!writeOffset(d, address, start + done, true)) return -Errno.EFAULT;
	}
	return done;
}

const RWF_KNOWN = 0x3f;
const RWF_NOWAIT = 8;
const RWF_APPEND = 0x10;

/** preadv2 and pwritev2: offset -1 means the file's own position; the flags that only hint are taken. */
function vectored2(d: Decision, args: readonly number[], writes: boolean, resume: Resume | null): Outcome {
	const [fd, iov, segments, low, high, flags] = args;
	const at = offset64(low, high);
	if (flags & ~RWF_KNOWN || flags & (RWF_NOWAIT | RWF_APPEND)) return -Errno.EOPNOTSUPP;
	const vector = () => userVector(d, iov, segments);
	if (at === -1) return writes ? write(d, fd, vector, resume) : read(d, fd, vector, resume);
	return positioned(d, fd, at, writes, vector);
}

export const ioRows: readonly SyscallRow[] = [
	{
		nr: 3,
		name: 'read',
		args: ['fd', 'buf-out', 'size'],
		support: 'full',
		onSignal: true,
		handler: (d, [fd, buf, count], resume) => read(d, fd, () => userBuffer(buf, count), resume),
	},
	{
		nr: 4,
		name: 'write',
		args: ['fd', 'buf', 'size'],
		support: 'full',
		onSignal: true,
		handler: (d, [fd, buf, count], resume) => write(d, fd, () => userBuffer(buf, count), resume),
	},
	{
		nr: 145,
		name: 'readv',
		args: ['fd', 'iovec-out', 'int'],
		support: 'full',
		onSignal: true,
		handler: (d, [fd, iov, n], resume) => read(d, fd, () => userVector(d, iov, n), resume),
	},
	{
		nr: 146,
		name: 'writev',
		args: ['fd', 'iovec', 'int'],
		support: 'full',
		onSignal: true,
		handler: (d, [fd, iov, n], resume) => write(d, fd, () => userVector(d, iov, n), resume),
	},
	{
		nr: 180,
		name: 'pread64',
		args: ['fd', 'buf-out', 'size', 'off'],
		support: 'full',
		handler: (d, [fd, buf, count, low, high]) => positioned(d, fd, offset64(low, high), false, () => userBuffer(buf, count)),
	},
	{
		nr: 181,
		name: 'pwrite64',
		args: ['fd', 'buf', 'size', 'off'],
		support: 'full',
		handler: (d, [fd, buf, count, low, high]) => positioned(d, fd, offset64(low, high), true, () => userBuffer(buf, count)),
	},
	{
		nr: 333,
		name: 'preadv',
		args: ['fd', 'iovec-out', 'int', 'off'],
		support: 'full',
		handler: (d, [fd, iov, n, low, high]) => positioned(d, fd, offset64(low, high), false, () => userVector(d, iov, n)),
	},
	{
		nr: 334,
		name: 'pwritev',
		args: ['fd', 'iovec', 'int', 'off'],
		support: 'full',
		handler: (d, [fd, iov, n, low, high]) => positioned(d, fd, offset64(low, high), true, () => userVector(d, iov, n)),
	},
	{
		nr: 378,
		name: 'preadv2',
		args: ['fd', 'iovec-out', 'int', 'off', 'hex'],
		support: 'partial',
		note: 'no RWF_NOWAIT, RWF_APPEND',
		handler: (d, args, resume) => vectored2(d, args, false, resume),
	},
	{
		nr: 379,
		name: 'pwritev2',
		args: ['fd', 'iovec', 'int', 'off', 'hex'],
		support: 'partial',
		note: 'no RWF_NOWAIT, RWF_APPEND',
		onSignal: true,
		handler: (d, args, resume) => vectored2(d, args, true, resume),
	},
	{
		nr: 19,
		name: 'lseek',
		args: ['fd', 'long', 'enum:seek'],
		support: 'full',
		handler: (d, [fd, offset, whence]) => lseek(d, fd, offset, whence),
	},
	{
		nr: 140,
		name: '_llseek',
		args: ['fd', 'ulong', 'ulong', 'addr', 'enum:seek'],
		support: 'full',
		handler: (d, [fd, high, low, result, whence]) => llseek(d, fd, high, low, result, whence),
	},
	{
		nr: 187,
		name: 'sendfile',
		args: ['fd', 'fd', 'int-out', 'size'],
		support: 'full',
		handler: (d, [out, input, offset, count]) => sendfile(d, out, input, offset, count, false),
	},
	{
		nr: 239,
		name: 'sendfile64',
		args: ['fd', 'fd', 'addr', 'size'],
		support: 'full',
		handler: (d, [out, input, offset, count]) => sendfile(d, out, input, offset, count, true),
	},
	{
		nr: 377,
		name: 'copy_file_range',
		args: ['fd', 'addr', 'fd', 'addr', 'size', 'hex'],
		support: 'full',
		handler: copyRange,
	},
];
