/** poll, ppoll, select, pselect6 (fs/select.c). */
import type { WaitOn } from '../../events/entities.ts';
import { Restart } from '../../reducers/state.ts';
import { Errno } from '../abi/errno.ts';
import { POLL, SELECT_EX, SELECT_IN, SELECT_OUT } from '../abi/poll.ts';
import { encodeNs, TIMESPEC32, TIMESPEC64, TIMEVAL32, type TimeFormat, timeNs } from '../abi/time.ts';
import { viewOf } from '../abi/words.ts';
import type { Block, Decision, Outcome } from '../decision.ts';
import { ASK_NS } from '../file-data.ts';
import { descriptorLimit, usableFileAt } from '../open-file.ts';
import { asksOutside, readiness } from '../poll.ts';
import type { Resume, SyscallRow } from '../row.ts';
import { isIgnored, pendingSet, setBlocked } from '../signal-queue.ts';

/** What a look at all descriptors found. */
interface Look {
	/** Descriptors (or bits) that are ready. */
	readonly count: number;
	readonly waits: readonly WaitOn[];
	/** Tells the guest; false = EFAULT. */
	readonly tell: () => boolean;
}

/** When a wait ends: monotonic ns; null = never. A time that has come: only look. */
type Deadline = number | null;

/**
 * The common part: ready or timed out → the result; else sleep. Input of the recorder comes only to a sleeper, so whoever
 * does not want to wait sleeps for ASK_NS where that matters.
 * @returns `null` when a signal ends the wait
 */
function look(
	d: Decision,
	found: Look,
	deadline: Deadline,
	resume: Resume | null,
): number | Omit<Block['wait'], 'restart'> | null {
	const over = found.count > 0 || (deadline !== null && deadline <= d.now);
	if (resume === null && over && asksOutside(found.waits)) {
		return { on: found.waits, deadline: d.now + ASK_NS, signals: 0n };
	}
	const timedOut = over || resume?.reason === 'timeout';
	if (found.count === 0 && (resume?.reason === 'signal' || (resume === null && interrupted(d)))) return null;
	if (timedOut) return found.tell() ? found.count : -Errno.EFAULT;
	return { on: found.waits, deadline, signals: 0n };
}

/** Whether the mask of ppoll and pselect lets a signal through that was pending already. */
export function interrupted(d: Decision): boolean {
	const { task } = d;
	if (task.savedMask === null) return false;
	let open = pendingSet(d.state, task) & ~task.blocked;
	for (let signo = 1; open !== 0n; signo++, open >>= 1n) if (open & 1n && !isIgnored(d.state, task, signo)) return true;
	return false;
}

/** A deadline `ns` from now; capped where numbers stop being exact. */
function after(d: Decision, ns: number): number {
	return Math.min(d.now + ns, Number.MAX_SAFE_INTEGER);
}

/* ---- poll ---- */

/** Looks at an array of struct pollfd {int fd; short events, revents}. -errno: EINVAL EFAULT. */
function lookPoll(d: Decision, address: number, count: number): Look | number {
	if (count > descriptorLimit(d)) return -Errno.EINVAL;
	const fds = d.read(address, count * 8);
	if (fds === undefined) return -Errno.EFAULT;
	const view = viewOf(fds);
	const waits: WaitOn[] = [];
	let ready = 0;
	for (let i = 0; i < count; i++) {
		const fd = view.getInt32(i * 8, true);
		const events = view.getUint16(i * 8 + 4, true) | POLL.ERR | POLL.HUP;
		let revents = 0;
		if (fd >= 0) {
			const file = usableFileAt(d, fd);
			const now = file === undefined ? { mask: POLL.NVAL, waits: [] } : readiness(d, file);
			revents = now.mask & (events | POLL.NVAL);
			waits.push(...now.waits.filter((w) => w.kind !== 'stream-readable' || events & (POLL.IN | POLL.RDNORM)));
		}
		if (revents !== 0) ready++;
		view.setUint16(i * 8 + 6, revents, true);
	}
	const tell = () => {
		for (let i = 0; i < count; i++) if (!d.write(address + i * 8 + 6, fds.slice(i * 8 + 6, i * 8 + 8))) return false;
		return true;
	};
	return { count: ready, waits, tell };
}

function pollUntil(d: Decision, fds: number, count: number, deadline: Deadline, resume: Resume | null): Outcome {
	const found = lookPoll(d, fds, count);
	if (typeof found === 'number') return found;
	const wait = look(d, found, deadline, resume);
	if (wait === null) return Restart.BLOCK;
	if (typeof wait === 'number') return wait;
	return {
		kind: 'block',
		wait: { ...wait, restart: Restart.BLOCK },
		restartBlock: { call: 'poll', deadline, args: [fds, count] },
	};
}

/** @param timeout ms, i32; negative = for ever */
function poll(d: Decision, fds: number, count: number, timeout: number, resume: Resume | null): Outcome {
	const deadline = resume !== null ? (d.task.restartBlock?.deadline ?? null) : timeout < 0 ? null : after(d, timeout * 1e6);
	return pollUntil(d, fds, count, deadline, resume);
}

/** poll(2) goes on through restart_syscall, until the deadline it had. */
export function restartPoll(d: Decision, _args: readonly number[], resume: Resume | null): Outcome {
	const block = d.task.restartBlock;
	return block === null ? -Errno.EINTR : pollUntil(d, block.args[0], block.args[1], block.deadline, resume);
}

/* ---- the calls with a signal mask, and select ---- */

interface Timeout {
	/** null: none given, wait for ever. */
	readonly ns: number | null;
	/** 0, -EFAULT or -EINVAL. */
	readonly errno: number;
}

function readTimeout(d: Decision, address: number, format: TimeFormat): Timeout {
	if (address === 0) return { ns: null, errno: 0 };
	const raw = d.read(address, format.bytes);
	if (raw === undefined) return { ns: null, errno: -Errno.EFAULT };
	const time = format.decode(raw);
	// A timeval may hold more than a second of microseconds; a timespec may not.
	const perSecond = 1e9 / format.unit;
	if (time.sec < 0n || time.frac < 0 || (format !== TIMEVAL32 && time.frac >= perSecond))
		return { ns: null, errno: -Errno.EINVAL };
	return { ns: timeNs(time, format), errno: 0 };
}

/** The mask for the time of the call (set_user_sigmask): 0 or -errno. */
export function maskSignals(d: Decision, address: number, size: number): number {
	if (address === 0) return 0;
	if (size !== 8) return -Errno.EINVAL;
	const raw = d.read(address, 8);
	if (raw === undefined) return -Errno.EFAULT;
	setBlocked(d, viewOf(raw).getBigUint64(0, true), d.task.blocked);
	return 0;
}

/** Where the timeout stands, so that what is left of it can be written back. */
interface Clockwork {
	readonly address: number;
	readonly format: TimeFormat;
	readonly restores: boolean;
}

/** STICKY_TIMEOUTS of personality(2). */
const STICKY_TIMEOUTS = 0x4000000;

/**
 * Sleeps, or ends the call: the mask comes back unless a signal is to be delivered, and what is left of the timeout is
 * written (poll_select_finish).
 */
function finish(d: Decision, wait: ReturnType<typeof look>, deadline: Deadline, immediate: boolean, at: Clockwork): Outcome {
	if (wait !== null && typeof wait !== 'number') {
		const args = [deadline === null ? 0 : 1, immediate ? 1 : 0];
		return { kind: 'block', wait: { ...wait, restart: Restart.NOHAND }, restartBlock: { call: 'select', deadline, args } };
	}
	const result = wait ?? Restart.NOHAND;
	if (result !== Restart.NOHAND && at.restores && d.task.savedMask !== null) setBlocked(d, d.task.savedMask, null);
	if (deadline === null || immediate) return result;
	const told = !(d.task.personality & STICKY_TIMEOUTS) && d.write(at.address, encodeNs(Math.max(0, deadline - d.now), at.format));
	return !told && result === Restart.NOHAND ? -Errno.EINTR : result;
}

function ppoll(d: Decision, args: readonly number[], resume: Resume | null, format: TimeFormat): Outcome {
	const [fds, count, tsp, sigmask, size] = args;
	const at = { address: tsp, format, restores: true };
	if (resume !== null) {
		const { deadline, immediate } = sleepOf(d);
		const found = lookPoll(d, fds, count);
		return finish(d, typeof found === 'number' ? found : look(d, found, deadline, resume), deadline, immediate, at);
	}
	const timeout = readTimeout(d, tsp, format);
	if (timeout.errno) return timeout.errno;
	const refused = maskSignals(d, sigmask, size);
	if (refused) return refused;
	const deadline = timeout.ns === null ? null : after(d, timeout.ns);
	const found = lookPoll(d, fds, count);
	return finish(d, typeof found === 'number' ? found : look(d, found, deadline, null), deadline, timeout.ns === 0, at);
}

/** What the sleeping call left in its restart block. */
function sleepOf(d: Decision): { readonly deadline: Deadline; readonly immediate: boolean } {
	const block = d.task.restartBlock;
	return { deadline: block?.deadline ?? null, immediate: block?.args[1] === 1 };
}

/** Descriptors that a table of this machine's kernel holds (fdtable max_fds): bits beyond them are not looked at. */
function tableSize(d: Decision): number {
	const highest = Math.max(0, ...Object.keys(d.state.fdTables[d.task.fdTable].fds).map(Number));
	let size = highest < 32 ? 32 : 256;
	while (size <= highest) size *= 2;
	return size;
}

/** Looks at the three sets of select. -errno: EINVAL EFAULT EBADF. */
function lookSelect(d: Decision, n: number, sets: readonly number[]): Look | number {
	if ((n | 0) < 0) return -Errno.EINVAL;
	const limit = Math.min(n, tableSize(d));
	const bytes = Math.ceil(limit / 32) * 4;
	const wanted: (Uint8Array | null)[] = [];
	for (const address of sets) {
		const set = address === 0 ? null : d.read(address, bytes);
		if (set === undefined) return -Errno.EFAULT;
		wanted.push(set);
	}
	const found = wanted.map((set) => set && new Uint8Array(bytes));
	const has = (set: Uint8Array | null, fd: number) => set !== null && (set[fd >> 3] & (1 << (fd & 7))) !== 0;
	const masks = [SELECT_IN, SELECT_OUT, SELECT_EX];
	const waits: WaitOn[] = [];
	let count = 0;
	for (let fd = 0; fd < limit; fd++) {
		if (!wanted.some((set) => has(set, fd))) continue;
		const file = usableFileAt(d, fd);
		if (file === undefined) return -Errno.EBADF;
		const now = readiness(d, file);
		for (let i = 0; i < 3; i++) {
			const out = found[i];
			if (out === null || !has(wanted[i], fd)) continue;
			if (now.mask & masks[i]) {
				out[fd >> 3] |= 1 << (fd & 7);
				count++;
			}
		}
		const [reads, writes] = [has(wanted[0], fd), has(wanted[1], fd)];
		waits.push(...now.waits.filter((w) => (w.kind === 'pipe-writable' || w.kind === 'anon-writable' ? writes : reads)));
	}
	const tell = () => found.every((set, i) => set === null || d.write(sets[i], set));
	return { count, waits, tell };
}

function select(
	d: Decision,
	n: number,
	sets: readonly number[],
	at: Clockwork,
	mask: readonly [address: number, size: number],
	resume: Resume | null,
): Outcome {
	if (resume !== null) {
		const { deadline, immediate } = sleepOf(d);
		const found = lookSelect(d, n, sets);
		return finish(d, typeof found === 'number' ? found : look(d, found, deadline, resume), deadline, immediate, at);
	}
	const timeout = readTimeout(d, at.address, at.format);
	if (timeout.errno) return timeout.errno;
	const refused = maskSignals(d, mask[0], mask[1]);
	if (refused) return refused;
	const deadline = timeout.ns === null ? null : after(d, timeout.ns);
	const found = lookSelect(d, n, sets);
	return finish(d, typeof found === 'number' ? found : look(d, found, deadline, null), deadline, timeout.ns === 0, at);
}

/** select(2) of old: its arguments in memory. */
function oldSelect(d: Decision, address: number, resume: Resume | null): Outcome {
	const raw = d.read(address, 20);
	if (raw === undefined) return -Errno.EFAULT;
	const [n, r, w, x, tv] = [0, 4, 8, 12, 16].map((o) => viewOf(raw).getUint32(o, true));
	return select(d, n, [r, w, x], { address: tv, format: TIMEVAL32, restores: false }, [0, 0], resume);
}

/** pselect6: the last argument points to {u32 address, u32 size} of the mask. */
function pselect(d: Decision, args: readonly number[], resume: Resume | null, format: TimeFormat): Outcome {
	const [n, r, w, x, tsp, sig] = args;
	const pair = sig === 0 ? new Uint8Array(8) : d.read(sig, 8);
	if (pair === undefined) return -Errno.EFAULT;
	const mask = [viewOf(pair).getUint32(0, true), viewOf(pair).getUint32(4, true)] as const;
	return select(d, n, [r, w, x], { address: tsp, format, restores: true }, mask, resume);
}

export const pollRows: readonly SyscallRow[] = [
	{
		nr: 168,
		name: 'poll',
		args: ['fds', 'uint', 'int'],
		support: 'full',
		handler: (d, [fds, n, timeout], resume) => poll(d, fds, n, timeout | 0, resume),
	},
	{
		nr: 309,
		name: 'ppoll',
		args: ['fds', 'uint', 'struct:timespec', 'sigset', 'size'],
		support: 'full',
		onSignal: true,
		handler: (d, args, resume) => ppoll(d, args, resume, TIMESPEC32),
	},
	{
		nr: 414,
		name: 'ppoll_time64',
		args: ['fds', 'uint', 'struct:timespec64', 'sigset', 'size'],
		support: 'full',
		onSignal: true,
		handler: (d, args, resume) => ppoll(d, args, resume, TIMESPEC64),
	},
	{
		nr: 82,
		name: 'select',
		args: ['addr'],
		support: 'full',
		onSignal: true,
		handler: (d, [address], resume) => oldSelect(d, address, resume),
	},
	{
		nr: 142,
		name: '_newselect',
		args: ['int', 'addr', 'addr', 'addr', 'struct:timeval'],
		support: 'full',
		onSignal: true,
		handler: (d, [n, r, w, x, tv], resume) =>
			select(d, n, [r, w, x], { address: tv, format: TIMEVAL32, restores: false }, [0, 0], resume),
	},
	{
		nr: 308,
		name: 'pselect6',
		args: ['int', 'addr', 'addr', 'addr', 'struct:timespec', 'addr'],
		support: 'full',
		onSignal: true,
		handler: (d, args, resume) => pselect(d, args, resume, TIMESPEC32),
	},
	{
		nr: 413,
		name: 'pselect6_time64',
		args: ['int', 'addr', 'addr', 'addr', 'struct:timespec64', 'addr'],
		support: 'full',
		onSignal: true,
		handler: (d, args, resume) => pselect(d, args, resume, TIMESPEC64),
	},
];
