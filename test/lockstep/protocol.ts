/**
 * The pipe between T0 and `tracer.c`: messages of a kind, a length in bytes and 32-bit words. The kinds and layouts are those of
 * the enums and `put…` calls there.
 */
import type { Readable, Writable } from 'node:stream';
import type { StepColumns } from '../../src/events/steps.ts';

export const Command = { BATCH: 1, SIGNAL: 2, QUIT: 3, WATCH: 4 } as const;
export const Answer = { STATE: 1, OK: 2, DIFFERENT: 3, SIGNAL: 4, FAULT: 5, EXIT: 6, ERROR: 7 } as const;

/** How a batch ends: with its last step, with a call, with a fault behind the last step, with a trap (#BP, #OF). */
export const End = { NONE: 0, CALL: 1, FAULT: 2, TRAP: 3 } as const;

/** What differs. */
export const Different = { REGISTERS: 1, WRITTEN: 2, FX: 3, MEMORY: 4, FAULTED: 5, NO_FAULT: 6, ENDED: 7, WATCHED: 8 } as const;

/** Bits of a site, beside its undefined flags in the low half. */
export const SiteBit = {
	/** Not stepped: T0's registers are written into the program (cpuid, rdtsc). */
	POKE: 1 << 16,
	/** Pushes eflags: TF in it is the tracer's. */
	PUSHF: 1 << 17,
	/** Loads ss: the processor takes the next instruction along. */
	SHADOWED: 1 << 18,
	/** Changes x87 or SSE registers. */
	FX: 1 << 19,
} as const;

/** From this bit on: which x87 image it writes (`is_pointer` in tracer.c), 0 none. */
export const SITE_IMAGE = 20;
/** With a page's number: it is no longer there. */
const GONE = 0x80000000;

/** Registers as the tracer tells them. */
export interface NativeRegisters {
	/** By encoding. */
	readonly gprs: readonly number[];
	readonly eip: number;
	readonly eflags: number;
	/** es cs ss ds fs gs. */
	readonly segments: readonly number[];
}

/** The program as the kernel left it. */
export interface NativeState {
	readonly because: 'exec' | 'call' | 'signal';
	readonly pid: number;
	readonly registers: NativeRegisters;
	readonly fx: Uint8Array;
	/** Three struct user_desc. */
	readonly tls: Uint8Array;
	/** /proc/PID/maps when it changed. */
	readonly maps: string | undefined;
	/** Pages that changed, by linear page number; undefined: behind the end of its file now. */
	readonly pages: readonly (readonly [number, Uint8Array | undefined])[];
}

export interface Difference {
	/** Steps of the batch before it. */
	readonly step: number;
	readonly kind: number;
	readonly native: NativeRegisters;
	/** What T0 has. */
	readonly own: NativeRegisters;
	readonly nativeFx: Uint8Array;
	readonly ownFx: Uint8Array;
	readonly address: number;
	readonly bytes: Uint8Array;
}

/** A signal that the program is stopped by. */
export interface NativeSignal {
	readonly step: number;
	readonly signo: number;
	readonly code: number;
	readonly address: number;
	readonly registers: NativeRegisters;
}

/** Reads the words of a message. */
export class Reader {
	readonly #bytes: Buffer;
	#at = 0;

	constructor(bytes: Buffer) {
		this.#bytes = bytes;
	}

	word(): number {
		this.#at += 4;
		return this.#bytes.readUInt32LE(this.#at - 4);
	}

	words(count: number): number[] {
		return Array.from({ length: count }, () => this.word());
	}

	/** A copy. */
	bytes(length: number): Uint8Array {
		this.#at += length;
		return Uint8Array.prototype.slice.call(this.#bytes, this.#at - length, this.#at);
	}

	registers(): NativeRegisters {
		return { gprs: this.words(8), eip: this.word(), eflags: this.word(), segments: this.words(6) };
	}
}

const FX_BYTES = 512;

export function readState(r: Reader): NativeState {
	const because = (['exec', 'call', 'signal'] as const)[r.word() - 1];
	const pid = r.word();
	const registers = r.registers();
	const fx = r.bytes(FX_BYTES);
	const tls = r.bytes(48);
	const text = r.bytes(r.word());
	const pages: [number, Uint8Array | undefined][] = [];
	for (let n = r.word(); n > 0; n--) {
		const number = r.word();
		const bytes = r.bytes(4096);
		pages.push(number >= GONE ? [number - GONE, undefined] : [number, bytes]);
	}
	return { because, pid, registers, fx, tls, maps: text.length > 0 ? Buffer.from(text).toString('latin1') : undefined, pages };
}

export function readDifference(r: Reader): Difference {
	const [step, kind] = r.words(2);
	const native = r.registers();
	const own = r.registers();
	const nativeFx = r.bytes(FX_BYTES);
	const ownFx = r.bytes(FX_BYTES);
	const address = r.word();
	return { step, kind, native, own, nativeFx, ownFx, address, bytes: r.bytes(r.word()) };
}

export function readSignal(r: Reader): NativeSignal {
	const [step, signo, code, address] = r.words(4);
	return { step, signo, code: code | 0, address, registers: r.registers() };
}

function u32Bytes(array: Uint32Array): Uint8Array {
	return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}

/** The pipe itself. */
export class Channel {
	readonly #out: Writable;
	#chunks: Buffer[] = [];
	#length = 0;
	#closed = false;
	#wake: () => void = () => {};

	constructor(input: Readable, output: Writable) {
		this.#out = output;
		output.on('error', () => {});
		input.on('data', (chunk: Buffer) => {
			this.#chunks.push(chunk);
			this.#length += chunk.length;
			this.#wake();
		});
		input.on('close', () => {
			this.#closed = true;
			this.#wake();
		});
	}

	batch(columns: StepColumns, bits: Uint32Array, end: number): void {
		const { count, siteEip, siteLength, site, mask, words } = columns;
		const head = new Uint32Array([count, siteEip.length, words.length, end]);
		const parts = [head, siteEip, Uint32Array.from(siteLength), bits, site, Uint32Array.from(mask), words].map(u32Bytes);
		this.#send(Command.BATCH, parts);
	}

	signal(signo: number): void {
		this.#send(Command.SIGNAL, [u32Bytes(new Uint32Array([signo]))], 0);
	}

	/** A byte to look at after every step. */
	watch(address: number): void {
		this.#send(Command.WATCH, [u32Bytes(new Uint32Array([address]))], 0);
	}

	quit(): void {
		this.#send(Command.QUIT, []);
		this.#out.end();
	}

	#send(command: number, parts: readonly Uint8Array[], length = parts.reduce((n, p) => n + p.length, 0)): void {
		this.#out.write(u32Bytes(new Uint32Array([command, length])));
		for (const part of parts) this.#out.write(part);
	}

	/** The next answer. Throws when the tracer is gone. */
	async answer(): Promise<{ readonly kind: number; readonly body: Reader }> {
		const head = await this.#take(8);
		const body = await this.#take(head.readUInt32LE(4));
		return { kind: head.readUInt32LE(0), body: new Reader(body) };
	}

	async #take(length: number): Promise<Buffer> {
		while (this.#length < length) {
			if (this.#closed) throw new Error('the tracer ended without an answer');
			await new Promise<void>((resolve) => {
				this.#wake = resolve;
			});
		}
		const all = this.#chunks.length === 1 ? this.#chunks[0] : Buffer.concat(this.#chunks);
		this.#chunks = all.length > length ? [all.subarray(length)] : [];
		this.#length = all.length - length;
		return all.subarray(0, length);
	}
}
