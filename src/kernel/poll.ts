/** Readiness of open files, as poll(2) and select(2) see it, and what to wait for (the poll operations of each kind of file). */
import type { Anon, Inode, OpenFile, Task, ThreadGroup, WaitOn, Wakes } from '../events/entities.ts';
import { isWritable } from '../reducers/sockets.ts';
import type { MachineState } from '../reducers/state.ts';
import { DGRAM_QUEUE, EPOLL, SHUT, SO, SOCK } from './abi/anon.ts';
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
		case 'ns':
			return ALWAYS;
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

type Socket = Anon & { readonly kind: 'socket' };

/** unix_poll, unix_dgram_poll. */
function socketReadiness({ state }: Looker, socket: Socket): Readiness {
	const { id, type, shut, backlog } = socket;
	const waits: WaitOn[] = [];
	let mask = socket.error !== 0 ? POLL.ERR : 0;
	if (socket.queue.length + socket.waiting.length > 0 || shut & SHUT.RCV) mask |= READABLE;
	else waits.push({ kind: 'anon-readable', anon: id });
	if (shut & SHUT.RCV) mask |= POLL.RDHUP;
	if (shut === (SHUT.RCV | SHUT.SEND)) mask |= POLL.HUP;
	if (type !== SOCK.DGRAM && !socket.connected && backlog < 0) mask |= POLL.HUP;
	const peer = state.anons[socket.peer];
	const full = type === SOCK.DGRAM && peer?.kind === 'socket' && peer.peer !== id && queueFull(peer);
	if (!isWritable(state.anons, socket)) waits.push({ kind: 'anon-writable', anon: id, bytes: 0 });
	else if (full) waits.push({ kind: 'socket-room', anon: peer.id, bytes: 0 });
	else mask |= WRITABLE | POLL.WRBAND;
	return { mask, waits: backlog < 0 ? waits : waits.filter((w) => w.kind === 'anon-readable'), wakes: socket.wakes };
}

/** unix_recvq_full: more wait than are to. */
export function queueFull({ backlog, waiting, queue }: Socket): boolean {
	return backlog >= 0 ? waiting.length > backlog : queue.length > DGRAM_QUEUE;
}

/** unix_may_send: a datagram socket that is connected hears from its other end alone. */
export function hears(socket: Socket, from: number): boolean {
	return !socket.connected || socket.peer === from;
}

/** SO_PASSCRED. */
export function passesCreds({ options }: Socket): boolean {
	return (options.flags & (1 << SO.PASSCRED)) !== 0;
}

/** Whether an end of a connection has a descriptor yet. */
export function isAccepted({ anons }: MachineState, { id }: Socket): boolean {
	return !Object.values(anons).some((a) => a.kind === 'socket' && a.waiting.includes(id));
}

/**
 * Whether there is room for what somebody waits for. @param own whether for what the socket sends itself, or for what comes to it
 * @param asks a poll asks: what ends a call that sends is no room
 */
export function hasSocketRoom(state: MachineState, anon: Anon | undefined, own: boolean, asks: boolean): boolean {
	if (anon?.kind !== 'socket') return true;
	if (!own) return !queueFull(anon) || (!asks && (anon.shut & SHUT.RCV) !== 0);
	const over = asks ? anon.shut === (SHUT.RCV | SHUT.SEND) : (anon.shut & SHUT.SEND) !== 0;
	return over || anon.error !== 0 || isWritable(state.anons, anon);
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
