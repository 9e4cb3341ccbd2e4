/** Flags of clone(2), clone3(2), unshare(2), and what names tasks (include/uapi/linux/sched.h, include/linux/sched.h). */
import type { Name } from './names.ts';

/** A task's name and its NUL (TASK_COMM_LEN). */
export const TASK_NAME = 16;

/** The low byte of clone's flags is the signal at the child's end (CSIGNAL). */
export const SIGNAL_MASK = 0xff;

export const CLONE = {
	NEWTIME: 0x80,
	VM: 0x100,
	FS: 0x200,
	FILES: 0x400,
	SIGHAND: 0x800,
	PIDFD: 0x1000,
	PTRACE: 0x2000,
	VFORK: 0x4000,
	PARENT: 0x8000,
	THREAD: 0x10000,
	NEWNS: 0x20000,
	SYSVSEM: 0x40000,
	SETTLS: 0x80000,
	PARENT_SETTID: 0x100000,
	CHILD_CLEARTID: 0x200000,
	DETACHED: 0x400000,
	UNTRACED: 0x800000,
	CHILD_SETTID: 0x1000000,
	NEWCGROUP: 0x2000000,
	NEWUTS: 0x4000000,
	NEWIPC: 0x8000000,
	NEWUSER: 0x10000000,
	NEWPID: 0x20000000,
	NEWNET: 0x40000000,
	IO: 0x80000000,
	/** clone3 only: handlers go back to their defaults. Bit 32: not for bitwise operators. */
	CLEAR_SIGHAND: 0x100000000,
} as const;

/** Names of the flags for strace; the signal at the end has a name of its own there. */
export const CLONE_FLAGS: { readonly [table: string]: readonly Name[] } = {
	pidfd: [[0o4000, 'PIDFD_NONBLOCK']],
	clone: [
		...Object.entries(CLONE)
			.filter(([name, bits]) => bits <= 0x80000000 && name !== 'NEWTIME')
			.map(([name, bits]) => [bits, `CLONE_${name}`] as const),
		[17, 'SIGCHLD', SIGNAL_MASK],
	],
};
