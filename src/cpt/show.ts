/**
 * What people see of a struct's values: lines of a tree, differences field by field, and the ways a number can be shown
 * (hexadecimal, flags by name, one of a list, times, text). All derived from the declaration.
 */
import type { Field, FieldValue } from './field.ts';
import type { Fields, Struct, Values } from './struct.ts';

/** `0x2a`. */
export const hex = (value: number | bigint): string => `0x${value.toString(16)}`;

/** The name of a number, with the number when it is none of the list. */
export function oneOf(names: Readonly<Record<string, number | bigint>>): (value: number | bigint) => string {
	const found = new Map(Object.entries(names).map(([name, n]) => [BigInt(n), name]));
	return (value) => found.get(BigInt(value)) ?? `${value} (unknown)`;
}

/** Names of the bits that are set, by their masks; bits without a name as one hexadecimal number, no bit as 0. */
export function flags(masks: Readonly<Record<string, number>>): (value: number | bigint) => string {
	const rows = Object.entries(masks).map(([name, mask]) => [name, BigInt(mask)] as const);
	return (value) => {
		let rest = BigInt(value);
		const parts: string[] = [];
		for (const [name, mask] of rows) {
			if (mask === 0n || (rest & mask) !== mask) continue;
			parts.push(name);
			rest &= ~mask;
		}
		if (rest !== 0n) parts.push(hex(rest));
		return parts.length === 0 ? '0' : parts.join('|');
	};
}

/** A timespec packed as seconds in the high half, nanoseconds in the low half. */
export const timespec = (value: bigint): string => `${value >> 32n}.${(value & 0xffffffffn).toString().padStart(9, '0')} s`;

/** Bytes up to the first NUL as text in quotes; bytes that are not printable ASCII as \xNN. */
export function text(value: Uint8Array): string {
	const end = value.indexOf(0);
	const shown = Array.from(end < 0 ? value : value.subarray(0, end), (c) =>
		c === 0x22 || c === 0x5c
			? `\\${String.fromCharCode(c)}`
			: c >= 0x20 && c < 0x7f
				? String.fromCharCode(c)
				: `\\x${c.toString(16).padStart(2, '0')}`,
	).join('');
	const rest = end < 0 ? [] : value.subarray(end);
	return `"${shown}"${rest.some((c) => c !== 0) ? ' and bytes after its NUL' : ''}`;
}

const fieldOf = (values: object, name: string) => (values as Readonly<Record<string, FieldValue>>)[name];
const isZero = (value: FieldValue) =>
	typeof value === 'object' ? Array.from<number | bigint>(value).every((e) => Number(e) === 0) : Number(value) === 0;
const withUnit = (field: Field, shown: string) => (field.unit === '' ? shown : `${shown} ${field.unit}`);

/** One line a field, in order: `cpt_pid = 12`. An array is one line; padding appears only when it is not zero. */
export function structLines<F extends Fields>(struct: Struct<F>, values: Values<F>): string[] {
	return struct.fields.flatMap(({ name, field }) => {
		const value = fieldOf(values, name);
		if (field.isPad && isZero(value)) return [];
		const texts = field.texts(value);
		const shown = field.count === undefined || field.isBytes ? texts[0] : `[${texts.join(', ')}]`;
		return [`${name} = ${withUnit(field, shown)}${field.isPad ? ' (padding, not zero)' : ''}`];
	});
}

/** A field, or an element of one, that has two values. */
export interface FieldDifference {
	/** `cpt_pid`, `cpt_tls[1]`. */
	readonly name: string;
	/** First byte that differs, from the struct's start. */
	readonly offset: number;
	readonly isPad: boolean;
	/** Both values as they are shown. */
	readonly a: string;
	readonly b: string;
}

/** Every field in which two values of a struct differ, in order; of an array every element. */
export function diffStructs<F extends Fields>(struct: Struct<F>, a: Values<F>, b: Values<F>): FieldDifference[] {
	const left = struct.encode(a);
	const right = struct.encode(b);
	const found: FieldDifference[] = [];
	for (let at = 0; at < struct.size; at++) {
		if (left[at] === right[at]) continue;
		const place = struct.fieldAt(at);
		const { field, offset } = struct.fields.find((f) => f.name === place.name)!;
		const element = place.index ?? 0;
		const shown = (values: Values<F>) => withUnit(field, field.texts(fieldOf(values, place.name))[element]);
		const same = shown(a) === shown(b);
		const raw = (bytes: Uint8Array) => `${shown(a)} (byte ${place.byte} = ${hex(bytes[at])})`;
		found.push({
			name: place.text,
			offset: at,
			isPad: field.isPad,
			a: same ? raw(left) : shown(a),
			b: same ? raw(right) : shown(b),
		});
		const width = field.isBytes || field.count === undefined ? field.size : field.width;
		at = offset + width * (element + 1) - 1;
	}
	return found;
}
