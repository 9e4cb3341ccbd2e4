/** Step columns as the payload of a frame: coded, then each stream deflated. */
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import * as v from 'valibot';
import { ENTRIES, type Entry } from '../events/entities.ts';
import type { StepColumns } from '../events/steps.ts';
import { pack, unpack } from './pack.ts';
import { codeSteps, uncodeSteps } from './step-coding.ts';

/** Most steps, sites and words of one frame. */
const MAX_STEPS = 1 << 24;
const MAX_WORDS = 1 << 27;

const number = (max: number) => v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(max));
const stream = v.strictObject({ size: number(MAX_WORDS * 5), deflate: v.instance(Uint8Array) });
const schema = v.strictObject({
	task: number(4194303),
	first: number(Number.MAX_SAFE_INTEGER),
	count: v.pipe(number(MAX_STEPS), v.minValue(1)),
	entry: v.picklist(ENTRIES),
	siteCount: number(MAX_STEPS),
	wordCount: number(MAX_WORDS),
	code: stream,
	sites: stream,
	masks: stream,
	words: stream,
	flags: stream,
});

function squeeze(bytes: Uint8Array): v.InferOutput<typeof stream> {
	return { size: bytes.length, deflate: deflateRawSync(bytes, { level: 1 }) };
}

function expand(s: v.InferOutput<typeof stream>): Uint8Array {
	const bytes = inflateRawSync(s.deflate, { maxOutputLength: Math.max(1, s.size) });
	if (bytes.length !== s.size) throw new Error(`${s.size} bytes wanted, ${bytes.length} got`);
	return bytes;
}

/** The payload of a frame of steps. */
export function encodeSteps(columns: StepColumns, entry: Entry): Uint8Array {
	const { task, first, count, siteEip, siteLength, siteBytes, words } = columns;
	const coded = codeSteps(columns);
	const eips = new Uint8Array(siteEip.buffer, siteEip.byteOffset, siteEip.byteLength);
	return pack({
		task,
		first,
		count,
		entry,
		siteCount: siteEip.length,
		wordCount: words.length,
		code: squeeze(Buffer.concat([eips, siteLength, siteBytes])),
		sites: squeeze(coded.sites),
		masks: squeeze(coded.masks),
		words: squeeze(coded.words),
		flags: squeeze(coded.flags),
	});
}

/** The columns of a frame. Throws an Error with one line that says what is wrong with it. */
export function decodeSteps(payload: Uint8Array): { readonly columns: StepColumns; readonly entry: Entry } {
	const parsed = v.safeParse(schema, unpack(payload));
	if (!parsed.success) {
		const [issue] = parsed.issues;
		throw new Error(
			`${issue.path?.map((p) => String(p.key)).join('.') ?? 'frame'}: ${issue.expected ?? 'a valid value'} wanted, ${issue.received} got`,
		);
	}
	const { task, first, count, entry, siteCount, wordCount, ...streams } = parsed.output;
	const code = expand(streams.code);
	if (code.length !== siteCount * 21) throw new Error(`${siteCount} sites of 21 bytes wanted, ${code.length} bytes got`);
	const coded = {
		sites: expand(streams.sites),
		masks: expand(streams.masks),
		words: expand(streams.words),
		flags: expand(streams.flags),
	};
	const { site, mask, words } = uncodeSteps(coded, count, siteCount, wordCount);
	const siteEip = new Uint32Array(code.slice(0, siteCount * 4).buffer.slice(0, siteCount * 4));
	const siteLength = Uint8Array.from(code.subarray(siteCount * 4, siteCount * 5));
	const siteBytes = Uint8Array.from(code.subarray(siteCount * 5));
	if (siteLength.some((n) => n < 1 || n > 15)) throw new Error('instructions of 1 to 15 bytes wanted');
	return { columns: { task, first, count, siteEip, siteLength, siteBytes, site, mask, words }, entry };
}
