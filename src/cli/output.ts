/** Where a command's words go: data to stdout, messages to stderr; colour where wanted; a progress line on a terminal. */
import * as fs from 'node:fs';
import pc from 'picocolors';

/** Exit statuses; `record` and `restart` exit as the guest did, or with FAILED. */
export const Exit = { OK: 0, DIFFERS: 1, USAGE: 2, FAILED: 125 } as const;

/** A failure with one clear line for the user and the exit status it means. */
export class CliError extends Error {
	override readonly name = 'CliError';
	readonly status: number;

	constructor(message: string, status: number = Exit.USAGE) {
		super(message);
		this.status = status;
	}
}

/** Colours for stdout: off with NO_COLOR or when it is no terminal. */
export const colour = pc.createColors(pc.isColorSupported && Boolean(process.stdout.isTTY));

/** Writes all of it now; a reader that went away ends the command quietly. */
export function print(text: string): void {
	writeAll(1, Buffer.from(text.endsWith('\n') ? text : `${text}\n`));
}

/** Lines are gathered and written together. */
export class Lines {
	#lines: string[] = [];

	add(line: string): void {
		this.#lines.push(line);
		if (this.#lines.length >= 512) this.flush();
	}

	flush(): void {
		if (this.#lines.length > 0) print(this.#lines.join('\n'));
		this.#lines = [];
	}
}

export function writeAll(fd: number, bytes: Uint8Array): void {
	for (let done = 0; done < bytes.length; ) {
		try {
			done += fs.writeSync(fd, bytes, done);
		} catch (error) {
			const { code } = error as NodeJS.ErrnoException;
			if (code === 'EAGAIN') {
				pause();
				continue;
			}
			if (code === 'EPIPE') process.exit(Exit.OK);
			if (fd === 2) return;
			throw new CliError(`stdout: ${systemError(error)}`);
		}
	}
}

/** Waits a millisecond: a descriptor that another process made non-blocking is full. */
function pause(): void {
	Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
}

/** `no space left on device` of Node's `ENOSPC: no space left on device, write`. */
export function systemError(error: unknown): string {
	const { code, message } = error as NodeJS.ErrnoException;
	return code === undefined ? message : message.replace(`${code}: `, '').replace(/, \w+( '.*')?$/s, '');
}

/** JSON with stable names over several lines; bigint as decimal text, bytes as hex. */
export function json(value: unknown): string {
	return JSON.stringify(value, plain, 2);
}

/** The same on one line. */
export function jsonLine(value: unknown): string {
	return JSON.stringify(value, plain);
}

/** A Buffer has turned itself into an object when the replacer sees it: the holder still has the bytes. */
function plain(this: Record<string, unknown>, key: string, value: unknown): unknown {
	const held = this[key];
	if (held instanceof Uint8Array) return Buffer.from(held.buffer, held.byteOffset, held.length).toString('hex');
	return typeof value === 'bigint' ? value.toString() : value;
}

/** One clear line for the user. */
export function lineOf(text: string): string {
	// biome-ignore lint/suspicious/noControlCharactersInRegex: a name may hold any byte, a message is one line
	return text.replace(/[\x00-\x1f\x7f]/g, (c) => (c === '\n' ? '\\n' : `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`));
}

/** A byte string of the guest (one character a byte) as text on one line. */
export function shownBytes(bytes: string): string {
	return lineOf(Buffer.from(bytes, 'latin1').toString());
}

/** An argument as it would be typed, quoted where it has to be. */
export function shownWord(bytes: string): string {
	const text = Buffer.from(bytes, 'latin1').toString();
	return /^[\p{L}\p{N}_@%+=:,./-]+$/u.test(text) ? text : JSON.stringify(text);
}

export function message(text: string): void {
	writeAll(2, Buffer.from(`replay: ${lineOf(text)}\n`));
}

/** A progress line on stderr for what takes longer than a second; only on a terminal. */
export class Progress {
	readonly #what: string;
	readonly #total: number | null;
	readonly #began = Date.now();
	#shown = 0;

	constructor(what: string, total: number | null) {
		this.#what = what;
		this.#total = total;
	}

	readonly at = (steps: number): void => {
		const now = Date.now();
		if (!process.stderr.isTTY || now - this.#began < 1000 || now - this.#shown < 100) return;
		this.#shown = now;
		const share = this.#total ? ` ${Math.min(100, Math.floor((steps / this.#total) * 100))} %` : '';
		const rate = (steps / 1000 / (now - this.#began)).toFixed(0);
		process.stderr.write(`\r\x1b[K${this.#what}${share}  ${thousands(steps)} steps  ${rate} MIPS`);
	};

	done(): void {
		if (this.#shown > 0) process.stderr.write('\r\x1b[K');
	}
}

/** 1284311 → "1,284,311". */
export function thousands(n: number): string {
	return String(n).replace(/\B(?=(\d{3})+(?!\d))/g, ',');
}

export function plural(n: number, word: string): string {
	return `${thousands(n)} ${word}${n === 1 ? '' : 's'}`;
}
