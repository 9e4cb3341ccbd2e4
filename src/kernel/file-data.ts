/**
 * Bytes in and out of open files: regular files, pipes, character devices, and the recorder's own descriptors (streams).
 * Reading is in two parts, so that nothing is taken before the guest's buffer is known to be good.
 */
import { assert } from '../events/assert.ts';
import type { Inode, OpenFile } from '../events/entities.ts';
import { PAGE_SIZE } from '../events/pages.ts';
import type { Tty } from '../events/tty.ts';
import { type MachineState, Restart, Vm } from '../reducers/state.ts';
import { Errno } from './abi/errno.ts';
import { MAX_FILE, MAX_NON_LFS, O, PIPE_BUF, RLIM_INFINITY, RLIMIT, SEAL } from './abi/fcntl.ts';
import { Sig } from './abi/signal.ts';
import { LFLAG, termiosOf } from './abi/termios.ts';
import { readAnon, writeAnon } from './anon-data.ts';
import type { Block, Decision, NeedInput } from './decision.ts';
import { roomFor } from './fs-room.ts';
import { freePages } from './memory-limit.ts';
import { inodeOf } from './open-file.ts';
import { withoutPrivileges } from './permissions.ts';
import { randomBytes } from './random.ts';
import type { Resume } from './row.ts';
import { userInfo } from './signal-queue.ts';
import { postSignal } from './signal-send.ts';
import { again, type Socket, send } from './sockets.ts';
import { checkForeground } from './tty/control.ts';
import { readTty, writeTty } from './tty/data.ts';
import { type End, endOf } from './tty/terminal.ts';

/** What reading found: `bytes`, and `take` to consume the first n of them. */
export interface Source {
	readonly bytes: Uint8Array;
	readonly take: (n: number) => void;
}

const NOTHING: Source = { bytes: new Uint8Array(0), take: () => {} };

/** Device numbers (Documentation/admin-guide/devices.txt): major << 8 | minor. */
export const DEVICE = { NULL: 0x103, ZERO: 0x105, FULL: 0x107, RANDOM: 0x108, URANDOM: 0x109, TTY: 0x500, PTMX: 0x502 } as const;

/**
 * The machine brings input only to a task that sleeps for it. Who only asks whether there is some sleeps for this many ns:
 * the machine asks the outside, and the answer is an input.
 */
export const ASK_NS = 1;

/** The stream behind an open file: a descriptor of the recorder, or its terminal opened as /dev/tty; 0-based id, or -1. */
export function streamOf({ state }: { readonly state: MachineState }, inode: Inode): number {
	if (inode.kind === 'stream') return inode.channel;
	return inode.kind === 'tty' ? (state.ttys[inode.channel].streams[0] ?? -1) : -1;
}

/** Whether an inode has positions: only then do lseek and pread work. */
export function isSeekable(inode: Inode): boolean {
	return inode.kind === 'anon' || inode.kind === 'file' || inode.kind === 'dir' || inode.kind === 'char';
}

/** Contents of a regular file, fewer than `length` bytes at its end; dirty pages of shared mappings included. */
export function fileBytes(d: Decision, inode: Inode, offset: number, length: number): Uint8Array | NeedInput {
	const n = Math.max(0, Math.min(length, inode.size - offset));
	if (n === 0) return NOTHING.bytes;
	if (inode.lower === 'unread') return needContent(inode);
	const out = new Uint8Array(n);
	for (let done = 0; done < n; ) {
		const at = offset + done;
		const page = d.objectPage(inode.object, Math.floor(at / PAGE_SIZE));
		const from = at % PAGE_SIZE;
		const step = Math.min(PAGE_SIZE - from, n - done);
		if (page) out.set(page.subarray(from, from + step), done);
		done += step;
	}
	return out;
}

/** The input without which a file of the host root cannot be read, or changed in part. */
export function needContent(inode: Inode): NeedInput {
	return { kind: 'need', request: { kind: 'content', inode: inode.id, path: inode.lowerPath } };
}

/** What a read of `count` > 0 bytes at `position` (or at the place where a stream of bytes is) would get. */
export function source(
	d: Decision,
	file: OpenFile,
	position: number,
	count: number,
	resume: Resume | null,
): Source | Block | NeedInput | number {
	const inode = inodeOf(d, file);
	switch (inode.kind) {
		case 'file': {
			const bytes = fileBytes(d, inode, position, count);
			return bytes instanceof Uint8Array ? { bytes, take: () => {} } : bytes;
		}
		case 'dir':
			return -Errno.EISDIR;
		case 'fifo':
			return readPipe(d, file, inode, count);
		case 'anon':
			return readAnon(d, file, d.state.anons[inode.channel], count);
		case 'socket':
			// Its reader gives buffers (socket-receive.ts).
			return -Errno.EINVAL;
		case 'char':
			if (inode.rdev === DEVICE.NULL) return NOTHING;
			if (inode.rdev === DEVICE.ZERO || inode.rdev === DEVICE.FULL) return { bytes: new Uint8Array(count), take: () => {} };
			if (inode.rdev === DEVICE.RANDOM || inode.rdev === DEVICE.URANDOM) return { bytes: randomBytes(d, count), take: () => {} };
			return -Errno.ENXIO;
		case 'tty': {
			const end = endOf(d.state, inode) as End;
			if (end.tty.streams.length === 0) return readTty(d, file, end, count, resume);
			return readStream(d, file, end.tty.streams[0], count, resume);
		}
		case 'stream':
			return readStream(d, file, inode.channel, count, resume);
		case 'symlink':
			return -Errno.EINVAL;
	}
}

function readPipe(d: Decision, file: OpenFile, inode: Inode, count: number): Source | Block | number {
	const pipe = d.state.pipes[inode.channel];
	assert(pipe !== undefined, 'an open fifo has a pipe');
	if (pipe.data.length > 0) {
		return { bytes: pipe.data.subarray(0, count), take: (n) => d.emit({ kind: 'pipe/read', pipe: pipe.id, length: n }) };
	}
	if (pipeEnds(d, inode).writers === 0) return NOTHING;
	if (file.flags & O.NONBLOCK) return -Errno.EAGAIN;
	return blockOn([{ kind: 'pipe-readable', pipe: pipe.id }]);
}

/** A read of the recorder's descriptor. A non-blocking one asks, too, whether something came (ASK_NS) before it is EAGAIN. */
function readStream(d: Decision, file: OpenFile, id: number, count: number, resume: Resume | null): Source | Block | number {
	const stream = d.state.streams[id];
	if (stream === undefined) return -Errno.EIO;
	const tty = resume === null ? terminalOf(d, id) : undefined;
	const refused = tty === undefined ? 0 : checkForeground(d, tty, Sig.SIGTTIN);
	if (refused !== 0) return refused;
	if (stream.unread.length > 0) {
		return { bytes: stream.unread.subarray(0, count), take: (n) => d.emit({ kind: 'stream/read', stream: id, length: n }) };
	}
	if (stream.eof) return NOTHING;
	if (!(file.flags & O.NONBLOCK)) return blockOn([{ kind: 'stream-readable', stream: id }]);
	if (resume !== null) return -Errno.EAGAIN;
	return blockOn([{ kind: 'stream-readable', stream: id }], d.now + ASK_NS);
}

/** The recorder's terminal behind a stream. */
function terminalOf(d: Decision, stream: number): Tty | undefined {
	return d.state.streams[stream].kind === 'tty' ? Object.values(d.state.ttys).find((t) => t.streams.includes(stream)) : undefined;
}

function blockOn(on: Block['wait']['on'], deadline: number | null = null): Block {
	return { kind: 'block', wait: { on, deadline, restart: Restart.SYS, signals: 0n }, restartBlock: null };
}

/** Open ends of a fifo. */
export function pipeEnds(
	d: { readonly state: MachineState },
	inode: Inode,
): { readonly readers: number; readonly writers: number } {
	let readers = 0;
	let writers = 0;
	for (const file of Object.values(d.state.files)) {
		if (file.inode !== inode.id || file.flags & O.PATH) continue;
		const access = file.flags & O.ACCMODE;
		if (access !== O.WRONLY) readers++;
		if (access !== O.RDONLY) writers++;
	}
	return { readers, writers };
}

/**
 * Writes bytes to an open file at `position` (regular files only; null = at the file's own, which the caller moves on).
 * @returns bytes written, -errno, or what must come first. A signal that goes with the error is posted here.
 */
export function sink(
	d: Decision,
	file: OpenFile,
	position: number,
	bytes: Uint8Array,
	resume: Resume | null,
): number | Block | NeedInput {
	const inode = inodeOf(d, file);
	switch (inode.kind) {
		case 'file': {
			const room = writeRoom(d, file, position, bytes.length);
			if (room < 0) return room;
			return writeFile(d, inode, position, bytes.subarray(0, room)) ?? room;
		}
		case 'dir':
			return -Errno.EISDIR;
		case 'fifo':
			return writePipe(d, file, inode, bytes, resume);
		case 'anon':
			return writeAnon(d, file, d.state.anons[inode.channel], bytes);
		case 'socket':
			return send(d, file, d.state.anons[inode.channel] as Socket, { bytes, files: [], cred: null, to: '' }, 0, again(d, resume));
		case 'char':
			return inode.rdev === DEVICE.FULL ? -Errno.ENOSPC : bytes.length;
		case 'tty': {
			const end = endOf(d.state, inode) as End;
			if (end.tty.streams.length === 0) return writeTty(d, file, end, bytes, resume);
			return writeStream(d, end.tty.streams[0], bytes);
		}
		case 'stream':
			return writeStream(d, inode.channel, bytes);
		case 'symlink':
			return -Errno.EINVAL;
	}
}

function writeStream(d: Decision, stream: number, bytes: Uint8Array): number {
	if (d.state.streams[stream] === undefined) return -Errno.EIO;
	const tty = terminalOf(d, stream);
	const stops = tty !== undefined && (termiosOf(tty.termios).l & LFLAG.TOSTOP) !== 0;
	const refused = stops ? checkForeground(d, tty, Sig.SIGTTOU) : 0;
	if (refused !== 0) return refused;
	d.emit({ kind: 'stream/output', stream, bytes });
	return bytes.length;
}

/** How much of `count` may be written at `position` (seals: EPERM, page by page): RLIMIT_FSIZE (EFBIG with SIGXFSZ), 2 GiB without O_LARGEFILE, the largest file. */
function writeRoom(d: Decision, file: OpenFile, position: number, count: number): number {
	const { seals, size } = d.state.inodes[file.inode];
	if (seals & (SEAL.WRITE | SEAL.FUTURE_WRITE)) return -Errno.EPERM;
	const limit = d.group.rlimits[RLIMIT.FSIZE][0];
	let room = count;
	if (seals & SEAL.GROW && position + room > size) {
		room = size - (size % PAGE_SIZE) - position;
		if (room <= 0) return -Errno.EPERM;
	}
	if (limit !== RLIM_INFINITY) {
		if (position >= limit) {
			postSelf(d, Sig.SIGXFSZ);
			return -Errno.EFBIG;
		}
		room = Math.min(room, limit - position);
	}
	// A file of the writable layer lives in memory, as in a tmpfs.
	const inode = d.state.inodes[file.inode];
	const more = Math.ceil((position + room) / PAGE_SIZE) - Math.ceil(inode.size / PAGE_SIZE);
	if (more > 0 && Math.ceil(room / PAGE_SIZE) > freePages(d)) return -Errno.ENOSPC;
	const found = roomFor(d.state, inode, position, room);
	if (room > 0 && found === 0) return -Errno.ENOSPC;
	room = found;
	const largest = file.flags & O.LARGEFILE ? MAX_FILE : MAX_NON_LFS;
	return position >= largest ? -Errno.EFBIG : Math.min(room, largest - position);
}

/** Bytes into a regular file, with its times. @returns the input that must come first, or undefined when done */
export function writeFile(d: Decision, inode: Inode, offset: number, bytes: Uint8Array): NeedInput | undefined {
	if (inode.lower === 'unread') return needContent(inode);
	if (bytes.length > 0) {
		d.emit({ kind: 'inode/write', inode: inode.id, offset, bytes });
		touchWritten(d, inode);
	}
	return undefined;
}

/** A new size, with the times. A file of the host root that was not read yet is read first, unless nothing of it stays. */
export function truncateFile(d: Decision, inode: Inode, size: number): NeedInput | undefined {
	if (inode.lower === 'unread') {
		if (size > 0) return needContent(inode);
		d.emit({ kind: 'inode/set', inode: inode.id, fields: { lower: 'none' } });
	}
	if (size < inode.size) dropCopies(d, inode, size);
	d.emit({ kind: 'inode/truncate', inode: inode.id, size });
	touchWritten(d, inode);
	return undefined;
}

/** Behind a file's new end the copies of its pages in private mappings are gone, too (truncate_pagecache unmaps with even_cows). */
function dropCopies(d: Decision, inode: Inode, size: number): void {
	const first = Math.ceil(size / PAGE_SIZE);
	for (const mm of Object.values(d.state.mms)) {
		for (const vma of mm.vmas) {
			if (vma.inode !== inode.id || vma.flags & Vm.SHARED) continue;
			const start = vma.start + Math.max(0, first - vma.pgoff) * PAGE_SIZE;
			if (start < vma.end) d.emit({ kind: 'mm/discard', mm: mm.id, start, end: vma.end });
		}
	}
}

/** Times of a changed file; who is not root also loses its set-uid bits (file_remove_privs). */
export function touchWritten(d: Decision, inode: Inode): void {
	const now = d.realNow;
	const mode = d.task.creds.fsuid === 0 ? inode.mode : withoutPrivileges(inode.mode);
	d.emit({ kind: 'inode/set', inode: inode.id, fields: { mtime: now, ctime: now, ...(mode === inode.mode ? {} : { mode }) } });
}

/**
 * A write to a pipe (fs/pipe.c pipe_write): at most PIPE_BUF bytes go in whole or not at all; more go in as they fit, and a
 * blocking write goes on from where it was (the restart block keeps how far it came).
 */
function writePipe(d: Decision, file: OpenFile, inode: Inode, bytes: Uint8Array, resume: Resume | null): number | Block {
	const pipe = d.state.pipes[inode.channel];
	assert(pipe !== undefined, 'an open fifo has a pipe');
	const before = resume === null ? 0 : (d.task.restartBlock?.args[0] ?? 0);
	if (bytes.length === 0) return 0;
	if (pipeEnds(d, inode).readers === 0) {
		postSelf(d, Sig.SIGPIPE);
		return before > 0 ? before : -Errno.EPIPE;
	}
	if (resume?.reason === 'signal') return before > 0 ? before : resume.wait.restart;
	const rest = bytes.length - before;
	const free = pipe.capacity - pipe.data.length;
	const atomic = bytes.length <= PIPE_BUF;
	const fits = atomic && free < rest ? 0 : Math.min(free, rest);
	if (fits > 0) d.emit({ kind: 'pipe/write', pipe: pipe.id, bytes: bytes.slice(before, before + fits) });
	const done = before + fits;
	if (done === bytes.length) return done;
	if (file.flags & O.NONBLOCK) return done > 0 ? done : -Errno.EAGAIN;
	const wait = blockOn([{ kind: 'pipe-writable', pipe: pipe.id, bytes: atomic ? rest : 1 }]);
	return { ...wait, restartBlock: { call: 'write', deadline: null, args: [done] } };
}

/** A signal the kernel sends to the calling thread for what it did: with the siginfo of a signal from itself (send_sig). */
export function postSelf(d: Decision, signo: number): void {
	postSignal(d, d.pid, false, userInfo(d, signo));
}
