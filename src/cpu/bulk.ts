/**
 * Many iterations of rep movs or rep stos at once. Each is still one step: counts, registers and memory are as if they had been
 * done one by one, which is why it only works inside pages that both TLBs know, upwards, and without overlap.
 */
import { Flag } from './isa/row.ts';
import { EFLAGS_W, TLB_READ_W, TLB_WRITE_W } from './layout.ts';
import type { GuestMemory } from './memory.ts';

const ECX = 1;
const ESI = 6;
const EDI = 7;
const MOVS = 1;

/** Memory byte of a linear address by a TLB, or -1. */
function translate(words: Int32Array, tlb: number, address: number): number {
	const i = tlb + ((address >>> 11) & 2046);
	return words[i] === (address & -4096) ? (words[i + 1] + address) | 0 : -1;
}

/**
 * Does up to `n` iterations with elements of `bytes` bytes; returns how many (0: do one the usual way). esi, edi and ecx move.
 * @param kind 1 movs, 2 stos.
 */
export function bulk(memory: GuestMemory, kind: number, bytes: number, n: number): number {
	const { words } = memory;
	if (words[EFLAGS_W] & Flag.DF) return 0;
	const di = words[EDI];
	const to = translate(words, TLB_WRITE_W, di);
	if (to < 0) return 0;
	let count = Math.min(n, words[ECX] >>> 0, Math.floor((4096 - (di & 4095)) / bytes));
	if (kind === MOVS) {
		const si = words[ESI];
		const from = translate(words, TLB_READ_W, si);
		if (from < 0) return 0;
		count = Math.min(count, Math.floor((4096 - (si & 4095)) / bytes));
		const size = count * bytes;
		// Moving up into what is still to be read repeats a pattern: element by element
		if (to > from && to < from + size) return 0;
		memory.bytes.copyWithin(to, from, from + size);
		words[ESI] = si + size;
	} else if (bytes === 1) memory.bytes.fill(words[0] & 0xff, to, to + count);
	else if (bytes === 4 && (to & 3) === 0) words.fill(words[0], to >> 2, (to >> 2) + count);
	else {
		for (let i = 0; i < count; i++) {
			if (bytes === 4) memory.view.setInt32(to + i * 4, words[0], true);
			else memory.view.setInt16(to + i * 2, words[0], true);
		}
	}
	words[EDI] = di + count * bytes;
	words[ECX] -= count;
	return count;
}
