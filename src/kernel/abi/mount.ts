/** Flags of mount(2) and umount2(2) (include/uapi/linux/mount.h, include/linux/fs.h). */
import type { Name } from './names.ts';

export const MS = {
	RDONLY: 1,
	NOSUID: 2,
	NODEV: 4,
	NOEXEC: 8,
	SYNCHRONOUS: 0x10,
	REMOUNT: 0x20,
	MANDLOCK: 0x40,
	DIRSYNC: 0x80,
	NOSYMFOLLOW: 0x100,
	NOATIME: 0x400,
	NODIRATIME: 0x800,
	BIND: 0x1000,
	MOVE: 0x2000,
	REC: 0x4000,
	SILENT: 0x8000,
	UNBINDABLE: 0x20000,
	PRIVATE: 0x40000,
	SLAVE: 0x80000,
	SHARED: 0x100000,
	RELATIME: 0x200000,
	STRICTATIME: 0x1000000,
	LAZYTIME: 0x2000000,
} as const;
/** What old programs have in the upper half. */
export const MS_MGC_VAL = 0xc0ed0000;
export const MS_MGC_MSK = 0xffff0000;
export const MS_NOUSER = 0x80000000;

export const MNT = { FORCE: 1, DETACH: 2, EXPIRE: 4 } as const;
export const UMOUNT_NOFOLLOW = 8;

/** Names of the flags for strace. */
export const MOUNT_FLAGS: { readonly [table: string]: readonly Name[] } = {
	mount: Object.entries(MS).map(([name, bits]) => [bits, `MS_${name}`] as const),
	umount: [...Object.entries(MNT).map(([name, bits]) => [bits, `MNT_${name}`] as const), [UMOUNT_NOFOLLOW, 'UMOUNT_NOFOLLOW']],
};
