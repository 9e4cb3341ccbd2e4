/**
 * Walking a path through the guest's tree (Linux: fs/namei.c). Paths and names are byte strings: one character a byte.
 * A name that a directory of the host root does not know yet is asked for as an input, and the call is decided again.
 */
import type { Inode } from '../events/entities.ts';
import { Errno } from './abi/errno.ts';
import { AT, AT_FDCWD, NAME_MAX, PATH_MAX } from './abi/fcntl.ts';
import type { Decision, NeedInput } from './decision.ts';
import { type Fail, failed } from './fail.ts';
import { fileAt } from './open-file.ts';
import { fsIds, MAY_EXEC, permitted, type Who } from './permissions.ts';
import { type NamespaceLink, PROC_DIR, procNode } from './procfs.ts';
import { directoryPath } from './seen-paths.ts';

/** Symbolic links followed before ELOOP (MAXSYMLINKS). */
const MAX_LINKS = 40;

/** Where a path led. */
export interface Found {
	/** The directory in which the last component stands. */
	readonly parent: Inode;
	/** The last component; '.' or '..' when the path ended so, '/' when it had none. */
	readonly name: string;
	/** What is there; undefined: nothing, though its directory exists. A virtual inode (of /proc) has id 0. */
	readonly inode: Inode | undefined;
	/** The path ended in a slash: it must be a directory. */
	readonly slash: boolean;
	/** Set where the name says nothing about the path: followed links of /proc. */
	readonly path?: string;
	/** A file of /proc: its name there, for `procContent`. */
	readonly proc?: string;
	/** A namespace that a link of /proc leads to. */
	readonly namespace?: NamespaceLink;
}

/**
 * `follow`: a symbolic link at the end is followed. `nofollow`: only if a slash comes after it. `parent`: never, the last
 * component is about to be made, removed or renamed.
 */
export type WalkMode = 'follow' | 'nofollow' | 'parent';

/** What a name in a directory is: an inode, undefined (absent), or the input that will tell. */
export function lookup(d: Decision, dir: Inode, name: string): Inode | undefined | NeedInput {
	const entry = findEntry(dir, name);
	if (entry !== undefined && entry.inode >= 0) return entry.inode === 0 ? undefined : d.state.inodes[entry.inode];
	if (entry === undefined && dir.lower !== 'partial') return undefined;
	const { lowerPath } = dir;
	const path = lowerPath === '' || lowerPath.endsWith('/') ? lowerPath + name : `${lowerPath}/${name}`;
	return { kind: 'need', request: { kind: 'lookup', dir: dir.id, name, path } };
}

/** The entry of a directory by name (entries are sorted). */
export function findEntry(dir: Inode, name: string): { readonly name: string; readonly inode: number } | undefined {
	let low = 0;
	let high = dir.entries.length;
	while (low < high) {
		const mid = (low + high) >> 1;
		if (dir.entries[mid].name < name) low = mid + 1;
		else high = mid;
	}
	const entry = dir.entries[low];
	return entry?.name === name ? entry : undefined;
}

/** `directory/name`, with a single slash between them. */
export function joinPath(directory: string, name: string): string {
	return directory === '/' ? `/${name}` : `${directory}/${name}`;
}

/** Walks a path from the directory `dirfd` stands for (AT_FDCWD: the working directory). -errno: ENOENT ENOTDIR EACCES ELOOP ENAMETOOLONG EBADF. */
export function walk(d: Decision, dirfd: number, path: string, mode: WalkMode, who: Who = fsIds(d.task.creds)): Found | Fail {
	if (path === '') return -Errno.ENOENT;
	const { state } = d;
	const fs = state.fsStructs[d.task.fs];
	const root = state.inodes[fs.root];
	let dir = root;
	if (path[0] !== '/') {
		const start = startDirectory(d, dirfd);
		if (typeof start === 'number') return start;
		dir = start;
	}
	let slash = path.endsWith('/');
	let parts = path.split('/').filter((p) => p !== '');
	let links = 0;
	let lastName = path[0] === '/' ? '/' : '.';
	for (;;) {
		const name = parts[0];
		if (name === undefined) return { parent: dir, name: lastName, inode: dir, slash };
		parts = parts.slice(1);
		const last = parts.length === 0;
		if (dir.kind !== 'dir') return -Errno.ENOTDIR;
		if (!permitted(who, dir, MAY_EXEC)) return -Errno.EACCES;
		if (name === '.' || name === '..') {
			if (name === '..' && dir.id !== root.id) dir = state.inodes[dir.parent];
			lastName = name;
			continue;
		}
		// The name that is to be made or removed is looked at by the caller, after all else was found.
		if (name.length > NAME_MAX && dir.nlink === 0) return -Errno.ENOENT;
		if (name.length > NAME_MAX)
			return last && mode === 'parent' ? { parent: dir, name, inode: undefined, slash } : -Errno.ENAMETOOLONG;
		if (dir.parent === dir.id && name === 'proc') return walkProc(d, dir, parts, mode, slash, who);
		if (dir.target !== '') return walkProc(d, root, [...dir.target.split('/').slice(2), name, ...parts], mode, slash, who);
		const inode = lookup(d, dir, name);
		if (inode === undefined) return last ? { parent: dir, name, inode, slash } : -Errno.ENOENT;
		if (failed(inode)) return inode;
		if (inode.kind === 'symlink' && (!last || mode === 'follow' || (mode === 'nofollow' && slash))) {
			if (++links > MAX_LINKS) return -Errno.ELOOP;
			if (inode.target === '') return -Errno.ENOENT;
			parts = [...inode.target.split('/').filter((p) => p !== ''), ...parts];
			if (last && inode.target.endsWith('/')) slash = true;
			if (inode.target[0] === '/') dir = root;
			lastName = inode.target[0] === '/' ? '/' : '.';
			continue;
		}
		if (last) return { parent: dir, name, inode, slash };
		dir = inode;
	}
}

/** As `walk`, for what must exist: ENOENT if it does not, ENOTDIR for a file with a slash after it. */
export function resolve(
	d: Decision,
	dirfd: number,
	path: string,
	mode: 'follow' | 'nofollow',
	who?: Who,
): (Found & { readonly inode: Inode }) | Fail {
	const found = walk(d, dirfd, path, mode, who);
	if (failed(found)) return found;
	const { inode } = found;
	if (inode === undefined) return -Errno.ENOENT;
	if (found.slash && inode.kind !== 'dir') return -Errno.ENOTDIR;
	return { ...found, inode };
}

/** The directory that a relative path begins at. */
function startDirectory(d: Decision, dirfd: number): Inode | number {
	if ((dirfd | 0) === AT_FDCWD) return d.state.inodes[d.state.fsStructs[d.task.fs].cwd];
	const file = fileAt(d, dirfd);
	if (file === undefined) return -Errno.EBADF;
	const inode = d.state.inodes[file.inode];
	return inode.kind === 'dir' ? inode : -Errno.ENOTDIR;
}

/** What lies under /proc: the few names of `procfs.ts`; whatever else is there on other systems is ENOENT. */
function walkProc(d: Decision, root: Inode, parts: readonly string[], mode: WalkMode, slash: boolean, who: Who): Found | Fail {
	const names = parts.filter((p) => p !== '.');
	const name = names.at(-1) ?? 'proc';
	const node = procNode(d, names);
	if (node === undefined) return -Errno.ENOENT;
	if (mode === 'parent') return -Errno.EPERM;
	const parent = names.length === 0 ? root : PROC_DIR;
	if (node.kind === 'dir') {
		const process = names[0] === 'self' ? d.task.tgid : names[0] === 'thread-self' ? d.pid : names[0];
		const path = names.length === 0 ? '/proc' : ['/proc', process, ...names.slice(1)].join('/');
		return { parent, name, inode: node.inode, slash, path };
	}
	if (node.kind === 'file') return { parent, name, inode: node.inode, slash, proc: node.name };
	if (mode !== 'follow' && !slash) return { parent, name, inode: node.inode, slash };
	if (node.kind === 'namespace')
		return { parent, name, inode: node.namespace, slash, path: node.inode.target, namespace: node.of };
	if (node.target !== 0) {
		const inode = d.state.inodes[node.target];
		return inode === undefined ? -Errno.ENOENT : { parent, name, inode, slash, path: node.inode.target };
	}
	return walk(d, AT_FDCWD, node.inode.target, mode, who);
}

/** The path of what was found, from the top. */
export function foundPath(d: Decision, found: Found): string {
	if (found.path !== undefined) return found.path;
	const { name, parent, inode } = found;
	if (name === '.' || name === '..' || name === '/') return (inode && directoryPath(d, inode)) ?? '/';
	if (found.proc !== undefined) return `/proc/${found.proc}`;
	return joinPath(directoryPath(d, parent) ?? '/', name);
}

/** Copies a path from guest memory. -errno: EFAULT, ENAMETOOLONG. */
export function readPath(d: Decision, address: number): string | number {
	const path = d.cstring(address, PATH_MAX);
	if (path === undefined) return -Errno.EFAULT;
	return path === null ? -Errno.ENAMETOOLONG : path;
}

/** readPath and resolve in one, with AT_EMPTY_PATH: an empty path stands for the descriptor itself. */
export function resolveAt(
	d: Decision,
	dirfd: number,
	address: number,
	mode: 'follow' | 'nofollow',
	flags: number,
): (Found & { readonly inode: Inode }) | Fail {
	const path = readPath(d, address);
	if (typeof path === 'number') return path;
	if (path !== '' || !(flags & AT.EMPTY_PATH)) return resolve(d, dirfd, path, mode);
	if ((dirfd | 0) === AT_FDCWD) return resolve(d, AT_FDCWD, '.', mode);
	const file = fileAt(d, dirfd);
	if (file === undefined) return -Errno.EBADF;
	const inode = d.state.inodes[file.inode];
	return { parent: inode, name: '.', inode, slash: false, path: file.path };
}
