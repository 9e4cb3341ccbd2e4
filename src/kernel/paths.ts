/**
 * Walking a path through the guest's tree (Linux: fs/namei.c). Paths and names are byte strings: one character a byte.
 * A name that a directory of the host root does not know yet is asked for as an input, and the call is decided again.
 */
import type { Inode } from '../events/entities.ts';
import { Errno } from './abi/errno.ts';
import { AT, AT_FDCWD, NAME_MAX, PATH_MAX } from './abi/fcntl.ts';
import { MS } from './abi/mount.ts';
import type { Decision, NeedInput } from './decision.ts';
import { type Fail, failed } from './fail.ts';
import { above, crossed, mountedOn, type Place } from './mount-walk.ts';
import { hasFlag } from './mounts.ts';
import { fileAt } from './open-file.ts';
import { fsIds, MAY_EXEC, permitted, type Who } from './permissions.ts';
import { numberIn } from './pids.ts';
import { type NamespaceLink, procNode, procNs } from './procfs.ts';
import { directoryPath, filePath, joinPath, procPath } from './seen-paths.ts';

/** Symbolic links followed before ELOOP (MAXSYMLINKS). */
const MAX_LINKS = 40;

/** Where a path led. */
export interface Found {
	/** The directory in which the last component stands. */
	readonly parent: Inode;
	/** The last component; '.' or '..' when the path ended so, '/' when it had none. */
	readonly name: string;
	/** The mount it is in; with mode `parent`, and of what is not there, its directory's. */
	readonly mount: number;
	/** What is there; undefined: nothing, though its directory exists. A virtual inode (of /proc) has id 0. */
	readonly inode: Inode | undefined;
	/** The path ended in a slash: it must be a directory. */
	readonly slash: boolean;
	/** Its path in its file system, where directory and name do not say it: at the top of a mount, behind links of /proc. */
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

/** Walks a path from the directory `dirfd` stands for (AT_FDCWD: the working directory). -errno: ENOENT ENOTDIR EACCES ELOOP ENAMETOOLONG EBADF. */
export function walk(d: Decision, dirfd: number, path: string, mode: WalkMode, who: Who = fsIds(d.task.creds)): Found | Fail {
	if (path === '') return -Errno.ENOENT;
	const start = path[0] === '/' ? rootPlace(d) : startPlace(d, dirfd);
	return typeof start === 'number' ? start : walkFrom(d, start, path, { mode, who, links: 0 });
}

/** What of a walk does not change on the way, and the symbolic links that were followed so far. */
interface Walk {
	readonly mode: WalkMode;
	readonly who: Who;
	readonly links: number;
}

function walkFrom(d: Decision, start: Place, path: string, how: Walk): Found | Fail {
	const { state } = d;
	const { mode, who } = how;
	const fs = state.fsStructs[d.task.fs];
	let { links } = how;
	let { mount, inode: dir } = start;
	let slash = path.endsWith('/');
	let parts = path.split('/').filter((p) => p !== '');
	let lastName = path[0] === '/' ? '/' : '.';
	for (;;) {
		const name = parts[0];
		if (name === undefined) return { parent: dir, name: lastName, mount, inode: dir, slash };
		if (dir.kind !== 'dir') return -Errno.ENOTDIR;
		if (dir.target !== '') return walkProc(d, { mount, inode: dir }, parts, slash, { ...how, links });
		parts = parts.slice(1);
		const last = parts.length === 0;
		if (!permitted(who, dir, MAY_EXEC)) return -Errno.EACCES;
		if (name === '.' || name === '..') {
			if (name === '..') ({ mount, inode: dir } = above(state, fs, mount, dir));
			lastName = name;
			continue;
		}
		// The name that is to be made or removed is looked at by the caller, after all else was found.
		if (name.length > NAME_MAX && dir.nlink === 0) return -Errno.ENOENT;
		if (name.length > NAME_MAX)
			return last && mode === 'parent' ? { parent: dir, name, mount, inode: undefined, slash } : -Errno.ENAMETOOLONG;
		const inode = lookup(d, dir, name);
		if (inode === undefined) return last ? { parent: dir, name, mount, inode, slash } : -Errno.ENOENT;
		if (failed(inode)) return inode;
		if (inode.kind === 'symlink' && (!last || mode === 'follow' || (mode === 'nofollow' && slash))) {
			if (++links > MAX_LINKS || hasFlag(state, mount, MS.NOSYMFOLLOW)) return -Errno.ELOOP;
			if (inode.target === '') return -Errno.ENOENT;
			parts = [...inode.target.split('/').filter((p) => p !== ''), ...parts];
			if (last && inode.target.endsWith('/')) slash = true;
			if (inode.target[0] === '/') ({ mount, inode: dir } = rootPlace(d));
			lastName = inode.target[0] === '/' ? '/' : '.';
			continue;
		}
		if (last && mode === 'parent') return { parent: dir, name, mount, inode, slash };
		const over = mountedOn(state, mount, inode.id);
		if (over === undefined) {
			if (last) return { parent: dir, name, mount, inode, slash };
			dir = inode;
			continue;
		}
		const there = crossed(state, over.id, state.inodes[over.root]);
		if (last) return { parent: dir, name, ...there, slash, path: filePath(state, there.inode) ?? '/' };
		({ mount, inode: dir } = there);
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

/** Where the caller's names with a slash in front begin. */
export function rootPlace(d: Decision): Place {
	const { root, rootMount } = d.state.fsStructs[d.task.fs];
	return { mount: rootMount, inode: d.state.inodes[root] };
}

/** The directory that a relative path begins at. */
function startPlace(d: Decision, dirfd: number): Place | number {
	if ((dirfd | 0) === AT_FDCWD) {
		const { cwd, cwdMount } = d.state.fsStructs[d.task.fs];
		return { mount: cwdMount, inode: d.state.inodes[cwd] };
	}
	const file = fileAt(d, dirfd);
	if (file === undefined) return -Errno.EBADF;
	const inode = d.state.inodes[file.inode];
	return inode.kind === 'dir' ? { mount: file.mount, inode } : -Errno.ENOTDIR;
}

/**
 * What lies in a proc file system: the few names of `procfs.ts`; whatever else is there on other systems is ENOENT. Which processes it
 * shows would be its superblock's to say.
 */
function walkProc(d: Decision, { mount, inode: dir }: Place, parts: readonly string[], slash: boolean, how: Walk): Found | Fail {
	const { state } = d;
	const { mode, links } = how;
	const ns = procNs(state, dir.sb);
	const names = procPath(dir)
		.split('/')
		.filter((p) => p !== '');
	for (const [i, part] of parts.entries()) {
		const rest = parts.slice(i + 1);
		if (part === '.') continue;
		if (part === '..' && names.length === 0) {
			const up = above(state, state.fsStructs[d.task.fs], mount, state.inodes[state.mounts[mount].root]);
			return walkFrom(d, up, `./${rest.join('/')}${slash ? '/' : ''}`, how);
		}
		if (part === '..') {
			names.pop();
			continue;
		}
		names.push(part);
		const node = procNode(d, names, ns);
		if (node === undefined) return -Errno.ENOENT;
		if (node.kind === 'file' && (rest.length > 0 || slash)) return -Errno.ENOTDIR;
		if (node.kind !== 'link' || (rest.length === 0 && mode !== 'follow' && !slash)) continue;
		if (node.target === undefined) {
			names.splice(0, names.length, ...node.inode.target.split('/'));
			continue;
		}
		const inode = state.inodes[node.target.inode];
		if (inode === undefined) return -Errno.ENOENT;
		const { mount: to, path } = node.target;
		if (rest.length === 0) return { parent: dir, name: part, mount: to, inode, slash, path };
		if (links >= MAX_LINKS) return -Errno.ELOOP;
		return walkFrom(d, { mount: to, inode }, `./${rest.join('/')}${slash ? '/' : ''}`, { ...how, links: links + 1 });
	}
	if (names.length === 0) return { parent: dir, name: '.', mount, inode: state.inodes[state.mounts[mount]?.root] ?? dir, slash };
	const node = procNode(d, names, ns);
	if (node === undefined) return -Errno.ENOENT;
	if (mode === 'parent') return -Errno.EPERM;
	const name = names.at(-1)!;
	const inode = { ...node.inode, sb: dir.sb };
	const found = { parent: dir, name, mount, inode, slash };
	if (node.kind === 'dir') {
		const own = names[0] === 'self' ? d.task.tgid : names[0] === 'thread-self' ? d.pid : undefined;
		const process = own === undefined ? names[0] : numberIn(state, ns, own);
		return { ...found, path: `/${[process, ...names.slice(1)].join('/')}` };
	}
	if (node.kind === 'file') return { ...found, proc: node.name };
	if (node.kind === 'namespace' && (mode === 'follow' || slash))
		return { ...found, inode: node.namespace, path: inode.target, namespace: node.of };
	return found;
}

/** The path of what was found, in its file system. */
export function foundPath(d: Decision, found: Found): string {
	if (found.path !== undefined) return found.path;
	const { name, parent, inode } = found;
	if (name === '.' || name === '..' || name === '/') return (inode && directoryPath(d.state, inode)) ?? '/';
	if (found.proc !== undefined) return `/${found.proc}`;
	return joinPath(directoryPath(d.state, parent) ?? '/', name);
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
	return { parent: inode, name: '.', mount: file.mount, inode, slash: false, path: file.path };
}
