/**
 * The operand codes of a row's form, parsed: kind and size of every operand for a given operand size.
 */
import { assert } from '../../events/assert.ts';

/** Operand kinds: see Row.form. `fixed` is a general register, `one` the constant 1; V W U are XMM operands, P Q N MMX. */
export type OperandKind = 'E' | 'G' | 'M' | 'R' | 'Z' | 'I' | 'J' | 'A' | 'O' | 'S' | 'X' | 'Y' | 'V' | 'W' | 'U' | 'P' | 'Q' | 'N' | 'fixed' | 'one' | 'other'; // biome-ignore format: a list

/** One operand of a form. */
export interface Operand {
	readonly code: string;
	readonly kind: OperandKind;
	/** Bits: 8, 16, 32, 64, 80, 128; 0 where it has none (lea, far pointers, images). */
	readonly size: number;
	/** Encoding of a fixed register. */
	readonly index: number;
	/** An immediate that is one byte in the code, sign-extended. */
	readonly short: boolean;
}

const FIXED: Readonly<Record<string, readonly [number, number]>> = {
	AL: [8, 0],
	CL: [8, 1],
	AX: [16, 0],
	DX: [16, 2],
	Av: [0, 0],
};
const LETTER_SIZES: Readonly<Record<string, number>> = { b: 8, w: 16, d: 32, q: 64, t: 80, s: 0, a: 0, p: 0, e: 0, i: 0, x: 128 };

function parseOne(code: string, operandSize: number): Operand {
	const fixed = FIXED[code];
	if (fixed) return { code, kind: 'fixed', size: fixed[0] || operandSize, index: fixed[1], short: false };
	if (code === '1') return { code, kind: 'one', size: 8, index: 0, short: false };
	const letter = code[0];
	const sizeLetter = code[1] ?? '';
	if (code === 'Is') return { code, kind: 'I', size: operandSize, index: 0, short: true };
	const variable = sizeLetter === 'v' || sizeLetter === 'z';
	const size = variable ? operandSize : (LETTER_SIZES[sizeLetter] ?? 0);
	const kind: OperandKind = 'EGMRZIJAOSXYVWUPQN'.includes(letter) ? (letter as OperandKind) : 'other';
	return { code, kind, size: kind === 'S' ? 16 : size, index: 0, short: false };
}

/** Operands of `form` when the operand size is `operandSize` (16 or 32). */
export function parseForm(form: string, operandSize: number): readonly Operand[] {
	return form === '' ? [] : form.split(',').map((code) => parseOne(code, operandSize));
}

/** Whether a form changes with the operand size. */
export function isSized(form: string): boolean {
	return form !== '' && form.split(',').some((code) => /[vz]$|^A[vp]$|^M[pa]$|^Is$/.test(code));
}

/** The access string of a form with `count` operands: r, w, rw, - each. */
export function accesses(access: string | undefined, count: number): readonly string[] {
	if (access !== undefined) {
		const list = access.split(' ');
		assert(list.length === count, `access "${access}" for ${count} operands`);
		return list;
	}
	return Array.from({ length: count }, (_, i) => (i === 0 ? 'rw' : 'r'));
}
