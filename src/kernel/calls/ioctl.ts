/** ioctl: descriptors' flags, bytes waiting, terminals (fs/ioctl.c, drivers/tty/tty_ioctl.c, tty_jobctrl.c). */
import type { OpenFile } from '../../events/entities.ts';
import { SOCK } from '../abi/anon.ts';
import { Errno } from '../abi/errno.ts';
import { O } from '../abi/fcntl.ts';
import { defaultTermios, IOCTL, TERMIOS_BYTES, TERMIOS2_BYTES, windowSize } from '../abi/termios.ts';
import type { Decision } from '../decision.ts';
import { streamOf } from '../file-data.ts';
import { inodeOf, setDescriptor, usableFileAt } from '../open-file.ts';
import type { SyscallRow } from '../row.ts';

function ioctl(d: Decision, fd: number, request: number, arg: number): number {
	const file = usableFileAt(d, fd);
	if (file === undefined) return -Errno.EBADF;
	const inode = inodeOf(d, file);
	switch (request) {
		case IOCTL.FIOCLEX:
		case IOCTL.FIONCLEX:
			setDescriptor(d, fd | 0, file.id, request === IOCTL.FIOCLEX);
			return 0;
		case IOCTL.FIONBIO:
			return setFlag(d, file, O.NONBLOCK, arg);
		case IOCTL.FIOASYNC:
			return asyncFlag(d, file, arg);
		case IOCTL.FIOQSIZE: {
			if (inode.kind !== 'file' && inode.kind !== 'dir' && inode.kind !== 'symlink') return -Errno.ENOTTY;
			const size = new Uint8Array(BigUint64Array.of(BigInt(inode.size)).buffer);
			return d.write(arg, size) ? 0 : -Errno.EFAULT;
		}
		case IOCTL.FIONREAD:
			return bytesWaiting(d, file, arg);
	}
	const stream = streamOf(d, inode);
	if (stream < 0 || d.state.streams[stream]?.kind !== 'tty') return -Errno.ENOTTY;
	return terminal(d, stream, request, arg);
}

/** Sets or clears a file flag as the int at `arg` says. */
function setFlag(d: Decision, file: OpenFile, flag: number, arg: number): number {
	const on = d.u32(arg);
	if (on === undefined) return -Errno.EFAULT;
	const flags = on !== 0 ? file.flags | flag : file.flags & ~flag;
	if (flags !== file.flags) d.emit({ kind: 'file/set', file: file.id, fields: { flags } });
	return 0;
}

/** FIOASYNC: SIGIO is not sent by this machine, so switching it on is refused aloud. */
function asyncFlag(d: Decision, file: OpenFile, arg: number): number {
	const on = d.u32(arg);
	if (on === undefined) return -Errno.EFAULT;
	if (on === 0) return setFlag(d, file, O.ASYNC, arg);
	d.emit({ kind: 'unsupported', task: d.pid, what: 'feature', name: 'FIOASYNC', eip: d.regs.eip, bytes: new Uint8Array(0) });
	return -Errno.ENOTTY;
}

function bytesWaiting(d: Decision, file: OpenFile, arg: number): number {
	const inode = inodeOf(d, file);
	let n: number;
	if (inode.kind === 'file') n = inode.size - file.pos;
	else if (inode.kind === 'fifo') n = d.state.pipes[inode.channel].data.length;
	else if (inode.kind === 'socket') {
		const socket = d.state.anons[inode.channel];
		n =
			socket?.kind === 'socket'
				? socket.queue.slice(0, socket.type === SOCK.STREAM ? undefined : 1).reduce((sum, m) => sum + m.length, 0)
				: 0;
	} else {
		const stream = d.state.streams[streamOf(d, inode)];
		if (stream === undefined) return -Errno.ENOTTY;
		n = stream.unread.length;
	}
	return d.writeU32(arg, n) ? 0 : -Errno.EFAULT;
}

function terminal(d: Decision, stream: number, request: number, arg: number): number {
	const { termios } = d.state.streams[stream];
	const now = termios.length === TERMIOS2_BYTES ? termios : defaultTermios();
	const controls = d.group.tty === stream + 1;
	const put = (bytes: Uint8Array) => (d.write(arg, bytes) ? 0 : -Errno.EFAULT);
	switch (request) {
		case IOCTL.TCGETS:
			return put(now.slice(0, TERMIOS_BYTES));
		case IOCTL.TCGETS2:
			return put(now.slice());
		case IOCTL.TCSETS:
		case IOCTL.TCSETSW:
		case IOCTL.TCSETSF:
			return setTermios(d, stream, now, arg, TERMIOS_BYTES);
		case IOCTL.TCSETS2:
		case IOCTL.TCSETSW2:
		case IOCTL.TCSETSF2:
			return setTermios(d, stream, now, arg, TERMIOS2_BYTES);
		case IOCTL.TIOCGWINSZ:
			return put(windowSize());
		case IOCTL.TIOCOUTQ:
			return put(new Uint8Array(4));
		case IOCTL.TIOCGPGRP:
			return controls ? put(new Uint8Array(Uint32Array.of(d.group.pgrp).buffer)) : -Errno.ENOTTY;
		case IOCTL.TIOCGSID:
			return controls ? put(new Uint8Array(Uint32Array.of(d.group.session).buffer)) : -Errno.ENOTTY;
		case IOCTL.TIOCSPGRP:
			return controls ? setForeground(d, arg) : -Errno.ENOTTY;
		case IOCTL.TIOCSCTTY:
			return takeTerminal(d, stream);
		case IOCTL.TIOCNOTTY:
			if (!controls) return -Errno.ENOTTY;
			d.emit({ kind: 'group/set', group: d.group.id, fields: { tty: 0 } });
			return 0;
		case IOCTL.TCSBRK:
		case IOCTL.TCSBRKP:
		case IOCTL.TCXONC:
		case IOCTL.TIOCEXCL:
		case IOCTL.TIOCNXCL:
			return 0;
		case IOCTL.TCFLSH:
			return flush(d, stream, arg);
		default:
			return -Errno.ENOTTY;
	}
}

function setTermios(d: Decision, stream: number, now: Uint8Array, arg: number, length: number): number {
	const given = d.read(arg, length);
	if (given === undefined) return -Errno.EFAULT;
	const termios = now.slice();
	termios.set(given);
	d.emit({ kind: 'stream/set', stream, fields: { termios } });
	return 0;
}

/** The foreground group can only be the caller's own: there is no other. */
function setForeground(d: Decision, arg: number): number {
	const pgrp = d.u32(arg);
	if (pgrp === undefined) return -Errno.EFAULT;
	if ((pgrp | 0) < 0) return -Errno.EINVAL;
	return pgrp === d.group.pgrp ? 0 : -Errno.ESRCH;
}

function takeTerminal(d: Decision, stream: number): number {
	const { group } = d;
	if (group.tty === stream + 1) return 0;
	if (group.session !== group.tgid || group.tty !== 0) return -Errno.EPERM;
	d.emit({ kind: 'group/set', group: group.id, fields: { tty: stream + 1 } });
	return 0;
}

/** TCFLSH: input that came and was not read is dropped (0: input, 1: output, 2: both). */
function flush(d: Decision, stream: number, queue: number): number {
	if (queue > 2) return -Errno.EINVAL;
	const { length } = d.state.streams[stream].unread;
	if (queue !== 1 && length > 0) d.emit({ kind: 'stream/read', stream, length });
	return 0;
}

export const ioctlRows: readonly SyscallRow[] = [
	{
		nr: 54,
		name: 'ioctl',
		args: ['fd', 'enum:ioctl', 'hex'],
		support: 'partial',
		note: 'descriptors and terminals; the window is 80x24, settings of the terminal do not change what the host does',
		handler: (d, [fd, request, arg]) => ioctl(d, fd, request, arg),
	},
];
