/**
 * The raw log of the recording interpreter and its materialisation into StepColumns.
 *
 * p is the record's place in the code. A hot step: [p, registers written (as the op's effects list them), result and carry words if it writes flags, address and
 * value of its memory write]. Other steps: [p | 1, mask | before << 16, after, words…]: the final words before and after the JUMP
 * word's place. A marker [0, eip, eflags rest] stands at both ends of every stretch.
 */
import type { StepColumns } from '../events/steps.ts';
import { StepMask } from '../events/steps.ts';
import { arithFlags } from './flags.ts';
import { STRIDE, Word } from './interpreter.ts';
import { Flag } from './isa/row.ts';

/** Facts about a record, packed: see `packSite`. */
export const HOT = 1 << 4;
const FLAGS = 1 << 5;
/**
 * For the others: what of the FXSAVE image may change besides MXCSR, from this bit on one for each XMM register; the x87's
 * part; all of it.
 */
export const FX_XMM = 1 << 16;
export const FX_X87 = 1 << 24;
export const FX_ALL = 1 << 25;

/** Packs what the log must know of a record: instruction length, and for hot ops registers (15: none), flags, store size. */
export function packSite(length: number, hot: boolean, flags: boolean, gprs: readonly number[], store: number): number {
	const g0 = gprs[0] ?? 15;
	const g1 = gprs[1] ?? 15;
	const g2 = gprs[2] ?? 15;
	const size = store === 4 ? 3 : store;
	return length | (hot ? HOT : 0) | (flags ? FLAGS : 0) | (g0 << 8) | (g1 << 12) | (size << 16) | (g2 << 20);
}

/** Facts about a record while a log is taken apart, FACTS words each: its site + 1, its `plan`, where it falls to, its eip. */
const FACTS = 4;
const Fact = { SITE: 0, PLAN: 1, FALLS_TO: 2, EIP: 3 } as const;

/** How the first two registers of a hot step stand in the log (SAME: both are one, the second value counts). */
const Pair = { NONE: 0, ONE: 1, TWO: 2, SWAPPED: 3, SAME: 4 } as const;
const THIRD = 1 << 19;

/** What a hot step's words come to: its mask, but for a jump; Pair << 16; THIRD: a third register; store size code << 20. */
function planOf(info: number): number {
	const g0 = (info >> 8) & 15;
	const g1 = (info >> 12) & 15;
	const g2 = (info >> 20) & 15;
	const store = (info >> 16) & 3;
	let mask = (info & FLAGS ? StepMask.FLAGS : 0) | (store !== 0 ? StepMask.MEMORY : 0);
	for (const g of [g0, g1, g2]) if (g !== 15) mask |= 1 << g;
	let pair: number = g0 < g1 ? Pair.TWO : g0 > g1 ? Pair.SWAPPED : Pair.SAME;
	if (g1 === 15) pair = g0 === 15 ? Pair.NONE : Pair.ONE;
	return mask | (pair << 16) | (g2 === 15 ? 0 : THIRD) | (store << 20);
}

export class StepLog {
	readonly raw: Int32Array;
	/** Where a stretch stops: enough room is left for the largest step. */
	readonly limit: number;
	/** packSite by record. */
	readonly sites: Int32Array;
	private readonly facts: Int32Array;
	private readonly code: Int32Array;
	private readonly bytes: Uint8Array;
	/** Columns in the making: kept, since fresh ones would be zeroed for nothing. */
	private site = new Uint32Array(0);
	private mask = new Uint16Array(0);
	private words = new Int32Array(0);
	private readonly place = new Int32Array(4);

	constructor(code: Int32Array, bytes: Uint8Array, sites: Int32Array, words = 2 ** 22) {
		this.raw = new Int32Array(words);
		this.limit = words - 4096;
		this.code = code;
		this.bytes = bytes;
		this.sites = sites;
		this.facts = new Int32Array((code.length / STRIDE) * FACTS);
	}

	/** Enters a record at its first step. */
	private meet(record: number, found: SiteTable): void {
		const { facts, code, sites } = this;
		const f = record * FACTS;
		if (facts[f + Fact.SITE] !== 0) return;
		const length = sites[record] & 15;
		const eip = code[record * STRIDE + Word.EIP];
		facts[f + Fact.SITE] = found.add(record, length) + 1;
		facts[f + Fact.PLAN] = planOf(sites[record]);
		facts[f + Fact.FALLS_TO] = (eip + length) | 0;
		facts[f + Fact.EIP] = eip;
	}

	/** Materialises the first `end` words of the log. */
	take(end: number, task: number, first: number): StepColumns {
		if (end > this.site.length) {
			// A step takes one word at least, and no more than doubles: a store of two becomes four and a jump.
			this.site = new Uint32Array(end);
			this.mask = new Uint16Array(end);
			this.words = new Int32Array(end * 2);
		}
		const { raw, facts, site, mask, words, place } = this;
		const found = new SiteTable(this.code, this.bytes);
		place.fill(0);
		while (place[At.RAW] < end) {
			hotSteps(raw, facts, site, mask, words, place);
			// Here is a marker, a step that is not hot, or one whose record (or the next one's) is not known yet.
			const l = place[At.RAW];
			const entry = raw[l];
			if (entry === 0) {
				place[At.REST] = raw[l + 2];
				place[At.RAW] = l + 3;
				continue;
			}
			this.meet((entry / STRIDE) | 0, found);
			const next = this.next(l);
			if (raw[next] !== 0) this.meet((raw[next] / STRIDE) | 0, found);
			if (entry & 1) this.generalStep(next);
		}
		const steps = place[At.STEP];
		for (const record of found.met) facts[record * FACTS] = 0;
		return {
			task,
			first,
			count: steps,
			...found.columns(),
			site: site.slice(0, steps),
			mask: mask.slice(0, steps),
			words: new Uint32Array(words.buffer.slice(0, place[At.WORD] * 4)),
		};
	}

	/** Where the step behind this one stands. */
	private next(l: number): number {
		const { raw } = this;
		const entry = raw[l];
		if (entry & 1) return l + 3 + (raw[l + 1] >>> 16) + raw[l + 2];
		const plan = this.facts[((entry / STRIDE) | 0) * FACTS + Fact.PLAN];
		const pair = (plan >> 16) & 7;
		const gprs = (pair > Pair.ONE ? 2 : pair) + (plan & THIRD ? 1 : 0);
		return l + 1 + gprs + (plan & StepMask.FLAGS ? 2 : 0) + (plan & StepMask.MEMORY ? 2 : 0);
	}

	/** A step whose words stand in the log as they are in the columns. */
	private generalStep(next: number): void {
		const { raw, facts, words, place } = this;
		let l = place[At.RAW];
		let w = place[At.WORD];
		const f = ((raw[l] / STRIDE) | 0) * FACTS;
		let m = raw[l + 1] & 0xffff;
		const before = raw[l + 1] >>> 16;
		l += 3;
		for (const to = l + before; l < to; l++) words[w++] = raw[l];
		if (m & StepMask.FLAGS) place[At.REST] = words[w - 1] & ~Flag.ARITH;
		const goes = raw[next] === 0 ? raw[next + 1] : facts[((raw[next] / STRIDE) | 0) * FACTS + Fact.EIP];
		if (goes !== facts[f + Fact.FALLS_TO]) {
			m |= StepMask.JUMP;
			words[w++] = goes;
		}
		for (; l < next; l++) words[w++] = raw[l];
		this.site[place[At.STEP]] = facts[f + Fact.SITE] - 1;
		this.mask[place[At.STEP]] = m;
		place[At.STEP]++;
		place[At.WORD] = w;
		place[At.RAW] = next;
	}
}

/** How far a log is taken apart: word of the log, step, word of the columns; eflags but for the arithmetic ones. */
const At = { RAW: 0, STEP: 1, WORD: 2, REST: 3 } as const;

/** Takes hot steps apart as long as they and their successors are known. Nothing is called here, so the engine keeps all in registers. */
function hotSteps(
	raw: Int32Array,
	facts: Int32Array,
	site: Uint32Array,
	mask: Uint16Array,
	words: Int32Array,
	place: Int32Array,
): void {
	let l = place[At.RAW];
	let step = place[At.STEP];
	let w = place[At.WORD];
	const rest = place[At.REST];
	let entry = raw[l];
	let f = ((entry / STRIDE) | 0) * FACTS;
	while (entry !== 0 && (entry & 1) === 0 && facts[f] !== 0) {
		const plan = facts[f + Fact.PLAN];
		let m = plan & 0xffff;
		const start = w;
		let at = l + 1;
		switch ((plan >> 16) & 7) {
			case Pair.NONE:
				break;
			case Pair.ONE:
				words[w++] = raw[at++];
				break;
			case Pair.TWO:
				words[w] = raw[at];
				words[w + 1] = raw[at + 1];
				w += 2;
				at += 2;
				break;
			case Pair.SWAPPED:
				words[w] = raw[at + 1];
				words[w + 1] = raw[at];
				w += 2;
				at += 2;
				break;
			default:
				words[w++] = raw[at + 1];
				at += 2;
		}
		if (plan & THIRD) words[w++] = raw[at++];
		if (m & StepMask.FLAGS) {
			words[w++] = rest | arithFlags(raw[at], raw[at + 1]);
			at += 2;
		}
		const next = m & StepMask.MEMORY ? at + 2 : at;
		// Where the step went: to the next one, or to where the stretch ends.
		entry = raw[next];
		let goes = raw[next + 1];
		const n = ((entry / STRIDE) | 0) * FACTS;
		if (entry !== 0) {
			if (facts[n] === 0) {
				w = start;
				break;
			}
			goes = facts[n + Fact.EIP];
		}
		if (goes !== facts[f + Fact.FALLS_TO]) {
			m |= StepMask.JUMP;
			words[w++] = goes;
		}
		if (m & StepMask.MEMORY) {
			const store = (plan >> 20) & 3;
			const value = raw[at + 1];
			words[w] = 1;
			words[w + 1] = raw[at];
			words[w + 2] = store === 3 ? 4 : store;
			words[w + 3] = store === 3 ? value : value & (store === 1 ? 0xff : 0xffff);
			w += 4;
		}
		site[step] = facts[f] - 1;
		mask[step++] = m;
		l = next;
		f = n;
	}
	place[At.RAW] = l;
	place[At.STEP] = step;
	place[At.WORD] = w;
}

/** The distinct instructions of a batch: by address and bytes, in order of first appearance. */
class SiteTable {
	/** Every record that was added, also those that are an instruction known by another. */
	readonly met: number[] = [];
	private readonly byEip = new Map<number, number[]>();
	private readonly records: number[] = [];
	private readonly lengths: number[] = [];
	private readonly code: Int32Array;
	private readonly bytes: Uint8Array;

	constructor(code: Int32Array, bytes: Uint8Array) {
		this.code = code;
		this.bytes = bytes;
	}
	add(record: number, length: number): number {
		this.met.push(record);
		const eip = this.code[record * STRIDE + Word.EIP] >>> 0;
		let same = this.byEip.get(eip);
		if (!same) this.byEip.set(eip, (same = []));
		for (const s of same) if (this.lengths[s] === length && this.equal(this.records[s], record, length)) return s;
		this.records.push(record);
		this.lengths.push(length);
		same.push(this.records.length - 1);
		return this.records.length - 1;
	}
	private equal(a: number, b: number, length: number): boolean {
		for (let i = 0; i < length; i++) if (this.bytes[a * 16 + i] !== this.bytes[b * 16 + i]) return false;
		return true;
	}
	columns(): Pick<StepColumns, 'siteEip' | 'siteLength' | 'siteBytes'> {
		const n = this.records.length;
		const siteEip = new Uint32Array(n);
		const siteLength = Uint8Array.from(this.lengths);
		const siteBytes = new Uint8Array(n * 16);
		this.records.forEach((record, s) => {
			siteEip[s] = this.code[record * STRIDE + Word.EIP];
			siteBytes.set(this.bytes.subarray(record * 16, record * 16 + siteLength[s]), s * 16);
		});
		return { siteEip, siteLength, siteBytes };
	}
}
