/**
 * Writing structs as MessagePack. A struct that is written often gets a function of its own, printed from its fields: one that
 * serves all structs reads fields by computed names, which the engine cannot remember the places of.
 */
import { Packer } from './packer.ts';

type Write = (value: never, out: Packer, kind?: string) => void;

/** What a writer needs of the shape of a field. */
interface Inner {
	write(value: unknown, out: Packer): void;
}

/** Writes of a struct before its own function is made: making one costs as much as some dozens of them. */
const OFTEN = 64;

function packedText(value: string): Uint8Array {
	const out = new Packer(64);
	out.text(value);
	return out.take();
}

const KIND = packedText('kind');

/** The head of a map of so many fields, and its first one when that is `kind`. */
function head(out: Packer, fields: number, kind: string | undefined): void {
	if (kind === undefined) {
		out.map(fields);
		return;
	}
	out.map(fields + 1);
	out.raw(KIND);
	out.text(kind);
}

/**
 * A function that writes objects with these fields; those that are undefined are not there.
 * @param sparse objects have few of the fields
 */
export function structWriter<T extends object>(
	keys: readonly (keyof T & string)[],
	shapes: readonly Inner[],
	sparse: boolean,
): (value: T, out: Packer, kind?: string) => void {
	const names = keys.map(packedText);
	const general = (value: T, out: Packer, kind?: string) => {
		let there = 0;
		for (const key of keys) if (value[key] !== undefined) there++;
		head(out, there, kind);
		for (let i = 0; i < keys.length; i++) {
			const v = value[keys[i]];
			if (v === undefined) continue;
			out.raw(names[i]);
			shapes[i].write(v, out);
		}
	};
	if (sparse) return sparseWriter(keys, names, shapes, general);
	let uses = 0;
	let own: typeof general | undefined;
	return (value, out, kind) => {
		if (own !== undefined) own(value, out, kind);
		else if (++uses > OFTEN) {
			own = printed(keys, names, shapes);
			own(value, out, kind);
		} else general(value, out, kind);
	};
}

/** One field or none is written as it is found: patches of registers at every call. */
function sparseWriter<T extends object>(
	keys: readonly (keyof T & string)[],
	names: readonly Uint8Array[],
	shapes: readonly Inner[],
	general: (value: T, out: Packer, kind?: string) => void,
): (value: T, out: Packer, kind?: string) => void {
	const places = new Map<string, number>(keys.map((key, i) => [key, i]));
	return (value, out, kind) => {
		let only: (keyof T & string) | undefined;
		for (const key in value) {
			if (only !== undefined) {
				general(value, out, kind);
				return;
			}
			only = key;
		}
		const place = only === undefined ? undefined : places.get(only);
		const v = only === undefined ? undefined : value[only];
		if (place === undefined || v === undefined) {
			head(out, 0, kind);
			return;
		}
		head(out, 1, kind);
		out.raw(names[place]);
		shapes[place].write(v, out);
	};
}

/** The function of one struct. */
function printed<T>(
	keys: readonly string[],
	names: readonly Uint8Array[],
	shapes: readonly Inner[],
): (value: T, out: Packer, kind?: string) => void {
	const each = (line: (i: number) => string) => keys.map((_, i) => line(i)).join('\n');
	const body = `'use strict';
${each((i) => `const n${i} = names[${i}], s${i} = shapes[${i}];`)}
return (value, out, kind) => {
${each((i) => `const v${i} = value[${JSON.stringify(keys[i])}];`)}
head(out, ${keys.length === 0 ? '0' : keys.map((_, i) => `(v${i} === undefined ? 0 : 1)`).join(' + ')}, kind);
${each((i) => `if (v${i} !== undefined) { out.raw(n${i}); s${i}.write(v${i}, out); }`)}
};`;
	return new Function('names', 'shapes', 'head', body)(names, shapes, head) as Write as (
		value: T,
		out: Packer,
		kind?: string,
	) => void;
}
