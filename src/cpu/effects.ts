/**
 * What an instruction reads and writes, asked of its IR. The log uses the writes; who looks for causes uses both.
 */
import type { Expr, Place, Size, Stmt, Where } from './ir.ts';
import { Flag } from './isa/row.ts';

/** A general register an op uses: a fixed encoding, or the slot of the decoded instruction, and the width. */
export interface GprUse {
	readonly where: Where;
	readonly size: Size;
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
	/** Registers read, for values and as explicit parts of addresses; those of the modrm operand's address are not among them. */
	readonly reads: readonly GprUse[];
	/** Arithmetic flags read, DF with string instructions; all when the lazy words are used as a whole. */
	readonly readsFlags: number;
	/** Bytes of each memory read. */
	readonly loads: readonly number[];
}

export const NO_EFFECTS: Effects = {
	gprs: [],
	flags: false,
	stores: [],
	conditional: false,
	reads: [],
	readsFlags: 0,
	loads: [],
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
	let flags = false;
	let conditional = false;
	let readsFlags = 0;
	const add = (list: GprUse[], where: Where, size: Size): void => {
		if (!list.some((g) => g.where === where && g.size === size)) list.push({ where, size });
	};
	const expr = (e: Expr | undefined): void => {
		switch (e?.op) {
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
	return { gprs, flags, stores, conditional, reads, readsFlags, loads };
}
