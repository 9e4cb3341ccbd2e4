/**
 * The machine's only source of randomness: xoshiro128** (Blackman and Vigna), seeded by splitmix32 from the recording's
 * seed. getrandom, /dev/urandom and AT_RANDOM draw from it; every draw is a `prng/advance` event.
 */
import { assert } from '../events/assert.ts';
import type { Decision } from './decision.ts';

/** Generator state: four u32 words, not all zero. */
export type PrngWords = readonly [number, number, number, number];

/** The generator's first state for a seed (any safe integer ≥ 0; both 32-bit halves count). */
export function seedPrng(seed: number): PrngWords {
	assert(Number.isSafeInteger(seed) && seed >= 0, 'a seed is a non-negative safe integer');
	let x = (seed ^ Math.imul(Math.floor(seed / 2 ** 32), 0x85ebca6b)) | 0;
	const next = (): number => {
		x = (x + 0x9e3779b9) | 0;
		let z = x;
		z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
		z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
		return (z ^ (z >>> 15)) >>> 0;
	};
	// Four distinct outputs of a bijection are never all zero.
	return [next(), next(), next(), next()];
}

const rotl = (x: number, n: number): number => (x << n) | (x >>> (32 - n));

/** `length` bytes (each word little-endian; a last partial word is cut) and the state after them. */
export function drawBytes(words: PrngWords, length: number): { readonly bytes: Uint8Array; readonly words: PrngWords } {
	let [a, b, c, d] = words;
	const bytes = new Uint8Array(length);
	for (let i = 0; i < length; i += 4) {
		const value = Math.imul(rotl(Math.imul(b, 5), 7), 9);
		const t = b << 9;
		c ^= a;
		d ^= b;
		b ^= c;
		a ^= d;
		c ^= t;
		d = rotl(d, 11);
		for (let k = 0; k < 4 && i + k < length; k++) bytes[i + k] = value >>> (8 * k);
	}
	return { bytes, words: [a >>> 0, b >>> 0, c >>> 0, d >>> 0] };
}

/** Draws bytes for a decision and emits the generator's new state. */
export function randomBytes(d: Decision, length: number): Uint8Array {
	const drawn = drawBytes(d.state.prng, length);
	if (length > 0) d.emit({ kind: 'prng/advance', words: [...drawn.words] });
	return drawn.bytes;
}
