/**
 * Writing a v2 image. `object` makes an object with the header its kind and payload call for; the writer itself writes what
 * it is given, header fields included, since a planted defect, a test and an image changed by hand need wrong ones.
 */
import { assert } from '../../events/assert.ts';
import type { Kind } from '../kind.ts';
import type { Fields, Input, Struct } from '../struct.ts';
import type { ImageObject } from './image-object.ts';
import type { cpt_object_hdr } from './objects.ts';

/** An object to be written. */
export interface Piece {
	readonly struct: Struct;
	readonly values: Input<Fields>;
	/** Header bytes beyond the struct. */
	readonly extra: Uint8Array;
	/** Held, not copied: it must not change until the image has been taken. */
	readonly payload: Uint8Array;
}

const NOTHING = new Uint8Array(0);

/** The fields of a struct without the four every object starts with. */
export type Body<F extends Fields> = Omit<Input<F>, keyof typeof cpt_object_hdr.declared>;

/** An object as the format has it: cpt_len, cpt_hdrlen, cpt_type follow from the kind, the payload and extra header bytes. */
export function piece<F extends Fields>(
	kind: Kind<Struct<F>>,
	body: Body<F>,
	rest: { readonly content?: number; readonly payload?: Uint8Array; readonly extra?: Uint8Array } = {},
): Piece {
	const { content = kind.contents[0], payload = NOTHING, extra = NOTHING } = rest;
	assert(kind.contents.includes(content), `${kind.name} cannot carry content ${content}`);
	const cpt_hdrlen = kind.struct.size + extra.length;
	const cpt_len = BigInt(cpt_hdrlen + payload.length);
	const values = { ...body, cpt_len, cpt_hdrlen, cpt_type: kind.type, cpt_content: content } as unknown as Input<Fields>;
	return { struct: kind.struct, values, extra, payload };
}

/** What was read, to be written again. */
export function pieceOf(object: ImageObject): Piece {
	const { struct, values, extra, payload } = object;
	return { struct, values, extra, payload };
}

/** Collects an image; payloads are held by reference until `bytes` or `chunks` is asked. */
export class ImageWriter {
	private readonly parts: Uint8Array[] = [];
	private total = 0;

	/** Bytes so far, which is the offset of the next object. */
	get length(): number {
		return this.total;
	}

	/** Adds an object. Returns its offset. */
	put(piece: Piece): number {
		const at = this.total;
		this.add(piece.struct.encode(piece.values));
		this.add(piece.extra);
		this.add(piece.payload);
		return at;
	}

	/** Adds bytes as they are. */
	raw(bytes: Uint8Array): void {
		this.add(bytes);
	}

	/** The image in pieces, for a writer that gathers. */
	chunks(): readonly Uint8Array[] {
		return this.parts;
	}

	/** The image in one buffer. */
	bytes(): Uint8Array {
		const out = new Uint8Array(this.total);
		let at = 0;
		for (const part of this.parts) {
			out.set(part, at);
			at += part.length;
		}
		return out;
	}

	private add(part: Uint8Array): void {
		if (part.length === 0) return;
		this.parts.push(part);
		this.total += part.length;
	}
}

/** The image of these objects. */
export function writeImage(pieces: Iterable<Piece>): Uint8Array {
	const writer = new ImageWriter();
	for (const one of pieces) writer.put(one);
	return writer.bytes();
}
