/** ioctls of terminals (drivers/tty/tty_io.c, tty_ioctl.c, tty_jobctrl.c, pty.c, n_tty.c of Linux 6.1). */
import type { OpenFile } from '../../events/entities.ts';
import type { Tty } from '../../events/tty.ts';
import { Errno } from '../abi/errno.ts';
import { Sig } from '../abi/signal.ts';
import { CC, DISABLED, IOCTL, N_TTY, settle, TERMIOS_BYTES, TERMIOS2_BYTES, termiosOf } from '../abi/termios.ts';
import type { Decision } from '../decision.ts';
import { unsupported } from '../fail.ts';
import { mayRead } from '../open-file.ts';
import { numberOf } from '../pids.ts';
import { checkForeground, claim, giveUp, setForeground, signalGroup } from '../tty/control.ts';
import { inputLength } from '../tty/line.ts';
import { openPeer } from '../tty/open.ts';
import { type End, SLAVE_MAJOR, setTty, withLine } from '../tty/terminal.ts';

/** Queues of TCFLSH, actions of TCXONC. */
const TCIFLUSH = 0;
const TCOFLUSH = 1;
const TCIOFLUSH = 2;
const TC = { OOFF: 0, OON: 1, IOFF: 2, ION: 3 } as const;

/** Calls that wait for output, or change how it flows: not for the background. */
const CHANGES: ReadonlySet<number> = new Set([IOCTL.TCSBRK, IOCTL.TCSBRKP, IOCTL.TCXONC, IOCTL.TCFLSH]);
const SETS: ReadonlyMap<number, readonly [bytes: number, flush: boolean]> = new Map([
	[IOCTL.TCSETS, [TERMIOS_BYTES, false]],
	[IOCTL.TCSETSW, [TERMIOS_BYTES, false]],
	[IOCTL.TCSETSF, [TERMIOS_BYTES, true]],
	[IOCTL.TCSETS2, [TERMIOS2_BYTES, false]],
	[IOCTL.TCSETSW2, [TERMIOS2_BYTES, false]],
	[IOCTL.TCSETSF2, [TERMIOS2_BYTES, true]],
]);

const word = (value: number) => new Uint8Array(Int32Array.of(value).buffer);

/** An ioctl of an end of a terminal: result or -errno. */
export function ttyIoctl(d: Decision, file: OpenFile, { tty, master }: End, request: number, arg: number): number {
	if (tty.hungUp && !master) return request === IOCTL.TIOCSPGRP ? -Errno.ENOTTY : -Errno.EIO;
	const put = (bytes: Uint8Array) => (d.write(arg, bytes) ? 0 : -Errno.EFAULT);
	const sets = SETS.get(request);
	if (sets !== undefined) return setTermios(d, tty, arg, ...sets);
	if (CHANGES.has(request)) {
		// A master is nobody's controlling terminal.
		const refused = master ? 0 : checkForeground(d, tty, Sig.SIGTTOU);
		if (refused !== 0) return refused;
	}
	const controls = d.group.tty === tty.id;
	switch (request) {
		case IOCTL.TCGETS:
			return put(tty.termios.slice(0, TERMIOS_BYTES));
		case IOCTL.TCGETS2:
			return put(tty.termios.slice());
		case IOCTL.TIOCGWINSZ:
			return put(new Uint8Array(Uint16Array.from(tty.window).buffer));
		case IOCTL.TIOCSWINSZ:
			return setWindow(d, tty, arg);
		case IOCTL.TIOCOUTQ:
			return put(word(0));
		case IOCTL.FIONREAD:
			return put(word(waiting(d, { tty, master })));
		case IOCTL.TIOCGPGRP:
			return controls || master ? put(word(numberOf(d, tty.pgrp))) : -Errno.ENOTTY;
		case IOCTL.TIOCGSID:
			return (controls || master) && tty.session !== 0 ? put(word(numberOf(d, tty.session))) : -Errno.ENOTTY;
		case IOCTL.TIOCSPGRP:
			return setForeground(d, tty, d.u32(arg));
		case IOCTL.TIOCSCTTY:
			return claim(d, tty, arg, mayRead(file));
		case IOCTL.TIOCNOTTY:
			if (!controls || master) return -Errno.ENOTTY;
			giveUp(d);
			return 0;
		case IOCTL.TCSBRK:
		case IOCTL.TCSBRKP:
			return 0;
		case IOCTL.TIOCEXCL:
		case IOCTL.TIOCNXCL:
			setTty(d, tty.id, { exclusive: request === IOCTL.TIOCEXCL });
			return 0;
		case IOCTL.TIOCGETD:
			return put(word(N_TTY));
		case IOCTL.TIOCSETD: {
			const discipline = d.u32(arg);
			return discipline === undefined ? -Errno.EFAULT : discipline === N_TTY ? 0 : -Errno.EINVAL;
		}
		case IOCTL.TIOCGEXCL:
			return put(word(tty.exclusive ? 1 : 0));
		case IOCTL.TIOCGDEV:
			return put(word(master ? (128 << 8) | tty.index : (SLAVE_MAJOR << 8) | tty.index));
		case IOCTL.TCFLSH:
			return flush(d, { tty, master }, arg);
		case IOCTL.TCXONC:
			return flow(d, { tty, master }, arg);
		case IOCTL.TIOCSTI:
			return simulate(d, { tty, master }, arg);
	}
	return master ? masterIoctl(d, tty, request, arg, put) : -Errno.ENOTTY;
}

/** Calls of a master alone (pty_unix98_ioctl). */
function masterIoctl(d: Decision, tty: Tty, request: number, arg: number, put: (bytes: Uint8Array) => number): number {
	switch (request) {
		case IOCTL.TIOCGPTN:
			return put(word(tty.index));
		case IOCTL.TIOCGPTPEER:
			return openPeer(d, tty, arg);
		case IOCTL.TIOCGPTLCK:
			return put(word(tty.locked ? 1 : 0));
		case IOCTL.TIOCGPKT:
			return put(word(tty.packet ? 1 : 0));
		case IOCTL.TIOCSPTLCK:
		case IOCTL.TIOCPKT: {
			const on = d.u32(arg);
			if (on === undefined) return -Errno.EFAULT;
			if (request === IOCTL.TIOCSPTLCK) setTty(d, tty.id, { locked: on !== 0 });
			else if ((on !== 0) !== tty.packet) setTty(d, tty.id, { packet: on !== 0, status: 0 });
			return 0;
		}
		case IOCTL.TIOCSIG:
			if (arg !== Sig.SIGINT && arg !== Sig.SIGQUIT && arg !== Sig.SIGTSTP) return -Errno.EINVAL;
			if (tty.pgrp !== 0) signalGroup(d, tty.pgrp, arg);
			return 0;
		default:
			return -Errno.ENOTTY;
	}
}

/** Bytes that a read would find. */
function waiting(d: Decision, { tty, master }: End): number {
	const [stream] = tty.streams;
	if (stream !== undefined) return d.state.streams[stream].unread.length;
	return master ? Math.min(tty.output.length, 4095) : inputLength(tty);
}

/** tcsetattr(3): of either end the slave's settings. */
function setTermios(d: Decision, tty: Tty, arg: number, length: number, flushes: boolean): number {
	const refused = checkForeground(d, tty, Sig.SIGTTOU);
	if (refused !== 0) return refused;
	const given = d.read(arg, length);
	if (given === undefined) return -Errno.EFAULT;
	const pseudo = tty.streams.length === 0;
	const whole = tty.termios.slice();
	whole.set(given);
	const termios = settle(whole, pseudo);
	if (!pseudo) {
		if (flushes) flush(d, { tty, master: false }, TCIFLUSH);
		setTty(d, tty.id, { termios });
		return 0;
	}
	withLine(d, tty.id, (line) => {
		if (flushes) line.flushInput(false);
		line.set(termios);
	});
	setTty(d, tty.id, { termios });
	return 0;
}

/** TIOCSWINSZ: the foreground group hears of another size (tty_do_resize). */
function setWindow(d: Decision, tty: Tty, arg: number): number {
	const raw = d.read(arg, 8);
	if (raw === undefined) return -Errno.EFAULT;
	const window = [...new Uint16Array(raw.slice().buffer)];
	if (window.every((n, i) => n === tty.window[i])) return 0;
	if (tty.pgrp !== 0) signalGroup(d, tty.pgrp, Sig.SIGWINCH);
	setTty(d, tty.id, { window });
	return 0;
}

/** TCFLSH: what was not read is dropped, on the side of the end that asks. */
function flush(d: Decision, { tty, master }: End, queue: number): number {
	if (queue > TCIOFLUSH) return -Errno.EINVAL;
	const input = queue !== TCOFLUSH;
	const output = queue !== TCIFLUSH;
	const [stream] = tty.streams;
	if (stream !== undefined) {
		const { length } = d.state.streams[stream].unread;
		if (input && length > 0) d.emit({ kind: 'stream/read', stream, length });
		return 0;
	}
	withLine(d, tty.id, (line) => {
		if (master) {
			if (input) line.takeOutput(tty.output.length);
			if (output) line.flushBacklog();
		} else {
			if (output) line.flushOutput();
			if (input) line.flushInput(true);
		}
	});
	return 0;
}

/** TCXONC: output stops and goes on, or a character that asks the other side to. */
function flow(d: Decision, { tty, master }: End, action: number): number {
	if (action > TC.ION) return -Errno.EINVAL;
	if (master || tty.streams.length > 0) return 0;
	const { cc } = termiosOf(tty.termios);
	withLine(d, tty.id, (line) => {
		if (action === TC.OOFF) line.stop(true);
		else if (action === TC.OON) line.start(true);
		else {
			const c = cc[action === TC.IOFF ? CC.VSTOP : CC.VSTART];
			if (c !== DISABLED) line.send(c);
		}
	});
	return 0;
}

/** TIOCSTI, which Linux 6.1 allows: a byte as if it had been typed. */
function simulate(d: Decision, { tty, master }: End, arg: number): number {
	if (d.group.tty !== tty.id && d.task.creds.euid !== 0) return -Errno.EPERM;
	const byte = d.read(arg, 1);
	if (byte === undefined) return -Errno.EFAULT;
	const [stream] = tty.streams;
	if (stream !== undefined || master) return unsupported(d, 'TIOCSTI', Errno.EIO);
	withLine(d, tty.id, (line) => line.simulate(byte[0]));
	return 0;
}
