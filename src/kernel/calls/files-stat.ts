/** The stat family, statx, statfs, access, readlink (fs/stat.c, fs/statfs.c, fs/open.c). */
import type { Inode } from '../../events/entities.ts';
import { Errno } from '../abi/errno.ts';
import { AT, AT_FDCWD } from '../abi/fcntl.ts';
import type { StatValues } from '../abi/stat.ts';
import {
	packOldStat,
	packStat,
	packStat64,
	packStatfs,
	packStatfs64,
	packStatx,
	STATFS64_BYTES,
	STATX_RESERVED,
} from '../abi/stat.ts';
import type { Decision, NeedInput } from '../decision.ts';
import { failed } from '../fail.ts';
import type { Place } from '../mount-walk.ts';
import { wantWrite } from '../mounts.ts';
import { fileAt, inodeOf } from '../open-file.ts';
import { readPath, resolve, resolveAt } from '../paths.ts';
import { fsIds, MAY_WRITE, permitted, realIds } from '../permissions.ts';
import type { SyscallRow } from '../row.ts';
import { statfsValues, statValues } from '../stat.ts';

type Pack = (s: StatValues) => Uint8Array;

/** Sizes the old layouts cannot hold. */
const OLD_LIMIT = 0x7fffffff;

function tell(d: Decision, inode: Inode, address: number, pack: Pack): number {
	const values = statValues(d.state, inode);
	if (values.size > OLD_LIMIT && (pack === packStat || pack === packOldStat)) return -Errno.EOVERFLOW;
	return d.write(address, pack(values)) ? 0 : -Errno.EFAULT;
}

function statPath(d: Decision, pathAddress: number, buffer: number, follow: boolean, pack: Pack): number | NeedInput {
	const path = readPath(d, pathAddress);
	if (typeof path === 'number') return path;
	const found = resolve(d, AT_FDCWD, path, follow ? 'follow' : 'nofollow');
	return failed(found) ? found : tell(d, found.inode, buffer, pack);
}

function statFd(d: Decision, fd: number, buffer: number, pack: Pack): number {
	const file = fileAt(d, fd);
	return file === undefined ? -Errno.EBADF : tell(d, inodeOf(d, file), buffer, pack);
}

function statAt(d: Decision, dirfd: number, path: number, buffer: number, flags: number): number | NeedInput {
	if (flags & ~(AT.SYMLINK_NOFOLLOW | AT.NO_AUTOMOUNT | AT.EMPTY_PATH | AT.STATX_SYNC_TYPE)) return -Errno.EINVAL;
	const found = resolveAt(d, dirfd, path, flags & AT.SYMLINK_NOFOLLOW ? 'nofollow' : 'follow', flags);
	return failed(found) ? found : tell(d, found.inode, buffer, packStat64);
}

function statx(d: Decision, args: readonly number[]): number | NeedInput {
	const [dirfd, path, flags, mask, buffer] = args;
	const pack = (place: Place): Pack => {
		const { number, root } = d.state.mounts[place.mount] ?? { number: 0, root: 0 };
		return (values) => packStatx(values, number, root === place.inode.id);
	};
	if ((mask & STATX_RESERVED) !== 0 || (flags & AT.STATX_SYNC_TYPE) === AT.STATX_SYNC_TYPE) return -Errno.EINVAL;
	if (flags & ~(AT.SYMLINK_NOFOLLOW | AT.NO_AUTOMOUNT | AT.EMPTY_PATH | AT.STATX_SYNC_TYPE)) return -Errno.EINVAL;
	// A null path with AT_EMPTY_PATH is the descriptor itself, as in recent kernels.
	if (path === 0 && flags & AT.EMPTY_PATH) {
		const file = fileAt(d, dirfd);
		if (file === undefined) return -Errno.EBADF;
		const inode = inodeOf(d, file);
		return tell(d, inode, buffer, pack({ mount: file.mount, inode }));
	}
	const found = resolveAt(d, dirfd, path, flags & AT.SYMLINK_NOFOLLOW ? 'nofollow' : 'follow', flags);
	return failed(found) ? found : tell(d, found.inode, buffer, pack(found));
}

/** statfs of a path or a descriptor. @param size what the caller says struct statfs64 has; null: statfs */
function statfs(
	d: Decision,
	where: { readonly path: number } | { readonly fd: number },
	size: number | null,
	buffer: number,
): number | NeedInput {
	if (size !== null && size !== STATFS64_BYTES) return -Errno.EINVAL;
	if ('path' in where) {
		const path = readPath(d, where.path);
		if (typeof path === 'number') return path;
		const found = resolve(d, AT_FDCWD, path, 'follow');
		if (failed(found)) return found;
		return tellFs(d, found, size, buffer);
	}
	const file = fileAt(d, where.fd);
	return file === undefined ? -Errno.EBADF : tellFs(d, { mount: file.mount, inode: inodeOf(d, file) }, size, buffer);
}

function tellFs(d: Decision, { mount, inode }: Place, size: number | null, buffer: number): number {
	const values = statfsValues(d.state, inode.sb, d.state.mounts[mount]?.flags);
	return d.write(buffer, size === null ? packStatfs(values) : packStatfs64(values)) ? 0 : -Errno.EFAULT;
}

/** access(2): checked with the real ids unless AT_EACCESS. */
function access(d: Decision, dirfd: number, pathAddress: number, mode: number, flags: number): number | NeedInput {
	if (mode & ~7 || flags & ~(AT.EACCESS | AT.SYMLINK_NOFOLLOW | AT.EMPTY_PATH)) return -Errno.EINVAL;
	const { creds } = d.task;
	const who = flags & AT.EACCESS ? fsIds(creds) : realIds(creds);
	const path = readPath(d, pathAddress);
	if (typeof path === 'number') return path;
	const empty = path === '' && (flags & AT.EMPTY_PATH) !== 0;
	const found = empty
		? resolveAt(d, dirfd, pathAddress, 'follow', flags)
		: resolve(d, dirfd, path, flags & AT.SYMLINK_NOFOLLOW ? 'nofollow' : 'follow', who);
	if (failed(found)) return found;
	const { inode, mount } = found;
	if (!permitted(who, inode, mode)) return -Errno.EACCES;
	const special = inode.kind !== 'file' && inode.kind !== 'dir' && inode.kind !== 'symlink';
	return mode & MAY_WRITE && !special ? wantWrite(d.state, mount) : 0;
}

function readlink(d: Decision, dirfd: number, pathAddress: number, buffer: number, size: number): number | NeedInput {
	if ((size | 0) <= 0) return -Errno.EINVAL;
	const path = readPath(d, pathAddress);
	if (typeof path === 'number') return path;
	let inode: Inode;
	if (path === '' && (dirfd | 0) !== AT_FDCWD) {
		const file = fileAt(d, dirfd);
		if (file === undefined) return -Errno.EBADF;
		inode = inodeOf(d, file);
		if (inode.kind !== 'symlink') return -Errno.ENOENT;
	} else {
		const found = resolve(d, dirfd, path, 'nofollow');
		if (failed(found)) return found;
		inode = found.inode;
	}
	if (inode.kind !== 'symlink') return -Errno.EINVAL;
	const target = Uint8Array.from(inode.target.slice(0, size), (c) => c.charCodeAt(0));
	return d.write(buffer, target) ? target.length : -Errno.EFAULT;
}

export const statRows: readonly SyscallRow[] = [
	{
		nr: 18,
		name: 'oldstat',
		args: ['path', 'addr'],
		support: 'full',
		handler: (d, [path, buf]) => statPath(d, path, buf, true, packOldStat),
	},
	{
		nr: 84,
		name: 'oldlstat',
		args: ['path', 'addr'],
		support: 'full',
		handler: (d, [path, buf]) => statPath(d, path, buf, false, packOldStat),
	},
	{ nr: 28, name: 'oldfstat', args: ['fd', 'addr'], support: 'full', handler: (d, [fd, buf]) => statFd(d, fd, buf, packOldStat) },
	{
		nr: 106,
		name: 'stat',
		args: ['path', 'struct:stat-out'],
		support: 'full',
		handler: (d, [path, buf]) => statPath(d, path, buf, true, packStat),
	},
	{
		nr: 107,
		name: 'lstat',
		args: ['path', 'struct:stat-out'],
		support: 'full',
		handler: (d, [path, buf]) => statPath(d, path, buf, false, packStat),
	},
	{
		nr: 108,
		name: 'fstat',
		args: ['fd', 'struct:stat-out'],
		support: 'full',
		handler: (d, [fd, buf]) => statFd(d, fd, buf, packStat),
	},
	{
		nr: 195,
		name: 'stat64',
		args: ['path', 'struct:stat64-out'],
		support: 'full',
		handler: (d, [path, buf]) => statPath(d, path, buf, true, packStat64),
	},
	{
		nr: 196,
		name: 'lstat64',
		args: ['path', 'struct:stat64-out'],
		support: 'full',
		handler: (d, [path, buf]) => statPath(d, path, buf, false, packStat64),
	},
	{
		nr: 197,
		name: 'fstat64',
		args: ['fd', 'struct:stat64-out'],
		support: 'full',
		handler: (d, [fd, buf]) => statFd(d, fd, buf, packStat64),
	},
	{
		nr: 300,
		name: 'fstatat64',
		args: ['dirfd', 'path', 'struct:stat64-out', 'flags:at'],
		support: 'full',
		handler: (d, [dirfd, path, buf, flags]) => statAt(d, dirfd, path, buf, flags),
	},
	{
		nr: 383,
		name: 'statx',
		args: ['dirfd', 'path', 'flags:at', 'flags:statx', 'struct:statx-out'],
		support: 'partial',
		note: 'no birth time',
		handler: statx,
	},
	{
		nr: 99,
		name: 'statfs',
		args: ['path', 'addr'],
		support: 'full',
		note: 'tmpfs and proc',
		handler: (d, [path, buf]) => statfs(d, { path }, null, buf),
	},
	{ nr: 100, name: 'fstatfs', args: ['fd', 'addr'], support: 'full', handler: (d, [fd, buf]) => statfs(d, { fd }, null, buf) },
	{
		nr: 268,
		name: 'statfs64',
		args: ['path', 'size', 'addr'],
		support: 'full',
		handler: (d, [path, size, buf]) => statfs(d, { path }, size, buf),
	},
	{
		nr: 269,
		name: 'fstatfs64',
		args: ['fd', 'size', 'addr'],
		support: 'full',
		handler: (d, [fd, size, buf]) => statfs(d, { fd }, size, buf),
	},
	{
		nr: 33,
		name: 'access',
		args: ['path', 'flags:access'],
		support: 'full',
		handler: (d, [path, mode]) => access(d, AT_FDCWD, path, mode, 0),
	},
	{
		nr: 307,
		name: 'faccessat',
		args: ['dirfd', 'path', 'flags:access'],
		support: 'full',
		handler: (d, [dirfd, path, mode]) => access(d, dirfd, path, mode, 0),
	},
	{
		nr: 439,
		name: 'faccessat2',
		args: ['dirfd', 'path', 'flags:access', 'flags:at_access'],
		support: 'full',
		handler: (d, [dirfd, path, mode, flags]) => access(d, dirfd, path, mode, flags),
	},
	{
		nr: 85,
		name: 'readlink',
		args: ['path', 'buf-out', 'size'],
		support: 'full',
		handler: (d, [path, buf, size]) => readlink(d, AT_FDCWD, path, buf, size),
	},
	{
		nr: 305,
		name: 'readlinkat',
		args: ['dirfd', 'path', 'buf-out', 'size'],
		support: 'full',
		handler: (d, [dirfd, path, buf, size]) => readlink(d, dirfd, path, buf, size),
	},
];
