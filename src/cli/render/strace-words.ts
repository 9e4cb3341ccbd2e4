/** The small words of strace's format: numbers, strings, sets, modes. */
import type { Name } from '../../kernel/abi/names.ts';
import { signalName } from '../../kernel/abi/signal.ts';

/** Guest memory at the moment of the call; undefined where a byte is not mapped. */
export type ReadMemory = (address: number, length: number) => Uint8Array | undefined;

/** Bytes of a string that are shown (strace -s). */
export const SHOWN = 32;

/** An address: NULL or hex. */
export function pointer(n: number): string {
	return n === 0 ? 'NULL' : `0x${(n >>> 0).toString(16)}`;
}

/** `%#x`: 0 has no prefix. */
export function hex(n: number): string {
	return n === 0 ? '0' : `0x${(n >>> 0).toString(16)}`;
}

/** `%#03o`: permission bits. */
export function octal(mode: number): string {
	return mode === 0 ? '000' : `0${(mode >>> 0).toString(8)}`.padStart(3, '0');
}

export function view(bytes: Uint8Array): DataView {
	return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

const NAMED: { readonly [byte: number]: string } = {
	9: '\\t',
	10: '\\n',
	11: '\\v',
	12: '\\f',
	13: '\\r',
	34: '\\"',
	92: '\\\\',
};

/** Bytes as strace quotes them: octal escapes, `...` where cut. */
export function quote(bytes: Uint8Array, cut: boolean): string {
	let out = '';
	bytes.forEach((b, i) => {
		if (NAMED[b]) out += NAMED[b];
		else if (b >= 32 && b < 127) out += String.fromCharCode(b);
		else {
			const next = bytes[i + 1];
			out += `\\${next >= 48 && next <= 57 ? b.toString(8).padStart(3, '0') : b.toString(8)}`;
		}
	});
	return `"${out}"${cut ? '...' : ''}`;
}

/** Bytes as hex escapes. */
export function quoteHex(bytes: Uint8Array, cut: boolean): string {
	return `"${[...bytes].map((b) => `\\x${b.toString(16).padStart(2, '0')}`).join('')}"${cut ? '...' : ''}`;
}

/** A NUL-terminated string at an address; undefined where it cannot be read. */
export function cstring(read: ReadMemory, address: number, limit: number): string | undefined {
	const out: number[] = [];
	for (let at = address; out.length <= limit; ) {
		const chunk = read(at, Math.min(64, 4096 - (at % 4096))) ?? read(at, 1);
		if (chunk === undefined) return undefined;
		const nul = chunk.indexOf(0);
		out.push(...(nul < 0 ? chunk : chunk.subarray(0, nul)));
		if (nul >= 0) return quote(new Uint8Array(out.slice(0, limit)), out.length > limit);
		at += chunk.length;
	}
	return quote(new Uint8Array(out.slice(0, limit)), true);
}

/** `[INT USR1]`; the complement as `~[KILL]` when most are in it. */
export function signalSet(bytes: Uint8Array): string {
	const names: string[] = [];
	const missing: string[] = [];
	for (let n = 1; n <= bytes.length * 8; n++) {
		const name = signalName(n).replace(/^SIG/, '');
		(bytes[(n - 1) >> 3] & (1 << ((n - 1) & 7)) ? names : missing).push(name);
	}
	return names.length > (bytes.length * 8 * 2) / 3 ? `~[${missing.join(' ')}]` : `[${names.join(' ')}]`;
}

/** Kinds of files, by the upper four bits of the mode. */
const KINDS: readonly (string | undefined)[] = [
	undefined,
	'S_IFIFO',
	'S_IFCHR',
	undefined,
	'S_IFDIR',
	undefined,
	'S_IFBLK',
	undefined,
	'S_IFREG',
	undefined,
	'S_IFLNK',
	undefined,
	'S_IFSOCK',
];
const EXTRA: readonly Name[] = [
	[0o4000, 'S_ISUID'],
	[0o2000, 'S_ISGID'],
	[0o1000, 'S_ISVTX'],
];

/** A file's mode: `S_IFREG|0644`. */
export function modeText(mode: number): string {
	const kind = KINDS[mode >> 12];
	const extra = EXTRA.filter(([bit]) => mode & bit).map(([, name]) => name);
	return [...(kind ? [kind] : []), ...extra, octal(mode & 0o777)].join('|');
}

/** A limit: multiples of 1024 as such. */
export function limitText(n: bigint, infinity: bigint, name: string): string {
	if (n === infinity) return name;
	return n > 1024n && n % 1024n === 0n ? `${n / 1024n}*1024` : String(n);
}
