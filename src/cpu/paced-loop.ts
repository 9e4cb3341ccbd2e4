/** A printed loop, and what its processor knows of how far the engine has come with it. */

/** Runs from the record at `p` for at most `n` steps. */
export type Loop = (p: number, n: number) => number;

/** Slices grow up to this: the engine replaces running code only between calls. */
export const FIRST_SLICE = 2 ** 13;
export const LAST_SLICE = 2 ** 20;
/** Steps after which a loop is trained (training.ts): before the engine first optimises it; short runs do without. */
export const TRAINED = 2 ** 14;

export interface PacedLoop {
	readonly loop: Loop;
	/** Steps of its next call. */
	slice: number;
	/** Steps until it is trained. */
	untrained: number;
}
