/** Images in which a defect of the restart shows: a correct one, with one object changed. */

import { readImage } from '../v2/framing.ts';
import type { ImageObject } from '../v2/image-object.ts';
import { type Piece, pieceOf, writeImage } from '../v2/image-writer.ts';
import { cpt_object_hdr } from '../v2/objects.ts';
import { DefectError } from './defect.ts';

/** Fields of a header, payload and extra header bytes, as they shall be. */
export type Change = {
	readonly values?: Readonly<Record<string, unknown>>;
	readonly payload?: Uint8Array;
	readonly extra?: Uint8Array;
};

/** Changes the first object of an image that `change` has something to say about. */
export function changeFirst(what: string, change: (object: ImageObject) => Change | undefined) {
	return (image: Uint8Array): Uint8Array => {
		let done = false;
		const pieces = readImage(image).map((object): Piece => {
			const piece = pieceOf(object);
			const wanted = done ? undefined : change(object);
			if (wanted === undefined) return piece;
			done = true;
			return changed(piece, wanted);
		});
		if (!done) throw new DefectError(`the defect needs ${what}, which this image does not have`);
		return writeImage(pieces);
	};
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
	const object = readImage(image).find((o) => o.name === name);
	if (object === undefined) throw new DefectError(`the defect needs a ${name}, which this image does not have`);
	const { offset, headerLength, length } = object;
	const out = new Uint8Array(image.length - headerLength + size);
	out.set(image.subarray(0, offset + size));
	out.set(image.subarray(offset + headerLength), offset + size);
	const view = new DataView(out.buffer);
	view.setBigUint64(offset + cpt_object_hdr.offsetOf('cpt_len'), BigInt(length - headerLength + size), true);
	view.setUint32(offset + cpt_object_hdr.offsetOf('cpt_hdrlen'), size, true);
	return out;
}
