/**
 * Layouts of struct stat and statfs as i386 has them (arch/x86/include/uapi/asm/{stat,statfs}.h, include/uapi/linux/stat.h).
 * Every number little-endian. Times are given as ns since 1970.
 */

/** What the stat calls tell, before it has a layout. */
export interface StatValues {
	/** Device of the file system and of a device file: major << 8 | minor (both below 256). */
	readonly dev: number;
	readonly rdev: number;
	readonly ino: number;
	/** Type and permission bits. */
	readonly mode: number;
	readonly nlink: number;
	readonly uid: number;
	readonly gid: number;
	/** Bytes. */
	readonly size: number;
	readonly blksize: number;
	/** 512-byte units. */
	readonly blocks: number;
	readonly atime: bigint;
	readonly mtime: bigint;
	readonly ctime: bigint;
}

const NS = 1_000_000_000n;

/** Seconds and ns of a time, ns in [0, 10^9). */
export function splitTime(ns: bigint): readonly [seconds: bigint, nanoseconds: number] {
	const rest = ((ns % NS) + NS) % NS;
	return [(ns - rest) / NS, Number(rest)];
}

/** Ids above 16 bits look like this to the old calls (overflowuid). */
export function id16(id: number): number {
	return id > 0xffff ? 65534 : id;
}

function view(length: number): { readonly bytes: Uint8Array; readonly v: DataView } {
	const bytes = new Uint8Array(length);
	return { bytes, v: new DataView(bytes.buffer) };
}

function time32(v: DataView, at: number, ns: bigint): void {
	const [s, n] = splitTime(ns);
	v.setUint32(at, Number(BigInt.asUintN(32, s)), true);
	v.setUint32(at + 4, n, true);
}

/** struct __old_kernel_stat of oldstat(2): 32 bytes, everything short. */
export function packOldStat(s: StatValues): Uint8Array {
	const { bytes, v } = view(32);
	[s.dev, s.ino, s.mode, s.nlink, id16(s.uid), id16(s.gid), s.rdev].forEach((n, i) => {
		v.setUint16(i * 2, n, true);
	});
	v.setUint32(16, s.size, true);
	[s.atime, s.mtime, s.ctime].forEach((t, i) => {
		v.setUint32(20 + i * 4, Number(BigInt.asUintN(32, splitTime(t)[0])), true);
	});
	return bytes;
}

/** struct stat of stat(2) number 106..108: 64 bytes. */
export function packStat(s: StatValues): Uint8Array {
	const { bytes, v } = view(64);
	v.setUint32(0, s.dev, true);
	v.setUint32(4, s.ino, true);
	v.setUint16(8, s.mode, true);
	v.setUint16(10, s.nlink, true);
	v.setUint16(12, id16(s.uid), true);
	v.setUint16(14, id16(s.gid), true);
	v.setUint32(16, s.rdev, true);
	v.setUint32(20, s.size, true);
	v.setUint32(24, s.blksize, true);
	v.setUint32(28, s.blocks, true);
	time32(v, 32, s.atime);
	time32(v, 40, s.mtime);
	time32(v, 48, s.ctime);
	return bytes;
}

/** struct stat64 of stat64(2), fstatat64(2): 96 bytes, not padded to 8. */
export function packStat64(s: StatValues): Uint8Array {
	const { bytes, v } = view(96);
	v.setUint32(0, s.dev, true);
	v.setUint32(12, s.ino, true);
	v.setUint32(16, s.mode, true);
	v.setUint32(20, s.nlink, true);
	v.setUint32(24, s.uid, true);
	v.setUint32(28, s.gid, true);
	v.setUint32(32, s.rdev, true);
	v.setBigUint64(44, BigInt(s.size), true);
	v.setUint32(52, s.blksize, true);
	v.setBigUint64(56, BigInt(s.blocks), true);
	time32(v, 64, s.atime);
	time32(v, 72, s.mtime);
	time32(v, 80, s.ctime);
	v.setBigUint64(88, BigInt(s.ino), true);
	return bytes;
}

/** STATX_BASIC_STATS, and the bit no caller may set. */
export const STATX_BASIC_STATS = 0x7ff;
export const STATX_RESERVED = 0x80000000;
/** The mount's number is told. */
const STATX_MNT_ID = 0x1000;
const STATX_ATTR_MOUNT_ROOT = 0x2000;

/**
 * struct statx: 256 bytes; the birth time and what came later are not told.
 * @param mount the mount's number, 0 = it is in none
 * @param isRoot it is the top of that mount
 */
export function packStatx(s: StatValues, mount: number, isRoot: boolean): Uint8Array {
	const { bytes, v } = view(256);
	v.setUint32(0, STATX_BASIC_STATS | (mount === 0 ? 0 : STATX_MNT_ID), true);
	v.setUint32(8, isRoot ? STATX_ATTR_MOUNT_ROOT : 0, true);
	v.setUint32(56, STATX_ATTR_MOUNT_ROOT, true);
	v.setBigUint64(144, BigInt(mount), true);
	v.setUint32(4, s.blksize, true);
	v.setUint32(16, s.nlink, true);
	v.setUint32(20, s.uid, true);
	v.setUint32(24, s.gid, true);
	v.setUint16(28, s.mode, true);
	v.setBigUint64(32, BigInt(s.ino), true);
	v.setBigUint64(40, BigInt(s.size), true);
	v.setBigUint64(48, BigInt(s.blocks), true);
	for (const [at, ns] of [
		[64, s.atime],
		[96, s.ctime],
		[112, s.mtime],
	] as const) {
		const [sec, nsec] = splitTime(ns);
		v.setBigInt64(at, sec, true);
		v.setUint32(at + 8, nsec, true);
	}
	v.setUint32(128, s.rdev >>> 8, true);
	v.setUint32(132, s.rdev & 0xff, true);
	v.setUint32(136, s.dev >>> 8, true);
	v.setUint32(140, s.dev & 0xff, true);
	return bytes;
}

/** What statfs tells. Counts in blocks of `bsize` bytes. */
export interface StatfsValues {
	readonly type: number;
	readonly bsize: number;
	readonly blocks: number;
	readonly bfree: number;
	readonly bavail: number;
	readonly files: number;
	readonly ffree: number;
	readonly namelen: number;
	readonly flags: number;
}

/** struct statfs: 64 bytes of 32-bit words. */
export function packStatfs(s: StatfsValues): Uint8Array {
	const { bytes, v } = view(64);
	const words = [s.type, s.bsize, s.blocks, s.bfree, s.bavail, s.files, s.ffree, 0, 0, s.namelen, s.bsize, s.flags];
	words.forEach((w, i) => {
		v.setUint32(i * 4, w, true);
	});
	return bytes;
}

/** Bytes of struct statfs64: packed to 4, as statfs64(2) demands it. */
export const STATFS64_BYTES = 84;

export function packStatfs64(s: StatfsValues): Uint8Array {
	const { bytes, v } = view(STATFS64_BYTES);
	v.setUint32(0, s.type, true);
	v.setUint32(4, s.bsize, true);
	[s.blocks, s.bfree, s.bavail, s.files, s.ffree].forEach((n, i) => {
		v.setBigUint64(8 + i * 8, BigInt(n), true);
	});
	v.setUint32(56, s.namelen, true);
	v.setUint32(60, s.bsize, true);
	v.setUint32(64, s.flags, true);
	return bytes;
}
