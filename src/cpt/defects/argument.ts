/** Arguments of defects. */
import { DefectError } from './defect.ts';

/** A whole number, decimal or 0x…, from `low` to `high`. @throws DefectError */
export function number(arg: string, low: number, high = Number.MAX_SAFE_INTEGER): number {
	const value = /^(0x[0-9a-f]+|-?\d+)$/i.test(arg) ? Number(arg) : Number.NaN;
	if (!(value >= low && value <= high)) {
		const upTo = high === Number.MAX_SAFE_INTEGER ? `${low} or more` : `${low} to ${high}`;
		throw new DefectError(`${arg === '' ? 'nothing' : arg}: not a number of ${upTo}`);
	}
	return value;
}

/** One of some words. @throws DefectError */
export function oneOf<W extends string>(arg: string, words: readonly W[]): W {
	const found = words.find((word) => word === arg);
	if (found === undefined) throw new DefectError(`${arg}: not one of ${words.join(', ')}`);
	return found;
}
