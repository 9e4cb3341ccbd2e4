/** AF_UNIX sockets: bytes on their way to one (net/unix/af_unix.c, net/core/sock.c, net/core/skbuff.c of Linux 6.1). */
import type { Anon, OpenFile, SocketCred, SocketMessage, Task, WaitOn } from '../events/entities.ts';
import { inFlight } from '../reducers/sockets.ts';
import { MSG, SHUT, SOCK, SOCKET_BUFFER } from './abi/anon.ts';
import { Errno } from './abi/errno.ts';
import { O } from './abi/fcntl.ts';
import { Sig } from './abi/signal.ts';
import { sleepFor } from './anon-data.ts';
import type { Block, Decision, NeedInput } from './decision.ts';
import { unsupported } from './fail.ts';
import { postSelf } from './file-data.ts';
import { inodeOf, usableFileAt } from './open-file.ts';
import { hears, isAccepted, passesCreds, queueFull } from './poll.ts';
import type { Resume } from './row.ts';
import { autobind, findSocket } from './unix-names.ts';

export type Socket = Anon & { readonly kind: 'socket' };

/** A call that may have slept: why it is looked at again, and what it had done. */
export interface Again {
	readonly resume: Resume | null;
	readonly args: readonly number[];
}

/** What a call had done before it slept. */
export function again(d: Decision, resume: Resume | null): Again {
	return { resume, args: resume === null ? [] : (d.task.restartBlock?.args ?? []) };
}

/** A socket that is nobody's yet. @param type SOCK_* */
export const unconnected = (type: number) =>
	({
		kind: 'socket',
		type,
		peer: 0,
		connected: false,
		queue: [],
		shut: 0,
		error: 0,
		name: '',
		named: false,
		bound: 0,
		peerName: '',
		backlog: -1,
		waiting: [],
		peerCred: null,
		options: { flags: 0, sndbuf: SOCKET_BUFFER, rcvbuf: SOCKET_BUFFER, lowat: 1, rcvTimeout: null, sndTimeout: null },
		wakes: { read: 0, write: 0 },
	}) as const;

/** -EBADF, -ENOTSOCK */
export function socketAt(d: Decision, fd: number): { readonly file: OpenFile; readonly socket: Socket } | number {
	const file = usableFileAt(d, fd);
	if (file === undefined) return -Errno.EBADF;
	const socket = d.state.anons[inodeOf(d, file).kind === 'socket' ? inodeOf(d, file).channel : 0];
	return socket?.kind === 'socket' ? { file, socket } : -Errno.ENOTSOCK;
}

export function setSocket(d: Decision, socket: Socket, fields: Partial<Socket>): void {
	d.emit({ kind: 'anon/set', anon: { ...socket, ...fields } });
}

/** sock_error: -errno of what happened to a socket, told once. 0 = nothing */
export function takeError(d: Decision, socket: Socket): number {
	if (socket.error === 0) return 0;
	setSocket(d, socket, { error: 0 });
	return -socket.error;
}

/** Who sends, as messages say it: the real ids. */
export function sendingCred({ tgid, creds }: Task): SocketCred {
	return { pid: tgid, uid: creds.uid, gid: creds.gid };
}

/** Who is at an end, as SO_PEERCRED says it: the effective ids. */
export function peeringCred({ tgid, creds }: Task): SocketCred {
	return { pid: tgid, uid: creds.euid, gid: creds.egid };
}

/** Whether a call may not sleep. @param timeout SO_RCVTIMEO, SO_SNDTIMEO */
export function mayNotSleep(file: OpenFile, flags: number, timeout: number | null): boolean {
	return (file.flags & O.NONBLOCK) !== 0 || (flags & MSG.DONTWAIT) !== 0 || timeout === 0;
}

/** A sleep for at most `timeout` ns from when the call began. @param args what it has done */
export function sleepOn(d: Decision, on: WaitOn, timeout: number | null, { resume }: Again, args: readonly number[]): Block {
	const block = sleepFor(on);
	const deadline = resume !== null ? resume.wait.deadline : timeout === null ? null : d.now + timeout;
	const restartBlock = args.length > 0 ? { call: 'socket', deadline: null, args } : null;
	return { ...block, wait: { ...block.wait, deadline }, restartBlock };
}

/** Why a sleep is over when not for what it waited for: -EAGAIN, or what a signal makes of it (sock_intr_errno). 0 = look again */
export function sleptEnough({ resume }: Again, timeout: number | null): number {
	if (resume === null || resume.reason === 'ready') return 0;
	if (resume.reason === 'timeout') return -Errno.EAGAIN;
	return timeout === null ? resume.wait.restart : -Errno.EINTR;
}

/** What is sent. `to`: the name of the socket it is for; '' = the other end. */
export interface Parcel {
	readonly bytes: Uint8Array;
	readonly files: readonly number[];
	/** Who the sender says it is; null = nothing said. */
	readonly cred: SocketCred | null;
	readonly to: string;
}

/** sizeof(struct skb_shared_info) and sizeof(struct sk_buff) of a 64-bit kernel, aligned; the most in an skb's head and frags. */
const SHARED_INFO = 320;
const SK_BUFF = 256;
const PAGE = 4096;
const MAX_HEAD = PAGE - SHARED_INFO;
const MAX_ALLOC = 4 * PAGE - SHARED_INFO;
const STREAM_FRAGS = 32768;
const MAX_FRAGS = 17 * PAGE;
const pages = (n: number): number => Math.ceil(n / PAGE) * PAGE;

/** What a message takes of the sender's buffer (skb->truesize): its head as kmalloc rounds it, and whole pages. */
function truesize(stream: boolean, length: number): number {
	const rest = stream ? Math.max(0, length - MAX_HEAD) : Math.max(0, Math.min(length - MAX_ALLOC, MAX_FRAGS));
	const data = Math.min(length, pages(rest));
	const head = Math.ceil((length - data) / 64) * 64 + SHARED_INFO;
	return 2 ** (32 - Math.clz32(head - 1)) + SK_BUFF + pages(data);
}

function put(d: Decision, socket: Socket, to: Socket, parcel: Parcel, from: number, length: number): void {
	const stream = socket.type === SOCK.STREAM;
	const said = parcel.cred ?? (passesCreds(socket) || passesCreds(to) || !isAccepted(d.state, to) ? sendingCred(d.task) : null);
	const message: SocketMessage = {
		bytes: parcel.bytes.slice(from, from + length),
		sender: socket.id,
		from: socket.name,
		charge: truesize(stream, length),
		files: from === 0 ? parcel.files : [],
		cred: said,
	};
	d.emit({ kind: 'socket/receive', anon: to.id, ...message });
}

/**
 * Sends: of a stream as it fits, else as one message; a call that sleeps remembers how far it came.
 * -errno: EPIPE (of a stream with SIGPIPE), ENOTCONN, ECONNREFUSED, ECONNRESET, EMSGSIZE, EAGAIN, EPERM.
 */
export function send(
	d: Decision,
	file: OpenFile,
	socket: Socket,
	parcel: Parcel,
	flags: number,
	was: Again,
): number | Block | NeedInput {
	if (flags & MSG.OOB) return unsupported(d, 'MSG_OOB', Errno.EOPNOTSUPP);
	return socket.type === SOCK.STREAM
		? sendStream(d, file, socket, parcel, flags, was)
		: sendMessage(d, file, socket, parcel, flags, was);
}

function sendStream(d: Decision, file: OpenFile, socket: Socket, parcel: Parcel, flags: number, was: Again): number | Block {
	const { id, options } = socket;
	const { length } = parcel.bytes;
	let done = was.args[0] ?? 0;
	const broken = (): number => {
		if (done > 0) return done;
		if (!(flags & MSG.NOSIGNAL)) postSelf(d, Sig.SIGPIPE);
		return -Errno.EPIPE;
	};
	if (!socket.connected) return -Errno.ENOTCONN;
	if (socket.shut & SHUT.SEND) return broken();
	const over = sleptEnough(was, options.sndTimeout);
	if (over !== 0) return done > 0 ? done : over;
	while (done < length) {
		if (inFlight(d.state.anons, id) >= options.sndbuf) {
			if (mayNotSleep(file, flags, options.sndTimeout)) return done > 0 ? done : -Errno.EAGAIN;
			return sleepOn(d, { kind: 'anon-writable', anon: id, bytes: 1 }, options.sndTimeout, was, [done]);
		}
		const peer = d.state.anons[socket.peer];
		if (peer?.kind !== 'socket' || peer.shut & SHUT.RCV) return broken();
		// Two of them are to fit, so that both ends have something to do.
		const n = Math.min(length - done, (options.sndbuf >> 1) - 64, MAX_HEAD + STREAM_FRAGS);
		put(d, socket, peer, parcel, done, n);
		done += n;
	}
	return done;
}

function sendMessage(
	d: Decision,
	file: OpenFile,
	sender: Socket,
	parcel: Parcel,
	flags: number,
	was: Again,
): number | Block | NeedInput {
	const { id, options, type } = sender;
	const { length } = parcel.bytes;
	const connected = type === SOCK.SEQPACKET;
	const reset = connected ? takeError(d, sender) : 0;
	if (reset !== 0) return reset;
	if (parcel.to === '' && !sender.connected) return -Errno.ENOTCONN;
	if (passesCreds(sender) && sender.name === '') autobind(d, sender);
	if (length > options.sndbuf - 32) return -Errno.EMSGSIZE;
	const error = takeError(d, sender);
	if (error !== 0) return error;
	if (sender.shut & SHUT.SEND) return -Errno.EPIPE;
	const over = sleptEnough(was, options.sndTimeout);
	if (over !== 0) return over;
	const later = (on: WaitOn): number | Block =>
		mayNotSleep(file, flags, options.sndTimeout) ? -Errno.EAGAIN : sleepOn(d, on, options.sndTimeout, was, []);
	if (inFlight(d.state.anons, id) >= options.sndbuf) return later({ kind: 'anon-writable', anon: id, bytes: 1 });
	const socket = d.state.anons[id] as Socket;
	const peer = parcel.to === '' ? d.state.anons[socket.peer] : findSocket(d, parcel.to, type);
	if (typeof peer === 'number' || peer?.kind === 'need') return peer;
	if (peer?.kind !== 'socket') {
		if (connected) return -Errno.EPIPE;
		// The connection is over (unix_dgram_disconnected): what came by it is lost.
		for (const { bytes } of socket.queue) d.emit({ kind: 'socket/take', anon: id, length: bytes.length });
		setSocket(d, d.state.anons[id] as Socket, { connected: false, peerName: '' });
		return -Errno.ECONNREFUSED;
	}
	if (!hears(peer, id)) return -Errno.EPERM;
	if (peer.shut & SHUT.RCV) return -Errno.EPIPE;
	if (peer.id !== id && peer.peer !== id && queueFull(peer)) return later({ kind: 'socket-room', anon: peer.id, bytes: 1 });
	put(d, socket, peer, parcel, 0, length);
	return length;
}
