/** AF_UNIX sockets: pairs, and single ones that find nobody to connect to (net/socket.c, net/unix/af_unix.c). */
import type { OpenFile } from '../../events/entities.ts';
import { AF_UNIX, MSG, SHUT, SO, SOCK, SOCK_TYPE_MASK, SOCKET_BUFFER, SOL_SOCKET } from '../abi/anon.ts';
import { Errno } from '../abi/errno.ts';
import { AT_FDCWD, O } from '../abi/fcntl.ts';
import { viewOf } from '../abi/words.ts';
import type { Decision, Outcome } from '../decision.ts';
import { failed } from '../fail.ts';
import { inodeOf, usableFileAt } from '../open-file.ts';
import { resolve } from '../paths.ts';
import type { Handler, Resume, SyscallRow } from '../row.ts';
import { receive, type Socket, send } from '../sockets.ts';
import { type Buffer, gather, scatter, totalLength, userBuffer, userVector, writableLength } from '../user-buffers.ts';
import { NO_WAKES, openAnon } from './anon.ts';

interface OpenSocket {
	readonly file: OpenFile;
	readonly socket: Socket;
}

/** -EBADF, -ENOTSOCK */
function socketAt(d: Decision, fd: number): OpenSocket | number {
	const file = usableFileAt(d, fd);
	if (file === undefined) return -Errno.EBADF;
	const socket = d.state.anons[inodeOf(d, file).kind === 'socket' ? inodeOf(d, file).channel : 0];
	return socket?.kind === 'socket' ? { file, socket } : -Errno.ENOTSOCK;
}

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

const unconnected = (type: number) =>
	({ kind: 'socket', type, peer: 0, connected: false, queue: [], shut: 0, wakes: NO_WAKES }) as const;

function socket(d: Decision, domain: number, type: number, protocol: number): number {
	const kind = checkType(domain, type, protocol);
	if (kind === -Errno.EAFNOSUPPORT) {
		d.emit({
			kind: 'unsupported',
			task: d.pid,
			what: 'feature',
			name: `socket family ${domain}`,
			eip: d.regs.eip,
			bytes: new Uint8Array(0),
		});
	}
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
	const second = openAnon(d, { ...unconnected(kind), peer: one, connected: true }, flags, '');
	if (second < 0) {
		d.emit({ kind: 'fd/close', table: d.task.fdTable, fd: first });
		return second;
	}
	const socket = d.state.anons[one];
	if (socket?.kind === 'socket') d.emit({ kind: 'anon/set', anon: { ...socket, peer: one + 1, connected: true } });
	d.write(at, new Uint8Array(Int32Array.of(first, second).buffer));
	return 0;
}

/** connect(2) to a path: nobody listens in this machine. -errno: ENOENT… as the look-up has it, ECONNREFUSED. */
function connect(d: Decision, fd: number, at: number, length: number): Outcome {
	const found = socketAt(d, fd);
	if (typeof found === 'number') return found;
	if (length > 128) return -Errno.EINVAL;
	const address = d.read(at, length);
	if (address === undefined) return -Errno.EFAULT;
	if (length < 2) return -Errno.EINVAL;
	if (viewOf(address).getUint16(0, true) !== AF_UNIX || length <= 2) return -Errno.EINVAL;
	if (found.socket.connected && found.socket.type !== SOCK.DGRAM) return -Errno.EISCONN;
	// A name that begins with NUL is in no directory: nobody has it.
	if (address[2] === 0) return -Errno.ECONNREFUSED;
	const path = String.fromCharCode(...address.subarray(2)).replace(/\0.*$/s, '');
	const there = resolve(d, AT_FDCWD, path, 'follow');
	return failed(there) ? there : -Errno.ECONNREFUSED;
}

/** A name: sockets here have none but their family. */
function tellName(d: Decision, at: number, lengthAt: number): number {
	const room = d.u32(lengthAt);
	if (room === undefined) return -Errno.EFAULT;
	if ((room | 0) < 0) return -Errno.EINVAL;
	if (!d.write(at, new Uint8Array([AF_UNIX, 0]).subarray(0, room))) return -Errno.EFAULT;
	return d.writeU32(lengthAt, 2) ? 0 : -Errno.EFAULT;
}

function getName(d: Decision, fd: number, at: number, lengthAt: number, peer: boolean): number {
	const found = socketAt(d, fd);
	if (typeof found === 'number') return found;
	if (peer && found.socket.peer === 0) return -Errno.ENOTCONN;
	return tellName(d, at, lengthAt);
}

function sendBytes(
	d: Decision,
	fd: number,
	list: readonly Buffer[] | number,
	flags: number,
	to: number,
	resume: Resume | null,
): Outcome {
	const found = socketAt(d, fd);
	if (typeof found === 'number') return found;
	if (typeof list === 'number') return list;
	if (to !== 0) return found.socket.type === SOCK.STREAM && found.socket.connected ? -Errno.EISCONN : -Errno.EOPNOTSUPP;
	const bytes = gather(d, list);
	if (bytes === undefined || bytes.length < totalLength(list)) return -Errno.EFAULT;
	return send(d, found.file, found.socket, bytes, resume, flags);
}

/** Bytes into the buffers. @param tell where flags (MSG_TRUNC) of recvmsg go */
function receiveBytes(
	d: Decision,
	fd: number,
	list: readonly Buffer[] | number,
	flags: number,
	tell: (flags: number) => void,
): Outcome {
	const found = socketAt(d, fd);
	if (typeof found === 'number') return found;
	if (typeof list === 'number') return list;
	const { file, socket } = found;
	const room = totalLength(list);
	const got = receive(file, d, socket, room, flags);
	if (typeof got === 'number' || 'kind' in got) return got;
	const n = writableLength(d, list, got.bytes.length);
	if (n < got.bytes.length) return -Errno.EFAULT;
	const whole = socket.queue[0]?.length ?? 0;
	if (flags & MSG.WAITALL && socket.type === SOCK.STREAM && n < room && !(socket.shut & SHUT.RCV) && !(flags & MSG.PEEK)) {
		if (!(file.flags & O.NONBLOCK || flags & MSG.DONTWAIT)) {
			d.emit({
				kind: 'unsupported',
				task: d.pid,
				what: 'feature',
				name: 'MSG_WAITALL',
				eip: d.regs.eip,
				bytes: new Uint8Array(0),
			});
		}
	}
	if (whole > 0 || socket.queue.length > 0) got.take(n);
	scatter(d, list, got.bytes);
	const cut = socket.type !== SOCK.STREAM && n < whole;
	tell(cut ? MSG.TRUNC : 0);
	return cut && flags & MSG.TRUNC ? whole : n;
}

/** struct msghdr of i386: name, namelen, iov, iovlen, control, controllen, flags. */
function message(d: Decision, at: number): readonly number[] | number {
	const raw = d.read(at, 28);
	if (raw === undefined) return -Errno.EFAULT;
	return [0, 4, 8, 12, 16, 20, 24].map((o) => viewOf(raw).getUint32(o, true));
}

function sendmsg(d: Decision, fd: number, at: number, flags: number, resume: Resume | null): Outcome {
	const header = message(d, at);
	if (typeof header === 'number') return header;
	const [name, , iov, segments, , control] = header;
	if (control > 0) {
		d.emit({ kind: 'unsupported', task: d.pid, what: 'feature', name: 'SCM_RIGHTS', eip: d.regs.eip, bytes: new Uint8Array(0) });
		return -Errno.EINVAL;
	}
	return sendBytes(d, fd, userVector(d, iov, segments), flags, name, resume);
}

function recvmsg(d: Decision, fd: number, at: number, flags: number): Outcome {
	const header = message(d, at);
	if (typeof header === 'number') return header;
	const [name, , iov, segments] = header;
	const done = receiveBytes(d, fd, userVector(d, iov, segments), flags, (told) => {
		d.writeU32(at + 24, told);
	});
	if (typeof done !== 'number' || done < 0) return done;
	if (name !== 0) d.writeU32(at + 4, 0);
	return d.writeU32(at + 20, 0) ? done : -Errno.EFAULT;
}

function recvfrom(d: Decision, args: readonly number[]): Outcome {
	const [fd, buffer, length, flags, name, lengthAt] = args;
	const done = receiveBytes(d, fd, userBuffer(buffer, length), flags, () => {});
	if (typeof done === 'number' && done >= 0 && name !== 0) d.writeU32(lengthAt, 0);
	return done;
}

function shutdown(d: Decision, fd: number, how: number): number {
	const found = socketAt(d, fd);
	if (typeof found === 'number') return found;
	if (how > 2) return -Errno.EINVAL;
	const { socket } = found;
	const bits = how + 1;
	d.emit({ kind: 'anon/set', anon: { ...socket, shut: socket.shut | bits } });
	const peer = d.state.anons[socket.peer];
	if (peer?.kind !== 'socket' || socket.type === SOCK.DGRAM) return 0;
	const theirs = (bits & SHUT.RCV ? SHUT.SEND : 0) | (bits & SHUT.SEND ? SHUT.RCV : 0);
	const wakes = { read: peer.wakes.read + 1, write: peer.wakes.write + 1 };
	d.emit({ kind: 'anon/set', anon: { ...peer, shut: peer.shut | theirs, wakes } });
	return 0;
}

function getOption(d: Decision, fd: number, level: number, name: number, at: number, lengthAt: number): number {
	const found = socketAt(d, fd);
	if (typeof found === 'number') return found;
	if (level !== SOL_SOCKET) return -Errno.EOPNOTSUPP;
	const room = d.u32(lengthAt);
	if (room === undefined) return -Errno.EFAULT;
	if ((room | 0) < 0) return -Errno.EINVAL;
	const { pid } = d.task;
	const { euid, egid } = d.task.creds;
	const values: { readonly [name: number]: readonly number[] } = {
		[SO.TYPE]: [found.socket.type],
		[SO.ERROR]: [0],
		[SO.SNDBUF]: [SOCKET_BUFFER],
		[SO.RCVBUF]: [SOCKET_BUFFER],
		[SO.PASSCRED]: [0],
		[SO.ACCEPTCONN]: [0],
		[SO.PROTOCOL]: [0],
		[SO.DOMAIN]: [AF_UNIX],
		[SO.PEERCRED]: found.socket.connected ? [pid, euid, egid] : [0, -1, -1],
	};
	const value = values[name];
	if (value === undefined) return -Errno.ENOPROTOOPT;
	const bytes = new Uint8Array(Int32Array.from(value).buffer).subarray(0, room);
	if (!d.write(at, bytes)) return -Errno.EFAULT;
	return d.writeU32(lengthAt, bytes.length) ? 0 : -Errno.EFAULT;
}

/** Nothing of a socket's options changes what this machine does: those a program may set are taken. */
function setOption(d: Decision, fd: number, level: number, name: number): number {
	const found = socketAt(d, fd);
	if (typeof found === 'number') return found;
	if (level !== SOL_SOCKET) return -Errno.EOPNOTSUPP;
	return name === SO.SNDBUF || name === SO.RCVBUF ? 0 : -Errno.ENOPROTOOPT;
}

/** bind, listen, accept: names and listening are not there. */
const nobodyListens: Handler = (d, [fd]) => {
	const found = socketAt(d, fd);
	if (typeof found === 'number') return found;
	d.emit({
		kind: 'unsupported',
		task: d.pid,
		what: 'feature',
		name: 'a named socket',
		eip: d.regs.eip,
		bytes: new Uint8Array(0),
	});
	return -Errno.EOPNOTSUPP;
};

/** Descriptors of the direct calls. */
const NAMED = 'nobody listens: ENOENT or ECONNREFUSED';
const direct: readonly SyscallRow[] = [
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
		support: 'partial',
		note: 'EOPNOTSUPP, said aloud',
		handler: nobodyListens,
	},
	{
		nr: 362,
		name: 'connect',
		args: ['fd', 'addr', 'uint'],
		support: 'partial',
		note: NAMED,
		handler: (d, [fd, at, length]) => connect(d, fd, at, length),
	},
	{ nr: 363, name: 'listen', args: ['fd', 'int'], support: 'partial', note: 'EOPNOTSUPP, said aloud', handler: nobodyListens },
	{
		nr: 364,
		name: 'accept4',
		args: ['fd', 'addr', 'addr', 'flags:socket'],
		support: 'partial',
		note: 'EOPNOTSUPP, said aloud',
		handler: nobodyListens,
	},
	{
		nr: 365,
		name: 'getsockopt',
		args: ['fd', 'int', 'int', 'addr', 'addr'],
		support: 'partial',
		note: 'SOL_SOCKET: type, error, buffers, peer',
		handler: (d, [fd, level, name, at, lengthAt]) => getOption(d, fd, level, name, at, lengthAt),
	},
	{
		nr: 366,
		name: 'setsockopt',
		args: ['fd', 'int', 'int', 'addr', 'uint'],
		support: 'partial',
		note: 'buffer sizes are taken and change nothing',
		handler: (d, [fd, level, name]) => setOption(d, fd, level, name),
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
		note: 'to the other end of a pair',
		onSignal: true,
		handler: (d, [fd, at, length, flags, to], resume) => sendBytes(d, fd, userBuffer(at, length), flags, to, resume),
	},
	{
		nr: 370,
		name: 'sendmsg',
		args: ['fd', 'addr', 'flags:msg'],
		support: 'partial',
		note: 'no descriptors or credentials',
		onSignal: true,
		handler: (d, [fd, at, flags], resume) => sendmsg(d, fd, at, flags, resume),
	},
	{
		nr: 371,
		name: 'recvfrom',
		args: ['fd', 'buf-out', 'size', 'flags:msg', 'addr', 'addr'],
		support: 'partial',
		note: 'MSG_WAITALL gets what is there',
		handler: (d, args) => recvfrom(d, args),
	},
	{
		nr: 372,
		name: 'recvmsg',
		args: ['fd', 'addr', 'flags:msg'],
		support: 'partial',
		note: 'no descriptors or credentials',
		handler: (d, [fd, at, flags]) => recvmsg(d, fd, at, flags),
	},
	{ nr: 373, name: 'shutdown', args: ['fd', 'enum:shutdown'], support: 'full', handler: (d, [fd, how]) => shutdown(d, fd, how) },
];

/** The calls of socketcall(2) by number (include/uapi/linux/net.h SYS_*), and how many words of arguments each has. */
const MULTIPLEXED: readonly (readonly [name: string, words: number] | undefined)[] = [
	undefined,
	['socket', 3],
	['bind', 3],
	['connect', 3],
	['listen', 2],
	['accept4', 3],
	['getsockname', 3],
	['getpeername', 3],
	['socketpair', 4],
	['sendto', 4],
	['recvfrom', 4],
	['sendto', 6],
	['recvfrom', 6],
	['shutdown', 2],
	['setsockopt', 5],
	['getsockopt', 5],
	['sendmsg', 3],
	['recvmsg', 3],
	['accept4', 4],
];

const socketcall: Handler = (d, [call, at], resume) => {
	const entry = MULTIPLEXED[call];
	if (entry === undefined) return -Errno.EINVAL;
	const [name, words] = entry;
	const raw = d.read(at, words * 4);
	if (raw === undefined) return -Errno.EFAULT;
	const args = Array.from({ length: 6 }, (_, i) => (i < words ? viewOf(raw).getUint32(i * 4, true) : 0));
	const row = direct.find((r) => r.name === name);
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
