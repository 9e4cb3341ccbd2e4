/**
 * The printer of T0, the precise interpreter: IR → JavaScript source. Three forms of an instruction:
 * - hot: a case of the one big switch, for flat 32-bit segments, memory through the TLB in line;
 * - flat: the same text in a function of its own, printed when first needed: the engine optimises no switch without bounds;
 * - general: a function of its own, printed when first needed, any segment and address size, memory through calls.
 * The recording variant of the switch logs each step's effects behind it (log.ts reads them).
 *
 * Names in printed code: M B H V the memory as Int32Array, Uint8Array, Uint16Array, DataView; C the decoded code;
 * p the decoded instruction, w its first word; L, l the raw log.
 */
import { assert } from '../events/assert.ts';
import { effectsOf, type GprUse } from './effects.ts';
import { Builder, type Expr, type Place, type Size, type Stmt, type Variant, type Vector, type Where } from './ir.ts';
import type { Row } from './isa/row.ts';
import {
	BASE, BUDGET_W, CONTROL_W, EFLAGS_W, EIP_W, FLAG_CARRY_W, FLAG_RESULT_W, FPU_USED_W, LEFT_W, LOG_W, MM_W, POOL, RECORDING_W,
	SEGMENT_STRIDE, SEGMENTS_W, TLB_READ_W, TLB_WRITE_W, XMM_W,
} from './layout.ts'; // biome-ignore format: a list
import { fastPath, type Simd } from './simd/simd.ts';
import type { WORD_OPS } from './simd/words.ts';

/** Words of a decoded instruction. */
export const STRIDE = 8;
export const Word = {
	/** op | register slot a << 16 | register slot b << 24. */
	OP: 0,
	EIP: 1,
	/** Branch: decoded target. */
	TARGET: 2,
	/** base | index << 4 | segment << 8 | 16-bit address << 11 | scale << 30. */
	ADDRESS: 4,
	DISPLACEMENT: 5,
	IMMEDIATE: 6,
	NEXT: 7,
} as const;
export const OP_BITS = 0xffff;

/** Ops that are no instruction; they do not count as steps. */
export const Op = { RESOLVE: 0, LINK: 1, GOTO: 2, INVALID: 3, UNDEFINED: 4, TOO_LONG: 5, FIRST: 8 } as const;

const M = (word: number): string => `M[${word}]`;
const FR = M(FLAG_RESULT_W);
const FC = M(FLAG_CARRY_W);

function slot(where: 'a' | 'b', mask: number): string {
	return where === 'a' ? `w >>> 16 & ${mask}` : `w >>> 24 & ${mask}`;
}
/** The register as an lvalue. */
function register(where: Where, size: Size): string {
	if (typeof where === 'number') {
		if (size === 32) return `M[${where}]`;
		return size === 16 ? `H[${where * 2}]` : `B[${(where & 3) * 4 + (where >> 2)}]`;
	}
	if (size === 32) return `M[${slot(where, 15)}]`;
	return size === 16 ? `H[${slot(where, 31)}]` : `B[${slot(where, 31)}]`;
}
/** The 32-bit register that contains it. */
function whole(g: GprUse): string {
	if (typeof g.where === 'number') return `M[${g.size === 8 ? g.where & 3 : g.where}]`;
	if (g.size === 32) return `M[${slot(g.where, 15)}]`;
	return `M[(${slot(g.where, 31)}) >> ${g.size === 16 ? 1 : 2}]`;
}

const CONDITIONS: readonly string[] = [
	`(${FC} ^ ${FC} << 1) < 0`,
	`${FC} < 0`,
	`${FR} === 0`,
	`${FC} < 0 || ${FR} === 0`,
	`(${FR} ^ ${FC} << 31) < 0`,
	`((0x9669 >>> ((${FR} ^ ${FR} >>> 4) & 15) ^ ${FC} >>> 1) & 1) !== 0`,
	`(${FR} ^ ${FC} << 31 ^ ${FC} ^ ${FC} << 1) < 0`,
	`(${FR} ^ ${FC} << 31 ^ ${FC} ^ ${FC} << 1) < 0 || ${FR} === 0`,
];
function condition(cc: number): string {
	const text = CONDITIONS[cc >> 1];
	return cc & 1 ? `!(${text})` : `(${text})`;
}

/** Status word bit 7 in the word of control and status: an x87 exception is pending. */
const PENDING = 1 << 23;

export type Form = 'hot' | 'flat' | 'general';

/** Prints one variant of a row. */
export class Printer {
	private readonly general: boolean;
	private readonly form: Form;
	private out = '';
	private memoryId = 0;
	private address: string | undefined;
	/** Where the instruction goes when it does not simply go on. */
	private jumps = false;
	/** Linear address and value of the last store, for the log. */
	private stored: { address: string; value: string } | undefined;
	/** Variables the text uses; the function around it declares them once: fewer registers make the bytecode smaller. */
	readonly names = new Set<string>();
	private readonly probes: string[] = [];
	readonly builder: Builder;

	constructor(row: Row, variant: Variant, form: Form) {
		this.builder = new Builder(row, variant);
		this.form = form;
		this.general = form === 'general';
	}

	/** The case body: statements that set p to the next instruction; while recording, the log before it moves on. */
	hotCase(record: boolean): string {
		this.statements(this.builder.body);
		return `${record ? this.empty() : this.bulk()}${this.start()}${this.out}${record ? this.log() : ''}p = ${this.jumps ? 'q' : `p + ${STRIDE} | 0`}; break;`;
	}
	/** The body of function (p) that returns the next p: forms flat and general. */
	functionBody(): string {
		this.statements(this.builder.body);
		if (this.builder.row.fx) this.out += `M[${FPU_USED_W}] = 1; `;
		const start = this.start();
		return `const w = C[p]; ${declarations(this.names)}${start}${this.out}return ${this.jumps ? 'q' : `p + ${STRIDE} | 0`};`;
	}
	/** A long rep movs or stos goes many steps at a time. */
	private bulk(): string {
		const { row, variant, operands } = this.builder;
		if (!row.bulk || variant.rep === 0) return '';
		this.names.add('h');
		const call = `BULK(${row.bulk}, ${operands[0].size >> 3}, n)`;
		return `if (n > 8 && M[1] >>> 0 > 8 && (h = ${call}) > 0) { n = n - h + 1 | 0; if (M[1] === 0) p = p + ${STRIDE} | 0; break; } `;
	}
	/** While recording, a repeated store with a count of zero is left to the general form: it logs no store. */
	private empty(): string {
		if (!effectsOf(this.builder.body).conditional) return '';
		return `if (M[1] === 0) { M[${BUDGET_W}] = n; M[${LOG_W}] = l; p = R(p); l = M[${LOG_W}]; n = M[${BUDGET_W}]; break; } `;
	}
	private start(): string {
		if (!this.jumps) return '';
		this.names.add('q');
		return `q = p + ${STRIDE} | 0; `;
	}

	private log(): string {
		const effects = effectsOf(this.builder.body);
		let n = 1;
		let text = 'L[l] = p; ';
		const put = (value: string): void => {
			text += `L[l + ${n++}] = ${value}; `;
		};
		for (const g of effects.gprs) put(whole(g));
		if (effects.flags) {
			put(FR);
			put(FC);
		}
		if (effects.stores.length > 0) {
			assert(this.stored, 'a logged store');
			put(this.stored.address);
			put(this.stored.value);
		}
		return `${text}l = l + ${n} | 0; `;
	}

	private statements(list: readonly Stmt[]): void {
		for (const s of list) this.statement(s);
	}
	private statement(s: Stmt): void {
		switch (s.st) {
			case 'let':
				this.declare(`t${s.id}`, this.value(s.value));
				return;
			case 'offset':
				this.declare(`t${s.id}`, this.general ? 'OFFSET(p)' : this.flatAddress());
				return;
			case 'load': {
				const a = this.linear(s.place, s.size, false);
				this.declare(`t${s.id}`, this.load(a, s.size));
				return;
			}
			case 'probe': {
				const a = this.linear(s.place, s.size, true);
				const bytes = s.size >> 3;
				const last = bytes === 1 ? a : `(${a} + ${bytes - 1})`;
				const text = this.general
					? `WS(${a}, ${bytes})`
					: `M[(${a} >>> 11 & 2046) + ${TLB_WRITE_W}] === (${last} & -4096) ? M[(${a} >>> 11 & 2046) + ${TLB_WRITE_W + 1}] + ${a} | 0 : WS(${a}, ${bytes})`;
				this.probes[s.id] = a;
				this.declare(`q${s.id}`, text);
				return;
			}
			case 'store': {
				const v = `v${s.probe}`;
				if (this.form !== 'hot') {
					this.out += `STORE(${this.probes[s.probe]}, q${s.probe}, ${s.size >> 3}, ${this.value(s.value)}); `;
					return;
				}
				this.stored = { address: this.probes[s.probe], value: v };
				this.declare(v, this.value(s.value));
				this.out += `${this.put(`q${s.probe}`, s.size, v)} if (q${s.probe} < ${POOL}) COMMIT(); `;
				return;
			}
			case 'setgpr':
				this.out += `${register(s.where, s.size)} = ${this.value(s.value)}; `;
				return;
			case 'setsp':
				this.out += this.general ? `SETSP(${s.delta}); ` : `M[4] = M[4] + ${s.delta} | 0; `;
				return;
			case 'flags': {
				// Both values are computed before either is stored: they may read the old ones
				if (s.result && s.carry) {
					this.declare('r', this.value(s.result));
					this.out += `${FC} = ${this.value(s.carry)}; ${FR} = r; `;
				} else if (s.result) this.out += `${FR} = ${this.value(s.result)}; `;
				else if (s.carry) this.out += `${FC} = ${this.value(s.carry)}; `;
				return;
			}
			case 'if':
				this.out += `if (${this.bool(s.c)}) { `;
				this.statements(s.yes);
				if (s.no.length > 0) {
					this.out += '} else { ';
					this.statements(s.no);
				}
				this.out += '} ';
				return;
			case 'raise':
				this.out += `RAISE(${s.vector}, 0); `;
				return;
			case 'branch': {
				this.jumps = true;
				const check = this.general ? `WITHIN(C[p + ${Word.IMMEDIATE}]); ` : '';
				const go = `${check}q = C[p + ${Word.TARGET}]; `;
				this.out += s.c ? `if (${this.bool(s.c)}) { ${go}} ` : go;
				return;
			}
			case 'jump':
				this.jumps = true;
				this.declare('t', this.value(s.target));
				if (this.general) this.out += 'WITHIN(t); ';
				this.declare('h', '((t ^ t >> 12) & 4095) * 2');
				this.out += 'q = J[h] === t ? J[h + 1] : JI(t); ';
				return;
			case 'again':
				this.jumps = true;
				this.out += `if (${this.bool(s.c)}) q = p; `;
				return;
			default:
				this.vectorStatement(s);
		}
	}

	private vectorStatement(s: VectorStmt): void {
		switch (s.st) {
			case 'mmx':
				this.out += `if ((M[${CONTROL_W}] & ${PENDING}) !== 0) RAISE(16, 0); `;
				return;
			case 'entermmx':
				this.out += 'X.enterMmx(); ';
				return;
			case 'vload': {
				const a = this.vectorAddress(s.place, s.bytes, s.aligned, false);
				const at = this.translated(a, s.bytes, TLB_READ_W, `VR(${a}, ${s.bytes})`);
				this.declare(`b${s.id}`, at);
				const place = `b${s.id} >> 2`;
				this.declare(`y${s.id}`, s.aligned ? place : `(b${s.id} & 7) === 0 ? ${place} : X.aligned(b${s.id}, ${s.bytes})`);
				return;
			}
			case 'vprobe': {
				const a = this.vectorAddress(s.place, s.bytes, s.aligned, true);
				this.probes[s.id] = a;
				this.declare(`q${s.id}`, this.translated(a, s.bytes, TLB_WRITE_W, `WS(${a}, ${s.bytes})`));
				return;
			}
			case 'vstore': {
				const q = `q${s.probe}`;
				const from = this.place(s.from);
				for (let k = 0; k < s.bytes >> 2; k++)
					this.out += `V.setInt32(${q}${k ? ` + ${4 * k}` : ''}, M[${from} + ${k + s.word}], true); `;
				this.out += `if (M[${RECORDING_W}] !== 0) VLOG(${this.probes[s.probe]}, ${q}, ${s.bytes}); if (${q} < ${POOL}) COMMIT(); `;
				return;
			}
			case 'words': {
				const [d, b] = [this.place(s.to), this.place(s.from)];
				const width = this.builder.width(0);
				for (let k = 0; k < width; k++) this.out += `M[${d} + ${k}] = W.${s.op}(M[${d} + ${k}], M[${b} + ${k}]); `;
				this.written(s.to);
				return;
			}
			case 'vector': {
				const args = s.args.map((a) => ('file' in a ? this.place(a) : this.value(a)));
				const d = this.place(s.to);
				const slow = `X.${s.op}(${[d, ...args].join(', ')}); `;
				this.out += fastPath(s.op, d, args[0], slow) ?? slow;
				this.written(s.to);
			}
		}
	}
	private written(to: Vector): void {
		if (to.file === 'mm') this.out += `X.written(${this.place(to)}); `;
	}
	/** Word index of a vector operand. */
	private place(v: Vector): string {
		if (v.file === 'memory') return `y${v.id}`;
		const slot = `w >>> ${v.where === 'a' ? 16 : 24} & 28`;
		if (v.early) return `X.mm(${slot})`;
		const name = `${v.file === 'mm' ? 'g' : 'x'}${v.where}`;
		if (!this.names.has(name)) this.declare(name, `(${slot}) + ${v.file === 'mm' ? MM_W : XMM_W}`);
		return name;
	}
	private vectorAddress(place: Place, bytes: number, aligned: boolean, write: boolean): string {
		// Alignment comes before the limit, where that would be #SS
		const segment = `(C[p + ${Word.ADDRESS}] >> 8 & 7)`;
		const base = `M[${segment} * ${SEGMENT_STRIDE} + ${SEGMENTS_W + BASE}]`;
		if (aligned && this.general) this.out += `if ((OFFSET(p) + ${base} & 15) !== 0) RAISE(13, 0); `;
		const a = this.linear(place, (bytes * 8) as Size, write);
		if (aligned && !this.general) this.out += `if ((${a} & 15) !== 0) RAISE(13, 0); `;
		return a;
	}
	/** Memory byte of a linear address, through a TLB or a slow path. */
	private translated(a: string, bytes: number, tlb: number, slow: string): string {
		if (this.general) return slow;
		return `M[(${a} >>> 11 & 2046) + ${tlb}] === ((${a} + ${bytes - 1}) & -4096) ? M[(${a} >>> 11 & 2046) + ${tlb + 1}] + ${a} | 0 : ${slow}`;
	}

	private declare(name: string, value: string): void {
		this.names.add(name);
		this.out += `${name} = ${value}; `;
	}

	/** Linear address of a place, as a name. */
	private linear(place: Place, size: Size, write: boolean): string {
		const bytes = size >> 3;
		if (place.kind === 'modrm' && !place.delta && this.address !== undefined && !this.general) return this.address;
		const name = `m${this.memoryId++}`;
		if (this.general) {
			const text =
				place.kind === 'modrm'
					? place.delta
						? `LINEAR(C[p + ${Word.ADDRESS}] >> 8 & 7, DELTA(p, ${this.value(place.delta)}), ${bytes}, ${write})`
						: `ADDRESS(p, ${bytes}, ${write})`
					: `LINEAR(${place.segment === 'ds' ? `C[p + ${Word.ADDRESS}] >> 8 & 7` : place.segment}, ${this.value(place.offset)}, ${bytes}, ${write})`;
			this.declare(name, text);
			return name;
		}
		if (place.kind === 'segment') this.declare(name, this.value(place.offset));
		else if (place.delta) this.declare(name, `${this.flatAddress()} + ${this.value(place.delta)} | 0`);
		else {
			this.declare(name, this.flatAddress());
			this.address = name;
		}
		return name;
	}
	private flatAddress(): string {
		const e = `C[p + ${Word.ADDRESS}]`;
		if (!this.names.has('e')) this.declare('e', e);
		return `(M[e & 15] + (M[e >> 4 & 15] << (e >>> 30)) + C[p + ${Word.DISPLACEMENT}] | 0)`;
	}
	private load(a: string, size: Size): string {
		if (this.general) return `RS${size}(${a})`;
		const bytes = size >> 3;
		const last = bytes === 1 ? a : `(${a} + ${bytes - 1})`;
		const at = `M[(${a} >>> 11 & 2046) + ${TLB_READ_W + 1}] + ${a} | 0`;
		const get = size === 32 ? `V.getInt32(${at}, true)` : size === 16 ? `V.getUint16(${at}, true)` : `B[${at}]`;
		return `M[(${a} >>> 11 & 2046) + ${TLB_READ_W}] === (${last} & -4096) ? ${get} : RS${size}(${a})`;
	}
	private put(at: string, size: Size, value: string): string {
		if (size === 8) return `B[${at}] = ${value};`;
		return size === 32 ? `V.setInt32(${at}, ${value}, true);` : `V.setInt16(${at}, ${value}, true);`;
	}

	/** An expression as an int32. */
	private value(e: Expr): string {
		switch (e.op) {
			case 'const':
				return e.value < 0 ? `(${e.value})` : `${e.value}`;
			case 'temp':
				return `t${e.id}`;
			case 'word':
				return `C[p + ${e.name === 'imm' ? Word.IMMEDIATE : e.name === 'next' ? Word.NEXT : Word.EIP}]`;
			case 'gpr':
				return register(e.where, e.size);
			case 'cond':
				return `(${condition(e.cc)} ? 1 : 0)`;
			case 'carry':
				return FC;
			case 'result':
				return FR;
			case 'stride':
				return `(${e.bytes} - (${M(EFLAGS_W)} >>> 10 & 1) * ${e.bytes * 2})`;
			case 'sp':
				if (this.general) return `SP(${e.delta})`;
				return e.delta === 0 ? 'M[4]' : `(M[4] + ${e.delta} | 0)`;
			case 'clz':
				return `Math.clz32(${this.value(e.a)})`;
			case 'select':
				return `(${this.bool(e.c)} ? ${this.value(e.a)} : ${this.value(e.b)})`;
			case 'vscalar':
				return `X.${e.fn}(${e.args.map((a) => ('file' in a ? this.place(a) : this.value(a))).join(', ')})`;
			case 'probed': {
				const at = `q${e.id}`;
				return e.size === 32 ? `V.getInt32(${at}, true)` : e.size === 16 ? `V.getUint16(${at}, true)` : `B[${at}]`;
			}
			case 'binary':
				return this.binary(e);
		}
	}
	private binary(e: Expr & { op: 'binary' }): string {
		switch (e.fn) {
			case 'eq':
			case 'ne':
			case 'lt':
			case 'ltu':
				return `(${this.bool(e)} ? 1 : 0)`;
		}
		const a = this.value(e.a);
		const b = this.value(e.b);
		switch (e.fn) {
			case 'add':
				return `(${a} + ${b} | 0)`;
			case 'sub':
				return `(${a} - ${b} | 0)`;
			case 'mul':
				return `Math.imul(${a}, ${b})`;
			case 'mulhu':
				return `MULHU(${a}, ${b})`;
			case 'mulhs':
				return `MULHS(${a}, ${b})`;
			case 'and':
				return `(${a} & ${b})`;
			case 'or':
				return `(${a} | ${b})`;
			case 'xor':
				return b === '(-1)' ? `(~${a})` : `(${a} ^ ${b})`;
			case 'shl':
				return `(${a} << ${b})`;
			case 'shr':
				return `(${a} >>> ${b} | 0)`;
			case 'sar':
				return `(${a} >> ${b})`;
		}
	}
	/** An expression as a condition. */
	private bool(e: Expr): string {
		if (e.op === 'cond') return condition(e.cc);
		if (e.op === 'binary') {
			const a = (): string => this.value(e.a);
			const b = (): string => this.value(e.b);
			if (e.fn === 'eq') return `${a()} === ${b()}`;
			if (e.fn === 'ne') return `${a()} !== ${b()}`;
			if (e.fn === 'lt') return `${a()} < ${b()}`;
			if (e.fn === 'ltu') return `(${a()} >>> 0) < (${b()} >>> 0)`;
		}
		return `${this.value(e)} !== 0`;
	}
}

type VectorStmt = Extract<Stmt, { readonly st: 'mmx' | 'entermmx' | 'vload' | 'vprobe' | 'vstore' | 'words' | 'vector' }>;

/** Names the printed code may use; the values are in the environment object it is compiled with. */
export interface Environment {
	readonly M: Int32Array;
	readonly B: Uint8Array;
	readonly H: Uint16Array;
	readonly V: DataView;
	readonly D: Float64Array;
	readonly S: Float32Array;
	/** MMX and SSE: operations on words, and on whole registers. */
	readonly W: typeof WORD_OPS;
	readonly X: Simd;
	readonly C: Int32Array;
	readonly J: Int32Array;
	readonly L: Int32Array;
	readonly LIMIT: number;
	/** General functions by op. */
	readonly F: ((p: number) => number)[];
	/** The same with logging. */
	readonly R: (p: number) => number;
	readonly RS8: (a: number) => number;
	readonly RS16: (a: number) => number;
	readonly RS32: (a: number) => number;
	readonly WS: (a: number, size: number) => number;
	/** Memory byte of `size` readable bytes, or of a copy of them. */
	readonly VR: (a: number, size: number) => number;
	/** While recording: notes the `size` bytes that were written. */
	readonly VLOG: (a: number, at: number, size: number) => void;
	readonly COMMIT: () => void;
	readonly STORE: (a: number, at: number, size: number, value: number) => void;
	readonly JI: (eip: number) => number;
	readonly MULHU: (a: number, b: number) => number;
	readonly MULHS: (a: number, b: number) => number;
	readonly RAISE: (vector: number, error: number) => never;
	readonly OFFSET: (p: number) => number;
	readonly ADDRESS: (p: number, bytes: number, write: boolean) => number;
	readonly LINEAR: (segment: number, offset: number, bytes: number, write: boolean) => number;
	readonly DELTA: (p: number, delta: number) => number;
	readonly SP: (delta: number) => number;
	readonly SETSP: (delta: number) => void;
	/** Does up to n iterations of rep movs or stos at once, see bulk.ts; returns how many. */
	readonly BULK: (kind: number, bytes: number, n: number) => number;
	/** Checks an offset against the limit of cs. */
	readonly WITHIN: (eip: number) => void;
	readonly FAULT: object;
}

/** Declares variables of printed code as int32. */
export function declarations(names: ReadonlySet<string>): string {
	return names.size === 0 ? '' : `let ${[...names].map((name) => `${name} = 0`).join(', ')}; `;
}

/** Compiles a function body with the environment's names as constants, so that the engine may build them into the code. */
export function compile(environment: Environment, parameters: string, body: string, name: string): (...args: number[]) => number {
	const names = Object.keys(environment);
	const outer = `'use strict'; const { ${names.join(', ')} } = E;\nreturn function ${name}(${parameters}) { ${body} };`;
	return new Function('E', outer)(environment);
}

/** The source of the main loop: runs n steps from p, returns how many of them are left. */
export function printLoop(cases: ReadonlyMap<string, readonly number[]>, names: ReadonlySet<string>, record: boolean): string {
	let text = '';
	for (const [body, ops] of cases) text += `${ops.map((op) => `case ${op}: `).join('')}${body}\n`;
	const other = record ? `M[${LOG_W}] = l; p = R(p); l = M[${LOG_W}];` : `p = F[w & ${OP_BITS}](p);`;
	// The arrays as locals: one bytecode instead of two at each use
	const loop = `
	const M_ = M, B_ = B, H_ = H, V_ = V, C_ = C, J_ = J, L_ = L;
	${declarations(names)}
	${record ? `let l = M[${LOG_W}];` : ''}
	try {
		for (; n > 0${record ? ' && l < LIMIT' : ''}; n = n - 1 | 0) {
			const w = C[p];
			switch (w & ${OP_BITS}) {
				case ${Op.GOTO}: p = C[p + ${Word.TARGET}]; n = n + 1 | 0; break;
				${text}
				default: M[${BUDGET_W}] = n; ${other} n = M[${BUDGET_W}];
			}
		}
	} catch (e) {
		if (e !== FAULT) throw e;
		M[${LEFT_W}] = n;
		n = 0;
	}
	M[${EIP_W}] = C[p + ${Word.EIP}];
	${record ? `M[${LOG_W}] = l;` : ''}
	return n;`;
	return loop.replace(/\b([MBHVCJL])(?=[[.])/g, '$1_');
}
