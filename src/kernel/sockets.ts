/** Bytes in and out of connected AF_UNIX sockets (net/unix/af_unix.c). */
import type { Anon, OpenFile } from '../events/entities.ts';
import { DGRAM_QUEUE, MSG, SHUT, SOCK, SOCKET_BUFFER } from './abi/anon.ts';
import { Errno } from './abi/errno.ts';
import { O } from './abi/fcntl.ts';
import { Sig } from './abi/signal.ts';
import { sleepFor } from './anon-data.ts';
import type { Block, Decision } from './decision.ts';
import { postSelf, type Source } from './file-data.ts';
import { socketRoom } from './poll.ts';
import type { Resume } from './row.ts';

export type Socket = Anon & { readonly kind: 'socket' };

const NOTHING: Source = { bytes: new Uint8Array(0), take: () => {} };

/** What a read of `count` > 0 bytes would get: of a stream what is there, else one message, cut. -errno: EINVAL EAGAIN. */
export function receive(file: OpenFile, d: Decision, socket: Socket, count: number, flags = 0): Source | Block | number {
	const [first] = socket.queue;
	if (first !== undefined) {
		const bytes = first.subarray(0, count);
		const take = (n: number) => {
			if (!(flags & MSG.PEEK)) d.emit({ kind: 'socket/take', anon: socket.id, length: n });
		};
		return { bytes, take };
	}
	if (socket.shut & SHUT.RCV) return NOTHING;
	if (!socket.connected && socket.type !== SOCK.DGRAM) return socket.type === SOCK.STREAM ? -Errno.EINVAL : -Errno.ENOTCONN;
	if (file.flags & O.NONBLOCK || flags & MSG.DONTWAIT) return -Errno.EAGAIN;
	return sleepFor({ kind: 'anon-readable', anon: socket.id });
}

/**
 * Sends bytes to the other end: of a stream as they fit (the restart block keeps how far it came), else as one message.
 * -errno: EPIPE with SIGPIPE, ENOTCONN, ECONNREFUSED, EMSGSIZE, EAGAIN.
 */
export function send(
	d: Decision,
	file: OpenFile,
	socket: Socket,
	bytes: Uint8Array,
	resume: Resume | null,
	flags = 0,
): number | Block {
	const stream = socket.type === SOCK.STREAM;
	const before = resume === null ? 0 : (d.task.restartBlock?.args[0] ?? 0);
	if (!socket.connected) return -Errno.ENOTCONN;
	if (socket.shut & SHUT.SEND || (socket.peer === 0 && socket.type !== SOCK.DGRAM)) {
		if (before > 0) return before;
		if (!(flags & MSG.NOSIGNAL)) postSelf(d, Sig.SIGPIPE);
		return -Errno.EPIPE;
	}
	if (socket.peer === 0) return -Errno.ECONNREFUSED;
	if (resume?.reason === 'signal') return before > 0 ? before : resume.wait.restart;
	if (stream && bytes.length === 0) return 0;
	if (!stream && bytes.length > SOCKET_BUFFER) return -Errno.EMSGSIZE;
	const rest = bytes.length - before;
	const room = socketRoom(d.state, socket);
	const peer = d.state.anons[socket.peer] as Socket;
	const full = socket.type === SOCK.DGRAM && peer.queue.length > DGRAM_QUEUE;
	const fits = full || (!stream && room < rest) ? -1 : Math.min(room, rest);
	if (fits > 0 || (fits === 0 && rest === 0)) {
		d.emit({ kind: 'socket/receive', anon: socket.peer, bytes: bytes.slice(before, before + fits) });
	}
	const done = before + Math.max(0, fits);
	if (done === bytes.length && fits >= 0) return done;
	if (file.flags & O.NONBLOCK || flags & MSG.DONTWAIT) return done > 0 ? done : -Errno.EAGAIN;
	const wait = sleepFor({ kind: 'anon-writable', anon: socket.id, bytes: stream ? 1 : Math.max(1, rest) });
	return { ...wait, restartBlock: { call: 'write', deadline: null, args: [done] } };
}
