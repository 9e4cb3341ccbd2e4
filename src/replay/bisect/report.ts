/** What a bisect finds: a value, for the renderer, for --json, and for tests. */
import type { ImageDifference } from '../../cpt/v2/diff.ts';
import type { Path } from '../../reducers/path.ts';
import type { Side } from '../compare.ts';
import type { Position } from '../position.ts';
import type { Outcome } from './outcome.ts';

/**
 * `equal`: image and state are as they must be. `harmless`: something differs and nothing the program did depended on it.
 * `differs`: the restored run does something else. `refused`: the dump or the restart failed.
 */
export type Verdict = 'equal' | 'harmless' | 'differs' | 'refused';

/** A part of the state that is not what it was at the checkpoint. */
export interface StateDifference {
	readonly path: Path;
	/** `tasks[2].cpu.eip`. */
	readonly text: string;
	readonly want: unknown;
	readonly got: unknown;
	/** First address and length of memory that differs. */
	readonly memory?: { readonly address: number; readonly length: number; readonly pages: number };
	/** Suspects that are repaired together have the same. */
	readonly unit: string;
	readonly cause: Cause;
}

/** Where a difference comes from: a field of an object of the image, or a part of the state that no field holds. */
export interface Cause {
	/** Kind of object: `X86_REGS`; undefined when no object holds it. */
	readonly object?: string;
	/** Number and kind of the object in the image: `#9 X86_REGS`; undefined when it is missing there. */
	readonly label?: string;
	/** C name of the field, `cpt_tls[1]`, or `payload`. */
	readonly field?: string;
	/** Byte offset of the field in the image. */
	readonly offset?: number;
	/** What the state has no field for: `task signal state`. */
	readonly part?: string;
	/** Path in the state, when there is one. */
	readonly path?: string;
	/** As shown. */
	readonly want?: string;
	readonly got?: string;
}

/** `X86_REGS.cpt_ip`, or the part of the state that no field holds. */
export function causeName({ object, field, part, path }: Cause): string {
	if (object !== undefined) return field === undefined ? object : `${object}.${field}`;
	return part ?? path ?? 'unknown';
}

/** The dump or the restart failed. */
export interface Failure {
	readonly stage: 'dump' | 'restart';
	readonly message: string;
	readonly object: string;
	readonly field: string;
	/** Byte offset in the image; undefined for a dump. */
	readonly offset: number | undefined;
}

/** The first element in which the two effect chains differ, with what came before and comes after on both sides. */
export interface FirstDifference {
	/** Index of the element, counted from the checkpoint. */
	readonly index: number;
	readonly original: Side | undefined;
	readonly restored: Side | undefined;
	/** Up to three elements that are the same on both sides, the last one next to the difference. */
	readonly before: readonly Side[];
	/** Up to three elements after it, on each side. */
	readonly afterOriginal: readonly Side[];
	readonly afterRestored: readonly Side[];
	/** Why the restored run stopped where it has no element. */
	readonly note?: string;
}

export interface BisectReport {
	readonly verdict: Verdict;
	/** As asked, and where the freeze took hold. */
	readonly asked: Position;
	readonly at: Position;
	readonly policy: 'kernel' | 'user' | 'eintr';
	readonly failure: Failure | null;
	readonly first: FirstDifference | null;
	/** What becomes of both runs in the end; null when the restored one did not run, or does the same. */
	readonly outcome: { readonly original: Outcome; readonly restored: Outcome } | null;
	/** The minimal set whose repair removes the divergence; of a refusal what differs in the image first. */
	readonly causes: readonly Cause[];
	/** Differences that are no cause. */
	readonly harmless: readonly StateDifference[];
	readonly differences: readonly StateDifference[];
	/** The image against a fresh dump. Empty when they are the same bytes. */
	readonly image: readonly ImageDifference[];
	/** Parts of the state that were borrowed. */
	readonly borrowed: readonly string[];
	/** Elements of the chain that were found equal, and runs that were made for it. */
	readonly equalSteps: number;
	readonly runs: number;
	/** Policy, defects and rules in words: what was switched on. */
	readonly defects: readonly string[];
}
