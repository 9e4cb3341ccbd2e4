/**
 * What an instruction reads and writes, asked of its IR. The log uses the writes; who looks for causes uses both.
 */
import type { Expr, Place, Size, Stmt, Vector, Where } from './ir.ts';
import { Flag } from './isa/row.ts';

/** A general register an op uses: a fixed encoding, or the slot of the decoded instruction, and the width. */
export interface GprUse {
	readonly where: Where;
	readonly size: Size;
}

/** A vector register an op uses, by its slot. */
export interface VectorUse {
	readonly file: 'xmm' | 'mm';
	readonly where: 'a' | 'b';
}

/** What lowered statements may read and write, under conditions too. */
export interface Effects {
	/** Registers written; in ascending order when all are fixed. */
	readonly gprs: readonly GprUse[];
	/** Writes eflags. */
	readonly flags: boolean;
	/** Bytes of each memory write. */
	readonly stores: readonly number[];
	/** Some memory write is under a condition. */
	readonly conditional: boolean;
	/** MMX and XMM registers written; MXCSR may be too, and with MMX the whole x87. */
	readonly vectors: readonly VectorUse[];
	/** The instruction is one of MMX. */
	readonly mmx: boolean;
	/** Registers read, for values and as explicit parts of addresses; those of the modrm operand's address are not among them. */
	readonly reads: readonly GprUse[];
	/** Arithmetic flags read, DF with string instructions; all when the lazy words are used as a whole. */
	readonly readsFlags: number;
	/** Bytes of each memory read. */
	readonly loads: readonly number[];
	/** MMX and XMM registers read. */
	readonly readsVectors: readonly VectorUse[];
}

export const NO_EFFECTS: Effects = {
	gprs: [],
	flags: false,
	stores: [],
	conditional: false,
	vectors: [],
	mmx: false,
	reads: [],
	readsFlags: 0,
	loads: [],
	readsVectors: [],
};

const { CF, PF, ZF, SF, OF, DF, ARITH } = Flag;
/** Flags that a condition code reads, by tttn >> 1. */
const CONDITION_FLAGS: readonly number[] = [OF, CF, ZF, CF | ZF, SF, PF, SF | OF, SF | OF | ZF];
const ESP = 4;

/** Effects of lowered statements. */
export function effectsOf(body: readonly Stmt[]): Effects {
	const gprs: GprUse[] = [];
	const reads: GprUse[] = [];
	const stores: number[] = [];
	const loads: number[] = [];
	const vectors: VectorUse[] = [];
	const readsVectors: VectorUse[] = [];
	let mmx = false;
	let flags = false;
	let conditional = false;
	let readsFlags = 0;
	const add = (list: GprUse[], where: Where, size: Size): void => {
		if (!list.some((g) => g.where === where && g.size === size)) list.push({ where, size });
	};
	const addVector = (list: VectorUse[], v: Vector): void => {
		if (v.file !== 'memory' && !list.some((u) => u.file === v.file && u.where === v.where)) list.push(v);
	};
	const operands = (args: readonly (Vector | Expr)[]): void => {
		for (const a of args) {
			if ('file' in a) addVector(readsVectors, a);
			else expr(a);
		}
	};
	const expr = (e: Expr | undefined): void => {
		switch (e?.op) {
			case 'vscalar':
				operands(e.args);
				break;
			case 'gpr':
				add(reads, e.where, e.size);
				break;
			case 'sp':
				add(reads, ESP, 32);
				break;
			case 'cond':
				readsFlags |= CONDITION_FLAGS[e.cc >> 1];
				break;
			case 'carry':
			case 'result':
				readsFlags |= ARITH;
				break;
			case 'stride':
				readsFlags |= DF;
				break;
			case 'probed':
				loads.push(e.size >> 3);
				break;
			case 'clz':
				expr(e.a);
				break;
			case 'binary':
				expr(e.a);
				expr(e.b);
				break;
			case 'select':
				expr(e.c);
				expr(e.a);
				expr(e.b);
		}
	};
	const place = (p: Place): void => expr(p.kind === 'segment' ? p.offset : p.delta);
	const walk = (list: readonly Stmt[], inner: boolean): void => {
		for (const s of list) {
			switch (s.st) {
				case 'let':
					expr(s.value);
					break;
				case 'load':
					place(s.place);
					loads.push(s.size >> 3);
					break;
				case 'probe':
					place(s.place);
					break;
				case 'mmx':
					mmx = true;
					break;
				case 'vload':
					place(s.place);
					loads.push(s.bytes);
					break;
				case 'vprobe':
					place(s.place);
					break;
				case 'vstore':
					addVector(readsVectors, s.from);
					stores.push(s.bytes);
					break;
				case 'words':
				case 'vector':
					// Conservative: a move is said to read what it overwrites
					addVector(readsVectors, s.to);
					addVector(vectors, s.to);
					operands(s.st === 'words' ? [s.from] : s.args);
					break;
				case 'store':
					expr(s.value);
					stores.push(s.size >> 3);
					conditional ||= inner;
					break;
				case 'setgpr':
					expr(s.value);
					add(gprs, s.where, s.size);
					break;
				case 'setsp':
					add(reads, ESP, 32);
					add(gprs, ESP, 32);
					break;
				case 'flags':
					expr(s.result);
					expr(s.carry);
					flags = true;
					break;
				case 'branch':
				case 'again':
					expr(s.c);
					break;
				case 'jump':
					expr(s.target);
					break;
				case 'if':
					expr(s.c);
					walk(s.yes, true);
					walk(s.no, true);
			}
		}
	};
	walk(body, false);
	// The log gives registers in ascending order; two slots are put in order when it is read
	if (gprs.every((g) => typeof g.where === 'number')) gprs.sort((x, y) => (x.where as number) - (y.where as number));
	return { gprs, flags, stores, conditional, vectors, mmx, reads, readsFlags, loads, readsVectors };
}
