/** sync, fsync and their kin, and advice about access: nothing is behind the guest's files that could lag. */
import { Errno } from '../abi/errno.ts';
import type { Decision } from '../decision.ts';
import { inodeOf, mayRead, usableFileAt } from '../open-file.ts';
import type { SyscallRow } from '../row.ts';
import { offset64 } from './files-io.ts';

/** fsync(2): what has nothing to write back says EINVAL. */
function fsync(d: Decision, fd: number): number {
	const file = usableFileAt(d, fd);
	if (file === undefined) return -Errno.EBADF;
	const { kind } = inodeOf(d, file);
	return kind === 'file' || kind === 'dir' ? 0 : -Errno.EINVAL;
}

function fadvise(d: Decision, fd: number, advice: number): number {
	const file = usableFileAt(d, fd);
	if (file === undefined) return -Errno.EBADF;
	if (inodeOf(d, file).kind === 'fifo') return -Errno.ESPIPE;
	return advice > 5 ? -Errno.EINVAL : 0;
}

/** sync_file_range(2) (fs/sync.c): a range with an end below 2^63, of a file. */
function syncRange(d: Decision, fd: number, offset: number, count: number, flags: number): number {
	const file = usableFileAt(d, fd);
	if (file === undefined) return -Errno.EBADF;
	if (flags & ~7 || offset < 0 || count < 0 || offset + count >= 2 ** 63) return -Errno.EINVAL;
	const { kind } = inodeOf(d, file);
	return kind === 'file' || kind === 'dir' ? 0 : -Errno.ESPIPE;
}

function readahead(d: Decision, fd: number): number {
	const file = usableFileAt(d, fd);
	if (file === undefined || !mayRead(file)) return -Errno.EBADF;
	return inodeOf(d, file).kind === 'file' ? 0 : -Errno.EINVAL;
}

export const syncRows: readonly SyscallRow[] = [
	{ nr: 36, name: 'sync', args: [], support: 'full', handler: () => 0 },
	{ nr: 118, name: 'fsync', args: ['fd'], support: 'full', handler: (d, [fd]) => fsync(d, fd) },
	{ nr: 148, name: 'fdatasync', args: ['fd'], support: 'full', handler: (d, [fd]) => fsync(d, fd) },
	{
		nr: 344,
		name: 'syncfs',
		args: ['fd'],
		support: 'full',
		handler: (d, [fd]) => (usableFileAt(d, fd) === undefined ? -Errno.EBADF : 0),
	},
	{
		nr: 314,
		name: 'sync_file_range',
		args: ['fd', 'off', 'off', 'hex'],
		support: 'full',
		handler: (d, [fd, low, high, countLow, countHigh, flags]) =>
			syncRange(d, fd, offset64(low, high), offset64(countLow, countHigh), flags),
	},
	{
		nr: 225,
		name: 'readahead',
		args: ['fd', 'off', 'size'],
		support: 'full',
		handler: (d, [fd]) => readahead(d, fd),
	},
	{
		nr: 250,
		name: 'fadvise64',
		args: ['fd', 'off', 'size', 'enum:fadvise'],
		support: 'full',
		handler: (d, [fd, , , , advice]) => fadvise(d, fd, advice),
	},
	{
		nr: 272,
		name: 'fadvise64_64',
		args: ['fd', 'off', 'off', 'enum:fadvise'],
		support: 'full',
		handler: (d, [fd, , , , , advice]) => fadvise(d, fd, advice),
	},
];
