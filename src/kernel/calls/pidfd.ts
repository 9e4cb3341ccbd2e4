/** Descriptors of processes: pidfd_open, pidfd_send_signal, pidfd_getfd (kernel/pid.c, kernel/signal.c of Linux 6.1). */
import { Errno } from '../abi/errno.ts';
import { O } from '../abi/fcntl.ts';
import type { Decision } from '../decision.ts';
import { freeDescriptor, setDescriptor, usableFileAt } from '../open-file.ts';
import { type Pidfd, processOf } from '../pidfds.ts';
import { numberOf, taskOf } from '../pids.ts';
import type { Handler, SyscallRow } from '../row.ts';
import { isAlive, userInfo } from '../signal-queue.ts';
import { anonAt, openAnon } from './anon.ts';
import { mayTrace } from './ptrace.ts';
import { queuedInfo, send } from './signals.ts';

/** A descriptor of a thread group, which closes on exec. @param flags PIDFD_NONBLOCK, which is O_NONBLOCK */
export function openPidfd(d: Decision, group: number, flags: number): number {
	return openAnon(d, { kind: 'pidfd', group }, O.RDWR | O.CLOEXEC | flags, 'anon_inode:[pidfd]');
}

/** What a descriptor of a process stands for. -EBADF: it is none, or not open. */
export function pidfdAt(d: Decision, fd: number): Pidfd | number {
	return anonAt(d, fd, 'pidfd') ?? -Errno.EBADF;
}

const pidfdOpen: Handler = (d, [pid, flags]) => {
	if (flags & ~O.NONBLOCK || (pid | 0) <= 0) return -Errno.EINVAL;
	const task = taskOf(d, pid);
	if (task === undefined || task.state === 'dead') return -Errno.ESRCH;
	return task.tgid === task.pid ? openPidfd(d, task.group, flags) : -Errno.EINVAL;
};

const sendSignal: Handler = (d, [fd, signoArg, uinfo, flags]) => {
	if (flags !== 0) return -Errno.EINVAL;
	const pidfd = pidfdAt(d, fd);
	if (typeof pidfd === 'number') return pidfd;
	const signo = signoArg | 0;
	const target = processOf(d.state, pidfd);
	if (target !== undefined && numberOf(d, target.pid) === 0) return -Errno.EINVAL;
	let info = userInfo(d, signo);
	if (uinfo !== 0) {
		const given = d.u32(uinfo);
		if (given === undefined) return -Errno.EFAULT;
		if (given !== signoArg) return -Errno.EINVAL;
		const queued = queuedInfo(d, target?.tgid === d.pid, signo, uinfo);
		if (typeof queued === 'number') return queued;
		info = queued;
	}
	return target === undefined ? -Errno.ESRCH : send(d, target, true, info);
};

/** A copy of another process's descriptor: for whoever might trace it. */
const getDescriptor: Handler = (d, [fd, targetFd, flags]) => {
	if (flags !== 0) return -Errno.EINVAL;
	const pidfd = pidfdAt(d, fd);
	if (typeof pidfd === 'number') return pidfd;
	const target = processOf(d.state, pidfd);
	if (target === undefined || !isAlive(target)) return -Errno.ESRCH;
	if (target.group !== d.task.group && !mayTrace(d, target)) return -Errno.EPERM;
	const entry = d.state.fdTables[target.fdTable]?.fds[targetFd | 0];
	if (entry === undefined) return -Errno.EBADF;
	const free = freeDescriptor(d);
	if (free >= 0) setDescriptor(d, free, entry.file, true);
	return free;
};

/** O_NONBLOCK of a descriptor of a process. */
export function isNonblocking(d: Decision, fd: number): boolean {
	return ((usableFileAt(d, fd)?.flags ?? 0) & O.NONBLOCK) !== 0;
}

export const pidfdRows: readonly SyscallRow[] = [
	{
		nr: 424,
		name: 'pidfd_send_signal',
		args: ['fd', 'signal', 'struct:siginfo', 'hex'],
		support: 'full',
		handler: sendSignal,
	},
	{ nr: 434, name: 'pidfd_open', args: ['pid', 'flags:pidfd'], result: 'fd', support: 'full', handler: pidfdOpen },
	{ nr: 438, name: 'pidfd_getfd', args: ['fd', 'int', 'hex'], result: 'fd', support: 'full', handler: getDescriptor },
];
