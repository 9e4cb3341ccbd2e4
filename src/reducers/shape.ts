/**
 * Shapes: what a type looks like, said once as a value, for all that walks over states and events without knowing them:
 * the codec (encode, decode with checks), digests (put), the canonical form (renumber). The compiler sees to it that a shape
 * has every field of its type.
 */
import type { Packer } from './packer.ts';
import type { Pages } from './pages.ts';
import { formatPath, type Path } from './path.ts';
import { structWriter } from './struct-writer.ts';

/** Kinds of entities that are referred to by internal ids. */
export type RefKind =
	| 'mm'
	| 'object'
	| 'fdTable'
	| 'fs'
	| 'sighand'
	| 'group'
	| 'file'
	| 'inode'
	| 'pipe'
	| 'anon'
	| 'ipc'
	| 'tty'
	| 'semUndo'
	| 'super'
	| 'mount';

/** What a value is written to for its digest. */
export interface Sink {
	number(value: number): void;
	big(value: bigint): void;
	text(value: string): void;
	bytes(value: Uint8Array): void;
	/** An internal id > 0. */
	ref(kind: RefKind, id: number): void;
	pages(value: Pages): void;
}

export type Renumber = (kind: RefKind, id: number) => number;

export interface Shape<T> {
	/** A plain value: numbers, strings, booleans, null, bigint, Uint8Array, arrays, and objects of these. */
	encode(value: T): unknown;
	/**
	 * Writes what `encode` gives as MessagePack.
	 * @param kind a struct's first field, of that name, when it is one of several
	 */
	write(value: T, out: Packer, kind?: string): void;
	/** The value, made anew from a plain one of unknown origin. Throws ShapeError. */
	decode(raw: unknown): T;
	/** @param parent the struct that holds the value: some ids are told apart by a field beside them. */
	put(value: T, sink: Sink, parent?: unknown): void;
	renumber(value: T, number: Renumber, parent?: unknown): T;
	/** False: `renumber` gives the value itself. */
	readonly hasRefs: boolean;
}

/** A plain value that is not what it should be: where, what was wanted, what was there. Broken input, never our own bug. */
export class ShapeError extends Error {
	override readonly name = 'ShapeError';
	readonly want: string;
	readonly got: string;
	#path: Path;

	constructor(want: string, got: unknown, path: Path = []) {
		super();
		this.want = want;
		this.got = show(got);
		this.#path = path;
		this.#say();
	}

	get path(): Path {
		return this.#path;
	}

	/** The error as seen from one level up. */
	within(part: string | number): this {
		this.#path = [part, ...this.#path];
		this.#say();
		return this;
	}

	#say(): void {
		const where = formatPath(this.#path);
		this.message = `${where === '' ? '' : `${where}: `}${this.want} wanted, ${this.got} got`;
	}
}

/** A short look at a value of unknown origin. */
function show(value: unknown): string {
	if (value === undefined) return 'nothing';
	if (typeof value === 'string') return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value);
	if (typeof value === 'bigint') return `${value}n`;
	if (value instanceof Uint8Array) return `${value.length} bytes`;
	if (Array.isArray(value)) return `a list of ${value.length}`;
	if (typeof value === 'object' && value !== null) return 'an object';
	return String(value);
}

function inside<T>(part: string | number, decode: () => T): T {
	try {
		return decode();
	} catch (error) {
		throw error instanceof ShapeError ? error.within(part) : error;
	}
}

type Leaf<T> = Pick<Shape<T>, 'decode' | 'put' | 'write'> & { readonly encode?: (value: T) => unknown };

/** A shape without ids in it. */
function leaf<T>({ encode = (value: T) => value as unknown, ...rest }: Leaf<T>): Shape<T> {
	return { encode, ...rest, renumber: (value) => value, hasRefs: false };
}

/** An integer min ≤ n ≤ max. */
export function int(min: number, max: number): Shape<number> {
	const want = `an integer ${min}..${max}`;
	return leaf<number>({
		decode(raw) {
			// A packer may hand large integers over as bigint.
			const n = typeof raw === 'bigint' ? Number(raw) : raw;
			if (typeof n !== 'number' || !Number.isSafeInteger(n) || n < min || n > max) throw new ShapeError(want, raw);
			return n === 0 ? 0 : n;
		},
		put: (value, sink) => sink.number(value),
		write: (value, out) => out.number(value),
	});
}

export const u16 = int(0, 0xffff);
export const u32 = int(0, 0xffffffff);
export const i32 = int(-(2 ** 31), 2 ** 31 - 1);
/** Counts, ns, file sizes. */
export const count = int(0, Number.MAX_SAFE_INTEGER);
export const signed = int(Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
/** A linear address that may be one past the last. */
export const address = int(0, 2 ** 32);

/** 64-bit integer, signed or unsigned. */
export const big: Shape<bigint> = leaf<bigint>({
	decode(raw) {
		const n = typeof raw === 'number' && Number.isSafeInteger(raw) ? BigInt(raw) : raw;
		if (typeof n !== 'bigint' || n < -(2n ** 63n) || n >= 2n ** 64n) throw new ShapeError('a 64-bit integer', raw);
		return n;
	},
	put: (value, sink) => sink.big(value),
	write: (value, out) => out.big(value),
});

export const bool: Shape<boolean> = leaf<boolean>({
	decode(raw) {
		if (typeof raw !== 'boolean') throw new ShapeError('true or false', raw);
		return raw;
	},
	put: (value, sink) => sink.number(value ? 1 : 0),
	write: (value, out) => out.bool(value),
});

export const text: Shape<string> = leaf<string>({
	decode(raw) {
		if (typeof raw !== 'string') throw new ShapeError('a string', raw);
		return raw;
	},
	put: (value, sink) => sink.text(value),
	write: (value, out) => out.text(value),
});

/** Bytes, of any length or of exactly `length`. Decoded bytes are a copy. */
export function bytes(length?: number): Shape<Uint8Array> {
	const want = length === undefined ? 'bytes' : `${length} bytes`;
	return leaf<Uint8Array>({
		decode(raw) {
			if (!(raw instanceof Uint8Array) || (length !== undefined && raw.length !== length)) throw new ShapeError(want, raw);
			return new Uint8Array(raw);
		},
		put: (value, sink) => sink.bytes(value),
		write: (value, out) => out.bytes(value),
	});
}

export function oneOf<T extends string>(...values: readonly T[]): Shape<T> {
	const want = `one of ${values.join(', ')}`;
	return leaf<T>({
		decode(raw) {
			if (!values.includes(raw as T)) throw new ShapeError(want, raw);
			return raw as T;
		},
		put: (value, sink) => sink.text(value),
		write: (value, out) => out.text(value),
	});
}

export function nullable<T>(inner: Shape<T>): Shape<T | null> {
	return {
		encode: (value) => (value === null ? null : inner.encode(value)),
		write: (value, out) => (value === null ? out.nil() : inner.write(value, out)),
		decode: (raw) => (raw === null ? null : inner.decode(raw)),
		put(value, sink, parent) {
			sink.number(value === null ? 0 : 1);
			if (value !== null) inner.put(value, sink, parent);
		},
		renumber: (value, number, parent) => (value === null ? null : inner.renumber(value, number, parent)),
		hasRefs: inner.hasRefs,
	};
}

/** An internal id; 0 = none, and -1 where the field gives it a meaning. */
export function ref(kind: RefKind, min = 0): Shape<number> {
	const { encode, decode, write } = int(min, Number.MAX_SAFE_INTEGER);
	return {
		encode,
		decode,
		write,
		put: (value, sink) => (value > 0 ? sink.ref(kind, value) : sink.number(value)),
		renumber: (value, number) => (value > 0 ? number(kind, value) : value),
		hasRefs: true,
	};
}

/** A value whose shape depends on the struct that holds it. All shapes it may have encode alike. */
export function dependent<P>(choose: (parent: P) => Shape<number>, coded: Shape<number>): Shape<number> {
	return {
		encode: (value) => coded.encode(value),
		decode: (raw) => coded.decode(raw),
		write: (value, out) => coded.write(value, out),
		put: (value, sink, parent) => choose(parent as P).put(value, sink, parent),
		renumber: (value, number, parent) => choose(parent as P).renumber(value, number, parent),
		hasRefs: true,
	};
}

/** A list, of any length or of exactly `length`. */
export function list<T>(inner: Shape<T>, length?: number): Shape<readonly T[]> {
	const want = length === undefined ? 'a list' : `a list of ${length}`;
	return {
		encode: (value) => value.map((v) => inner.encode(v)),
		write(value, out) {
			out.list(value.length);
			for (const v of value) inner.write(v, out);
		},
		decode(raw) {
			if (!Array.isArray(raw) || (length !== undefined && raw.length !== length)) throw new ShapeError(want, raw);
			const out: T[] = [];
			for (let i = 0; i < raw.length; i++) out.push(inside(i, () => inner.decode(raw[i])));
			return out;
		},
		put(value, sink) {
			sink.number(value.length);
			for (const v of value) inner.put(v, sink);
		},
		renumber: (value, number) => (inner.hasRefs ? value.map((v) => inner.renumber(v, number)) : value),
		hasRefs: inner.hasRefs,
	};
}

/** A list of fixed length with a shape for each place. */
export function tuple<T extends readonly unknown[]>(...inner: { readonly [I in keyof T]: Shape<T[I]> }): Shape<T> {
	const shapes = inner as readonly Shape<unknown>[];
	return leaf<T>({
		encode: (value) => value.map((v, i) => shapes[i].encode(v)),
		write(value, out) {
			out.list(value.length);
			for (let i = 0; i < value.length; i++) shapes[i].write(value[i], out);
		},
		decode(raw) {
			if (!Array.isArray(raw) || raw.length !== shapes.length) throw new ShapeError(`a list of ${shapes.length}`, raw);
			return shapes.map((shape, i) => inside(i, () => shape.decode(raw[i]))) as unknown as T;
		},
		put: (value, sink) => value.forEach((v, i) => void shapes[i].put(v, sink)),
	});
}

/** A shape for every field of T, present or optional. */
export type Fields<T> = { readonly [K in keyof T]-?: Shape<NonNullable<T[K]> | Extract<T[K], null>> };

/** Whether it is an object with fields, as a packer makes them. */
function record(raw: unknown, want: string): { readonly [key: string]: unknown } {
	if (typeof raw !== 'object' || raw === null || Array.isArray(raw) || ArrayBuffer.isView(raw)) throw new ShapeError(want, raw);
	return raw as { [key: string]: unknown };
}

/** An object with exactly these fields; those named in `optional` may be absent. Digests take fields in the order given here. */
export function struct<T extends object>(fields: Fields<T>, optional: readonly (keyof T & string)[] | 'all' = []): Shape<T> {
	const keys = Object.keys(fields) as (keyof T & string)[];
	const shapes = keys.map((key) => fields[key] as Shape<unknown>);
	const mayLack = keys.map((key) => optional === 'all' || optional.includes(key));
	const hasRefs = shapes.some((shape) => shape.hasRefs);
	const known = new Set<string>(keys);
	type Bag = { [key: string]: unknown };
	return {
		write: structWriter<T>(keys, shapes, optional === 'all'),
		encode(value) {
			const out: Bag = {};
			for (let i = 0; i < keys.length; i++) {
				const v = value[keys[i]];
				if (v !== undefined) out[keys[i]] = shapes[i].encode(v);
			}
			return out;
		},
		decode(raw) {
			const bag = record(raw, 'an object');
			const out: Bag = {};
			let found = 0;
			for (let i = 0; i < keys.length; i++) {
				const key = keys[i];
				if (!Object.hasOwn(bag, key)) {
					if (mayLack[i]) continue;
					throw new ShapeError('a value', undefined, [key]);
				}
				found++;
				try {
					out[key] = shapes[i].decode(bag[key]);
				} catch (error) {
					throw error instanceof ShapeError ? error.within(key) : error;
				}
			}
			const given = Object.keys(bag);
			if (given.length !== found) {
				const strange = given.find((key) => !known.has(key)) ?? '';
				throw new ShapeError('no such field', bag[strange], [strange]);
			}
			return out as T;
		},
		put(value, sink) {
			for (let i = 0; i < keys.length; i++) {
				const v = value[keys[i]];
				if (mayLack[i]) sink.number(v === undefined ? 0 : 1);
				if (v !== undefined) shapes[i].put(v, sink, value);
			}
		},
		renumber(value, number) {
			if (!hasRefs) return value;
			const out: Bag = {};
			for (let i = 0; i < keys.length; i++) {
				const v = value[keys[i]];
				if (v !== undefined) out[keys[i]] = shapes[i].hasRefs ? shapes[i].renumber(v, number, value) : v;
			}
			return out as T;
		},
		hasRefs,
	};
}

/** One of several structs, told apart by their field `kind`. */
export function union<T extends { readonly kind: string }>(
	variants: {
		readonly [K in T['kind']]: Shape<Omit<Extract<T, { kind: K }>, 'kind'>>;
	},
): Shape<T> {
	type Variants = { readonly [kind: string]: Shape<object> };
	const all = variants as unknown as Variants;
	const want = `a kind: one of ${Object.keys(all).join(', ')}`;
	return {
		encode: (value) => ({ kind: value.kind, ...(all[value.kind].encode(value) as object) }),
		write: (value, out) => all[value.kind].write(value, out, value.kind),
		decode(raw) {
			const { kind, ...rest } = record(raw, 'an object with a kind');
			if (typeof kind !== 'string' || !Object.hasOwn(all, kind)) throw new ShapeError(want, kind, ['kind']);
			return { kind, ...all[kind].decode(rest) } as unknown as T;
		},
		put(value, sink) {
			sink.text(value.kind);
			all[value.kind].put(value, sink);
		},
		renumber: (value, number) => ({ kind: value.kind, ...all[value.kind].renumber(value, number) }) as T,
		hasRefs: Object.values(all).some((shape) => shape.hasRefs),
	};
}

/** A value of another form on the wire. */
export function via<T, W>(wire: Shape<W>, to: (value: T) => W, from: (wire: W) => T): Shape<T> {
	return {
		encode: (value) => wire.encode(to(value)),
		write: (value, out) => wire.write(to(value), out),
		decode: (raw) => from(wire.decode(raw)),
		put: (value, sink) => wire.put(to(value), sink),
		renumber: (value, number) => (wire.hasRefs ? from(wire.renumber(to(value), number)) : value),
		hasRefs: wire.hasRefs,
	};
}
