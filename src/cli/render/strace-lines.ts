/**
 * The lines of `strace -f`: with several tasks each begins with its pid, and a call during which another task has something
 * to say is broken off (`<unfinished ...>`) and taken up again (`<... read resumed>`).
 */

/** Where strace puts ` = `. */
const COLUMN = 39;

interface Begun {
	readonly name: string;
	/** The line as far as it is known at entry, pid and all. */
	readonly text: string;
	/** Whether arguments are to come that are read at the end. */
	readonly more: boolean;
	/** Whether the line had to be broken off. */
	broken: boolean;
}

export class StraceLines {
	readonly #print: (line: string) => void;
	/** Tasks that are there. */
	readonly #alive = new Set<number>();
	readonly #calls = new Map<number, Begun>();
	/** Whose call the last line is, that is not at its end yet. */
	#last = 0;

	constructor(print: (line: string) => void) {
		this.#print = print;
	}

	appears(pid: number): void {
		this.#alive.add(pid);
	}

	goes(pid: number): void {
		this.#alive.delete(pid);
		this.#calls.delete(pid);
	}

	/** A line that is no call's. */
	line(pid: number, text: string): void {
		this.breakOff();
		this.#print(`${this.#prefix(pid)}${text}`);
	}

	/** A call is entered. @param args those that are shown at once; `more`: others follow at its end */
	enter(pid: number, name: string, args: readonly string[], more: boolean): void {
		this.breakOff();
		const text = `${this.#prefix(pid)}${name}(${args.join(', ')}${more && args.length > 0 ? ', ' : ''}`;
		this.#calls.set(pid, { name, text, more, broken: false });
		this.#last = pid;
	}

	/** It is over. @param args all of them; `rest`: those that were not shown at entry */
	exit(pid: number, args: readonly string[], rest: readonly string[], result: string): void {
		const call = this.#calls.get(pid);
		if (call === undefined) return;
		this.#calls.delete(pid);
		if (this.#last !== pid) this.breakOff();
		this.#last = 0;
		const begin = call.text.slice(0, call.text.indexOf('(') + 1);
		this.#result(call.broken ? `${this.#resumed(pid, call)}${rest.join(', ')})` : `${begin}${args.join(', ')})`, result);
	}

	/** Its task is gone, or has a new program: it does not come back. */
	never(pid: number): void {
		const call = this.#calls.get(pid);
		if (call === undefined) return;
		this.#calls.delete(pid);
		if (this.#last !== pid) this.breakOff();
		this.#last = 0;
		const text = call.broken ? this.#resumed(pid, call) : call.text;
		this.#result(`${text}${call.more ? ' <unfinished ...>' : ''})`, '?');
	}

	/** A thread goes on under another pid. */
	rename(from: number, to: number): void {
		this.breakOff();
		const call = this.#calls.get(from);
		this.goes(from);
		this.appears(to);
		if (call) this.#calls.set(to, call);
	}

	/** Ends the line of a call that is not over. */
	breakOff(): void {
		const call = this.#calls.get(this.#last);
		this.#last = 0;
		if (call === undefined) return;
		this.#print(`${call.text} <unfinished ...>`);
		call.broken = true;
	}

	#prefix(pid: number): string {
		return this.#alive.size > 1 ? `[pid ${String(pid).padStart(5)}] ` : '';
	}

	#resumed(pid: number, { name }: Begun): string {
		return `${this.#prefix(pid)}<... ${name} resumed>`;
	}

	#result(text: string, result: string): void {
		this.#print(`${text.padEnd(COLUMN)} = ${result}`);
	}
}
