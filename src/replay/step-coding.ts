/**
 * Step columns as few bytes: what a loop did last time predicts what it does next. For each site the coder keeps its last
 * successor, its last mask and, per word of its effect, the last value and stride; only what was not foreseen is written,
 * as variable-length integers, in streams that deflate well afterwards. Encoder and decoder hold the same tables.
 */
import { type StepColumns, StepMask } from '../events/steps.ts';

/** Words of a step's effect that have a prediction of their own; later ones share the last. */
const SLOTS = 16;

/** Grows as it is written to. */
export class ByteSink {
	#bytes: Uint8Array;
	length = 0;

	constructor(capacity: number) {
		this.#bytes = new Uint8Array(capacity);
	}

	/** A u32 in 1 to 5 bytes, low seven bits first. */
	varint(value: number): void {
		if (this.length + 5 > this.#bytes.length) this.#grow();
		const bytes = this.#bytes;
		let n = value >>> 0;
		while (n >= 0x80) {
			bytes[this.length++] = (n & 0x7f) | 0x80;
			n >>>= 7;
		}
		bytes[this.length++] = n;
	}

	#grow(): void {
		const bytes = new Uint8Array(this.#bytes.length * 2);
		bytes.set(this.#bytes);
		this.#bytes = bytes;
	}

	done(): Uint8Array {
		return this.#bytes.subarray(0, this.length);
	}
}

class ByteSource {
	readonly #bytes: Uint8Array;
	#at = 0;

	constructor(bytes: Uint8Array) {
		this.#bytes = bytes;
	}

	varint(): number {
		let n = 0;
		for (let shift = 0; shift < 35; shift += 7) {
			if (this.#at >= this.#bytes.length) throw new Error('a number wanted, the stream ends');
			const b = this.#bytes[this.#at++];
			n |= (b & 0x7f) << shift;
			if (b < 0x80) return n >>> 0;
		}
		throw new Error('a number of at most five bytes wanted');
	}

	end(): void {
		if (this.#at !== this.#bytes.length)
			throw new Error(`the end of a stream wanted, ${this.#bytes.length - this.#at} more bytes got`);
	}
}

/** The streams of a coded batch. */
export interface CodedSteps {
	/** Runs of foreseen sites, each followed by the site that was not. */
	readonly sites: Uint8Array;
	/** Runs of foreseen masks, each followed by the mask that was not. */
	readonly masks: Uint8Array;
	/** Differences from the foreseen values. */
	readonly words: Uint8Array;
	/** Differences (exclusive or) from the last eflags of the site. */
	readonly flags: Uint8Array;
}

function zigzag(n: number): number {
	return ((n << 1) ^ (n >> 31)) >>> 0;
}

function unzigzag(n: number): number {
	return (n >>> 1) ^ -(n & 1);
}

/** Codes the sites, masks and words of a batch. */
export function codeSteps(columns: StepColumns): CodedSteps {
	const { count, site, mask, words, siteEip } = columns;
	const sites = siteEip.length;
	const successor = new Int32Array(sites + 1);
	const lastMask = new Int32Array(sites).fill(-1);
	const last = new Int32Array(sites * SLOTS);
	const stride = new Int32Array(sites * SLOTS);
	const lastFlags = new Int32Array(sites);
	const outSites = new ByteSink(256);
	const outMasks = new ByteSink(256);
	const outWords = new ByteSink(words.length + 64);
	const outFlags = new ByteSink(count + 64);
	let siteRun = 0;
	let maskRun = 0;
	let previous = sites;
	let w = 0;
	let base = 0;
	let slot = 0;
	const put = () => {
		const at = base + (slot < SLOTS ? slot : SLOTS - 1);
		slot++;
		const value = words[w++] | 0;
		const old = last[at];
		const residual = (value - old - stride[at]) | 0;
		if (residual !== 0) stride[at] = (value - old) | 0;
		last[at] = value;
		outWords.varint(zigzag(residual));
	};
	for (let i = 0; i < count; i++) {
		const s = site[i];
		if (successor[previous] === s) siteRun++;
		else {
			outSites.varint(siteRun);
			outSites.varint(s);
			siteRun = 0;
			successor[previous] = s;
		}
		previous = s;
		const m = mask[i];
		if (lastMask[s] === m) maskRun++;
		else {
			outMasks.varint(maskRun);
			outMasks.varint(m);
			maskRun = 0;
			lastMask[s] = m;
		}
		base = s * SLOTS;
		slot = 0;
		let n = gprCount(m);
		for (; n > 0; n--) put();
		if (m & StepMask.FLAGS) {
			const value = words[w++];
			outFlags.varint((value ^ lastFlags[s]) >>> 0);
			lastFlags[s] = value;
		}
		if (m & StepMask.JUMP) put();
		if (m & StepMask.MEMORY) {
			n = words[w];
			put();
			for (; n > 0; n--) {
				let data = (words[w + 1] + 3) >> 2;
				put();
				put();
				for (; data > 0; data--) put();
			}
		}
		if (m & StepMask.FX) {
			n = words[w] * 2;
			for (put(); n > 0; n--) put();
		}
		if (m & StepMask.SEGMENTS) {
			n = words[w] * 2;
			for (put(); n > 0; n--) put();
		}
	}
	outSites.varint(siteRun);
	outMasks.varint(maskRun);
	return { sites: outSites.done(), masks: outMasks.done(), words: outWords.done(), flags: outFlags.done() };
}

/** Bits set in bits 0..7. */
function gprCount(m: number): number {
	let n = m & 0xff;
	n = n - ((n >> 1) & 0x55);
	n = (n & 0x33) + ((n >> 2) & 0x33);
	return (n + (n >> 4)) & 0x0f;
}

/**
 * Takes the streams apart again. Every index and count is checked: throws an Error with one line that says what was wanted.
 * @param wordCount number of words the batch is said to hold
 */
export function uncodeSteps(
	coded: CodedSteps,
	count: number,
	siteCount: number,
	wordCount: number,
): Pick<StepColumns, 'site' | 'mask' | 'words'> {
	const site = new Uint32Array(count);
	const mask = new Uint16Array(count);
	const words = new Uint32Array(wordCount);
	const [inSites, inMasks, inWords, inFlags] = [coded.sites, coded.masks, coded.words, coded.flags].map((b) => new ByteSource(b));
	const successor = new Int32Array(siteCount + 1);
	const lastMask = new Int32Array(siteCount).fill(-1);
	const last = new Int32Array(siteCount * SLOTS);
	const stride = new Int32Array(siteCount * SLOTS);
	const lastFlags = new Int32Array(siteCount);
	let siteRun = inSites.varint();
	let maskRun = inMasks.varint();
	let previous = siteCount;
	let w = 0;
	const push = (value: number) => {
		if (w >= wordCount) throw new Error(`${wordCount} words wanted, more got`);
		words[w++] = value;
	};
	let base = 0;
	let slot = 0;
	const take = (): number => {
		const at = base + (slot < SLOTS ? slot : SLOTS - 1);
		slot++;
		const residual = unzigzag(inWords.varint());
		const old = last[at];
		const value = (old + stride[at] + residual) | 0;
		if (residual !== 0) stride[at] = (value - old) | 0;
		last[at] = value;
		push(value >>> 0);
		return value >>> 0;
	};
	for (let i = 0; i < count; i++) {
		let s = successor[previous];
		if (siteRun > 0) siteRun--;
		else {
			s = inSites.varint();
			successor[previous] = s;
			siteRun = inSites.varint();
		}
		if (s >= siteCount || s < 0) throw new Error(`a site below ${siteCount} wanted, ${s} got`);
		site[i] = s;
		previous = s;
		let m = lastMask[s];
		if (maskRun > 0) maskRun--;
		else {
			m = inMasks.varint();
			lastMask[s] = m;
			maskRun = inMasks.varint();
		}
		if (m < 0 || m > 0x3fff) throw new Error(`a mask of 14 bits wanted, ${m} got`);
		mask[i] = m;
		base = s * SLOTS;
		slot = 0;
		for (let n = gprCount(m); n > 0; n--) take();
		if (m & StepMask.FLAGS) {
			lastFlags[s] ^= inFlags.varint();
			push(lastFlags[s] >>> 0);
		}
		if (m & StepMask.JUMP) take();
		if (m & StepMask.MEMORY) {
			for (let n = limited(take(), 64, 'writes'); n > 0; n--) {
				take();
				for (let data = (limited(take(), 4096, 'bytes') + 3) >> 2; data > 0; data--) take();
			}
		}
		if (m & StepMask.FX) for (let n = limited(take(), 128, 'changes of the FPU') * 2; n > 0; n--) take();
		if (m & StepMask.SEGMENTS) for (let n = limited(take(), 6, 'selectors') * 2; n > 0; n--) take();
	}
	if (w !== wordCount) throw new Error(`${wordCount} words wanted, ${w} got`);
	if (siteRun !== 0 || maskRun !== 0) throw new Error('the runs of sites and masks do not end with the steps');
	for (const source of [inSites, inMasks, inWords, inFlags]) source.end();
	return { site, mask, words };
}

function limited(n: number, max: number, what: string): number {
	if (n > max) throw new Error(`at most ${max} ${what} in a step wanted, ${n} got`);
	return n;
}
