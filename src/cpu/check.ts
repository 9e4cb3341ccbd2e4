/** The hash behind `LiveCpu.check`: cheap, 32 bits, the same on every engine. */

/** One round of `check`. */
export function mix(h: number, v: number): number {
	h = Math.imul(h ^ v, 0x01000193);
	return Math.imul(h ^ (h >>> 15), 0x2c1b3c6d);
}
