/** Calls about files that this machine does not have: each is said aloud and answered with -ENOSYS. */
import { Errno } from '../abi/errno.ts';
import type { SyscallRow } from '../row.ts';

/** The calls by number (arch/x86/entry/syscalls/syscall_32.tbl). */
const ABSENT: readonly (readonly [nr: number, name: string])[] = [
	[62, 'ustat'],
	[86, 'uselib'],
	[89, 'readdir'],
	[131, 'quotactl'],
	[245, 'io_setup'],
	[246, 'io_destroy'],
	[247, 'io_getevents'],
	[248, 'io_submit'],
	[249, 'io_cancel'],
	[253, 'lookup_dcookie'],
	[291, 'inotify_init'],
	[292, 'inotify_add_watch'],
	[293, 'inotify_rm_watch'],
	[332, 'inotify_init1'],
	[338, 'fanotify_init'],
	[339, 'fanotify_mark'],
	[341, 'name_to_handle_at'],
	[342, 'open_by_handle_at'],
	[425, 'io_uring_setup'],
	[426, 'io_uring_enter'],
	[427, 'io_uring_register'],
];

export const absentRows: readonly SyscallRow[] = ABSENT.map(([nr, name]) => ({
	nr,
	name,
	args: ['hex', 'hex', 'hex'],
	support: 'none',
	handler: () => -Errno.ENOSYS,
}));
