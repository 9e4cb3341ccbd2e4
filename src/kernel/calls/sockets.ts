/** AF_UNIX sockets: making them and pairs, shutdown, options; and the rows of all calls about them (net/socket.c). */
import { AF_UNIX, SHUT, SOCK, SOCK_TYPE_MASK } from '../abi/anon.ts';
import { Errno } from '../abi/errno.ts';
import { O } from '../abi/fcntl.ts';
import { TIMESPEC32, TIMESPEC64 } from '../abi/time.ts';
import { viewOf } from '../abi/words.ts';
import type { Decision } from '../decision.ts';
import { unsupported } from '../fail.ts';
import type { Handler, SyscallRow } from '../row.ts';
import { again, peeringCred, type Socket, setSocket, socketAt, unconnected } from '../sockets.ts';
import { openAnon } from './anon.ts';
import { recvfrom, recvmmsg, recvmsg, sendmmsg, sendmsg, sendto } from './socket-messages.ts';
import { accept, bind, connect, getName, listen } from './socket-names.ts';
import { getOption, setOption } from './socket-options.ts';

/** The type of a new AF_UNIX socket, or -errno. */
function checkType(domain: number, type: number, protocol: number): number {
	const kind = type & SOCK_TYPE_MASK;
	if (type & ~(SOCK_TYPE_MASK | O.NONBLOCK | O.CLOEXEC)) return -Errno.EINVAL;
	if (domain !== AF_UNIX) return -Errno.EAFNOSUPPORT;
	if (protocol !== 0 && protocol !== AF_UNIX) return -Errno.EPROTONOSUPPORT;
	// A raw one is a datagram one, as BSD had it.
	if (kind === SOCK.RAW) return SOCK.DGRAM;
	return kind === SOCK.STREAM || kind === SOCK.DGRAM || kind === SOCK.SEQPACKET ? kind : -Errno.ESOCKTNOSUPPORT;
}

function socket(d: Decision, domain: number, type: number, protocol: number): number {
	const kind = checkType(domain, type, protocol);
	if (kind === -Errno.EAFNOSUPPORT) return unsupported(d, `socket family ${domain}`, Errno.EAFNOSUPPORT);
	return kind < 0 ? kind : openAnon(d, unconnected(kind), O.RDWR | (type & (O.NONBLOCK | O.CLOEXEC)), '');
}

function socketpair(d: Decision, domain: number, type: number, protocol: number, at: number): number {
	const kind = checkType(domain, type, protocol);
	if (kind < 0) return kind;
	if (!d.writable(at, 8)) return -Errno.EFAULT;
	const flags = O.RDWR | (type & (O.NONBLOCK | O.CLOEXEC));
	const one = d.state.next.anon;
	const first = openAnon(d, unconnected(kind), flags, '');
	if (first < 0) return first;
	const peerCred = peeringCred(d.task);
	const second = openAnon(d, { ...unconnected(kind), peer: one, connected: true, peerCred }, flags, '');
	if (second < 0) {
		d.emit({ kind: 'fd/close', table: d.task.fdTable, fd: first });
		return second;
	}
	setSocket(d, d.state.anons[one] as Socket, { peer: one + 1, connected: true, peerCred });
	d.write(at, new Uint8Array(Int32Array.of(first, second).buffer));
	return 0;
}

function shutdown(d: Decision, fd: number, how: number): number {
	const found = socketAt(d, fd);
	if (typeof found === 'number') return found;
	if (how > 2) return -Errno.EINVAL;
	const { socket } = found;
	const bits = how + 1;
	const wakes = { read: socket.wakes.read + 1, write: socket.wakes.write + 1 };
	setSocket(d, socket, { shut: socket.shut | bits, wakes });
	const peer = d.state.anons[socket.peer];
	if (peer?.kind !== 'socket' || socket.type === SOCK.DGRAM) return 0;
	const theirs = (bits & SHUT.RCV ? SHUT.SEND : 0) | (bits & SHUT.SEND ? SHUT.RCV : 0);
	setSocket(d, peer, { shut: peer.shut | theirs, wakes: { read: peer.wakes.read + 1, write: peer.wakes.write + 1 } });
	return 0;
}

/** The direct calls. */
const direct: readonly SyscallRow[] = [
	{
		nr: 337,
		name: 'recvmmsg',
		args: ['fd', 'addr', 'uint', 'flags:msg', 'struct:timespec'],
		support: 'partial',
		note: 'no MSG_OOB',
		onSignal: true,
		handler: (d, args, resume) => recvmmsg(d, args, resume, TIMESPEC32),
	},
	{
		nr: 345,
		name: 'sendmmsg',
		args: ['fd', 'addr', 'uint', 'flags:msg'],
		support: 'partial',
		note: 'no MSG_OOB',
		onSignal: true,
		handler: sendmmsg,
	},
	{
		nr: 359,
		name: 'socket',
		args: ['enum:domain', 'flags:socket', 'int'],
		result: 'fd',
		support: 'partial',
		note: 'AF_UNIX',
		handler: (d, [domain, type, protocol]) => socket(d, domain, type, protocol),
	},
	{
		nr: 360,
		name: 'socketpair',
		args: ['enum:domain', 'flags:socket', 'int', 'fdpair-out'],
		support: 'full',
		handler: (d, [domain, type, protocol, at]) => socketpair(d, domain, type, protocol, at),
	},
	{
		nr: 361,
		name: 'bind',
		args: ['fd', 'addr', 'uint'],
		support: 'full',
		handler: (d, [fd, at, length]) => bind(d, fd, at, length),
	},
	{
		nr: 362,
		name: 'connect',
		args: ['fd', 'addr', 'uint'],
		support: 'full',
		onSignal: true,
		handler: (d, [fd, at, length], resume) => connect(d, fd, at, length, resume),
	},
	{ nr: 363, name: 'listen', args: ['fd', 'int'], support: 'full', handler: (d, [fd, backlog]) => listen(d, fd, backlog) },
	{
		nr: 364,
		name: 'accept4',
		args: ['fd', 'addr', 'addr', 'flags:socket'],
		result: 'fd',
		support: 'full',
		onSignal: true,
		handler: (d, [fd, at, lengthAt, flags], resume) => accept(d, fd, at, lengthAt, flags, resume),
	},
	{
		nr: 365,
		name: 'getsockopt',
		args: ['fd', 'int', 'enum:sockopt', 'addr', 'addr'],
		support: 'partial',
		note: 'SOL_SOCKET, without filters, labels, groups of the peer and time stamps',
		handler: (d, [fd, level, name, at, lengthAt]) => getOption(d, fd, level, name, at, lengthAt),
	},
	{
		nr: 366,
		name: 'setsockopt',
		args: ['fd', 'int', 'enum:sockopt', 'addr', 'uint'],
		support: 'partial',
		note: 'as getsockopt; no SO_LINGER',
		handler: (d, [fd, level, name, at, length]) => setOption(d, fd, level, name, at, length),
	},
	{
		nr: 367,
		name: 'getsockname',
		args: ['fd', 'addr', 'addr'],
		support: 'full',
		handler: (d, [fd, at, lengthAt]) => getName(d, fd, at, lengthAt, false),
	},
	{
		nr: 368,
		name: 'getpeername',
		args: ['fd', 'addr', 'addr'],
		support: 'full',
		handler: (d, [fd, at, lengthAt]) => getName(d, fd, at, lengthAt, true),
	},
	{
		nr: 369,
		name: 'sendto',
		args: ['fd', 'buf', 'size', 'flags:msg', 'addr', 'uint'],
		support: 'partial',
		note: 'no MSG_OOB',
		onSignal: true,
		handler: sendto,
	},
	{
		nr: 370,
		name: 'sendmsg',
		args: ['fd', 'addr', 'flags:msg'],
		support: 'partial',
		note: 'no MSG_OOB, no SCM_PIDFD',
		onSignal: true,
		handler: (d, [fd, at, flags], resume) => sendmsg(d, fd, at, flags, again(d, resume)),
	},
	{
		nr: 371,
		name: 'recvfrom',
		args: ['fd', 'buf-out', 'size', 'flags:msg', 'addr', 'addr'],
		support: 'partial',
		note: 'no MSG_OOB; MSG_PEEK with MSG_WAITALL gets what is there',
		onSignal: true,
		handler: recvfrom,
	},
	{
		nr: 372,
		name: 'recvmsg',
		args: ['fd', 'addr', 'flags:msg'],
		support: 'partial',
		note: 'as recvfrom',
		onSignal: true,
		handler: (d, [fd, at, flags], resume) => recvmsg(d, fd, at, flags, again(d, resume)),
	},
	{ nr: 373, name: 'shutdown', args: ['fd', 'enum:shutdown'], support: 'full', handler: (d, [fd, how]) => shutdown(d, fd, how) },
	{
		nr: 417,
		name: 'recvmmsg_time64',
		args: ['fd', 'addr', 'uint', 'flags:msg', 'struct:timespec64'],
		support: 'partial',
		note: 'no MSG_OOB',
		onSignal: true,
		handler: (d, args, resume) => recvmmsg(d, args, resume, TIMESPEC64),
	},
];

/** The calls of socketcall(2) by number (include/uapi/linux/net.h SYS_*): each one's name, how many words of arguments it has, and its row. */
export const SOCKET_CALLS: readonly (Multiplexed | undefined)[] = [
	undefined,
	of('socket', 3),
	of('bind', 3),
	of('connect', 3),
	of('listen', 2),
	of('accept', 3, 'accept4'),
	of('getsockname', 3),
	of('getpeername', 3),
	of('socketpair', 4),
	of('send', 4, 'sendto'),
	of('recv', 4, 'recvfrom'),
	of('sendto', 6),
	of('recvfrom', 6),
	of('shutdown', 2),
	of('setsockopt', 5),
	of('getsockopt', 5),
	of('sendmsg', 3),
	of('recvmsg', 3),
	of('accept4', 4),
	of('recvmmsg', 5),
	of('sendmmsg', 4),
];

interface Multiplexed {
	readonly name: string;
	readonly words: number;
	readonly row: string;
}

function of(name: string, words: number, row: string = name): Multiplexed {
	return { name, words, row };
}

const socketcall: Handler = (d, [call, at], resume) => {
	const entry = SOCKET_CALLS[call];
	if (entry === undefined) return -Errno.EINVAL;
	const { words } = entry;
	const raw = d.read(at, words * 4);
	if (raw === undefined) return -Errno.EFAULT;
	const args = Array.from({ length: 6 }, (_, i) => (i < words ? viewOf(raw).getUint32(i * 4, true) : 0));
	const row = direct.find(({ name }) => name === entry.row);
	return row === undefined ? -Errno.EINVAL : row.handler(d, args, resume);
};

export const socketRows: readonly SyscallRow[] = [
	{
		nr: 102,
		name: 'socketcall',
		args: ['int', 'addr'],
		support: 'partial',
		note: 'what the calls it stands for do',
		onSignal: true,
		handler: socketcall,
	},
	...direct,
];
