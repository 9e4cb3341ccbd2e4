/** ioctl: descriptors' flags, bytes waiting (fs/ioctl.c); terminals are tty.ts. */
import type { OpenFile } from '../../events/entities.ts';
import { inFlight } from '../../reducers/sockets.ts';
import { SOCK } from '../abi/anon.ts';
import { Errno } from '../abi/errno.ts';
import { O } from '../abi/fcntl.ts';
import { IOCTL } from '../abi/termios.ts';
import type { Decision } from '../decision.ts';
import { unsupported } from '../fail.ts';
import { streamOf } from '../file-data.ts';
import { inodeOf, setDescriptor, usableFileAt } from '../open-file.ts';
import type { SyscallRow } from '../row.ts';
import type { Socket } from '../sockets.ts';
import { endOf } from '../tty/terminal.ts';
import { ttyIoctl } from './tty.ts';

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
	}
	const socket = inode.kind === 'socket' ? d.state.anons[inode.channel] : undefined;
	if (socket?.kind === 'socket') return socketBytes(d, socket, request, arg);
	const end = endOf(d.state, inode);
	if (end !== undefined) return ttyIoctl(d, file, end, request, arg);
	return request === IOCTL.FIONREAD ? bytesWaiting(d, file, arg) : -Errno.ENOTTY;
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
	return unsupported(d, 'FIOASYNC', Errno.ENOTTY);
}

/** SIOCINQ, SIOCOUTQ, which have the numbers of FIONREAD, TIOCOUTQ: what came, and what the sender's buffer holds (unix_ioctl). */
function socketBytes(d: Decision, socket: Socket, request: number, arg: number): number {
	const { id, type, queue, backlog } = socket;
	if (request === IOCTL.TIOCOUTQ) return d.writeU32(arg, inFlight(d.state.anons, id)) ? 0 : -Errno.EFAULT;
	if (request !== IOCTL.FIONREAD) return -Errno.ENOTTY;
	if (backlog >= 0) return -Errno.EINVAL;
	const counted = type === SOCK.DGRAM ? queue.slice(0, 1) : queue;
	return d.writeU32(
		arg,
		counted.reduce((sum, { bytes }) => sum + bytes.length, 0),
	)
		? 0
		: -Errno.EFAULT;
}

function bytesWaiting(d: Decision, file: OpenFile, arg: number): number {
	const inode = inodeOf(d, file);
	let n: number;
	if (inode.kind === 'file') n = inode.size - file.pos;
	else if (inode.kind === 'fifo') n = d.state.pipes[inode.channel].data.length;
	else {
		const stream = d.state.streams[streamOf(d, inode)];
		if (stream === undefined) return -Errno.ENOTTY;
		n = stream.unread.length;
	}
	return d.writeU32(arg, n) ? 0 : -Errno.EFAULT;
}

export const ioctlRows: readonly SyscallRow[] = [
	{
		nr: 54,
		name: 'ioctl',
		args: ['fd', 'enum:ioctl', 'hex'],
		support: 'partial',
		note: 'descriptors and terminals; what is set of the recorder’s terminal does not change what the host does',
		handler: (d, [fd, request, arg]) => ioctl(d, fd, request, arg),
	},
];
