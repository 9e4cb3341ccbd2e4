/**
 * Segmentation as user mode sees it (SDM vol. 3, chapters 3 and 5): descriptor tables, loading segment registers with the
 * checks of CPL 3, and linear addresses. The hidden parts of the six segment registers stand in the CPU block.
 */
import { Vector } from '../events/cpu.ts';
import type { CpuPersona, DescriptorTables } from './contract.ts';
import { Flag } from './isa/row.ts';
import { ATTR, BASE, EFLAGS_W, FLAT, LIMIT, SEGMENT_STRIDE, SEGMENTS_W, SEL } from './layout.ts';

export const ES = 0;
export const CS = 1;
export const SS = 2;
export const DS = 3;

/** Descriptor bits in the high word. */
const PRESENT = 0x8000;
const S_CODE_DATA = 0x1000;
const CODE = 0x800;
/** Conforming (code), expand-down (data). */
const DOWN = 0x400;
/** Readable (code), writable (data). */
const RW = 0x200;
const BIG = 0x400000;
const GRANULAR = 0x800000;
const ATTRIBUTES = 0xf0ff00;

/** Flat ring-3 code and data of the GDT, accessed; and the kernel's own, which user mode can only ask about. */
const FLAT_LOW = 0xffff;
const USER_CODE = 0x00cffb00;
const USER_DATA = 0x00cff300;
const KERNEL_CODE = 0x00cf9b00;
const KERNEL_DATA = 0x00cf9300;
const TLS_FIRST = 6;
const TLS_ENTRIES = 3;
const KERNEL_CS_INDEX = 12;
const GDT_ENTRIES = 32;

type Raise = (vector: number, error: number) => never;
interface Words {
	readonly a: number;
	readonly b: number;
}
const EMPTY: Words = { a: 0, b: 0 };

/** How code runs with the present segments: one number per way of decoding. */
export const Mode = {
	/** ds es ss flat, cs flat and 32-bit, no alignment checks: the fast forms. */
	FLAT: 0,
	/** Anything else, 32-bit code. */
	GENERAL: 1,
	/** 16-bit code. */
	GENERAL16: 2,
} as const;

export class Segments {
	private readonly words: Int32Array;
	private readonly raise: Raise;
	private readonly persona: CpuPersona;
	private tables: DescriptorTables = { tls: [], ldt: [] };
	/** A Mode. */
	mode: number = Mode.FLAT;
	/** Which segment registers instructions have loaded, as bits; cleared by whoever looks. */
	loaded = 0;
	/** Called when the mode, or base or limit of cs, may have changed. */
	onChange: () => void = () => {};

	constructor(words: Int32Array, persona: CpuPersona, raise: Raise) {
		this.words = words;
		this.persona = persona;
		this.raise = raise;
	}

	/** Tables of a task that is being loaded: all selectors are set afterwards. */
	adopt(tables: DescriptorTables): void {
		this.tables = tables;
	}
	/** Tables of the task; reads the hidden parts of the loaded selectors again. One that is no longer valid becomes 0. */
	setTables(tables: DescriptorTables): void {
		this.tables = tables;
		for (let s = 0; s < 6; s++) this.set(s, this.selector(s));
	}
	/** Loads a selector without faults, as the kernel's return to user mode does: invalid ones become 0. */
	set(segment: number, selector: number): void {
		const d = this.valid(segment, selector);
		if (d) this.load(segment, selector, d);
		else this.load(segment, segment === CS || segment === SS ? selector : selector & ~3 ? 0 : selector, EMPTY);
	}
	private valid(segment: number, selector: number): Words | undefined {
		const d = this.descriptor(selector);
		if (!d || (selector & ~3) === 0 || !(d.b & S_CODE_DATA) || !(d.b & PRESENT)) return undefined;
		const code = (d.b & CODE) !== 0;
		if (segment === CS ? !code : code && !(d.b & RW)) return undefined;
		if (segment === SS && (code || !(d.b & RW))) return undefined;
		return ((d.b >>> 13) & 3) === 3 || (code && d.b & DOWN) ? d : undefined;
	}
	get ldtr(): number {
		return this.tables.ldt.length > 0 ? 0x88 : 0;
	}

	selector(segment: number): number {
		return this.words[SEGMENTS_W + segment * SEGMENT_STRIDE + SEL];
	}
	base(segment: number): number {
		return this.words[SEGMENTS_W + segment * SEGMENT_STRIDE + BASE];
	}
	limit(segment: number): number {
		return this.words[SEGMENTS_W + segment * SEGMENT_STRIDE + LIMIT] >>> 0;
	}
	attributes(segment: number): number {
		return this.words[SEGMENTS_W + segment * SEGMENT_STRIDE + ATTR];
	}
	isFlat(segment: number): boolean {
		return this.words[SEGMENTS_W + segment * SEGMENT_STRIDE + FLAT] !== 0;
	}
	/** The stack segment's B bit: esp, else sp. */
	get bigStack(): boolean {
		return (this.attributes(SS) & BIG) !== 0;
	}

	/** Both words of the descriptor that a selector names; undefined outside the tables. */
	descriptor(selector: number): Words | undefined {
		const index = selector >>> 3;
		if (selector & 4) return index < this.tables.ldt.length ? (this.tables.ldt[index] ?? EMPTY) : undefined;
		if (index >= GDT_ENTRIES) return undefined;
		if (index === this.persona.userCs >>> 3) return { a: FLAT_LOW, b: USER_CODE };
		if (index === this.persona.userDs >>> 3) return { a: FLAT_LOW, b: USER_DATA };
		const tls = index - (this.persona.firstTls ?? TLS_FIRST);
		if (tls >= 0 && tls < TLS_ENTRIES) return this.tables.tls[tls] ?? EMPTY;
		if (index === KERNEL_CS_INDEX) return { a: FLAT_LOW, b: KERNEL_CODE };
		if (index === KERNEL_CS_INDEX + 1) return { a: FLAT_LOW, b: KERNEL_DATA };
		return EMPTY;
	}

	/** Loads a data segment register (not cs): SDM vol. 2, MOV. */
	loadData(segment: number, selector: number): void {
		this.load(segment, selector, this.checkData(segment, selector));
		this.loaded |= 1 << segment;
	}
	/** The checks of such a load. */
	checkData(segment: number, selector: number): Words {
		const error = selector & 0xfffc;
		if (error === 0) {
			if (segment === SS) this.raise(Vector.GP, 0);
			return EMPTY;
		}
		const d = this.descriptor(selector);
		if (!d || !(d.b & S_CODE_DATA)) return this.raise(Vector.GP, error);
		const dpl = (d.b >>> 13) & 3;
		const code = (d.b & CODE) !== 0;
		if (segment === SS) {
			if ((selector & 3) !== 3 || code || !(d.b & RW) || dpl !== 3) return this.raise(Vector.GP, error);
			if (!(d.b & PRESENT)) return this.raise(Vector.SS, error);
			return d;
		}
		if (code && !(d.b & RW)) return this.raise(Vector.GP, error);
		if ((!code || !(d.b & DOWN)) && dpl !== 3) return this.raise(Vector.GP, error);
		if (!(d.b & PRESENT)) return this.raise(Vector.NP, error);
		return d;
	}
	/** Checks of a far jump or call (`back`: of a far return, which also looks at the RPL); returns cs's selector to be. */
	checkCode(selector: number, offset: number, back: boolean): number {
		const error = selector & 0xfffc;
		if (error === 0) return this.raise(Vector.GP, 0);
		const d = this.descriptor(selector);
		if (!d || (d.b & (S_CODE_DATA | CODE)) !== (S_CODE_DATA | CODE)) return this.raise(Vector.GP, error);
		if (back && (selector & 3) !== 3) return this.raise(Vector.GP, error);
		if (!(d.b & DOWN) && ((d.b >>> 13) & 3) !== 3) return this.raise(Vector.GP, error);
		if (!(d.b & PRESENT)) return this.raise(Vector.NP, error);
		if (offset > limitOf(d)) return this.raise(Vector.GP, 0);
		return error | 3;
	}
	loadCode(selector: number): void {
		this.load(CS, selector, this.descriptor(selector) ?? EMPTY);
		this.loaded |= 1 << CS;
	}

	private load(segment: number, selector: number, d: Words): void {
		const { words } = this;
		const at = SEGMENTS_W + segment * SEGMENT_STRIDE;
		const limit = limitOf(d);
		const base = (d.a >>> 16) | ((d.b & 0xff) << 16) | (d.b & 0xff000000) | 0;
		const present = (d.b & (PRESENT | S_CODE_DATA)) === (PRESENT | S_CODE_DATA);
		words[at + SEL] = selector;
		words[at + BASE] = base;
		words[at + LIMIT] = limit | 0;
		words[at + ATTR] = present ? d.b & ATTRIBUTES : 0;
		const whole = present && limit === 0xffffffff && (segment === CS ? (d.b & BIG) !== 0 : (d.b & (CODE | DOWN | RW)) === RW);
		words[at + FLAT] = whole && base === 0 && (segment !== SS || d.b & BIG) ? 1 : 0;
		this.update();
	}
	/** Computes the mode again: after a segment load, or a change of AC. */
	update(): void {
		const flat = this.isFlat(ES) && this.isFlat(CS) && this.isFlat(SS) && this.isFlat(DS) && !(this.words[EFLAGS_W] & Flag.AC);
		this.mode = flat ? Mode.FLAT : this.attributes(CS) & BIG ? Mode.GENERAL : Mode.GENERAL16;
		this.onChange();
	}

	/** Linear address (i32) of `bytes` bytes at an offset: limit, type and alignment checked. */
	linear(segment: number, offset: number, bytes: number, write: boolean): number {
		const at = SEGMENTS_W + segment * SEGMENT_STRIDE;
		const { words } = this;
		const linear = (words[at + BASE] + offset) | 0;
		if (words[at + FLAT] === 0 || segment === CS || (offset >>> 0) + bytes > 0x100000000)
			this.check(segment, offset >>> 0, bytes, write);
		if (words[EFLAGS_W] & Flag.AC) {
			if (linear & (alignment(bytes) - 1)) this.raise(Vector.AC, 0);
		}
		return linear;
	}
	private check(segment: number, offset: number, bytes: number, write: boolean): void {
		const b = this.attributes(segment);
		const limit = this.limit(segment);
		const code = (b & CODE) !== 0;
		let ok = b !== 0 && (write ? !code && (b & RW) !== 0 : !code || (b & RW) !== 0);
		if (ok && !code && b & DOWN) ok = offset > limit && offset + bytes - 1 <= (b & BIG ? 0xffffffff : 0xffff);
		// An x87 operand of more than eight bytes (a vector of 16 is none) is accessed in parts: in a segment of 4 GiB the later ones wrap around.
		else if (ok) ok = offset + bytes - 1 <= limit || (bytes > 8 && bytes !== 16 && limit === 0xffffffff);
		if (!ok) this.raise(segment === SS ? Vector.SS : Vector.GP, 0);
	}
}

/** Alignment that AC asks of an operand (SDM vol. 3, table 6-7): its size; 16 for an FXSAVE image; 8 for an x87 number, the word size for an x87 image. */
function alignment(bytes: number): number {
	switch (bytes) {
		case 2:
		case 4:
		case 8:
			return bytes;
		case 16:
		case 512:
			return 16;
		case 10:
			return 8;
		case 28:
		case 108:
			return 4;
		case 14:
		case 94:
			return 2;
		default:
			return 1;
	}
}

function limitOf(d: Words): number {
	const raw = (d.b & 0xf0000) | (d.a & 0xffff);
	return d.b & GRANULAR ? ((raw << 12) | 0xfff) >>> 0 : raw;
}
