/**
 * checkpoint(2) and restart(2) of the patches of October 2008 (checkpoint/sys.c, checkpoint.c, restart.c there): a module's calls,
 * here while the persona has it loaded. Who may open a descriptor may do both: the patches ask nobody who he is, nor whether the
 * descriptor was opened for it. What is dumped should stand still (a stop, the freezer); that is not checked either.
 */
import type { OpenFile } from '../../events/entities.ts';
import { MODULE_CALLS } from '../abi/call-numbers.ts';
import { Errno } from '../abi/errno.ts';
import { O } from '../abi/fcntl.ts';
import type { Decision, ModuleRequest, NeedInput, NeedModule } from '../decision.ts';
import { unsupported } from '../fail.ts';
import { DEVICE, fileBytes, needContent, sink } from '../file-data.ts';
import { inodeOf, usableFileAt } from '../open-file.ts';
import { taskOf } from '../pids.ts';
import type { Handler, SyscallRow } from '../row.ts';
import { isAlive } from '../signal-queue.ts';

const EMPTY = new Uint8Array(0);

function need(d: Decision, request: ModuleRequest): NeedModule {
	return { kind: 'module', task: d.pid, request, events: d.events };
}

/** Bytes that come or go as others do: nothing of an image waits for them half-way. */
function notHere(d: Decision): number {
	return unsupported(d, 'an image through a pipe, a socket or a terminal', Errno.EINVAL);
}

/** checkpoint(pid, fd, flags): EBADF, then ESRCH (a task that has ended has no namespaces any more), then what the dump says. */
const checkpoint: Handler = (d, [pid, fd]) => {
	const file = usableFileAt(d, fd);
	if (file === undefined) return -Errno.EBADF;
	const root = taskOf(d, pid | 0);
	if (root === undefined || !isAlive(root)) return -Errno.ESRCH;
	const { kind } = inodeOf(d, file);
	if (kind === 'fifo' || kind === 'socket' || kind === 'anon') return notHere(d);
	const answer = d.view.module;
	if (answer === undefined) return need(d, { kind: 'checkpoint', root: root.pid });
	const { result, why, objects, pieces, left } = answer;
	const length = pieces.reduce((n, piece) => n + piece.length, 0);
	d.emit({ kind: 'module/checkpoint', task: d.pid, root: root.pid, objects, length, result, why, left });
	const written = writePieces(d, file, pieces);
	return typeof written === 'number' && written === 0 ? result : written;
};

function joined(pieces: readonly Uint8Array[]): Uint8Array {
	const whole = new Uint8Array(pieces.reduce((n, piece) => n + piece.length, 0));
	let at = 0;
	for (const piece of pieces) {
		whole.set(piece, at);
		at += piece.length;
	}
	return whole;
}

/** The image at the file's position, which moves on. 0, -EIO for a write that is cut short, or the error of one. */
function writePieces(d: Decision, file: OpenFile, pieces: readonly Uint8Array[]): number | NeedInput {
	const image = joined(pieces);
	const inode = inodeOf(d, file);
	let at = file.flags & O.APPEND ? inode.size : file.pos;
	const write = (bytes: Uint8Array): number | NeedInput => {
		const done = sink(d, file, at, bytes, null);
		if (typeof done !== 'number') return done.kind === 'need' ? done : -Errno.EINVAL;
		if (done > 0) at += done;
		if (done > 0 && inode.kind === 'file') d.emit({ kind: 'file/set', file: file.id, fields: { pos: at } });
		return done;
	};
	const done = image.length === 0 ? 0 : write(image);
	if (typeof done !== 'number' || done < 0) return done;
	if (done === image.length) return 0;
	// Each piece is a write of its own: one that has no room at all gets an error, not a short count.
	let end = 0;
	const next = pieces.find((piece) => {
		end += piece.length;
		return end > done;
	});
	const again = next !== undefined && end - next.length === done ? write(next) : 0;
	return typeof again === 'number' && again >= 0 ? -Errno.EIO : again;
}

/** restart(ctid, fd, flags): 0, not a pid. The new tree's root is the caller's child. `ctid` and `flags` are looked at by nobody. */
const restart: Handler = (d, [, fd]) => {
	const file = usableFileAt(d, fd);
	if (file === undefined) return -Errno.EBADF;
	const inode = inodeOf(d, file);
	if (inode.kind === 'dir') return -Errno.EISDIR;
	if (inode.kind !== 'file' && inode.rdev !== DEVICE.NULL) return notHere(d);
	const image = inode.kind === 'file' ? fileBytes(d, inode, file.pos, inode.size) : EMPTY;
	if (!(image instanceof Uint8Array)) return image;
	const answer = d.view.module;
	if (answer === undefined) return need(d, { kind: 'restart', image });
	const { result, why, root, objects, read, events, unread } = answer;
	if (unread !== 0) return needContent(d.state.inodes[unread]);
	for (const event of events) d.emit(event);
	if (read > 0) d.emit({ kind: 'file/set', file: file.id, fields: { pos: file.pos + read } });
	d.emit({ kind: 'module/restart', task: d.pid, root, objects, length: read, result, why });
	return result;
};

const name = (nr: number) => MODULE_CALLS.get(nr) ?? '';
const NOTE = 'the module of the 2008 patches, with --checkpoint-module; regular files; EBUSY does not happen: nobody unloads it';

/** The module's calls: they stand for the kernel's own of these numbers while it is loaded. */
export const moduleRows: readonly SyscallRow[] = [
	{ nr: 334, name: name(334), args: ['pid', 'fd', 'hex'], support: 'partial', note: NOTE, handler: checkpoint },
	{
		nr: 335,
		name: name(335),
		args: ['int', 'fd', 'hex'],
		support: 'partial',
		note: `${NOTE}; no new namespaces`,
		handler: restart,
	},
];
