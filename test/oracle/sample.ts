/**
 * The stored sample: cases over every row with what one processor did, so that any machine can check against it.
 * Layout of sample.bin.gz, before compression: u32 length and bytes of a JSON header; then the words of the cases; then
 * those of the outcomes. The header has the CPUID line, the memory seed, the number of cases, word counts, the rows' keys
 * and for each row its number of consecutive cases.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gunzipSync, gzipSync } from 'node:zlib';
import { ROWS } from '../../src/cpu/isa/index.ts';
import { rowKey } from './encode.ts';
import { runNative } from './native.ts';
import { comparable, makeBatch } from './session.ts';

/** Path of the sample. */
export const SAMPLE = fileURLToPath(new URL('./sample.bin.gz', import.meta.url));

/** Encodings of each row in the sample, and variants of each. */
const GROUPS = 18;
const VARIANTS = 2;

interface Header {
	readonly cpuid: string;
	readonly seed: number;
	readonly cases: number;
	readonly caseWords: number;
	readonly outcomeWords: number;
	/** Row keys, and the row of each case as [row, count] runs. */
	readonly rows: readonly string[];
	readonly runs: readonly (readonly [number, number])[];
}

/** The sample, read. */
export interface Sample extends Header {
	readonly words: Uint32Array;
	readonly outcomes: Uint32Array;
	/** Index into `rows` of each case. */
	readonly rowOf: Uint16Array;
}

/** Makes the sample on this machine. */
export function makeSample(
	program: string,
	seed: number,
): { readonly bytes: Uint8Array; readonly cpuid: string; readonly cases: number } {
	const rows = comparable(ROWS, undefined);
	const { writer, rowOf } = makeBatch(rows, seed, GROUPS, VARIANTS);
	const { cpuid, words } = runNative(program, writer.finish(), writer.cases);
	const runs: [number, number][] = [];
	for (let i = 0; i < writer.cases; i++) {
		const last = runs[runs.length - 1];
		if (last && last[0] === rowOf[i]) last[1]++;
		else runs.push([rowOf[i], 1]);
	}
	const header: Header = {
		cpuid,
		seed: writer.seed,
		cases: writer.cases,
		caseWords: writer.at,
		outcomeWords: words.length,
		rows: rows.map(rowKey),
		runs,
	};
	const json = Buffer.from(JSON.stringify(header));
	const length = Buffer.alloc(4);
	length.writeUInt32LE(json.length);
	const cases = new Uint8Array(writer.words.buffer, 0, writer.at * 4);
	const outcomes = new Uint8Array(words.buffer, words.byteOffset, words.byteLength);
	return { bytes: gzipSync(Buffer.concat([length, json, cases, outcomes]), { level: 9 }), cpuid, cases: writer.cases };
}

/** Reads the stored sample. */
export function readSample(): Sample {
	const bytes = gunzipSync(readFileSync(SAMPLE));
	const length = bytes.readUInt32LE(0);
	const header = JSON.parse(bytes.subarray(4, 4 + length).toString()) as Header;
	const all = new Uint32Array(new Uint8Array(bytes.subarray(4 + length)).buffer);
	const rowOf = new Uint16Array(header.cases);
	let at = 0;
	for (const [row, count] of header.runs) {
		rowOf.fill(row, at, at + count);
		at += count;
	}
	return { ...header, words: all.subarray(0, header.caseWords), outcomes: all.subarray(header.caseWords), rowOf };
}
