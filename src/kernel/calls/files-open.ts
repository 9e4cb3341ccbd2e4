/** open, openat, openat2, creat, close, close_range, dup, dup2, dup3, memfd_create (fs/open.c, fs/namei.c, fs/file.c). */
import type { Inode } from '../../events/entities.ts';
import { Errno } from '../abi/errno.ts';
import { AT_FDCWD, CLOSE_RANGE, NAME_MAX, O, S, SEAL } from '../abi/fcntl.ts';
import { MS } from '../abi/mount.ts';
import type { Block, Decision, NeedInput } from '../decision.ts';
import { linkEntry } from '../entries.ts';
import { failed, unsupported } from '../fail.ts';
import { DEVICE, truncateFile, writeFile } from '../file-data.ts';
import { wantInode } from '../fs-room.ts';
import { hasFlag, wantWrite } from '../mounts.ts';
import { descriptorLimit, fileAt, freeDescriptor, makeInode, openDescriptor, setDescriptor } from '../open-file.ts';
import { type Found, foundPath, readPath, resolve, walk } from '../paths.ts';
import { fsIds, MAY_EXEC, MAY_READ, MAY_WRITE, owns, permitted } from '../permissions.ts';
import { isProcDirectory, procDirectory } from '../proc-directory.ts';
import { isWritableProc } from '../proc-write.ts';
import { procContent, procNs } from '../procfs.ts';
import type { SyscallRow } from '../row.ts';
import { joinPath } from '../seen-paths.ts';
import { openControlling, openMaster, openSlave } from '../tty/open.ts';
import { openNamespace } from './namespaces.ts';
import { openFifo } from './pipes.ts';

const TMPFILE = O.TMPFILE | O.DIRECTORY;
/** Flags that O_PATH leaves (fs/open.c O_PATH_FLAGS). */
const PATH_FLAGS = O.DIRECTORY | O.NOFOLLOW | O.PATH | O.CLOEXEC;
/** Every flag that open(2) knows; openat2 refuses others. */
const VALID_FLAGS = 0o37777703;

/** open(2) and its kin. -errno as do_sys_openat2 gives them. */
export function openAt(d: Decision, dirfd: number, pathAddress: number, flags: number, mode: number): number | Block | NeedInput {
	const path = readPath(d, pathAddress);
	if (typeof path === 'number') return path;
	if (flags & O.PATH) flags &= PATH_FLAGS;
	const tmpfile = (flags & O.TMPFILE) !== 0;
	if (tmpfile && ((flags & TMPFILE) !== TMPFILE || flags & O.CREAT || (flags & O.ACCMODE) === O.RDONLY)) return -Errno.EINVAL;
	if ((flags & (O.CREAT | O.DIRECTORY)) === (O.CREAT | O.DIRECTORY)) return -Errno.EINVAL;
	if (freeDescriptor(d) < 0) return -Errno.EMFILE;
	if (flags & O.CREAT) return create(d, dirfd, path, flags, mode);
	const found = resolve(d, dirfd, path, flags & O.NOFOLLOW ? 'nofollow' : 'follow');
	if (failed(found)) return found;
	return tmpfile ? openTemporary(d, found, flags, mode) : openFound(d, found, flags);
}

function create(d: Decision, dirfd: number, path: string, flags: number, mode: number): number | Block | NeedInput {
	if (path.endsWith('/')) {
		const found = walk(d, dirfd, path, 'parent');
		return failed(found) ? found : -Errno.EISDIR;
	}
	const follows = !(flags & (O.EXCL | O.NOFOLLOW));
	const found = walk(d, dirfd, path, follows ? 'follow' : 'nofollow');
	if (failed(found)) return found;
	const { inode } = found;
	if (found.slash) return -Errno.EISDIR;
	if (found.name === '.' || found.name === '..' || found.name === '/') return flags & O.EXCL ? -Errno.EEXIST : -Errno.EISDIR;
	if (inode !== undefined) {
		if (flags & O.EXCL) return -Errno.EEXIST;
		if (inode.kind === 'dir') return -Errno.EISDIR;
		return openFound(d, { ...found, inode }, flags);
	}
	const { parent, name } = found;
	const refused = wantWrite(d.state, found.mount);
	if (refused) return refused;
	if (parent.nlink === 0) return -Errno.ENOENT;
	if (!permitted(fsIds(d.task.creds), parent, MAY_WRITE | MAY_EXEC)) return -Errno.EACCES;
	const full = wantInode(d.state, parent);
	if (full) return full;
	const path2 = foundPath(d, found);
	const made = makeInode(d, 'file', mode & 0o7777 & ~d.state.fsStructs[d.task.fs].umask, parent);
	linkEntry(d, parent.id, name, made.id);
	return openDescriptor(d, made, flags, path2, found.mount);
}

/** O_TMPFILE: a file without a name in the directory that was found. */
function openTemporary(d: Decision, found: Found & { readonly inode: Inode }, flags: number, mode: number): number {
	const dir = found.inode;
	if (dir.kind !== 'dir') return -Errno.ENOTDIR;
	const refused = wantWrite(d.state, found.mount);
	if (refused) return refused;
	if (!permitted(fsIds(d.task.creds), dir, MAY_WRITE | MAY_EXEC)) return -Errno.EACCES;
	const full = wantInode(d.state, dir);
	if (full) return full;
	const made = makeInode(d, 'file', mode & 0o7777 & ~d.state.fsStructs[d.task.fs].umask, dir, { nlink: 0 });
	return openDescriptor(d, made, flags, `${joinPath(foundPath(d, found), `#${made.ino}`)} (deleted)`, found.mount);
}

/** Opens what a path led to. */
function openFound(d: Decision, found: Found & { readonly inode: Inode }, flags: number): number | Block | NeedInput {
	const { inode, mount } = found;
	if (flags & O.DIRECTORY && inode.kind !== 'dir') return -Errno.ENOTDIR;
	const who = fsIds(d.task.creds);
	const path = foundPath(d, found);
	if (found.proc !== undefined) return openProc(d, found, flags);
	if (found.namespace) return openNamespace(d, d.state.tasks[found.namespace.pid], found.namespace.link, flags);
	if (isProcDirectory(inode)) return openProcDirectory(d, found, flags);
	if (inode.id === 0) return -Errno.ELOOP;
	if (flags & O.PATH) return openDescriptor(d, inode, flags, path, mount);
	const access = flags & O.ACCMODE;
	const writes = access !== O.RDONLY || (flags & O.TRUNC) !== 0;
	if (inode.kind === 'symlink') return -Errno.ELOOP;
	if (inode.kind === 'dir' && writes) return -Errno.EISDIR;
	const want = (access !== O.WRONLY ? MAY_READ : 0) | (writes ? MAY_WRITE : 0);
	const device = inode.kind === 'char' || inode.kind === 'tty';
	if (device && hasFlag(d.state, mount, MS.NODEV)) return -Errno.EACCES;
	if (!permitted(who, inode, want)) return -Errno.EACCES;
	const refused = inode.kind === 'file' && writes ? wantWrite(d.state, mount) : 0;
	if (refused) return refused;
	if (flags & O.NOATIME && !owns(who, inode)) return -Errno.EPERM;
	if (inode.kind === 'file') {
		if (writes && Object.values(d.state.mms).some((mm) => mm.exe === inode.id)) return -Errno.ETXTBSY;
		if (!(flags & O.LARGEFILE) && inode.size > 0x7fffffff) return -Errno.EOVERFLOW;
		if (flags & O.TRUNC && inode.size > 0 && inode.seals & SEAL.SHRINK) return -Errno.EPERM;
		const need = flags & O.TRUNC ? truncateFile(d, inode, 0) : undefined;
		return need ?? openDescriptor(d, inode, flags, path, mount);
	}
	if (inode.kind === 'fifo') return openFifo(d, inode, flags, path, mount);
	// What has no name but in /proc/PID/fd cannot be opened by it.
	if (inode.kind === 'tty') return openTty(d, inode, flags, path, mount);
	const stream = inode.kind === 'stream' ? d.state.streams[inode.channel]?.kind : undefined;
	if (inode.kind === 'socket' || inode.kind === 'anon' || stream === 'other') return -Errno.ENXIO;
	if (inode.kind === 'char') {
		if (inode.rdev === DEVICE.TTY || inode.rdev === DEVICE.PTMX) return openTty(d, inode, flags, path, mount);
		if (!Object.values(DEVICE).some((dev) => dev === inode.rdev)) return -Errno.ENXIO;
	}
	return openDescriptor(d, inode, flags, path, mount);
}

/** A terminal: the device by which it was found says which. */
function openTty(d: Decision, inode: Inode, flags: number, path: string, mount: number): number {
	if (inode.rdev === DEVICE.PTMX) return openMaster(d, inode, flags, path, mount);
	return inode.rdev === DEVICE.TTY ? openControlling(d, inode, flags, path, mount) : openSlave(d, inode, flags, path, mount);
}

/** A directory of /proc: the names as they are now. */
function openProcDirectory(d: Decision, found: Found & { readonly inode: Inode }, flags: number): number {
	if ((flags & O.ACCMODE) !== O.RDONLY) return -Errno.EISDIR;
	const fd = freeDescriptor(d);
	if (fd < 0) return fd;
	const inode = procDirectory(d, found);
	return inode === undefined ? -Errno.ENOENT : openDescriptor(d, inode, flags, foundPath(d, found), found.mount);
}

/** A file of /proc: its contents as they are now, in a file without a name. */
function openProc(d: Decision, found: Found, flags: number): number {
	const name = found.proc ?? '';
	if (((flags & O.ACCMODE) !== O.RDONLY || flags & O.TRUNC) && !isWritableProc(name)) return -Errno.EACCES;
	const path = foundPath(d, found);
	const content = procContent(d, name, procNs(d.state, found.inode?.sb ?? 0));
	const inode = makeInode(d, 'file', found.inode?.mode ?? 0o444, null, { nlink: 0, sb: found.inode?.sb ?? 0 });
	const fd = openDescriptor(d, inode, flags, path, found.mount);
	writeFile(d, inode, 0, content);
	return fd;
}

/** openat2(2): struct open_how {u64 flags, mode, resolve}; of the resolve flags none is served. */
function openHow(d: Decision, args: readonly number[]): number | Block | NeedInput {
	const [dirfd, path, how, size] = args;
	if (size < 24) return -Errno.EINVAL;
	const raw = d.read(how, size);
	if (raw === undefined) return -Errno.EFAULT;
	if (raw.subarray(24).some((b) => b !== 0)) return -Errno.E2BIG;
	const view = new DataView(raw.buffer, raw.byteOffset);
	const [flags, flagsHigh, mode, modeHigh, wants, wantsHigh] = [0, 4, 8, 12, 16, 20].map((o) => view.getUint32(o, true));
	if (flagsHigh !== 0 || modeHigh !== 0 || flags & ~VALID_FLAGS || mode & ~0o7777) return -Errno.EINVAL;
	if (flags & O.PATH && flags & ~PATH_FLAGS) return -Errno.EINVAL;
	if (mode !== 0 && !(flags & (O.CREAT | O.TMPFILE))) return -Errno.EINVAL;
	if (wants !== 0 || wantsHigh !== 0) return unsupported(d, 'openat2 resolve flags', Errno.EINVAL);
	return openAt(d, dirfd, path, flags, mode);
}

function close(d: Decision, fd: number): number {
	if (fileAt(d, fd) === undefined) return -Errno.EBADF;
	d.emit({ kind: 'fd/close', table: d.task.fdTable, fd });
	return 0;
}

function closeRange(d: Decision, first: number, last: number, flags: number): number {
	if (flags & ~(CLOSE_RANGE.UNSHARE | CLOSE_RANGE.CLOEXEC) || first > last) return -Errno.EINVAL;
	const { fds } = d.state.fdTables[d.task.fdTable];
	for (const fd of Object.keys(fds).map(Number)) {
		if (fd < first || fd > last) continue;
		if (flags & CLOSE_RANGE.CLOEXEC) setDescriptor(d, fd, fds[fd].file, true);
		else d.emit({ kind: 'fd/close', table: d.task.fdTable, fd });
	}
	return 0;
}

/** dup2 and dup3: `to` becomes another descriptor of what `from` is. */
function duplicateTo(d: Decision, from: number, to: number, cloexec: boolean): number {
	if (to >= descriptorLimit(d)) return -Errno.EBADF;
	const file = fileAt(d, from);
	if (file === undefined) return -Errno.EBADF;
	setDescriptor(d, to, file.id, cloexec);
	return to;
}

/** The lowest descriptor ≥ `least` for the same open file; -EBADF, -EMFILE. */
export function duplicate(d: Decision, fd: number, least: number, cloexec: boolean): number {
	const file = fileAt(d, fd);
	if (file === undefined) return -Errno.EBADF;
	const to = freeDescriptor(d, least);
	if (to >= 0) setDescriptor(d, to, file.id, cloexec);
	return to;
}

function memfdCreate(d: Decision, nameAddress: number, flags: number): number {
	if (flags & ~3) return -Errno.EINVAL;
	const name = d.cstring(nameAddress, NAME_MAX - 'memfd:'.length + 1);
	if (name === undefined) return -Errno.EFAULT;
	if (name === null) return -Errno.EINVAL;
	const fd = freeDescriptor(d);
	if (fd < 0) return fd;
	const seals = flags & 2 ? 0 : SEAL.SEAL;
	const inode = makeInode(d, 'file', 0o777 & ~S.ISVTX, null, { nlink: 0, seals });
	return openDescriptor(d, inode, O.RDWR | O.LARGEFILE | (flags & 1 ? O.CLOEXEC : 0), `/memfd:${name} (deleted)`);
}

export const openRows: readonly SyscallRow[] = [
	{
		nr: 5,
		name: 'open',
		args: ['path', 'flags:open', 'mode'],
		result: 'fd',
		support: 'full',
		handler: (d, [path, flags, mode]) => openAt(d, AT_FDCWD, path, flags, mode),
	},
	{
		nr: 295,
		name: 'openat',
		args: ['dirfd', 'path', 'flags:open', 'mode'],
		result: 'fd',
		support: 'full',
		handler: (d, [dirfd, path, flags, mode]) => openAt(d, dirfd, path, flags, mode),
	},
	{
		nr: 437,
		name: 'openat2',
		args: ['dirfd', 'path', 'addr', 'size'],
		result: 'fd',
		support: 'partial',
		note: 'no resolve flags',
		handler: openHow,
	},
	{
		nr: 8,
		name: 'creat',
		args: ['path', 'mode'],
		result: 'fd',
		support: 'full',
		handler: (d, [path, mode]) => openAt(d, AT_FDCWD, path, O.CREAT | O.WRONLY | O.TRUNC, mode),
	},
	{ nr: 6, name: 'close', args: ['fd'], support: 'full', handler: (d, [fd]) => close(d, fd) },
	{
		nr: 436,
		name: 'close_range',
		args: ['uint', 'uint', 'flags:close_range'],
		support: 'full',
		note: 'CLOSE_RANGE_UNSHARE does nothing: a table has one user',
		handler: (d, [first, last, flags]) => closeRange(d, first, last, flags),
	},
	{ nr: 41, name: 'dup', args: ['fd'], result: 'fd', support: 'full', handler: (d, [fd]) => duplicate(d, fd, 0, false) },
	{
		nr: 63,
		name: 'dup2',
		args: ['fd', 'fd'],
		result: 'fd',
		support: 'full',
		handler: (d, [from, to]) => {
			if (from === to) return fileAt(d, from) === undefined ? -Errno.EBADF : from;
			return duplicateTo(d, from, to, false);
		},
	},
	{
		nr: 330,
		name: 'dup3',
		args: ['fd', 'fd', 'flags:open'],
		result: 'fd',
		support: 'full',
		handler: (d, [from, to, flags]) => {
			if (flags & ~O.CLOEXEC || from === to) return -Errno.EINVAL;
			return duplicateTo(d, from, to, flags !== 0);
		},
	},
	{
		nr: 356,
		name: 'memfd_create',
		args: ['str', 'flags:memfd'],
		result: 'fd',
		support: 'partial',
		note: 'no huge pages',
		handler: (d, [name, flags]) => memfdCreate(d, name, flags),
	},
];
