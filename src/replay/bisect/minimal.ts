/** Delta debugging (Zeller and Hildebrandt, 2002): a smallest set of units that still passes a test. */

/**
 * A subset of `units` for which `test` holds and from which no single unit can be left out. `test(all)` is taken to hold; the
 * empty set is not tried. The number of tests grows with the logarithm of the number of units while one of them is enough.
 */
export function minimal<T>(units: readonly T[], test: (subset: readonly T[]) => boolean): readonly T[] {
	let set = units;
	for (let parts = 2; set.length > 1; ) {
		const size = Math.ceil(set.length / parts);
		const chunks = Array.from({ length: Math.ceil(set.length / size) }, (_, i) => set.slice(i * size, (i + 1) * size));
		const smaller =
			chunks.find((chunk) => test(chunk)) ??
			(chunks.length > 2 ? chunks.map((chunk) => set.filter((u) => !chunk.includes(u))).find((rest) => test(rest)) : undefined);
		if (smaller !== undefined) {
			parts = smaller.length < size + 1 ? 2 : Math.max(2, parts - 1);
			set = smaller;
		} else if (parts >= set.length) break;
		else parts = Math.min(set.length, parts * 2);
	}
	return set;
}

/** Most units that are left out one by one. */
const ONE_BY_ONE = 16;

/**
 * As `minimal`, for units most of which are likely to be needed: each is left out once. `test(units)` is taken to hold.
 */
export function needed<T>(units: readonly T[], test: (subset: readonly T[]) => boolean): readonly T[] {
	if (units.length > ONE_BY_ONE) return minimal(units, test);
	let set = units;
	for (const unit of units) {
		const rest = set.filter((u) => u !== unit);
		if (rest.length > 0 && test(rest)) set = rest;
	}
	return set;
}
