/**
 * Just enough of the WebAssembly binary format (core specification 2.0, chapter 5) to write one function over an imported
 * memory: numbers in LEB128, the instructions used, labels counted for you. Knows nothing of x86.
 */
import { assert } from '../../events/assert.ts';

/** Opcodes (5.4). */
export const Wasm = {
	ELSE: 0x05,
	RETURN: 0x0f,
	SELECT: 0x1b,
	LOAD: 0x28,
	LOAD64: 0x29,
	LOAD8_U: 0x2d,
	LOAD16_U: 0x2f,
	STORE: 0x36,
	STORE64: 0x37,
	STORE8: 0x3a,
	STORE16: 0x3b,
	EQZ: 0x45,
	EQ: 0x46,
	NE: 0x47,
	LT_S: 0x48,
	LT_U: 0x49,
	GE_S: 0x4e,
	CLZ: 0x67,
	ADD: 0x6a,
	SUB: 0x6b,
	MUL: 0x6c,
	AND: 0x71,
	OR: 0x72,
	XOR: 0x73,
	SHL: 0x74,
	SHR_S: 0x75,
	SHR_U: 0x76,
	MUL64: 0x7e,
	SHR_U64: 0x88,
	WRAP: 0xa7,
	EXTEND_S: 0xac,
	EXTEND_U: 0xad,
} as const;

/** Opcodes of v128 instructions, behind the prefix fd. Comparisons and arithmetic of both widths by their order in the list. */
export const Simd = {
	LOAD: 0,
	STORE: 11,
	CONST: 12,
	SHUFFLE: 13,
	SWIZZLE: 14,
	EXTRACT16_U: 25,
	REPLACE16: 26,
	EXTRACT32: 27,
	REPLACE32: 28,
	COMPARE32: { EQ: 65, GT: 68, LE: 69, GE: 70 },
	COMPARE64: { EQ: 71, GT: 74, LE: 75, GE: 76 },
	AND: 78,
	ANDNOT: 79,
	OR: 80,
	LOAD32_ZERO: 92,
	LOAD64_ZERO: 93,
	ALL32: 163,
	ALL64: 195,
	EXTMUL_LOW32_U: 222,
	ABS32: 224,
	ABS64: 236,
} as const;

const SIMD = 0xfd;
const BLOCK = 0x02;
const LOOP = 0x03;
const IF = 0x04;
const END = 0x0b;
const BR = 0x0c;
const BR_IF = 0x0d;
const BR_TABLE = 0x0e;
const LOCAL_GET = 0x20;
const LOCAL_SET = 0x21;
const LOCAL_TEE = 0x22;
const CONST = 0x41;
const CONST64 = 0x42;
const NO_RESULT = 0x40;
const I32 = 0x7f;

function unsigned(out: number[], value: number): void {
	let v = value >>> 0;
	do {
		const more = v > 0x7f;
		out.push((v & 0x7f) | (more ? 0x80 : 0));
		v >>>= 7;
	} while (v !== 0);
}
function signed(out: number[], value: number): void {
	let v = value | 0;
	for (;;) {
		const low = v & 0x7f;
		v >>= 7;
		if ((v === 0 && !(low & 0x40)) || (v === -1 && low & 0x40)) {
			out.push(low);
			return;
		}
		out.push(low | 0x80);
	}
}

/** A place to branch to: a construct that is open. */
export type Label = number & { readonly label: unique symbol };

/** The code of a function, in the making. All locals are i32. */
export class Body {
	private readonly out: number[] = [];
	private depth = 0;
	private locals = 0;

	/** Bytes so far. */
	get length(): number {
		return this.out.length;
	}
	/** @param code one of `Wasm` without immediates. */
	op(code: number): void {
		this.out.push(code);
	}
	const(value: number): void {
		this.out.push(CONST);
		signed(this.out, value);
	}
	const64(value: number): void {
		this.out.push(CONST64);
		signed(this.out, value);
	}
	private local(code: number, index: number): void {
		this.locals = Math.max(this.locals, index + 1);
		this.out.push(code);
		unsigned(this.out, index);
	}
	get(local: number): void {
		this.local(LOCAL_GET, local);
	}
	set(local: number): void {
		this.local(LOCAL_SET, local);
	}
	tee(local: number): void {
		this.local(LOCAL_TEE, local);
	}
	/** A load or store; the address (and value) are on the stack, unaligned ones too. @param offset bytes added to the address. */
	memory(code: number, offset: number): void {
		this.out.push(code, 0);
		unsigned(this.out, offset);
	}
	/** A v128 instruction, with its lane numbers or bytes. */
	simd(code: number, ...immediate: readonly number[]): void {
		this.out.push(SIMD);
		unsigned(this.out, code);
		for (const byte of immediate) this.out.push(byte);
	}
	/** A load or store of v128. */
	simdMemory(code: number, offset: number): void {
		this.simd(code, 0);
		unsigned(this.out, offset);
	}
	private open(code: number): Label {
		this.out.push(code, NO_RESULT);
		return this.depth++ as Label;
	}
	block(): Label {
		return this.open(BLOCK);
	}
	loop(): Label {
		return this.open(LOOP);
	}
	if(): Label {
		return this.open(IF);
	}
	end(): void {
		assert(this.depth > 0, 'a construct is open');
		this.depth--;
		this.out.push(END);
	}
	br(label: Label): void {
		this.out.push(BR);
		unsigned(this.out, this.depth - 1 - label);
	}
	brIf(label: Label): void {
		this.out.push(BR_IF);
		unsigned(this.out, this.depth - 1 - label);
	}
	/** Branches to the label that the number on the stack chooses; the last one for all others. */
	brTable(labels: readonly Label[]): void {
		this.out.push(BR_TABLE);
		unsigned(this.out, labels.length - 1);
		for (const label of labels) unsigned(this.out, this.depth - 1 - label);
	}

	/**
	 * The module: imports memory "m" "m" of `pages` pages (of 64 KiB), exports this code as function "f" of `parameters` i32
	 * with an i32 result.
	 */
	module(parameters: number, pages: number): Uint8Array {
		assert(this.depth === 0, 'every construct is closed');
		const out = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
		const section = (id: number, contents: readonly number[]): void => {
			out.push(id);
			unsigned(out, contents.length);
			for (const byte of contents) out.push(byte);
		};
		section(1, [1, 0x60, parameters, ...new Array(parameters).fill(I32), 1, I32]);
		const limits: number[] = [];
		unsigned(limits, pages);
		section(2, [1, 1, 0x6d, 1, 0x6d, 2, 1, ...limits, ...limits]);
		section(3, [1, 0]);
		section(7, [1, 1, 0x66, 0, 0]);
		const code: number[] = [1];
		unsigned(code, Math.max(0, this.locals - parameters));
		code.push(I32);
		for (const byte of this.out) code.push(byte);
		code.push(END);
		const functions: number[] = [1];
		unsigned(functions, code.length);
		for (const byte of code) functions.push(byte);
		section(10, functions);
		return Uint8Array.from(out);
	}
}
