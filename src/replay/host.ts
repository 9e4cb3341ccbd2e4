/** The host as the outside of a recording: files below a root directory (read only), descriptors 0–2, signals. */
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as tty from 'node:tty';
import type { SigInfo, Stream } from '../events/entities.ts';
import type { HostMeta, InputEvent, InputRequest } from '../events/input.ts';
import type { Outside } from './outside.ts';

/** Signals that go to the guest when they are sent to the recorder. */
const FORWARDED: readonly NodeJS.Signals[] = [
	'SIGHUP',
	'SIGINT',
	'SIGQUIT',
	'SIGUSR1',
	'SIGUSR2',
	'SIGTERM',
	'SIGCONT',
	'SIGTSTP',
	'SIGTTIN',
	'SIGTTOU',
	'SIGWINCH',
	'SIGURG',
	'SIGIO',
	'SIGALRM',
	'SIGVTALRM',
	'SIGXCPU',
	'SIGXFSZ',
	'SIGPWR',
	'SIGSTKFLT',
];
/** Bytes taken from stdin at once. */
const CHUNK = 65536;

/** What a descriptor of this process is. */
export function streamKind(fd: number): Stream['kind'] {
	let stat: fs.Stats;
	try {
		stat = fs.fstatSync(fd);
	} catch {
		return 'closed';
	}
	if (stat.isFile()) return 'file';
	if (stat.isFIFO()) return 'pipe';
	if (stat.isCharacterDevice()) {
		if (tty.isatty(fd)) return 'tty';
		return stat.rdev === 0x103 ? 'null' : 'other';
	}
	return stat.isSocket() ? 'pipe' : 'other';
}

/** A file's metadata as a look-up finds it; null where there is nothing (or nothing a guest may see). */
export function hostMeta(path: string | Buffer): HostMeta | null {
	let stat: fs.BigIntStats;
	try {
		stat = fs.lstatSync(path, { bigint: true });
	} catch {
		return null;
	}
	const kind = stat.isFile() ? 'file' : stat.isDirectory() ? 'dir' : stat.isSymbolicLink() ? 'symlink' : null;
	if (kind === null) return null;
	return {
		kind,
		mode: Number(stat.mode) & 0o7777,
		uid: Number(stat.uid),
		gid: Number(stat.gid),
		nlink: Number(stat.nlink),
		size: Number(stat.size),
		rdev: 0,
		mtime: stat.mtimeNs,
		target: kind === 'symlink' ? fs.readlinkSync(path, 'latin1') : '',
	};
}

/** Names below the root reach the host as bytes; a symbolic link is never followed on the host. */
function hostPath(root: string, guest: string): Buffer {
	return Buffer.from(root + guest, 'latin1');
}

/** Something of the host that a recording needs and cannot have: it ends there. */
export class HostError extends Error {
	override readonly name = 'HostError';
}

export interface HostOptions {
	/** Host directory that is the guest's root; undefined: nothing of the host is visible. */
	readonly root?: string | Buffer;
	/** Task that gets the signals sent to this process. */
	readonly pid: number;
	/** Told once what became of output that cannot be written. */
	readonly onTrouble?: (text: string) => void;
}

export class Host implements Outside {
	/** As the host itself names it, without symbolic links; ends without a slash. */
	readonly #root: string | undefined;
	#signals: InputEvent[] = [];
	readonly #pid: number;
	readonly #onTrouble: (text: string) => void;
	readonly #troubled = new Set<number>();
	#wake: (() => void) | undefined;
	#reading: Promise<Uint8Array> | undefined;
	#handlers: [NodeJS.Signals, () => void][] = [];

	constructor(options: HostOptions) {
		const { root, pid, onTrouble = () => {} } = options;
		this.#root = root === undefined ? undefined : fs.realpathSync(root as string, 'latin1').replace(/\/+$/, '');
		this.#pid = pid;
		this.#onTrouble = onTrouble;
		for (const name of FORWARDED) {
			const handler = () => this.#signal(os.constants.signals[name]);
			process.on(name, handler);
			this.#handlers.push([name, handler]);
		}
	}

	/** Gives the signals back to the process. */
	close(): void {
		for (const [name, handler] of this.#handlers) process.off(name, handler);
		this.#handlers = [];
	}

	answer(request: InputRequest): InputEvent {
		const path = this.#inside(request.path);
		switch (request.kind) {
			case 'lookup':
				return { kind: 'input/lookup', dir: request.dir, name: request.name, found: path ? hostMeta(path) : null };
			case 'listing': {
				const names = path ? reading(path, () => fs.readdirSync(path as unknown as string, 'latin1')) : [];
				return { kind: 'input/listing', dir: request.dir, names: names.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0)) };
			}
			case 'content': {
				const bytes = path ? reading(path, () => new Uint8Array(readRegular(path))) : new Uint8Array(0);
				return { kind: 'input/content', inode: request.inode, bytes };
			}
		}
	}

	/**
	 * A guest path on the host. The guest's kernel has resolved its symbolic links already; should a directory on the way
	 * have become one since, nothing is there.
	 */
	#inside(guest: string): Buffer | undefined {
		if (this.#root === undefined) return undefined;
		const dir = guest.slice(0, guest.lastIndexOf('/'));
		try {
			const real = fs.realpathSync(hostPath(this.#root, dir === '' ? '/' : dir) as unknown as string, 'latin1');
			if (real.replace(/\/+$/, '') !== this.#root + dir) return undefined;
		} catch {
			return undefined;
		}
		return hostPath(this.#root, guest);
	}

	/** The recorder stops as the guest did; SIGCONT continues both. */
	stopped(): void {
		if (this.#signals.length === 0) process.kill(process.pid, 'SIGSTOP');
	}

	arrived(): readonly InputEvent[] {
		const signals = this.#signals;
		this.#signals = [];
		return signals;
	}

	async idle(streams: readonly number[], ns: number | null): Promise<InputEvent | null> {
		const began = process.hrtime.bigint();
		const passed = () => Number(process.hrtime.bigint() - began);
		const signalled = new Promise<void>((resolve) => {
			this.#wake = resolve;
		});
		const waits: Promise<unknown>[] = [signalled];
		let timer: NodeJS.Timeout | undefined;
		if (ns !== null) waits.push(new Promise((resolve) => (timer = setTimeout(resolve, Math.min(ns / 1e6, 2 ** 31 - 1), null))));
		else timer = setInterval(() => {}, 1 << 30);
		if (streams.includes(0)) {
			this.#reading ??= readChunk(0);
			waits.push(this.#reading);
		}
		const came = this.#signals.length > 0 ? undefined : await Promise.race(waits);
		clearTimeout(timer);
		this.#wake = undefined;
		if (came instanceof Uint8Array) {
			this.#reading = undefined;
			return { kind: 'input/stream', stream: 0, bytes: came, eof: came.length === 0, ns: limit(passed(), ns) };
		}
		const signal = this.#signals.shift();
		if (signal) return { ...signal, ns: limit(passed(), ns) } as InputEvent;
		// A descriptor that is not stdin never has input: it is at its end.
		const other = streams.find((s) => s !== 0);
		if (other !== undefined) return { kind: 'input/stream', stream: other, bytes: new Uint8Array(0), eof: true, ns: 0 };
		return { kind: 'input/none', ns: ns ?? passed() };
	}

	output(stream: number, bytes: Uint8Array): void {
		for (let done = 0; done < bytes.length; ) {
			try {
				done += fs.writeSync(stream, bytes, done);
			} catch (error) {
				const { code, message } = error as NodeJS.ErrnoException;
				if (code === 'EAGAIN') {
					Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
					continue;
				}
				if (code === 'EPIPE') this.#signal(os.constants.signals.SIGPIPE);
				else if (!this.#troubled.has(stream))
					this.#onTrouble(`descriptor ${stream}: ${message}; such output is in the trace only`);
				this.#troubled.add(stream);
				return;
			}
		}
	}

	#signal(signo: number): void {
		const info: SigInfo = { signo, errno: 0, code: 0, pid: 0, uid: 0, value: 0, address: 0, extra: [], forced: false };
		this.#signals.push({ kind: 'input/signal', task: this.#pid, info, ns: 0 });
		this.#wake?.();
	}
}

/** Time that passed, but not past the deadline the machine will see for itself. */
function limit(passed: number, ns: number | null): number {
	return ns === null ? passed : Math.min(passed, Math.max(0, ns - 1));
}

/** Asks the host for what the guest opened. */
function reading<T>(path: Buffer, ask: () => T): T {
	try {
		return ask();
	} catch (error) {
		throw new HostError(`${path.toString()}: ${(error as Error).message}`);
	}
}

function readRegular(path: Buffer): Buffer {
	const fd = fs.openSync(path, fs.constants.O_RDONLY | fs.constants.O_NOFOLLOW | fs.constants.O_NONBLOCK);
	try {
		return fs.fstatSync(fd).isFile() ? fs.readFileSync(fd) : Buffer.alloc(0);
	} finally {
		fs.closeSync(fd);
	}
}

function readChunk(fd: number): Promise<Uint8Array> {
	const buffer = new Uint8Array(CHUNK);
	return new Promise((resolve) => {
		const attempt = () => {
			fs.read(fd, buffer, 0, CHUNK, null, (error, n) => {
				if (error?.code === 'EAGAIN') setTimeout(attempt, 5);
				else resolve(buffer.slice(0, error ? 0 : n));
			});
		};
		attempt();
	});
}
