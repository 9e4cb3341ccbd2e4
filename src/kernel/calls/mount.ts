/** mount(2): new file systems, binds, moves, changed flags (path_mount and what it calls in fs/namespace.c of Linux 6.1). */
import type { Inode } from '../../events/entities.ts';
import type { Mount, SuperBlock } from '../../events/mounts.ts';
import { Errno } from '../abi/errno.ts';
import { AT_FDCWD, PATH_MAX } from '../abi/fcntl.ts';
import { MS, MS_MGC_MSK, MS_MGC_VAL, MS_NOUSER } from '../abi/mount.ts';
import type { Decision, NeedInput } from '../decision.ts';
import { type Fail, failed, unsupported } from '../fail.ts';
import { usedOf } from '../fs-room.ts';
import { memoryPages } from '../memory-limit.ts';
import { crossed, type Place } from '../mount-walk.ts';
import { addMount, copyTree, hasWriters, type Target, treeOf } from '../mounts.ts';
import { isOurs } from '../namespaces.ts';
import { makeInode } from '../open-file.ts';
import { type Found, readPath, resolve } from '../paths.ts';
import { procRoot } from '../procfs.ts';
import { changePropagation, propagate } from '../propagation.ts';
import type { Handler, SyscallRow } from '../row.ts';
import { parseTmpfs, showTmpfs, type TmpfsOptions } from '../tmpfs.ts';
import { slaveDirectory } from '../tty/terminal.ts';
import { umountRows } from './umount.ts';

type Result = number | NeedInput;

/** Flags that a mount keeps. */
const KEPT = MS.RDONLY | MS.NOSUID | MS.NODEV | MS.NOEXEC | MS.NOSYMFOLLOW | MS.NOATIME | MS.NODIRATIME | MS.RELATIME;
const ATIME = MS.NOATIME | MS.NODIRATIME | MS.RELATIME;
const TYPES = MS.SHARED | MS.PRIVATE | MS.SLAVE | MS.UNBINDABLE;
/** Options of devpts. */
const DEVPTS = /^(|newinstance|(uid|gid|max)=[0-9]+|(ptmx)?mode=[0-7]+|r[ow])$/;
/** Bytes of options that are looked at. */
const OPTIONS = 4095;
/** Lowest minor of the devices that file systems without one get. */
const FIRST_DEV = 0x20;

/** File systems that a container mounts and this machine has not. */
const ABSENT = [
	'sysfs',
	'mqueue',
	'devtmpfs',
	'cgroup',
	'cgroup2',
	'overlay',
	'ramfs',
	'securityfs',
	'debugfs',
	'tracefs',
	'bpf',
];
/** File systems that lie on block devices, of which there are none. */
const ON_DEVICES = ['ext2', 'ext3', 'ext4'];

/** A string of the caller's, null where there is none (copy_mount_string). -errno: EFAULT, EINVAL */
function readString(d: Decision, address: number): string | null | number {
	if (address === 0) return null;
	const text = d.cstring(address, PATH_MAX);
	if (text === undefined) return -Errno.EFAULT;
	return text === null ? -Errno.EINVAL : text;
}

/** What a path names, as a place. What is in /proc is none: nothing can be mounted on it or bound from it. */
function placeAt(d: Decision, path: string): (Found & { readonly inode: Inode }) | Fail {
	const found = resolve(d, AT_FDCWD, path, 'follow');
	if (failed(found)) return found;
	const { id, kind, target } = found.inode;
	if (id !== 0 && (kind !== 'dir' || target === '' || d.state.mounts[found.mount]?.root === id)) return found;
	const name = found.namespace ? 'a bind mount of a namespace' : 'mounts on files of /proc';
	return unsupported(d, name, Errno.EINVAL);
}

/** What is on top at a place: new mounts go there (lock_mount). */
function topPlace(d: Decision, place: Place): Place {
	return crossed(d.state, place.mount, place.inode);
}

const mount: Handler = (d, [sourceAt, targetAt, typeAt, flags, dataAt]) => {
	const type = readString(d, typeAt);
	if (typeof type === 'number') return type;
	const source = readString(d, sourceAt);
	if (typeof source === 'number') return source;
	const data = dataAt === 0 ? '' : (d.cstring(dataAt, OPTIONS) ?? (d.read(dataAt, 1) === undefined ? -Errno.EFAULT : ''));
	if (typeof data === 'number') return data;
	const path = readPath(d, targetAt);
	if (typeof path === 'number') return path;
	const found = placeAt(d, path);
	if (failed(found)) return found;
	const asked = (flags & MS_MGC_MSK) >>> 0 === MS_MGC_VAL ? flags & ~MS_MGC_MSK : flags;
	if (asked & MS_NOUSER) return -Errno.EINVAL;
	if (d.task.creds.euid !== 0) return -Errno.EPERM;
	const kept = keptFlags(d, asked, found.mount);
	if ((asked & (MS.REMOUNT | MS.BIND)) === (MS.REMOUNT | MS.BIND)) return reconfigure(d, found, kept);
	if (asked & MS.REMOUNT) return remount(d, found, kept, (asked & MS.RDONLY) !== 0, data);
	if (asked & MS.BIND) return bind(d, found, source, (asked & MS.REC) !== 0);
	if (asked & TYPES) return changeType(d, found, asked);
	if (asked & MS.MOVE) return move(d, found, source);
	return mountNew(d, found, type, source ?? 'none', kept, data);
};

/** The flags of a mount: relatime unless something else is said; a remount that says nothing of it leaves atime as it is. */
function keptFlags(d: Decision, asked: number, mount: number): number {
	const relatime = asked & (MS.NOATIME | MS.STRICTATIME) ? 0 : MS.RELATIME;
	const strict = asked & MS.STRICTATIME ? MS.NOATIME : 0;
	const kept = ((asked & KEPT & ~MS.RELATIME) | relatime) & ~strict;
	const silent = asked & MS.REMOUNT && (asked & (ATIME | MS.STRICTATIME)) === 0;
	return silent ? (kept & ~ATIME) | ((d.state.mounts[mount]?.flags ?? 0) & ATIME) : kept;
}

/** The mount whose top was found, of the caller's namespace; undefined: EINVAL. */
function mountAt(d: Decision, { mount, inode }: Place): Mount | undefined {
	const found = d.state.mounts[mount];
	return isOurs(d, found) && found.root === inode.id ? found : undefined;
}

/** MS_REMOUNT with MS_BIND: the flags of one mount (do_reconfigure_mnt). */
function reconfigure(d: Decision, place: Place, flags: number): number {
	const found = mountAt(d, place);
	if (found === undefined) return -Errno.EINVAL;
	if (flags & ~found.flags & MS.RDONLY && hasWriters(d.state, [found])) return -Errno.EBUSY;
	d.emit({ kind: 'mount/set', mount: found.id, fields: { flags } });
	return 0;
}

/** MS_REMOUNT: the file system, and this mount of it (do_remount). */
function remount(d: Decision, place: Place, flags: number, readonly: boolean, data: string): number {
	const found = mountAt(d, place);
	if (found === undefined) return -Errno.EINVAL;
	const superblock = d.state.supers[found.sb];
	const limits = superblock.type === 'tmpfs' ? limitsAfter(d, superblock, data) : data === '' ? {} : undefined;
	if (limits === undefined) return -Errno.EINVAL;
	const all = Object.values(d.state.mounts).filter((m) => m.sb === found.sb);
	if (readonly && !superblock.readonly && hasWriters(d.state, all)) return -Errno.EBUSY;
	d.emit({ kind: 'super/set', superblock: superblock.id, fields: { readonly, ...limits } });
	d.emit({ kind: 'mount/set', mount: found.id, fields: { flags } });
	return 0;
}

/** What of a tmpfs changes when it is mounted anew: its size and how many inodes it may have. undefined: EINVAL. */
function limitsAfter(d: Decision, superblock: SuperBlock, data: string): Partial<SuperBlock> | undefined {
	const asked = parseTmpfs(data, memoryPages(d.state), 0, 0);
	const was = parseTmpfs(superblock.options, 0, 0, 0);
	const used = usedOf(d.state, superblock.id);
	// What has no limit gets none.
	if (asked === undefined || was === undefined || (was.blocks === 0 && asked.blocks) || (was.files === 0 && asked.files))
		return undefined;
	if ((asked.blocks && asked.blocks < used.blocks) || (asked.files && asked.files < used.files)) return undefined;
	const options = showTmpfs({ ...was, blocks: asked.blocks ?? was.blocks, files: asked.files ?? was.files });
	return { options, blocks: asked.blocks ?? superblock.blocks, files: asked.files ?? superblock.files };
}

/** Half of the memory and as many inodes, unless something else is asked for. */
function limitsOf({ state }: Decision, options: TmpfsOptions): Pick<SuperBlock, 'options' | 'blocks' | 'files'> {
	const half = Math.floor(memoryPages(state) / 2);
	return { options: showTmpfs(options), blocks: options.blocks ?? half, files: options.files ?? half };
}

/** MS_BIND: what is at one place is at another, too (do_loopback). */
function bind(d: Decision, place: Place, source: string | null, recursive: boolean): Result {
	if (source === null || source === '') return -Errno.EINVAL;
	const from = placeAt(d, source);
	if (failed(from)) return from;
	const { mount, inode } = topPlace(d, place);
	const old = d.state.mounts[from.mount];
	if (!isOurs(d, d.state.mounts[mount]) || !isOurs(d, old) || old.unbindable) return -Errno.EINVAL;
	if (inode.nlink === 0) return -Errno.ENOENT;
	if ((from.inode.kind === 'dir') !== (inode.kind === 'dir')) return -Errno.ENOTDIR;
	// What has no name cannot be mounted on either (d_set_mounted).
	if (from.inode.nlink === 0) return -Errno.ENOENT;
	const { state } = d;
	const to = { ns: old.ns, parent: mount, point: inode.id };
	const copies = copyTree(d, old, from.inode, to, recursive ? 'bindable' : 'top');
	propagate(d, state, state.mounts[mount], copies.get(old.id)!);
	return 0;
}

/** MS_SHARED, MS_PRIVATE and their kin (do_change_type). */
function changeType(d: Decision, place: Place, asked: number): number {
	const found = d.state.mounts[place.mount];
	if (found?.root !== place.inode.id) return -Errno.EINVAL;
	const type = asked & ~(MS.REC | MS.SILENT);
	if (type & ~TYPES || (type & (type - 1)) !== 0) return -Errno.EINVAL;
	for (const { id } of asked & MS.REC ? treeOf(d.state, found) : [found]) changePropagation(d, id, type);
	return 0;
}

/** MS_MOVE: a mount gets another place (do_move_mount). */
function move(d: Decision, place: Place, source: string | null): Result {
	if (source === null || source === '') return -Errno.EINVAL;
	const from = placeAt(d, source);
	if (failed(from)) return from;
	const { mount, inode } = topPlace(d, place);
	if (inode.nlink === 0) return -Errno.ENOENT;
	const old = mountAt(d, from);
	if (!isOurs(d, d.state.mounts[mount]) || old === undefined || old.parent === 0) return -Errno.EINVAL;
	if ((from.inode.kind === 'dir') !== (inode.kind === 'dir')) return -Errno.EINVAL;
	const { state } = d;
	const tree = treeOf(state, old);
	const to = state.mounts[mount];
	if (state.mounts[old.parent].peers !== 0 || (to.peers !== 0 && tree.some((m) => m.unbindable))) return -Errno.EINVAL;
	if (tree.some((m) => m.id === mount)) return -Errno.ELOOP;
	d.emit({ kind: 'mount/set', mount: old.id, fields: { parent: mount, point: inode.id } });
	propagate(d, state, to, old.id);
	return 0;
}

/** A file system of a type (do_new_mount). -errno: ENODEV, EINVAL, ENOTDIR, EBUSY */
function mountNew(d: Decision, place: Place, type: string | null, source: string, flags: number, data: string): Result {
	if (type === null) return -Errno.EINVAL;
	if (ABSENT.includes(type)) return unsupported(d, `mount of ${type}`, Errno.ENODEV);
	if (ON_DEVICES.includes(type)) return noDevice(d, source);
	if (type === 'devpts') return mountTerminals(d, place, source, flags, data);
	if (type !== 'tmpfs' && type !== 'proc') return -Errno.ENODEV;
	const { fsuid, fsgid } = d.task.creds;
	const options = type === 'tmpfs' ? parseTmpfs(data, memoryPages(d.state), fsuid, fsgid) : data === '' ? null : undefined;
	if (options === undefined) return type === 'proc' ? unsupported(d, `proc mounted with ${data}`, Errno.EINVAL) : -Errno.EINVAL;
	const to = newPlace(d, place);
	if (typeof to === 'number') return to;
	const { super: sb, inode: root } = d.state.next;
	const readonly = (flags & MS.RDONLY) !== 0;
	const limits = options ? limitsOf(d, options) : { options: '', blocks: 0, files: 0 };
	d.emit({
		kind: 'super/new',
		superblock: { id: sb, type, dev: freeDev(d), readonly, ...limits, pidNs: type === 'proc' ? d.task.pidNs : 0 },
	});
	if (options) {
		const made = makeInode(d, 'dir', options.mode, null, { ino: 1, sb, parent: root });
		d.emit({ kind: 'inode/set', inode: made.id, fields: { uid: options.uid, gid: options.gid } });
	} else d.emit({ kind: 'inode/new', inode: procRoot(root, sb) });
	return attach(d, to, { sb, root, source, flags });
}

/** Where a new file system goes: on top at a place in the caller's namespace, a directory that has its name. */
function newPlace(d: Decision, place: Place): Target | number {
	const { mount, inode } = topPlace(d, place);
	const under = d.state.mounts[mount];
	if (!isOurs(d, under)) return -Errno.EINVAL;
	if (inode.nlink === 0) return -Errno.ENOENT;
	return inode.kind === 'dir' ? { ns: under.ns, parent: mount, point: inode.id } : -Errno.ENOTDIR;
}

function attach(d: Decision, to: Target, fields: Pick<Mount, 'sb' | 'root' | 'source' | 'flags'>): number {
	const { state } = d;
	const alone = { peers: 0, master: 0, unbindable: false, expiring: false };
	propagate(d, state, state.mounts[to.parent], addMount(d, { ...to, ...fields, ...alone }));
	return 0;
}

/** The terminals once more: there is one devpts, whatever options ask for an instance of one's own. */
function mountTerminals(d: Decision, place: Place, source: string, flags: number, data: string): number {
	if (!data.split(',').every((word) => DEVPTS.test(word))) return -Errno.EINVAL;
	const dir = slaveDirectory(d);
	if (dir === undefined) return unsupported(d, 'a devpts when none is mounted', Errno.ENODEV);
	const to = newPlace(d, place);
	return typeof to === 'number' ? to : attach(d, to, { sb: dir.sb, root: dir.id, source, flags });
}

/** The source of a file system on a device must be one (lookup_bdev). */
function noDevice(d: Decision, source: string): Result {
	const found = resolve(d, AT_FDCWD, source, 'follow');
	return failed(found) ? found : -Errno.ENOTBLK;
}

/** The lowest device number that no file system has (get_anon_bdev). */
function freeDev({ state }: Decision): number {
	const used = new Set(Object.values(state.supers).map((s) => s.dev));
	let dev = FIRST_DEV;
	while (used.has(dev)) dev++;
	return dev;
}

export const mountRows: readonly SyscallRow[] = [
	{
		nr: 21,
		name: 'mount',
		args: ['str', 'path', 'str', 'flags:mount', 'str'],
		support: 'partial',
		note: 'tmpfs, proc, and one devpts for all',
		handler: mount,
	},
	...umountRows,
];
