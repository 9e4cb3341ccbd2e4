/**
 * Names of flags and enumerated values, as strace shows them: the tables behind the argument kinds `flags:NAME` and
 * `enum:NAME` of the system call rows.
 */

import { ANON_ENUMS, ANON_FLAGS } from './anon.ts';
import { CLONE_FLAGS } from './clone.ts';
import { SEAL } from './fcntl.ts';
import { IPC_ENUMS, IPC_FLAGS } from './ipc.ts';
import { MOUNT_FLAGS } from './mount.ts';
import { PROCESS_ENUMS, PROCESS_FLAGS } from './names-process.ts';
import { PTRACE } from './ptrace.ts';
import { SIGNAL_ENUMS, SIGNAL_FLAGS } from './signal.ts';
import { IOCTL } from './termios.ts';
import { TIME_ENUMS, TIME_FLAGS } from './time.ts';
import { WAIT_ENUMS, WAIT_FLAGS } from './wait.ts';

/** [value, name], or [value, name, mask] where the value is a field of several bits. */
export type Name = readonly [number, string] | readonly [number, string, number];

const F_COMMANDS: readonly Name[] = [
	[0, 'F_DUPFD'],
	[1, 'F_GETFD'],
	[2, 'F_SETFD'],
	[3, 'F_GETFL'],
	[4, 'F_SETFL'],
	[5, 'F_GETLK'],
	[6, 'F_SETLK'],
	[7, 'F_SETLKW'],
	[8, 'F_SETOWN'],
	[9, 'F_GETOWN'],
	[10, 'F_SETSIG'],
	[11, 'F_GETSIG'],
	[12, 'F_GETLK64'],
	[13, 'F_SETLK64'],
	[14, 'F_SETLKW64'],
	[15, 'F_SETOWN_EX'],
	[16, 'F_GETOWN_EX'],
	[36, 'F_OFD_GETLK'],
	[37, 'F_OFD_SETLK'],
	[38, 'F_OFD_SETLKW'],
	[1024, 'F_SETLEASE'],
	[1025, 'F_GETLEASE'],
	[1026, 'F_NOTIFY'],
	[1030, 'F_DUPFD_CLOEXEC'],
	[1031, 'F_SETPIPE_SZ'],
	[1032, 'F_GETPIPE_SZ'],
	[1033, 'F_ADD_SEALS'],
	[1034, 'F_GET_SEALS'],
];

/** Flags of files, by table name. */
export const FILE_FLAGS: { readonly [table: string]: readonly Name[] } = {
	seals: Object.entries(SEAL).map(([name, bit]) => [bit, `F_SEAL_${name}`] as const),
	splice: [
		[1, 'SPLICE_F_MOVE'],
		[2, 'SPLICE_F_NONBLOCK'],
		[4, 'SPLICE_F_MORE'],
		[8, 'SPLICE_F_GIFT'],
	],
	open: [
		[0, 'O_RDONLY', 3],
		[1, 'O_WRONLY', 3],
		[2, 'O_RDWR', 3],
		[3, 'O_ACCMODE', 3],
		[0o100, 'O_CREAT'],
		[0o200, 'O_EXCL'],
		[0o400, 'O_NOCTTY'],
		[0o1000, 'O_TRUNC'],
		[0o2000, 'O_APPEND'],
		[0o4000, 'O_NONBLOCK'],
		[0o4010000, 'O_SYNC'],
		[0o10000, 'O_DSYNC', 0o4010000],
		[0o20000, 'O_ASYNC'],
		[0o40000, 'O_DIRECT'],
		[0o100000, 'O_LARGEFILE'],
		[0o20200000, 'O_TMPFILE'],
		[0o200000, 'O_DIRECTORY', 0o20200000],
		[0o400000, 'O_NOFOLLOW'],
		[0o1000000, 'O_NOATIME'],
		[0o2000000, 'O_CLOEXEC'],
		[0o10000000, 'O_PATH'],
	],
	access: [
		[0, 'F_OK', 7],
		[4, 'R_OK'],
		[2, 'W_OK'],
		[1, 'X_OK'],
	],
	at: [
		[0x100, 'AT_SYMLINK_NOFOLLOW'],
		[0x400, 'AT_SYMLINK_FOLLOW'],
		[0x800, 'AT_NO_AUTOMOUNT'],
		[0x1000, 'AT_EMPTY_PATH'],
		[0x2000, 'AT_STATX_FORCE_SYNC', 0x6000],
		[0x4000, 'AT_STATX_DONT_SYNC', 0x6000],
	],
	at_access: [
		[0x100, 'AT_SYMLINK_NOFOLLOW'],
		[0x200, 'AT_EACCESS'],
		[0x1000, 'AT_EMPTY_PATH'],
	],
	at_unlink: [[0x200, 'AT_REMOVEDIR']],
	poll: [
		[0x1, 'POLLIN'],
		[0x2, 'POLLPRI'],
		[0x4, 'POLLOUT'],
		[0x40, 'POLLRDNORM'],
		[0x100, 'POLLWRNORM'],
		[0x80, 'POLLRDBAND'],
		[0x200, 'POLLWRBAND'],
		[0x8, 'POLLERR'],
		[0x10, 'POLLHUP'],
		[0x20, 'POLLNVAL'],
		[0x2000, 'POLLRDHUP'],
	],
	fd: [[1, 'FD_CLOEXEC']],
	mode: [
		[0o140000, 'S_IFSOCK', 0o170000],
		[0o120000, 'S_IFLNK', 0o170000],
		[0o100000, 'S_IFREG', 0o170000],
		[0o060000, 'S_IFBLK', 0o170000],
		[0o040000, 'S_IFDIR', 0o170000],
		[0o020000, 'S_IFCHR', 0o170000],
		[0o010000, 'S_IFIFO', 0o170000],
		[0o4000, 'S_ISUID'],
		[0o2000, 'S_ISGID'],
		[0o1000, 'S_ISVTX'],
	],
	statx: [
		[0x7ff, 'STATX_BASIC_STATS'],
		[0x1, 'STATX_TYPE', 0x7ff],
		[0x800, 'STATX_BTIME'],
		[0x1000, 'STATX_MNT_ID'],
	],
	rename: [
		[1, 'RENAME_NOREPLACE'],
		[2, 'RENAME_EXCHANGE'],
		[4, 'RENAME_WHITEOUT'],
	],
	fallocate: [
		[1, 'FALLOC_FL_KEEP_SIZE'],
		[2, 'FALLOC_FL_PUNCH_HOLE'],
		[8, 'FALLOC_FL_COLLAPSE_RANGE'],
		[0x10, 'FALLOC_FL_ZERO_RANGE'],
		[0x20, 'FALLOC_FL_INSERT_RANGE'],
	],
	flock: [
		[1, 'LOCK_SH', 3],
		[2, 'LOCK_EX', 3],
		[8, 'LOCK_UN'],
		[4, 'LOCK_NB'],
	],
	memfd: [
		[1, 'MFD_CLOEXEC'],
		[2, 'MFD_ALLOW_SEALING'],
		[4, 'MFD_HUGETLB'],
	],
	close_range: [
		[2, 'CLOSE_RANGE_UNSHARE'],
		[4, 'CLOSE_RANGE_CLOEXEC'],
	],
};

/** Enumerated values of files, by table name. */
export const FILE_ENUMS: { readonly [table: string]: readonly Name[] } = {
	fcntl: F_COMMANDS,
	seek: [
		[0, 'SEEK_SET'],
		[1, 'SEEK_CUR'],
		[2, 'SEEK_END'],
		[3, 'SEEK_DATA'],
		[4, 'SEEK_HOLE'],
	],
	ioctl: Object.entries(IOCTL).map(([name, nr]) => [nr, name] as const),
	fadvise: [
		[0, 'POSIX_FADV_NORMAL'],
		[1, 'POSIX_FADV_RANDOM'],
		[2, 'POSIX_FADV_SEQUENTIAL'],
		[3, 'POSIX_FADV_WILLNEED'],
		[4, 'POSIX_FADV_DONTNEED'],
		[5, 'POSIX_FADV_NOREUSE'],
	],
	lock: [
		[0, 'F_RDLCK'],
		[1, 'F_WRLCK'],
		[2, 'F_UNLCK'],
	],
};

/** Every table of flags. Another area of calls adds its own tables here by spreading them. */
export const FLAG_NAMES: { readonly [table: string]: readonly Name[] } = {
	...CLONE_FLAGS,
	...MOUNT_FLAGS,
	...WAIT_FLAGS,
	...FILE_FLAGS,
	...PROCESS_FLAGS,
	...SIGNAL_FLAGS,
	...TIME_FLAGS,
	...ANON_FLAGS,
	...IPC_FLAGS,
};

/** Every table of enumerated values. */
export const ENUM_NAMES: { readonly [table: string]: readonly Name[] } = {
	...WAIT_ENUMS,
	PTRACE: Object.entries(PTRACE).map(([name, nr]) => [nr, `PTRACE_${name}`] as const),
	...FILE_ENUMS,
	...PROCESS_ENUMS,
	...SIGNAL_ENUMS,
	...TIME_ENUMS,
	...ANON_ENUMS,
	...IPC_ENUMS,
};

/**
 * A value of flags as strace writes it: `O_RDONLY|O_CREAT`, bits without a name as hex, 0 as `0` where the table has no
 * name for it.
 * @param value u32
 */
export function flagText(table: readonly Name[], value: number): string {
	const words: string[] = [];
	let rest = value >>> 0;
	for (const [bits, name, mask = bits] of table) {
		if ((value & mask) >>> 0 !== bits >>> 0) continue;
		words.push(name);
		rest = (rest & ~mask) >>> 0;
	}
	if (rest !== 0) words.push(`0x${rest.toString(16)}`);
	return words.length > 0 ? words.join('|') : '0';
}

/** An enumerated value as strace writes it: its name, else hex. */
export function enumText(table: readonly Name[], value: number): string {
	return table.find(([v]) => v >>> 0 === value >>> 0)?.[1] ?? `0x${(value >>> 0).toString(16)}`;
}
