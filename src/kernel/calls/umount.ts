/** umount, umount2, pivot_root (fs/namespace.c of Linux 6.1). */
import type { FsStruct } from '../../events/entities.ts';
import type { Mount } from '../../events/mounts.ts';
import { Errno } from '../abi/errno.ts';
import { AT_FDCWD } from '../abi/fcntl.ts';
import { MNT, UMOUNT_NOFOLLOW } from '../abi/mount.ts';
import type { Decision, NeedInput } from '../decision.ts';
import { failed } from '../fail.ts';
import { crossed, isReachable, type Place } from '../mount-walk.ts';
import { hasWriters } from '../mounts.ts';
import { isOurs } from '../namespaces.ts';
import { readPath, resolve, rootPlace } from '../paths.ts';
import { isBusy, takeAway } from '../propagation.ts';
import type { SyscallRow } from '../row.ts';
import { directoryPath } from '../seen-paths.ts';

const KNOWN = MNT.FORCE | MNT.DETACH | MNT.EXPIRE | UMOUNT_NOFOLLOW;

/** The mount on top at a path goes from its place (ksys_umount). */
function umount(d: Decision, address: number, flags: number): number | NeedInput {
	if (flags & ~KNOWN) return -Errno.EINVAL;
	const path = readPath(d, address);
	if (typeof path === 'number') return path;
	const found = resolve(d, AT_FDCWD, path, flags & UMOUNT_NOFOLLOW ? 'nofollow' : 'follow');
	if (failed(found)) return found;
	if (d.task.creds.euid !== 0) return -Errno.EPERM;
	const place = crossed(d.state, found.mount, found.inode);
	const mount = d.state.mounts[place.mount];
	if (mount?.root !== place.inode.id || !isOurs(d, mount)) return -Errno.EINVAL;
	return takeOff(d, mount, flags);
}

/** do_umount. The caller's own root is made read-only instead. */
function takeOff(d: Decision, mount: Mount, flags: number): number {
	const isRoot = mount.id === d.state.fsStructs[d.task.fs].rootMount;
	if (flags & MNT.EXPIRE) {
		if (isRoot || flags & (MNT.FORCE | MNT.DETACH)) return -Errno.EINVAL;
		if (isBusy(d.state, mount)) return -Errno.EBUSY;
		if (!mount.expiring) {
			d.emit({ kind: 'mount/set', mount: mount.id, fields: { expiring: true } });
			return -Errno.EAGAIN;
		}
	}
	if (isRoot && !(flags & MNT.DETACH)) return rootReadOnly(d, mount);
	if (!(flags & MNT.DETACH) && isBusy(d.state, mount)) return -Errno.EBUSY;
	takeAway(d, mount);
	return 0;
}

/** do_umount_root. */
function rootReadOnly(d: Decision, { sb }: Mount): number {
	if (d.state.supers[sb].readonly) return 0;
	const all = Object.values(d.state.mounts).filter((m) => m.sb === sb);
	if (hasWriters(d.state, all)) return -Errno.EBUSY;
	d.emit({ kind: 'super/set', superblock: sb, fields: { readonly: true } });
	return 0;
}

/** The root becomes what is mounted at one place, and is mounted itself at another below it (pivot_root(2)). */
function pivotRoot(d: Decision, newAt: number, oldAt: number): number | NeedInput {
	if (d.task.creds.euid !== 0) return -Errno.EPERM;
	const fresh = directoryAt(d, newAt);
	if (failed(fresh)) return fresh;
	const put = directoryAt(d, oldAt);
	if (failed(put)) return put;
	const { state } = d;
	const old = crossed(state, put.mount, put.inode);
	const root = rootPlace(d);
	const [newMount, oldMount, rootMount] = [fresh, old, root].map(({ mount }) => state.mounts[mount]);
	if (old.inode.nlink === 0) return -Errno.ENOENT;
	if (oldMount?.peers || state.mounts[newMount.parent]?.peers || state.mounts[rootMount.parent]?.peers) return -Errno.EINVAL;
	if (!isOurs(d, rootMount) || !isOurs(d, newMount)) return -Errno.EINVAL;
	if (fresh.inode.nlink === 0) return -Errno.ENOENT;
	if (newMount.id === rootMount.id || oldMount?.id === rootMount.id) return -Errno.EBUSY;
	if (rootMount.root !== root.inode.id || newMount.root !== fresh.inode.id || newMount.parent === 0) return -Errno.EINVAL;
	if (!isReachable(state, old, fresh) || !isReachable(state, fresh, root)) return -Errno.EINVAL;
	const { parent, point } = rootMount;
	d.emit({ kind: 'mount/set', mount: newMount.id, fields: { parent: 0, point: 0 } });
	d.emit({ kind: 'mount/set', mount: rootMount.id, fields: { parent: old.mount, point: old.inode.id } });
	if (parent !== 0) d.emit({ kind: 'mount/set', mount: newMount.id, fields: { parent, point } });
	for (const fs of Object.values(state.fsStructs)) follow(d, fs, root, fresh);
	return 0;
}

function directoryAt(d: Decision, address: number): Place | number | NeedInput {
	const path = readPath(d, address);
	if (typeof path === 'number') return path;
	const found = resolve(d, AT_FDCWD, path, 'follow');
	if (failed(found)) return found;
	return found.inode.kind === 'dir' ? { mount: found.mount, inode: found.inode } : -Errno.ENOTDIR;
}

/** Whoever stood at the old root stands at the new one (chroot_fs_refs). */
function follow(d: Decision, fs: FsStruct, from: Place, to: Place): void {
	const root = fs.rootMount === from.mount && fs.root === from.inode.id;
	const cwd = fs.cwdMount === from.mount && fs.cwd === from.inode.id;
	const fields = {
		...(root ? { root: to.inode.id, rootMount: to.mount } : {}),
		...(cwd ? { cwd: to.inode.id, cwdMount: to.mount, cwdPath: directoryPath(d.state, to.inode) ?? '/' } : {}),
	};
	if (root || cwd) d.emit({ kind: 'fs/set', fs: fs.id, fields });
}

export const umountRows: readonly SyscallRow[] = [
	{ nr: 22, name: 'umount', args: ['path'], support: 'full', handler: (d, [path]) => umount(d, path, 0) },
	{
		nr: 52,
		name: 'umount2',
		args: ['path', 'flags:umount'],
		support: 'partial',
		note: 'what MNT_EXPIRE has marked stays so when it is used',
		handler: (d, [path, flags]) => umount(d, path, flags),
	},
	{
		nr: 217,
		name: 'pivot_root',
		args: ['path', 'path'],
		support: 'full',
		handler: (d, [fresh, old]) => pivotRoot(d, fresh, old),
	},
];
