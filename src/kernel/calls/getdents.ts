/** getdents, getdents64 (fs/readdir.c). Names come sorted; a position counts entries, `.` and `..` first. */
import type { Inode } from '../../events/entities.ts';
import { Errno } from '../abi/errno.ts';
import type { Decision, NeedInput } from '../decision.ts';
import { DOT_ENTRIES, liveEntries, needListing } from '../entries.ts';
import { failed } from '../fail.ts';
import { inodeOf, usableFileAt } from '../open-file.ts';
import { lookup } from '../paths.ts';
import type { SyscallRow } from '../row.ts';

/** d_type by kind of inode (include/linux/fs_types.h). */
const DT: { readonly [kind in Inode['kind']]: number } = {
	fifo: 1,
	char: 2,
	dir: 4,
	file: 8,
	symlink: 10,
	stream: 0,
	tty: 2,
	anon: 0,
	socket: 12,
};

interface Layout {
	/** Bytes of the record of a name. */
	readonly size: (name: string) => number;
	readonly pack: (v: DataView, at: number, ino: number, next: number, size: number, type: number) => void;
	/** Offset of the name in the record. */
	readonly nameAt: number;
}

/** struct linux_dirent: u32 d_ino, u32 d_off, u16 d_reclen, the name with its NUL, d_type in the last byte. */
const OLD: Layout = {
	size: (name) => (10 + name.length + 2 + 3) & ~3,
	nameAt: 10,
	pack: (v, at, ino, next, size, type) => {
		v.setUint32(at, ino, true);
		v.setUint32(at + 4, next, true);
		v.setUint16(at + 8, size, true);
		v.setUint8(at + size - 1, type);
	},
};

/** struct linux_dirent64: u64 d_ino, s64 d_off, u16 d_reclen, u8 d_type, the name with its NUL. */
const WIDE: Layout = {
	size: (name) => (19 + name.length + 1 + 7) & ~7,
	nameAt: 19,
	pack: (v, at, ino, next, size, type) => {
		v.setBigUint64(at, BigInt(ino), true);
		v.setBigInt64(at + 8, BigInt(next), true);
		v.setUint16(at + 16, size, true);
		v.setUint8(at + 18, type);
	},
};

function getdents(d: Decision, fd: number, buffer: number, count: number, layout: Layout): number | NeedInput {
	const file = usableFileAt(d, fd);
	if (file === undefined) return -Errno.EBADF;
	const dir = inodeOf(d, file);
	if (dir.kind !== 'dir') return -Errno.ENOTDIR;
	if (dir.nlink === 0) return -Errno.ENOENT;
	const need = needListing(dir);
	if (need) return need;
	const names = liveEntries(dir).map((e) => e.name);
	const bytes = new Uint8Array(Math.min(count, 1 << 20));
	const v = new DataView(bytes.buffer);
	let used = 0;
	let pos = file.pos;
	for (; pos < DOT_ENTRIES + names.length; pos++) {
		const name = pos === 0 ? '.' : pos === 1 ? '..' : names[pos - DOT_ENTRIES];
		const size = layout.size(name);
		if (used + size > bytes.length) break;
		const inode = pos === 0 ? dir : pos === 1 ? d.state.inodes[dir.parent] : lookup(d, dir, name);
		if (failed(inode)) return inode;
		// The names of a directory of /proc stand for themselves: what they are is found out by walking there.
		const type = inode === undefined || (dir.target !== '' && pos >= DOT_ENTRIES) ? 0 : DT[inode.kind];
		layout.pack(v, used, inode?.ino ?? 0, pos + 1, size, type);
		for (let i = 0; i < name.length; i++) bytes[used + layout.nameAt + i] = name.charCodeAt(i);
		used += size;
	}
	if (used === 0) return pos < DOT_ENTRIES + names.length ? -Errno.EINVAL : 0;
	if (!d.write(buffer, bytes.slice(0, used))) return -Errno.EFAULT;
	d.emit({ kind: 'file/set', file: file.id, fields: { pos } });
	return used;
}

export const listingRows: readonly SyscallRow[] = [
	{
		nr: 141,
		name: 'getdents',
		args: ['fd', 'addr', 'size'],
		support: 'full',
		handler: (d, [fd, buffer, count]) => getdents(d, fd, buffer, count, OLD),
	},
	{
		nr: 220,
		name: 'getdents64',
		args: ['fd', 'addr', 'size'],
		support: 'full',
		handler: (d, [fd, buffer, count]) => getdents(d, fd, buffer, count, WIDE),
	},
];
