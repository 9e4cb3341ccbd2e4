/**
 * The typed IR between an instruction row and what executes it. A row's `lower` builds it for one variant (operand size,
 * register or memory operand) with a Builder; printers turn it into JavaScript (interpreter.ts) or, later, WebAssembly.
 * Every value is an i32; values of 8- and 16-bit operands are zero-extended when read and truncated when written.
 *
 * Order is part of the meaning: all statements that can fault (loads, probes) come before the first that changes anything.
 * The Builder asserts it.
 */
import { assert } from '../events/assert.ts';
import { accesses, type Operand, parseForm } from './isa/operands.ts';
import { Flag, type Row } from './isa/row.ts';
import type { SimdOp } from './simd/simd.ts';
import type { WordOp } from './simd/words.ts';

export type Size = 8 | 16 | 32;
export type BinaryOp =
	| 'add' | 'sub' | 'mul' | 'and' | 'or' | 'xor' | 'shl' | 'shr' | 'sar' | 'eq' | 'ne' | 'lt' | 'ltu' | 'mulhu' | 'mulhs'; // biome-ignore format: a list

/** Where a general register is named: a fixed encoding, or the first or second register slot of the decoded instruction. */
export type Where = number | 'a' | 'b';

export type Expr =
	| { readonly op: 'const'; readonly value: number }
	| { readonly op: 'temp'; readonly id: number }
	/** Words of the decoded instruction: immediate, address of the next instruction, its own address, branch target. */
	| { readonly op: 'word'; readonly name: 'imm' | 'next' | 'eip' }
	| { readonly op: 'gpr'; readonly size: Size; readonly where: Where }
	| { readonly op: 'binary'; readonly fn: BinaryOp; readonly a: Expr; readonly b: Expr }
	/** Number of leading zero bits. */
	| { readonly op: 'clz'; readonly a: Expr }
	| { readonly op: 'select'; readonly c: Expr; readonly a: Expr; readonly b: Expr }
	/** A condition code 0..15 (tttn): 0 or 1. */
	| { readonly op: 'cond'; readonly cc: number }
	/** The lazy flags words themselves. */
	| { readonly op: 'carry' }
	| { readonly op: 'result' }
	/** DF as a stride: size bytes, or minus that. */
	| { readonly op: 'stride'; readonly bytes: number }
	/** Offset of the stack top after moving it by delta, by the width of the stack segment. */
	| { readonly op: 'sp'; readonly delta: number }
	/** What an MMX or SSE operation answers as a word; a floating-point one may raise #XM. */
	| { readonly op: 'vscalar'; readonly fn: SimdOp; readonly args: readonly (Vector | Expr)[] }
	/** What stands at a probed place. */
	| { readonly op: 'probed'; readonly size: Size; readonly id: number };

/** A vector operand: the register in slot a or b (`early`: an MMX register before `entermmx`), or what a `vload` found in memory. */
export type Vector =
	| { readonly file: 'xmm' | 'mm'; readonly where: 'a' | 'b'; readonly early?: true }
	| { readonly file: 'memory'; readonly id: number };

/** A place in memory: the modrm operand, or an offset in a segment (`'ds'`: the default data segment or its override). */
export type Place =
	| { readonly kind: 'modrm'; readonly delta?: Expr }
	| { readonly kind: 'segment'; readonly segment: number | 'ds'; readonly offset: Expr };

export type Stmt =
	| { readonly st: 'let'; readonly id: number; readonly value: Expr }
	/** Effective address (offset) of the modrm operand, for lea. */
	| { readonly st: 'offset'; readonly id: number }
	| { readonly st: 'load'; readonly id: number; readonly size: Size; readonly place: Place }
	| { readonly st: 'probe'; readonly id: number; readonly size: Size; readonly place: Place }
	| { readonly st: 'store'; readonly probe: number; readonly size: Size; readonly value: Expr }
	| { readonly st: 'setgpr'; readonly size: Size; readonly where: Where; readonly value: Expr }
	| { readonly st: 'setsp'; readonly delta: number }
	/** Sets the lazy flags words; an absent one stays. */
	| { readonly st: 'flags'; readonly result?: Expr; readonly carry?: Expr; readonly mask: number }
	| { readonly st: 'if'; readonly c: Expr; readonly yes: readonly Stmt[]; readonly no: readonly Stmt[] }
	| { readonly st: 'raise'; readonly vector: number }
	/** Goes on at the decoded branch target when `c`; #GP(0) beyond the limit of cs, so before any change. */
	| { readonly st: 'branch'; readonly c: Expr | undefined }
	/** Goes on at a computed offset; #GP(0) likewise. */
	| { readonly st: 'jump'; readonly target: Expr }
	/** Before an MMX instruction: #MF when an x87 exception is pending; then, after all that may fault, the x87 gives way. */
	| { readonly st: 'mmx' }
	| { readonly st: 'entermmx' }
	/** A vector in memory, 4, 8 or 16 bytes; `aligned`: #GP(0) when the address is no multiple of 16. */
	| { readonly st: 'vload'; readonly id: number; readonly bytes: number; readonly aligned: boolean; readonly place: Place }
	| { readonly st: 'vprobe'; readonly id: number; readonly bytes: number; readonly aligned: boolean; readonly place: Place }
	/** Stores a register's bytes from a word on. */
	| { readonly st: 'vstore'; readonly probe: number; readonly bytes: number; readonly from: Vector; readonly word: number }
	/** to = op(to, from) word by word. */
	| { readonly st: 'words'; readonly op: WordOp; readonly to: Vector; readonly from: Vector }
	/** An operation on whole registers: op(to, args…), where a vector is its place and an expression its value. */
	| { readonly st: 'vector'; readonly op: SimdOp; readonly to: Vector; readonly args: readonly (Vector | Expr)[] }
	/** Goes on at this instruction again (a REP) when `c`. */
	| { readonly st: 'again'; readonly c: Expr };

/** The variant of a row that is lowered. */
export interface Variant {
	/** 16 or 32. */
	readonly operandSize: 16 | 32;
	/** modrm names memory. */
	readonly memory: boolean;
	/** 0, 0xf2, 0xf3 for string rows. */
	readonly rep: number;
	/** Bits of the address size: 16 or 32 (string instructions, loop, jcxz). */
	readonly addressSize: 16 | 32;
}

export const konst = (value: number): Expr => ({ op: 'const', value: value | 0 });
const binary = (fn: BinaryOp, a: Expr | number, b: Expr | number): Expr => ({ op: 'binary', fn, a: expr(a), b: expr(b) });
const expr = (e: Expr | number): Expr => (typeof e === 'number' ? konst(e) : e);

export const ESP = 4;
export const SS = 2;

/** Statements that may fault, and those that change something. A `vector` of floating point may fault before it changes. */
const FAULTS: readonly Stmt['st'][] = ['load', 'probe', 'vload', 'vprobe', 'mmx', 'raise', 'branch', 'jump'];
const CHANGES: readonly Stmt['st'][] = ['store', 'setgpr', 'setsp', 'flags', 'vstore', 'words', 'vector', 'entermmx'];

/** Builds the statements of one variant of a row. */
export class Builder {
	readonly row: Row;
	readonly variant: Variant;
	readonly operands: readonly Operand[];
	readonly access: readonly string[];
	readonly body: Stmt[] = [];
	/** Operand size of operand 0 in bits (8, 16, 32), or the variant's. */
	readonly size: Size;
	private statements: Stmt[] = this.body;
	private temps = 0;
	private probes = 0;
	private operandProbe = -1;
	private changed = false;
	private readonly mmx: boolean;
	private entered = false;

	constructor(row: Row, variant: Variant) {
		this.row = row;
		this.variant = variant;
		this.operands = parseForm(row.form, variant.operandSize);
		this.access = accesses(row.access, this.operands.length);
		const first = this.operands[0]?.size ?? 0;
		this.size = first === 8 || first === 16 || first === 32 ? first : variant.operandSize;
		this.mmx = this.operands.some((o) => 'PQN'.includes(o.kind));
		if (this.mmx) this.emit({ st: 'mmx' });
		const at = this.operands.findIndex((o) => 'EMOWQ'.includes(o.kind));
		if (at >= 0 && variant.memory && this.access[at].includes('w')) {
			const { size } = this.operands[at];
			if (size <= 32) this.operandProbe = this.probe(size as Size, { kind: 'modrm' });
			else {
				this.operandProbe = this.probes++;
				const aligned = row.align === true;
				this.emit({ st: 'vprobe', id: this.operandProbe, bytes: size >> 3, aligned, place: { kind: 'modrm' } });
			}
		}
		row.lower?.(this);
	}

	// Values
	c(value: number): Expr {
		return konst(value);
	}
	let(value: Expr): Expr {
		const id = this.temps++;
		this.emit({ st: 'let', id, value });
		return { op: 'temp', id };
	}
	add = (a: Expr | number, b: Expr | number): Expr => binary('add', a, b);
	sub = (a: Expr | number, b: Expr | number): Expr => binary('sub', a, b);
	mul = (a: Expr | number, b: Expr | number): Expr => binary('mul', a, b);
	/** High half of the 64-bit product, unsigned or signed. */
	mulhu = (a: Expr | number, b: Expr | number): Expr => binary('mulhu', a, b);
	mulhs = (a: Expr | number, b: Expr | number): Expr => binary('mulhs', a, b);
	and = (a: Expr | number, b: Expr | number): Expr => binary('and', a, b);
	or = (a: Expr | number, b: Expr | number): Expr => binary('or', a, b);
	xor = (a: Expr | number, b: Expr | number): Expr => binary('xor', a, b);
	not = (a: Expr | number): Expr => binary('xor', a, -1);
	/** Shifts take counts 0..31. */
	shl = (a: Expr | number, b: Expr | number): Expr => binary('shl', a, b);
	shr = (a: Expr | number, b: Expr | number): Expr => binary('shr', a, b);
	sar = (a: Expr | number, b: Expr | number): Expr => binary('sar', a, b);
	eq = (a: Expr | number, b: Expr | number): Expr => binary('eq', a, b);
	ne = (a: Expr | number, b: Expr | number): Expr => binary('ne', a, b);
	lt = (a: Expr | number, b: Expr | number): Expr => binary('lt', a, b);
	ltu = (a: Expr | number, b: Expr | number): Expr => binary('ltu', a, b);
	clz = (a: Expr): Expr => ({ op: 'clz', a });
	select = (c: Expr, a: Expr | number, b: Expr | number): Expr => ({ op: 'select', c, a: expr(a), b: expr(b) });
	/** The value of `size` bits sign-extended. */
	sext(e: Expr, size: number = this.size): Expr {
		return size === 32 ? e : this.sar(this.shl(e, 32 - size), 32 - size);
	}
	zext(e: Expr, size: number = this.size): Expr {
		return size === 32 ? e : this.and(e, 2 ** size - 1);
	}
	imm(): Expr {
		return { op: 'word', name: 'imm' };
	}
	next(): Expr {
		return { op: 'word', name: 'next' };
	}
	gpr(where: Where, size: Size = 32): Expr {
		return { op: 'gpr', size, where };
	}
	setGpr(where: Where, value: Expr, size: Size = 32): void {
		this.emit({ st: 'setgpr', size, where, value });
	}
	cond(cc: number): Expr {
		return { op: 'cond', cc };
	}
	/** CF as 0 or 1. */
	cf(): Expr {
		return this.shr({ op: 'carry' }, 31);
	}
	stride(bytes: number): Expr {
		return { op: 'stride', bytes };
	}

	// Operands
	/** Value of operand i. */
	read(i: number): Expr {
		const o = this.operands[i];
		switch (o.kind) {
			case 'E':
			case 'M':
			case 'O':
				if (!this.variant.memory) return this.gpr(i === 0 ? 'a' : 'b', o.size as Size);
				if (this.operandProbe >= 0) return this.let({ op: 'probed', size: o.size as Size, id: this.operandProbe });
				return this.load(o.size as Size, { kind: 'modrm' });
			case 'G':
			case 'R':
			case 'Z':
			case 'fixed':
				if (o.code === 'CL') return this.gpr(1, 8);
				return this.gpr(i === 0 ? 'a' : 'b', o.size as Size);
			case 'I':
			case 'one':
				return this.imm();
			default:
				throw new Error(`internal error: operand ${o.code} of ${this.row.name} has no value`);
		}
	}
	/** Writes operand i. */
	write(i: number, value: Expr): void {
		const o = this.operands[i];
		const memory = this.variant.memory && (o.kind === 'E' || o.kind === 'M' || o.kind === 'O');
		if (memory) this.store(this.operandProbe, o.size as Size, value);
		else this.setGpr(i === 0 ? 'a' : 'b', value, o.size as Size);
	}
	/** Offset of the memory operand in its segment. */
	offset(): Expr {
		const id = this.temps++;
		this.emit({ st: 'offset', id });
		return { op: 'temp', id };
	}

	// Vectors
	/** Operand i as a vector; in memory it is loaded. */
	vector(i: number): Vector {
		const o = this.operands[i];
		if (this.variant.memory && 'WQM'.includes(o.kind)) {
			const id = this.temps++;
			this.emit({ st: 'vload', id, bytes: o.size >> 3, aligned: this.row.align === true, place: { kind: 'modrm' } });
			return { file: 'memory', id };
		}
		return { file: 'PQN'.includes(o.kind) ? 'mm' : 'xmm', where: i === 0 ? 'a' : 'b' };
	}
	/** Width in words of operand i's register. */
	width(i: number): number {
		return 'PQN'.includes(this.operands[i].kind) ? 2 : 4;
	}
	/** After everything that may fault in an MMX instruction; the other vector methods call it themselves. */
	enterMmx(): void {
		if (this.mmx && !this.entered) {
			this.entered = true;
			this.emit({ st: 'entermmx' });
		}
	}
	/** Operand 0 = op(operand 0, from), word by word. */
	words(op: WordOp, from: Vector): void {
		this.enterMmx();
		this.emit({ st: 'words', op, to: this.vector(0), from });
	}
	/** op(operand 0, args…). */
	call(op: SimdOp, ...args: readonly (Vector | Expr | number)[]): void {
		this.enterMmx();
		this.emit({ st: 'vector', op, to: this.vector(0), args: args.map((a) => (typeof a === 'number' ? konst(a) : a)) });
	}
	/** As `call`, for a conversion between XMM and MMX registers: it may raise #XM, so the x87 gives way afterwards. */
	convert(op: SimdOp): void {
		const early = (v: Vector): Vector => (v.file === 'mm' ? { ...v, early: true } : v);
		const from = early(this.vector(1));
		this.emit({ st: 'vector', op, to: early(this.vector(0)), args: [from] });
		this.enterMmx();
	}
	/** The word an operation answers. */
	scalar(fn: SimdOp, ...args: readonly (Vector | Expr | number)[]): Expr {
		this.enterMmx();
		return this.let({ op: 'vscalar', fn, args: args.map((a) => (typeof a === 'number' ? konst(a) : a)) });
	}
	/** Stores the first bytes of a register, or those from a word on, into memory operand 0. */
	vstore(from: Vector, word = 0): void {
		this.enterMmx();
		this.emit({ st: 'vstore', probe: this.operandProbe, bytes: this.operands[0].size >> 3, from, word });
	}

	// Memory
	load(size: Size, place: Place): Expr {
		const id = this.temps++;
		this.emit({ st: 'load', id, size, place });
		return { op: 'temp', id };
	}
	/** Makes sure a write will succeed; returns the handle for `store`. */
	probe(size: Size, place: Place): number {
		const id = this.probes++;
		this.emit({ st: 'probe', id, size, place });
		return id;
	}
	store(probe: number, size: Size, value: Expr): void {
		this.emit({ st: 'store', probe, size, value });
	}
	at(segment: number | 'ds', offset: Expr): Place {
		return { kind: 'segment', segment, offset };
	}
	push(value: Expr, size: Size = this.variant.operandSize): void {
		this.finishPush(this.preparePush(size), value, size);
	}
	/** A push in two halves, for what must be checked in between. */
	preparePush(size: Size = this.variant.operandSize): number {
		return this.probe(size, this.at(SS, { op: 'sp', delta: -size >> 3 }));
	}
	finishPush(probe: number, value: Expr, size: Size = this.variant.operandSize): void {
		this.store(probe, size, value);
		this.emit({ st: 'setsp', delta: -size >> 3 });
	}
	/** The value at the stack top; `drop` moves the pointer. */
	top(size: Size = this.variant.operandSize): Expr {
		return this.load(size, this.at(SS, { op: 'sp', delta: 0 }));
	}
	drop(bytes: number): void {
		this.emit({ st: 'setsp', delta: bytes });
	}

	// Flags, see flags.ts for the two words
	/** Sets all six from a result (sign-extended to 32 bits) and a carry chain of `size` bits. */
	setArith(result: Expr, chain: Expr, size: Size = this.size): void {
		this.setFlags(this.sext(result, size), this.carryWord(chain, size), Flag.ARITH);
	}
	/** Carry word from a chain: CF and overflow at the top, AF at bit 3. */
	carryWord(chain: Expr, size: Size): Expr {
		if (size === 32) return this.and(chain, 0xc0000008);
		return this.or(this.and(this.shl(chain, 32 - size), 0xc0000000), this.and(chain, 8));
	}
	addChain(x: Expr, y: Expr, r: Expr): Expr {
		return this.or(this.and(x, y), this.and(this.or(x, y), this.not(r)));
	}
	subChain(x: Expr, y: Expr, r: Expr): Expr {
		return this.or(this.and(this.not(x), y), this.and(this.or(this.not(x), y), r));
	}
	/** Flags of and, or, xor, test: CF OF AF clear. */
	setLogic(result: Expr): void {
		this.setFlags(this.sext(result), this.c(0), Flag.ARITH);
	}
	setFlags(result: Expr | undefined, carry: Expr | undefined, mask: number): void {
		this.emit({ st: 'flags', ...(result ? { result } : {}), ...(carry ? { carry } : {}), mask });
	}
	/** Only CF := value (0 or 1), OF stays. */
	setCf(value: Expr): void {
		const word: Expr = { op: 'carry' };
		const flip = this.and(this.xor(this.sar(word, 31), this.sub(0, value)), 0xc0000000);
		this.setFlags(undefined, this.xor(word, flip), Flag.CF);
	}
	/** Only CF and OF (0 or 1 each). */
	setCfOf(cf: Expr, of: Expr): void {
		const word = this.and({ op: 'carry' }, 0x3fffffff);
		this.setFlags(undefined, this.or(word, this.or(this.shl(cf, 31), this.shl(this.xor(cf, of), 30))), Flag.CF | Flag.OF);
	}

	// Control
	when(c: Expr, then: () => void, otherwise?: () => void): void {
		const outer = this.statements;
		const before = this.changed;
		const a: Stmt[] = [];
		const b: Stmt[] = [];
		this.statements = a;
		then();
		const after = this.changed;
		this.changed = before;
		this.statements = b;
		otherwise?.();
		this.changed ||= after;
		this.statements = outer;
		this.statements.push({ st: 'if', c, yes: a, no: b });
	}
	branch(c?: Expr): void {
		this.emit({ st: 'branch', c });
	}
	jump(target: Expr): void {
		this.emit({ st: 'jump', target });
	}
	again(c: Expr): void {
		this.emit({ st: 'again', c });
	}
	raise(vector: number): void {
		this.emit({ st: 'raise', vector });
	}

	private emit(s: Stmt): void {
		if (FAULTS.includes(s.st)) {
			assert(!this.changed, `${this.row.name} ${this.row.form}: may fault after a change`);
		} else if (CHANGES.includes(s.st)) this.changed = true;
		this.statements.push(s);
	}
}
