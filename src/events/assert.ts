/** Assertions on our own code: always on. Broken input and guest errors are not assertions. */

/** Throws when `condition` is false: a bug of this project. */
export function assert(condition: unknown, message: string): asserts condition {
	if (!condition) throw new Error(`internal error: ${message}`);
}

/** For the `default` of a switch over a union: the compiler finds the case that is missing. */
export function assertNever(value: never, what: string): never {
	throw new Error(`internal error: unexpected ${what} ${JSON.stringify(value)}`);
}
