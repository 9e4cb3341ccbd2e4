/** Whether user mode may load a selector: what the kernel's way out of itself runs into (SDM vol. 3, 5.5 to 5.7). */
import type { Descriptor } from '../events/cpu.ts';
import type { Persona } from '../events/persona.ts';

/** First GDT entry of thread-local storage (GDT_ENTRY_TLS_MIN of an i386 kernel). */
const TLS_FIRST = 6;
/** Access byte within the high word: present, DPL, S. */
const PRESENT = 1 << 15;
const SYSTEM = 1 << 12;
const CODE = 1 << 11;
const CONFORMING = 1 << 10;
/** Readable code, writable data. */
const ACCESS = 1 << 9;

/** @param use what the segment register is for: ds, es, fs, gs; ss; cs */
export function canLoad(
	selector: number,
	use: 'data' | 'stack' | 'code',
	persona: Persona,
	tls: readonly Descriptor[],
	ldt: readonly Descriptor[],
): boolean {
	const index = selector >> 3;
	const local = (selector & 4) !== 0;
	if (!local && index === 0) return use === 'data';
	if (!local && index === persona.userCs >> 3) return use !== 'stack';
	if (!local && index === persona.userDs >> 3) return use !== 'code' && (use === 'data' || (selector & 3) === 3);
	const entry = local ? ldt[index] : tls[index - TLS_FIRST];
	if (entry === undefined) return false;
	const { b } = entry;
	const dpl = (b >> 13) & 3;
	if (!(b & PRESENT) || !(b & SYSTEM)) return false;
	if (use === 'code') return (b & CODE) !== 0 && (b & CONFORMING ? true : dpl === 3) && (selector & 3) === 3;
	if (use === 'stack') return !(b & CODE) && (b & ACCESS) !== 0 && dpl === 3 && (selector & 3) === 3;
	if (b & CODE) return (b & ACCESS) !== 0 && ((b & CONFORMING) !== 0 || dpl === 3);
	return dpl === 3;
}
