/** epoll (fs/eventpoll.c). */
import type { Anon, EpollItem, Inode } from '../../events/entities.ts';
import { Restart } from '../../reducers/state.ts';
import { EPOLL, EPOLL_CTL, EPOLL_EVENT_BYTES, EPOLL_PRIVATE } from '../abi/anon.ts';
import { Errno } from '../abi/errno.ts';
import { O } from '../abi/fcntl.ts';
import { POLL } from '../abi/poll.ts';
import { TIMESPEC64, timeNs, validTime } from '../abi/time.ts';
import { viewOf } from '../abi/words.ts';
import type { Decision, Outcome } from '../decision.ts';
import { ASK_NS, DEVICE } from '../file-data.ts';
import { inodeOf, usableFileAt } from '../open-file.ts';
import { anonReadiness, asksOutside, readyItems } from '../poll.ts';
import type { Resume, SyscallRow } from '../row.ts';
import { setBlocked } from '../signal-queue.ts';
import { anonAt, openAnon } from './anon.ts';
import { interrupted, maskSignals } from './poll.ts';

type Epoll = Anon & { readonly kind: 'epoll' };

/** How deep epolls may look at each other (EP_MAX_NESTS). */
const MAX_NESTS = 4;

function create(d: Decision, flags: number): number {
	if (flags & ~O.CLOEXEC) return -Errno.EINVAL;
	return openAnon(d, { kind: 'epoll', items: [] }, O.RDWR | flags, 'anon_inode:[eventpoll]');
}

/** How many epolls stand below one another, `epoll` included; beyond MAX_NESTS where they go in a circle. */
function depth(d: Decision, epoll: Epoll, level = 1): number {
	let deepest = level;
	for (const { file } of epoll.items) {
		const inode = inodeOf(d, d.state.files[file]);
		const below = inode.kind === 'anon' ? d.state.anons[inode.channel] : undefined;
		if (below?.kind === 'epoll' && level <= MAX_NESTS) deepest = Math.max(deepest, depth(d, below, level + 1));
	}
	return deepest;
}

function reaches(d: Decision, from: Epoll, to: number): boolean {
	return from.items.some(({ file }) => {
		const inode = inodeOf(d, d.state.files[file]);
		const below = inode.kind === 'anon' ? d.state.anons[inode.channel] : undefined;
		return below?.kind === 'epoll' && (below.id === to || reaches(d, below, to));
	});
}

/** Whether there is something to wait for (file_can_poll). */
function canPoll({ kind, rdev }: Inode): boolean {
	return kind !== 'file' && kind !== 'dir' && (kind !== 'char' || rdev === DEVICE.RANDOM);
}

function control(d: Decision, args: readonly number[]): number {
	const [epfd, op, fd, at] = args;
	let events = 0;
	let data = 0n;
	if (op !== EPOLL_CTL.DEL) {
		const raw = d.read(at, EPOLL_EVENT_BYTES);
		if (raw === undefined) return -Errno.EFAULT;
		events = viewOf(raw).getUint32(0, true);
		data = viewOf(raw).getBigUint64(4, true);
	}
	const file = usableFileAt(d, fd);
	const epoll = anonAt(d, epfd, 'epoll');
	if (file === undefined || epoll === -Errno.EBADF) return -Errno.EBADF;
	const inode = inodeOf(d, file);
	if (!canPoll(inode)) return -Errno.EPERM;
	if (epoll === undefined || typeof epoll === 'number' || usableFileAt(d, epfd)?.id === file.id) return -Errno.EINVAL;
	const target = inode.kind === 'anon' ? d.state.anons[inode.channel] : undefined;
	if (events & EPOLL.EXCLUSIVE && (op === EPOLL_CTL.MOD || target?.kind === 'epoll' || events & EPOLL.ONESHOT)) {
		return -Errno.EINVAL;
	}
	const at0 = epoll.items.findIndex((i) => i.fd === fd && i.file === file.id);
	const item: EpollItem = { fd, file: file.id, events: (events | POLL.ERR | POLL.HUP) >>> 0, data, seen: null };
	const set = (items: readonly EpollItem[]) => {
		d.emit({ kind: 'anon/set', anon: { ...epoll, items } });
		return 0;
	};
	switch (op) {
		case EPOLL_CTL.ADD:
			if (target?.kind === 'epoll') {
				if (target.id === epoll.id || reaches(d, target, epoll.id) || depth(d, target) > MAX_NESTS) return -Errno.ELOOP;
			}
			return at0 >= 0 ? -Errno.EEXIST : set([...epoll.items, item]);
		case EPOLL_CTL.DEL:
			return at0 < 0 ? -Errno.ENOENT : set(epoll.items.filter((_, i) => i !== at0));
		case EPOLL_CTL.MOD:
			if (at0 < 0) return -Errno.ENOENT;
			if (epoll.items[at0].events & EPOLL.EXCLUSIVE) return -Errno.EINVAL;
			return set(epoll.items.map((i, n) => (n === at0 ? item : i)));
		default:
			return -Errno.EINVAL;
	}
}

/** Tells the guest of ready items, and remembers it: of an edge what was seen, of a one-shot that it is spent. */
function report(d: Decision, epoll: Epoll, at: number, most: number): number {
	const ready = readyItems(d, epoll);
	const told = ready.slice(0, most);
	const out = new Uint8Array(told.length * EPOLL_EVENT_BYTES);
	const items = [...epoll.items];
	told.forEach(({ index, mask, seen }, i) => {
		const item = items[index];
		viewOf(out).setUint32(i * EPOLL_EVENT_BYTES, mask, true);
		viewOf(out).setBigUint64(i * EPOLL_EVENT_BYTES + 4, item.data, true);
		const events = item.events & EPOLL.ONESHOT ? (item.events & EPOLL_PRIVATE) >>> 0 : item.events;
		items[index] = { ...item, events, seen: item.events & EPOLL.ET ? seen : null };
	});
	if (!d.write(at, out)) return -Errno.EFAULT;
	// Whoever was told of goes behind those who were not.
	const last = new Set(told.length < ready.length ? told.map((t) => t.index) : []);
	const order = [...items.filter((_, i) => !last.has(i)), ...items.filter((_, i) => last.has(i))];
	if (order.some((item, i) => item !== epoll.items[i])) d.emit({ kind: 'anon/set', anon: { ...epoll, items: order } });
	return told.length;
}

/** @param ns how long to wait; null = for ever */
function wait(d: Decision, args: readonly number[], ns: number | null, resume: Resume | null): Outcome {
	const [epfd, at, most] = args;
	if ((most | 0) <= 0 || most > Math.floor(0x7fffffff / EPOLL_EVENT_BYTES)) return -Errno.EINVAL;
	const epoll = anonAt(d, epfd, 'epoll');
	if (typeof epoll === 'number') return epoll;
	if (epoll === undefined) return -Errno.EINVAL;
	const found = report(d, epoll, at, most);
	if (found !== 0) return found;
	// A signal ends the wait with EINTR whatever its handler says.
	if (resume?.reason === 'signal' || (resume === null && interrupted(d))) return -Errno.EINTR;
	if (resume?.reason === 'timeout') return 0;
	const { waits } = anonReadiness(d, epoll);
	if (ns === 0 && !asksOutside(waits)) return 0;
	const deadline =
		resume !== null ? resume.wait.deadline : ns === null ? null : Math.min(d.now + Math.max(ns, ASK_NS), Number.MAX_SAFE_INTEGER);
	return { kind: 'block', wait: { on: waits, deadline, restart: Restart.NOHAND, signals: 0n }, restartBlock: null };
}

/** epoll_pwait: the mask is the caller's for the time of the call, and comes back unless a signal is to be delivered. */
function pwait(
	d: Decision,
	args: readonly number[],
	ns: number | null,
	sig: readonly [number, number],
	resume: Resume | null,
): Outcome {
	if (resume === null) {
		const refused = maskSignals(d, sig[0], sig[1]);
		if (refused) return refused;
	}
	const result = wait(d, args, ns, resume);
	if (typeof result === 'number' && result !== -Errno.EINTR && d.task.savedMask !== null) setBlocked(d, d.task.savedMask, null);
	return result;
}

const milliseconds = (timeout: number): number | null => ((timeout | 0) < 0 ? null : timeout * 1e6);

function pwait2(d: Decision, args: readonly number[], resume: Resume | null): Outcome {
	const [, , , at, mask, size] = args;
	if (at === 0 || resume !== null) return pwait(d, args, null, [mask, size], resume);
	const raw = d.read(at, TIMESPEC64.bytes);
	if (raw === undefined) return -Errno.EFAULT;
	const time = TIMESPEC64.decode(raw);
	return validTime(time, TIMESPEC64) ? pwait(d, args, timeNs(time, TIMESPEC64), [mask, size], null) : -Errno.EINVAL;
}

const ORDER = 'ready descriptors come in the order in which they were added';

export const epollRows: readonly SyscallRow[] = [
	{
		nr: 254,
		name: 'epoll_create',
		args: ['int'],
		result: 'fd',
		support: 'full',
		handler: (d, [size]) => ((size | 0) <= 0 ? -Errno.EINVAL : create(d, 0)),
	},
	{
		nr: 329,
		name: 'epoll_create1',
		args: ['flags:epoll'],
		result: 'fd',
		support: 'full',
		handler: (d, [flags]) => create(d, flags),
	},
	{
		nr: 255,
		name: 'epoll_ctl',
		args: ['fd', 'enum:epoll_ctl', 'fd', 'addr'],
		support: 'full',
		handler: (d, args) => control(d, args),
	},
	{
		nr: 256,
		name: 'epoll_wait',
		args: ['fd', 'addr', 'int', 'int'],
		support: 'partial',
		note: ORDER,
		onSignal: true,
		handler: (d, args, resume) => wait(d, args, milliseconds(args[3]), resume),
	},
	{
		nr: 319,
		name: 'epoll_pwait',
		args: ['fd', 'addr', 'int', 'int', 'sigset', 'size'],
		support: 'partial',
		note: ORDER,
		onSignal: true,
		handler: (d, args, resume) => pwait(d, args, milliseconds(args[3]), [args[4], args[5]], resume),
	},
	{
		nr: 441,
		name: 'epoll_pwait2',
		args: ['fd', 'addr', 'int', 'struct:timespec64', 'sigset', 'size'],
		support: 'partial',
		note: ORDER,
		onSignal: true,
		handler: pwait2,
	},
];
