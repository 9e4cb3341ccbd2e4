/**
 * Control words and the images of fnstenv, fnsave, fxsave and their counterparts (SDM vol. 1, 8.1.10; vol. 2, FXSAVE).
 * An image goes through `bytes`, which the caller copies to or from guest memory.
 */
import { W_FCS, W_FDP, W_FDS, W_FIP, W_MXCSR, W_MXCSR_MASK, W_ST, W_TAG } from './layout.ts';
import type { Stack } from './stack.ts';

/** fninit. */
export function initialise(f: Stack): void {
	f.setTop(0);
	f.h[0] = 0x37f;
	f.h[1] = 0;
	f.w[W_TAG] = 0;
	f.w[W_FIP] = f.w[W_FCS] = f.w[W_FDP] = f.w[W_FDS] = 0;
}

/** fnclex: all but C0–C3 and TOP. */
export function clearExceptions(f: Stack): void {
	f.h[1] &= 0x7f00;
}

/** fnstenv: 28 bytes, or 14 with a 16-bit operand size (protected-mode formats). The masks are set afterwards by `maskAll`. */
export function storeEnvironment(f: Stack, out: DataView, wide: boolean): number {
	const { w, h } = f;
	const fop = w[W_TAG] >>> 16;
	if (wide) {
		out.setUint32(0, h[0] | 0xffff0000, true);
		out.setUint32(4, h[1] | 0xffff0000, true);
		out.setUint32(8, f.tagWord() | 0xffff0000, true);
		out.setUint32(12, w[W_FIP], true);
		out.setUint32(16, (w[W_FCS] & 0xffff) | (fop << 16), true);
		out.setUint32(20, w[W_FDP], true);
		out.setUint32(24, w[W_FDS] | 0xffff0000, true);
		return 28;
	}
	out.setUint16(0, h[0], true);
	out.setUint16(2, h[1], true);
	out.setUint16(4, f.tagWord(), true);
	out.setUint16(6, w[W_FIP], true);
	out.setUint16(8, w[W_FCS], true);
	out.setUint16(10, w[W_FDP], true);
	out.setUint16(12, w[W_FDS], true);
	return 14;
}

/** What fnstenv does after its store: masks every exception. */
export function maskAll(f: Stack): void {
	f.h[0] |= 0x3f;
	f.summarise();
}

/** fldenv. Returns the number of bytes read. */
export function loadEnvironment(f: Stack, from: DataView, wide: boolean): number {
	const { w } = f;
	const step = wide ? 4 : 2;
	const tags = from.getUint16(2 * step, true);
	let valid = 0;
	for (let n = 0; n < 8; n++) if (((tags >>> (2 * n)) & 3) !== 3) valid |= 1 << n;
	const status = from.getUint16(step, true);
	f.setTop((status >> 11) & 7);
	f.h[1] = status;
	if (wide) {
		w[W_FIP] = from.getInt32(12, true);
		w[W_FCS] = from.getUint16(16, true);
		w[W_TAG] = valid | ((from.getUint16(18, true) & 0x7ff) << 16);
		w[W_FDP] = from.getInt32(20, true);
		w[W_FDS] = from.getUint16(24, true);
	} else {
		w[W_FIP] = from.getUint16(6, true);
		w[W_FCS] = from.getUint16(8, true);
		w[W_TAG] = valid;
		w[W_FDP] = from.getUint16(10, true);
		w[W_FDS] = from.getUint16(12, true);
	}
	f.setControl(from.getUint16(0, true));
	return 7 * step;
}

/** fnsave: the environment, then ST0–ST7, ten bytes each: 108 or 94 bytes. `initialise` follows the store. */
export function storeAll(f: Stack, out: DataView, wide: boolean): number {
	let at = storeEnvironment(f, out, wide);
	for (let i = 0; i < 8; i++, at += 10) {
		const r = W_ST + i * 4;
		out.setInt32(at, f.w[r], true);
		out.setInt32(at + 4, f.w[r + 1], true);
		out.setUint16(at + 8, f.w[r + 2], true);
	}
	return at;
}

/** frstor. */
export function loadAll(f: Stack, from: DataView, wide: boolean): void {
	let at = loadEnvironment(f, from, wide);
	for (let i = 0; i < 8; i++, at += 10) {
		const r = W_ST + i * 4;
		f.w[r] = from.getInt32(at, true);
		f.w[r + 1] = from.getInt32(at + 4, true);
		f.w[r + 2] = from.getUint16(at + 8, true);
	}
}

/** fxsave writes the x87 part, MXCSR and xmm0–xmm7: 288 bytes; the rest of the 512 stays as memory had it. */
export const FXSAVE_WRITTEN = 288;

/**
 * The words fxsave stores. Quirk: as on AMD processors, the instruction and data pointers and the opcode are stored as zero
 * unless an exception is pending.
 */
export function storeExtended(f: Stack, out: DataView): void {
	for (let i = 0; i < FXSAVE_WRITTEN / 4; i++) out.setInt32(4 * i, f.w[i], true);
	if (f.pending) return;
	out.setInt32(4, f.w[W_TAG] & 0xffff, true);
	for (let i = W_FIP; i < W_MXCSR; i++) out.setInt32(4 * i, 0, true);
}

/** Bits of MXCSR that may be set: the image's own MXCSR_MASK, where 0 stands for 0xffbf (SDM vol. 1, 11.6.6). */
export function mxcsrMask(f: Stack): number {
	return f.w[W_MXCSR_MASK] || 0xffbf;
}

/** fxrstor, whose caller has checked MXCSR. Reserved bytes are ignored. */
export function loadExtended(f: Stack, from: DataView): void {
	const { w, h } = f;
	h[1] = from.getUint16(2, true);
	w[W_TAG] = from.getUint8(4) | ((from.getUint16(6, true) & 0x7ff) << 16);
	w[W_FIP] = from.getInt32(8, true);
	w[W_FCS] = from.getUint16(12, true);
	w[W_FDP] = from.getInt32(16, true);
	w[W_FDS] = from.getUint16(20, true);
	w[W_MXCSR] = from.getInt32(24, true);
	for (let i = 0; i < 32; i++) {
		const word = from.getInt32(4 * (W_ST + i), true);
		w[W_ST + i] = (i & 3) === 2 ? word & 0xffff : (i & 3) === 3 ? 0 : word;
	}
	for (let i = W_ST + 32; i < FXSAVE_WRITTEN / 4; i++) w[i] = from.getInt32(4 * i, true);
	f.setControl(from.getUint16(0, true));
}
