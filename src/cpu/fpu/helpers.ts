/**
 * How an x87 instruction runs inside the processor: the pending exception first, then memory, then the pointers of the last
 * instruction, then one method of `Fpu`. Builders of the helpers that the rows in ../isa/x87.ts use.
 */
import { Vector } from '../../events/cpu.ts';
import type { HelperContext } from '../context.ts';
import { Flag, type Helper } from '../isa/row.ts';
import {
	FXSAVE_WRITTEN,
	initialise,
	loadAll,
	loadEnvironment,
	loadExtended,
	maskAll,
	mxcsrMask,
	storeAll,
	storeEnvironment,
	storeExtended,
} from './environment.ts';
import type { Fpu } from './fpu.ts';

const CS = 1;

/** Starts a waiting instruction: #MF when an unmasked exception is pending. */
function enter(x: HelperContext): Fpu {
	const f = x.fpu;
	if (f.pending) x.raise(Vector.MF);
	return f;
}

/** Notes instruction pointer and opcode, after all that can fault; control instructions only call `useFpu`. */
function note(x: HelperContext, f: Fpu): void {
	x.useFpu();
	f.note(x.eip, x.selector(CS), ((x.insn.opcode & 7) << 8) | x.insn.modrm);
}

function noteMemory(x: HelperContext, f: Fpu): void {
	note(x, f);
	f.notePointer(x.offset(), x.selector(x.insn.segment));
}

const BYTES_4G = 0x100000000;

/**
 * Linear address of an operand of more than eight bytes. In a segment of 4 GiB it may wrap around, but none of its parts may lie across
 * the end: `head` bytes in parts of `unit` bytes, then 80-bit numbers, of 8 and 2 bytes each.
 */
function partsAddress(x: HelperContext, size: number, head: number, unit: number, write: boolean): number {
	const at = x.address(size, write);
	if (x.offset() + size <= BYTES_4G) return at;
	for (let i = 0; i < size; ) {
		const bytes = i < head ? unit : (i - head) % 10 === 0 ? 8 : 2;
		x.address(bytes, write, i);
		i += bytes;
	}
	return at;
}

/** A call of a method of `Fpu` as a row has it: its arguments may be constants, `i` (modrm.rm), and what memory holds (see fast.ts). */
type Call = (f: Fpu, i: number, lo: number, hi: number, top: number, short: number) => void;
const callOf = (call: string): Call => new Function('f', 'i', 'lo', 'hi', 'top', 'short', `'use strict'; f.${call};`) as Call;

/** A row whose operand is ST(i) or none. */
export function onStack(call: string): Helper {
	const run = callOf(call);
	return (x) => {
		const f = enter(x);
		note(x, f);
		run(f, x.insn.rm, 0, 0, 0, 0);
	};
}

/** A row that reads `size` bytes: 2, 4, 8 or 10. */
export function withMemory(size: number, call: string): Helper {
	const run = callOf(call);
	return (x) => {
		const f = enter(x);
		const at = size === 10 ? partsAddress(x, 10, 0, 0, false) : x.address(size, false);
		const lo = size === 2 ? x.read16(at) : x.read32(at) | 0;
		const hi = size >= 8 ? x.read32((at + 4) >>> 0) | 0 : 0;
		const top = size === 10 ? x.read16((at + 8) >>> 0) : 0;
		noteMemory(x, f);
		run(f, x.insn.rm, lo, hi, top, (lo << 16) >> 16);
	};
}

/** Bytes of each `Format`. */
export const FORMAT_BYTES = [4, 8, 10, 2, 4, 8, 10, 2, 4, 8];

export function store(format: number, pops: number): Helper {
	const size = FORMAT_BYTES[format];
	return (x) => {
		const f = enter(x);
		const at = size === 10 ? partsAddress(x, 10, 0, 0, true) : x.address(size, true);
		if (f.prepareStore(format)) {
			const { lo, hi, top } = f.stored;
			// Within one page the first write faults or none does.
			if ((at & 0xfff) + size > 0x1000) x.probe(at, size);
			if (size === 2) x.write16(at, lo & 0xffff);
			else x.write32(at, lo >>> 0);
			if (size >= 8) x.write32((at + 4) >>> 0, hi >>> 0);
			if (size === 10) x.write16((at + 8) >>> 0, top);
		} else x.probe(at, size); // an unmasked exception keeps the value back; a page that may not be written still comes first
		noteMemory(x, f);
		f.finishStore(pops);
	};
}

/** A bit of CPUID leaf 1: word 4 is ecx, 5 edx. */
function hasFeature(x: HelperContext, word: number, bit: number): boolean {
	const leaf = x.persona.cpuid.find(([eax]) => eax === 1);
	return leaf !== undefined && ((leaf[word] >>> bit) & 1) !== 0;
}

/** fisttp came with SSE3. */
export function storeTruncated(format: number): Helper {
	const run = store(format, 1);
	return (x) => {
		if (!hasFeature(x, 4, 0)) x.unsupported();
		run(x);
	};
}

function writeImage(x: HelperContext, at: number, image: DataView, length: number): void {
	x.probe(at, length);
	let i = 0;
	for (; i + 4 <= length; i += 4) x.write32((at + i) >>> 0, image.getUint32(i, true));
	if (i < length) x.write16((at + i) >>> 0, image.getUint16(i, true));
}

function readImage(x: HelperContext, at: number, length: number): DataView {
	const image = new DataView(new ArrayBuffer(512));
	let i = 0;
	for (; i + 4 <= length; i += 4) image.setUint32(i, x.read32((at + i) >>> 0), true);
	if (i < length) image.setUint16(i, x.read16((at + i) >>> 0), true);
	return image;
}

/** fnstenv and fnsave. */
export function storeImage(all: boolean): Helper {
	return (x) => {
		const f = x.fpu;
		const wide = x.insn.operandSize === 32;
		const image = new DataView(new ArrayBuffer(108));
		const length = all ? storeAll(f, image, wide) : storeEnvironment(f, image, wide);
		writeImage(x, partsAddress(x, length, wide ? 28 : 14, wide ? 4 : 2, true), image, length);
		x.useFpu();
		if (all) initialise(f);
		else maskAll(f);
	};
}

/** fldenv and frstor. */
export function loadImage(all: boolean): Helper {
	return (x) => {
		const f = enter(x);
		const wide = x.insn.operandSize === 32;
		const head = wide ? 28 : 14;
		const length = head + (all ? 80 : 0);
		const image = readImage(x, partsAddress(x, length, head, wide ? 4 : 2, false), length);
		x.useFpu();
		if (all) loadAll(f, image, wide);
		else loadEnvironment(f, image, wide);
	};
}

const FXSR = 24;

export const fxsave: Helper = (x) => {
	if (!hasFeature(x, 5, FXSR)) x.unsupported();
	const at = x.address(512, true);
	if (at & 15) x.raise(Vector.GP);
	const image = new DataView(new ArrayBuffer(FXSAVE_WRITTEN));
	storeExtended(x.fpu, image);
	x.probe(at, 512);
	writeImage(x, at, image, FXSAVE_WRITTEN);
	x.useFpu();
};

export const fxrstor: Helper = (x) => {
	if (!hasFeature(x, 5, FXSR)) x.unsupported();
	const at = x.address(512, false);
	if (at & 15) x.raise(Vector.GP);
	const image = readImage(x, at, 512);
	if (image.getUint32(24, true) & ~mxcsrMask(x.fpu)) x.raise(Vector.GP);
	loadExtended(x.fpu, image);
	x.useFpu();
};

export const fwait: Helper = (x) => {
	enter(x);
	x.useFpu();
};

export const fldcw: Helper = (x) => {
	const f = enter(x);
	const value = x.read16(x.address(2, false));
	x.useFpu();
	f.setControl(value);
};

export const fnstcw: Helper = (x) => {
	x.write16(x.address(2, true), x.fpu.control);
	x.useFpu();
};

export const fnstsw: Helper = (x) => {
	x.write16(x.address(2, true), x.fpu.status);
	x.useFpu();
};

export const fnstswAx: Helper = (x) => {
	x.useFpu();
	x.setGpr16(0, x.fpu.status);
};

/** A control instruction that does not wait for pending exceptions. */
export function noWait(run: (f: Fpu) => void): Helper {
	return (x) => {
		x.useFpu();
		run(x.fpu);
	};
}

export const nothing = noWait(() => {});

/** fcmovcc: `flags` any of which must be set, or none of which when `not`. */
export function move(flags: number, not: boolean): Helper {
	return (x) => {
		const f = enter(x);
		note(x, f);
		f.move(((x.eflags() & flags) !== 0) !== not, x.insn.rm);
	};
}

export function compareFlags(pops: number, quiet: boolean): Helper {
	return (x) => {
		const f = enter(x);
		note(x, f);
		x.setFlags(Flag.ARITH, f.compareFlags(x.insn.rm, pops, quiet));
	};
}
