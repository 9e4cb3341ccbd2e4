/**
 * Objects of an image as plain values, for JSON, and back: every byte is there, so that an image that was taken apart and put
 * together again is the same. Numbers that may exceed 2^53 are decimal texts; bytes are hexadecimal, a path is text (Latin-1).
 * Coming back, a number may also be written `0x…`, and cpt_len and cpt_hdrlen may be left out: then they follow from the rest.
 */
import type { Field, FieldValue } from '../field.ts';
import type { Fields, Input } from '../struct.ts';
import type { ImageObject } from './image-object.ts';
import type { Piece } from './image-writer.ts';
import { KINDS } from './kinds.ts';
import { cpt_head, cpt_object_hdr } from './objects.ts';

export interface PlainObject {
	/** `HEAD`, `TASK`, `BITS/FPU` … */
	readonly object: string;
	/** By C name; padding only where it is not zero. */
	readonly fields: Readonly<Record<string, unknown>>;
	/** Header bytes beyond the struct, when there are any. */
	readonly extra?: string;
	/** Payload, when there is one: of a NAME as `path`, without its NUL. */
	readonly payload?: string;
	readonly path?: string;
}

/** A plain value that is no object of an image: which one, which field, what is wrong. */
export class PlainError extends Error {
	override readonly name = 'PlainError';
}

const NAME = 'NAME';
const hex = (bytes: Uint8Array) => {
	let text = '';
	for (const byte of bytes) text += byte.toString(16).padStart(2, '0');
	return text;
};

export function toPlain(object: ImageObject): PlainObject {
	const { struct, values, extra, payload } = object;
	const fields: Record<string, unknown> = {};
	for (const { name, field } of struct.fields) {
		const value = (values as Readonly<Record<string, FieldValue>>)[name];
		if (field.isPad && isZero(value)) continue;
		fields[name] = plain(value);
	}
	const isPath = object.name === NAME;
	return {
		object: object.name,
		fields,
		...(extra.length === 0 ? {} : { extra: hex(extra) }),
		...(payload.length === 0
			? {}
			: isPath
				? { path: String.fromCharCode(...payload.subarray(0, -1)) }
				: { payload: hex(payload) }),
	};
}

function plain(value: FieldValue): unknown {
	if (value instanceof Uint8Array) return hex(value);
	if (typeof value === 'bigint') return value.toString();
	return typeof value === 'object' ? Array.from(value as readonly (number | bigint)[], (e) => plain(e)) : value;
}

const isZero = (value: FieldValue) =>
	typeof value === 'object' ? Array.from<number | bigint>(value).every((e) => Number(e) === 0) : Number(value) === 0;

/** @throws PlainError; `number` is the object's, for the message */
export function fromPlain(value: unknown, number: number): Piece {
	const at = `object ${number}`;
	if (typeof value !== 'object' || value === null)
		throw new PlainError(`${at}: {"object", "fields"} wanted, ${shown(value)} got`);
	const { object, fields, extra, payload, path, ...rest } = value as Readonly<Record<string, unknown>>;
	const unknown = Object.keys(rest)[0];
	if (unknown !== undefined) throw new PlainError(`${at}: no "${unknown}" in an object`);
	const kind = KINDS.find((k) => k.name === object);
	if (kind === undefined && object !== 'HEAD')
		throw new PlainError(`${at}: "object": one of HEAD, ${KINDS.map((k) => k.name).join(', ')} wanted, ${shown(object)} got`);
	if (typeof fields !== 'object' || fields === null) throw new PlainError(`${at} ${object}: "fields" wanted`);
	if (path !== undefined && (typeof path !== 'string' || payload !== undefined))
		throw new PlainError(`${at} ${object}: a text as "path", and no "payload" beside it, wanted`);
	const struct = kind?.struct ?? cpt_head;
	const more = bytesOf(extra, `${at} ${object} extra`);
	const body = path === undefined ? bytesOf(payload, `${at} ${object} payload`) : pathBytes(path, `${at} ${object} path`);
	const given = fields as Readonly<Record<string, unknown>>;
	const stranger = Object.keys(given).find((name) => !struct.fields.some((f) => f.name === name));
	if (stranger !== undefined) throw new PlainError(`${at} ${object}: no field "${stranger}" in ${struct.name}`);
	const derived: Readonly<Record<string, FieldValue>> = {
		cpt_hdrlen: struct.size + more.length,
		...(kind === undefined ? {} : { cpt_len: BigInt(struct.size + more.length + body.length), cpt_type: kind.type }),
	};
	const values: Record<string, FieldValue> = {};
	for (const { name, field } of struct.fields) {
		if (given[name] === undefined) {
			if (field.isPad) continue;
			if (derived[name] === undefined) throw new PlainError(`${at} ${object}: field ${name} is missing`);
			values[name] = derived[name];
		} else values[name] = fieldValue(given[name], field, `${at} ${object} ${name}`);
	}
	return { struct, values: values as Input<Fields>, extra: more, payload: body };
}

function fieldValue(value: unknown, field: Field, where: string): FieldValue {
	const single = (v: unknown): number | bigint => {
		const text = typeof v === 'number' ? String(v) : v;
		if (typeof text !== 'string' || !/^(\d+|0x[0-9a-f]+)$/i.test(text))
			throw new PlainError(`${where}: a number (as "0x…" too) wanted, ${shown(v)} got`);
		const n = BigInt(text);
		return field.width === 8 ? n : Number(n);
	};
	let made: FieldValue;
	if (field.isBytes) made = bytesOf(value, where);
	else if (field.count === undefined) made = single(value);
	else if (Array.isArray(value)) made = value.map(single) as unknown as FieldValue;
	else throw new PlainError(`${where}: a list of ${field.count} numbers wanted, ${shown(value)} got`);
	if (!field.accepts(made)) {
		const size = field.count === undefined ? '' : `[${field.count}]`;
		throw new PlainError(`${where}: a ${field.cType}${size} wanted, ${shown(value)} got`);
	}
	return made;
}

function bytesOf(value: unknown, where: string): Uint8Array {
	if (value === undefined) return new Uint8Array(0);
	if (typeof value !== 'string' || value.length % 2 !== 0 || !/^[0-9a-f]*$/i.test(value))
		throw new PlainError(`${where}: pairs of hexadecimal digits wanted, ${shown(value)} got`);
	return Uint8Array.from({ length: value.length / 2 }, (_, i) => Number.parseInt(value.slice(2 * i, 2 * i + 2), 16));
}

function pathBytes(path: string, where: string): Uint8Array {
	const codes = Array.from(path, (c) => c.codePointAt(0) ?? 0);
	if (codes.some((c) => c > 255)) throw new PlainError(`${where}: one character a byte (Latin-1) wanted`);
	return Uint8Array.from([...codes, 0]);
}

function shown(value: unknown): string {
	const text = JSON.stringify(value) ?? 'nothing';
	return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}

/** cpt_len and the like of every object; a head has its own. */
export const HEADER_FIELDS: readonly string[] = cpt_object_hdr.fields.map((f) => f.name);
