/** What stops a decision half-way: an error number or an input it needs first. */
import { type Decision, isNeed, type NeedInput } from './decision.ts';

/** -errno, or the input that must come first. */
export type Fail = number | NeedInput;

/** Whether a helper that answers an object (or bytes) failed. */
export function failed(value: unknown): value is Fail {
	return typeof value === 'number' || isNeed(value);
}

/** What Linux does and this machine does not is said aloud, by an event. @returns -errno, the refusal */
export function unsupported(d: Decision, name: string, errno: number): number {
	d.emit({ kind: 'unsupported', task: d.pid, what: 'feature', name, eip: d.regs.eip, bytes: new Uint8Array(0) });
	return -errno;
}
