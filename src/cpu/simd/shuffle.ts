/**
 * Operations on whole MMX and XMM registers that no single word decides: moves, shuffles, packs, shifts, 64-bit lanes
 * (SDM vol. 2). Operands are indexes of 32-bit words in the processor's memory; `n` is the width in words: 2 (MMX) or 4.
 * Everything is read before anything is written: the operands may be the same register.
 */
import { VECTOR } from '../layout.ts';

const s8 = (x: number): number => (x > 127 ? 127 : Math.max(x, -128)) & 0xff;
const u8 = (x: number): number => (x > 255 ? 255 : Math.max(x, 0));
const s16 = (x: number): number => (x > 32767 ? 32767 : Math.max(x, -32768)) & 0xffff;
const low = (x: number): number => (x << 16) >> 16;
const signed8 = (x: number): number => (x << 24) >> 24;
/** Bytes 0 and 1 of each of two words, interleaved; bytes 2 and 3. */
const zipLow = (a: number, b: number): number => (a & 0xff) | ((b & 0xff) << 8) | ((a & 0xff00) << 8) | ((b & 0xff00) << 16);
const zipHigh = (a: number, b: number): number => zipLow(a >>> 16, b >>> 16);
const packSigned = (a: number, b: number): number => s8(low(a)) | (s8(a >> 16) << 8) | (s8(low(b)) << 16) | (s8(b >> 16) << 24);
const packUnsigned = (a: number, b: number): number => u8(low(a)) | (u8(a >> 16) << 8) | (u8(low(b)) << 16) | (u8(b >> 16) << 24);
const packWords = (a: number, b: number): number => s16(a) | (s16(b) << 16);
const differences = (a: number, b: number): number =>
	Math.abs((a & 0xff) - (b & 0xff)) +
	Math.abs(((a >>> 8) & 0xff) - ((b >>> 8) & 0xff)) +
	Math.abs(((a >>> 16) & 0xff) - ((b >>> 16) & 0xff)) +
	Math.abs((a >>> 24) - (b >>> 24));

export class Shuffle {
	readonly M: Int32Array;
	readonly B: Uint8Array;
	readonly H: Uint16Array;
	readonly V: DataView;
	/** Copies of operands. */
	private readonly left = new Uint8Array(32);

	constructor(buffer: ArrayBufferLike) {
		this.M = new Int32Array(buffer);
		this.B = new Uint8Array(buffer);
		this.H = new Uint16Array(buffer);
		this.V = new DataView(buffer);
	}

	/** Word index of a copy of the bytes at a byte offset: for operands that are not aligned to 8 bytes. */
	aligned(at: number, bytes: number): number {
		const { M, V } = this;
		for (let i = 0; i < bytes; i += 4) M[(VECTOR + i) >> 2] = V.getInt32(at + i, true);
		return VECTOR >> 2;
	}

	// Moves
	move(d: number, b: number, n: number): void {
		const { M } = this;
		const w0 = M[b];
		const w1 = M[b + 1];
		if (n === 4) {
			const w2 = M[b + 2];
			const w3 = M[b + 3];
			M[d + 2] = w2;
			M[d + 3] = w3;
		}
		M[d] = w0;
		M[d + 1] = w1;
	}
	/** movss, movd and movsd, movq from memory: the rest becomes zero. */
	load32(d: number, b: number): void {
		this.word(d, this.M[b], 4);
	}
	load64(d: number, b: number): void {
		const { M } = this;
		M[d] = M[b];
		M[d + 1] = M[b + 1];
		M[d + 2] = M[d + 3] = 0;
	}
	/** movd from a general register. */
	word(d: number, value: number, n: number): void {
		const { M } = this;
		M[d] = value;
		M[d + 1] = 0;
		if (n === 4) M[d + 2] = M[d + 3] = 0;
	}
	/** The low word, the low half; movhps and movlhps; movhlps. */
	low32(d: number, b: number): void {
		this.M[d] = this.M[b];
	}
	low64(d: number, b: number): void {
		this.M[d] = this.M[b];
		this.M[d + 1] = this.M[b + 1];
	}
	toHigh(d: number, b: number): void {
		this.M[d + 2] = this.M[b];
		this.M[d + 3] = this.M[b + 1];
	}
	fromHigh(d: number, b: number): void {
		this.M[d] = this.M[b + 2];
		this.M[d + 1] = this.M[b + 3];
	}
	private set(d: number, w0: number, w1: number, w2: number, w3: number): void {
		const { M } = this;
		M[d] = w0;
		M[d + 1] = w1;
		M[d + 2] = w2;
		M[d + 3] = w3;
	}
	movddup(d: number, b: number): void {
		const { M } = this;
		this.set(d, M[b], M[b + 1], M[b], M[b + 1]);
	}
	movsldup(d: number, b: number): void {
		const { M } = this;
		this.set(d, M[b], M[b], M[b + 2], M[b + 2]);
	}
	movshdup(d: number, b: number): void {
		const { M } = this;
		this.set(d, M[b + 1], M[b + 1], M[b + 3], M[b + 3]);
	}

	// Unpack and pack
	punpcklbw(d: number, b: number, n: number): void {
		const { M } = this;
		const a0 = M[d];
		const b0 = M[b];
		if (n === 4) {
			const a1 = M[d + 1];
			const b1 = M[b + 1];
			M[d + 2] = zipLow(a1, b1);
			M[d + 3] = zipHigh(a1, b1);
		}
		M[d] = zipLow(a0, b0);
		M[d + 1] = zipHigh(a0, b0);
	}
	punpckhbw(d: number, b: number, n: number): void {
		const { M } = this;
		if (n === 4) {
			const [a2, a3, b2, b3] = [M[d + 2], M[d + 3], M[b + 2], M[b + 3]];
			this.set(d, zipLow(a2, b2), zipHigh(a2, b2), zipLow(a3, b3), zipHigh(a3, b3));
			return;
		}
		const a1 = M[d + 1];
		const b1 = M[b + 1];
		M[d] = zipLow(a1, b1);
		M[d + 1] = zipHigh(a1, b1);
	}
	punpcklwd(d: number, b: number, n: number): void {
		const { M } = this;
		const a0 = M[d];
		const b0 = M[b];
		if (n === 4) {
			const a1 = M[d + 1];
			const b1 = M[b + 1];
			M[d + 2] = (a1 & 0xffff) | (b1 << 16);
			M[d + 3] = (a1 >>> 16) | (b1 & 0xffff0000);
		}
		M[d] = (a0 & 0xffff) | (b0 << 16);
		M[d + 1] = (a0 >>> 16) | (b0 & 0xffff0000);
	}
	punpckhwd(d: number, b: number, n: number): void {
		const { M } = this;
		const half = n >> 1;
		const a0 = M[d + half];
		const b0 = M[b + half];
		const a1 = M[d + n - 1];
		const b1 = M[b + n - 1];
		M[d] = (a0 & 0xffff) | (b0 << 16);
		M[d + 1] = (a0 >>> 16) | (b0 & 0xffff0000);
		if (n === 2) return;
		M[d + 2] = (a1 & 0xffff) | (b1 << 16);
		M[d + 3] = (a1 >>> 16) | (b1 & 0xffff0000);
	}
	punpckldq(d: number, b: number, n: number): void {
		const { M } = this;
		const b0 = M[b];
		if (n === 4) {
			const b1 = M[b + 1];
			M[d + 2] = M[d + 1];
			M[d + 3] = b1;
		}
		M[d + 1] = b0;
	}
	punpckhdq(d: number, b: number, n: number): void {
		const { M } = this;
		if (n === 4) this.set(d, M[d + 2], M[b + 2], M[d + 3], M[b + 3]);
		else {
			const b1 = M[b + 1];
			M[d] = M[d + 1];
			M[d + 1] = b1;
		}
	}
	/** Also unpcklpd, and movlhps by registers. */
	punpcklqdq(d: number, b: number): void {
		this.toHigh(d, b);
	}
	punpckhqdq(d: number, b: number): void {
		const { M } = this;
		this.set(d, M[d + 2], M[d + 3], M[b + 2], M[b + 3]);
	}
	packsswb(d: number, b: number, n: number): void {
		const { M } = this;
		if (n === 4)
			this.set(
				d,
				packSigned(M[d], M[d + 1]),
				packSigned(M[d + 2], M[d + 3]),
				packSigned(M[b], M[b + 1]),
				packSigned(M[b + 2], M[b + 3]),
			);
		else this.pair(d, packSigned(M[d], M[d + 1]), packSigned(M[b], M[b + 1]));
	}
	packuswb(d: number, b: number, n: number): void {
		const { M } = this;
		if (n === 4)
			this.set(
				d,
				packUnsigned(M[d], M[d + 1]),
				packUnsigned(M[d + 2], M[d + 3]),
				packUnsigned(M[b], M[b + 1]),
				packUnsigned(M[b + 2], M[b + 3]),
			);
		else this.pair(d, packUnsigned(M[d], M[d + 1]), packUnsigned(M[b], M[b + 1]));
	}
	packssdw(d: number, b: number, n: number): void {
		const { M } = this;
		if (n === 4)
			this.set(
				d,
				packWords(M[d], M[d + 1]),
				packWords(M[d + 2], M[d + 3]),
				packWords(M[b], M[b + 1]),
				packWords(M[b + 2], M[b + 3]),
			);
		else this.pair(d, packWords(M[d], M[d + 1]), packWords(M[b], M[b + 1]));
	}
	private pair(d: number, w0: number, w1: number): void {
		this.M[d] = w0;
		this.M[d + 1] = w1;
	}

	// Shuffles
	pshufd(d: number, b: number, imm: number): void {
		const { M } = this;
		this.set(d, M[b + (imm & 3)], M[b + ((imm >> 2) & 3)], M[b + ((imm >> 4) & 3)], M[b + ((imm >> 6) & 3)]);
	}
	/** pshufw, pshuflw, pshufhw: the four halfwords of two words. */
	private halfwords(d: number, b: number, imm: number): void {
		const { H } = this;
		const at = b << 1;
		const h0 = H[at + (imm & 3)];
		const h1 = H[at + ((imm >> 2) & 3)];
		const h2 = H[at + ((imm >> 4) & 3)];
		const h3 = H[at + ((imm >> 6) & 3)];
		this.pair(d, h0 | (h1 << 16), h2 | (h3 << 16));
	}
	pshufw(d: number, b: number, imm: number): void {
		this.halfwords(d, b, imm);
	}
	pshuflw(d: number, b: number, imm: number): void {
		this.pair(d + 2, this.M[b + 2], this.M[b + 3]);
		this.halfwords(d, b, imm);
	}
	pshufhw(d: number, b: number, imm: number): void {
		this.pair(d, this.M[b], this.M[b + 1]);
		this.halfwords(d + 2, b + 2, imm);
	}
	shufps(d: number, b: number, imm: number): void {
		const { M } = this;
		this.set(d, M[d + (imm & 3)], M[d + ((imm >> 2) & 3)], M[b + ((imm >> 4) & 3)], M[b + ((imm >> 6) & 3)]);
	}
	shufpd(d: number, b: number, imm: number): void {
		const { M } = this;
		const x = d + ((imm & 1) << 1);
		const y = b + (imm & 2);
		this.set(d, M[x], M[x + 1], M[y], M[y + 1]);
	}
	unpcklps(d: number, b: number): void {
		this.punpckldq(d, b, 4);
	}
	unpckhps(d: number, b: number): void {
		this.punpckhdq(d, b, 4);
	}
	pinsrw(d: number, value: number, imm: number, n: number): void {
		this.H[(d << 1) + (imm & (n * 2 - 1))] = value;
	}
	pextrw(b: number, imm: number, n: number): number {
		return this.H[(b << 1) + (imm & (n * 2 - 1))];
	}
	low(b: number): number {
		return this.M[b];
	}
	private signs(w: number): number {
		return ((w >>> 7) & 1) | ((w >>> 14) & 2) | ((w >>> 21) & 4) | ((w >>> 28) & 8);
	}
	pmovmskb(b: number, n: number): number {
		const { M } = this;
		const half = this.signs(M[b]) | (this.signs(M[b + 1]) << 4);
		return n === 2 ? half : half | (this.signs(M[b + 2]) << 8) | (this.signs(M[b + 3]) << 12);
	}
	movmskps(b: number): number {
		const { M } = this;
		return (M[b] >>> 31) | ((M[b + 1] >>> 30) & 2) | ((M[b + 2] >>> 29) & 4) | ((M[b + 3] >>> 28) & 8);
	}
	movmskpd(b: number): number {
		return (this.M[b + 1] >>> 31) | ((this.M[b + 3] >>> 30) & 2);
	}

	// 64-bit lanes
	paddq(d: number, b: number, n: number): void {
		const { M } = this;
		for (let i = 0; i < n; i += 2) {
			const sum = (M[d + i] + M[b + i]) | 0;
			const carry = sum >>> 0 < M[d + i] >>> 0 ? 1 : 0;
			M[d + i + 1] = M[d + i + 1] + M[b + i + 1] + carry;
			M[d + i] = sum;
		}
	}
	psubq(d: number, b: number, n: number): void {
		const { M } = this;
		for (let i = 0; i < n; i += 2) {
			const borrow = M[d + i] >>> 0 < M[b + i] >>> 0 ? 1 : 0;
			const difference = M[d + i] - M[b + i];
			M[d + i + 1] = M[d + i + 1] - M[b + i + 1] - borrow;
			M[d + i] = difference;
		}
	}
	pmuludq(d: number, b: number, n: number): void {
		const { M } = this;
		for (let i = 0; i < n; i += 2) {
			const x = M[d + i];
			const y = M[b + i];
			const cross = (x >>> 16) * (y & 0xffff) + (((x & 0xffff) * (y & 0xffff)) >>> 16);
			const middle = (x & 0xffff) * (y >>> 16) + (cross % 65536);
			M[d + i] = Math.imul(x, y);
			M[d + i + 1] = (x >>> 16) * (y >>> 16) + Math.floor(cross / 65536) + Math.floor(middle / 65536);
		}
	}
	psadbw(d: number, b: number, n: number): void {
		const { M } = this;
		for (let i = 0; i < n; i += 2) {
			M[d + i] = differences(M[d + i], M[b + i]) + differences(M[d + i + 1], M[b + i + 1]);
			M[d + i + 1] = 0;
		}
	}

	// Shifts. A count is 64 bits wide; `count` makes one above 255 of whatever is larger.
	count(b: number): number {
		const c = this.M[b] >>> 0;
		return this.M[b + 1] !== 0 || c > 255 ? 255 : c;
	}
	psllw(d: number, c: number, n: number): void {
		const { M } = this;
		const keep = c > 15 ? 0 : ((0xffff << c) & 0xffff) * 0x10001;
		for (let i = d; i < d + n; i++) M[i] = (M[i] << c) & keep;
	}
	psrlw(d: number, c: number, n: number): void {
		const { M } = this;
		const keep = c > 15 ? 0 : (0xffff >> c) * 0x10001;
		for (let i = d; i < d + n; i++) M[i] = (M[i] >>> c) & keep;
	}
	psraw(d: number, c: number, n: number): void {
		const { M } = this;
		const by = Math.min(c, 15);
		for (let i = d; i < d + n; i++) M[i] = ((low(M[i]) >> by) & 0xffff) | (((M[i] >> 16) >> by) << 16);
	}
	pslld(d: number, c: number, n: number): void {
		const { M } = this;
		for (let i = d; i < d + n; i++) M[i] = c > 31 ? 0 : M[i] << c;
	}
	psrld(d: number, c: number, n: number): void {
		const { M } = this;
		for (let i = d; i < d + n; i++) M[i] = c > 31 ? 0 : M[i] >>> c;
	}
	psrad(d: number, c: number, n: number): void {
		const { M } = this;
		for (let i = d; i < d + n; i++) M[i] >>= Math.min(c, 31);
	}
	psllq(d: number, c: number, n: number): void {
		const { M } = this;
		for (let i = d; i < d + n; i += 2) {
			const w = M[i];
			if (c > 63) M[i] = M[i + 1] = 0;
			else if (c > 31) this.pair(i, 0, w << (c - 32));
			else if (c > 0) this.pair(i, w << c, (M[i + 1] << c) | (w >>> (32 - c)));
		}
	}
	psrlq(d: number, c: number, n: number): void {
		const { M } = this;
		for (let i = d; i < d + n; i += 2) {
			const w = M[i + 1];
			if (c > 63) M[i] = M[i + 1] = 0;
			else if (c > 31) this.pair(i, w >>> (c - 32), 0);
			else if (c > 0) this.pair(i, (M[i] >>> c) | (w << (32 - c)), w >>> c);
		}
	}
	/** Bytes; 16 and more clear the register. */
	pslldq(d: number, c: number): void {
		const { B } = this;
		const at = d << 2;
		for (let i = 15; i >= 0; i--) B[at + i] = i < c ? 0 : B[at + i - c];
	}
	psrldq(d: number, c: number): void {
		const { B } = this;
		const at = d << 2;
		for (let i = 0; i < 16; i++) B[at + i] = i + c > 15 ? 0 : B[at + i + c];
	}

	// SSSE3
	pshufb(d: number, b: number, n: number): void {
		const { B, left } = this;
		const x = d << 2;
		const y = b << 2;
		const size = n << 2;
		for (let i = 0; i < size; i++) left[i] = B[y + i] & 0x80 ? 0 : B[x + (B[y + i] & (size - 1))];
		for (let i = 0; i < size; i++) B[x + i] = left[i];
	}
	palignr(d: number, b: number, imm: number, n: number): void {
		const { B, left } = this;
		const x = d << 2;
		const y = b << 2;
		const size = n << 2;
		for (let i = 0; i < size; i++) {
			left[i] = B[y + i];
			left[size + i] = B[x + i];
		}
		for (let i = 0; i < size; i++) B[x + i] = i + imm < 2 * size ? left[i + imm] : 0;
	}
	phaddw(d: number, b: number, n: number): void {
		this.horizontal16(d, b, n, 1, false);
	}
	phaddsw(d: number, b: number, n: number): void {
		this.horizontal16(d, b, n, 1, true);
	}
	phsubw(d: number, b: number, n: number): void {
		this.horizontal16(d, b, n, -1, false);
	}
	phsubsw(d: number, b: number, n: number): void {
		this.horizontal16(d, b, n, -1, true);
	}
	private horizontal16(d: number, b: number, n: number, sign: number, saturate: boolean): void {
		const { M, H } = this;
		const sums: number[] = [];
		for (let i = 0; i < 2 * n; i++) {
			const w = i < n ? M[d + i] : M[b + i - n];
			const sum = low(w) + sign * (w >> 16);
			sums.push(saturate ? s16(sum) : sum & 0xffff);
		}
		for (let i = 0; i < 2 * n; i++) H[(d << 1) + i] = sums[i];
	}
	phaddd(d: number, b: number, n: number): void {
		this.horizontal32(d, b, n, 1);
	}
	phsubd(d: number, b: number, n: number): void {
		this.horizontal32(d, b, n, -1);
	}
	private horizontal32(d: number, b: number, n: number, sign: number): void {
		const { M } = this;
		const sums: number[] = [];
		for (let i = 0; i < 2 * n; i += 2) {
			const at = i < n ? d + i : b + i - n;
			sums.push(M[at] + sign * M[at + 1]);
		}
		for (let i = 0; i < n; i++) M[d + i] = sums[i];
	}
	/** Sign of byte i of a mask register (maskmovq, maskmovdqu). */
	selects(b: number, i: number): boolean {
		return signed8(this.B[(b << 2) + i]) < 0;
	}
}
