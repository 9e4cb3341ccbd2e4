/** Changes of directories: entries made and removed, with link counts and times. */
import type { Inode } from '../events/entities.ts';
import type { Decision, NeedInput } from './decision.ts';
import { findEntry } from './paths.ts';

/** Entries before those of a listing: `.` and `..`. */
export const DOT_ENTRIES = 2;

/** The names of a directory that exist, in order. The directory must be known in full. */
export function liveEntries(dir: Inode): readonly { readonly name: string; readonly inode: number }[] {
	return dir.entries.filter((e) => e.inode !== 0);
}

/** The listing without which a directory of the host root is not known in full, if any. */
export function needListing(dir: Inode): NeedInput | undefined {
	if (dir.lower !== 'partial') return undefined;
	return { kind: 'need', request: { kind: 'listing', dir: dir.id, path: dir.lowerPath } };
}

/** Puts an inode that exists into a directory under a free name. The link count of the inode is the caller's business. */
export function linkEntry(d: Decision, dir: number, name: string, inode: number): void {
	moveReaders(d, dir, name, +1);
	d.emit({ kind: 'dir/link', dir, name, inode });
	const parent = d.state.inodes[dir];
	const subdirectory = d.state.inodes[inode].kind === 'dir' ? 1 : 0;
	touchDirectory(d, parent, subdirectory);
}

/**
 * Takes a name out of a directory.
 * @param links by how much the link count of what it named falls: 0 when it only moves
 */
export function unlinkEntry(d: Decision, dir: number, name: string, links: number): void {
	const parent = d.state.inodes[dir];
	const id = findEntry(parent, name)?.inode ?? 0;
	const inode = d.state.inodes[id];
	moveReaders(d, dir, name, -1);
	const nlink = Math.max(0, inode.nlink - links);
	d.emit({ kind: 'inode/set', inode: id, fields: { nlink, ctime: d.realNow } });
	d.emit({ kind: 'dir/unlink', dir, name });
	touchDirectory(d, parent, inode.kind === 'dir' ? -1 : 0);
}

function touchDirectory(d: Decision, dir: Inode, links: number): void {
	const now = d.realNow;
	const nlink = links === 0 ? {} : { nlink: dir.nlink + links };
	d.emit({ kind: 'inode/set', inode: dir.id, fields: { mtime: now, ctime: now, ...nlink } });
}

/**
 * A listing is sorted by name and its position counts entries: whoever reads the directory and is past the name moves along
 * with it, so that no other name is skipped or shown twice.
 */
function moveReaders(d: Decision, dir: number, name: string, by: 1 | -1): void {
	const { state } = d;
	const at = DOT_ENTRIES + liveEntries(state.inodes[dir]).filter((e) => e.name < name).length;
	for (const file of Object.values(state.files)) {
		if (file.inode === dir && file.pos > at) d.emit({ kind: 'file/set', file: file.id, fields: { pos: file.pos + by } });
	}
}
