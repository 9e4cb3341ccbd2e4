/** The hash of digests (xxhash64), made ready once by the module that owns I/O, and handed down to the pure core. */
import { createHash } from 'node:crypto';
import createXxhash from 'xxhash-wasm';

const { h64Raw } = await createXxhash();

/** 64-bit hash of bytes. */
export function hash64(bytes: Uint8Array, seed = 0n): bigint {
	return h64Raw(bytes, seed);
}

/** sha256 as 64 hex digits: names contents in traces. */
export function sha256(bytes: Uint8Array): string {
	return createHash('sha256').update(bytes).digest('hex');
}
