/** Readiness of open files, as poll(2) and select(2) see it, and what to wait for (the poll operations of each kind of file). */
import type { Anon, Inode, OpenFile, Task, ThreadGroup, WaitOn, Wakes } from '../events/entities.ts';
import type { MachineState } from '../reducers/state.ts';
import { DGRAM_QUEUE, EPOLL, SHUT, SOCK, SOCKET_BUFFER } from './abi/anon.ts';
import { O, PIPE_BUF } from './abi/fcntl.ts';
import { POLL } from './abi/poll.ts';
import { pipeEnds, streamOf } from './file-data.ts';
import { hasExited } from './pidfds.ts';
import { setOf } from './signal-queue.ts';
import { ttyReadiness } from './tty/data.ts';
import { endOf } from './tty/terminal.ts';

/** Who looks at a file: a decision, or a task of a state. */
export interface Looker {
	readonly state: MachineState;
	readonly task: Task;
	readonly group: ThreadGroup;
}

export interface Readiness {
	/** POLL bits that hold now. */
	readonly mask: number;
	/** What may make more of them hold. Nothing that is there already: who sleeps for it would wake at once, for ever. */
	readonly waits: readonly WaitOn[];
	/** How often who waits for it was woken so far. */
	readonly wakes: Wakes;
}

export const READABLE = POLL.IN | POLL.RDNORM;
const WRITABLE = POLL.OUT | POLL.WRNORM;
/** Bits that say an end is closed. */
const ENDS = POLL.ERR | POLL.HUP | POLL.RDHUP;
const NEVER: Wakes = { read: 0, write: 0 };
/** Files that have nothing to wait for (DEFAULT_POLLMASK). */
const ALWAYS: Readiness = { mask: READABLE | WRITABLE, waits: [], wakes: NEVER };
/** An eventfd counts up to here. */
export const EVENTFD_MAX = 0xfffffffffffffffen;

export function readiness(look: Looker, file: OpenFile): Readiness {
	const inode = look.state.inodes[file.inode];
	if (inode.kind === 'fifo') return pipeReadiness(look, file, inode);
	if (inode.kind === 'anon' || inode.kind === 'socket') return anonReadiness(look, look.state.anons[inode.channel]);
	const end = inode.kind === 'tty' ? endOf(look.state, inode) : undefined;
	if (end?.tty.streams.length === 0) return ttyReadiness(look.state, end);
	const stream = streamOf(look, inode);
	return stream < 0 ? ALWAYS : streamReadiness(look, file, stream);
}

function pipeReadiness(look: Looker, file: OpenFile, inode: Inode): Readiness {
	const pipe = look.state.pipes[inode.channel];
	const ends = pipeEnds(look, inode);
	const access = file.flags & O.ACCMODE;
	const waits: WaitOn[] = [];
	let mask = 0;
	if (access !== O.WRONLY) {
		if (pipe.data.length > 0) mask |= READABLE;
		if (ends.writers === 0) mask |= POLL.HUP;
		if (pipe.data.length === 0 && ends.writers > 0) waits.push({ kind: 'pipe-readable', pipe: pipe.id });
	}
	if (access !== O.RDONLY) {
		const room = pipe.capacity - pipe.data.length >= PIPE_BUF;
		if (room) mask |= WRITABLE;
		if (ends.readers === 0) mask |= POLL.ERR;
		if (!room && ends.readers > 0) waits.push({ kind: 'pipe-writable', pipe: pipe.id, bytes: PIPE_BUF });
	}
	return { mask, waits, wakes: pipe.wakes };
}

function streamReadiness(look: Looker, file: OpenFile, id: number): Readiness {
	const stream = look.state.streams[id];
	if (stream === undefined || stream.kind === 'file') return ALWAYS;
	const access = file.flags & O.ACCMODE;
	let mask = access !== O.RDONLY ? WRITABLE : 0;
	const reads = access !== O.WRONLY;
	if (reads && (stream.unread.length > 0 || (stream.eof && stream.kind !== 'pipe'))) mask |= READABLE;
	if (reads && stream.eof && stream.kind === 'pipe') mask |= POLL.HUP;
	const empty = stream.unread.length === 0 && !stream.eof;
	const wakes = { read: stream.arrivals, write: 0 };
	return { mask, waits: reads && empty ? [{ kind: 'stream-readable', stream: id }] : [], wakes };
}

export function anonReadiness(look: Looker, anon: Anon): Readiness {
	const readable: WaitOn = { kind: 'anon-readable', anon: anon.id };
	switch (anon.kind) {
		case 'eventfd': {
			const full = anon.count >= EVENTFD_MAX;
			const mask = (anon.count > 0n ? POLL.IN : 0) | (full ? 0 : POLL.OUT);
			const waits: WaitOn[] = anon.count > 0n ? [] : [readable];
			if (full) waits.push({ kind: 'anon-writable', anon: anon.id, bytes: 1 });
			return { mask, waits, wakes: anon.wakes };
		}
		case 'timerfd':
			return { mask: anon.ticks > 0 ? POLL.IN : 0, waits: anon.ticks > 0 ? [] : [readable], wakes: anon.wakes };
		case 'signalfd': {
			const pending = [...look.task.pending, ...look.group.pending];
			const here = (setOf(pending) & anon.mask) !== 0n;
			return { mask: here ? POLL.IN : 0, waits: here ? [] : [readable], wakes: { read: pending.length, write: 0 } };
		}
		case 'epoll': {
			const ready = readyItems(look, anon);
			// Input from outside comes only to who sleeps for it.
			const outside = anon.items.flatMap((i) => {
				const file = look.state.files[i.file];
				return i.events & READABLE ? readiness(look, file).waits.filter((w) => w.kind === 'stream-readable') : [];
			});
			const mask = ready.length > 0 ? READABLE : 0;
			return { mask, waits: ready.length > 0 ? [] : [readable, ...outside], wakes: wakesOf(look, anon) };
		}
		case 'pidfd': {
			const over = hasExited(look.state, anon);
			return { mask: over ? READABLE : 0, waits: over ? [] : [readable], wakes: { read: over ? 1 : 0, write: 0 } };
		}
		case 'socket':
			return socketReadiness(look, anon);
	}
}

/** An epoll is woken whenever one of its files is. */
function wakesOf(look: Looker, epoll: Anon & { kind: 'epoll' }): Wakes {
	let read = 0;
	for (const item of epoll.items) {
		const { wakes } = readiness(look, look.state.files[item.file]);
		read += wakes.read + wakes.write;
	}
	return { read, write: 0 };
}

function socketReadiness({ state }: Looker, socket: Anon & { kind: 'socket' }): Readiness {
	const waits: WaitOn[] = [];
	let mask = 0;
	if (socket.queue.length > 0 || socket.shut & SHUT.RCV) mask |= READABLE;
	else waits.push({ kind: 'anon-readable', anon: socket.id });
	if (socket.shut & SHUT.RCV) mask |= POLL.RDHUP;
	if (socket.shut === (SHUT.RCV | SHUT.SEND)) mask |= POLL.HUP;
	if (!socket.connected && socket.type !== SOCK.DGRAM) mask |= POLL.HUP;
	const bytes = (SOCKET_BUFFER * 3) / 4;
	if (socketRoom(state, socket) >= bytes) mask |= WRITABLE | POLL.WRBAND;
	else waits.push({ kind: 'anon-writable', anon: socket.id, bytes });
	return { mask, waits, wakes: socket.wakes };
}

/** Bytes that fit into what a socket's other end has not read yet; without one nothing is in the way. */
export function socketRoom(state: MachineState, socket: Anon & { kind: 'socket' }): number {
	const peer = state.anons[socket.peer];
	if (peer?.kind !== 'socket') return SOCKET_BUFFER;
	if (socket.type === SOCK.DGRAM && peer.queue.length > DGRAM_QUEUE) return 0;
	return SOCKET_BUFFER - peer.queue.reduce((sum, message) => sum + message.length, 0);
}

/** An item of an epoll that is ready: its place, the bits to report, and what to remember when it is reported. */
export interface ReadyItem {
	readonly index: number;
	readonly mask: number;
	readonly seen: Wakes & { readonly ends: number };
}

/** The items of an epoll that epoll_wait would report, in order (fs/eventpoll.c ep_send_events). */
export function readyItems(look: Looker, epoll: Anon & { kind: 'epoll' }): readonly ReadyItem[] {
	const found: ReadyItem[] = [];
	epoll.items.forEach(({ file, events, seen }, index) => {
		const now = readiness(look, look.state.files[file]);
		const mask = now.mask & events;
		if (mask === 0) return;
		const ends = now.mask & ENDS;
		if (events & EPOLL.ET && seen !== null) {
			const read = events & (READABLE | POLL.PRI) && now.wakes.read !== seen.read;
			const write = events & (WRITABLE | POLL.WRBAND) && now.wakes.write !== seen.write;
			if (!read && !write && ends === seen.ends) return;
		}
		found.push({ index, mask, seen: { ...now.wakes, ends } });
	});
	return found;
}

/** Whether a wait is for input from outside, which comes only to a task that sleeps for it. */
export function asksOutside(waits: readonly WaitOn[]): boolean {
	return waits.some((w) => w.kind === 'stream-readable');
}
