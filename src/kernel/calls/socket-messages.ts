/** Messages of sockets: sendto, sendmsg, sendmmsg, recvfrom, recvmsg, recvmmsg (net/socket.c of Linux 6.1). */
import { MSG, SOCK } from '../abi/anon.ts';
import { Errno } from '../abi/errno.ts';
import { encodeNs, type TimeFormat, timeNs, validTime } from '../abi/time.ts';
import { viewOf } from '../abi/words.ts';
import type { Decision, Outcome } from '../decision.ts';
import { passesCreds } from '../poll.ts';
import type { Resume } from '../row.ts';
import { giveControl, readControl } from '../scm.ts';
import { type Beside, receiveInto } from '../socket-receive.ts';
import { type Again, again, type Socket, send, setSocket, socketAt, takeError } from '../sockets.ts';
import { addressOf, nameOf, readAddress, tellAddress } from '../unix-names.ts';
import { type Buffer, gather, totalLength, userBuffer, userVector } from '../user-buffers.ts';

/** The name in an address; '' = the other end. */
function target(d: Decision, socket: Socket, at: number, length: number): string | number {
	if (at === 0 || length === 0) return '';
	const address = readAddress(d, at, length);
	if (typeof address === 'number') return address;
	if (socket.type === SOCK.STREAM) return socket.connected ? -Errno.EISCONN : -Errno.EOPNOTSUPP;
	// Connected as it is, what it is told of addresses does not matter.
	return socket.type === SOCK.SEQPACKET ? '' : nameOf(address);
}

function sendBytes(
	d: Decision,
	fd: number,
	list: readonly Buffer[] | number,
	flags: number,
	to: readonly [at: number, length: number],
	control: readonly [at: number, length: number],
	was: Again,
): Outcome {
	const found = socketAt(d, fd);
	if (typeof found === 'number') return found;
	if (typeof list === 'number') return list;
	const beside = readControl(d, control[0], control[1]);
	if (typeof beside === 'number') return beside;
	const whom = target(d, found.socket, to[0], to[1]);
	if (typeof whom === 'number') return whom;
	const bytes = gather(d, list);
	const total = totalLength(list);
	if (bytes === undefined || bytes.length < total) {
		const { type, options } = found.socket;
		return type !== SOCK.STREAM && total > options.sndbuf - 32 ? -Errno.EMSGSIZE : -Errno.EFAULT;
	}
	return send(d, found.file, found.socket, { bytes, ...beside, to: whom }, flags, was);
}

/** struct msghdr of i386: name, namelen, iov, iovlen, control, controllen, flags. */
function message(d: Decision, at: number): readonly number[] | number {
	const raw = d.read(at, 28);
	if (raw === undefined) return -Errno.EFAULT;
	const words = [0, 4, 8, 12, 16, 20, 24].map((o) => viewOf(raw).getUint32(o, true));
	const [, nameLength, , segments, , controlLength] = words;
	if ((nameLength | 0) < 0) return -Errno.EINVAL;
	if (segments > 1024) return -Errno.EMSGSIZE;
	return controlLength > 0x7fffffff ? -Errno.ENOBUFS : words;
}

export function sendto(d: Decision, args: readonly number[], resume: Resume | null): Outcome {
	const [fd, buffer, length, flags, to, toLength] = args;
	return sendBytes(d, fd, userBuffer(buffer, length), flags, [to, toLength], [0, 0], again(d, resume));
}

export function sendmsg(d: Decision, fd: number, at: number, flags: number, was: Again): Outcome {
	const header = message(d, at);
	if (typeof header === 'number') return header;
	const [name, nameLength, iov, segments, control, controlLength] = header;
	const to = [name, Math.min(nameLength, 128)] as const;
	return sendBytes(d, fd, userVector(d, iov, segments), flags, to, [control, controlLength], was);
}

export function recvmsg(d: Decision, fd: number, at: number, flags: number, was: Again): Outcome {
	const found = socketAt(d, fd);
	if (typeof found === 'number') return found;
	const header = message(d, at);
	if (typeof header === 'number') return header;
	const [name, , iov, segments, control, controlLength] = header;
	const list = userVector(d, iov, segments);
	if (typeof list === 'number') return list;
	const { file, socket } = found;
	let beside: Beside | undefined;
	let given = { used: 0, told: 0 };
	const tell = (got: Beside): void => {
		beside = got;
		given = giveControl(d, got, passesCreds(socket), control, controlLength, flags);
	};
	const done = receiveInto(d, { file, socket, list, flags, was }, tell);
	if (typeof done !== 'number' || done < 0) return done;
	const from = beside?.from ?? '';
	const told = name === 0 ? 0 : tellAddress(d, from === '' ? new Uint8Array(0) : addressOf(from), name, at + 4);
	if (told < 0) return told;
	const bits = given.told | (beside?.cut ? MSG.TRUNC : 0) | (flags & MSG.CMSG_CLOEXEC);
	if (!d.writeU32(at + 24, bits) || !d.writeU32(at + 20, given.used)) return -Errno.EFAULT;
	return done;
}

export function recvfrom(d: Decision, args: readonly number[], resume: Resume | null): Outcome {
	const [fd, buffer, length, flags, name, lengthAt] = args;
	const found = socketAt(d, fd);
	if (typeof found === 'number') return found;
	const list = userBuffer(buffer, length);
	if (typeof list === 'number') return list;
	let from = '';
	const done = receiveInto(d, { ...found, list, flags, was: again(d, resume) }, (got) => {
		from = got.from;
	});
	if (typeof done !== 'number' || done < 0 || name === 0) return done;
	const told = tellAddress(d, from === '' ? new Uint8Array(0) : addressOf(from), name, lengthAt);
	return told < 0 ? told : done;
}

/** struct mmsghdr: a msghdr, and how much was sent or came. */
const MMSGHDR = 32;
const MAX_MESSAGES = 1024;

/**
 * Message after message. A call that sleeps remembers which it is at, and until when it goes on.
 * @param over whether there is no time for another @returns how many; -errno when the first failed
 */
function several(
	d: Decision,
	[at, count, deadline]: readonly [at: number, count: number, deadline: number | null],
	resume: Resume | null,
	one: (at: number, i: number, was: Again) => Outcome,
	over: () => boolean = () => false,
): Outcome {
	const { args } = again(d, resume);
	const [begun = 0] = args;
	let was: Again = { resume, args: args.slice(1) };
	for (let i = begun; i < Math.min(count, MAX_MESSAGES); i++) {
		if (i > 0 && was.resume === null && over()) return i;
		const place = at + i * MMSGHDR;
		const done = one(place, i, was);
		if (typeof done !== 'number') {
			if (done.kind !== 'block') return done;
			return { ...done, restartBlock: { call: 'socket', deadline, args: [i, ...(done.restartBlock?.args ?? [])] } };
		}
		if (done < 0) return i > 0 ? i : done;
		if (!d.writeU32(place + 28, done)) return i > 0 ? i : -Errno.EFAULT;
		was = { resume: null, args: [] };
	}
	return Math.min(count, MAX_MESSAGES);
}

export function sendmmsg(d: Decision, [fd, at, count, flags]: readonly number[], resume: Resume | null): Outcome {
	const found = socketAt(d, fd);
	if (typeof found === 'number') return found;
	return several(d, [at, count, null], resume, (place, _, was) => sendmsg(d, fd, place, flags, was));
}

/**
 * The time-out is looked at between messages only: who sleeps for one is not woken by it. What is left of it is told. What
 * goes wrong behind the first message the next call is told.
 */
export function recvmmsg(d: Decision, args: readonly number[], resume: Resume | null, format: TimeFormat): Outcome {
	const [fd, at, count, flags, timeAt] = args;
	const raw = timeAt === 0 ? undefined : d.read(timeAt, format.bytes);
	if (timeAt !== 0 && raw === undefined) return -Errno.EFAULT;
	const time = raw && format.decode(raw);
	if (time && !validTime(time, format)) return -Errno.EINVAL;
	const found = socketAt(d, fd);
	if (typeof found === 'number') return found;
	const error = resume === null ? takeError(d, found.socket) : 0;
	if (error !== 0) return error;
	const began = resume === null ? null : (d.task.restartBlock?.deadline ?? null);
	const end = time === undefined ? null : (began ?? d.now + timeNs(time, format));
	const one = (place: number, i: number, was: Again): Outcome => {
		const done = recvmsg(d, fd, place, (flags & ~MSG.WAITFORONE) | (i > 0 && flags & MSG.WAITFORONE ? MSG.DONTWAIT : 0), was);
		const failed = typeof done === 'number' && done < 0 && done > -RESTARTS && done !== -Errno.EAGAIN;
		if (failed && i > 0) setSocket(d, d.state.anons[found.socket.id] as Socket, { error: -done });
		return done;
	};
	const got = several(d, [at, count, end], resume, one, () => end !== null && d.now >= end);
	if (typeof got !== 'number' || got <= 0 || end === null) return got;
	return d.write(timeAt, encodeNs(Math.max(0, end - d.now), format)) ? got : -Errno.EFAULT;
}

/** ERESTARTSYS: numbers from here on are no errors that a program sees. */
const RESTARTS = 512;
