/** `image show|lint|diff|decode|encode`: a cpt image by itself. */
import { diffImages, type ImageDifference } from '../../cpt/v2/diff.ts';
import type { ImageObject } from '../../cpt/v2/image-object.ts';
import { ImageWriter } from '../../cpt/v2/image-writer.ts';
import { lint } from '../../cpt/v2/lint.ts';
import { fromPlain, PlainError, toPlain } from '../../cpt/v2/plain.ts';
import { brokenImage, openImage, readableObjects, readInput } from '../open.ts';
import { CliError, colour, Exit, json, Lines, message, plural, print, writeAll } from '../output.ts';
import { writeOutput } from '../output-file.ts';
import { objectText } from '../render/image.ts';

/** All objects of a well-formed image. */
function wholeImage(path: string): readonly ImageObject[] {
	const { objects, error } = readableObjects(openImage(path));
	if (error) throw brokenImage(path, error, objects.length);
	return objects;
}

export interface ShowOptions {
	readonly partial?: boolean;
	readonly payload?: boolean;
	readonly json?: boolean;
}

export function showCommand(path: string, options: ShowOptions): number {
	const { objects, error } = readableObjects(openImage(path));
	if (error && !options.partial) throw brokenImage(path, error, objects.length);
	if (options.json) {
		const listed = objects.map((o) => {
			const { number, name, offset, headerLength, length, parent } = o;
			return { number, name, offset, headerLength, length, parent: parent?.number ?? null, ...toPlain(o) };
		});
		print(
			json({
				image: path,
				whole: error === null,
				objects: listed.map(({ payload, ...o }) => (options.payload ? { ...o, payload } : o)),
			}),
		);
	} else {
		const lines = new Lines();
		for (const object of objects) lines.add(objectText(object, options.payload ?? false));
		lines.flush();
	}
	if (error) message(`${path}: ${error.message}`);
	return error ? Exit.USAGE : Exit.OK;
}

export function lintCommand(path: string, options: { readonly json?: boolean }): number {
	const warnings = lint(wholeImage(path));
	if (options.json) print(json({ image: path, warnings }));
	else if (warnings.length === 0) print(`${path}: nothing suspicious`);
	else {
		const lines = warnings.map(
			(w) =>
				`${colour.yellow(`${w.object}${w.field === '' ? '' : ` ${w.field}`}`)} at byte 0x${w.offset.toString(16)}: ${w.text}`,
		);
		print(lines.join('\n'));
	}
	return warnings.length === 0 ? Exit.OK : Exit.DIFFERS;
}

export function imageDiffCommand(a: string, b: string, options: { readonly json?: boolean }): number {
	const [x, y] = [openImage(a), openImage(b)];
	const { error, objects } = readableObjects(x);
	if (error) throw brokenImage(a, error, objects.length);
	return differences(a, b, diffImages(x, y), options);
}

/** Differences between two images as lines: where, then both values. */
export function differences(
	a: string,
	b: string,
	found: readonly ImageDifference[],
	options: { readonly json?: boolean },
): number {
	if (options.json) print(json({ a, b, equal: found.length === 0, differences: found }));
	else if (found.length === 0) print(`equal  ${a}  ${b}`);
	else {
		const lines = found.map((d) => {
			const byte = d.offsetB ?? d.offsetA;
			const place = `${d.object}${d.field === '' ? '' : ` ${d.field}`}${byte === undefined ? '' : ` at byte 0x${byte.toString(16)}`}`;
			return `  ${place.padEnd(44)} ${colour.red(d.a)}  ${colour.green(d.b)}`;
		});
		print([`${colour.red('DIFFERS')}  ${a}  ${b}  ${plural(found.length, 'difference')}`, ...lines].join('\n'));
	}
	return found.length === 0 ? Exit.OK : Exit.DIFFERS;
}

/** What the JSON of an image begins with. */
const FORMAT = 'cpt v2';

export function decodeCommand(path: string, options: { readonly output?: string }): number {
	const objects = wholeImage(path);
	function* pieces(): Generator<string> {
		yield `{"format": ${JSON.stringify(FORMAT)}, "objects": [\n`;
		for (const [i, object] of objects.entries()) yield `${i === 0 ? '' : ',\n'}${JSON.stringify(toPlain(object))}`;
		yield '\n]}\n';
	}
	if (options.output === undefined) {
		for (const text of pieces()) writeAll(1, Buffer.from(text));
		return Exit.OK;
	}
	const encoder = new TextEncoder();
	const bytes = (function* () {
		for (const text of pieces()) yield encoder.encode(text);
	})();
	writeOutput(options.output, bytes, { sources: [{ path, what: 'the image that is read' }] });
	return Exit.OK;
}

export function encodeCommand(path: string, options: { readonly output: string }): number {
	const bytes = readInput(path, 'file of JSON');
	let value: { readonly format?: unknown; readonly objects?: unknown } | null;
	try {
		value = JSON.parse(Buffer.from(bytes).toString());
	} catch (error) {
		throw new CliError(`${path}: ${(error as Error).message}`);
	}
	if (value?.format !== FORMAT || !Array.isArray(value.objects))
		throw new CliError(`${path}: {"format": "${FORMAT}", "objects": […]} wanted (replay image decode writes it)`);
	const writer = new ImageWriter();
	try {
		value.objects.forEach((object, i) => void writer.put(fromPlain(object, i)));
	} catch (error) {
		if (error instanceof PlainError) throw new CliError(`${path}: ${error.message}`);
		throw error;
	}
	writeOutput(options.output, writer.chunks(), { sources: [{ path, what: 'the file that is read' }] });
	const { objects, error } = readableObjects(writer.bytes());
	if (error)
		message(
			`${options.output}: written as it stands, but no restart will take it: ${error.message}; ${plural(objects.length, 'object')} before it`,
		);
	return Exit.OK;
}
