/**
 * Packed integer operations whose every 32-bit word of the result depends on the same word of both operands (SDM vol. 2, P…):
 * pure functions of words, the same for MMX and XMM registers. `a` is the destination operand, `b` the source.
 */

const s8 = (x: number): number => (x > 127 ? 127 : Math.max(x, -128));
const u8 = (x: number): number => (x > 255 ? 255 : Math.max(x, 0));
const s16 = (x: number): number => (x > 32767 ? 32767 : Math.max(x, -32768));
const u16 = (x: number): number => (x > 65535 ? 65535 : Math.max(x, 0));
/** Signed byte k of a word, and signed low halfword. */
const sb0 = (x: number): number => (x << 24) >> 24;
const sb1 = (x: number): number => (x << 16) >> 24;
const sb2 = (x: number): number => (x << 8) >> 24;
const low = (x: number): number => (x << 16) >> 16;
/** Four bytes, two halfwords as a word. */
const bytes = (a: number, b: number, c: number, d: number): number =>
	(a & 0xff) | ((b & 0xff) << 8) | ((c & 0xff) << 16) | (d << 24);
const halves = (a: number, b: number): number => (a & 0xffff) | (b << 16);
/** 0xff or 0xffff for each byte or halfword whose top bit is set in `m`, which has no other bits. */
const fill8 = (m: number): number => m | ((m - (m >>> 7)) | 0);
const fill16 = (m: number): number => m | ((m - (m >>> 15)) | 0);
const avg = (x: number, y: number): number => (x + y + 1) >> 1;
const abs = (x: number): number => (x < 0 ? -x : x);
const sign = (x: number, y: number): number => (y < 0 ? -x : y === 0 ? 0 : x);
/** pmulhrsw: the product of two signed halfwords, rounded to its bits 30..15. */
const scaled = (x: number, y: number): number => ((Math.imul(x, y) >> 14) + 1) >> 1;

/** Operation by name: (destination word, source word) → result word. */
export const WORD_OPS = {
	pand: (a, b) => a & b,
	pandn: (a, b) => ~a & b,
	por: (a, b) => a | b,
	pxor: (a, b) => a ^ b,

	paddb: (a, b) => (((a & 0x7f7f7f7f) + (b & 0x7f7f7f7f)) | 0) ^ ((a ^ b) & 0x80808080),
	paddw: (a, b) => (((a & 0x7fff7fff) + (b & 0x7fff7fff)) | 0) ^ ((a ^ b) & 0x80008000),
	paddd: (a, b) => (a + b) | 0,
	psubb: (a, b) => (((a | 0x80808080) - (b & 0x7f7f7f7f)) | 0) ^ ((a ^ ~b) & 0x80808080),
	psubw: (a, b) => (((a | 0x80008000) - (b & 0x7fff7fff)) | 0) ^ ((a ^ ~b) & 0x80008000),
	psubd: (a, b) => (a - b) | 0,
	paddsb: (a, b) => bytes(s8(sb0(a) + sb0(b)), s8(sb1(a) + sb1(b)), s8(sb2(a) + sb2(b)), s8((a >> 24) + (b >> 24))),
	psubsb: (a, b) => bytes(s8(sb0(a) - sb0(b)), s8(sb1(a) - sb1(b)), s8(sb2(a) - sb2(b)), s8((a >> 24) - (b >> 24))),
	paddusb: (a, b) =>
		bytes(
			u8((a & 0xff) + (b & 0xff)),
			u8(((a >>> 8) & 0xff) + ((b >>> 8) & 0xff)),
			u8(((a >>> 16) & 0xff) + ((b >>> 16) & 0xff)),
			u8((a >>> 24) + (b >>> 24)),
		),
	psubusb: (a, b) =>
		bytes(
			u8((a & 0xff) - (b & 0xff)),
			u8(((a >>> 8) & 0xff) - ((b >>> 8) & 0xff)),
			u8(((a >>> 16) & 0xff) - ((b >>> 16) & 0xff)),
			u8((a >>> 24) - (b >>> 24)),
		),
	paddsw: (a, b) => halves(s16(low(a) + low(b)), s16((a >> 16) + (b >> 16))),
	psubsw: (a, b) => halves(s16(low(a) - low(b)), s16((a >> 16) - (b >> 16))),
	paddusw: (a, b) => halves(u16((a & 0xffff) + (b & 0xffff)), u16((a >>> 16) + (b >>> 16))),
	psubusw: (a, b) => halves(u16((a & 0xffff) - (b & 0xffff)), u16((a >>> 16) - (b >>> 16))),

	pcmpeqb: (a, b) => {
		const x = a ^ b;
		return fill8(~(((x & 0x7f7f7f7f) + 0x7f7f7f7f) | 0 | x) & 0x80808080);
	},
	pcmpeqw: (a, b) => {
		const x = a ^ b;
		return fill16(~(((x & 0x7fff7fff) + 0x7fff7fff) | 0 | x) & 0x80008000);
	},
	pcmpeqd: (a, b) => (a === b ? -1 : 0),
	pcmpgtb: (a, b) =>
		bytes(sb0(a) > sb0(b) ? -1 : 0, sb1(a) > sb1(b) ? -1 : 0, sb2(a) > sb2(b) ? -1 : 0, a >> 24 > b >> 24 ? -1 : 0),
	pcmpgtw: (a, b) => halves(low(a) > low(b) ? -1 : 0, a >> 16 > b >> 16 ? -1 : 0),
	pcmpgtd: (a, b) => (a > b ? -1 : 0),

	pminub: (a, b) =>
		Math.min(a & 0xff, b & 0xff) |
		Math.min(a & 0xff00, b & 0xff00) |
		Math.min(a & 0xff0000, b & 0xff0000) |
		(Math.min(a >>> 24, b >>> 24) << 24),
	pmaxub: (a, b) =>
		Math.max(a & 0xff, b & 0xff) |
		Math.max(a & 0xff00, b & 0xff00) |
		Math.max(a & 0xff0000, b & 0xff0000) |
		(Math.max(a >>> 24, b >>> 24) << 24),
	pminsw: (a, b) => halves(Math.min(low(a), low(b)), Math.min(a >> 16, b >> 16)),
	pmaxsw: (a, b) => halves(Math.max(low(a), low(b)), Math.max(a >> 16, b >> 16)),
	pavgb: (a, b) =>
		bytes(
			avg(a & 0xff, b & 0xff),
			avg((a >>> 8) & 0xff, (b >>> 8) & 0xff),
			avg((a >>> 16) & 0xff, (b >>> 16) & 0xff),
			avg(a >>> 24, b >>> 24),
		),
	pavgw: (a, b) => halves(avg(a & 0xffff, b & 0xffff), avg(a >>> 16, b >>> 16)),

	pmullw: (a, b) => halves(Math.imul(a, b), Math.imul(a >>> 16, b >>> 16)),
	pmulhw: (a, b) => halves(Math.imul(low(a), low(b)) >> 16, Math.imul(a >> 16, b >> 16) >> 16),
	pmulhuw: (a, b) => halves(Math.imul(a & 0xffff, b & 0xffff) >>> 16, Math.imul(a >>> 16, b >>> 16) >>> 16),
	pmaddwd: (a, b) => (Math.imul(low(a), low(b)) + Math.imul(a >> 16, b >> 16)) | 0,

	// SSSE3
	pmaddubsw: (a, b) =>
		halves(
			s16(Math.imul(a & 0xff, sb0(b)) + Math.imul((a >>> 8) & 0xff, sb1(b))),
			s16(Math.imul((a >>> 16) & 0xff, sb2(b)) + Math.imul(a >>> 24, b >> 24)),
		),
	pmulhrsw: (a, b) => halves(scaled(low(a), low(b)), scaled(a >> 16, b >> 16)),
	pabsb: (_a, b) => bytes(abs(sb0(b)), abs(sb1(b)), abs(sb2(b)), abs(b >> 24)),
	pabsw: (_a, b) => halves(abs(low(b)), abs(b >> 16)),
	pabsd: (_a, b) => abs(b) | 0,
	psignb: (a, b) => bytes(sign(sb0(a), sb0(b)), sign(sb1(a), sb1(b)), sign(sb2(a), sb2(b)), sign(a >> 24, b >> 24)),
	psignw: (a, b) => halves(sign(low(a), low(b)), sign(a >> 16, b >> 16)),
	psignd: (a, b) => sign(a, b) | 0,
} satisfies Readonly<Record<string, (a: number, b: number) => number>>;

export type WordOp = keyof typeof WORD_OPS;
