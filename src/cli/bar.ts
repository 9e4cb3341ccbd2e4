/** A bar on stderr for work of many equal parts that takes longer than a second; only on a terminal. */
import { thousands } from './output.ts';

const WIDTH = 24;

export class Bar {
	readonly #what: string;
	readonly #total: number;
	readonly #began = Date.now();
	readonly #timer: NodeJS.Timeout | undefined;
	#shown = false;

	/** @param done asked now and then how many parts are done */
	constructor(what: string, total: number, done: () => number) {
		this.#what = what;
		this.#total = total;
		if (process.stderr.isTTY) this.#timer = setInterval(() => this.#show(done()), 100);
	}

	#show(done: number): void {
		const passed = Date.now() - this.#began;
		if (passed < 1000) return;
		this.#shown = true;
		const share = this.#total === 0 ? 1 : Math.min(1, done / this.#total);
		const full = Math.round(share * WIDTH);
		const left = done === 0 ? '' : `  ${Math.ceil(((passed / done) * (this.#total - done)) / 1000)} s left`;
		const bar = `${'█'.repeat(full)}${'░'.repeat(WIDTH - full)}`;
		process.stderr.write(`\r\x1b[K${this.#what} ${bar} ${thousands(done)} of ${thousands(this.#total)}${left}`);
	}

	end(): void {
		clearInterval(this.#timer);
		if (this.#shown) process.stderr.write('\r\x1b[K');
	}
}
