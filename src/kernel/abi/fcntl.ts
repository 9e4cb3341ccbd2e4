/**
 * Numbers of the file calls as i386 has them: open flags, fcntl commands, *at flags, file types
 * (include/uapi/asm-generic/fcntl.h, include/uapi/linux/{fcntl,stat,fs,memfd,close_range}.h).
 */

/** open(2) flags; the access mode is in bits 0..1. */
/** F_SEAL_*. */
export const SEAL = { SEAL: 1, SHRINK: 2, GROW: 4, WRITE: 8, FUTURE_WRITE: 16 } as const;

export const O = {
	RDONLY: 0,
	WRONLY: 1,
	RDWR: 2,
	ACCMODE: 3,
	CREAT: 0o100,
	EXCL: 0o200,
	NOCTTY: 0o400,
	TRUNC: 0o1000,
	APPEND: 0o2000,
	NONBLOCK: 0o4000,
	DSYNC: 0o10000,
	ASYNC: 0o20000,
	DIRECT: 0o40000,
	LARGEFILE: 0o100000,
	DIRECTORY: 0o200000,
	NOFOLLOW: 0o400000,
	NOATIME: 0o1000000,
	CLOEXEC: 0o2000000,
	SYNC: 0o4010000,
	PATH: 0o10000000,
	/** __O_TMPFILE alone; O_TMPFILE is this with O_DIRECTORY. */
	TMPFILE: 0o20000000,
} as const;

/** fcntl(2) commands. */
export const F = {
	DUPFD: 0,
	GETFD: 1,
	SETFD: 2,
	GETFL: 3,
	SETFL: 4,
	GETLK: 5,
	SETLK: 6,
	SETLKW: 7,
	SETOWN: 8,
	GETOWN: 9,
	SETSIG: 10,
	GETSIG: 11,
	GETLK64: 12,
	SETLK64: 13,
	SETLKW64: 14,
	SETOWN_EX: 15,
	GETOWN_EX: 16,
	OFD_GETLK: 36,
	OFD_SETLK: 37,
	OFD_SETLKW: 38,
	SETLEASE: 1024,
	GETLEASE: 1025,
	NOTIFY: 1026,
	DUPFD_CLOEXEC: 1030,
	SETPIPE_SZ: 1031,
	GETPIPE_SZ: 1032,
	ADD_SEALS: 1033,
	GET_SEALS: 1034,
} as const;

/** FD_CLOEXEC of F_SETFD. */
export const FD_CLOEXEC = 1;

/** l_type of struct flock. */
export const LOCK_TYPE = { RDLCK: 0, WRLCK: 1, UNLCK: 2 } as const;

/** dirfd that stands for the working directory, as u32 and as i32. */
export const AT_FDCWD = -100;

/** Flags of the *at calls. REMOVEDIR and EACCESS share a bit. */
export const AT = {
	SYMLINK_NOFOLLOW: 0x100,
	EACCESS: 0x200,
	REMOVEDIR: 0x200,
	SYMLINK_FOLLOW: 0x400,
	NO_AUTOMOUNT: 0x800,
	EMPTY_PATH: 0x1000,
	STATX_SYNC_TYPE: 0x6000,
} as const;

/** File type bits of st_mode. */
export const S = {
	IFMT: 0o170000,
	IFSOCK: 0o140000,
	IFLNK: 0o120000,
	IFREG: 0o100000,
	IFBLK: 0o060000,
	IFDIR: 0o040000,
	IFCHR: 0o020000,
	IFIFO: 0o010000,
	ISUID: 0o4000,
	ISGID: 0o2000,
	ISVTX: 0o1000,
} as const;

/** lseek(2) whence. */
export const SEEK = { SET: 0, CUR: 1, END: 2, DATA: 3, HOLE: 4 } as const;

/** renameat2(2) flags. */
export const RENAME = { NOREPLACE: 1, EXCHANGE: 2, WHITEOUT: 4 } as const;

/** fallocate(2) modes. */
export const FALLOC = { KEEP_SIZE: 1, PUNCH_HOLE: 2, COLLAPSE_RANGE: 8, ZERO_RANGE: 0x10, INSERT_RANGE: 0x20 } as const;

/** close_range(2) flags. */
export const CLOSE_RANGE = { UNSHARE: 2, CLOEXEC: 4 } as const;

/** RLIMIT_* that files look at. */
export const RLIMIT = { FSIZE: 1, NOFILE: 7 } as const;
/** An unlimited rlimit, as u32. */
export const RLIM_INFINITY = 0xffffffff;

/** Longest component, longest path with its NUL (include/uapi/linux/limits.h). */
export const NAME_MAX = 255;
export const PATH_MAX = 4096;
/** Writes of at most this many bytes to a pipe are atomic. */
export const PIPE_BUF = 4096;
/** Bytes a single read or write moves at most (MAX_RW_COUNT: INT_MAX rounded down to a page). */
export const MAX_RW_COUNT = 0x7ffff000;
/** Entries of an iovec (UIO_MAXIOV). */
export const UIO_MAXIOV = 1024;
/** Offsets without O_LARGEFILE end here (MAX_NON_LFS). */
export const MAX_NON_LFS = 0x7fffffff;
/** Largest file this machine holds, bytes: memory objects have 2^22 pages. */
export const MAX_FILE = 2 ** 34;
