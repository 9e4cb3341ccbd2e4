/** Who may do what to an inode: the classic mode bits, checked with the fs ids of the task (fs/namei.c, fs/attr.c). */
import type { Credentials, Inode } from '../events/entities.ts';
import { S } from './abi/fcntl.ts';

export const MAY_EXEC = 1;
export const MAY_WRITE = 2;
export const MAY_READ = 4;

/** The credentials of one check: a user, a group, supplementary groups. */
export interface Who {
	readonly uid: number;
	readonly gid: number;
	readonly groups: readonly number[];
}

/** The ids that file calls check: fsuid and fsgid. */
export function fsIds(creds: Credentials): Who {
	return { uid: creds.fsuid, gid: creds.fsgid, groups: creds.groups };
}

/** The ids that access(2) checks: the real ones. */
export function realIds(creds: Credentials): Who {
	return { uid: creds.uid, gid: creds.gid, groups: creds.groups };
}

/** Whether the caller belongs to a group. */
export function inGroup(who: Who, gid: number): boolean {
	return who.gid === gid || who.groups.includes(gid);
}

/** Whether `want` (MAY_* bits) is allowed. Root may all, but execute a file only when someone may (CAP_DAC_OVERRIDE). */
export function permitted(who: Who, inode: Inode, want: number): boolean {
	if (who.uid === 0) return !(want & MAY_EXEC) || inode.kind === 'dir' || (inode.mode & 0o111) !== 0;
	const shift = who.uid === inode.uid ? 6 : inGroup(who, inode.gid) ? 3 : 0;
	return (want & ~(inode.mode >> shift)) === 0;
}

/** Whether the caller owns the inode or is root (CAP_FOWNER). */
export function owns(who: Who, inode: Inode): boolean {
	return who.uid === 0 || who.uid === inode.uid;
}

/** Whether the sticky bit of `dir` keeps the caller from removing or renaming `inode` in it. */
export function stickyForbids(who: Who, dir: Inode, inode: Inode): boolean {
	return (dir.mode & S.ISVTX) !== 0 && who.uid !== 0 && who.uid !== inode.uid && who.uid !== dir.uid;
}

/** Mode bits left when a file is written or changes owner: no set-uid, no set-gid where the group may execute. */
export function withoutPrivileges(mode: number): number {
	return mode & ~S.ISUID & (mode & 0o010 ? ~S.ISGID : ~0);
}
