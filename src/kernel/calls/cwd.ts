/** The working directory and the root: chdir, fchdir, chroot, getcwd (fs/open.c, fs/d_path.c). */
import type { Inode } from '../../events/entities.ts';
import { Errno } from '../abi/errno.ts';
import { AT_FDCWD } from '../abi/fcntl.ts';
import type { Decision, NeedInput } from '../decision.ts';
import { failed } from '../fail.ts';
import { fileAt, inodeOf } from '../open-file.ts';
import { readPath, resolve } from '../paths.ts';
import { fsIds, MAY_EXEC, permitted } from '../permissions.ts';
import type { SyscallRow } from '../row.ts';
import { directoryPath, seenPath } from '../seen-paths.ts';

function enter(d: Decision, inode: Inode, path: string): number {
	if (inode.kind !== 'dir') return -Errno.ENOTDIR;
	if (!permitted(fsIds(d.task.creds), inode, MAY_EXEC)) return -Errno.EACCES;
	if (inode.id === 0) return -Errno.ENOENT;
	d.emit({ kind: 'fs/set', fs: d.task.fs, fields: { cwd: inode.id, cwdPath: path } });
	return 0;
}

function chdir(d: Decision, address: number): number | NeedInput {
	const path = readPath(d, address);
	if (typeof path === 'number') return path;
	const found = resolve(d, AT_FDCWD, path, 'follow');
	return failed(found) ? found : enter(d, found.inode, directoryPath(d, found.inode) ?? '/');
}

function fchdir(d: Decision, fd: number): number {
	const file = fileAt(d, fd);
	if (file === undefined) return -Errno.EBADF;
	const inode = inodeOf(d, file);
	return enter(d, inode, directoryPath(d, inode) ?? file.path);
}

/** Another root for the caller and who shares its fs (CAP_SYS_CHROOT): names begin there, `..` ends there. The working directory stays. */
function chroot(d: Decision, address: number): number | NeedInput {
	const path = readPath(d, address);
	if (typeof path === 'number') return path;
	const found = resolve(d, AT_FDCWD, path, 'follow');
	if (failed(found)) return found;
	const { inode } = found;
	if (inode.kind !== 'dir') return -Errno.ENOTDIR;
	if (!permitted(fsIds(d.task.creds), inode, MAY_EXEC)) return -Errno.EACCES;
	if (d.task.creds.euid !== 0) return -Errno.EPERM;
	if (inode.id === 0) return -Errno.ENOENT;
	d.emit({ kind: 'fs/set', fs: d.task.fs, fields: { root: inode.id } });
	return 0;
}

/** The path with its NUL; the result counts the NUL too. */
function getcwd(d: Decision, buffer: number, size: number): number {
	const whole = directoryPath(d, d.state.inodes[d.state.fsStructs[d.task.fs].cwd]);
	if (whole === undefined) return -Errno.ENOENT;
	const path = seenPath(d, whole, '(unreachable)');
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
