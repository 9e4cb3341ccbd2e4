/**
 * The types a field of a binary struct may have: unsigned integers of 8 to 64 bits (64 as bigint), arrays of them, byte
 * strings, and padding. Little-endian. A field also says its unit and how it is shown; what a struct derives from fields is
 * in struct.ts.
 */
import { assert } from '../events/assert.ts';

/** What a field holds, as JavaScript sees it. */
export type FieldValue = number | bigint | readonly number[] | readonly bigint[] | Uint8Array;

/** What a reader of a field should know. */
export interface Hint<E> {
	/** Unit of the number: jiffies, bytes, pages … */
	readonly unit?: string;
	/** How one element (of an array: each) is shown; by default as a decimal number, bytes as hexadecimal digits. */
	readonly show?: (value: E) => string;
}

/** A field's type. `E` is what one element shows as, `V` the whole value. */
export interface Field<V extends FieldValue = FieldValue> {
	/** C type of one element: __u8, __u16, __u32, __u64. */
	readonly cType: string;
	/** Bytes of one element, which is also its alignment on a 64-bit machine. */
	readonly width: number;
	/** Elements of an array; undefined for a single number. */
	readonly count: number | undefined;
	/** Bytes of the whole field. */
	readonly size: number;
	/** Padding: written as zero, kept when it is not, left out of views when it is zero. */
	readonly isPad: boolean;
	/** A string of bytes: shown and compared as a whole, not element by element. */
	readonly isBytes: boolean;
	readonly unit: string;
	read(view: DataView, at: number): V;
	write(view: DataView, at: number, value: V): void;
	/** Whether `value` is one this field can hold. */
	accepts(value: unknown): value is V;
	/** One text per element; one for a single number or bytes. */
	texts(value: V): readonly string[];
}

/** A field of padding; its type tells `Input` that it may be left out. */
export type Pad<V extends FieldValue = FieldValue> = Field<V> & { readonly isPad: true };

interface Scalar<E extends number | bigint> {
	readonly cType: string;
	readonly width: number;
	readonly read: (view: DataView, at: number) => E;
	readonly write: (view: DataView, at: number, value: E) => void;
	readonly accepts: (value: unknown) => value is E;
}

const within =
	(limit: number) =>
	(value: unknown): value is number =>
		typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= limit;

const U8: Scalar<number> = {
	cType: '__u8',
	width: 1,
	read: (view, at) => view.getUint8(at),
	write: (view, at, value) => view.setUint8(at, value),
	accepts: within(0xff),
};
const U16: Scalar<number> = {
	cType: '__u16',
	width: 2,
	read: (view, at) => view.getUint16(at, true),
	write: (view, at, value) => view.setUint16(at, value, true),
	accepts: within(0xffff),
};
const U32: Scalar<number> = {
	cType: '__u32',
	width: 4,
	read: (view, at) => view.getUint32(at, true),
	write: (view, at, value) => view.setUint32(at, value, true),
	accepts: within(0xffffffff),
};
const U64: Scalar<bigint> = {
	cType: '__u64',
	width: 8,
	read: (view, at) => view.getBigUint64(at, true),
	write: (view, at, value) => view.setBigUint64(at, value, true),
	accepts: (value): value is bigint => typeof value === 'bigint' && value >= 0n && value <= 0xffffffffffffffffn,
};

function single<E extends number | bigint>(scalar: Scalar<E>, hint: Hint<E>): Field<E> {
	const show = hint.show ?? String;
	return {
		...scalar,
		count: undefined,
		size: scalar.width,
		isPad: false,
		isBytes: false,
		unit: hint.unit ?? '',
		texts: (value) => [show(value)],
	} as Field<E>;
}

function array<E extends number | bigint>(scalar: Scalar<E>, count: number, hint: Hint<E>): Field<readonly E[] & FieldValue> {
	assert(Number.isInteger(count) && count > 0, `an array of ${count} elements`);
	type V = readonly E[] & FieldValue;
	const show = hint.show ?? String;
	return {
		cType: scalar.cType,
		width: scalar.width,
		count,
		size: scalar.width * count,
		isPad: false,
		isBytes: false,
		unit: hint.unit ?? '',
		read: (view, at) => Array.from({ length: count }, (_, i) => scalar.read(view, at + i * scalar.width)) as V,
		write: (view, at, value) => {
			for (const [i, element] of (value as readonly E[]).entries()) scalar.write(view, at + i * scalar.width, element);
		},
		accepts: (value): value is V => Array.isArray(value) && value.length === count && value.every(scalar.accepts),
		texts: (value) => (value as readonly E[]).map((element) => show(element)),
	};
}

const hexBytes = (value: Uint8Array) => Array.from(value, (byte) => byte.toString(16).padStart(2, '0')).join('');

export const u8 = (hint: Hint<number> = {}): Field<number> => single(U8, hint);
export const u16 = (hint: Hint<number> = {}): Field<number> => single(U16, hint);
export const u32 = (hint: Hint<number> = {}): Field<number> => single(U32, hint);
export const u64 = (hint: Hint<bigint> = {}): Field<bigint> => single(U64, hint);
export const u16s = (count: number, hint: Hint<number> = {}): Field<readonly number[]> => array(U16, count, hint);
export const u32s = (count: number, hint: Hint<number> = {}): Field<readonly number[]> => array(U32, count, hint);
export const u64s = (count: number, hint: Hint<bigint> = {}): Field<readonly bigint[]> => array(U64, count, hint);

/** `__u8 name[count]`, read as a copy. */
export function bytes(count: number, hint: Hint<Uint8Array> = {}): Field<Uint8Array> {
	assert(Number.isInteger(count) && count > 0, `a string of ${count} bytes`);
	const show = hint.show ?? hexBytes;
	return {
		cType: '__u8',
		width: 1,
		count,
		size: count,
		isPad: false,
		isBytes: true,
		unit: hint.unit ?? '',
		read: (view, at) => new Uint8Array(view.buffer, view.byteOffset + at, count).slice(),
		write: (view, at, value) => new Uint8Array(view.buffer, view.byteOffset + at, count).set(value),
		accepts: (value): value is Uint8Array => value instanceof Uint8Array && value.length === count,
		texts: (value) => [show(value)],
	};
}

/** Padding that C declares as a member of this type. */
export function pad<V extends FieldValue>(field: Field<V>): Pad<V> {
	return { ...field, isPad: true };
}
