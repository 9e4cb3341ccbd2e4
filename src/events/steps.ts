/**
 * Single CPU steps in columns: typed arrays for a stretch of consecutive steps of one task.
 * A step is one retired instruction or one iteration of a REP string instruction.
 * The columns hold effects only: a reducer applies them without decoding an instruction.
 */

/** Bits of `StepColumns.mask`: which values of the step stand in `words`, in this order. */
export const StepMask = {
	/** Bits 0..7: general register n written, one word each, lowest register first. */
	GPRS: 0xff,
	/** eflags written: one word, the whole register. */
	FLAGS: 0x100,
	/** The next eip is not the end of the instruction: one word, the new eip (a REP that goes on: the same eip). */
	JUMP: 0x200,
	/** Memory written: a count n, then n × (linear address, size in bytes, ⌈size/4⌉ data words, little-endian, zero-padded). */
	MEMORY: 0x400,
	/** FXSAVE image changed: a count n, then n × (dword index 0..127, value). */
	FX: 0x800,
	/** Selectors loaded: a count n, then n × (segment 0..5, selector). */
	SEGMENTS: 0x1000,
	/** The step made the task use its FPU for the first time; no words. */
	FPU_USED: 0x2000,
} as const;

/** A batch of consecutive steps of one task. */
export interface StepColumns {
	readonly task: number;
	/** Machine steps retired before the first step of the batch. */
	readonly first: number;
	/** Number of steps. */
	readonly count: number;
	/** The distinct instructions of the batch ("sites"): address, length and up to 15 bytes each (16 apart). */
	readonly siteEip: Uint32Array;
	readonly siteLength: Uint8Array;
	readonly siteBytes: Uint8Array;
	/** For each step the index of its site. */
	readonly site: Uint32Array;
	/** For each step which effects follow in `words` (StepMask). */
	readonly mask: Uint16Array;
	/** The effects of all steps, one after the other. */
	readonly words: Uint32Array;
}

/** Where in `words` the step behind the one at `at` begins. */
export function skipWords(mask: number, words: Uint32Array, at: number): number {
	let w = at;
	for (let bits = mask & (StepMask.GPRS | StepMask.FLAGS | StepMask.JUMP); bits !== 0; bits &= bits - 1) w++;
	if (mask & StepMask.MEMORY) for (let n = words[w++]; n > 0; n--) w += 2 + ((words[w + 1] + 3) >> 2);
	if (mask & StepMask.FX) w += 1 + 2 * words[w];
	if (mask & StepMask.SEGMENTS) w += 1 + 2 * words[w];
	return w;
}

/** Steps [from, to) of a batch; their words are [wordFrom, wordTo). */
export function sliceColumns(columns: StepColumns, from: number, to: number, wordFrom: number, wordTo: number): StepColumns {
	const { first, count, site, mask, words } = columns;
	if (from === 0 && to === count) return columns;
	return {
		...columns,
		first: first + from,
		count: to - from,
		site: site.slice(from, to),
		mask: mask.slice(from, to),
		words: words.slice(wordFrom, wordTo),
	};
}

/** Two batches of which the second goes on where the first ends. */
export function joinColumns(a: StepColumns, b: StepColumns): StepColumns {
	const sites = a.siteEip.length;
	return {
		task: a.task,
		first: a.first,
		count: a.count + b.count,
		siteEip: joined(Uint32Array, a.siteEip, b.siteEip),
		siteLength: joined(Uint8Array, a.siteLength, b.siteLength),
		siteBytes: joined(Uint8Array, a.siteBytes, b.siteBytes),
		site: joined(
			Uint32Array,
			a.site,
			b.site.map((s) => s + sites),
		),
		mask: joined(Uint16Array, a.mask, b.mask),
		words: joined(Uint32Array, a.words, b.words),
	};
}

function joined<T extends Uint8Array | Uint16Array | Uint32Array>(make: new (length: number) => T, a: T, b: T): T {
	const out = new make(a.length + b.length);
	out.set(a);
	out.set(b, a.length);
	return out;
}

/** One memory write of a step. */
export interface StepWrite {
	/** Linear address, u32. */
	readonly address: number;
	readonly bytes: Uint8Array;
}

/** One step as an object: a view made from the columns, for those who look at few. */
export interface StepEvent {
	readonly kind: 'cpu/step';
	/** Machine steps retired before this one. */
	readonly position: number;
	readonly task: number;
	/** Address and bytes of the instruction. */
	readonly eip: number;
	readonly bytes: Uint8Array;
	/** eip after the step. */
	readonly next: number;
	/** Registers written: [index 0..7, value u32]. */
	readonly gprs: readonly (readonly [number, number])[];
	/** eflags after the step, when it wrote them. */
	readonly eflags?: number;
	readonly writes: readonly StepWrite[];
	/** Changed dwords of the FXSAVE image: [dword index, value]. */
	readonly fx: readonly (readonly [number, number])[];
	/** Selectors loaded: [segment index, selector]. */
	readonly segments: readonly (readonly [number, number])[];
	readonly fpuUsed: boolean;
}

/** Yields the steps of a batch as objects, in order. */
export function* stepEvents(columns: StepColumns): Generator<StepEvent> {
	const { words } = columns;
	let w = 0;
	for (let i = 0; i < columns.count; i++) {
		const site = columns.site[i];
		const mask = columns.mask[i];
		const eip = columns.siteEip[site];
		const length = columns.siteLength[site];
		const gprs: [number, number][] = [];
		for (let r = 0; r < 8; r++) if (mask & (1 << r)) gprs.push([r, words[w++]]);
		const eflags = mask & StepMask.FLAGS ? words[w++] : undefined;
		const next = mask & StepMask.JUMP ? words[w++] : (eip + length) >>> 0;
		const writes: StepWrite[] = [];
		if (mask & StepMask.MEMORY) {
			for (let n = words[w++]; n > 0; n--) {
				const address = words[w++];
				const size = words[w++];
				const padded = new Uint8Array(words.slice(w, w + ((size + 3) >> 2)).buffer);
				w += (size + 3) >> 2;
				writes.push({ address, bytes: padded.subarray(0, size) });
			}
		}
		const fx: [number, number][] = [];
		if (mask & StepMask.FX) for (let n = words[w++]; n > 0; n--) fx.push([words[w++], words[w++]]);
		const segments: [number, number][] = [];
		if (mask & StepMask.SEGMENTS) for (let n = words[w++]; n > 0; n--) segments.push([words[w++], words[w++]]);
		yield {
			kind: 'cpu/step',
			position: columns.first + i,
			task: columns.task,
			eip,
			bytes: columns.siteBytes.subarray(site * 16, site * 16 + length),
			next,
			gprs,
			...(eflags === undefined ? {} : { eflags }),
			writes,
			fx,
			segments,
			fpuUsed: (mask & StepMask.FPU_USED) !== 0,
		};
	}
}
