/** Descriptors, open files, and the making of inodes: what the file calls share. */
import type { Inode, OpenFile } from '../events/entities.ts';
import { type MachineState, Vm } from '../reducers/state.ts';
import { Errno } from './abi/errno.ts';
import { O, RLIMIT, S } from './abi/fcntl.ts';
import type { Decision } from './decision.ts';
import { inGroup } from './permissions.ts';

/** The open file behind a descriptor (u32 or i32), or undefined: EBADF. */
export function fileAt(d: Decision, fd: number): OpenFile | undefined {
	const entry = d.state.fdTables[d.task.fdTable].fds[fd | 0];
	return entry === undefined ? undefined : d.state.files[entry.file];
}

/** As `fileAt`, for calls that an O_PATH descriptor does not serve. */
export function usableFileAt(d: Decision, fd: number): OpenFile | undefined {
	const file = fileAt(d, fd);
	return file === undefined || file.flags & O.PATH ? undefined : file;
}

export function inodeOf(d: Decision, file: OpenFile): Inode {
	return d.state.inodes[file.inode];
}

/** Whether a file was opened for reading, for writing. */
export function mayRead(file: OpenFile): boolean {
	return !(file.flags & O.PATH) && (file.flags & O.ACCMODE) !== O.WRONLY && (file.flags & O.ACCMODE) !== O.ACCMODE;
}
export function mayWrite(file: OpenFile): boolean {
	return !(file.flags & O.PATH) && ((file.flags & O.ACCMODE) === O.WRONLY || (file.flags & O.ACCMODE) === O.RDWR);
}

/** RLIMIT_NOFILE, soft. */
export function descriptorLimit(d: Decision): number {
	return d.group.rlimits[RLIMIT.NOFILE][0];
}

/** The lowest free descriptor ≥ `from`, or -EMFILE. */
export function freeDescriptor(d: Decision, from = 0): number {
	const { fds } = d.state.fdTables[d.task.fdTable];
	const limit = descriptorLimit(d);
	let fd = from;
	while (fds[fd] !== undefined) fd++;
	return fd < limit ? fd : -Errno.EMFILE;
}

/** Makes a descriptor for an open file. */
export function setDescriptor(d: Decision, fd: number, file: number, cloexec: boolean): void {
	d.emit({ kind: 'fd/set', table: d.task.fdTable, fd, file, cloexec });
}

/**
 * A new open file with a descriptor. Flags are kept as F_GETFL shows them.
 * @param path in the file system of the inode
 * @param mount what it was found in; 0 = it has no name
 * @returns the descriptor, or -EMFILE (then nothing was emitted)
 */
export function openDescriptor(d: Decision, inode: Inode, flags: number, path: string, mount = 0): number {
	const fd = freeDescriptor(d);
	if (fd < 0) return fd;
	const id = d.state.next.file;
	const kept = flags & ~(O.CREAT | O.EXCL | O.NOCTTY | O.TRUNC | O.CLOEXEC);
	d.emit({ kind: 'file/open', file: { id, inode: inode.id, flags: kept, pos: 0, mount, path, owner: 0, signal: 0 } });
	setDescriptor(d, fd, id, (flags & O.CLOEXEC) !== 0);
	return fd;
}

/**
 * A new inode, owned by the caller, not in any directory yet (`linkEntry` does that).
 * @param parent directory it is meant for: a set-gid one passes its group on; null for files without a name
 * @param mode permission bits, umask already applied
 */
export function makeInode(
	d: Decision,
	kind: Inode['kind'],
	mode: number,
	parent: Inode | null,
	fields: Partial<Pick<Inode, 'ino' | 'sb' | 'parent' | 'target' | 'rdev' | 'channel' | 'size' | 'nlink' | 'seals'>> = {},
): Inode {
	const { next } = d.state;
	const { fsuid, fsgid, groups } = d.task.creds;
	const inherits = parent !== null && (parent.mode & S.ISGID) !== 0;
	const gid = inherits ? parent.gid : fsgid;
	let bits = mode & 0o7777;
	if (kind === 'dir' && inherits) bits |= S.ISGID;
	const who = { uid: fsuid, gid: fsgid, groups };
	if (kind !== 'dir' && inherits && (bits & (S.ISGID | 0o010)) === (S.ISGID | 0o010) && fsuid !== 0 && !inGroup(who, gid))
		bits &= ~S.ISGID;
	const now = d.realNow;
	const inode: Inode = {
		id: next.inode,
		ino: next.ino,
		sb: parent?.sb ?? 0,
		kind,
		mode: bits,
		uid: fsuid,
		gid,
		nlink: kind === 'dir' ? 2 : 1,
		rdev: 0,
		size: 0,
		atime: now,
		mtime: now,
		ctime: now,
		object: kind === 'file' ? next.object : 0,
		channel: 0,
		target: '',
		entries: [],
		locks: [],
		parent: kind === 'dir' && parent !== null ? parent.id : 0,
		lower: 'none',
		lowerPath: '',
		seals: 0,
		...fields,
	};
	d.emit({ kind: 'inode/new', inode });
	return inode;
}

/** Whether a file, opened or mapped, was made by memfd_create. */
export function isMemfd({ path }: { readonly path: string }): boolean {
	return path.startsWith('/memfd:');
}

/** Whether somebody may be writing to a file, by a descriptor or a mapping (i_writecount): files in memory do not count. */
export function isWritten({ files, mms }: MachineState, inode: number): boolean {
	const writes = (file: OpenFile) => mayWrite(file) && !(file.flags & O.PATH);
	if (Object.values(files).some((file) => file.inode === inode && writes(file) && !isMemfd(file))) return true;
	const written = Vm.SHARED | Vm.MAYWRITE;
	return Object.values(mms).some((mm) =>
		mm.vmas.some((v) => v.inode === inode && (v.flags & written) === written && !isMemfd(v)),
	);
}
