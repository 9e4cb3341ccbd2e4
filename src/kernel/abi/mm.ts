/** Constants of memory calls, limits and personalities (include/uapi/asm-generic/{mman,mman-common,resource}.h, linux/personality.h). */

export const PROT = { NONE: 0, READ: 1, WRITE: 2, EXEC: 4, SEM: 8, GROWSDOWN: 0x01000000, GROWSUP: 0x02000000 } as const;

export const MAP = {
	SHARED: 1,
	PRIVATE: 2,
	SHARED_VALIDATE: 3,
	TYPE: 0xf,
	FIXED: 0x10,
	ANONYMOUS: 0x20,
	GROWSDOWN: 0x100,
	DENYWRITE: 0x800,
	EXECUTABLE: 0x1000,
	LOCKED: 0x2000,
	NORESERVE: 0x4000,
	POPULATE: 0x8000,
	NONBLOCK: 0x10000,
	STACK: 0x20000,
	HUGETLB: 0x40000,
	SYNC: 0x80000,
	FIXED_NOREPLACE: 0x100000,
} as const;

export const MREMAP = { MAYMOVE: 1, FIXED: 2, DONTUNMAP: 4 } as const;
export const MS = { ASYNC: 1, INVALIDATE: 2, SYNC: 4 } as const;
export const MCL = { CURRENT: 1, FUTURE: 2, ONFAULT: 4 } as const;

export const MADV = {
	NORMAL: 0,
	RANDOM: 1,
	SEQUENTIAL: 2,
	WILLNEED: 3,
	DONTNEED: 4,
	FREE: 8,
	REMOVE: 9,
	DONTFORK: 10,
	DOFORK: 11,
	MERGEABLE: 12,
	UNMERGEABLE: 13,
	HUGEPAGE: 14,
	NOHUGEPAGE: 15,
	DONTDUMP: 16,
	DODUMP: 17,
	WIPEONFORK: 18,
	KEEPONFORK: 19,
	COLD: 20,
	PAGEOUT: 21,
	POPULATE_READ: 22,
	POPULATE_WRITE: 23,
	DONTNEED_LOCKED: 24,
} as const;

/** Resource limits by number. */
export const RLIMIT = {
	CPU: 0,
	FSIZE: 1,
	DATA: 2,
	STACK: 3,
	CORE: 4,
	RSS: 5,
	NPROC: 6,
	NOFILE: 7,
	MEMLOCK: 8,
	AS: 9,
	LOCKS: 10,
	SIGPENDING: 11,
	MSGQUEUE: 12,
	NICE: 13,
	RTPRIO: 14,
	RTTIME: 15,
} as const;
/** Number of resource limits. */
export const RLIM_NLIMITS = 16;
/** No limit, as the state and the 32-bit calls show it. */
export const RLIM_INFINITY = 0xffffffff;

/** Personality flag: PROT_READ means PROT_EXEC too. */
export const READ_IMPLIES_EXEC = 0x400000;
/** Personality flag: a null page at address 0 (never set by a Linux program). */
export const MMAP_PAGE_ZERO = 0x100000;
