/** Selectors as an image has them: codes that do not depend on where a kernel keeps its descriptors (cpt_context.h). */
import type { Descriptor } from '../../events/cpu.ts';
import type { Persona } from '../../events/persona.ts';
import { GDT_ENTRY_TLS_ENTRIES, Segment } from './objects.ts';

type Kernel = Pick<Persona, 'userCs' | 'userDs'>;

/** First of the three GDT entries of a thread's TLS on i386. */
const TLS_MIN = 6;
const LDT_BIT = 4;
const RPL = 3;

/** The code of a selector, or undefined when there is none. */
export function encodeSegment(selector: number, kernel: Kernel): number | undefined {
	if (selector === 0) return Segment.ZERO;
	if (selector === kernel.userCs) return Segment.USER32_CS;
	if (selector === kernel.userDs) return Segment.USER32_DS;
	if ((selector & RPL) !== RPL) return undefined;
	const index = selector >>> 3;
	if (selector & LDT_BIT) return Segment.LDT + index;
	return index >= TLS_MIN && index < TLS_MIN + GDT_ENTRY_TLS_ENTRIES ? Segment.TLS1 + index - TLS_MIN : undefined;
}

/** The selector of a code, or undefined when an i386 kernel has none. */
export function decodeSegment(code: number, kernel: Kernel): number | undefined {
	if (code === Segment.ZERO) return 0;
	if (code === Segment.USER32_CS) return kernel.userCs;
	if (code === Segment.USER32_DS) return kernel.userDs;
	if (code >= Segment.TLS1 && code <= Segment.TLS3) return ((TLS_MIN + code - Segment.TLS1) << 3) | RPL;
	if (code >= Segment.LDT && code < Segment.LDT + 8192) return ((code - Segment.LDT) << 3) | LDT_BIT | RPL;
	return undefined;
}

const PRESENT = 0x8000;
const NOT_SYSTEM = 0x1000;
const DPL3 = 0x6000;
const CODE = 0x800;
const READ_WRITE = 0x200;

/** Access rights a descriptor must have for a register (SDM vol. 3, 3.4.5): undefined when it may be loaded there. */
export function wrongFor(register: string, { b }: Descriptor): string | undefined {
	if ((b & (PRESENT | NOT_SYSTEM | DPL3)) !== (PRESENT | NOT_SYSTEM | DPL3)) return 'a present segment of user mode';
	const code = (b & CODE) !== 0;
	if (register === 'cs') return code ? undefined : 'a code segment';
	if (register === 'ss') return !code && b & READ_WRITE ? undefined : 'a writable data segment';
	return !code || b & READ_WRITE ? undefined : 'a readable segment';
}

/** Bits of type that make code conforming. */
const CONFORMING = 0xc00;
const LONG_MODE = 1 << 21;

/** What modify_ldt writes (arch/x86/kernel/ldt.c): nothing, or data or code of user mode; conforming code only when not present. */
export function ldtAllowed({ a, b }: Descriptor): boolean {
	if (a === 0 && b === 0) return true;
	if ((b & (NOT_SYSTEM | DPL3)) !== (NOT_SYSTEM | DPL3) || (b & LONG_MODE) !== 0) return false;
	return (b & CONFORMING) !== CONFORMING || (b & PRESENT) === 0;
}
