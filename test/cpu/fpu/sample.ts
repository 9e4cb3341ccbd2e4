/**
 * The stored sample: records that native.c ran on a real processor, so that the comparison also works where there is no gcc.
 * `sample.br`: a count (u32), then the input and output records column by column (byte 0 of every record, byte 1, …), as brotli.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { brotliCompressSync, brotliDecompressSync, constants } from 'node:zlib';
import { RECORD } from './harness.ts';

const FILE = new URL('sample.br', import.meta.url);

export interface Sample {
	readonly count: number;
	readonly input: DataView;
	readonly output: DataView;
}

export function readSample(): Sample {
	const packed = brotliDecompressSync(readFileSync(FILE));
	const count = packed.readUInt32LE(0);
	const columns = (from: number): DataView => {
		const bytes = new Uint8Array(count * RECORD);
		for (let c = 0; c < RECORD; c++) for (let i = 0; i < count; i++) bytes[i * RECORD + c] = packed[from + c * count + i];
		return new DataView(bytes.buffer);
	};
	return { count, input: columns(4), output: columns(4 + count * RECORD) };
}

/** Returns the size of the file in bytes. */
export function writeSample(input: Uint8Array, output: Uint8Array): number {
	const count = input.length / RECORD;
	const packed = new Uint8Array(4 + 2 * count * RECORD);
	new DataView(packed.buffer).setUint32(0, count, true);
	[input, output].forEach((records, n) => {
		const at = 4 + n * count * RECORD;
		for (let i = 0; i < count; i++) for (let c = 0; c < RECORD; c++) packed[at + c * count + i] = records[i * RECORD + c];
	});
	const file = brotliCompressSync(packed, {
		params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_LGWIN]: 24 },
	});
	writeFileSync(FILE, file);
	return file.length;
}
