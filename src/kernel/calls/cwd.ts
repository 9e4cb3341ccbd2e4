/** The working directory: chdir, fchdir, getcwd (fs/open.c, fs/d_path.c). */
import type { Inode } from '../../events/entities.ts';
import { Errno } from '../abi/errno.ts';
import { AT_FDCWD } from '../abi/fcntl.ts';
import type { Decision, NeedInput } from '../decision.ts';
import { failed } from '../fail.ts';
import { fileAt, inodeOf } from '../open-file.ts';
import { directoryPath, readPath, resolve } from '../paths.ts';
import { fsIds, MAY_EXEC, permitted } from '../permissions.ts';
import type { SyscallRow } from '../row.ts';

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

/** The path with its NUL; the result counts the NUL too. */
function getcwd(d: Decision, buffer: number, size: number): number {
	const path = directoryPath(d, d.state.inodes[d.state.fsStructs[d.task.fs].cwd]);
	if (path === undefined) return -Errno.ENOENT;
	if (path.length + 1 > size) return -Errno.ERANGE;
	const bytes = Uint8Array.from(`${path}\0`, (c) => c.charCodeAt(0));
	return d.write(buffer, bytes) ? bytes.length : -Errno.EFAULT;
}

export const cwdRows: readonly SyscallRow[] = [
	{ nr: 12, name: 'chdir', args: ['path'], support: 'full', handler: (d, [path]) => chdir(d, path) },
	{ nr: 133, name: 'fchdir', args: ['fd'], support: 'full', handler: (d, [fd]) => fchdir(d, fd) },
	{
		nr: 183,
		name: 'getcwd',
		args: ['buf-out', 'size'],
		support: 'full',
		handler: (d, [buffer, size]) => getcwd(d, buffer, size),
	},
];
