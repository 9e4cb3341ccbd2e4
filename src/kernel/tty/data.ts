/** Reading and writing terminals (n_tty_read, n_tty_write, hung_up_tty_fops of Linux 6.1). */
import type { OpenFile, WaitOn } from '../../events/entities.ts';
import type { Tty } from '../../events/tty.ts';
import type { MachineState } from '../../reducers/state.ts';
import { Restart } from '../../reducers/state.ts';
import { Errno } from '../abi/errno.ts';
import { O } from '../abi/fcntl.ts';
import { POLL } from '../abi/poll.ts';
import { Sig } from '../abi/signal.ts';
import { CC, LFLAG, termiosOf } from '../abi/termios.ts';
import type { Block, Decision } from '../decision.ts';
import type { Source } from '../file-data.ts';
import type { Readiness } from '../poll.ts';
import type { Resume } from '../row.ts';
import { checkForeground } from './control.ts';
import { readable } from './line.ts';
import { BACKLOG, outputRoom } from './output.ts';
import { type End, isVacant, withLine } from './terminal.ts';

/** ns of a unit of VTIME. */
const TENTH = 100_000_000;
/** Bytes that the kernel moves at once between the discipline and the reader (iterate_tty_read): VMIN beyond it counts as this. */
const CHUNK = 64;
/** TIOCPKT_DATA: data follow. */
const DATA = 0;

const NOTHING: Source = { bytes: new Uint8Array(0), take: () => {} };

function block(on: WaitOn, deadline: number | null = null): Block {
	return { kind: 'block', wait: { on: [on], deadline, restart: Restart.SYS, signals: 0n }, restartBlock: null };
}

const input = (tty: Tty, bytes: number): WaitOn => ({ kind: 'tty-readable', tty: tty.id, master: false, bytes });

/** What a read of `count` > 0 bytes from an end of a pseudo-terminal gets. */
export function readTty(d: Decision, file: OpenFile, end: End, count: number, resume: Resume | null): Source | Block | number {
	return end.master ? readMaster(d, file, end.tty, count, resume) : readSlave(d, file, end.tty, count, resume);
}

function readMaster(d: Decision, file: OpenFile, tty: Tty, count: number, resume: Resume | null): Source | Block | number {
	if (tty.packet && tty.status !== 0)
		return { bytes: Uint8Array.of(tty.status), take: () => withLine(d, tty.id, (line) => line.takeStatus()) };
	if (tty.output.length > 0) {
		const head = tty.packet ? 1 : 0;
		const bytes = new Uint8Array(Math.min(count, tty.output.length + head));
		if (head) bytes[0] = DATA;
		bytes.set(tty.output.subarray(0, bytes.length - head), head);
		return { bytes, take: (n) => withLine(d, tty.id, (line) => line.takeOutput(n - head)) };
	}
	if (isVacant(d.state, tty)) return -Errno.EIO;
	if (resume?.reason === 'signal') return resume.wait.restart;
	if (file.flags & O.NONBLOCK) return -Errno.EAGAIN;
	return block({ kind: 'tty-readable', tty: tty.id, master: true, bytes: 1 });
}

function readSlave(d: Decision, file: OpenFile, tty: Tty, count: number, resume: Resume | null): Source | Block | number {
	// Who slept when the master closed sees its end gone; who comes later a dead file.
	if (tty.hungUp) return resume === null ? NOTHING : -Errno.EIO;
	const refused = resume === null ? checkForeground(d, tty, Sig.SIGTTIN) : 0;
	if (refused !== 0) return refused;
	const { l, cc } = termiosOf(tty.termios);
	const take = (n: number) => withLine(d, tty.id, (line) => line.take(n));
	const there = readable(tty, count);
	const found: Source = { bytes: there ?? NOTHING.bytes, take };
	if (l & LFLAG.ICANON) {
		if (there !== null) return found;
		if (resume?.reason === 'signal') return resume.wait.restart;
		return file.flags & O.NONBLOCK ? -Errno.EAGAIN : block(input(tty, 1));
	}
	const [least, tenths] = [cc[CC.VMIN], cc[CC.VTIME]];
	const wanted = Math.min(Math.max(1, least), count, CHUNK);
	const length = found.bytes.length;
	if (length >= wanted || resume?.reason === 'timeout') return found;
	if (length === 0 && least === 0 && tenths === 0) return NOTHING;
	if (file.flags & O.NONBLOCK) return length > 0 ? found : -Errno.EAGAIN;
	if (resume?.reason === 'signal') return length > 0 ? found : resume.wait.restart;
	// Without VMIN the time runs from the call, with it from each byte.
	if (least === 0) return block(input(tty, 1), resume === null ? d.now + tenths * TENTH : resume.wait.deadline);
	if (tenths === 0) return block(input(tty, wanted));
	return length === 0 ? block(input(tty, 1)) : block(input(tty, length + 1), d.now + tenths * TENTH);
}

/**
 * Bytes to an end of a pseudo-terminal; a blocking write goes on from where it was (the restart block keeps how far it came).
 * @returns bytes written, -errno, or the wait for room
 */
export function writeTty(d: Decision, file: OpenFile, end: End, bytes: Uint8Array, resume: Resume | null): number | Block {
	const { id } = end.tty;
	const before = resume === null ? 0 : (d.task.restartBlock?.args[0] ?? 0);
	if (!end.master) {
		if (end.tty.hungUp) return before > 0 ? before : -Errno.EIO;
		const tostop = (termiosOf(end.tty.termios).l & LFLAG.TOSTOP) !== 0;
		const refused = tostop && resume === null ? checkForeground(d, end.tty, Sig.SIGTTOU) : 0;
		if (refused !== 0) return refused;
	}
	if (resume?.reason === 'signal') return before > 0 ? before : resume.wait.restart;
	const rest = bytes.subarray(before);
	const done = before + withLine(d, id, (line) => (end.master ? line.receive(rest) : line.write(rest)));
	if (done === bytes.length) return done;
	if (file.flags & O.NONBLOCK) return done > 0 ? done : -Errno.EAGAIN;
	const wait = block({ kind: 'tty-writable', tty: id, master: end.master });
	return { ...wait, restartBlock: { call: 'write', deadline: null, args: [done] } };
}

/** Whether a sleeper's wait for input, or for output as the master sees it, is over. */
export function ttyHasInput(state: MachineState, id: number, master: boolean, bytes: number): boolean {
	const tty = state.ttys[id];
	if (tty === undefined || tty.hungUp) return true;
	if (master) return tty.output.length > 0 || (tty.packet && tty.status !== 0) || isVacant(state, tty);
	const there = readable(tty, bytes);
	if (there === null) return false;
	return (termiosOf(tty.termios).l & LFLAG.ICANON) !== 0 || there.length >= bytes;
}

/** Whether something can be written. */
export function ttyHasRoom(state: MachineState, id: number, master: boolean): boolean {
	const tty = state.ttys[id];
	if (tty === undefined || tty.hungUp) return true;
	return master ? tty.backlog.length < BACKLOG : !tty.stopped && outputRoom(tty.output.length) > 0;
}

const HUNG_UP = POLL.IN | POLL.OUT | POLL.ERR | POLL.HUP | POLL.RDNORM | POLL.WRNORM;

/** As poll sees an end of a pseudo-terminal (n_tty_poll). */
export function ttyReadiness(state: MachineState, { tty, master }: End): Readiness {
	const wakes = master ? tty.wakes.master : tty.wakes.slave;
	if (!master && tty.hungUp) return { mask: HUNG_UP, waits: [], wakes };
	const { cc } = termiosOf(tty.termios);
	const bytes = !master && cc[CC.VTIME] === 0 ? Math.max(1, cc[CC.VMIN]) : 1;
	const vacant = master && isVacant(state, tty);
	const waits: WaitOn[] = [];
	let mask = 0;
	const told = master && tty.packet && tty.status !== 0;
	if (told) mask |= POLL.PRI;
	if (master ? told || tty.output.length > 0 : ttyHasInput(state, tty.id, false, bytes)) mask |= POLL.IN | POLL.RDNORM;
	else if (!vacant) waits.push({ kind: 'tty-readable', tty: tty.id, master, bytes });
	if (vacant) mask |= POLL.HUP;
	if (ttyHasRoom(state, tty.id, master)) mask |= POLL.OUT | POLL.WRNORM;
	else waits.push({ kind: 'tty-writable', tty: tty.id, master });
	return { mask, waits, wakes };
}
