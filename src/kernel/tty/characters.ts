/** What the kernel takes a byte for (lib/ctype.c: Latin-1). */

export function isControl(c: number): boolean {
	return c < 0x20 || c === 0x7f;
}

const isUpper = (c: number) => (c >= 0x41 && c <= 0x5a) || (c >= 0xc0 && c <= 0xde && c !== 0xd7);
const isLower = (c: number) => (c >= 0x61 && c <= 0x7a) || (c >= 0xdf && c !== 0xf7);

export function isAlnum(c: number): boolean {
	return isUpper(c) || isLower(c) || (c >= 0x30 && c <= 0x39);
}

/** A byte of a UTF-8 character that is not its first. */
export function isContinuation(c: number): boolean {
	return (c & 0xc0) === 0x80;
}

export function toUpper(c: number): number {
	return isLower(c) ? c - 0x20 : c;
}

export function toLower(c: number): number {
	return isUpper(c) ? c + 0x20 : c;
}
