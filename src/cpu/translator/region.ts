/**
 * Translating a region: the basic blocks reached from an address by direct branches, as one WebAssembly function with a
 * `br_table` loop over its blocks. Steps are counted exactly: a block takes its steps off when it begins, and what leaves in
 * its middle gives back those not done.
 */
import type { CodeCache } from '../code.ts';
import type { Decoder } from '../decode.ts';
import { type Insn, newInsn } from '../insn.ts';
import { OP_BITS, Op, STRIDE, Word } from '../interpreter.ts';
import { Builder, type Variant } from '../ir.ts';
import type { Row } from '../isa/row.ts';
import { EIP_W, FLAG_CARRY_W, FLAG_RESULT_W, FPU_USED_W, GPR_W, LEAVE_ADDRESS_W, LEAVE_W } from '../layout.ts';
import type { Ops } from '../ops.ts';
import { Body, type Label, Wasm } from './encoder.ts';
import { Leave } from './leave.ts';
import { InsnPrinter, isTranslatable, Local } from './printer.ts';

/** An instruction to translate, decoded. */
interface Step {
	readonly eip: number;
	readonly next: number;
	readonly insn: Insn;
	readonly row: Row;
	readonly builder: Builder;
	readonly immediate: number;
	readonly displacement: number;
	/** T0's op: it knows what ends a block. */
	readonly op: number;
}
interface Block {
	readonly eip: number;
	readonly steps: Step[];
	/** Where it goes on by itself; undefined after a jump. */
	falls: number | undefined;
	/** Target of the branch that ends it. */
	target: number | undefined;
	/** Where the call that ends it comes back. */
	returns: number | undefined;
}

/** A translated region. */
export interface Region {
	readonly entry: number;
	/** The module's bytes. */
	readonly bytes: Uint8Array;
	/** Rows it executes: for those who count. */
	readonly rows: ReadonlySet<Row>;
}

/** How much one region may hold. */
export interface RegionLimits {
	readonly blocks: number;
	/** Instructions of one block. */
	readonly steps: number;
	/** How often T0 comes by before an address is translated; code that changes all the time is not worth it. */
	readonly visits: number;
}

export class RegionMaker {
	private readonly code: CodeCache;
	private readonly ops: Ops;
	private readonly decoder: Decoder;
	private readonly limits: RegionLimits;
	private readonly pages: number;

	/** @param pages of the processor's memory, 64 KiB each. */
	constructor(code: CodeCache, ops: Ops, decoder: Decoder, limits: RegionLimits, pages: number) {
		this.code = code;
		this.ops = ops;
		this.decoder = decoder;
		this.limits = limits;
		this.pages = pages;
	}

	/** Translates from an address on; undefined when its first instruction is not one for translated code. Raises nothing. */
	make(entry: number): Region | undefined {
		const blocks = this.collect(entry);
		if (blocks[0].steps.length === 0) return undefined;
		const rows = new Set<Row>();
		for (const block of blocks) for (const step of block.steps) rows.add(step.row);
		return { entry, rows, bytes: new Printed(blocks, this.ops).print(this.pages) };
	}

	private collect(entry: number): readonly Block[] {
		const blocks: Block[] = [];
		const starts = new Set([entry]);
		for (const eip of starts) {
			if (blocks.length >= this.limits.blocks) break;
			const block = this.block(eip, starts);
			blocks.push(block);
			for (const to of [block.target, block.returns]) if (to !== undefined) starts.add(to);
			if (block.falls !== undefined && block.steps.length > 0) starts.add(block.falls);
		}
		return blocks.filter((block, i) => i === 0 || block.steps.length > 0);
	}
	private block(start: number, starts: ReadonlySet<number>): Block {
		const block: Block = { eip: start, steps: [], falls: start, target: undefined, returns: undefined };
		for (let eip = start; block.steps.length < this.limits.steps; ) {
			if (eip !== start && starts.has(eip)) break;
			const step = this.step(eip);
			if (!step) break;
			// What may repeat itself stands alone: it goes on at its block's beginning
			const alone = step.builder.variant.rep !== 0;
			if (alone && block.steps.length > 0) break;
			block.steps.push(step);
			eip = step.next;
			block.falls = eip;
			if (this.ops.branches(step.insn, step.op)) block.target = step.immediate;
			if (this.ops.ends(step.insn, step.op)) block.falls = undefined;
			if (step.row.name === 'call') block.returns = step.next;
			if (alone || block.target !== undefined || block.falls === undefined) break;
		}
		return block;
	}
	/** The instruction at an address that T0 has decoded (so that its bytes are watched), if it is one for translated code. */
	private step(eip: number): Step | undefined {
		const { code, ops } = this;
		const p = code.peek(eip);
		if (p === 0) return undefined;
		const op = code.code[p + Word.OP] & OP_BITS;
		if (op < Op.FIRST) return undefined;
		const insn = newInsn();
		this.decoder.decode(code.bytes, (p / STRIDE) * 16, (p / STRIDE) * 16 + 16, 32, insn);
		const row = insn.row!;
		// Segments that may have a base are T0's, and what changes or needs more than general registers
		if (!row.lower || !ops.has(row) || insn.segment === 1 || insn.segment > 3) return undefined;
		const variant: Variant = {
			operandSize: insn.operandSize === 16 ? 16 : 32,
			memory: insn.mod !== 3,
			rep: row.rep ? insn.rep : 0,
			addressSize: insn.addressSize === 16 ? 16 : 32,
		};
		const builder = new Builder(row, variant);
		if (!isTranslatable(builder.body)) return undefined;
		const next = code.code[p + Word.NEXT];
		return {
			eip,
			next,
			insn,
			row,
			builder,
			immediate: code.code[p + Word.IMMEDIATE],
			displacement: code.code[p + Word.DISPLACEMENT],
			op,
		};
	}
}

/** Return sites that an indirect jump compares its target with. */
const RETURN_SITES = 8;

/** The function of a set of blocks, in the making. */
class Printed {
	private readonly body = new Body();
	private readonly blocks: readonly Block[];
	private readonly ops: Ops;
	private readonly indexes: ReadonlyMap<number, number>;
	private exit!: Label;
	private top!: Label;

	constructor(blocks: readonly Block[], ops: Ops) {
		this.blocks = blocks;
		this.ops = ops;
		this.indexes = new Map(blocks.map((block, i) => [block.eip, i]));
	}

	print(pages: number): Uint8Array {
		const { body, blocks } = this;
		const state: readonly (readonly [number, number])[] = [
			...Array.from({ length: 8 }, (_, i) => [Local.GPR + i, GPR_W + i] as const),
			[Local.RESULT, FLAG_RESULT_W],
			[Local.CARRY, FLAG_CARRY_W],
		];
		for (const [local, word] of state) {
			body.const(word * 4);
			body.memory(Wasm.LOAD, 0);
			body.set(local);
		}
		this.exit = body.block();
		this.top = body.loop();
		const labels = blocks.map(() => body.block()).reverse();
		body.get(Local.BLOCK);
		body.brTable(labels);
		blocks.forEach((block, i) => {
			body.end();
			this.block(block, i);
		});
		body.end();
		body.end();
		for (const [local, word] of [
			...state,
			[Local.EIP, EIP_W],
			[Local.LEAVE, LEAVE_W],
			[Local.ADDRESS, LEAVE_ADDRESS_W],
		] as const) {
			body.const(word * 4);
			body.get(local);
			body.memory(Wasm.STORE, 0);
		}
		body.get(Local.STEPS);
		return body.module(2, pages);
	}

	private block(block: Block, index: number): void {
		const { body } = this;
		const count = block.steps.length;
		// Too few steps left: T0 does the rest of the budget
		body.get(Local.STEPS);
		body.const(count);
		body.op(Wasm.LT_S);
		body.if();
		this.leave(block.eip, Leave.OUT, 0);
		body.end();
		body.get(Local.STEPS);
		body.const(count);
		body.op(Wasm.SUB);
		body.set(Local.STEPS);
		block.steps.forEach((step, i) => {
			if (step.builder.variant.rep !== 0) {
				body.const(0);
				body.set(Local.TAKEN);
			}
			const printer = new InsnPrinter(
				body,
				step.builder,
				step.insn,
				step,
				(where) => (typeof where === 'number' ? where : this.ops.register(step.insn, where === 'a' ? 0 : 1)),
				(code) => this.leave(step.eip, code, count - i),
			);
			printer.print();
			if (step.row.fx) {
				body.const(FPU_USED_W * 4);
				body.const(1);
				body.memory(Wasm.STORE, 0);
			}
			const { flow } = printer;
			if (flow.jump) {
				this.back();
				body.get(Local.TARGET);
				body.set(Local.EIP);
				body.br(this.exit);
			} else if (flow.again || flow.branch === 'taken') {
				body.get(Local.TAKEN);
				body.if();
				this.go(flow.again ? block.eip : block.target!, -1);
				body.end();
			} else if (flow.branch === 'always') this.go(block.target!, -1);
		});
		if (block.falls !== undefined) this.go(block.falls, index);
	}

	/** An indirect jump may be a return to a call of this region. */
	private back(): void {
		const { body } = this;
		const sites = this.blocks.flatMap((block) => (block.returns === undefined ? [] : [block.returns]));
		for (const site of sites.slice(0, RETURN_SITES)) {
			if (!this.indexes.has(site)) continue;
			body.get(Local.TARGET);
			body.const(site);
			body.op(Wasm.EQ);
			body.if();
			this.go(site, -1);
			body.end();
		}
	}
	/** Goes on at an address: in its block, or outside. @param index of the block this is the end of, or -1. */
	private go(eip: number, index: number): void {
		const { body } = this;
		const to = this.indexes.get(eip);
		if (to === undefined) this.leave(eip, Leave.OUT, 0);
		else if (index < 0 || to !== index + 1) {
			body.const(to);
			body.set(Local.BLOCK);
			body.br(this.top);
		}
	}
	/** Leaves at an address. @param undone steps of the block that were counted and not done. */
	private leave(eip: number, code: number, undone: number): void {
		const { body } = this;
		if (undone > 0) {
			body.get(Local.STEPS);
			body.const(undone);
			body.op(Wasm.ADD);
			body.set(Local.STEPS);
		}
		body.const(eip);
		body.set(Local.EIP);
		if (code !== Leave.OUT) {
			body.const(code);
			body.set(Local.LEAVE);
		}
		body.br(this.exit);
	}
}
