/**
 * The x87's registers: the stack, its tags, control and status word, and how the exceptions of an operation take effect
 * (SDM vol. 1, 8.1 and 8.4–8.7). Works in place on the live area described in layout.ts.
 */
import { Arith } from './arith.ts';
import { classify, Ext, NORMAL, ZERO } from './ext.ts';
import { BUSY, C1, EARLY, ES, IE, OE, SF, UE, W_CONTROL, W_FCS, W_FDP, W_FDS, W_FIP, W_ST, W_TAG } from './layout.ts';

export class Stack {
	/** The live area as words and halfwords; replaced by `attach`. */
	w: Int32Array;
	h: Uint16Array;
	readonly ar = new Arith();
	/** Operands of the instruction at hand. */
	readonly x = new Ext();
	readonly y = new Ext();

	/** @param byteOffset of the 512-byte area; a multiple of 4. */
	constructor(buffer: ArrayBufferLike, byteOffset: number) {
		this.w = new Int32Array(buffer, byteOffset, 128);
		this.h = new Uint16Array(buffer, byteOffset, 256);
	}

	/** The area moved (a memory that grew). */
	attach(buffer: ArrayBufferLike, byteOffset: number): void {
		this.w = new Int32Array(buffer, byteOffset, 128);
		this.h = new Uint16Array(buffer, byteOffset, 256);
	}

	get control(): number {
		return this.w[W_CONTROL] & 0xffff;
	}

	get status(): number {
		return this.w[W_CONTROL] >>> 16;
	}

	set status(value: number) {
		this.h[1] = value;
	}

	get top(): number {
		return (this.w[W_CONTROL] >>> 27) & 7;
	}

	/** An unmasked exception waits: the next waiting instruction raises #MF. */
	get pending(): boolean {
		return (this.w[W_CONTROL] & (ES << 16)) !== 0;
	}

	/** Sets ES and B to what the flags and masks say. */
	summarise(): void {
		const status = this.h[1] & ~(ES | BUSY);
		this.h[1] = status & ~this.h[0] & 0x3f ? status | ES | BUSY : status;
	}

	/** fldcw: reserved bit 6 is set, the others cleared; unmasking a flag that is set makes it pending. */
	setControl(value: number): void {
		this.h[0] = (value & 0x1f3f) | 0x40;
		this.summarise();
	}

	/** Notes the last instruction other than a control instruction: address with its prefixes, opcode (low 11 bits). */
	note(eip: number, cs: number, opcode: number): void {
		const { w } = this;
		w[W_FIP] = eip;
		w[W_FCS] = cs;
		w[W_TAG] = (w[W_TAG] & 0xffff) | (opcode << 16);
	}

	/** Notes its memory operand. An instruction without one keeps the old pointer. */
	notePointer(offset: number, selector: number): void {
		this.w[W_FDP] = offset;
		this.w[W_FDS] = selector;
	}

	isEmpty(i: number): boolean {
		return ((this.w[W_TAG] >>> ((this.top + i) & 7)) & 1) === 0;
	}

	read(i: number, into: Ext): void {
		const { w } = this;
		const at = W_ST + (i << 2);
		into.lo = w[at];
		into.hi = w[at + 1];
		into.se = w[at + 2];
	}

	/** Writes ST(i) and marks it as valid. */
	write(i: number, value: Ext): void {
		const { w } = this;
		const at = W_ST + (i << 2);
		w[at] = value.lo;
		w[at + 1] = value.hi;
		w[at + 2] = value.se;
		w[W_TAG] |= 1 << ((this.top + i) & 7);
	}

	markEmpty(i: number): void {
		this.w[W_TAG] &= ~(1 << ((this.top + i) & 7));
	}

	/** Decrements TOP and writes the new ST(0). */
	push(value: Ext): void {
		this.pushWords(value.se, value.hi, value.lo);
	}

	/** As `push`. The moves are written out: a loop takes twice as long. */
	pushWords(se: number, hi: number, lo: number): void {
		const { w } = this;
		w[36] = w[32];
		w[37] = w[33];
		w[38] = w[34];
		w[32] = w[28];
		w[33] = w[29];
		w[34] = w[30];
		w[28] = w[24];
		w[29] = w[25];
		w[30] = w[26];
		w[24] = w[20];
		w[25] = w[21];
		w[26] = w[22];
		w[20] = w[16];
		w[21] = w[17];
		w[22] = w[18];
		w[16] = w[12];
		w[17] = w[13];
		w[18] = w[14];
		w[12] = w[8];
		w[13] = w[9];
		w[14] = w[10];
		w[8] = lo;
		w[9] = hi;
		w[10] = se;
		const word = w[W_CONTROL];
		const top = ((word >>> 27) - 1) & 7;
		w[W_CONTROL] = (word & ~(7 << 27)) | (top << 27);
		w[W_TAG] |= 1 << top;
	}

	/** Increments TOP: the register that was ST(0) becomes ST(7) with its contents. */
	advance(): void {
		const { w } = this;
		const lo = w[8];
		const hi = w[9];
		const se = w[10];
		w[8] = w[12];
		w[9] = w[13];
		w[10] = w[14];
		w[12] = w[16];
		w[13] = w[17];
		w[14] = w[18];
		w[16] = w[20];
		w[17] = w[21];
		w[18] = w[22];
		w[20] = w[24];
		w[21] = w[25];
		w[22] = w[26];
		w[24] = w[28];
		w[25] = w[29];
		w[26] = w[30];
		w[28] = w[32];
		w[29] = w[33];
		w[30] = w[34];
		w[32] = w[36];
		w[33] = w[37];
		w[34] = w[38];
		w[36] = lo;
		w[37] = hi;
		w[38] = se;
		const word = w[W_CONTROL];
		w[W_CONTROL] = (word & ~(7 << 27)) | ((((word >>> 27) + 1) & 7) << 27);
	}

	/** Sets TOP without moving anything between physical registers. */
	setTop(top: number): void {
		while (this.top !== top) this.advance();
	}

	pop(): void {
		this.markEmpty(0);
		this.advance();
	}

	/** What `settle` does after an operation without exceptions that was not rounded up. */
	clearC1(): void {
		this.w[W_CONTROL] &= ~(C1 << 16);
	}

	/** Enters the exceptions of the operation in `ar` into the status word; true when an unmasked one forbids the result. */
	settle(forbids: number): boolean {
		const { ar, w } = this;
		const word = w[W_CONTROL];
		const unmasked = ar.flags & ~word & 0x3f;
		if (unmasked === 0) {
			w[W_CONTROL] = (word & ~(C1 << 16)) | ((ar.flags | (ar.c1 << 9)) << 16);
			return false;
		}
		if (unmasked & EARLY) {
			ar.flags &= EARLY | SF;
			if ((ar.flags & SF) === 0) ar.c1 = 0;
		}
		w[W_CONTROL] = (word & ~(C1 << 16)) | ((ar.flags | (ar.c1 << 9) | ES | BUSY) << 16);
		return (unmasked & forbids) !== 0;
	}

	/** A stack underflow: the masked answer is the default NaN in `ar.r`. */
	underflow(): void {
		this.ar.begin(this.control, IE | SF);
		this.ar.indefinite();
	}

	/** Ends an operation whose result `ar.r` goes to ST(i). */
	finish(i: number, pops: number): void {
		if (this.settle(EARLY)) return;
		this.write(i, this.ar.r);
		for (; pops > 0; pops--) this.pop();
	}

	/** Ends an operation whose result `ar.r` is pushed. Quirk: an unmasked denormal operand does not keep it from being pushed. */
	finishPush(): void {
		if ((this.ar.flags & SF) === 0 && !this.isEmpty(7)) {
			this.ar.flags = IE | SF;
			this.ar.c1 = 1;
			this.ar.indefinite();
		}
		if (this.settle(IE)) return;
		this.push(this.ar.r);
	}

	/** The full tag word, two bits per physical register: 0 valid, 1 zero, 2 special, 3 empty. */
	tagWord(): number {
		const { w } = this;
		let tags = 0;
		for (let n = 0; n < 8; n++) {
			const at = W_ST + ((n - this.top) & 7) * 4;
			let tag = 3;
			if ((w[W_TAG] >>> n) & 1) {
				const kind = classify(w[at + 2], w[at + 1], w[at]);
				tag = kind === NORMAL ? 0 : kind === ZERO ? 1 : 2;
			}
			tags |= tag << (2 * n);
		}
		return tags;
	}
}

/** Exceptions that keep a value from being stored in memory when unmasked. */
export const FORBID_STORE = EARLY | OE | UE;
