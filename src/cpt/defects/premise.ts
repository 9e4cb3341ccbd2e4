/** Images in which a defect of the restart shows: a correct one, with one object changed. */

import { ImageError } from '../error.ts';
import type { ReaderRules } from '../rules.ts';
import { readObjects } from '../v2/framing.ts';
import type { ImageObject } from '../v2/image-object.ts';
import { type Piece, pieceOf } from '../v2/image-writer.ts';
import { cpt_object_hdr } from '../v2/objects.ts';
import { DefectError } from './defect.ts';

/** Fields of a header, payload and extra header bytes, as they shall be. */
export type Change = {
	readonly values?: Readonly<Record<string, unknown>>;
	readonly payload?: Uint8Array;
	readonly extra?: Uint8Array;
};

/** Takes what other premises made of an image. */
const LENIENT: ReaderRules = {
	untyped: ['TASK'],
	anyContent: true,
	anyPages: true,
	anyName: true,
	anyBits: true,
	shortHeader: (missing) => new Uint8Array(missing),
};

/** The objects of an image that need not be a good one. @throws DefectError when it cannot be read at all */
export function objectsOf(image: Uint8Array): readonly ImageObject[] {
	try {
		return [...readObjects(image, LENIENT)];
	} catch (error) {
		if (!(error instanceof ImageError)) throw error;
		throw new DefectError(`the defect needs an image that can be read: ${error.message}`);
	}
}

function first(image: Uint8Array, what: string, is: (object: ImageObject) => boolean): ImageObject {
	const found = objectsOf(image).find(is);
	if (found === undefined) throw new DefectError(`the defect needs ${what}, which this image does not have`);
	return found;
}

/** Changes the first object of an image that `change` has something to say about; the bytes of the others stay. */
export function changeFirst(what: string, change: (object: ImageObject) => Change | undefined) {
	return (image: Uint8Array): Uint8Array => {
		const object = first(image, what, (o) => change(o) !== undefined);
		const { struct, values, extra, payload } = changed(pieceOf(object), change(object)!);
		const { header, length } = stored(image, object);
		return spliced(image, object.offset, length, [struct.encode(values).subarray(0, header), extra, payload]);
	};
}

/** What an object takes of the image, when its header is shorter than its struct, too. */
function stored(image: Uint8Array, { offset, number, length, struct }: ImageObject) {
	if (number === 0) return { header: length, length };
	const { cpt_hdrlen, cpt_len } = cpt_object_hdr.decode(image, offset);
	return { header: Math.min(cpt_hdrlen, struct.size), length: Number(cpt_len) };
}

function spliced(image: Uint8Array, at: number, length: number, parts: readonly Uint8Array[]): Uint8Array {
	const out = new Uint8Array(image.length - length + parts.reduce((sum, part) => sum + part.length, 0));
	let end = at;
	out.set(image.subarray(0, at));
	for (const part of parts) {
		out.set(part, end);
		end += part.length;
	}
	out.set(image.subarray(at + length), end);
	return out;
}

/** An object with other fields or another payload; its lengths stay what they were unless they are given. */
export function changed(piece: Piece, { values, payload, extra }: Change): Piece {
	return {
		struct: piece.struct,
		values: { ...piece.values, ...values } as Piece['values'],
		extra: extra ?? piece.extra,
		payload: payload ?? piece.payload,
	};
}

/** The image with the header of its first object of a kind cut to `size` bytes, as one with fewer fields would write it. */
export function cutHeader(image: Uint8Array, name: string, size: number): Uint8Array {
	const object = first(image, `a ${name}`, (o) => o.name === name);
	const { offset, headerLength, length, struct, values, payload } = object;
	const lengths = { cpt_hdrlen: size, cpt_len: BigInt(length - headerLength + size) };
	const header = struct.encode({ ...values, ...lengths } as Piece['values']).subarray(0, size);
	return spliced(image, offset, stored(image, object).length, [header, payload]);
}
