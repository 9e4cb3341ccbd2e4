/** The calls about sockets in strace's format; those made through socketcall(2) are shown as the ones they stand for. */
import { AF_UNIX, SCM, SO, SOL_SOCKET } from '../../kernel/abi/anon.ts';
import { SOCKET_CALLS } from '../../kernel/calls/sockets.ts';
import { type CallContext, enumText, flagsText, iovecText, type Part, part } from './strace-args.ts';
import { CALL, type CallText, done } from './strace-parts.ts';
import { hex, pointer, quote, type ReadMemory, SHOWN, view } from './strace-words.ts';
import { structText } from './structs.ts';

/** The call that socketcall(2) stands for, with that one's arguments; undefined = none, or they cannot be read. */
export function socketStandsFor(
	[call, at]: readonly number[],
	read: ReadMemory,
): { readonly name: string; readonly args: readonly number[] } | undefined {
	const entry = SOCKET_CALLS[call];
	const words = entry && at !== 0 ? read(at, entry.words * 4) : undefined;
	if (entry === undefined || words === undefined) return undefined;
	const args = Array.from({ length: 6 }, (_, i) => (i < entry.words ? view(words).getUint32(i * 4, true) : 0));
	return { name: entry.name, args };
}

/** A struct sockaddr of so many bytes. */
function addressText(address: number, length: number, read: ReadMemory): string {
	const bytes = address === 0 || (length | 0) < 2 ? undefined : read(address, Math.min(length, 128));
	if (bytes === undefined) return pointer(address);
	const family = view(bytes).getUint16(0, true);
	const name = family === 0 ? 'AF_UNSPEC' : enumText('domain', family);
	const rest = bytes.subarray(2, 110);
	if (family === AF_UNIX && rest.length === 0) return '{sa_family=AF_UNIX}';
	if (family === AF_UNIX) {
		const path = rest[0] === 0 ? `@${quote(rest.subarray(1), false)}` : quote(beforeNul(rest), false);
		return `{sa_family=AF_UNIX, sun_path=${path}}`;
	}
	return rest.length === 0 ? `{sa_family=${name}}` : `{sa_family=${name}, sa_data=${quote(rest, false)}}`;
}

function beforeNul(bytes: Uint8Array): Uint8Array {
	const nul = bytes.indexOf(0);
	return nul < 0 ? bytes : bytes.subarray(0, nul);
}

const wordAt = (read: ReadMemory, at: number): number | undefined => {
	const bytes = at === 0 ? undefined : read(at, 4);
	return bytes && view(bytes).getInt32(0, true);
};

/** An address that the caller gives, and one that it gets. */
const given = (i: number): Part => ({ text: ({ args, read }) => addressText(args[i], args[i + 1], read) });
const got = (i: number): Part => ({
	out: true,
	text: (c) => (done(c) ? addressText(c.args[i], wordAt(c.read, c.args[i + 1]) ?? 0, c.read) : pointer(c.args[i])),
});
/** The length of one, as it was and as it became. */
const gotLength = (i: number): Part => ({
	out: true,
	text: ({ args, read, before }) => {
		const now = wordAt(read, args[i]);
		if (now === undefined) return pointer(args[i]);
		const was = before?.slice(1, -1);
		return was === undefined || was === `${now}` ? `[${now}]` : `[${was} => ${now}]`;
	},
});

const LEVEL: Part = { text: ({ args }) => (args[1] === SOL_SOCKET ? 'SOL_SOCKET' : `${args[1] | 0}`) };
const OPTION: Part = { text: ({ args }) => (args[1] === SOL_SOCKET ? enumText('sockopt', args[2]) : `${args[2] | 0}`) };

function optionText(c: CallContext, length: number): string {
	const { args, read } = c;
	const [, level, name, at] = args;
	const bytes = at === 0 ? undefined : read(at, Math.max(0, Math.min(length, SHOWN)));
	if (bytes === undefined) return pointer(at);
	if (level === SOL_SOCKET && name === SO.PEERCRED && length === 12) return credText(bytes);
	if (level !== SOL_SOCKET || [SO.RCVTIMEO, SO.SNDTIMEO].includes(name as 20)) return quote(bytes, length > SHOWN);
	return length < 4 ? pointer(at) : `[${view(bytes).getInt32(0, true)}]`;
}

function credText(bytes: Uint8Array): string {
	const word = (i: number) => view(bytes).getInt32(4 * i, true);
	return `{pid=${word(0)}, uid=${word(1)}, gid=${word(2)}}`;
}

/** Control messages; what they came to is in the header. */
function controlText(at: number, length: number, read: ReadMemory): string {
	const bytes = read(at, length);
	if (bytes === undefined) return pointer(at);
	const out: string[] = [];
	for (let offset = 0; offset + 12 <= length; ) {
		const size = view(bytes).getUint32(offset, true);
		const level = view(bytes).getInt32(offset + 4, true);
		const type = view(bytes).getInt32(offset + 8, true);
		const data = bytes.subarray(offset + 12, Math.min(length, offset + Math.max(12, size)));
		const known = level === SOL_SOCKET ? Object.entries(SCM).find(([, n]) => n === type)?.[0] : undefined;
		const fds = () => Array.from({ length: data.length >> 2 }, (_, i) => view(data).getInt32(4 * i, true)).join(', ');
		let shown = known === 'RIGHTS' && data.length > 0 ? `, cmsg_data=[${fds()}]` : '';
		if (known === 'CREDENTIALS' && data.length >= 12) shown = `, cmsg_data=${credText(data)}`;
		if (level !== SOL_SOCKET && data.length > 0) shown = `, cmsg_data=${quote(data, false)}`;
		const kind = known ? `SCM_${known}` : level === SOL_SOCKET ? enumText('scm', type) : hex(type);
		out.push(`{cmsg_len=${size}, cmsg_level=${level === SOL_SOCKET ? 'SOL_SOCKET' : level}, cmsg_type=${kind}${shown}}`);
		if (size < 12) out.push(`... /* ${pointer(at + offset)} */`);
		if (size < 12) break;
		offset += (size + 3) & ~3;
	}
	return `[${out.join(', ')}]`;
}

/** struct msghdr. @param came bytes that came, of one that was received; undefined: it is sent */
function messageText(at: number, read: ReadMemory, came: number | undefined): string | undefined {
	const raw = at === 0 ? undefined : read(at, 28);
	if (raw === undefined) return undefined;
	const [name, nameLength, iov, segments, control, controlLength, flags] = [0, 4, 8, 12, 16, 20, 24].map((o) =>
		view(raw).getUint32(o, true),
	);
	const parts = [`msg_name=${addressText(name, nameLength, read)}`, `msg_namelen=${nameLength | 0}`];
	parts.push(`msg_iov=${iovecText(iov, segments, came ?? Number.POSITIVE_INFINITY, read)}`, `msg_iovlen=${segments}`);
	if (controlLength > 0 && control !== 0) parts.push(`msg_control=${controlText(control, controlLength, read)}`);
	parts.push(`msg_controllen=${controlLength}`, `msg_flags=${flagsText('msg', flags)}`);
	return `{${parts.join(', ')}}`;
}

const SENT: Part = { text: ({ args, read }) => messageText(args[1], read, undefined) ?? pointer(args[1]) };
const RECEIVED: Part = {
	out: true,
	text: (c) => {
		const { args, read, result = 0 } = c;
		if (done(c)) return messageText(args[1], read, result) ?? pointer(args[1]);
		const length = wordAt(read, args[1] === 0 ? 0 : args[1] + 4);
		return length === undefined ? pointer(args[1]) : `{msg_namelen=${length}}`;
	},
};
/** The messages of sendmmsg, recvmmsg; `msg_len` of those that went or came. */
const several = (received: boolean): Part => ({
	out: true,
	text: (c) => {
		const { args, read, result = 0 } = c;
		const [, at, total] = args;
		if (received && !done(c)) return pointer(at);
		const count = Math.min(received ? result : total, SHOWN);
		const out = Array.from({ length: count }, (_, i) => {
			const length = wordAt(read, at + i * 32 + 28);
			const text = messageText(at + i * 32, read, received ? length : undefined);
			return text === undefined ? pointer(at + i * 32) : `{msg_hdr=${text}${i < result ? `, msg_len=${length}` : ''}}`;
		});
		return `[${out.join(', ')}]`;
	},
});
const RECVMMSG = (time: 'timespec' | 'timespec64'): CallText => ({
	parts: [part('fd', 0), several(true), part('uint', 2), part('flags:msg', 3), CALL.struct(time, 4)],
	result: (c) => {
		const left = c.args[4] === 0 ? '' : ` (left ${structText(time, c.args[4], c.read)})`;
		return `${c.result}${left}`;
	},
});

const BYTES: readonly Part[] = [part('fd', 0), part('buf', 1), part('size', 2), part('flags:msg', 3)];
const ROOM: readonly Part[] = [part('fd', 0), part('buf-out', 1), part('size', 2), part('flags:msg', 3)];
/** MSG_TRUNC tells a length that is more than there is room for. */
const inRoom = (parts: readonly Part[]): readonly Part[] =>
	parts.map((p, i) =>
		i === 1 ? { ...p, text: (c) => p.text({ ...c, result: c.result && Math.min(c.result, c.args[2] | 0) }) } : p,
	);
const NAMES: readonly Part[] = [part('fd', 0), got(1), gotLength(2)];

export const SOCKET_TEXTS: { readonly [name: string]: CallText } = {
	// Through socketcall these have no row that says it.
	socket: { parts: [part('enum:domain', 0), part('flags:socket', 1), part('int', 2)] },
	socketpair: { parts: [part('enum:domain', 0), part('flags:socket', 1), part('int', 2), part('fdpair-out', 3)] },
	listen: { parts: [part('fd', 0), part('int', 1)] },
	shutdown: { parts: [part('fd', 0), part('enum:shutdown', 1)] },
	bind: { parts: [part('fd', 0), given(1), part('int', 2)] },
	connect: { parts: [part('fd', 0), given(1), part('int', 2)] },
	accept: { parts: NAMES },
	accept4: { parts: [...NAMES, part('flags:socket_bits', 3)] },
	getsockname: { parts: NAMES },
	getpeername: { parts: NAMES },
	getsockopt: {
		parts: [
			part('fd', 0),
			LEVEL,
			OPTION,
			{ out: true, text: (c) => (done(c) ? optionText(c, wordAt(c.read, c.args[4]) ?? 0) : pointer(c.args[3])) },
			gotLength(4),
		],
	},
	setsockopt: { parts: [part('fd', 0), LEVEL, OPTION, { text: (c) => optionText(c, c.args[4]) }, part('int', 4)] },
	send: { parts: BYTES },
	sendto: { parts: [...BYTES, given(4), part('int', 5)] },
	recv: { parts: inRoom(ROOM) },
	recvfrom: { parts: [...inRoom(ROOM), got(4), gotLength(5)] },
	sendmsg: { parts: [part('fd', 0), SENT, part('flags:msg', 2)] },
	recvmsg: { parts: [part('fd', 0), RECEIVED, part('flags:msg', 2)] },
	sendmmsg: { parts: [part('fd', 0), several(false), part('uint', 2), part('flags:msg', 3)] },
	recvmmsg: RECVMMSG('timespec'),
	recvmmsg_time64: RECVMMSG('timespec64'),
};
