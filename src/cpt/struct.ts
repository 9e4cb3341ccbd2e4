/**
 * A binary struct, declared once: C field names in order, their types, units and how they are shown. Derived: size, offsets,
 * decode, encode, and which field a byte belongs to (for provenance). Views and differences are in show.ts, what may follow
 * a struct in an image in kind.ts.
 * The layout is the same for 32- and 64-bit compilers or the declaration is refused: no field may need padding in front of
 * it, and padding at the end (the size is a multiple of 8) is declared.
 */
import { assert } from '../events/assert.ts';
import { ImageError } from './error.ts';
import { bytes, type Field, type FieldValue, type Pad, pad } from './field.ts';

/** Name of the bytes the compiler adds at a struct's end; no C name, hence in parentheses. */
export const TAIL = '(padding)';

export type Fields = Readonly<Record<string, Field>>;
type ValueOf<F> = F extends Field<infer V> ? V : never;
type PadNames<F extends Fields> = { [K in keyof F]: F[K] extends Pad ? K : never }[keyof F];
type Tail = {
	/** Bytes at the struct's end, when it has any: zero unless somebody's stack leaked. */
	readonly [TAIL]?: Uint8Array;
};
/** All fields of a struct, as decoding gives them. */
export type Values<F extends Fields> = { readonly [K in keyof F]: ValueOf<F[K]> } & Tail;
/** What encoding wants: padding may be left out and is zero then. */
export type Input<F extends Fields> = Omit<Values<F>, PadNames<F>> & Partial<Pick<Values<F>, PadNames<F>>>;

/** A field with its place. */
export interface PlacedField {
	readonly name: string;
	readonly offset: number;
	readonly field: Field;
}

/** The field a byte belongs to. */
export interface FieldPlace {
	readonly name: string;
	/** Element of an array of numbers; undefined otherwise. */
	readonly index: number | undefined;
	/** Byte within the field or element, 0 the lowest. */
	readonly byte: number;
	/** As it is written: `cpt_tls[1]`. */
	readonly text: string;
}

export interface Struct<F extends Fields = Fields> {
	/** C name of the struct. */
	readonly name: string;
	/** sizeof, a multiple of 8. */
	readonly size: number;
	readonly fields: readonly PlacedField[];
	/** The fields as they were declared, by name. */
	readonly declared: F;
	/** A field with its place, padding included. */
	placed(name: string): PlacedField;
	/** Bytes from the struct's start to a field. */
	offsetOf(name: (keyof F & string) | typeof TAIL): number;
	/** The field a byte of the struct belongs to. */
	fieldAt(offset: number): FieldPlace;
	/** @throws ImageError when the struct reaches beyond `image`; `object` names it there */
	decode(image: Uint8Array, offset?: number, object?: string): Values<F>;
	encode(values: Input<F>): Uint8Array;
}

/** The layout a declaration claims: sizeof, and how many bytes of it the compiler adds at the end. */
export interface Layout {
	readonly size: number;
	readonly tail?: number;
}

/** Declares a struct. A gap before a field or a size that does not come out is an assertion that names the field. */
export function struct<F extends Fields>(name: string, layout: Layout, declared: F): Struct<F> {
	const fields: PlacedField[] = [];
	let end = 0;
	const place = (fieldName: string, field: Field) => {
		fields.push({ name: fieldName, offset: end, field });
		end += field.size;
	};
	for (const [fieldName, field] of Object.entries(declared)) {
		assert(/^[A-Za-z_]\w*$/.test(fieldName), `${name}.${fieldName}: not a C name`);
		assert(end % field.width === 0, `${name}.${fieldName}: ${field.width - (end % field.width)} bytes of padding before it`);
		place(fieldName, field);
	}
	const last = fields.at(-1)?.name;
	const tail = (8 - (end % 8)) % 8;
	assert(last !== undefined && tail === (layout.tail ?? 0), `${name}.${last}: ${tail} bytes of padding follow, undeclared`);
	if (tail > 0) place(TAIL, pad(bytes(tail)));
	assert(end === layout.size, `${name}.${last}: the struct ends at ${end}, not at ${layout.size}`);

	const places = new Map(fields.map((f) => [f.name, f]));
	const placed = (fieldName: string): PlacedField => {
		const found = places.get(fieldName);
		assert(found, `${name} has no field ${fieldName}`);
		return found;
	};
	return {
		name,
		size: end,
		fields,
		declared,
		placed,
		offsetOf: (fieldName) => placed(fieldName).offset,
		fieldAt: (offset) => placeOf(name, fields, offset),
		decode: (image, offset = 0, object = name) => {
			if (offset + end > image.length)
				throw new ImageError({
					offset: image.length,
					object,
					want: `${end} bytes of ${name} from 0x${offset.toString(16)}`,
					got: `${Math.max(0, image.length - offset)}, the end of the image`,
					short: true,
				});
			const view = new DataView(image.buffer, image.byteOffset + offset, end);
			const values: Record<string, FieldValue> = {};
			for (const f of fields) values[f.name] = f.field.read(view, f.offset);
			return values as Values<F>;
		},
		encode: (values) => {
			const out = new Uint8Array(end);
			const view = new DataView(out.buffer);
			for (const f of fields) {
				const value = (values as Readonly<Record<string, unknown>>)[f.name];
				if (value === undefined && f.field.isPad) continue;
				assert(f.field.accepts(value), `${name}.${f.name} cannot hold ${value}`);
				f.field.write(view, f.offset, value);
			}
			return out;
		},
	};
}

function placeOf(name: string, fields: readonly PlacedField[], offset: number): FieldPlace {
	const found = fields.find((f) => offset >= f.offset && offset < f.offset + f.field.size);
	assert(found, `${name} has no byte ${offset}`);
	const { field } = found;
	const byte = offset - found.offset;
	if (field.count === undefined || field.isBytes) return { name: found.name, index: undefined, byte, text: found.name };
	const index = Math.floor(byte / field.width);
	return { name: found.name, index, byte: byte % field.width, text: `${found.name}[${index}]` };
}
