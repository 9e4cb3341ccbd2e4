/** Small programs for the bench: machine code in a minimal ELF, endless loops but where said. */

const BASE = 0x08048000;
const HEADER = 52 + 2 * 32;
/** Data from this address on: zeroed memory. */
const BSS = 0x0a000000;

/** A static ELF that runs this code, with so much bss. */
export function program(code: readonly number[], bssMiB = 65): Uint8Array {
	const bytes = new Uint8Array(HEADER + code.length);
	const v = new DataView(bytes.buffer);
	bytes.set([0x7f, 0x45, 0x4c, 0x46, 1, 1, 1]);
	v.setUint16(16, 2, true);
	v.setUint16(18, 3, true);
	v.setUint32(20, 1, true);
	v.setUint32(24, BASE + HEADER, true);
	v.setUint32(28, 52, true);
	v.setUint16(40, 52, true);
	v.setUint16(42, 32, true);
	v.setUint16(44, 2, true);
	const segment = (at: number, values: readonly number[]) => {
		values.forEach((value, i) => {
			v.setUint32(at + 4 * i, value, true);
		});
	};
	segment(52, [1, 0, BASE, BASE, bytes.length, bytes.length, 5, 4096]);
	segment(84, [1, 0, BSS, BSS, 0, bssMiB * 2 ** 20, 6, 4096]);
	bytes.set(code, HEADER);
	return bytes;
}

const u32 = (n: number) => [n & 255, (n >>> 8) & 255, (n >>> 16) & 255, n >>> 24];

/** mov esi, BSS; mov ecx, 0; then the loop. */
const SETUP = [0xbe, ...u32(BSS), 0x31, 0xc9, 0x31, 0xc0, 0x31, 0xd2, 0x31, 0xdb];
const endless = (body: readonly number[]) => [...SETUP, ...body, 0xe9, ...u32(-(body.length + 5))];

/** Endless loops, by what they stress. */
export const LOOPS = {
	// add eax, ecx; inc ecx; xor edx, eax; lea ebx, [eax+edx*4]
	alu: endless([0x01, 0xc8, 0x41, 0x31, 0xc2, 0x8d, 0x1c, 0x90]),
	// mov eax, [esi+ecx*4]; add eax, ecx; mov [esi+ecx*4], eax; inc ecx; and ecx, 0xfff
	memory: endless([0x8b, 0x04, 0x8e, 0x01, 0xc8, 0x89, 0x04, 0x8e, 0x41, 0x81, 0xe1, ...u32(0xfff)]),
	// push eax; mov edx, [esi+ecx*4]; imul edx, ecx; add eax, edx; cmp eax, ebx; jb +1; inc ebx; pop edx; inc ecx; and ecx, 0x3ff
	mixed: endless([
		0x50,
		0x8b,
		0x14,
		0x8e,
		0x0f,
		0xaf,
		0xd1,
		0x01,
		0xd0,
		0x39,
		0xd8,
		0x72,
		0x01,
		0x43,
		0x5a,
		0x41,
		0x81,
		0xe1,
		...u32(0x3ff),
	]),
};

/** Writes one word a page through 64 MiB, then one page in a hundred, for ever: four steps a write. */
export const TOUCH = [
	// mov esi, BSS; mov ecx, 16384
	...[0xbe, ...u32(BSS), 0xb9, ...u32(16384)],
	// 1: inc dword [esi]; add esi, 4096; dec ecx; jnz 1
	...[0xff, 0x06, 0x81, 0xc6, ...u32(4096), 0x49, 0x75, 0xf5],
	// 2: mov esi, BSS; mov ecx, 163
	...[0xbe, ...u32(BSS), 0xb9, ...u32(163)],
	// 3: inc dword [esi]; add esi, 409600; dec ecx; jnz 3; jmp 2
	...[0xff, 0x06, 0x81, 0xc6, ...u32(409600), 0x49, 0x75, 0xf5, 0xeb, 0xe9],
];

/** getpid() `calls` times through int 0x80, then exit(0). */
export function getpidLoop(calls: number): Uint8Array {
	return program([
		...[0xbe, ...u32(calls)],
		// 1: mov eax, 20; int 0x80; dec esi; jnz 1
		...[0xb8, ...u32(20), 0xcd, 0x80, 0x4e, 0x75, 0xf6],
		// mov eax, 1; xor ebx, ebx; int 0x80
		...[0xb8, ...u32(1), 0x31, 0xdb, 0xcd, 0x80],
	]);
}

/** Writes a word into each of `pages` pages, goes round a loop `turns` times (two steps each), then exits with ebx. */
export function touchAndCount(pages: number, turns: number): Uint8Array {
	const code = [
		// mov esi, BSS; mov ecx, pages; 1: mov [esi], esi; add esi, 4096; dec ecx; jnz 1
		...[0xbe, ...u32(BSS), 0xb9, ...u32(pages)],
		...[0x89, 0x36, 0x81, 0xc6, ...u32(4096), 0x49, 0x75, 0xf5],
		// mov ecx, turns; 2: dec ecx; jnz 2
		...[0xb9, ...u32(turns), 0x49, 0x75, 0xfd],
		// mov eax, 1; int 0x80
		...[0xb8, ...u32(1), 0xcd, 0x80],
	];
	return program(code, Math.ceil(pages / 256) + 1);
}
