/** The mounts of a namespace: made, copied, moved, taken away; who uses one, and what its flags forbid (fs/namespace.c of Linux 6.1). */
import type { FsStruct, Inode } from '../events/entities.ts';
import type { Mount } from '../events/mounts.ts';
import type { MachineState } from '../reducers/state.ts';
import { Errno } from './abi/errno.ts';
import { MS } from './abi/mount.ts';
import type { Decision } from './decision.ts';
import { isBelow } from './mount-walk.ts';
import { mayWrite } from './open-file.ts';

const byNumber = (a: Mount, b: Mount) => a.number - b.number;

/** What is mounted in a namespace, in the order in which it was. */
export function mountsOf({ mounts }: MachineState, ns: number): readonly Mount[] {
	return Object.values(mounts)
		.filter((m) => m.ns === ns)
		.sort(byNumber);
}

/** What is mounted on places of a mount, in that order. */
export function childrenOf({ mounts }: MachineState, id: number): readonly Mount[] {
	return Object.values(mounts)
		.filter((m) => m.parent === id)
		.sort(byNumber);
}

/** A mount and all that is mounted below it, each behind what it is mounted on (next_mnt). */
export function treeOf(state: MachineState, top: Mount): readonly Mount[] {
	return [top, ...childrenOf(state, top.id).flatMap((m) => treeOf(state, m))];
}

/** Emits a mount. @returns its id */
export function addMount(d: Decision, fields: Omit<Mount, 'id' | 'number'>): number {
	const { mounts, next } = d.state;
	const number = 1 + Math.max(0, ...Object.values(mounts).map((m) => m.number));
	d.emit({ kind: 'mount/new', mount: { ...fields, id: next.mount, number } });
	return next.mount;
}

/** Where a copy of a mount goes. */
export type Target = Pick<Mount, 'ns' | 'parent' | 'point'>;

/**
 * Copies a mount, or what of it is below `root`, with what is mounted there (copy_tree).
 * @param how `top`: nothing of what is mounted there; `bindable`: all but what must not be bound
 * @param marks what else is not as in the original
 * @returns the copies' ids by those of the originals
 */
export function copyTree(
	d: Decision,
	mount: Mount,
	root: Inode,
	to: Target,
	how: 'top' | 'bindable' | 'all',
	marks: (of: Mount) => Partial<Mount> = () => ({}),
): ReadonlyMap<number, number> {
	const copies = new Map<number, number>();
	// As it is before: the copy may be mounted in what is copied.
	const { state } = d;
	const copy = (of: Mount, seen: Inode, target: Target) => {
		const id = addMount(d, { ...of, ...target, ...marks(of), root: seen.id, expiring: false });
		copies.set(of.id, id);
		if (how === 'top') return;
		for (const child of childrenOf(state, of.id)) {
			if ((how === 'bindable' && child.unbindable) || !isBelow(state, state.inodes[child.point], seen)) continue;
			copy(child, state.inodes[child.root], { ns: to.ns, parent: id, point: child.point });
		}
	};
	copy(mount, root, to);
	return copies;
}

/** Copies all mounts of a namespace into a new one (copy_mnt_ns). @returns the copies' ids by those of the originals */
export function copyNamespace(d: Decision, from: number, to: number): ReadonlyMap<number, number> {
	const top = topOf(d.state, from);
	if (top === undefined) return new Map();
	return copyTree(d, top, d.state.inodes[top.root], { ns: to, parent: 0, point: 0 }, 'all');
}

/** The mount at the top of a namespace; undefined: it was taken away. */
export function topOf(state: MachineState, ns: number): Mount | undefined {
	return mountsOf(state, ns).find((m) => m.parent === 0);
}

/** An fs structure whose places are in a namespace that was copied: in the copies. */
export function inCopies(fs: FsStruct, copies: ReadonlyMap<number, number>): FsStruct {
	const copy = (mount: number) => copies.get(mount) ?? mount;
	return { ...fs, cwdMount: copy(fs.cwdMount), rootMount: copy(fs.rootMount) };
}

/** Whether something is mounted on an inode in a namespace (is_local_mountpoint). */
export function isMountPoint({ mounts }: MachineState, ns: number, inode: number): boolean {
	return Object.values(mounts).some((m) => m.ns === ns && m.point === inode);
}

/**
 * Whether somebody has a file of a mount open, stands in it, or, where its file system is mounted once, has mapped or bound a file of
 * that (do_refcount_check: mappings do not tell their mount here).
 */
export function isUsed(state: MachineState, { id, sb }: Mount): boolean {
	const { mounts, files, fsStructs, inodes, mms, anons } = state;
	if (Object.values(files).some((f) => f.mount === id)) return true;
	if (Object.values(fsStructs).some((fs) => fs.cwdMount === id || fs.rootMount === id)) return true;
	if (Object.values(mounts).some((m) => m.sb === sb && m.id !== id)) return false;
	const inThere = (inode: number) => inodes[inode]?.sb === sb;
	return (
		Object.values(mms).some((mm) => inThere(mm.exe) || mm.vmas.some((vma) => inThere(vma.inode))) ||
		Object.values(anons).some((a) => a.kind === 'socket' && inThere(a.bound))
	);
}

/** Whether somebody has a file open for writing, of one of the mounts. */
export function hasWriters(state: MachineState, mounts: readonly Mount[]): boolean {
	return Object.values(state.files).some(
		(f) => mayWrite(f) && state.inodes[f.inode].kind === 'file' && mounts.some((m) => m.id === f.mount),
	);
}

/** Whether nothing may change in a mount (__mnt_is_readonly). 0 = no mount */
export function isReadOnly({ mounts, supers }: MachineState, mount: number): boolean {
	const found = mounts[mount];
	return found !== undefined && ((found.flags & MS.RDONLY) !== 0 || supers[found.sb].readonly);
}

/** mnt_want_write: 0, or -EROFS. */
export function wantWrite(state: MachineState, mount: number): number {
	return isReadOnly(state, mount) ? -Errno.EROFS : 0;
}

/** Whether a mount has a flag. */
export function hasFlag({ mounts }: MachineState, mount: number, flag: number): boolean {
	return ((mounts[mount]?.flags ?? 0) & flag) !== 0;
}
