/** Little-endian words of structs. */

/** A view of exactly these bytes. */
export function viewOf(bytes: Uint8Array): DataView {
	return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Writes consecutive 32-bit words at a byte offset. */
export function setWords(view: DataView, at: number, words: readonly number[]): void {
	for (const [i, word] of words.entries()) view.setUint32(at + 4 * i, word, true);
}
