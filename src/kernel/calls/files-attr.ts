/** Attributes of files: chmod, chown, times, truncate, fallocate, extended attributes (fs/attr.c, fs/open.c, fs/utimes.c, fs/xattr.c). */
import type { Inode } from '../../events/entities.ts';
import { Errno } from '../abi/errno.ts';
import { AT, AT_FDCWD, FALLOC, MAX_FILE, MAX_NON_LFS, O, RLIM_INFINITY, RLIMIT, S, SEAL } from '../abi/fcntl.ts';
import { Sig } from '../abi/signal.ts';
import type { Decision, NeedInput } from '../decision.ts';
import { failed } from '../fail.ts';
import { needContent, postSelf, touchWritten, truncateFile, writeFile } from '../file-data.ts';
import { roomFor } from '../fs-room.ts';
import { wantWrite } from '../mounts.ts';
import { fileAt, inodeOf, mayWrite, usableFileAt } from '../open-file.ts';
import { resolveAt } from '../paths.ts';
import { fsIds, inGroup, MAY_WRITE, owns, permitted, withoutPrivileges } from '../permissions.ts';
import type { SyscallRow } from '../row.ts';
import { offset64 } from './files-io.ts';

type Result = number | NeedInput;

/** The inode a path names, then what `act` answers for it. */
function onPath(d: Decision, dirfd: number, path: number, flags: number, follow: boolean, act: (inode: Inode) => Result): Result {
	const found = resolveAt(d, dirfd, path, follow ? 'follow' : 'nofollow', flags);
	if (failed(found)) return found;
	return wantWrite(d.state, found.mount) || (found.inode.id === 0 ? -Errno.EPERM : act(found.inode));
}

function onFd(d: Decision, fd: number, act: (inode: Inode) => Result): Result {
	const file = usableFileAt(d, fd);
	return file === undefined ? -Errno.EBADF : wantWrite(d.state, file.mount) || act(inodeOf(d, file));
}

function chmod(d: Decision, inode: Inode, mode: number): Result {
	const who = fsIds(d.task.creds);
	if (inode.kind === 'symlink') return -Errno.EOPNOTSUPP;
	if (!owns(who, inode)) return -Errno.EPERM;
	let bits = mode & 0o7777;
	if (who.uid !== 0 && !inGroup(who, inode.gid)) bits &= ~S.ISGID;
	d.emit({ kind: 'inode/set', inode: inode.id, fields: { mode: bits, ctime: d.realNow } });
	return 0;
}

/** -1 leaves an id as it is. */
function chown(d: Decision, inode: Inode, uid: number, gid: number): Result {
	const who = fsIds(d.task.creds);
	const newUid = uid === 0xffffffff ? inode.uid : uid;
	const newGid = gid === 0xffffffff ? inode.gid : gid;
	if (who.uid !== 0) {
		if (uid !== 0xffffffff && (who.uid !== inode.uid || newUid !== inode.uid)) return -Errno.EPERM;
		if (gid !== 0xffffffff && (who.uid !== inode.uid || !(inGroup(who, newGid) || newGid === inode.gid))) return -Errno.EPERM;
	}
	const mode = inode.kind === 'dir' ? inode.mode : withoutPrivileges(inode.mode);
	d.emit({ kind: 'inode/set', inode: inode.id, fields: { uid: newUid, gid: newGid, mode, ctime: d.realNow } });
	return 0;
}

/** A 16-bit id of the old calls: 0xffff is -1. */
function wideId(id: number): number {
	return (id & 0xffff) === 0xffff ? 0xffffffff : id & 0xffff;
}

const UTIME_NOW = 0x3fffffff;
const UTIME_OMIT = 0x3ffffffe;

/** [seconds, ns or UTIME_*] of atime and mtime; null: both now. */
type Times = readonly (readonly [seconds: bigint, nanoseconds: number])[] | null;

function setTimes(d: Decision, inode: Inode, times: Times): Result {
	for (const [, ns] of times ?? []) {
		if (ns !== UTIME_NOW && ns !== UTIME_OMIT && (ns < 0 || ns >= 1_000_000_000)) return -Errno.EINVAL;
	}
	const who = fsIds(d.task.creds);
	const now = times === null || times.every(([, ns]) => ns === UTIME_NOW);
	if (now) {
		if (!owns(who, inode) && !permitted(who, inode, MAY_WRITE)) return -Errno.EACCES;
	} else if (!owns(who, inode)) return -Errno.EPERM;
	const value = (i: number, old: bigint): bigint => {
		const [s, ns] = times === null ? [0n, UTIME_NOW] : times[i];
		if (ns === UTIME_NOW) return d.realNow;
		return ns === UTIME_OMIT ? old : s * 1_000_000_000n + BigInt(ns);
	};
	d.emit({
		kind: 'inode/set',
		inode: inode.id,
		fields: { atime: value(0, inode.atime), mtime: value(1, inode.mtime), ctime: d.realNow },
	});
	return 0;
}

/** How a pair of times lies in memory: each `s` and `fraction` bytes wide at 0, or one of seconds alone. */
type TimeLayout = 'utimbuf' | 'timeval' | 'timespec' | 'timespec64';

/** Reads a pair of times; a number is -errno (EFAULT, EINVAL). */
function readTimes(d: Decision, address: number, layout: TimeLayout): Times | number {
	if (address === 0) return null;
	const item = layout === 'utimbuf' ? 4 : layout === 'timespec64' ? 16 : 8;
	const raw = d.read(address, item * 2);
	if (raw === undefined) return -Errno.EFAULT;
	const v = new DataView(raw.buffer, raw.byteOffset);
	const times: [bigint, number][] = [];
	for (const at of [0, item]) {
		const s = layout === 'timespec64' ? v.getBigInt64(at, true) : BigInt(v.getInt32(at, true));
		if (layout === 'utimbuf') times.push([s, 0]);
		else if (layout === 'timeval') {
			const us = v.getInt32(at + 4, true);
			if (us < 0 || us >= 1_000_000) return -Errno.EINVAL;
			times.push([s, us * 1000]);
		} else {
			times.push([s, v.getInt32(at + (layout === 'timespec64' ? 8 : 4), true)]);
		}
	}
	return times;
}

/** utime and its kin. A null path stands for the descriptor itself (futimens), where `byFd` allows it. */
function utimes(
	d: Decision,
	dirfd: number,
	path: number,
	address: number,
	layout: TimeLayout,
	flags: number,
	byFd: boolean,
): Result {
	const times = readTimes(d, address, layout);
	if (typeof times === 'number') return times;
	if (times?.every(([, ns]) => ns === UTIME_OMIT)) return 0;
	if (path === 0 && byFd && (dirfd | 0) !== AT_FDCWD) {
		if (flags) return -Errno.EINVAL;
		return onFd(d, dirfd, (inode) => setTimes(d, inode, times));
	}
	if (flags & ~(AT.SYMLINK_NOFOLLOW | AT.EMPTY_PATH)) return -Errno.EINVAL;
	return onPath(d, dirfd, path, flags, !(flags & AT.SYMLINK_NOFOLLOW), (inode) => setTimes(d, inode, times));
}

/** Whether a file may grow to `size`: 0, or -EFBIG (with SIGXFSZ over RLIMIT_FSIZE). */
function mayGrow(d: Decision, inode: Inode, size: number): number {
	if (size <= inode.size) return 0;
	if (inode.seals & SEAL.GROW) return -Errno.EPERM;
	const limit = d.group.rlimits[RLIMIT.FSIZE][0];
	if (limit !== RLIM_INFINITY && size > limit) {
		postSelf(d, Sig.SIGXFSZ);
		return -Errno.EFBIG;
	}
	return size > MAX_FILE ? -Errno.EFBIG : 0;
}

function setSize(d: Decision, inode: Inode, size: number): Result {
	if (size < inode.size && inode.seals & SEAL.SHRINK) return -Errno.EPERM;
	const refused = mayGrow(d, inode, size);
	return refused || (truncateFile(d, inode, size) ?? 0);
}

function truncate(d: Decision, path: number, size: number): Result {
	if (size < 0) return -Errno.EINVAL;
	return onPath(d, AT_FDCWD, path, 0, true, (inode) => {
		if (inode.kind === 'dir') return -Errno.EISDIR;
		if (inode.kind !== 'file') return -Errno.EINVAL;
		if (!permitted(fsIds(d.task.creds), inode, MAY_WRITE)) return -Errno.EACCES;
		if (Object.values(d.state.mms).some((mm) => mm.exe === inode.id)) return -Errno.ETXTBSY;
		return setSize(d, inode, size);
	});
}

function ftruncate(d: Decision, fd: number, size: number, wide: boolean): Result {
	if (size < 0) return -Errno.EINVAL;
	const file = usableFileAt(d, fd);
	if (file === undefined) return -Errno.EBADF;
	const inode = inodeOf(d, file);
	if (inode.kind !== 'file' || !mayWrite(file)) return -Errno.EINVAL;
	if (!wide && size > MAX_NON_LFS && !(file.flags & O.LARGEFILE)) return -Errno.EINVAL;
	return setSize(d, inode, size);
}

function fallocate(d: Decision, args: readonly number[]): Result {
	const [fd, mode, offsetLow, offsetHigh, lengthLow, lengthHigh] = args;
	const offset = offset64(offsetLow, offsetHigh);
	const length = offset64(lengthLow, lengthHigh);
	const file = usableFileAt(d, fd);
	if (file === undefined) return -Errno.EBADF;
	if (offset < 0 || length <= 0) return -Errno.EINVAL;
	const what = mode & ~FALLOC.KEEP_SIZE;
	if (what !== 0 && what !== FALLOC.PUNCH_HOLE && what !== FALLOC.ZERO_RANGE) return -Errno.EOPNOTSUPP;
	if (what === FALLOC.PUNCH_HOLE && !(mode & FALLOC.KEEP_SIZE)) return -Errno.EOPNOTSUPP;
	if (!mayWrite(file)) return -Errno.EBADF;
	const inode = inodeOf(d, file);
	if (inode.kind === 'fifo') return -Errno.ESPIPE;
	if (inode.kind === 'dir') return -Errno.EISDIR;
	if (inode.kind !== 'file') return -Errno.ENODEV;
	const end = offset + length;
	if (what !== 0 && inode.seals & (SEAL.WRITE | SEAL.FUTURE_WRITE)) return -Errno.EPERM;
	if (end > MAX_FILE) return -Errno.EFBIG;
	if (!(mode & FALLOC.KEEP_SIZE)) {
		const refused = mayGrow(d, inode, end);
		if (refused) return refused;
	}
	if (inode.lower === 'unread') return needContent(inode);
	if (what !== FALLOC.PUNCH_HOLE && roomFor(d.state, inode, offset, length) < length) return -Errno.ENOSPC;
	const zeros = Math.min(end, inode.size) - offset;
	if (what !== 0 && zeros > 0) writeFile(d, inode, offset, new Uint8Array(zeros));
	if (!(mode & FALLOC.KEEP_SIZE) && end > inode.size) return truncateFile(d, inode, end) ?? 0;
	touchWritten(d, inode);
	return 0;
}

/** Extended attributes: none, on any file. */
function noAttributes(d: Decision, path: number, follow: boolean, result: number): Result {
	const found = resolveAt(d, AT_FDCWD, path, follow ? 'follow' : 'nofollow', 0);
	return failed(found) ? found : result;
}

const XATTR: readonly (readonly [name: string, number: number, result: number])[] = [
	['setxattr', 226, -Errno.EOPNOTSUPP],
	['getxattr', 229, -Errno.EOPNOTSUPP],
	['listxattr', 232, 0],
	['removexattr', 235, -Errno.EOPNOTSUPP],
];

const xattrRows: readonly SyscallRow[] = XATTR.flatMap(([name, nr, result]): SyscallRow[] => [
	{
		nr,
		name,
		args: ['path', 'str'],
		support: 'partial',
		note: 'no file has extended attributes',
		handler: (d, [path]) => noAttributes(d, path, true, result),
	},
	{
		nr: nr + 1,
		name: `l${name}`,
		args: ['path', 'str'],
		support: 'partial',
		note: 'no file has extended attributes',
		handler: (d, [path]) => noAttributes(d, path, false, result),
	},
	{
		nr: nr + 2,
		name: `f${name}`,
		args: ['fd', 'str'],
		support: 'partial',
		note: 'no file has extended attributes',
		handler: (d, [fd]) => (fileAt(d, fd) === undefined ? -Errno.EBADF : result),
	},
]);

export const attributeRows: readonly SyscallRow[] = [
	...xattrRows,
	{
		nr: 15,
		name: 'chmod',
		args: ['path', 'mode'],
		support: 'full',
		handler: (d, [path, mode]) => onPath(d, AT_FDCWD, path, 0, true, (i) => chmod(d, i, mode)),
	},
	{
		nr: 94,
		name: 'fchmod',
		args: ['fd', 'mode'],
		support: 'full',
		handler: (d, [fd, mode]) => onFd(d, fd, (i) => chmod(d, i, mode)),
	},
	{
		nr: 306,
		name: 'fchmodat',
		args: ['dirfd', 'path', 'mode'],
		support: 'full',
		handler: (d, [dirfd, path, mode]) => onPath(d, dirfd, path, 0, true, (i) => chmod(d, i, mode)),
	},
	{
		nr: 452,
		name: 'fchmodat2',
		args: ['dirfd', 'path', 'mode', 'flags:at'],
		support: 'full',
		handler: (d, [dirfd, path, mode, flags]) => {
			if (flags & ~(AT.SYMLINK_NOFOLLOW | AT.EMPTY_PATH)) return -Errno.EINVAL;
			return onPath(d, dirfd, path, flags, !(flags & AT.SYMLINK_NOFOLLOW), (i) => chmod(d, i, mode));
		},
	},
	{
		nr: 16,
		name: 'lchown',
		args: ['path', 'uid', 'uid'],
		support: 'full',
		handler: (d, [path, uid, gid]) => onPath(d, AT_FDCWD, path, 0, false, (i) => chown(d, i, wideId(uid), wideId(gid))),
	},
	{
		nr: 182,
		name: 'chown',
		args: ['path', 'uid', 'uid'],
		support: 'full',
		handler: (d, [path, uid, gid]) => onPath(d, AT_FDCWD, path, 0, true, (i) => chown(d, i, wideId(uid), wideId(gid))),
	},
	{
		nr: 95,
		name: 'fchown',
		args: ['fd', 'uid', 'uid'],
		support: 'full',
		handler: (d, [fd, uid, gid]) => onFd(d, fd, (i) => chown(d, i, wideId(uid), wideId(gid))),
	},
	{
		nr: 198,
		name: 'lchown32',
		args: ['path', 'uid', 'uid'],
		support: 'full',
		handler: (d, [path, uid, gid]) => onPath(d, AT_FDCWD, path, 0, false, (i) => chown(d, i, uid, gid)),
	},
	{
		nr: 212,
		name: 'chown32',
		args: ['path', 'uid', 'uid'],
		support: 'full',
		handler: (d, [path, uid, gid]) => onPath(d, AT_FDCWD, path, 0, true, (i) => chown(d, i, uid, gid)),
	},
	{
		nr: 207,
		name: 'fchown32',
		args: ['fd', 'uid', 'uid'],
		support: 'full',
		handler: (d, [fd, uid, gid]) => onFd(d, fd, (i) => chown(d, i, uid, gid)),
	},
	{
		nr: 298,
		name: 'fchownat',
		args: ['dirfd', 'path', 'uid', 'uid', 'flags:at'],
		support: 'full',
		handler: (d, [dirfd, path, uid, gid, flags]) => {
			if (flags & ~(AT.SYMLINK_NOFOLLOW | AT.EMPTY_PATH)) return -Errno.EINVAL;
			return onPath(d, dirfd, path, flags, !(flags & AT.SYMLINK_NOFOLLOW), (i) => chown(d, i, uid, gid));
		},
	},
	{
		nr: 30,
		name: 'utime',
		args: ['path', 'addr'],
		support: 'full',
		handler: (d, [path, times]) => utimes(d, AT_FDCWD, path, times, 'utimbuf', 0, false),
	},
	{
		nr: 271,
		name: 'utimes',
		args: ['path', 'addr'],
		support: 'full',
		handler: (d, [path, times]) => utimes(d, AT_FDCWD, path, times, 'timeval', 0, false),
	},
	{
		nr: 299,
		name: 'futimesat',
		args: ['dirfd', 'path', 'addr'],
		support: 'full',
		handler: (d, [dirfd, path, times]) => utimes(d, dirfd, path, times, 'timeval', 0, true),
	},
	{
		nr: 320,
		name: 'utimensat',
		args: ['dirfd', 'path', 'addr', 'flags:at'],
		support: 'full',
		handler: (d, [dirfd, path, times, flags]) => utimes(d, dirfd, path, times, 'timespec', flags, true),
	},
	{
		nr: 412,
		name: 'utimensat_time64',
		args: ['dirfd', 'path', 'addr', 'flags:at'],
		support: 'full',
		handler: (d, [dirfd, path, times, flags]) => utimes(d, dirfd, path, times, 'timespec64', flags, true),
	},
	{
		nr: 92,
		name: 'truncate',
		args: ['path', 'long'],
		support: 'full',
		handler: (d, [path, size]) => truncate(d, path, size | 0),
	},
	{
		nr: 193,
		name: 'truncate64',
		args: ['path', 'off'],
		support: 'full',
		handler: (d, [path, low, high]) => truncate(d, path, offset64(low, high)),
	},
	{
		nr: 93,
		name: 'ftruncate',
		args: ['fd', 'long'],
		support: 'full',
		handler: (d, [fd, size]) => ftruncate(d, fd, size | 0, false),
	},
	{
		nr: 194,
		name: 'ftruncate64',
		args: ['fd', 'off'],
		support: 'full',
		handler: (d, [fd, low, high]) => ftruncate(d, fd, offset64(low, high), true),
	},
	{
		nr: 324,
		name: 'fallocate',
		args: ['fd', 'flags:fallocate', 'off', 'off'],
		support: 'partial',
		note: 'plain, PUNCH_HOLE, ZERO_RANGE',
		handler: fallocate,
	},
];
