/** A defect of the catalogue: what it is, where it was, and the rules that plant it. */
import type { Rules } from '../rules.ts';

/** What a report must name: a field of an object of the image, or a part of the state that no field holds. */
export interface DefectCause {
	/** Kind of object: `TASK`, `VMA`, `BITS/FPU`. */
	readonly object?: string;
	/** C names of the fields, any of them; absent: the object as a whole. */
	readonly fields?: readonly string[];
	/** Of RESIDUALS: `task signal state`. */
	readonly part?: string;
	/** In the words of the catalogue. */
	readonly text: string;
}

export interface Defect {
	readonly name: string;
	readonly where: 'dump' | 'format' | 'restart' | 'field';
	/** Patch of the series (`06`), or where it was seen (`criu#228`). */
	readonly seen: string;
	/** Who pointed it out; '' = nobody did. */
	readonly who: string;
	/** What happens, one line. */
	readonly what: string;
	readonly cause: DefectCause;
	/** What this engine lacks to show it; such a defect cannot be switched on. */
	readonly needs?: 'incremental images';
	/** What `=ARG` means, and its default. */
	readonly arg?: { readonly what: string; readonly default: string };
	/** A guest of test/guests in which it shows, and how it shows. */
	readonly shows?: string;
	/** @throws DefectError when the argument is none of its own */
	readonly rules?: (arg: string) => Rules;
}

/** A defect that does not exist, cannot be switched on, or does not understand its argument. */
export class DefectError extends Error {
	override readonly name = 'DefectError';
}
