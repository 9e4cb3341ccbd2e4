/**
 * Vector statements of the IR as WebAssembly SIMD: those on XMM registers whose v128 form is exact to the bit. Registers stay in
 * the FXSAVE image; every operation is a load, one to three v128 instructions, a store. Arithmetic in floating point is done
 * here when nothing can be noticed (all exceptions masked, PE set, to nearest, zero or normal throughout), as in T0's fast
 * path; otherwise T0 does the instruction.
 */
import type { Expr, Stmt, Vector } from '../ir.ts';
import { MXCSR_W, XMM_W } from '../layout.ts';
import { FAST_STATE, FAST_VALUE } from '../simd/simd.ts';
import { type Body, Simd, Wasm } from './encoder.ts';
import { Leave } from './leave.ts';

/** What the printer of the instruction does for its vectors. */
export interface VectorHost {
	readonly body: Body;
	/** Local with the memory byte of a vload or vprobe; bytes of a vload. */
	pointer(kind: 'vload' | 'vprobe', id: number): number;
	bytes(id: number): number;
	/** A slot: four times the number of its register. */
	slot(where: 'a' | 'b'): number;
	value(e: Expr): void;
	/** The value of an expression that is fixed in this instruction. */
	constant(e: Expr): number | undefined;
	leave(code: number): void;
}

type Operation = Extract<Stmt, { readonly st: 'words' | 'vector' }>;
type Args = readonly (Vector | Expr)[];

/** Operations that are one instruction of (destination, source). */
const DIRECT: Readonly<Record<string, number>> = {
	pand: 78, por: 80, pxor: 81,
	paddb: 110, paddsb: 111, paddusb: 112, psubb: 113, psubsb: 114, psubusb: 115, pminub: 119, pmaxub: 121, pavgb: 123,
	paddw: 142, paddsw: 143, paddusw: 144, psubw: 145, psubsw: 146, psubusw: 147, pmullw: 149, pminsw: 150, pmaxsw: 152, pavgw: 155,
	paddd: 174, psubd: 177, pmaddwd: 186, paddq: 206, psubq: 209,
	pcmpeqb: 35, pcmpgtb: 39, pcmpeqw: 45, pcmpgtw: 49, pcmpeqd: 55, pcmpgtd: 59,
	packsswb: 101, packuswb: 102, packssdw: 133,
}; // biome-ignore format: a table
/** Of the source alone. */
const UNARY: Readonly<Record<string, number>> = { pabsb: 96, pabsw: 128, pabsd: 160 };
/** High halves of products: extended multiplication of the low and of the high lanes. */
const HIGH: Readonly<Record<string, readonly [number, number]>> = { pmulhw: [188, 189], pmulhuw: [190, 191] };
/** Shifts: instruction, bits of a lane, arithmetic. */
const SHIFTS: Readonly<Record<string, readonly [number, number, boolean]>> = {
	psllw: [139, 16, false],
	psraw: [140, 16, true],
	psrlw: [141, 16, false],
	pslld: [171, 32, false],
	psrad: [172, 32, true],
	psrld: [173, 32, false],
	psllq: [203, 64, false],
	psrlq: [205, 64, false],
};
const SCALARS: Readonly<Record<string, number>> = { pmovmskb: 100, movmskps: 164, movmskpd: 196 };

/** Bytes of the result by where they come from: 0..15 the destination, 16..31 the source. */
type Shuffle = (imm: number) => readonly number[];
/** `lanes` of `size` bytes each, numbered through both operands. */
const lanes = (size: number, of: readonly number[]): number[] =>
	of.flatMap((lane) => Array.from({ length: size }, (_, i) => lane * size + i));
const two = (imm: number, i: number): number => (imm >> (2 * i)) & 3;
const SHUFFLES: Readonly<Record<string, Shuffle>> = {
	punpcklbw: () => Array.from({ length: 16 }, (_, i) => (i >> 1) + (i & 1) * 16),
	punpckhbw: () => Array.from({ length: 16 }, (_, i) => 8 + (i >> 1) + (i & 1) * 16),
	punpcklwd: () => lanes(2, [0, 8, 1, 9, 2, 10, 3, 11]),
	punpckhwd: () => lanes(2, [4, 12, 5, 13, 6, 14, 7, 15]),
	punpckldq: () => lanes(4, [0, 4, 1, 5]),
	punpckhdq: () => lanes(4, [2, 6, 3, 7]),
	unpcklps: () => lanes(4, [0, 4, 1, 5]),
	unpckhps: () => lanes(4, [2, 6, 3, 7]),
	punpcklqdq: () => lanes(8, [0, 2]),
	punpckhqdq: () => lanes(8, [1, 3]),
	low32: () => lanes(4, [4, 1, 2, 3]),
	low64: () => lanes(8, [2, 1]),
	toHigh: () => lanes(8, [0, 2]),
	fromHigh: () => lanes(8, [3, 1]),
	movddup: () => lanes(8, [2, 2]),
	movsldup: () => lanes(4, [4, 4, 6, 6]),
	movshdup: () => lanes(4, [5, 5, 7, 7]),
	pshufd: (imm) => lanes(4, [0, 1, 2, 3].map((i) => 4 + two(imm, i))),
	shufps: (imm) => lanes(4, [two(imm, 0), two(imm, 1), 4 + two(imm, 2), 4 + two(imm, 3)]),
	shufpd: (imm) => lanes(8, [imm & 1, 2 + ((imm >> 1) & 1)]),
	pshuflw: (imm) => lanes(2, [...[0, 1, 2, 3].map((i) => 8 + two(imm, i)), 12, 13, 14, 15]),
	pshufhw: (imm) => lanes(2, [8, 9, 10, 11, ...[0, 1, 2, 3].map((i) => 12 + two(imm, i))]),
}; // biome-ignore format: a table

/** Floating point: operation of (p)ackable d and s: doubles, singles. */
const FLOAT: Readonly<Record<string, readonly [number, number]>> = {
	add: [240, 228],
	sub: [241, 229],
	mul: [242, 230],
	div: [243, 231],
	sqrt: [239, 227],
};
const ARITHMETIC = /^(add|sub|mul|div|sqrt)([ps])([sd])$/;

const isVector = (a: Vector | Expr): a is Vector => 'file' in a;
const onXmm = (v: Vector): boolean => v.file !== 'mm';
/** Whether an expression is the instruction's immediate or a constant. */
const isFixed = (a: Vector | Expr): boolean => !isVector(a) && (a.op === 'const' || (a.op === 'word' && a.name === 'imm'));

/** Whether `print` knows an operation on vectors. */
export function isVectorOperation(s: Operation): boolean {
	const args: Args = s.st === 'words' ? [s.from] : s.args;
	if (!onXmm(s.to) || args.some((a) => isVector(a) && !onXmm(a))) return false;
	const { op } = s;
	if (SHIFTS[op] || op === 'pslldq' || op === 'psrldq') return isFixed(args[0]);
	if (SHUFFLES[op] || op === 'palignr') return args.slice(1).every(isFixed);
	if (op === 'pinsrw') return isFixed(args[1]);
	return (
		op in DIRECT || op in UNARY || op in HIGH || ARITHMETIC.test(op) ||
		['pandn', 'move', 'load32', 'load64', 'word', 'pshufb', 'pmuludq'].includes(op)
	); // biome-ignore format: short
}
/** The same for one that answers a word. */
export function isVectorScalar(e: Extract<Expr, { readonly op: 'vscalar' }>): boolean {
	const [from] = e.args;
	if (!isVector(from) || from.file !== 'xmm') return false;
	return e.fn in SCALARS || e.fn === 'low' || (e.fn === 'pextrw' && isFixed(e.args[1]));
}

const ZERO = new Array<number>(16).fill(0);

export class VectorPrinter {
	private readonly host: VectorHost;
	private readonly body: Body;

	constructor(host: VectorHost) {
		this.host = host;
		this.body = host.body;
	}

	private address(v: Vector): void {
		if (v.file === 'memory') this.body.get(this.host.pointer('vload', v.id));
		else this.body.const((XMM_W + this.host.slot(v.where)) * 4);
	}
	private load(v: Vector): void {
		this.address(v);
		this.body.simdMemory(Simd.LOAD, 0);
	}
	private store(to: Vector, value: () => void): void {
		this.address(to);
		value();
		this.body.simdMemory(Simd.STORE, 0);
	}
	private shuffle(from: readonly number[], a: () => void, b: () => void): void {
		a();
		b();
		this.body.simd(Simd.SHUFFLE, ...from);
	}
	private zero(): void {
		this.body.simd(Simd.CONST, ...ZERO);
	}

	/** Stores a register's bytes from a word on at a probed place. */
	write(probe: number, bytes: number, from: Vector, word: number): void {
		const { body } = this;
		body.get(this.host.pointer('vprobe', probe));
		this.address(from);
		if (bytes === 16) {
			body.simdMemory(Simd.LOAD, 0);
			body.simdMemory(Simd.STORE, 0);
		} else if (bytes === 8) {
			body.memory(Wasm.LOAD64, word * 4);
			body.memory(Wasm.STORE64, 0);
		} else {
			body.memory(Wasm.LOAD, word * 4);
			body.memory(Wasm.STORE, 0);
		}
	}

	/** An operation that answers a word. */
	scalar(e: Extract<Expr, { readonly op: 'vscalar' }>): void {
		const { body } = this;
		const from = e.args[0] as Vector;
		if (e.fn === 'low') {
			this.address(from);
			body.memory(Wasm.LOAD, 0);
		} else if (e.fn === 'pextrw') {
			this.load(from);
			body.simd(Simd.EXTRACT16_U, this.fixed(e.args[1]) & 7);
		} else {
			this.load(from);
			body.simd(SCALARS[e.fn]);
		}
	}
	private fixed(a: Vector | Expr): number {
		return this.host.constant(a as Expr) ?? 0;
	}

	operation(s: Operation): void {
		const { body } = this;
		const { op, to } = s;
		const args: Args = s.st === 'words' ? [s.from] : s.args;
		const from = args[0] as Vector;
		const d = (): void => this.load(to);
		const b = (): void => this.load(from);
		const arithmetic = ARITHMETIC.exec(op);
		if (arithmetic) this.arithmetic(arithmetic, to, from);
		else if (op in DIRECT) {
			this.store(to, () => {
				d();
				b();
				body.simd(DIRECT[op]);
			});
		} else if (op in UNARY) {
			this.store(to, () => {
				b();
				body.simd(UNARY[op]);
			});
		} else if (op in SHUFFLES) {
			const immediate = args.length > 1 ? this.fixed(args[1]) : 0;
			this.store(to, () => this.shuffle(SHUFFLES[op](immediate), d, () => this.narrow(from)));
		} else if (op in SHIFTS) this.store(to, () => this.shift(SHIFTS[op], this.fixed(args[0]), d));
		else if (op in HIGH) {
			const product = (code: number) => (): void => {
				d();
				b();
				body.simd(code);
			};
			const [low, high] = HIGH[op];
			this.store(to, () => this.shuffle(lanes(2, [1, 3, 5, 7, 9, 11, 13, 15]), product(low), product(high)));
		} else this.other(op, to, args);
	}
	/** The source of a shuffle that may be a short one in memory: its first eight or four bytes are what is used. */
	private narrow(from: Vector): void {
		this.address(from);
		if (from.file !== 'memory') this.body.simdMemory(Simd.LOAD, 0);
		else {
			const bytes = this.host.bytes(from.id);
			this.body.simdMemory(bytes === 16 ? Simd.LOAD : bytes === 8 ? Simd.LOAD64_ZERO : Simd.LOAD32_ZERO, 0);
		}
	}
	private shift([code, bits, arithmetic]: readonly [number, number, boolean], count: number, d: () => void): void {
		const { body } = this;
		if (count >= bits && !arithmetic) {
			this.zero();
			return;
		}
		d();
		body.const(Math.min(count, bits - 1));
		body.simd(code);
	}
	private other(op: string, to: Vector, args: Args): void {
		const { body } = this;
		const from = args[0] as Vector;
		const d = (): void => this.load(to);
		switch (op) {
			case 'move':
				this.store(to, () => this.narrow(from));
				return;
			case 'load32':
			case 'load64':
				this.store(to, () => {
					this.address(from);
					body.simdMemory(op === 'load32' ? Simd.LOAD32_ZERO : Simd.LOAD64_ZERO, 0);
				});
				return;
			case 'pandn':
				// v128.andnot is a & ~b
				this.store(to, () => {
					this.load(from);
					d();
					body.simd(Simd.ANDNOT);
				});
				return;
			case 'word':
				this.store(to, () => {
					this.zero();
					this.host.value(args[0] as Expr);
					body.simd(Simd.REPLACE32, 0);
				});
				return;
			case 'pinsrw':
				this.store(to, () => {
					d();
					this.host.value(args[0] as Expr);
					body.simd(Simd.REPLACE16, this.fixed(args[1]) & 7);
				});
				return;
			case 'pshufb':
				// An index with its top bit gives zero, as any above 15 does for swizzle
				this.store(to, () => {
					d();
					this.load(from);
					body.simd(Simd.CONST, ...new Array<number>(16).fill(0x8f));
					body.simd(Simd.AND);
					body.simd(Simd.SWIZZLE);
				});
				return;
			case 'pmuludq': {
				const even = (v: Vector) => (): void => {
					const load = (): void => this.load(v);
					this.shuffle(lanes(4, [0, 2, 0, 2]), load, load);
				};
				this.store(to, () => {
					even(to)();
					even(from)();
					body.simd(Simd.EXTMUL_LOW32_U);
				});
				return;
			}
			case 'palignr': {
				const n = Math.min(this.fixed(args[1]) & 0xff, 32);
				const from32 = Array.from({ length: 16 }, (_, i) => i + (n < 16 ? n : n - 16));
				if (n < 16) this.store(to, () => this.shuffle(from32, () => this.load(from), d));
				else this.store(to, () => this.shuffle(from32, d, () => this.zero()));
				return;
			}
			default: {
				const n = Math.min(this.fixed(args[0]) & 0xff, 16);
				const bytes = Array.from({ length: 16 }, (_, i) => (op === 'pslldq' ? 16 - n + i : i + n));
				const zero = (): void => this.zero();
				this.store(to, () => (op === 'pslldq' ? this.shuffle(bytes, zero, d) : this.shuffle(bytes, d, zero)));
			}
		}
	}

	/** The fast path of an arithmetic operation; what does not fit is T0's. Nothing is changed before that is known. */
	private arithmetic(parts: RegExpExecArray, to: Vector, from: Vector): void {
		const { body, host } = this;
		const [, name, packed, type] = parts;
		const double = type === 'd';
		const code = FLOAT[name][double ? 0 : 1];
		const scalar = packed === 's';
		const compare = double ? Simd.COMPARE64 : Simd.COMPARE32;
		const abs = double ? Simd.ABS64 : Simd.ABS32;
		const constant = (value: number): void => {
			const bytes = double
				? new Uint8Array(Float64Array.of(value, value).buffer)
				: new Uint8Array(Float32Array.of(value, value, value, value).buffer);
			body.simd(Simd.CONST, ...bytes);
		};
		const least = double ? 2.2250738585072014e-308 : 1.1754943508222875e-38;
		const most = double ? 1.7976931348623157e308 : 3.4028234663852886e38;
		const x = (): void => this.load(to);
		const y = (): void => this.narrow(from);
		const result = (): void => {
			if (name !== 'sqrt') x();
			y();
			body.simd(code);
		};
		const and = (): void => body.simd(Simd.AND);
		const or = (): void => body.simd(Simd.OR);
		const is = (of: () => void, how: number, value: number, absolute: boolean): void => {
			of();
			if (absolute) body.simd(abs);
			constant(value);
			body.simd(how);
		};
		body.const(MXCSR_W * 4);
		body.memory(Wasm.LOAD, 0);
		body.const(FAST_STATE);
		body.op(Wasm.AND);
		body.const(FAST_VALUE);
		body.op(Wasm.NE);
		body.if();
		host.leave(Leave.PRECISE);
		body.end();
		if (name === 'sqrt') {
			is(y, compare.GE, least, false);
			is(y, compare.LE, most, false);
			and();
			is(y, compare.EQ, 0, false);
			or();
		} else {
			is(result, compare.GT, least, true);
			is(result, compare.LE, most, true);
			and();
			is(result, compare.EQ, 0, false);
			if (name === 'mul') {
				is(x, compare.EQ, 0, false);
				is(y, compare.EQ, 0, false);
				or();
				and();
			} else if (name === 'div') {
				is(x, compare.EQ, 0, false);
				and();
			}
			or();
			for (const operand of [x, y]) {
				is(operand, compare.GE, least, true);
				is(operand, compare.EQ, 0, false);
				or();
				and();
			}
		}
		if (scalar) body.simd(Simd.EXTRACT32, 0);
		else body.simd(double ? Simd.ALL64 : Simd.ALL32);
		body.op(Wasm.EQZ);
		body.if();
		host.leave(Leave.PRECISE);
		body.end();
		this.store(to, () => {
			if (!scalar) result();
			else this.shuffle(double ? lanes(8, [2, 1]) : lanes(4, [4, 1, 2, 3]), x, result);
		});
	}
}
