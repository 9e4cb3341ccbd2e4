/** The working directory and the root: chdir, fchdir, chroot, getcwd (fs/open.c, fs/d_path.c). */
import type { Inode } from '../../events/entities.ts';
import { Errno } from '../abi/errno.ts';
import { AT_FDCWD } from '../abi/fcntl.ts';
import type { Decision, NeedInput } from '../decision.ts';
import { failed } from '../fail.ts';
import { fileAt, inodeOf } from '../open-file.ts';
import { type Found, readPath, resolve } from '../paths.ts';
import { fsIds, MAY_EXEC, permitted } from '../permissions.ts';
import { procDirectory } from '../proc-directory.ts';
import type { SyscallRow } from '../row.ts';
import { directoryPath, seenPath } from '../seen-paths.ts';

type FoundInode = Found & { readonly inode: Inode };

/** The directory that was found, as one to stand in: -errno ENOTDIR, EACCES, ENOENT. */
function standIn(d: Decision, found: FoundInode): Inode | number {
	const { inode } = found;
	if (inode.kind !== 'dir') return -Errno.ENOTDIR;
	if (!permitted(fsIds(d.task.creds), inode, MAY_EXEC)) return -Errno.EACCES;
	return inode.id === 0 ? (procDirectory(d, found) ?? -Errno.ENOENT) : inode;
}

function chdir(d: Decision, address: number): number | NeedInput {
	const path = readPath(d, address);
	if (typeof path === 'number') return path;
	const found = resolve(d, AT_FDCWD, path, 'follow');
	if (failed(found)) return found;
	const inode = standIn(d, found);
	if (typeof inode === 'number') return inode;
	const cwdPath = directoryPath(d.state, inode) ?? '/';
	d.emit({ kind: 'fs/set', fs: d.task.fs, fields: { cwd: inode.id, cwdMount: found.mount, cwdPath } });
	return 0;
}

function fchdir(d: Decision, fd: number): number {
	const file = fileAt(d, fd);
	if (file === undefined) return -Errno.EBADF;
	const inode = inodeOf(d, file);
	if (inode.kind !== 'dir') return -Errno.ENOTDIR;
	if (!permitted(fsIds(d.task.creds), inode, MAY_EXEC)) return -Errno.EACCES;
	const cwdPath = directoryPath(d.state, inode) ?? file.path;
	d.emit({ kind: 'fs/set', fs: d.task.fs, fields: { cwd: inode.id, cwdMount: file.mount, cwdPath } });
	return 0;
}

/** Another root for the caller and who shares its fs (CAP_SYS_CHROOT): names begin there, `..` ends there. The working directory stays. */
function chroot(d: Decision, address: number): number | NeedInput {
	const path = readPath(d, address);
	if (typeof path === 'number') return path;
	const found = resolve(d, AT_FDCWD, path, 'follow');
	if (failed(found)) return found;
	if (found.inode.kind === 'dir' && permitted(fsIds(d.task.creds), found.inode, MAY_EXEC) && d.task.creds.euid !== 0)
		return -Errno.EPERM;
	const inode = standIn(d, found);
	if (typeof inode === 'number') return inode;
	d.emit({ kind: 'fs/set', fs: d.task.fs, fields: { root: inode.id, rootMount: found.mount } });
	return 0;
}

/** The path with its NUL; the result counts the NUL too. */
function getcwd(d: Decision, buffer: number, size: number): number {
	const { cwd, cwdMount } = d.state.fsStructs[d.task.fs];
	const inside = directoryPath(d.state, d.state.inodes[cwd]);
	if (inside === undefined) return -Errno.ENOENT;
	const path = seenPath(d, cwdMount, inside, '(unreachable)');
	if (path.length + 1 > size) return -Errno.ERANGE;
	const bytes = Uint8Array.from(`${path}\0`, (c) => c.charCodeAt(0));
	return d.write(buffer, bytes) ? bytes.length : -Errno.EFAULT;
}

export const cwdRows: readonly SyscallRow[] = [
	{ nr: 12, name: 'chdir', args: ['path'], support: 'full', handler: (d, [path]) => chdir(d, path) },
	{ nr: 61, name: 'chroot', args: ['path'], support: 'full', handler: (d, [path]) => chroot(d, path) },
	{ nr: 133, name: 'fchdir', args: ['fd'], support: 'full', handler: (d, [fd]) => fchdir(d, fd) },
	{
		nr: 183,
		name: 'getcwd',
		args: ['buf-out', 'size'],
		support: 'full',
		handler: (d, [buffer, size]) => getcwd(d, buffer, size),
	},
];
