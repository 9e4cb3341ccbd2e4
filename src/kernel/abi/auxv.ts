/** Auxiliary vector types (include/uapi/linux/auxvec.h, arch/x86/include/uapi/asm/auxvec.h). */
export const AT = {
	NULL: 0,
	PHDR: 3,
	PHENT: 4,
	PHNUM: 5,
	PAGESZ: 6,
	BASE: 7,
	FLAGS: 8,
	ENTRY: 9,
	UID: 11,
	EUID: 12,
	GID: 13,
	EGID: 14,
	PLATFORM: 15,
	HWCAP: 16,
	CLKTCK: 17,
	SECURE: 23,
	RANDOM: 25,
	HWCAP2: 26,
	EXECFN: 31,
	SYSINFO: 32,
	SYSINFO_EHDR: 33,
	MINSIGSTKSZ: 51,
} as const;

/** CPUID leaf whose edx is AT_HWCAP. */
export const HWCAP_LEAF = 1;
