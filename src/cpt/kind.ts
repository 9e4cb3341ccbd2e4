/**
 * A kind of object in an image: its struct, the contents it may carry, how long its payload must be, and which objects
 * follow it, as data and small checks. A dialect (v2/objects.ts) is a table of kinds; framing walks an image by it.
 */
import type { Struct } from './struct.ts';

/** An object whose header is within the image and has the right type, content and header length, seen by a check. */
export interface Checked {
	/** A number of the header. Above 2^53 it is rounded, which no comparison with a length or an address notices. */
	num(field: string): number;
	/** The same, exactly. */
	big(field: string): bigint;
	readonly content: number;
	/** cpt_len − cpt_hdrlen. May be more than the image holds. */
	readonly payloadLength: number;
	/** The payload; only for `check`, when it is known to be there. */
	readonly payload: Uint8Array;
	/** The object this one belongs to (a VMA's is its MM), undefined for the root. */
	readonly parent: Checked | undefined;
	/** Throws an ImageError at a field, or at a byte of the payload when `field` is a number. */
	fail(field: string | number, want: string, got?: string): never;
}

/** What follows an object, in order, before the next of its own kind. */
export interface Follower {
	readonly kind: Kind;
	/** A field that says how many; without it one. */
	readonly count?: string;
	/** One or none: it is there when the next object has its type and content. */
	readonly optional?: true;
	/** Not at all unless this holds. */
	readonly when?: (owner: Checked) => boolean;
	/** The condition in words. */
	readonly whenText?: string;
}

export interface Kind<S extends Struct = Struct> {
	/** As people say it: `BITS/FPU`. */
	readonly name: string;
	/** cpt_type. */
	readonly type: number;
	readonly struct: S;
	/** cpt_content values that are allowed. */
	readonly contents: readonly number[];
	/** What the payload is, in words; empty when there is none. */
	readonly payload: string;
	/**
	 * How long the payload must be, bytes. Runs before the payload is known to be within the image. Without it: none.
	 * @param previous the object before it of the same kind that belongs to the same object
	 */
	readonly payloadLength?: (object: Checked, previous: Checked | undefined) => number;
	/** What else must hold. */
	readonly check?: (object: Checked, previous: Checked | undefined) => void;
	/** A function, since a task's followers are tasks. */
	readonly followers?: () => readonly Follower[];
}
