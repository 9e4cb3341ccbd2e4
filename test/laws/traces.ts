/** The traces every law is held against: all of traces/, and the windows that long ones are checked in. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Trace } from '../../src/replay/trace.ts';

const DIR = 'traces';

/** Longest trace that is committed, and that is checked whole, in steps. */
export const MAX_STEPS = 2_000_000;

export interface Sample {
	readonly name: string;
	readonly path: string;
	readonly bytes: Uint8Array;
	readonly trace: Trace;
}

/** Every trace in traces/, by name. */
export function samples(): Sample[] {
	return readdirSync(DIR)
		.filter((name) => name.endsWith('.msgpack'))
		.sort()
		.map((name) => {
			const path = join(DIR, name);
			const bytes = new Uint8Array(readFileSync(path));
			return { name, path, bytes, trace: new Trace(bytes) };
		});
}

/** A seeded generator (mulberry32): numbers in [0, 1). */
export function random(seed: number): () => number {
	let a = seed >>> 0;
	return () => {
		a = (a + 0x6d2b79f5) >>> 0;
		let t = Math.imul(a ^ (a >>> 15), 1 | a);
		t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
		return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
	};
}

/** The seed of this run: SEED in the environment, or fixed; printed so that a failure can be had again. */
export function seed(): number {
	const s = Number(process.env.SEED ?? 20081015);
	console.log(`seed ${s}`);
	return s;
}
