/** Where mounts meet when a path is walked: what is mounted on a place, and what a mount is mounted on (fs/namespace.c, fs/namei.c of Linux 6.1). */
import type { FsStruct, Inode } from '../events/entities.ts';
import type { Mount } from '../events/mounts.ts';
import type { MachineState } from '../reducers/state.ts';

/** An inode as a path leads to it: seen through a mount (struct path). */
export interface Place {
	readonly mount: number;
	readonly inode: Inode;
}

/** What is mounted on an inode of a mount, if anything is (lookup_mnt). */
export function mountedOn({ mounts, next }: MachineState, mount: number, inode: number): Mount | undefined {
	// Ids, not the table's values: this is asked for every name of every path.
	for (let id = 1; id < next.mount; id++) {
		const found = mounts[id];
		if (found !== undefined && found.point === inode && found.parent === mount) return found;
	}
	return undefined;
}

/** The place itself, or the top of what is mounted there, the last of them (traverse_mounts). */
export function crossed(state: MachineState, mount: number, inode: Inode): Place {
	let place = { mount, inode };
	for (;;) {
		const over = mountedOn(state, place.mount, place.inode.id);
		if (over === undefined) return place;
		place = { mount: over.id, inode: state.inodes[over.root] };
	}
}

/** What `..` is: at the top of a mount the directory above the one it is mounted on, at the caller's root the root (follow_dotdot). */
export function above(state: MachineState, fs: FsStruct, mount: number, dir: Inode): Place {
	const isRoot = (m: number, inode: number) => m === fs.rootMount && inode === fs.root;
	let [at, inode] = [mount, dir.id];
	while (!isRoot(at, inode) && state.mounts[at]?.root === inode) {
		const { parent, point } = state.mounts[at];
		if (parent === 0) break;
		[at, inode] = [parent, point];
	}
	// At a root, or at a top that nothing is above, one stays where one was.
	if (isRoot(at, inode) || state.mounts[at]?.root === inode) return crossed(state, mount, dir);
	return crossed(state, at, state.inodes[state.inodes[inode].parent]);
}

/** Whether a place lies at or below another, through whatever mounts (is_path_reachable). */
export function isReachable(state: MachineState, place: Place, from: Place): boolean {
	let { mount, inode } = place;
	while (mount !== from.mount) {
		const { parent, point } = state.mounts[mount];
		if (parent === 0) return false;
		mount = parent;
		inode = state.inodes[point];
	}
	return isBelow(state, inode, from.inode);
}

/** Whether an inode is a directory, or lies below it in its file system. */
export function isBelow(state: MachineState, inode: Inode, top: Inode): boolean {
	for (let at = inode; ; at = state.inodes[at.parent]) {
		if (at.id === top.id) return true;
		if (at.kind !== 'dir') return namedBelow(state, at, top);
		if (at.parent === at.id) return false;
	}
}

/** A file is below what the directory that names it is below. */
function namedBelow(state: MachineState, file: Inode, top: Inode): boolean {
	for (const dir of Object.values(state.inodes)) {
		if (dir.kind === 'dir' && dir.sb === file.sb && dir.target === '' && dir.entries.some((e) => e.inode === file.id))
			return isBelow(state, dir, top);
	}
	return false;
}
