/**
 * The line discipline of a pseudo-terminal (drivers/tty/n_tty.c and pty.c of Linux 6.1) over a copy of its state: bytes that the
 * master writes become input of the slave, with echo and editing; bytes that the slave writes become output for the master.
 * Signals that characters send are collected: whoever decides posts them.
 */
import type { Tty } from '../../events/tty.ts';
import { Sig } from '../abi/signal.ts';
import { CC, DISABLED, IFLAG, LFLAG, PKT, termiosOf } from '../abi/termios.ts';
import { isAlnum, isControl, toLower } from './characters.ts';
import { BACKLOG, BUFFER, Output } from './output.ts';

export class Line extends Output {
	#input: number[];
	#lines: number[];
	#backlog: number[];
	#literal: boolean;
	/** Signals for the foreground group, in order. */
	readonly signals: number[] = [];

	constructor(tty: Tty) {
		super(tty);
		this.#input = [...tty.input];
		this.#lines = [...tty.lines];
		this.#backlog = [...tty.backlog];
		this.#literal = tty.literal;
	}

	/** What has changed. */
	changes(): Partial<Tty> {
		const before = this.before;
		const after: { -readonly [K in keyof Tty]?: Tty[K] } = {
			literal: this.#literal,
			erasing: this.erasing,
			column: this.column,
			canonColumn: this.canonColumn,
			stopped: this.stopped,
			halted: this.halted,
			status: this.status,
		};
		for (const name of Object.keys(after) as (keyof Tty)[]) if (after[name] === before[name]) delete after[name];
		const same = (a: ArrayLike<number>, b: ArrayLike<number>) =>
			a.length === b.length && Array.prototype.every.call(a, (x, i) => x === b[i]);
		for (const [name, now] of [
			['input', this.#input],
			['backlog', this.#backlog],
			['echo', this.echo],
			['output', this.output],
		] as const)
			if (!same(now, before[name])) after[name] = Uint8Array.from(now);
		if (!same(this.#lines, before.lines)) after.lines = this.#lines;
		// How often who waits was woken: readers by what came, writers by room.
		const { slave, master } = before.wakes;
		const told = this.status & ~before.status;
		const wakes = {
			slave: {
				read: slave.read + (after.input && after.input.length > before.input.length ? 1 : 0),
				write: slave.write + (after.output && after.output.length < before.output.length ? 1 : 0),
			},
			master: {
				read: master.read + ((after.output && after.output.length > before.output.length) || told ? 1 : 0),
				write: master.write + (after.backlog && after.backlog.length < before.backlog.length ? 1 : 0),
			},
		};
		const woken = wakes.slave.read + wakes.slave.write + wakes.master.read + wakes.master.write;
		if (woken !== slave.read + slave.write + master.read + master.write) after.wakes = wakes;
		return after;
	}

	/* ---- the master writes, the slave reads ---- */

	/** Bytes come from the master; how many were taken. */
	receive(bytes: Uint8Array): number {
		const taken = Math.min(bytes.length, BACKLOG - this.#backlog.length);
		for (let i = 0; i < taken; i++) this.#backlog.push(bytes[i]);
		this.#pump();
		return taken;
	}

	/** As if typed on the terminal itself (TIOCSTI). */
	simulate(byte: number): void {
		this.#backlog.push(byte);
		this.#pump();
	}

	/** What waits goes as far as there is room (n_tty_receive_buf_common). */
	#pump(): void {
		let done = 0;
		for (const { length } = this.#backlog; done < length; done++) {
			if (this.#input.length >= BUFFER - 1) {
				// A line that is too long loses its end, but not the character that ends it.
				if (!(this.has('l', LFLAG.ICANON) && this.#lines.length === 0)) break;
				if (this.#input.length >= BUFFER) this.#input.pop();
			}
			this.#receive(this.#backlog[done]);
		}
		if (done === 0) return;
		this.#backlog.splice(0, done);
		this.process();
	}

	/** Takes `n` bytes that were read, and the end-of-file mark behind them. */
	take(n: number): void {
		const canonical = this.has('l', LFLAG.ICANON);
		const mark = canonical && this.#lines[0] === n && this.#input[n] === DISABLED ? 1 : 0;
		const gone = n + mark;
		this.#input.splice(0, gone);
		this.#lines = this.#lines.filter((at) => at >= gone).map((at) => at - gone);
		this.#pump();
	}

	/** Input is thrown away (n_tty_flush_buffer): what was not seen yet, too, if `all`. */
	flushInput(all: boolean): void {
		this.#reset();
		if (all) this.#backlog = [];
		if (this.before.packet) this.status |= PKT.FLUSHREAD;
		this.#pump();
	}

	#reset(): void {
		this.#input = [];
		this.#lines = [];
		this.echo = [];
		this.erasing = false;
	}

	/** Of the slave's writes to the master's side: what waits in front of its discipline. */
	flushBacklog(): void {
		this.#backlog = [];
	}

	/* ---- settings ---- */

	#is(c: number, which: number): boolean {
		return c !== DISABLED && this.termios.cc[which] === c;
	}

	/** Other settings (n_tty_set_termios, pty_set_termios). */
	set(termios: Uint8Array): void {
		const old = this.termios;
		this.termios = termiosOf(termios);
		const flow = (t: typeof old) => (t.i & IFLAG.IXON) !== 0 && t.cc[CC.VSTOP] === 0x13 && t.cc[CC.VSTART] === 0x11;
		if (this.before.packet) {
			if (flow(old) !== flow(this.termios))
				this.status = (this.status & ~(PKT.DOSTOP | PKT.NOSTOP)) | (flow(this.termios) ? PKT.DOSTOP : PKT.NOSTOP);
			if ((old.l | this.termios.l) & LFLAG.EXTPROC) this.status |= PKT.IOCTL;
		}
		if ((old.l ^ this.termios.l) & (LFLAG.ICANON | LFLAG.EXTPROC)) {
			// What came raw is one line, whatever ends it.
			this.#lines = this.has('l', LFLAG.ICANON) && this.#input.length > 0 ? [this.#input.length - 1] : [];
			this.erasing = false;
			this.#literal = false;
		}
		if (!this.has('i', IFLAG.IXON) && old.i & IFLAG.IXON && !this.halted) this.#resume();
		this.#pump();
	}

	/* ---- input ---- */

	get #canonHead(): number {
		return this.#lines.length === 0 ? 0 : this.#lines[this.#lines.length - 1] + 1;
	}

	/** A byte comes in (n_tty_receive_buf_standard). */
	#receive(byte: number): void {
		const { i, l } = this.termios;
		let c = byte;
		if (this.#plain) {
			this.#input.push(c);
			return;
		}
		if (i & IFLAG.ISTRIP) c &= 0x7f;
		if (i & IFLAG.IUCLC && l & LFLAG.IEXTEN) c = toLower(c);
		if (this.#literal) {
			this.#literal = false;
			this.#store(c);
		} else if (l & LFLAG.EXTPROC) this.#input.push(c);
		else this.#special(c);
	}

	/** No setting looks at the bytes. */
	get #plain(): boolean {
		const { i, l } = this.termios;
		const looks = IFLAG.ISTRIP | IFLAG.IUCLC | IFLAG.IGNCR | IFLAG.ICRNL | IFLAG.INLCR | IFLAG.IXON | IFLAG.PARMRK;
		return (i & looks) === 0 && (l & (LFLAG.ICANON | LFLAG.ISIG | LFLAG.ECHO)) === 0;
	}

	#special(byte: number): void {
		const { i, l } = this.termios;
		let c = byte;
		if (i & IFLAG.IXON && (this.#is(c, CC.VSTART) || this.#is(c, CC.VSTOP))) {
			if (this.#is(c, CC.VSTART)) this.#resume();
			else this.stop();
			return;
		}
		if (l & LFLAG.ISIG) {
			const signal = this.#is(c, CC.VINTR)
				? Sig.SIGINT
				: this.#is(c, CC.VQUIT)
					? Sig.SIGQUIT
					: this.#is(c, CC.VSUSP)
						? Sig.SIGTSTP
						: 0;
			if (signal !== 0) {
				this.#signal(signal, c);
				return;
			}
		}
		this.#startByAny();
		if (c === 0x0d && i & IFLAG.IGNCR) return;
		if (c === 0x0d && i & IFLAG.ICRNL) c = 0x0a;
		else if (c === 0x0a && i & IFLAG.INLCR) c = 0x0d;
		if (l & LFLAG.ICANON && this.#edit(c)) return;
		// Outside of lines a newline is echoed as one only where it was typed as a return.
		if (c !== 0x0a || byte !== 0x0d || !(l & LFLAG.ECHO)) {
			this.#store(c);
			return;
		}
		this.finishErasing();
		this.echoRaw(c);
		this.#queue(c);
	}

	/** Output goes on, with the echo that waited. */
	#resume(): void {
		this.start();
		this.process();
	}

	#startByAny(): void {
		const { i } = this.termios;
		if (this.stopped && !this.halted && i & IFLAG.IXON && i & IFLAG.IXANY) this.#resume();
	}

	/** A character that means nothing but itself (n_tty_receive_char). */
	#store(c: number): void {
		this.#startByAny();
		if (this.has('l', LFLAG.ECHO)) {
			this.finishErasing();
			if (this.#canonHead === this.#input.length) this.echoColumn();
			this.echoChar(c);
		}
		this.#queue(c);
	}

	#queue(c: number): void {
		if (c === 0xff && this.has('i', IFLAG.PARMRK)) this.#input.push(c);
		this.#input.push(c);
	}

	/** The foreground group is sent a signal; what was typed and not read is gone, unless NOFLSH (isig). */
	#signal(signal: number, c: number): void {
		this.signals.push(signal);
		if (!this.has('l', LFLAG.NOFLSH)) {
			this.#reset();
			this.flushOutput();
			if (this.before.packet) this.status |= PKT.FLUSHREAD;
		}
		if (this.has('i', IFLAG.IXON)) this.start();
		// Its echo is shown with the rest, and gone when another signal is typed meanwhile.
		if (this.has('l', LFLAG.ECHO)) this.echoChar(c);
		else this.process();
	}

	/** Editing of a line (n_tty_receive_char_canon); false: the character is none of its own. */
	#edit(c: number): boolean {
		const { l } = this.termios;
		const extended = (l & LFLAG.IEXTEN) !== 0;
		const echo = (l & LFLAG.ECHO) !== 0;
		if (this.#is(c, CC.VERASE) || this.#is(c, CC.VKILL) || (this.#is(c, CC.VWERASE) && extended)) {
			this.#erase(c);
			return true;
		}
		if (this.#is(c, CC.VLNEXT) && extended) {
			this.#literal = true;
			if (echo) {
				this.finishErasing();
				if (l & LFLAG.ECHOCTL) this.echo.push(0x5e, 0x08);
			}
			return true;
		}
		if (this.#is(c, CC.VREPRINT) && echo && extended) {
			this.finishErasing();
			this.echoChar(c);
			this.echoRaw(0x0a);
			for (const typed of this.#input.slice(this.#canonHead)) this.echoChar(typed);
			return true;
		}
		if (c === 0x0a) {
			if (l & (LFLAG.ECHO | LFLAG.ECHONL)) this.echoRaw(c);
			this.#endLine(c);
			return true;
		}
		if (this.#is(c, CC.VEOF)) {
			this.#endLine(DISABLED);
			return true;
		}
		if (!this.#is(c, CC.VEOL) && !(this.#is(c, CC.VEOL2) && extended)) return false;
		if (echo) {
			if (this.#canonHead === this.#input.length) this.echoColumn();
			this.echoChar(c);
		}
		if (c === 0xff && this.has('i', IFLAG.PARMRK)) this.#input.push(c);
		this.#endLine(c);
		return true;
	}

	#endLine(c: number): void {
		this.#lines.push(this.#input.length);
		this.#input.push(c);
	}

	/** VERASE, VKILL, VWERASE (eraser). */
	#erase(c: number): void {
		const { l } = this.termios;
		const head = this.#canonHead;
		if (this.#input.length === head) return;
		const kind = this.#is(c, CC.VERASE) ? 'char' : this.#is(c, CC.VWERASE) ? 'word' : 'line';
		const echo = (l & LFLAG.ECHO) !== 0;
		if (kind === 'line' && !echo) {
			this.#input.length = head;
			return;
		}
		if (kind === 'line' && (~l & (LFLAG.ECHOK | LFLAG.ECHOKE | LFLAG.ECHOE)) !== 0) {
			this.#input.length = head;
			this.finishErasing();
			this.echoChar(this.termios.cc[CC.VKILL]);
			if (l & LFLAG.ECHOK) this.echoRaw(0x0a);
			return;
		}
		let words = 0;
		while (this.#input.length > head) {
			let at = this.#input.length - 1;
			while (this.continues(this.#input[at]) && at > head) at--;
			const first = this.#input[at];
			if (this.continues(first)) break;
			if (kind === 'word') {
				if (isAlnum(first) || first === 0x5f) words++;
				else if (words > 0) break;
			}
			const gone = this.#input.splice(at);
			if (echo) this.#echoErased(gone, kind === 'char');
			if (kind === 'char') break;
		}
		if (this.#input.length === head && echo) this.finishErasing();
	}

	/** Shows that a character (of several bytes, in UTF-8) was erased. */
	#echoErased(gone: readonly number[], single: boolean): void {
		const { l, cc } = this.termios;
		const [c] = gone;
		if (l & LFLAG.ECHOPRT) {
			if (!this.erasing) {
				this.echoRaw(0x5c);
				this.erasing = true;
			}
			this.echoChar(c);
			for (const more of gone.slice(1)) {
				this.echoRaw(more);
				this.echoBack();
			}
		} else if (single && !(l & LFLAG.ECHOE)) {
			this.echoChar(cc[CC.VERASE]);
		} else if (c === 0x09) {
			this.#eraseTab();
		} else {
			const shown = isControl(c) ? (l & LFLAG.ECHOCTL ? 2 : 0) : 1;
			for (let i = 0; i < shown; i++) this.echo.push(0x08, 0x20, 0x08);
		}
	}

	/** A tab goes back by what it took: columns since the one before it, or since the line began. */
	#eraseTab(): void {
		let chars = 0;
		let after: 0 | 0x80 = 0;
		for (let at = this.#input.length - 1; at >= this.#canonHead; at--) {
			const c = this.#input[at];
			if (c === 0x09) {
				after = 0x80;
				break;
			}
			if (isControl(c)) chars += this.has('l', LFLAG.ECHOCTL) ? 2 : 0;
			else if (!this.continues(c)) chars++;
		}
		this.echoErasedTab(chars, after);
	}
}

/** Bytes in a slave's input that a read of `count` would get now; null: none, a reader waits. An empty one is an end of file. */
export function readable(tty: Tty, count: number): Uint8Array | null {
	const { l } = termiosOf(tty.termios);
	if (!(l & LFLAG.ICANON) || l & LFLAG.EXTPROC) return tty.input.length === 0 ? null : tty.input.slice(0, count);
	const [end] = tty.lines;
	if (end === undefined) return null;
	if (count <= end) return tty.input.slice(0, count);
	return tty.input.slice(0, tty.input[end] === DISABLED ? end : end + 1);
}

/** FIONREAD of a slave: without the marks of end of file (inq_canon). */
export function inputLength(tty: Tty): number {
	const { l } = termiosOf(tty.termios);
	if (!(l & LFLAG.ICANON) || l & LFLAG.EXTPROC) return tty.input.length;
	const { lines, input } = tty;
	const last = lines.at(-1);
	return last === undefined ? 0 : last + 1 - lines.filter((at) => input[at] === DISABLED).length;
}
