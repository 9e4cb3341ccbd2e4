/** One object of an image as it was read: where it is, its header's fields, its payload. Everything is a view of the image. */
import { assert } from '../../events/assert.ts';
import { ImageError } from '../error.ts';
import type { Checked, Kind } from '../kind.ts';
import type { Fields, Struct, Values } from '../struct.ts';
import { cpt_head, cpt_object_hdr } from './objects.ts';

/** A part of an object: a field of its struct, header bytes beyond the struct, or payload. */
export interface Part {
	readonly part: 'field' | 'extra' | 'payload';
	/** C name of the field (`cpt_tls[1]`), `header` or `payload`. */
	readonly name: string;
	/** Byte within the field, the header's extra bytes or the payload. */
	readonly byte: number;
}

const CONTENT = cpt_object_hdr.offsetOf('cpt_content');

export class ImageObject implements Checked {
	/** 0 is the head, 1 the root task, and so on in the order of the stream. */
	readonly number: number;
	/** The grammar's row; undefined for the head. */
	readonly kind: Kind | undefined;
	/** `HEAD`, or the kind's name. */
	readonly name: string;
	readonly struct: Struct;
	/** Byte offset in the image. */
	readonly offset: number;
	/** Bytes of the header, those beyond the struct included. */
	readonly headerLength: number;
	/** Bytes of header and payload. */
	readonly length: number;
	/** The object it belongs to; undefined for the head and the root task. */
	readonly parent: ImageObject | undefined;
	/** How many objects are above it. */
	readonly depth: number;
	private readonly view: DataView;
	/** Where it starts in `view`. */
	private readonly at: number;

	/**
	 * What the reader makes once it knows that header and type are right.
	 * @param view of the whole image, or of the bytes from `base` on that stand for it
	 */
	constructor(
		view: DataView,
		place: { readonly number: number; readonly offset: number; readonly headerLength: number; readonly length: number },
		kind: Kind | undefined,
		parent: ImageObject | undefined,
		base = 0,
	) {
		this.view = view;
		this.at = place.offset - base;
		this.number = place.number;
		this.offset = place.offset;
		this.headerLength = place.headerLength;
		this.length = place.length;
		this.kind = kind;
		this.name = kind?.name ?? 'HEAD';
		this.struct = kind?.struct ?? cpt_head;
		this.parent = parent;
		this.depth = parent === undefined ? 0 : parent.depth + 1;
	}

	/** `#3 VMA`. */
	get label(): string {
		return `#${this.number} ${this.name}`;
	}

	get end(): number {
		return this.offset + this.length;
	}

	get content(): number {
		return this.view.getUint16(this.at + CONTENT, true);
	}

	get payloadLength(): number {
		return this.length - this.headerLength;
	}

	/** Header bytes beyond the struct: kept, never interpreted. */
	get extra(): Uint8Array {
		return this.bytes(this.at + this.struct.size, this.headerLength - this.struct.size);
	}

	get payload(): Uint8Array {
		return this.bytes(this.at + this.headerLength, this.payloadLength);
	}

	/** The fields by their C names, whatever the struct. */
	get values(): Values<Fields> {
		return this.struct.decode(this.bytes(this.at, this.struct.size));
	}

	/** The fields of an object that is known to have this struct. */
	read<F extends Fields>(struct: Struct<F>): Values<F> {
		assert((this.struct as unknown) === struct, `${this.label} is no ${struct.name}`);
		return struct.decode(this.bytes(this.at, struct.size));
	}

	num(field: string): number {
		const placed = this.struct.placed(field);
		const at = this.at + placed.offset;
		const { width } = placed.field;
		if (width === 2) return this.view.getUint16(at, true);
		const low = this.view.getUint32(at, true);
		return width === 4 ? low : low + this.view.getUint32(at + 4, true) * 2 ** 32;
	}

	big(field: string): bigint {
		return this.view.getBigUint64(this.at + this.struct.offsetOf(field), true);
	}

	fail(field: string | number, want: string, got?: string): never {
		if (typeof field === 'number') {
			const offset = this.offset + this.headerLength + field;
			throw new ImageError({ offset, object: this.label, field: 'payload', want, got: got ?? `${this.payload[field]}` });
		}
		throw new ImageError({
			offset: this.offset + this.struct.offsetOf(field),
			object: this.label,
			field,
			want,
			got: got ?? this.shown(field),
		});
	}

	/** As `fail`, at an element of an array. */
	failAt(field: string, index: number, want: string, got?: string): never {
		const { field: type, offset } = this.struct.placed(field);
		const at = this.offset + offset + index * type.width;
		const shown = type.texts(type.read(this.view, this.at + offset))[index];
		throw new ImageError({ offset: at, object: this.label, field: `${field}[${index}]`, want, got: got ?? shown });
	}

	/** The part a byte of the image belongs to; the byte is one of this object's. */
	partAt(offset: number): Part {
		const at = offset - this.offset;
		assert(at >= 0 && at < this.length, `${this.label} has no byte 0x${offset.toString(16)}`);
		if (at >= this.headerLength) return { part: 'payload', name: 'payload', byte: at - this.headerLength };
		if (at >= this.struct.size) return { part: 'extra', name: 'header', byte: at - this.struct.size };
		const place = this.struct.fieldAt(at);
		return { part: 'field', name: place.text, byte: place.byte };
	}

	/** First byte, counted from the object's, in which another object of any image differs; undefined: none. */
	differsFrom(other: ImageObject): number | undefined {
		const [a, b] = [this.bytes(this.offset, this.length), other.bytes(other.offset, other.length)];
		const n = Math.min(a.length, b.length);
		for (let i = 0; i < n; i++) if (a[i] !== b[i]) return i;
		return a.length === b.length ? undefined : n - 1;
	}

	/** Names of the padding that is not zero: bytes that leaked from whoever wrote the image. */
	dirtyPadding(): string[] {
		const { struct, at } = this;
		return struct.fields
			.filter((f) => f.field.isPad && this.bytes(at + f.offset, f.field.size).some((byte) => byte !== 0))
			.map((f) => f.name);
	}

	/** A field's number as the struct shows it, with its unit. */
	private shown(field: string): string {
		const { field: type, offset } = this.struct.placed(field);
		const [text] = type.texts(type.read(this.view, this.at + offset));
		return type.unit === '' ? text : `${text} ${type.unit}`;
	}

	private bytes(from: number, length: number): Uint8Array {
		return new Uint8Array(this.view.buffer, this.view.byteOffset + from, length);
	}
}
