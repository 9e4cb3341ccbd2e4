/** wait4(2) and waitid(2): options and kinds of ids (include/uapi/linux/wait.h), the status word. */
import type { Name } from './names.ts';

export const WAIT = {
	WNOHANG: 1,
	WUNTRACED: 2,
	WSTOPPED: 2,
	WEXITED: 4,
	WCONTINUED: 8,
	WNOWAIT: 0x01000000,
	__WNOTHREAD: 0x20000000,
	__WALL: 0x40000000,
	__WCLONE: 0x80000000,
	P_ALL: 0,
	P_PID: 1,
	P_PGID: 2,
	P_PIDFD: 3,
} as const;

/** Names of the options for strace. */
export const WAIT_FLAGS: { readonly [table: string]: readonly Name[] } = {
	wait4: (['WNOHANG', 'WSTOPPED', 'WCONTINUED', '__WNOTHREAD', '__WALL', '__WCLONE'] as const).map((n) => [WAIT[n], n]),
	waitid: (['WNOHANG', 'WSTOPPED', 'WEXITED', 'WCONTINUED', 'WNOWAIT', '__WNOTHREAD', '__WALL', '__WCLONE'] as const).map((n) => [
		WAIT[n],
		n,
	]),
};
export const WAIT_ENUMS: { readonly [table: string]: readonly Name[] } = {
	P: (['P_ALL', 'P_PID', 'P_PGID', 'P_PIDFD'] as const).map((n) => [WAIT[n], n]),
};

/** Status word of a stopped child, and of one that went on. */
export const stoppedStatus = (signo: number): number => (signo << 8) | 0x7f;
export const CONTINUED_STATUS = 0xffff;
