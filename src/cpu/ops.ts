/**
 * Which op number executes a decoded instruction: a case of the main loop (hot forms), or a function made when first needed
 * (general forms and helpers). Op numbers are private to one processor.
 */
import { assert } from '../events/assert.ts';
import type { OpChooser } from './code.ts';
import type { HelperContext } from './context.ts';
import { type Effects, effectsOf, NO_EFFECTS } from './effects.ts';
import type { Feature } from './features.ts';
import { flagCarry, flagResult } from './flags.ts';
import { fopOf } from './fpu/fast.ts';
import type { Fpu } from './fpu/fpu.ts';
import type { Insn } from './insn.ts';
import { compile, type Environment, type Form, OP_BITS, Op, Printer, printLoop } from './interpreter.ts';
import type { Variant } from './ir.ts';
import { accesses, type Operand, parseForm } from './isa/operands.ts';
import type { Row } from './isa/row.ts';
import { FX_ALL, FX_X87, FX_XMM, packSite } from './log.ts';
import { Mode } from './segments.ts';

/** What is known of an op. */
interface OpInfo {
	readonly row: Row;
	readonly variant: Variant;
	readonly form: Form;
	readonly effects: Effects;
	/** Kind and size of the first two operands, for their register slots. */
	readonly operands: readonly Operand[];
	readonly access: readonly string[];
	readonly ends: boolean;
	readonly branches: boolean;
}

const FORMS: readonly Form[] = ['general', 'hot', 'flat'];
/** fxsave, fxrstor, ldmxcsr, stmxcsr. */
const FXSAVE_GROUP = 0x0fae;
const ENDS: readonly string[] = ['jmp', 'call', 'ret', 'retf', 'iret'];

/** Encoding of a register in a slot: the index the printed code uses for its size. */
function slotOf(register: number, size: number): number {
	if (size === 8) return (register & 3) * 4 + (register >> 2);
	return size === 16 ? register * 2 : register;
}
function registerOf(operand: Operand, insn: Insn): number {
	switch (operand.kind) {
		case 'G':
			return insn.reg;
		case 'V':
		case 'P':
			return insn.reg * 4;
		case 'W':
		case 'Q':
		case 'U':
		case 'N':
			return insn.mod === 3 ? insn.rm * 4 : 0;
		case 'E':
		case 'R':
			return insn.mod === 3 ? insn.rm : 0;
		case 'Z':
			return insn.opcode & 7;
		case 'fixed':
			return operand.index;
		default:
			return 0;
	}
}

export class Ops implements OpChooser {
	/** Functions by op. */
	readonly functions: ((p: number) => number)[] = [];
	/** Facts for the log, by record. */
	readonly sites: Int32Array;
	/** Instructions of records that run helpers. */
	readonly insns: (Insn | undefined)[] = [];
	readonly infos: (OpInfo | undefined)[] = [];
	private readonly indexes = new Map<Row, number>();
	/** Parsed forms by row index. */
	private readonly forms16: (readonly Operand[])[];
	private readonly forms32: (readonly Operand[])[];
	private readonly byKey = new Map<number, number>();
	/** Hot case bodies (without logging) by op. */
	private readonly bodies = new Map<string, number>();
	private readonly names = new Set<string>();
	private next: number;
	private environment: Environment | undefined;
	private readonly execute: (p: number, insn: Insn, helper: (x: HelperContext) => void) => number;

	private readonly offered: (feature: Feature) => boolean;
	private readonly fpu: () => Fpu;

	/**
	 * @param execute runs a helper row's function as the instruction of a record; `offered`: whether the processor has a feature;
	 * `fpu`: what quick x87 forms work on.
	 */
	constructor(
		rows: readonly Row[],
		records: number,
		execute: (p: number, insn: Insn, helper: (x: HelperContext) => void) => number,
		offered: (feature: Feature) => boolean,
		fpu: () => Fpu,
	) {
		this.offered = offered;
		this.fpu = fpu;
		this.sites = new Int32Array(records);
		this.execute = execute;
		this.next = Op.FIRST;
		this.forms16 = rows.map((row) => parseForm(row.form, 16));
		this.forms32 = rows.map((row) => parseForm(row.form, 32));
		rows.forEach((row, i) => {
			this.indexes.set(row, i);
		});
		for (const row of rows) if (row.hot && this.has(row)) this.addHot(row);
	}

	/** Whether the processor executes a row. */
	has(row: Row): boolean {
		return !row.unsupported && (row.feature === undefined || this.offered(row.feature));
	}

	private addHot(row: Row): void {
		const first = parseForm(row.form, 32)[0];
		const bytes = first !== undefined && first.size === 8 && !'JIA'.includes(first.kind);
		for (const name of row.hot!.split(' ')) {
			const size = name.slice(1);
			if ((size === '8') !== bytes) continue; // one list may serve the byte and the other rows of an instruction
			const base: Variant = { operandSize: size === '16' ? 16 : 32, memory: name[0] === 'm', rep: 0, addressSize: 32 };
			for (const rep of row.rep ? [0, 0xf2, 0xf3] : [0]) {
				const sizes: (16 | 32)[] = size === '8' ? [16, 32] : [base.operandSize];
				for (const operandSize of sizes) {
					const variant = { ...base, rep, operandSize };
					const printer = new Printer(row, variant, 'hot');
					const body = printer.hotCase(false);
					for (const n of printer.names) this.names.add(n);
					let op = this.bodies.get(body);
					if (op === undefined) {
						op = this.next++;
						this.bodies.set(body, op);
						this.infos[op] = this.info(row, variant, 'hot', effectsOf(printer.builder.body));
					}
					this.byKey.set(this.key(row, variant, 'hot'), op);
				}
			}
		}
	}

	private info(row: Row, variant: Variant, form: Form, effects: Effects): OpInfo {
		const operands = parseForm(row.form, variant.operandSize);
		return {
			row,
			variant,
			form,
			effects,
			operands,
			access: accesses(row.access, operands.length),
			ends: ENDS.includes(row.name),
			branches: operands[0]?.kind === 'J',
		};
	}

	private key(row: Row, v: Variant, form: Form): number {
		const index = this.indexes.get(row);
		assert(index !== undefined, `row ${row.name} is not in the tables`);
		const rep = v.rep === 0 ? 0 : v.rep === 0xf2 ? 1 : 2;
		return (
			((((index * 2 + (v.operandSize >> 5)) * 2 + (v.memory ? 1 : 0)) * 3 + rep) * 2 + (v.addressSize >> 5)) * 3 +
			FORMS.indexOf(form)
		);
	}

	/** The ops that are cases of the main loop. */
	hot(): Iterable<number> {
		return this.bodies.values();
	}
	/** Source of the main loop; `record`: with logging. */
	source(record: boolean): string {
		const cases = new Map<string, number[]>();
		const names = new Set<string>(this.names);
		for (const [body, op] of this.bodies) {
			const info = this.infos[op]!;
			if (!record) cases.set(body, [op]);
			else {
				const printer = new Printer(info.row, info.variant, 'hot');
				const text = printer.hotCase(true);
				for (const name of printer.names) names.add(name);
				cases.set(text, [...(cases.get(text) ?? []), op]);
			}
		}
		return printLoop(cases, names, record);
	}
	/** The environment general functions are compiled with. */
	setEnvironment(environment: Environment): void {
		this.environment = environment;
	}

	/** The general function of an op, made on first use. */
	private ensure(op: number): void {
		if (this.functions[op]) return;
		const { row, variant, form } = this.infos[op]!;
		const { helper } = row;
		if (!this.has(row) || (!helper && !row.lower)) {
			this.functions[op] = this.functions[Op.INVALID];
		} else if (helper) {
			const slow = (p: number): number => this.execute(p, this.insns[p >>> 3]!, helper);
			this.functions[op] = form === 'flat' ? this.compileFast(row.fast!, op, slow) : slow;
		} else {
			assert(this.environment, 'the environment is set');
			const body = new Printer(row, variant, form === 'flat' ? 'flat' : 'general').functionBody();
			this.functions[op] = compile(this.environment, 'p', body, `op${op}`);
		}
	}

	private compileFast(source: string, op: number, slow: (p: number) => number): (p: number) => number {
		assert(this.environment, 'the environment is set');
		const flags = { result: flagResult, carry: flagCarry };
		const environment = { ...this.environment, FPU: this.fpu(), FLAGS: flags, SLOW: slow };
		return compile(environment, 'p', source, `x87_${op}`);
	}

	// OpChooser
	op(insn: Insn, mode: number): number {
		const row = insn.row!;
		const variant: Variant = {
			operandSize: insn.operandSize === 16 ? 16 : 32,
			memory: insn.mod !== 3,
			rep: row.rep ? insn.rep : 0,
			addressSize: insn.addressSize === 16 ? 16 : 32,
		};
		const { segment } = insn;
		const flat = mode === Mode.FLAT && variant.addressSize === 32 && (segment === 3 || segment === 2 || segment === 0);
		if (flat && row.hot) {
			const op = this.byKey.get(this.key(row, variant, 'hot'));
			if (op !== undefined) {
				if (this.infos[op]!.effects.conditional) this.ensure(op);
				return op;
			}
		}
		const form = flat && (row.fast || (row.fx && row.lower)) ? 'flat' : 'general';
		const key = this.key(row, variant, form);
		let op = this.byKey.get(key);
		if (op === undefined) {
			op = this.next++;
			assert(op <= OP_BITS, 'op numbers fit their bits');
			this.byKey.set(key, op);
			const effects = row.helper || !row.lower ? NO_EFFECTS : effectsOf(new Printer(row, variant, form).builder.body);
			this.infos[op] = this.info(row, variant, form, effects);
			this.ensure(op);
		}
		return op;
	}
	/** Operands of the instruction's own row: rows with the same printed body share an op, not their operands. */
	private operandsOf(insn: Insn): readonly Operand[] {
		return (insn.operandSize === 16 ? this.forms16 : this.forms32)[this.indexes.get(insn.row!)!];
	}
	/** Encoding of the register that operand 0 or 1 names. */
	register(insn: Insn, operand: number): number {
		return registerOf(this.operandsOf(insn)[operand], insn);
	}
	slots(insn: Insn, _op: number): number {
		const operands = this.operandsOf(insn);
		const a = operands[0];
		const b = operands[1];
		const slotA = a ? slotOf(registerOf(a, insn), a.size) : 0;
		const slotB = b ? slotOf(registerOf(b, insn), b.size) : 0;
		return (slotA << 16) | (slotB << 24);
	}
	ends(_insn: Insn, op: number): boolean {
		return this.infos[op]!.ends;
	}
	branches(_insn: Insn, op: number): boolean {
		return this.infos[op]!.branches;
	}
	immediate(insn: Insn): number {
		if (insn.row!.fast) return fopOf(insn.opcode, insn.modrm);
		return insn.row!.form.endsWith(',1') ? 1 : insn.immediate;
	}
	displacement(insn: Insn): number {
		// pop to memory addresses with esp as it is after the pop
		if (insn.opcode === 0x8f && insn.base === 4 && insn.mod !== 3) return insn.displacement + (insn.operandSize >> 3);
		return insn.displacement;
	}
	made(record: number, insn: Insn, op: number, length: number): void {
		const info = this.infos[op]!;
		const operands = this.operandsOf(insn);
		const registers = info.effects.gprs.map((g) => {
			if (typeof g.where === 'number') return g.size === 8 ? g.where & 3 : g.where;
			return this.whole(operands[g.where === 'a' ? 0 : 1], insn);
		});
		if (info.form === 'hot') {
			assert(registers.length <= 3 && info.effects.stores.length <= 1, `${info.row.name}: too many effects for the log`);
			this.sites[record] = packSite(length, true, info.effects.flags, registers, info.effects.stores[0] ?? 0);
			return;
		}
		let mask = info.row.gprs ?? 0;
		for (const r of registers) mask |= 1 << r;
		if (info.row.helper) {
			this.insns[record] = { ...insn };
			info.operands.forEach((o, i) => {
				const register = o.kind === 'G' || o.kind === 'Z' || o.kind === 'R' || (o.kind === 'E' && insn.mod === 3);
				if (register && info.access[i].includes('w')) mask |= 1 << this.whole(o, insn);
			});
		}
		this.sites[record] = length | (mask << 8) | this.fxSite(info, insn);
	}
	/** What an instruction may change in the FXSAVE image, for the log: see FX_XMM in log.ts. */
	private fxSite({ row, effects }: OpInfo, insn: Insn): number {
		if (!row.fx) return 0;
		if (!row.lower) return row.opcode === FXSAVE_GROUP ? FX_ALL : FX_X87;
		const operands = this.operandsOf(insn);
		let site = effects.mmx ? FX_X87 : 0;
		for (const v of effects.vectors) {
			if (v.file === 'xmm') site |= FX_XMM << (registerOf(operands[v.where === 'a' ? 0 : 1], insn) >> 2);
		}
		return site;
	}
	private whole(o: Operand, insn: Insn): number {
		const register = registerOf(o, insn);
		return o.size === 8 ? register & 3 : register;
	}
}
