/**
 * Two images, object by object. The first is well formed; the second may be anything: then its objects are found by walking
 * along the first, so that a wrong length is named where it stands and not in everything that slipped after it.
 */
import { FX_FIELDS } from '../../reducers/fx-names.ts';
import type { ReaderRules } from '../rules.ts';
import { diffStructs } from '../show.ts';
import { readObjects } from './framing.ts';
import type { ImageObject } from './image-object.ts';
import { cpt_object_hdr } from './objects.ts';

/** A difference between two images. */
export interface ImageDifference {
	/** Kind of object: `VMA`. */
	readonly name: string;
	/** Number and kind in the second image, or in the first for what only that one has: `#3 VMA`. */
	readonly object: string;
	/** C name of the field (`cpt_tls[1]`), `payload`, `payload mxcsr`, `header`; empty: the object as a whole. */
	readonly field: string;
	/** Byte offset in each image, when there is one. */
	readonly offsetA?: number;
	readonly offsetB?: number;
	/** Both as they are shown. */
	readonly a: string;
	readonly b: string;
}

/** Payload bytes shown on each side. */
const SHOWN = 8;
const NONE = 'no such object';
const IDENTITY: Readonly<Record<string, string>> = { TASK: 'cpt_pid', VMA: 'cpt_start', PAGES: 'cpt_start' };

/**
 * Every difference, in the order of the stream.
 * @param rules of a reader that is wrong: what it can read of `b` is compared as it reads it
 */
export function diffImages(a: Uint8Array, b: Uint8Array, rules?: ReaderRules): readonly ImageDifference[] {
	const left = objectsUntilError(a);
	const strict = objectsUntilError(b);
	const right = strict.whole || rules === undefined ? strict : objectsUntilError(b, rules);
	if (!right.whole) return alongside(left.objects, b, a.length);
	return matched(left.objects, right.objects);
}

function objectsUntilError(
	image: Uint8Array,
	rules?: ReaderRules,
): { readonly objects: readonly ImageObject[]; readonly whole: boolean } {
	const objects: ImageObject[] = [];
	try {
		for (const object of readObjects(image, rules)) objects.push(object);
		return { objects, whole: true };
	} catch {
		return { objects, whole: false };
	}
}

/** Two well-formed images: objects of the same place correspond; where the streams differ, those of the same identity. */
function matched(a: readonly ImageObject[], b: readonly ImageObject[]): ImageDifference[] {
	const sameShape = a.length === b.length && a.every((x, i) => x.name === b[i].name && x.length === b[i].length);
	if (sameShape) return a.flatMap((x, i) => compare(x, viewOf(b[i])));
	const found: ImageDifference[] = [];
	const [keysA, keysB] = [keysOf(a), keysOf(b)];
	const [atA, atB] = [indexOf(keysA), indexOf(keysB)];
	let j = 0;
	for (let i = 0; i < a.length || j < b.length; ) {
		const [x, y] = [a[i], b[j]];
		if (x && y && (keysA[i] === keysB[j] || (!atB.has(keysA[i]) && !atA.has(keysB[j]) && x.name === y.name))) {
			found.push(...compare(x, viewOf(y)));
			i++;
			j++;
		} else if (y && (!x || !atA.has(keysB[j]) || (atB.get(keysA[i]) ?? -1) > j)) {
			found.push({ name: y.name, object: y.label, field: '', offsetB: y.offset, a: NONE, b: describe(y) });
			j++;
		} else {
			found.push(missing(x));
			i++;
		}
	}
	return found;
}

const indexOf = (keys: readonly string[]) => new Map(keys.map((key, i) => [key, i]));
const describe = (o: ImageObject) => {
	const by = IDENTITY[o.name];
	return by === undefined ? o.label : `${o.label} ${by} ${by === 'cpt_pid' ? o.num(by) : `0x${o.num(by).toString(16)}`}`;
};
const missing = (x: ImageObject): ImageDifference => ({
	name: x.name,
	object: x.label,
	field: '',
	offsetA: x.offset,
	a: describe(x),
	b: NONE,
});

/** What an object is, apart from its contents: its kind, what identifies it, and what it belongs to. */
function keysOf(objects: readonly ImageObject[]): string[] {
	const known = new Map<ImageObject, string>();
	return objects.map((o) => {
		const by = IDENTITY[o.name];
		const key = `${o.parent ? known.get(o.parent) : ''}/${o.name}${by === undefined ? '' : ` ${o.num(by)}`}`;
		known.set(o, key);
		return key;
	});
}

/** What stands in the second image where an object of the first should. */
interface There {
	readonly label: string;
	readonly offset: number;
	/** Bytes of the struct, as far as the image has them. */
	readonly struct: Uint8Array;
	readonly extra: Uint8Array;
	readonly payload: Uint8Array;
}

function viewOf(o: ImageObject): There {
	const { label, offset, struct, values, extra, payload } = o;
	return { label, offset, struct: struct.encode(values), extra, payload };
}

/** Field by field, then header bytes beyond the struct, then the payload. */
function compare(x: ImageObject, y: There): ImageDifference[] {
	const { name, struct } = x;
	const place = (from: number) => ({ offsetA: x.offset + from, offsetB: y.offset + from });
	if (y.struct.length < struct.size)
		return [
			{ name, object: y.label, field: '', ...place(0), a: x.label, b: `the end of the image after ${y.struct.length} bytes` },
		];
	const fields = diffStructs(struct, x.values, struct.decode(y.struct)).map(
		(d): ImageDifference => ({ name, object: y.label, field: d.name, ...place(d.offset), a: d.a, b: d.b }),
	);
	const extra = bytesDiffer(x.extra, y.extra);
	if (extra !== undefined)
		fields.push({ name, object: y.label, field: 'header', ...place(struct.size + extra), ...shown(x.extra, y.extra, extra) });
	return [...fields, ...comparePayload(x, y)];
}

function comparePayload(x: ImageObject, y: There): ImageDifference[] {
	const [p, q] = [x.payload, y.payload];
	const at = (from: number, header: number) => header + from;
	const place = (from: number) => ({
		offsetA: x.offset + at(from, x.headerLength),
		offsetB: y.offset + at(from, x.struct.size + y.extra.length),
	});
	if (x.name === 'BITS/FPU' && p.length === q.length && p.length === 512) {
		return FX_FIELDS.flatMap(({ name, offset, size }) => {
			const [f, g] = [p.subarray(offset, offset + size), q.subarray(offset, offset + size)];
			const first = bytesDiffer(f, g);
			if (first === undefined) return [];
			return [{ name: x.name, object: y.label, field: `payload ${name}`, ...place(offset + first), ...shown(f, g, first) }];
		});
	}
	const first = bytesDiffer(p, q);
	if (first === undefined) return [];
	if (p.length !== q.length && first === Math.min(p.length, q.length)) {
		const size = (n: number) => `${n} bytes of payload`;
		return [{ name: x.name, object: y.label, field: 'payload', ...place(first), a: size(p.length), b: size(q.length) }];
	}
	return [{ name: x.name, object: y.label, field: 'payload', ...place(first), ...shown(p, q, first) }];
}

/** First byte in which two strings differ, one being longer included. */
function bytesDiffer(a: Uint8Array, b: Uint8Array): number | undefined {
	const n = Math.min(a.length, b.length);
	for (let i = 0; i < n; i++) if (a[i] !== b[i]) return i;
	return a.length === b.length ? undefined : n;
}

function shown(a: Uint8Array, b: Uint8Array, from: number): { readonly a: string; readonly b: string } {
	const hex = (bytes: Uint8Array) =>
		Array.from(bytes.subarray(from, from + SHOWN), (byte) => byte.toString(16).padStart(2, '0')).join(' ') || 'nothing';
	return { a: hex(a), b: hex(b) };
}

/**
 * An image that cannot be read, against one that can. At each object of the first: the same bytes; else the header was changed
 * in place, has another length, lost its payload, or is not there; whichever brings the next object to where it should be.
 */
function alongside(objects: readonly ImageObject[], image: Uint8Array, length: number): ImageDifference[] {
	const found: ImageDifference[] = [];
	let at = 0;
	for (let i = 0; i < objects.length; i++) {
		const x = objects[i];
		const label = `#${i} ${x.name}`;
		if (at >= image.length) {
			found.push({
				name: x.name,
				object: label,
				field: '',
				offsetA: x.offset,
				offsetB: at,
				a: describe(x),
				b: 'the end of the image',
			});
			return found;
		}
		const span = looks(x, image, at) ? { header: x.headerLength, length: x.length } : spanOf(objects, i, image, at);
		if (span === 'missing') {
			found.push({ ...missing(x), offsetB: at });
			continue;
		}
		const { size } = x.struct;
		const there = {
			label,
			offset: at,
			struct: structAt(x, image, at, span.header),
			extra: image.subarray(at + size, Math.max(at + size, at + span.header)),
			payload: image.subarray(at + span.header, at + span.length),
		};
		found.push(...compare(x, there));
		at += span.length;
	}
	const rest = image.length - at;
	if (rest > 0)
		found.push({ name: 'END', object: 'END', field: '', offsetA: length, offsetB: at, a: 'the end', b: `${rest} more bytes` });
	return found;
}

/** The struct there; of a header that is too short the fields it does not have are taken to be right. */
function structAt(x: ImageObject, image: Uint8Array, at: number, header: number): Uint8Array {
	const { size } = x.struct;
	if (header >= size) return image.subarray(at, at + size);
	const bytes = x.struct.encode(x.values);
	bytes.set(image.subarray(at, at + header));
	return bytes;
}

interface Span {
	readonly header: number;
	readonly length: number;
}

/** How far the object at a place goes, when its header is not what it should be. */
function spanOf(objects: readonly ImageObject[], i: number, image: Uint8Array, at: number): Span | 'missing' {
	const x = objects[i];
	const next = (end: number) =>
		objects[i + 1] === undefined ? end === image.length : end < image.length && looks(objects[i + 1], image, end);
	const inPlace = { header: x.headerLength, length: x.length };
	if (next(at + x.length)) return inPlace;
	const own = ownSpan(x, image, at);
	if (own !== undefined && next(at + own.length)) return own;
	if (x.payloadLength > 0 && next(at + x.headerLength)) return { header: x.headerLength, length: x.headerLength };
	// Written short: what follows begins within the object.
	for (let end = at + x.headerLength; end < at + x.length; end++)
		if (next(end)) return { header: x.headerLength, length: end - at };
	if (objects[i + 1] !== undefined && looks(objects[i + 1], image, at)) return 'missing';
	return inPlace;
}

/** What the header there says itself, when that is possible at all. */
function ownSpan(x: ImageObject, image: Uint8Array, at: number): Span | undefined {
	if (x.number === 0 || image.length - at < cpt_object_hdr.size) return undefined;
	const { cpt_len, cpt_hdrlen } = cpt_object_hdr.decode(image, at);
	const length = Number(cpt_len);
	if (cpt_hdrlen < cpt_object_hdr.size || cpt_hdrlen > length || length > image.length - at) return undefined;
	return { header: cpt_hdrlen, length };
}

/** Whether the header of an object, and what identifies it, stand at a place of the image. */
function looks(x: ImageObject, image: Uint8Array, at: number): boolean {
	const { struct } = x;
	if (image.length - at < struct.size) return false;
	const bytes = struct.encode(x.values);
	const same = (from: number, size: number) => {
		for (let k = from; k < from + size; k++) if (bytes[k] !== image[at + k]) return false;
		return true;
	};
	if (!same(0, x.number === 0 ? 8 : cpt_object_hdr.size)) return false;
	const by = IDENTITY[x.name];
	if (by === undefined) return true;
	const { offset, field } = struct.placed(by);
	return same(offset, field.size);
}
