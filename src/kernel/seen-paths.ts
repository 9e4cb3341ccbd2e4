/**
 * Paths of what is open or mapped (fs/d_path.c). An open file keeps its path in its file system; where that is mounted, and where the
 * root of the one who asks is, makes the path that is seen.
 */
import type { FsStruct, Inode } from '../events/entities.ts';
import type { MachineState } from '../reducers/state.ts';
import type { Decision } from './decision.ts';
import type { Place } from './mount-walk.ts';

/** `directory/name`, with a single slash between them. */
export function joinPath(directory: string, name: string): string {
	return directory === '/' ? `/${name}` : `${directory}/${name}`;
}

/** The path of a directory in its file system, by its place there; undefined once it was removed. */
export function directoryPath(state: MachineState, inode: Inode): string | undefined {
	if (inode.target !== '') return procPath(inode);
	const names: string[] = [];
	let at = inode;
	while (at.parent !== at.id) {
		const parent = state.inodes[at.parent];
		const entry = parent?.entries.find((e) => e.inode === at.id);
		if (entry === undefined) return undefined;
		names.push(entry.name);
		at = parent;
	}
	return `/${names.reverse().join('/')}`;
}

/** The path of a directory of /proc in its file system. */
export function procPath({ target }: Inode): string {
	return target.slice('/proc'.length) || '/';
}

/** The path of any inode in its file system; of a file with several names the first that is found. */
export function filePath(state: MachineState, inode: Inode): string | undefined {
	if (inode.kind === 'dir') return directoryPath(state, inode);
	for (const dir of Object.values(state.inodes)) {
		const entry = dir.sb === inode.sb && dir.target === '' ? dir.entries.find((e) => e.inode === inode.id) : undefined;
		const path = entry && directoryPath(state, dir);
		if (path !== undefined) return joinPath(path, entry!.name);
	}
	return undefined;
}

/** What is left of a path below `above`, with its slash; undefined: it is not below. */
function below(path: string, above: string | undefined): string | undefined {
	if (above === '/') return path;
	return above !== undefined && `${path}/`.startsWith(`${above}/`) ? path.slice(above.length) || '/' : undefined;
}

/** A path in a mount as it is seen from `root`, or, where that is not above it, from the top of the namespace. */
function climb(
	state: MachineState,
	mount: number,
	path: string,
	root: Place | undefined,
): { readonly path: string; readonly seen: boolean } {
	for (let m = state.mounts[mount]; m !== undefined; m = state.mounts[m.parent]) {
		if (m.id === root?.mount) {
			const seen = below(path, directoryPath(state, root.inode));
			if (seen !== undefined) return { path: seen, seen: true };
		}
		const inside = below(path, filePath(state, state.inodes[m.root]));
		if (inside === undefined) break;
		path = inside;
		if (m.parent === 0) break;
		const point = filePath(state, state.inodes[m.point]) ?? '/';
		path = inside === '/' ? point : point === '/' ? inside : point + inside;
	}
	return { path, seen: false };
}

/**
 * A path in a mount (0 = it is in none) as the caller sees it: from its own root. Of what is outside it sees the path from the top of the
 * namespace, behind `outside`.
 */
export function seenPath(d: Decision, mount: number, path: string, outside = ''): string {
	const { state } = d;
	const fs = state.fsStructs[d.task.fs];
	if (mount === 0 || path[0] !== '/' || fs === undefined) return path;
	const found = climb(state, mount, path, { mount: fs.rootMount, inode: state.inodes[fs.root] });
	return found.seen ? found.path : outside + found.path;
}

/** A path in a mount as it is seen from somebody's root; undefined: it is not below it. */
export function pathFrom(state: MachineState, fs: FsStruct, mount: number, path: string): string | undefined {
	const found = climb(state, mount, path, { mount: fs.rootMount, inode: state.inodes[fs.root] });
	return found.seen ? found.path : undefined;
}

/** A path in a mount from the top of its namespace. */
export function wholePath(state: MachineState, mount: number, path: string): string {
	return mount === 0 || path[0] !== '/' ? path : climb(state, mount, path, undefined).path;
}

/** A path that was kept from the top of the namespace, as those of mappings are, as the caller sees it. */
export function seenName(d: Decision, path: string): string {
	const { state } = d;
	const fs = state.fsStructs[d.task.fs];
	if (fs === undefined || path[0] !== '/') return path;
	return below(path, wholePath(state, fs.rootMount, directoryPath(state, state.inodes[fs.root]) ?? '/')) ?? path;
}
