/** What stops a decision half-way: an error number or an input it needs first. */
import { isNeed, type NeedInput } from './decision.ts';

/** -errno, or the input that must come first. */
export type Fail = number | NeedInput;

/** Whether a helper that answers an object (or bytes) failed. */
export function failed(value: unknown): value is Fail {
	return typeof value === 'number' || isNeed(value);
}
