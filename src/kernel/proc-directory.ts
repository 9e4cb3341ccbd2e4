/** Directories of /proc that somebody stands in or has open: inodes with the names as they were then. Walking goes by `target`. */
import type { Inode } from '../events/entities.ts';
import type { Decision } from './decision.ts';
import { makeInode } from './open-file.ts';
import { type Found, foundPath } from './paths.ts';
import { procNames, procNs } from './procfs.ts';
import { joinPath } from './seen-paths.ts';

/** Whether what was found is a directory of /proc. */
export function isProcDirectory(inode: Inode): boolean {
	return inode.kind === 'dir' && (inode.id === 0 || inode.target !== '');
}

/** The inode to stand in or to open; undefined: there is no such directory any more. */
export function procDirectory(d: Decision, found: Found & { readonly inode: Inode }): Inode | undefined {
	const path = foundPath(d, found);
	const names = procNames(d, path, procNs(d.state, found.inode.sb));
	if (names === undefined) return undefined;
	const { ino, mode, uid, gid } = found.inode;
	const top = d.state.inodes[d.state.mounts[found.mount].root];
	const inode = makeInode(d, 'dir', mode, top, { target: joinPath('/proc', path.slice(1)), ino });
	if (uid !== inode.uid || gid !== inode.gid) d.emit({ kind: 'inode/set', inode: inode.id, fields: { uid, gid } });
	for (const name of names) d.emit({ kind: 'dir/link', dir: inode.id, name, inode: inode.id });
	return inode;
}
