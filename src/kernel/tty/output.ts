/**
 * What a pseudo-terminal shows: output processing and echo of the line discipline (drivers/tty/n_tty.c of Linux 6.1), and
 * stopping and starting, over a copy of its state. Its input is `line.ts`.
 */
import type { Tty } from '../../events/tty.ts';
import { IFLAG, LFLAG, OFLAG, PKT, type Termios, termiosOf } from '../abi/termios.ts';
import { isContinuation, isControl, toUpper } from './characters.ts';

/** Bytes the discipline holds for a reader (N_TTY_BUF_SIZE, of which one stays free). */
export const BUFFER = 4096;
/** Bytes that wait in front of it when it is full, as measured of a kernel that is written to in small pieces. */
export const BACKLOG = 16384;
/** Echo that cannot be shown at most; the oldest goes (ECHO_DISCARD_WATERMARK). */
const MAX_ECHO = BUFFER - 288;

/** Codes in the queue of echo, behind OP. */
const OP = 0xff;
const MOVE_BACK = 0x80;
const CANON_COLUMN = 0x81;
const ERASE_TAB = 0x82;

/** Room for output of the slave. @param used bytes that the master has not read */
export function outputRoom(used: number): number {
	return Math.max(0, BUFFER - 1 + BACKLOG - used);
}

/** The fields that output changes, and what decides about it. */
export class Output {
	protected readonly before: Tty;
	protected termios: Termios;
	protected output: number[];
	protected echo: number[];
	protected column: number;
	protected canonColumn: number;
	protected erasing: boolean;
	protected stopped: boolean;
	protected halted: boolean;
	protected status: number;

	constructor(tty: Tty) {
		this.before = tty;
		this.termios = termiosOf(tty.termios);
		this.output = [...tty.output];
		this.echo = [...tty.echo];
		this.column = tty.column;
		this.canonColumn = tty.canonColumn;
		this.erasing = tty.erasing;
		this.stopped = tty.stopped;
		this.halted = tty.halted;
		this.status = tty.status;
	}

	protected has(which: 'i' | 'o' | 'l', flag: number): boolean {
		return (this.termios[which] & flag) !== 0;
	}

	/** Of the bytes: those that go on a character of several. */
	protected continues(c: number): boolean {
		return this.has('i', IFLAG.IUTF8) && isContinuation(c);
	}

	/* ---- stopping and starting output ---- */

	/** @param call by tcflow(3), which a character does not undo */
	stop(call = false): void {
		if (call) this.halted = true;
		if (this.stopped) return;
		this.stopped = true;
		if (this.before.packet) this.status = (this.status & ~PKT.START) | PKT.STOP;
	}

	/** @param call as `stop` */
	start(call = false): void {
		if (call) this.halted = false;
		if (!this.stopped || this.halted) return;
		this.stopped = false;
		if (this.before.packet) this.status = (this.status & ~PKT.STOP) | PKT.START;
	}

	/** A character goes out past everything that waits (tty_send_xchar). */
	send(c: number): void {
		this.output.push(c);
	}

	/* ---- the slave writes, the master reads ---- */

	/** Bytes from the slave; how many were taken. */
	write(bytes: Uint8Array): number {
		this.process();
		const { o } = this.termios;
		let done = 0;
		for (; done < bytes.length; done++) if (!(o & OFLAG.OPOST ? this.put(bytes[done]) : this.putRaw(bytes[done]))) break;
		return done;
	}

	/** The master takes what it read. */
	takeOutput(n: number): void {
		this.output.splice(0, n);
	}

	/** The master has read what changed. */
	takeStatus(): void {
		this.status = 0;
	}

	private get room(): number {
		return this.stopped ? 0 : outputRoom(this.output.length);
	}

	private putRaw(c: number): boolean {
		if (this.room < 1) return false;
		this.output.push(c);
		return true;
	}

	/** A byte with output processing (do_output_char); false: no room, nothing is done. */
	private put(byte: number): boolean {
		const { o } = this.termios;
		let c = byte;
		let space = 1;
		if (c === 0x0a) {
			if (o & OFLAG.ONLRET) this.column = 0;
			if (o & OFLAG.ONLCR) {
				if (this.room < 2) return false;
				this.canonColumn = this.column = 0;
				this.output.push(0x0d, 0x0a);
				return true;
			}
			if (this.room < 1) return false;
			this.canonColumn = this.column;
		} else if (c === 0x0d) {
			if (this.room < 1) return false;
			if (o & OFLAG.ONOCR && this.column === 0) return true;
			if (o & OFLAG.OCRNL) c = 0x0a;
			if (!(o & OFLAG.OCRNL) || o & OFLAG.ONLRET) this.canonColumn = this.column = 0;
		} else if (c === 0x09) {
			space = 8 - (this.column & 7);
			const spaces = (o & OFLAG.TABDLY) === OFLAG.XTABS;
			if (this.room < (spaces ? space : 1)) return false;
			this.column += space;
			if (spaces) {
				for (let i = 0; i < space; i++) this.output.push(0x20);
				return true;
			}
		} else {
			if (this.room < 1) return false;
			if (c === 0x08) this.column = Math.max(0, this.column - 1);
			else if (!isControl(c)) {
				if (o & OFLAG.OLCUC) c = toUpper(c);
				if (!this.continues(c)) this.column++;
			}
		}
		this.output.push(c);
		return true;
	}

	/* ---- echo ---- */

	/** Echoes a character; a control character as ^X where ECHOCTL says so. */
	protected echoChar(c: number): void {
		if (c === OP) this.echo.push(OP, OP);
		else if (this.has('l', LFLAG.ECHOCTL) && isControl(c) && c !== 0x09) this.echo.push(OP, c);
		else this.echo.push(c);
	}

	protected echoRaw(c: number): void {
		if (c === OP) this.echo.push(OP);
		this.echo.push(c);
	}

	/** The column of a line's first character, which a tab in it is erased by. */
	protected echoColumn(): void {
		this.echo.push(OP, CANON_COLUMN);
	}

	/** The byte before took no column. */
	protected echoBack(): void {
		this.echo.push(OP, MOVE_BACK);
	}

	/** A tab goes. @param chars columns since the tab before it (`after` 0x80), or since the line began (0) */
	protected echoErasedTab(chars: number, after: 0 | 0x80): void {
		this.echo.push(OP, ERASE_TAB, (chars & 7) | after);
	}

	protected finishErasing(): void {
		if (!this.erasing) return;
		this.echoRaw(0x2f);
		this.erasing = false;
	}

	/** Shows the echo that waits, as far as there is room (__process_echoes). */
	protected process(): void {
		const echo = this.echo;
		let at = 0;
		while (at < echo.length) {
			const c = echo[at];
			if (c !== OP) {
				if (!(this.has('o', OFLAG.OPOST) ? this.put(c) : this.putRaw(c))) break;
				at++;
				continue;
			}
			const op = echo[at + 1];
			if (op === ERASE_TAB) {
				let chars = echo[at + 2];
				if (!(chars & 0x80)) chars += this.canonColumn;
				const back = 8 - (chars & 7);
				if (this.room < back) break;
				for (let i = 0; i < back; i++) {
					this.output.push(0x08);
					if (this.column > 0) this.column--;
				}
				at += 3;
			} else if (op === CANON_COLUMN) {
				this.canonColumn = this.column;
				at += 2;
			} else if (op === MOVE_BACK) {
				if (this.column > 0) this.column--;
				at += 2;
			} else if (op === OP) {
				if (!this.putRaw(OP)) break;
				this.column++;
				at += 2;
			} else {
				if (this.room < 2) break;
				this.output.push(0x5e, op ^ 0x40);
				this.column += 2;
				at += 2;
			}
		}
		while (echo.length - at > MAX_ECHO) at += echo[at] !== OP ? 1 : echo[at + 1] === ERASE_TAB ? 3 : 2;
		if (at > 0) echo.splice(0, at);
	}

	/**
	 * Output that has not come to the master's discipline is thrown away (pty_flush_buffer): what there is no room for, and what
	 * the same bytes that are being taken in have brought about.
	 */
	flushOutput(): void {
		this.output.splice(Math.min(BUFFER - 1, this.before.output.length));
		if (this.before.packet) this.status |= PKT.FLUSHWRITE;
	}
}
