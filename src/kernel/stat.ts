/** What the stat calls say of an inode (fs/stat.c generic_fillattr, and what each file system adds). */
import type { Inode, Stream } from '../events/entities.ts';
import type { MachineState } from '../reducers/state.ts';
import { S } from './abi/fcntl.ts';
import { MS } from './abi/mount.ts';
import type { StatfsValues, StatValues } from './abi/stat.ts';
import { usedOf } from './fs-room.ts';
import { ROOT_INO } from './namespaces.ts';
import { SLAVE_MAJOR } from './tty/terminal.ts';

/** The lowest inode number of a namespace. */
const FIRST_NAMESPACE = Math.min(...Object.values(ROOT_INO));

/** Device numbers of the guest's file systems: the tree of files (pipes too), terminals, /proc, namespaces. */
export const DEV = { TREE: 0x801, PTS: 0x18, PROC: 0x15, NS: 4 } as const;

const BLOCK = 4096;
/** Block size of a terminal (devpts) as stat shows it. */
const TTY_BLOCK = 1024;

const STREAM_TYPE: { readonly [kind in Stream['kind']]: number } = {
	tty: S.IFCHR,
	pipe: S.IFIFO,
	file: S.IFREG,
	null: S.IFCHR,
	closed: S.IFCHR,
	other: S.IFSOCK,
};

/** S_IFMT bits of an inode. */
export function fileType(state: MachineState, inode: Inode): number {
	switch (inode.kind) {
		case 'file':
			return S.IFREG;
		case 'dir':
			return S.IFDIR;
		case 'symlink':
			return S.IFLNK;
		case 'char':
		case 'tty':
			return S.IFCHR;
		case 'fifo':
			return S.IFIFO;
		case 'socket':
			return S.IFSOCK;
		case 'anon':
			return state.anons[inode.channel]?.kind === 'ns' ? S.IFREG : 0;
		case 'stream':
			return STREAM_TYPE[state.streams[inode.channel]?.kind ?? 'other'];
	}
}

export function statValues(state: MachineState, inode: Inode): StatValues {
	const type = fileType(state, inode);
	// A device that was opened is still the device's.
	const tty = (inode.kind === 'stream' && type === S.IFCHR) || (inode.kind === 'tty' && inode.rdev >>> 8 === SLAVE_MAJOR);
	const ns = namespaceNumber(state, inode);
	const dev = ns !== undefined ? DEV.NS : tty ? DEV.PTS : (state.supers[inode.sb]?.dev ?? DEV.TREE);
	const size = inode.kind === 'symlink' ? inode.target.length : inode.kind === 'dir' && inode.size === 0 ? BLOCK : inode.size;
	return {
		dev,
		rdev: inode.rdev,
		ino: ns ?? inode.ino,
		mode: type | inode.mode,
		nlink: inode.kind === 'stream' ? Math.max(1, inode.nlink) : inode.nlink,
		uid: inode.uid,
		gid: inode.gid,
		size: inode.id === 0 ? inode.size : size,
		blksize: tty ? TTY_BLOCK : BLOCK,
		blocks: inode.kind === 'file' || inode.kind === 'dir' ? Math.ceil(size / BLOCK) * (BLOCK / 512) : 0,
		atime: inode.atime,
		mtime: inode.mtime,
		ctime: inode.ctime,
	};
}

/** Inode number of the namespace that an inode stands for, if it does. */
function namespaceNumber(state: MachineState, inode: Inode): number | undefined {
	if (inode.id === 0) return inode.ino >= FIRST_NAMESPACE ? inode.ino : undefined;
	const anon = inode.kind === 'anon' ? state.anons[inode.channel] : undefined;
	return anon?.kind === 'ns' ? anon.ino : undefined;
}

/** The first file system as statfs shows it: of a fixed size, so that programs decide alike on every host. */
const STATFS: StatfsValues = {
	type: 0x01021994,
	bsize: BLOCK,
	blocks: 262144,
	bfree: 131072,
	bavail: 131072,
	files: 262144,
	ffree: 131072,
	namelen: 255,
	flags: 0x1020,
};
/** Types of file systems that hold nothing (include/uapi/linux/magic.h). */
const MAGIC: { readonly [type: string]: number } = { proc: 0x9fa0, devpts: 0x1cd1 };
const ST_VALID = 0x20;
const ST_RELATIME = 0x1000;
/** Flags that are the same here as those of mount(2): the access and what is not allowed. */
const SAME = MS.RDONLY | MS.NOSUID | MS.NODEV | MS.NOEXEC | MS.NOATIME | MS.NODIRATIME;

/** What statfs shows of a file system through a mount with such flags; of what is in none, as of the first. */
export function statfsValues(state: MachineState, sb: number, flags: number = MS.RELATIME): StatfsValues {
	const superblock = state.supers[sb];
	const shown = ST_VALID | (flags & SAME) | (flags & MS.RELATIME ? ST_RELATIME : 0) | (superblock?.readonly ? MS.RDONLY : 0);
	const magic = MAGIC[superblock?.type ?? ''];
	if (magic !== undefined) return { ...STATFS, type: magic, blocks: 0, bfree: 0, bavail: 0, files: 0, ffree: 0, flags: shown };
	if (superblock === undefined || superblock.dev === DEV.TREE) return { ...STATFS, flags: shown };
	const { blocks, files } = superblock;
	const used = usedOf(state, sb);
	const free = Math.max(0, blocks - used.blocks);
	return { ...STATFS, blocks, bfree: free, bavail: free, files, ffree: Math.max(0, files - used.files), flags: shown };
}
