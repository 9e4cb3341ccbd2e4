/**
 * Differences between two states, on their canonical forms, in a fixed order: by field as the shapes declare them, memory last.
 * No difference means equal for every guest, byte for byte: this is what confirms that two digests are equal for a reason.
 */
import { type CanonicalState, canonical } from './canonical.ts';
import { FX_FIELDS } from './fx-names.ts';
import { diffMemory } from './memory-diff.ts';
import { Pages } from './pages.ts';
import type { Path } from './path.ts';
import type { MachineState } from './state.ts';

export { formatPath, type Path } from './path.ts';

export interface Difference {
	/** In the canonical form: ids are canonical numbers. Memory: `memory`, the mm's number, `ADDRESS+LENGTH`. */
	readonly path: Path;
	/** The values; undefined = there is none. Of memory: up to 16 bytes from the first that differs; undefined = no such page. */
	readonly a: unknown;
	readonly b: unknown;
	/** Memory: what the path's last part says. */
	readonly memory?: {
		/** Linear address, or the offset within an object that is mapped nowhere, of the first byte that differs. */
		readonly address: number;
		/** Bytes from there to the last one that differs, in a run of pages that all differ. */
		readonly length: number;
		readonly pages: number;
		/** The object (its id in the states compared) and its first page that differs. */
		readonly object: number;
		readonly index: number;
	};
}

/** Hears of a difference; false: no more are wanted. */
export type Found = (difference: Difference) => boolean;

/** Whether the states are equal in canonical form, byte for byte. */
export function equalStates(a: MachineState, b: MachineState): boolean {
	return diffStates(a, b, { limit: 1 }).length === 0;
}

/** The differences, at most `limit` of them (default: all). */
export function diffStates(a: MachineState, b: MachineState, options: { readonly limit?: number } = {}): readonly Difference[] {
	const { limit = Number.POSITIVE_INFINITY } = options;
	const list: Difference[] = [];
	const found: Found = (difference) => {
		list.push(difference);
		return list.length < limit;
	};
	if (a === b) return list;
	const left = canonical(a);
	const right = canonical(b);
	for (const key of Object.keys(left) as (keyof CanonicalState)[]) {
		if (!diffValues(left[key], right[key], [key], found)) return list;
	}
	diffMemory(left, right, found);
	return list;
}

/** As `diffStates`, of two states in which the same ids mean the same: paths are theirs. Counters of internal ids are left out. */
export function diffAligned(a: MachineState, b: MachineState): readonly Difference[] {
	const list: Difference[] = [];
	const found: Found = (difference) => list.push(difference) > 0;
	for (const key of Object.keys(a) as (keyof MachineState)[]) {
		if (key !== 'next') diffValues(a[key], b[key], [key], found);
	}
	for (const key of ['pid', 'ino'] as const) diffValues(a.next[key], b.next[key], ['next', key], found);
	diffMemory(a, b, found);
	return list;
}

/** Compares plain values; pages are left for `diffMemory`. False: stop. */
function diffValues(a: unknown, b: unknown, path: Path, found: Found): boolean {
	if (Object.is(a, b) || (a instanceof Pages && b instanceof Pages)) return true;
	if (a instanceof Uint8Array && b instanceof Uint8Array) return diffBytes(a, b, path, found);
	if (Array.isArray(a) && Array.isArray(b)) {
		for (let i = 0; i < Math.max(a.length, b.length); i++) {
			if (!diffValues(a[i], b[i], [...path, i], found)) return false;
		}
		return true;
	}
	if (isRecord(a) && isRecord(b)) return diffRecords(a, b, path, found);
	return found({ path, a, b });
}

type Plain = { readonly [key: string]: unknown };

function isRecord(value: unknown): value is Plain {
	return typeof value === 'object' && value !== null && !Array.isArray(value) && !ArrayBuffer.isView(value);
}

/** Fields in the order of `a`, then those only `b` has; tables, whose keys are numbers, by number. */
function diffRecords(a: Plain, b: Plain, path: Path, found: Found): boolean {
	const keys = [...new Set([...Object.keys(a), ...Object.keys(b)])];
	const numbered = keys.every((key) => /^\d+$/.test(key));
	if (numbered) keys.sort((x, y) => Number(x) - Number(y));
	for (const key of keys) {
		if (!diffValues(a[key], b[key], [...path, numbered ? Number(key) : key], found)) return false;
	}
	return true;
}

/** The registers in an FXSAVE image have names; other bytes are compared whole. */
function diffBytes(a: Uint8Array, b: Uint8Array, path: Path, found: Found): boolean {
	if (path.at(-1) !== 'fx' || a.length !== b.length) return equalBytes(a, b) || found({ path, a, b });
	for (const { name, offset, size } of FX_FIELDS) {
		const left = a.subarray(offset, offset + size);
		const right = b.subarray(offset, offset + size);
		if (equalBytes(left, right)) continue;
		if (!found({ path: [...path, name], a: littleEndian(left), b: littleEndian(right) })) return false;
	}
	return true;
}

/** Little-endian number of up to 4 bytes, else the bytes. */
function littleEndian(bytes: Uint8Array): number | Uint8Array {
	if (bytes.length > 4) return bytes;
	return bytes.reduceRight((value, byte) => value * 256 + byte, 0);
}

function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
	return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
