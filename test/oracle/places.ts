/**
 * Where cases put things: code, data and stack addresses, and the segments through which they are reached.
 */
import { CODE, CODE16, DATA, FLAT_CODE, FLAT_DATA, ldtSelector, NATIVE_TLS, READ_ONLY, STACK, STACK16 } from './protocol.ts';
import type { Random } from './random.ts';

const USER_CS = 0x23;
const USER_DS = 0x2b;
const TLS = [NATIVE_TLS * 8 + 3, (NATIVE_TLS + 1) * 8 + 3];
/** LDT selectors good for ds, es, fs, gs; for ss; for cs. */
const DATA_SELECTORS = [0, 1, 2, 3, 4, 5, 8].map(ldtSelector);
const SHORT_DATA = [ldtSelector(2), ldtSelector(2), ldtSelector(3), ldtSelector(5)];
const STACK_SELECTORS = [FLAT_DATA, FLAT_DATA, ldtSelector(9)];
const CODE_SELECTORS = [FLAT_CODE, FLAT_CODE, ldtSelector(7), ldtSelector(8)];
const CS = 1;
const SS = 2;

/** Where the instruction stands: inside a page, across the border of the two code pages, now and then cut off by the hole. */
export function codePlace(random: Random, length: number): number {
	const how = random.below(100);
	if (how < 82) return CODE + 0x400 + random.below(0x800);
	if (how < 97) return CODE + 0x1000 - random.below(length + 1);
	return CODE + 0x2000 - 1 - random.below(length);
}

/** A linear address for data. */
export function dataPlace(random: Random): number {
	const how = random.below(100);
	if (how < 40) return DATA + 64 + random.below(0xf80);
	if (how < 52) return DATA + 64 + (random.below(0x3e0) << 2);
	if (how < 57) return DATA + 0x1000 - random.below(16);
	// below the base of a TLS segment of 4 GiB: at its other end
	if (how < 60) return DATA + 0x800 - random.below(112);
	if (how < 76) return DATA + 0x1000 + random.below(0xff0);
	if (how < 80) return DATA + 0x2000 - random.below(16);
	if (how < 84) return READ_ONLY + random.below(0x1000);
	if (how < 92) return STACK + random.below(0x1ff0);
	if (how < 94) return DATA + 0x2000 + random.below(0x2000);
	if (how < 96) return random.pick([DATA, STACK, READ_ONLY]) - random.below(12);
	if (how < 98) return random.below(0x10000);
	return 0x40000000 + random.below(0x80000000);
}

/** A linear address for esp or ebp. */
export function stackPlace(random: Random): number {
	const how = random.below(100);
	if (how < 60) return STACK + 0x800 + (random.below(0x300) << 2);
	if (how < 75) return STACK + 0x400 + random.below(0x1800);
	if (how < 85) return STACK + 0x1000 - 20 + random.below(40);
	if (how < 91) return STACK + random.below(48);
	if (how < 97) return STACK + 0x2000 - random.below(48);
	return random.pick([0, 4, 0x1000, READ_ONLY + 0x80, DATA + 0x2010]);
}

/**
 * Selectors for a case, in encoding order. `ldtOnly`: none of the GDT's, which differ between native and guest. `short`:
 * 16-bit addresses, which reach the mapped pages through a segment with a base only. `code16`: 16-bit code.
 */
export function chooseSegments(
	random: Random,
	segment: Uint32Array,
	ldtOnly: boolean,
	shortAddresses: boolean,
	code16: boolean,
): void {
	choose(random, segment, ldtOnly, shortAddresses);
	if (code16) segment[CS] = CODE16;
	if (random.chance(code16 ? 40 : 4)) segment[SS] = STACK16;
}
function choose(random: Random, segment: Uint32Array, ldtOnly: boolean, shortAddresses: boolean): void {
	const how = random.below(100);
	const short = shortAddresses && random.chance(80);
	if (how < 72 && !ldtOnly && !short) {
		segment.fill(USER_DS);
		segment[CS] = USER_CS;
		for (let s = 4; s < 6; s++) segment[s] = random.chance(60) ? random.pick(TLS) : random.pick([0, USER_DS, FLAT_DATA]);
		return;
	}
	if (how < 85 && !short) {
		segment.fill(FLAT_DATA);
		segment[CS] = FLAT_CODE;
		return;
	}
	const data = short ? SHORT_DATA : DATA_SELECTORS;
	for (let s = 0; s < 6; s++) segment[s] = s > 2 && random.chance(6) ? 0 : random.pick(data);
	segment[CS] = random.pick(CODE_SELECTORS);
	segment[SS] = short && random.chance(50) ? ldtSelector(2) : random.pick(STACK_SELECTORS);
	if (!ldtOnly && random.chance(30)) segment[5] = random.pick(TLS);
}
