/** Bytes out of AF_UNIX sockets, into the caller's buffers (net/unix/af_unix.c, net/core/datagram.c of Linux 6.1). */
import type { OpenFile, SocketCred, SocketMessage } from '../events/entities.ts';
import { MSG, SHUT, SOCK } from './abi/anon.ts';
import { Errno } from './abi/errno.ts';
import type { Block, Decision } from './decision.ts';
import { unsupported } from './fail.ts';
import { passesCreds } from './poll.ts';
import { type Again, mayNotSleep, type Socket, sleepOn, sleptEnough, takeError } from './sockets.ts';
import { type Buffer, scatter, totalLength, writableLength } from './user-buffers.ts';

/** What came beside the bytes. */
export interface Beside {
	/** The sender's name. */
	readonly from: string;
	readonly files: readonly number[];
	/** Who sent it; null = nobody said so. */
	readonly cred: SocketCred | null;
	/** Whether a message was longer than the buffers. */
	readonly cut: boolean;
}

/** At the end of a stream: a scm_cookie that nothing was put into. */
const NOTHING: Beside = { from: '', files: [], cred: { pid: 0, uid: 0, gid: 0 }, cut: false };

/** Told before the bytes are taken: files that came along have their descriptors before the message that holds them goes. */
export type Tell = (beside: Beside) => void;

/** What is asked for: of which socket, through which file, into which buffers, how (MSG_*), and what went before. */
export interface Receipt {
	readonly file: OpenFile;
	readonly socket: Socket;
	readonly list: readonly Buffer[];
	readonly flags: number;
	readonly was: Again;
}

/**
 * Receives into the buffers: of a stream what is there, else one message.
 * @returns bytes, a sleep, or -errno: EINVAL ENOTCONN EAGAIN EFAULT ECONNRESET EINTR
 */
export function receiveInto(d: Decision, asked: Receipt, tell: Tell = () => {}): number | Block {
	const stream = asked.socket.type === SOCK.STREAM;
	if (asked.flags & MSG.OOB) return unsupported(d, 'MSG_OOB', stream ? Errno.EINVAL : Errno.EOPNOTSUPP);
	return stream ? receiveStream(d, asked, tell) : receiveMessage(d, asked, tell);
}

function senderName(d: Decision, { sender, from }: SocketMessage): string {
	const socket = d.state.anons[sender];
	return socket?.kind === 'socket' ? socket.name : from;
}

function receiveMessage(d: Decision, { file, socket, list, flags, was }: Receipt, tell: Tell): number | Block {
	const { id, type, options, shut } = socket;
	if (type === SOCK.SEQPACKET && !socket.connected) return -Errno.ENOTCONN;
	const error = takeError(d, socket);
	if (error !== 0) return error;
	const [first] = socket.queue;
	if (first === undefined) {
		const ended = (shut & SHUT.RCV) !== 0;
		if (mayNotSleep(file, flags, options.rcvTimeout)) return ended && type === SOCK.SEQPACKET ? 0 : -Errno.EAGAIN;
		if (ended) return 0;
		const over = sleptEnough(was, options.rcvTimeout);
		return over !== 0 ? over : sleepOn(d, { kind: 'anon-readable', anon: id }, options.rcvTimeout, was, []);
	}
	const whole = first.bytes.length;
	const n = Math.min(whole, totalLength(list));
	const good = writableLength(d, list, n) === n;
	if (good) tell({ from: senderName(d, first), files: first.files, cred: first.cred, cut: n < whole });
	// A message that its reader cannot take is lost.
	if (!(flags & MSG.PEEK)) d.emit({ kind: 'socket/take', anon: id, length: whole });
	if (!good) return -Errno.EFAULT;
	scatter(d, list, first.bytes.subarray(0, n));
	return flags & MSG.TRUNC ? whole : n;
}

/** Pieces of a stream that are read at one go: up to and with the first that files came with, and from one writer if that counts. */
function pieces(queue: readonly SocketMessage[], room: number, writer: SocketCred | null | undefined): readonly SocketMessage[] {
	const out: SocketMessage[] = [];
	let length = 0;
	for (const piece of queue) {
		if (writer !== undefined && !sameCred(piece.cred, writer)) break;
		out.push(piece);
		length += piece.bytes.length;
		if (length >= room || piece.files.length > 0) break;
	}
	return out;
}

function sameCred(a: SocketCred | null, b: SocketCred | null): boolean {
	return a?.pid === b?.pid && a?.uid === b?.uid && a?.gid === b?.gid;
}

/** How far a stream was read before a sleep, and by whom that was written: bytes, pid + 1 or 0, uid, gid. */
function before({ args }: Again): { readonly done: number; readonly cred: SocketCred | null | undefined } {
	const [done = 0, pid, uid = 0, gid = 0] = args;
	return { done, cred: pid === undefined ? undefined : pid === 0 ? null : { pid: pid - 1, uid, gid } };
}

function receiveStream(d: Decision, { file, socket, list, flags, was }: Receipt, tell: Tell): number | Block {
	const { id, options, shut, queue } = socket;
	if (!socket.connected) return -Errno.EINVAL;
	const slept = before(was);
	const all = totalLength(list);
	const room = all - slept.done;
	const target = Math.max(1, flags & MSG.WAITALL ? all : Math.min(options.lowat, all));
	const writer = passesCreds(socket) ? (slept.cred === undefined ? queue[0]?.cred : slept.cred) : undefined;
	const taken = pieces(queue, room, writer);
	const there = taken.reduce((sum, { bytes }) => sum + bytes.length, 0);
	const wanted = Math.min(room, there);
	const rest = behind(list, slept.done);
	const n = writableLength(d, rest, wanted);
	if (n < wanted && n === 0) return slept.done > 0 ? slept.done : -Errno.EFAULT;
	const done = slept.done + n;
	const files = taken.at(-1)?.files ?? [];
	// What is not taken is from another writer, or more than there is room for.
	const more = taken.length < queue.length || room === 0;
	const enough = queue.length > 0 && (done >= target || files.length > 0 || n < wanted || more);
	const from = taken.length > 0 ? senderName(d, taken[0]) : socketName(d, socket);
	const beside = (): Beside => ({ from, files, cred: writer ?? null, cut: false });
	if (enough) tell(beside());
	if (n + files.length > 0) {
		if (!(flags & MSG.PEEK)) d.emit({ kind: 'socket/take', anon: id, length: n });
		scatter(d, rest, join(taken, n));
	}
	if (enough) return done;
	const told = (): number => {
		tell(done > 0 ? beside() : NOTHING);
		return done;
	};
	const error = takeError(d, d.state.anons[id] as Socket);
	if (error !== 0 || shut & SHUT.RCV) return error !== 0 && done === 0 ? error : told();
	if (mayNotSleep(file, flags, options.rcvTimeout)) return done > 0 ? told() : -Errno.EAGAIN;
	if (n > 0 && flags & MSG.PEEK) {
		unsupported(d, 'MSG_PEEK that waits for more', 0);
		return told();
	}
	const over = sleptEnough(was, options.rcvTimeout);
	if (over !== 0 && done > 0) return over === -Errno.EAGAIN ? told() : done;
	if (over !== 0) return over;
	const who = writer === undefined ? [] : writer === null ? [0] : [writer.pid + 1, writer.uid, writer.gid];
	const args = done > 0 || slept.done > 0 ? [done, ...who] : [];
	return sleepOn(d, { kind: 'anon-readable', anon: id }, options.rcvTimeout, was, args);
}

/** The name of the other end of a stream. */
function socketName(d: Decision, { peer, peerName }: Socket): string {
	const other = d.state.anons[peer];
	return other?.kind === 'socket' ? other.name : peerName;
}

function join(taken: readonly SocketMessage[], length: number): Uint8Array {
	if (taken.length === 1) return taken[0].bytes.subarray(0, length);
	const out = new Uint8Array(length);
	let at = 0;
	for (const { bytes } of taken) {
		out.set(bytes.subarray(0, length - at), at);
		at += Math.min(bytes.length, length - at);
	}
	return out;
}

/** The buffers behind their first bytes. */
function behind(list: readonly Buffer[], skip: number): readonly Buffer[] {
	if (skip === 0) return list;
	const out: Buffer[] = [];
	let left = skip;
	for (const { address, length } of list) {
		const cut = Math.min(left, length);
		left -= cut;
		if (cut < length) out.push({ address: address + cut, length: length - cut });
	}
	return out;
}
