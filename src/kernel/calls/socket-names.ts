/** Names of sockets and connections by them: bind, listen, connect, accept, getsockname (net/unix/af_unix.c of Linux 6.1). */
import { AF_UNIX, SHUT, SOCK, SOMAXCONN } from '../abi/anon.ts';
import { Errno } from '../abi/errno.ts';
import { AT_FDCWD, O } from '../abi/fcntl.ts';
import type { Decision, Outcome } from '../decision.ts';
import { linkEntry } from '../entries.ts';
import { failed } from '../fail.ts';
import { freeDescriptor, inodeOf, makeInode, openDescriptor } from '../open-file.ts';
import { hears, passesCreds, queueFull } from '../poll.ts';
import type { Resume } from '../row.ts';
import {
	again,
	mayNotSleep,
	peeringCred,
	type Socket,
	setSocket,
	sleepOn,
	sleptEnough,
	socketAt,
	unconnected,
} from '../sockets.ts';
import { addressOf, autobind, familyOf, findSocket, namedSocket, nameOf, readAddress, tellAddress } from '../unix-names.ts';
import { freePlace } from './directories.ts';

/** A name for good. -errno: EINVAL (it has one), EADDRINUSE, those of the walk */
export function bind(d: Decision, fd: number, at: number, length: number): Outcome {
	const found = socketAt(d, fd);
	if (typeof found === 'number') return found;
	const address = readAddress(d, at, length);
	if (typeof address === 'number') return address;
	const { file, socket } = found;
	if (length === 2 && familyOf(address) === AF_UNIX) {
		if (socket.name === '') autobind(d, socket);
		return 0;
	}
	const name = nameOf(address);
	if (typeof name === 'number') return name;
	if (name[0] === '\0') {
		if (socket.name !== '') return -Errno.EINVAL;
		if (namedSocket(d, name, socket.type)) return -Errno.EADDRINUSE;
		setSocket(d, socket, { name, named: true });
		return 0;
	}
	const place = freePlace(d, AT_FDCWD, name, false);
	if (failed(place)) return place === -Errno.EEXIST ? -Errno.EADDRINUSE : place;
	if (socket.name !== '') return -Errno.EINVAL;
	const mode = inodeOf(d, file).mode & 0o7777 & ~d.state.fsStructs[d.task.fs].umask;
	const inode = makeInode(d, 'socket', mode, place.parent);
	linkEntry(d, place.parent.id, place.name, inode.id);
	setSocket(d, socket, { name, named: true, bound: inode.id });
	return 0;
}

/** @param backlog more than SOMAXCONN, or negative: that many */
export function listen(d: Decision, fd: number, backlog: number): number {
	const found = socketAt(d, fd);
	if (typeof found === 'number') return found;
	const { socket } = found;
	if (socket.type === SOCK.DGRAM) return -Errno.EOPNOTSUPP;
	if (socket.name === '' || socket.connected) return -Errno.EINVAL;
	setSocket(d, socket, { backlog: Math.min(backlog, SOMAXCONN), peerCred: peeringCred(d.task) });
	return 0;
}

/** -errno: of the look-up, ECONNREFUSED, EISCONN, EAGAIN (the listener's queue is full), EPROTOTYPE, EPERM, EINTR */
export function connect(d: Decision, fd: number, at: number, length: number, resume: Resume | null): Outcome {
	const found = socketAt(d, fd);
	if (typeof found === 'number') return found;
	const address = readAddress(d, at, length);
	if (typeof address === 'number') return address;
	const { file, socket } = found;
	if (socket.type === SOCK.DGRAM) return connectDatagrams(d, socket, address);
	const name = nameOf(address);
	if (typeof name === 'number') return name;
	if (passesCreds(socket) && socket.name === '' && resume === null) autobind(d, socket);
	const other = findSocket(d, name, socket.type);
	if (typeof other === 'number' || other.kind === 'need') return other;
	if (other.backlog < 0 || other.shut & SHUT.RCV) return -Errno.ECONNREFUSED;
	if (queueFull(other)) {
		const was = again(d, resume);
		const { sndTimeout } = socket.options;
		if (mayNotSleep(file, 0, sndTimeout)) return -Errno.EAGAIN;
		const over = sleptEnough(was, sndTimeout);
		return over !== 0 ? over : sleepOn(d, { kind: 'socket-room', anon: other.id, bytes: 1 }, sndTimeout, was, []);
	}
	if (socket.connected) return -Errno.EISCONN;
	if (socket.backlog >= 0) return -Errno.EINVAL;
	// The other end is there at once, and waits with the listener until somebody accepts it.
	const end = d.state.next.anon;
	const between = { peer: socket.id, connected: true, name: other.name, peerCred: peeringCred(d.task) };
	d.emit({ kind: 'anon/new', anon: { ...unconnected(socket.type), ...between, id: end } });
	setSocket(d, d.state.anons[socket.id] as Socket, { peer: end, connected: true, peerCred: other.peerCred });
	const wakes = { ...other.wakes, read: other.wakes.read + 1 };
	setSocket(d, other, { waiting: [...other.waiting, end], wakes });
	return 0;
}

/** Whom a datagram socket sends to and hears from; AF_UNSPEC: nobody, and everybody. */
function connectDatagrams(d: Decision, socket: Socket, address: string): Outcome {
	const family = familyOf(address);
	if (family < 0) return -Errno.EINVAL;
	const { id } = socket;
	let peer = 0;
	if (family !== 0) {
		const name = nameOf(address);
		if (typeof name === 'number') return name;
		if (passesCreds(socket) && socket.name === '') autobind(d, socket);
		const other = findSocket(d, name, socket.type);
		if (typeof other === 'number' || other.kind === 'need') return other;
		if (!hears(other, id)) return -Errno.EPERM;
		peer = other.id;
	}
	if (socket.connected && peer !== socket.peer) {
		// What came from the one before is lost; of a pair the other end is told so.
		for (const { bytes } of socket.queue) d.emit({ kind: 'socket/take', anon: id, length: bytes.length });
		const old = d.state.anons[socket.peer];
		if (old?.kind === 'socket' && old.peer === id && socket.queue.length > 0) setSocket(d, old, { error: Errno.ECONNRESET });
	}
	setSocket(d, d.state.anons[id] as Socket, { peer, connected: peer !== 0, peerName: '' });
	return 0;
}

/** The first connection that waits gets a descriptor. -errno: EINVAL EOPNOTSUPP EMFILE EAGAIN EINTR, those of the address */
export function accept(d: Decision, fd: number, at: number, lengthAt: number, flags: number, resume: Resume | null): Outcome {
	if (flags & ~(O.NONBLOCK | O.CLOEXEC)) return -Errno.EINVAL;
	const found = socketAt(d, fd);
	if (typeof found === 'number') return found;
	const { file, socket } = found;
	const free = freeDescriptor(d);
	if (free < 0) return free;
	if (socket.type === SOCK.DGRAM) return -Errno.EOPNOTSUPP;
	if (socket.backlog < 0) return -Errno.EINVAL;
	const [end, ...waiting] = socket.waiting;
	if (end === undefined) {
		const was = again(d, resume);
		const { rcvTimeout } = socket.options;
		if (mayNotSleep(file, 0, rcvTimeout)) return -Errno.EAGAIN;
		if (socket.shut & SHUT.RCV) return -Errno.EINVAL;
		const over = sleptEnough(was, rcvTimeout);
		return over !== 0 ? over : sleepOn(d, { kind: 'anon-readable', anon: socket.id }, rcvTimeout, was, []);
	}
	const accepted = d.state.anons[end] as Socket;
	const inode = makeInode(d, 'socket', 0o777, null, { channel: end, nlink: 1 });
	openDescriptor(d, inode, O.RDWR | flags, `socket:[${inode.ino}]`);
	setSocket(d, socket, { waiting });
	if (passesCreds(socket)) {
		const bits = socket.options.flags & (1 << 16);
		setSocket(d, accepted, { options: { ...accepted.options, flags: accepted.options.flags | bits } });
	}
	if (at === 0) return free;
	const told = tellAddress(d, addressOf(peerName(d, accepted)), at, lengthAt);
	if (told < 0) d.emit({ kind: 'fd/close', table: d.task.fdTable, fd: free });
	return told < 0 ? told : free;
}

/** The name of the other end, be it gone. */
function peerName(d: Decision, { peer, peerName: last }: Socket): string {
	const other = d.state.anons[peer];
	return other?.kind === 'socket' ? other.name : last;
}

export function getName(d: Decision, fd: number, at: number, lengthAt: number, peer: boolean): number {
	const found = socketAt(d, fd);
	if (typeof found === 'number') return found;
	const { socket } = found;
	if (peer && !socket.connected) return -Errno.ENOTCONN;
	return tellAddress(d, addressOf(peer ? peerName(d, socket) : socket.name), at, lengthAt);
}
