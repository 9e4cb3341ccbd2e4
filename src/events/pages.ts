/**
 * Pages of memory objects: a persistent two-level table of immutable 4096-byte pages.
 * A page, once here, is replaced and never written.
 */
import { assert } from './assert.ts';

export const PAGE_SIZE = 4096;
const LEAF = 1024;

type Leaf = readonly (Uint8Array | undefined)[];

/** Sparse pages by index (0 ≤ index < 2^20·4). Absent pages read as zeros. An opaque leaf to immer. */
export class Pages {
	static readonly EMPTY = new Pages({}, {}, 0);
	/** Leaves by index >>> 10; integer keys, so iteration is in ascending order. */
	readonly leaves: Readonly<Record<number, Leaf>>;

	/** Present pages of each leaf. */
	private readonly counts: Readonly<Record<number, number>>;
	/** Number of present pages. */
	readonly size: number;

	private constructor(leaves: Readonly<Record<number, Leaf>>, counts: Readonly<Record<number, number>>, size: number) {
		this.leaves = leaves;
		this.counts = counts;
		this.size = size;
	}

	/** The page, or undefined (zeros). */
	get(index: number): Uint8Array | undefined {
		return this.leaves[Math.floor(index / LEAF)]?.[index % LEAF];
	}

	/** A table with these pages set (undefined removes one). */
	with(changes: Iterable<readonly [number, Uint8Array | undefined]>): Pages {
		const leaves: Record<number, Leaf> = { ...this.leaves };
		const counts: Record<number, number> = { ...this.counts };
		const fresh = new Map<number, (Uint8Array | undefined)[]>();
		for (const [index, bytes] of changes) {
			assert(bytes === undefined || bytes.length === PAGE_SIZE, 'a page has 4096 bytes');
			const at = Math.floor(index / LEAF);
			let leaf = fresh.get(at);
			if (!leaf) {
				leaf = leaves[at] ? [...leaves[at]] : new Array<Uint8Array | undefined>(LEAF).fill(undefined);
				fresh.set(at, leaf);
				leaves[at] = leaf;
			}
			leaf[index % LEAF] = bytes;
		}
		let { size } = this;
		for (const [at, leaf] of fresh) {
			let present = 0;
			for (const page of leaf) if (page !== undefined) present++;
			size += present - (counts[at] ?? 0);
			if (present > 0) counts[at] = present;
			else {
				delete leaves[at];
				delete counts[at];
			}
		}
		return new Pages(leaves, counts, size);
	}

	/** A table without the pages in [from, to). */
	without(from: number, to: number): Pages {
		const gone: [number, undefined][] = [];
		for (const [index] of this.entries(from, to)) gone.push([index, undefined]);
		return gone.length === 0 ? this : this.with(gone);
	}

	/** Present pages with from ≤ index < to, ascending. */
	*entries(from = 0, to = Number.MAX_SAFE_INTEGER): Generator<readonly [number, Uint8Array]> {
		for (const key of Object.keys(this.leaves)) {
			const base = Number(key) * LEAF;
			if (base + LEAF <= from || base >= to) continue;
			const leaf = this.leaves[Number(key)];
			for (let i = Math.max(0, from - base); i < LEAF && base + i < to; i++) {
				const page = leaf[i];
				if (page !== undefined) yield [base + i, page];
			}
		}
	}

	/** Pages that are not the very same as `before`'s: [index, before, now], ascending. Unchanged leaves cost nothing. */
	*changes(before: Pages): Generator<readonly [number, Uint8Array | undefined, Uint8Array | undefined]> {
		for (const key of Object.keys({ ...before.leaves, ...this.leaves })) {
			const was = before.leaves[Number(key)];
			const is = this.leaves[Number(key)];
			if (was === is) continue;
			for (let i = 0; i < LEAF; i++) {
				if (was?.[i] !== is?.[i]) yield [Number(key) * LEAF + i, was?.[i], is?.[i]];
			}
		}
	}
}
