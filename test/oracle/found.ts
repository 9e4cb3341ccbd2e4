/** Cases in which our processor once differed, each with what the hardware did: found.json. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Path of the cases. */
export const FOUND = fileURLToPath(new URL('./found.json', import.meta.url));

export interface Found {
	/** The processor that was asked. */
	readonly cpuid: string;
	/** As `--case` takes it. */
	readonly case: string;
	/** Words of the outcome (protocol.ts), base64url. */
	readonly outcome: string;
}

export const readFound = (): readonly Found[] => JSON.parse(readFileSync(FOUND, 'utf8')) as Found[];

/** Words as text. */
export const packWords = (words: Uint32Array): string => Buffer.from(new Uint8Array(words.slice().buffer)).toString('base64url');

/** The words of such a text. */
export const unpackWords = (text: string): Uint32Array => new Uint32Array(new Uint8Array(Buffer.from(text, 'base64url')).buffer);
