/** Reducers of sockets: bytes come, and are taken (net/unix/af_unix.c). */
import { assert } from '../events/assert.ts';
import type { Anon, SocketMessage } from '../events/entities.ts';
import type { FileEvent } from '../events/files.ts';
import type { StateDraft } from './draft.ts';
import { entity, plain } from './draft.ts';
import { dropFileIfUnused } from './lifetime.ts';

/** Type of a socket without message boundaries. */
const SOCK_STREAM = 1;

/** Bytes that a socket sent and nobody has read yet, with what they take beside them (sk_wmem_alloc). */
export function inFlight(anons: { readonly [id: number]: Anon }, sender: number): number {
	let sum = 0;
	for (const anon of Object.values(anons)) {
		if (anon.kind !== 'socket') continue;
		for (const message of plain(anon.queue)) if (message.sender === sender) sum += message.charge;
	}
	return sum;
}

/** unix_writable: a quarter of what may be on its way from a socket is, or less. */
export function isWritable(anons: { readonly [id: number]: Anon }, socket: Anon & { readonly kind: 'socket' }): boolean {
	return socket.backlog < 0 && 4 * inFlight(anons, socket.id) <= socket.options.sndbuf;
}

/** Bytes come to a socket or are taken from it. */
export function reduceSocket(d: StateDraft, e: Extract<FileEvent, { kind: 'socket/receive' | 'socket/take' }>): void {
	const socket = entity(d, 'anons', e.anon);
	assert(socket.kind === 'socket', `anon ${e.anon} is no socket`);
	const queue = plain(socket.queue);
	if (e.kind === 'socket/receive') {
		const { bytes, sender, from, charge, files, cred } = e;
		socket.queue = [...queue, { bytes, sender, from, charge, files, cred }];
		socket.wakes = { ...socket.wakes, read: socket.wakes.read + 1 };
		return;
	}
	const { gone, left } = taken(queue, socket.type === SOCK_STREAM, e.length);
	socket.queue = left;
	for (const { files } of queue.slice(0, gone.length + 1)) {
		if (!left.some((m) => m.files === files)) for (const file of files) dropFileIfUnused(d, file);
	}
	for (const sender of new Set(gone.map((m) => m.sender))) {
		const from = sender === 0 ? undefined : entity(d, 'anons', sender);
		if (from?.kind !== 'socket' || !isWritable(d.anons, from)) continue;
		from.wakes = { ...from.wakes, write: from.wakes.write + 1 };
	}
}

/** What of a queue goes, and what stays: the first message, or so many bytes of a stream; files go with the first byte. */
function taken(
	queue: readonly SocketMessage[],
	stream: boolean,
	length: number,
): { readonly gone: readonly SocketMessage[]; readonly left: readonly SocketMessage[] } {
	if (!stream) {
		assert(queue.length > 0 && length <= queue[0].bytes.length, 'as many bytes as came');
		return { gone: queue.slice(0, 1), left: queue.slice(1) };
	}
	let rest = length;
	for (const [i, message] of queue.entries()) {
		if (rest >= message.bytes.length) rest -= message.bytes.length;
		else {
			const first = { ...message, bytes: message.bytes.subarray(rest), files: rest > 0 ? [] : message.files };
			return { gone: queue.slice(0, i), left: [first, ...queue.slice(i + 1)] };
		}
	}
	assert(rest === 0, 'as many bytes as came');
	return { gone: queue, left: [] };
}
