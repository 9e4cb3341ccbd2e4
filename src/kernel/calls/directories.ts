/** Names in directories: mkdir, rmdir, unlink, rename, link, symlink, mknod (fs/namei.c). */
import type { Inode } from '../../events/entities.ts';
import { Errno } from '../abi/errno.ts';
import { AT, AT_FDCWD, NAME_MAX, RENAME, S } from '../abi/fcntl.ts';
import type { Decision, NeedInput } from '../decision.ts';
import { linkEntry, liveEntries, needListing, unlinkEntry } from '../entries.ts';
import { type Fail, failed, unsupported } from '../fail.ts';
import { wantInode } from '../fs-room.ts';
import { isMountPoint, wantWrite } from '../mounts.ts';
import { namespaceIno } from '../namespaces.ts';
import { makeInode } from '../open-file.ts';
import { type Found, readPath, resolveAt, walk } from '../paths.ts';
import { fsIds, MAY_EXEC, MAY_READ, MAY_WRITE, owns, permitted, stickyForbids } from '../permissions.ts';
import { takeAwayFrom } from '../propagation.ts';
import type { SyscallRow } from '../row.ts';
import { cwdRows } from './cwd.ts';
import { listingRows } from './getdents.ts';

type Result = number | NeedInput;
type Place = Found & { readonly inode: undefined };

function isSpecial(name: string): boolean {
	return name === '.' || name === '..' || name === '/';
}

/** The place for a new name. -errno: EEXIST ENOENT EACCES and those of the walk. */
function placeFor(d: Decision, dirfd: number, address: number, directory: boolean): Place | Fail {
	const path = readPath(d, address);
	return typeof path === 'number' ? path : freePlace(d, dirfd, path, directory);
}

/** As `placeFor`, of a path that was read. -errno: EEXIST, ENOENT, ENAMETOOLONG, EACCES, those of the walk */
export function freePlace(d: Decision, dirfd: number, path: string, directory: boolean): Place | Fail {
	const found = walk(d, dirfd, path, 'parent');
	if (failed(found)) return found;
	if (isSpecial(found.name) || found.inode !== undefined) return -Errno.EEXIST;
	if (found.name.length > NAME_MAX) return -Errno.ENAMETOOLONG;
	if (found.slash && !directory) return -Errno.ENOENT;
	const refused = wantWrite(d.state, found.mount);
	if (refused) return refused;
	if (found.parent.nlink === 0) return -Errno.ENOENT;
	if (!permitted(fsIds(d.task.creds), found.parent, MAY_WRITE | MAY_EXEC)) return -Errno.EACCES;
	return wantInode(d.state, found.parent) || { ...found, inode: undefined };
}

/** Whether a name may be removed (may_delete): 0, or -errno EACCES EPERM ENOTDIR EISDIR EBUSY. */
function mayRemove(d: Decision, dir: Inode, inode: Inode, directory: boolean): number {
	const who = fsIds(d.task.creds);
	if (!permitted(who, dir, MAY_WRITE | MAY_EXEC)) return -Errno.EACCES;
	if (stickyForbids(who, dir, inode)) return -Errno.EPERM;
	if (directory && inode.kind !== 'dir') return -Errno.ENOTDIR;
	if (!directory && inode.kind === 'dir') return -Errno.EISDIR;
	return 0;
}

/** Whether a directory has no names; a directory of the host root is listed first. */
function isEmpty(dir: Inode): boolean | NeedInput {
	return needListing(dir) ?? liveEntries(dir).length === 0;
}

function umasked(d: Decision, mode: number): number {
	return mode & ~d.state.fsStructs[d.task.fs].umask;
}

function mkdir(d: Decision, dirfd: number, path: number, mode: number): Result {
	const place = placeFor(d, dirfd, path, true);
	if (failed(place)) return place;
	const made = makeInode(d, 'dir', umasked(d, mode & 0o1777), place.parent);
	linkEntry(d, place.parent.id, place.name, made.id);
	return 0;
}

/** The name to be removed, which must be there. */
function victim(
	d: Decision,
	dirfd: number,
	address: number,
	special: (name: string) => number,
): (Found & { readonly inode: Inode }) | Fail {
	const path = readPath(d, address);
	if (typeof path === 'number') return path;
	const found = walk(d, dirfd, path, 'parent');
	if (failed(found)) return found;
	if (isSpecial(found.name)) return special(found.name);
	const refused = wantWrite(d.state, found.mount);
	if (refused) return refused;
	const { inode } = found;
	if (found.name.length > NAME_MAX) return -Errno.ENAMETOOLONG;
	return inode === undefined ? -Errno.ENOENT : { ...found, inode };
}

function rmdir(d: Decision, dirfd: number, path: number): Result {
	const found = victim(d, dirfd, path, (name) =>
		name === '.' ? -Errno.EINVAL : name === '..' ? -Errno.ENOTEMPTY : -Errno.EBUSY,
	);
	if (failed(found)) return found;
	const refused = mayRemove(d, found.parent, found.inode, true);
	if (refused) return refused;
	if (isMountPoint(d.state, namespaceIno(d.state, d.task, 'mnt'), found.inode.id)) return -Errno.EBUSY;
	const empty = isEmpty(found.inode);
	if (failed(empty)) return empty;
	if (!empty) return -Errno.ENOTEMPTY;
	takeAwayFrom(d, found.inode.id);
	unlinkEntry(d, found.parent.id, found.name, found.inode.nlink);
	return 0;
}

function unlink(d: Decision, dirfd: number, path: number): Result {
	const found = victim(d, dirfd, path, () => -Errno.EISDIR);
	if (failed(found)) return found;
	if (found.slash) return found.inode.kind === 'dir' ? -Errno.EISDIR : -Errno.ENOTDIR;
	const refused = mayRemove(d, found.parent, found.inode, false);
	if (refused) return refused;
	if (isMountPoint(d.state, namespaceIno(d.state, d.task, 'mnt'), found.inode.id)) return -Errno.EBUSY;
	takeAwayFrom(d, found.inode.id);
	unlinkEntry(d, found.parent.id, found.name, 1);
	return 0;
}

/** Whether `dir` is `inode` or lies below it. */
function isWithin(d: Decision, dir: Inode, inode: Inode): boolean {
	for (let at = dir; ; at = d.state.inodes[at.parent]) {
		if (at.id === inode.id) return true;
		if (at.parent === at.id || at.parent === 0) return false;
	}
}

/** rename(2) and renameat2(2) (do_renameat2, vfs_rename). */
function rename(d: Decision, fromFd: number, fromPath: number, toFd: number, toPath: number, flags: number): Result {
	if (flags & ~(RENAME.NOREPLACE | RENAME.EXCHANGE) || flags === (RENAME.NOREPLACE | RENAME.EXCHANGE)) return -Errno.EINVAL;
	const oldPath = readPath(d, fromPath);
	if (typeof oldPath === 'number') return oldPath;
	const newPath = readPath(d, toPath);
	if (typeof newPath === 'number') return newPath;
	const from = walk(d, fromFd, oldPath, 'parent');
	if (failed(from)) return from;
	const to = walk(d, toFd, newPath, 'parent');
	if (failed(to)) return to;
	if (from.mount !== to.mount) return -Errno.EXDEV;
	if (isSpecial(from.name)) return -Errno.EBUSY;
	if (isSpecial(to.name)) return flags & RENAME.NOREPLACE ? -Errno.EEXIST : -Errno.EBUSY;
	const readonly = wantWrite(d.state, from.mount);
	if (readonly) return readonly;
	const source = from.inode;
	const target = to.inode;
	const exchange = (flags & RENAME.EXCHANGE) !== 0;
	if (from.name.length > NAME_MAX) return -Errno.ENAMETOOLONG;
	if (source === undefined) return -Errno.ENOENT;
	if (to.name.length > NAME_MAX) return -Errno.ENAMETOOLONG;
	if (flags & RENAME.NOREPLACE && target !== undefined) return -Errno.EEXIST;
	if (exchange && target === undefined) return -Errno.ENOENT;
	if (exchange && target?.kind !== 'dir' && to.slash) return -Errno.ENOTDIR;
	if (source.kind !== 'dir' && (from.slash || (!exchange && to.slash))) return -Errno.ENOTDIR;
	if (source.kind === 'dir' && isWithin(d, to.parent, source)) return -Errno.EINVAL;
	if (target?.kind === 'dir' && isWithin(d, from.parent, target)) return exchange ? -Errno.EINVAL : -Errno.ENOTEMPTY;
	if (target?.id === source.id) return 0;
	const refused = mayMove(d, from, source, to, target, exchange);
	if (refused) return refused;
	const ns = namespaceIno(d.state, d.task, 'mnt');
	if ([source, target].some((inode) => inode && isMountPoint(d.state, ns, inode.id))) return -Errno.EBUSY;
	if (exchange && target !== undefined) return swap(d, from, source, to, target);
	if (target?.kind === 'dir') {
		const empty = isEmpty(target);
		if (failed(empty)) return empty;
		if (!empty) return -Errno.ENOTEMPTY;
	}
	if (target !== undefined) takeAwayFrom(d, target.id);
	if (target !== undefined) unlinkEntry(d, to.parent.id, to.name, target.kind === 'dir' ? target.nlink : 1);
	linkEntry(d, to.parent.id, to.name, source.id);
	if (source.kind === 'dir') d.emit({ kind: 'inode/set', inode: source.id, fields: { parent: to.parent.id } });
	unlinkEntry(d, from.parent.id, from.name, 0);
	return 0;
}

/** Permissions of a rename: 0 or -errno. */
function mayMove(d: Decision, from: Found, source: Inode, to: Found, target: Inode | undefined, exchange: boolean): number {
	const who = fsIds(d.task.creds);
	const directory = source.kind === 'dir';
	const refused = mayRemove(d, from.parent, source, directory);
	if (refused) return refused;
	if (target === undefined) {
		if (to.parent.nlink === 0) return -Errno.ENOENT;
		if (!permitted(who, to.parent, MAY_WRITE | MAY_EXEC)) return -Errno.EACCES;
	} else {
		const kept = mayRemove(d, to.parent, target, exchange ? target.kind === 'dir' : directory);
		if (kept) return kept;
	}
	if (from.parent.id === to.parent.id) return 0;
	if (directory && !permitted(who, source, MAY_WRITE)) return -Errno.EACCES;
	if (exchange && target?.kind === 'dir' && !permitted(who, target, MAY_WRITE)) return -Errno.EACCES;
	return 0;
}

/** RENAME_EXCHANGE: each name gets the other's inode. */
function swap(d: Decision, from: Found, source: Inode, to: Found, target: Inode): number {
	const now = d.realNow;
	d.emit({ kind: 'dir/link', dir: from.parent.id, name: from.name, inode: target.id });
	d.emit({ kind: 'dir/link', dir: to.parent.id, name: to.name, inode: source.id });
	for (const [inode, home] of [
		[source, to.parent],
		[target, from.parent],
	]) {
		const parent = inode.kind === 'dir' ? { parent: home.id } : {};
		d.emit({ kind: 'inode/set', inode: inode.id, fields: { ctime: now, ...parent } });
	}
	const moved = (target.kind === 'dir' ? 1 : 0) - (source.kind === 'dir' ? 1 : 0);
	const times = { mtime: now, ctime: now };
	if (from.parent.id === to.parent.id) {
		d.emit({ kind: 'inode/set', inode: from.parent.id, fields: times });
		return 0;
	}
	d.emit({ kind: 'inode/set', inode: from.parent.id, fields: { ...times, nlink: from.parent.nlink + moved } });
	d.emit({ kind: 'inode/set', inode: to.parent.id, fields: { ...times, nlink: to.parent.nlink - moved } });
	return 0;
}

/** fs.protected_hardlinks = 1: only files of one's own, or harmless ones that one may read and write (may_linkat). */
function mayLink(d: Decision, inode: Inode): boolean {
	const who = fsIds(d.task.creds);
	if (owns(who, inode)) return true;
	const runsAsOther = inode.mode & S.ISUID || (inode.mode & (S.ISGID | 0o010)) === (S.ISGID | 0o010);
	return inode.kind === 'file' && !runsAsOther && permitted(who, inode, MAY_READ | MAY_WRITE);
}

function link(d: Decision, fromFd: number, from: number, toFd: number, to: number, flags: number): Result {
	if (flags & ~(AT.SYMLINK_FOLLOW | AT.EMPTY_PATH)) return -Errno.EINVAL;
	if (flags & AT.EMPTY_PATH && d.task.creds.fsuid !== 0) return -Errno.ENOENT;
	const found = resolveAt(d, fromFd, from, flags & AT.SYMLINK_FOLLOW ? 'follow' : 'nofollow', flags);
	if (failed(found)) return found;
	const place = placeFor(d, toFd, to, false);
	if (failed(place)) return place;
	const { inode } = found;
	if (inode.id === 0 || inode.kind === 'stream' || found.mount !== place.mount) return -Errno.EXDEV;
	if (inode.kind === 'dir' || !mayLink(d, inode)) return -Errno.EPERM;
	// A file without a name comes back only when it was made so (O_TMPFILE), not when it was removed.
	const temporary = Object.values(d.state.files).some((f) => f.inode === inode.id && f.path.endsWith(`/#${inode.ino} (deleted)`));
	if (inode.nlink === 0 && !temporary) return -Errno.ENOENT;
	d.emit({ kind: 'inode/set', inode: inode.id, fields: { nlink: inode.nlink + 1, ctime: d.realNow } });
	linkEntry(d, place.parent.id, place.name, inode.id);
	return 0;
}

function symlink(d: Decision, targetAddress: number, dirfd: number, path: number): Result {
	const target = readPath(d, targetAddress);
	if (typeof target === 'number') return target;
	if (target === '') return -Errno.ENOENT;
	const place = placeFor(d, dirfd, path, false);
	if (failed(place)) return place;
	const made = makeInode(d, 'symlink', 0o777, place.parent, { target, size: target.length });
	linkEntry(d, place.parent.id, place.name, made.id);
	return 0;
}

const KINDS: ReadonlyMap<number, Inode['kind']> = new Map([
	[S.IFIFO, 'fifo'],
	[S.IFCHR, 'char'],
	[S.IFSOCK, 'socket'],
]);

/** mknod(2): regular files, named pipes and sockets that nobody bound; character devices for root. */
function mknod(d: Decision, dirfd: number, path: number, mode: number, dev: number): Result {
	const type = mode & S.IFMT;
	if (type === S.IFDIR) return -Errno.EPERM;
	if (type !== 0 && type !== S.IFREG && type !== S.IFIFO && type !== S.IFCHR && type !== S.IFBLK && type !== S.IFSOCK)
		return -Errno.EINVAL;
	const place = placeFor(d, dirfd, path, false);
	if (failed(place)) return place;
	if ((type === S.IFCHR || type === S.IFBLK) && d.task.creds.fsuid !== 0) return -Errno.EPERM;
	if (type === S.IFBLK) return unsupported(d, 'mknod of a block device', Errno.EPERM);
	const kind = KINDS.get(type) ?? 'file';
	const rdev = kind === 'char' ? ((dev >>> 8) & 0xfff) * 256 + (dev & 0xff) : 0;
	const made = makeInode(d, kind, umasked(d, mode & 0o7777), place.parent, { rdev });
	linkEntry(d, place.parent.id, place.name, made.id);
	return 0;
}

export const directoryRows: readonly SyscallRow[] = [
	...cwdRows,
	...listingRows,
	{
		nr: 39,
		name: 'mkdir',
		args: ['path', 'mode'],
		support: 'full',
		handler: (d, [path, mode]) => mkdir(d, AT_FDCWD, path, mode),
	},
	{
		nr: 296,
		name: 'mkdirat',
		args: ['dirfd', 'path', 'mode'],
		support: 'full',
		handler: (d, [dirfd, path, mode]) => mkdir(d, dirfd, path, mode),
	},
	{ nr: 40, name: 'rmdir', args: ['path'], support: 'full', handler: (d, [path]) => rmdir(d, AT_FDCWD, path) },
	{ nr: 10, name: 'unlink', args: ['path'], support: 'full', handler: (d, [path]) => unlink(d, AT_FDCWD, path) },
	{
		nr: 301,
		name: 'unlinkat',
		args: ['dirfd', 'path', 'flags:at_unlink'],
		support: 'full',
		handler: (d, [dirfd, path, flags]) => {
			if (flags & ~AT.REMOVEDIR) return -Errno.EINVAL;
			return flags ? rmdir(d, dirfd, path) : unlink(d, dirfd, path);
		},
	},
	{
		nr: 38,
		name: 'rename',
		args: ['path', 'path'],
		support: 'full',
		handler: (d, [from, to]) => rename(d, AT_FDCWD, from, AT_FDCWD, to, 0),
	},
	{
		nr: 302,
		name: 'renameat',
		args: ['dirfd', 'path', 'dirfd', 'path'],
		support: 'full',
		handler: (d, [fromFd, from, toFd, to]) => rename(d, fromFd, from, toFd, to, 0),
	},
	{
		nr: 353,
		name: 'renameat2',
		args: ['dirfd', 'path', 'dirfd', 'path', 'flags:rename'],
		support: 'partial',
		note: 'no RENAME_WHITEOUT',
		handler: (d, [fromFd, from, toFd, to, flags]) => rename(d, fromFd, from, toFd, to, flags),
	},
	{
		nr: 9,
		name: 'link',
		args: ['path', 'path'],
		support: 'full',
		handler: (d, [from, to]) => link(d, AT_FDCWD, from, AT_FDCWD, to, 0),
	},
	{
		nr: 303,
		name: 'linkat',
		args: ['dirfd', 'path', 'dirfd', 'path', 'flags:at'],
		support: 'full',
		handler: (d, [fromFd, from, toFd, to, flags]) => link(d, fromFd, from, toFd, to, flags),
	},
	{
		nr: 83,
		name: 'symlink',
		args: ['path', 'path'],
		support: 'full',
		handler: (d, [target, path]) => symlink(d, target, AT_FDCWD, path),
	},
	{
		nr: 304,
		name: 'symlinkat',
		args: ['path', 'dirfd', 'path'],
		support: 'full',
		handler: (d, [target, dirfd, path]) => symlink(d, target, dirfd, path),
	},
	{
		nr: 14,
		name: 'mknod',
		args: ['path', 'flags:mode', 'hex'],
		support: 'partial',
		note: 'no block devices',
		handler: (d, [path, mode, dev]) => mknod(d, AT_FDCWD, path, mode, dev),
	},
	{
		nr: 297,
		name: 'mknodat',
		args: ['dirfd', 'path', 'flags:mode', 'hex'],
		support: 'partial',
		note: 'as mknod',
		handler: (d, [dirfd, path, mode, dev]) => mknod(d, dirfd, path, mode, dev),
	},
];
