/**
 * Debug registers (SDM vol. 3, 17.2): which instruction and data breakpoints are set, and which of them a step has met.
 * The processor runs one step at a time while any is set, and pages with a data breakpoint stay out of the TLBs, so that
 * nothing of this costs anything while none is.
 */
import { DEBUG_W } from './layout.ts';

/** R/W fields of DR7: execution, writes, (I/O, which needs CR4.DE,) reads and writes. */
const EXECUTE = 0;
const WRITE = 1;
const READ_WRITE = 3;
/** Bytes by LEN field; 8 where it was undefined before processors had 64 bits. */
const LENGTHS = [1, 2, 8, 4];
const DR7 = 7;

interface Watch {
	readonly bit: number;
	/** First and last linear byte. */
	readonly first: number;
	readonly last: number;
	readonly reads: boolean;
}

export class Breakpoints {
	private readonly words: Int32Array;
	private executes: readonly { readonly bit: number; readonly address: number }[] = [];
	private watches: readonly Watch[] = [];
	/** Any breakpoint is set. */
	armed = false;
	/** Any data breakpoint is set. */
	watching = false;
	/** B0..B3 of the data breakpoints met since somebody cleared it. */
	hits = 0;

	constructor(words: Int32Array) {
		this.words = words;
	}

	/** Reads the debug registers again; true when pages must leave the TLBs, or may enter them again. */
	update(): boolean {
		const { words } = this;
		const dr7 = words[DEBUG_W + DR7];
		const before = this.watching;
		const executes: { bit: number; address: number }[] = [];
		const watches: Watch[] = [];
		for (let i = 0; i < 4; i++) {
			if (((dr7 >>> (i * 2)) & 3) === 0) continue;
			const kind = (dr7 >>> (16 + i * 4)) & 3;
			const bit = 1 << i;
			const address = words[DEBUG_W + i] >>> 0;
			if (kind === EXECUTE) executes.push({ bit, address });
			if (kind !== WRITE && kind !== READ_WRITE) continue;
			const length = LENGTHS[(dr7 >>> (18 + i * 4)) & 3];
			const first = (address & -length) >>> 0;
			watches.push({ bit, first, last: first + length - 1, reads: kind === READ_WRITE });
		}
		this.executes = executes;
		this.watches = watches;
		this.watching = watches.length > 0;
		this.armed = this.watching || executes.length > 0;
		return before || this.watching;
	}

	/** B0..B3 of the instruction breakpoints at a linear address. */
	at(linear: number): number {
		let bits = 0;
		for (const { bit, address } of this.executes) if (address === linear >>> 0) bits |= bit;
		return bits;
	}
	/** Whether any byte of the page of a linear address is watched. */
	covers(linear: number): boolean {
		if (!this.watching) return false;
		const page = (linear & -4096) >>> 0;
		return this.watches.some((w) => (w.first & -4096) >>> 0 === page);
	}
	/** Notes that a step reads or writes `size` bytes. */
	access(linear: number, size: number, write: boolean): void {
		const first = linear >>> 0;
		for (const w of this.watches) {
			if ((write || w.reads) && first <= w.last && first + size - 1 >= w.first) this.hits |= w.bit;
		}
	}
}
