/** Paths of what is open or mapped: they are kept from the top of the machine's tree, and a task sees them from its own root (fs/d_path.c). */
import type { Inode } from '../events/entities.ts';
import type { Decision } from './decision.ts';

/** The path of a directory from the top of the machine's tree, by its place there; undefined once it was removed. */
export function directoryPath(d: Decision, inode: Inode): string | undefined {
	const { state } = d;
	const names: string[] = [];
	let at = inode;
	while (at.parent !== at.id || at.id === 0) {
		if (at.id === 0) return '/proc';
		const parent = state.inodes[at.parent];
		const entry = parent?.entries.find((e) => e.inode === at.id);
		if (entry === undefined) return undefined;
		names.push(entry.name);
		at = parent;
	}
	return `/${names.reverse().join('/')}`;
}

/**
 * A path from the top as the caller sees it: from its own root (fs/d_path.c). Of what is outside it sees the whole path, behind
 * `outside`.
 */
export function seenPath(d: Decision, path: string, outside = ''): string {
	const root = d.state.inodes[d.state.fsStructs[d.task.fs]?.root];
	if (root === undefined || root.parent === root.id || path[0] !== '/') return path;
	const above = directoryPath(d, root);
	if (above === undefined || !`${path}/`.startsWith(`${above}/`)) return outside + path;
	return path.slice(above.length) || '/';
}
