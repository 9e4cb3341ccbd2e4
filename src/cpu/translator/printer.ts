/**
 * The second printer of the IR: one instruction as WebAssembly, for flat 32-bit segments. Registers and the lazy flags live in
 * locals; memory goes through the same TLB compare as in T0. What does not go the easy way (a TLB miss and all that hides
 * behind one, an exception) leaves before the instruction has changed anything: T0 executes it then.
 */
import { assert } from '../../events/assert.ts';
import type { Insn } from '../insn.ts';
import type { Builder, Expr, Place, Size, Stmt, Where } from '../ir.ts';
import { EFLAGS_W, TLB_READ, TLB_WRITE } from '../layout.ts';
import { type Body, Wasm } from './encoder.ts';
import { Leave } from './leave.ts';
import { isVectorOperation, isVectorScalar, VectorPrinter } from './vector.ts';

/** Locals of a translated function: steps left and the block to run (parameters), registers, flags, how it is left. */
export const Local = {
	STEPS: 0,
	BLOCK: 1,
	GPR: 2,
	RESULT: 10,
	CARRY: 11,
	EIP: 12,
	/** Why it left (a Leave code), and the address that missed. */
	LEAVE: 13,
	ADDRESS: 14,
	/** The instruction's branch is taken; where an indirect one goes. */
	TAKEN: 15,
	TARGET: 16,
	SCRATCH: 17,
	/** Temporaries of the instruction from here on. */
	TEMPS: 18,
} as const;

/** Words of the decoded instruction that are constants here. */
export interface Constants {
	readonly eip: number;
	readonly next: number;
	readonly immediate: number;
	readonly displacement: number;
}
/** How an instruction goes on. */
export interface Flow {
	/** It may go to the decoded branch target: always, or when local TAKEN is set. */
	branch: 'no' | 'always' | 'taken';
	/** It goes to the offset in local TARGET. */
	jump: boolean;
	/** It repeats itself when local TAKEN is set. */
	again: boolean;
}

const PAGE_MASK = -4096;

/** Statements this printer knows without asking further. */
const KNOWN: ReadonlySet<Stmt['st']> = new Set([
	'let', 'offset', 'load', 'probe', 'store', 'setgpr', 'setsp', 'flags', 'raise', 'branch', 'jump', 'again', 'vload', 'vprobe',
]); // biome-ignore format: a list

/** Whether an instruction can be printed here. */
export function isTranslatable(body: readonly Stmt[]): boolean {
	return body.every((s) => {
		if (s.st === 'if') return isTranslatable(s.yes) && isTranslatable(s.no);
		if (s.st === 'let' && s.value.op === 'vscalar') return isVectorScalar(s.value);
		if (s.st === 'words' || s.st === 'vector') return isVectorOperation(s);
		if (s.st === 'vstore') return s.from.file === 'xmm';
		return KNOWN.has(s.st);
	});
}

export class InsnPrinter {
	private readonly body: Body;
	private readonly builder: Builder;
	private readonly insn: Insn;
	private readonly words: Constants;
	private readonly register: (where: Where) => number;
	/** Emits the way out before this instruction, with the Leave code; the missing address is in local ADDRESS. */
	private readonly leave: (code: number) => void;
	private readonly temps = new Map<string, number>();
	private address: number | undefined;
	/** Bytes of each vload. */
	private readonly vectorBytes = new Map<number, number>();
	private readonly vectors: VectorPrinter;
	private inner = false;
	readonly flow: Flow = { branch: 'no', jump: false, again: false };

	/** @param register encoding of the register in a slot. */
	constructor(
		body: Body,
		builder: Builder,
		insn: Insn,
		words: Constants,
		register: (where: Where) => number,
		leave: (code: number) => void,
	) {
		this.body = body;
		this.builder = builder;
		this.insn = insn;
		this.words = words;
		this.register = register;
		this.leave = leave;
		this.vectors = new VectorPrinter({
			body,
			pointer: (kind, id) => this.temp(`${kind === 'vload' ? 'b' : 'q'}${id}`),
			bytes: (id) => this.vectorBytes.get(id) ?? 0,
			slot: (where) => register(where),
			value: (e) => this.value(e),
			constant: (e) => (e.op === 'const' ? e.value : e.op === 'word' && e.name === 'imm' ? words.immediate : undefined),
			leave,
		});
	}

	print(): void {
		this.statements(this.builder.body);
	}

	private temp(name: string): number {
		let local = this.temps.get(name);
		if (local === undefined) {
			local = Local.TEMPS + this.temps.size;
			this.temps.set(name, local);
		}
		return local;
	}
	private binary(code: number, constant: number): void {
		this.body.const(constant);
		this.body.op(code);
	}

	// Statements
	private statements(list: readonly Stmt[]): void {
		for (const s of list) this.statement(s);
	}
	private statement(s: Stmt): void {
		const { body } = this;
		switch (s.st) {
			case 'let':
				this.value(s.value);
				body.set(this.temp(`t${s.id}`));
				return;
			case 'offset':
				this.effectiveAddress();
				body.set(this.temp(`t${s.id}`));
				return;
			case 'load':
				this.load(this.linear(s.place), s.size);
				body.set(this.temp(`t${s.id}`));
				return;
			case 'probe':
				this.translate(this.linear(s.place), s.size, TLB_WRITE, Leave.WRITE_MISS);
				body.set(this.temp(`q${s.id}`));
				return;
			case 'store':
				body.get(this.temp(`q${s.probe}`));
				this.value(s.value);
				body.memory(s.size === 32 ? Wasm.STORE : s.size === 16 ? Wasm.STORE16 : Wasm.STORE8, 0);
				return;
			case 'setgpr':
				this.setRegister(this.register(s.where), s.size, s.value);
				return;
			case 'setsp':
				body.get(Local.GPR + 4);
				this.binary(Wasm.ADD, s.delta);
				body.set(Local.GPR + 4);
				return;
			case 'flags':
				// Both are computed before either is set: they may read the old ones
				if (s.result) this.value(s.result);
				if (s.carry) this.value(s.carry);
				if (s.carry) body.set(Local.CARRY);
				if (s.result) body.set(Local.RESULT);
				return;
			case 'if': {
				this.value(s.c);
				const outer = this.inner;
				const { address } = this;
				this.inner = true;
				body.if();
				this.statements(s.yes);
				if (s.no.length > 0) {
					this.address = address;
					body.op(Wasm.ELSE);
					this.statements(s.no);
				}
				body.end();
				this.address = address;
				this.inner = outer;
				return;
			}
			case 'raise':
				this.leave(Leave.PRECISE);
				return;
			case 'branch':
				assert(!this.inner, 'a branch is no part of a condition');
				this.flow.branch = s.c ? 'taken' : 'always';
				if (!s.c) return;
				this.value(s.c);
				body.set(Local.TAKEN);
				return;
			case 'jump':
				this.flow.jump = true;
				this.value(s.target);
				body.set(Local.TARGET);
				return;
			case 'again':
				this.flow.again = true;
				this.value(s.c);
				body.set(Local.TAKEN);
				return;
			case 'vload':
				this.vectorBytes.set(s.id, s.bytes);
				this.translate(this.vectorAddress(s.place, s.aligned), s.bytes * 8, TLB_READ, Leave.READ_MISS);
				body.set(this.temp(`b${s.id}`));
				return;
			case 'vprobe':
				this.translate(this.vectorAddress(s.place, s.aligned), s.bytes * 8, TLB_WRITE, Leave.WRITE_MISS);
				body.set(this.temp(`q${s.id}`));
				return;
			case 'vstore':
				this.vectors.write(s.probe, s.bytes, s.from, s.word);
				return;
			case 'words':
			case 'vector':
				this.vectors.operation(s);
				return;
			default:
				assert(false, `${s.st} is not translated`);
		}
	}

	// Memory
	private effectiveAddress(): void {
		const { body, insn } = this;
		const { displacement } = this.words;
		const parts = (insn.base < 8 ? 1 : 0) + (insn.index < 8 ? 1 : 0);
		if (insn.base < 8) body.get(Local.GPR + insn.base);
		if (insn.index < 8) {
			body.get(Local.GPR + insn.index);
			if (insn.scale > 0) this.binary(Wasm.SHL, insn.scale);
			if (parts === 2) body.op(Wasm.ADD);
		}
		if (parts === 0) body.const(displacement);
		else if (displacement !== 0) this.binary(Wasm.ADD, displacement);
		if (insn.addressSize === 16) this.binary(Wasm.AND, 0xffff);
	}
	/** The local that holds the linear address of a place. */
	private linear(place: Place): number {
		const { body } = this;
		if (place.kind === 'modrm' && !place.delta && this.address !== undefined) return this.address;
		const local = this.temp(`m${this.temps.size}`);
		if (place.kind === 'segment') this.value(place.offset);
		else {
			this.effectiveAddress();
			if (place.delta) {
				this.value(place.delta);
				body.op(Wasm.ADD);
				if (this.insn.addressSize === 16) this.binary(Wasm.AND, 0xffff);
			} else this.address = local;
		}
		body.set(local);
		return local;
	}
	/** Leaves the memory byte of `size` bits at a linear address on the stack, or leaves the code when the TLB has it not. */
	private translate(address: number, size: number, tlb: number, miss: number): void {
		const { body } = this;
		body.get(address);
		this.binary(Wasm.SHR_U, 9);
		this.binary(Wasm.AND, 0x1ff8);
		body.tee(Local.SCRATCH);
		body.memory(Wasm.LOAD, tlb);
		body.get(address);
		if (size > 8) this.binary(Wasm.ADD, (size >> 3) - 1);
		this.binary(Wasm.AND, PAGE_MASK);
		body.op(Wasm.NE);
		body.if();
		body.get(address);
		body.set(Local.ADDRESS);
		this.leave(miss);
		body.end();
		body.get(Local.SCRATCH);
		body.memory(Wasm.LOAD, tlb + 4);
		body.get(address);
		body.op(Wasm.ADD);
	}
	/** Linear address of a vector; one that is not aligned where it must be is T0's. */
	private vectorAddress(place: Place, aligned: boolean): number {
		const { body } = this;
		const address = this.linear(place);
		if (aligned) {
			body.get(address);
			this.binary(Wasm.AND, 15);
			body.if();
			this.leave(Leave.PRECISE);
			body.end();
		}
		return address;
	}
	private load(address: number, size: Size): void {
		this.translate(address, size, TLB_READ, Leave.READ_MISS);
		this.body.memory(loadOf(size), 0);
	}

	// Registers
	private getRegister(register: number, size: Size): void {
		const { body } = this;
		if (size === 32) body.get(Local.GPR + register);
		else if (size === 16) {
			body.get(Local.GPR + register);
			this.binary(Wasm.AND, 0xffff);
		} else {
			body.get(Local.GPR + (register & 3));
			if (register >= 4) this.binary(Wasm.SHR_U, 8);
			this.binary(Wasm.AND, 0xff);
		}
	}
	private setRegister(register: number, size: Size, value: Expr): void {
		const { body } = this;
		if (size === 32) {
			this.value(value);
			body.set(Local.GPR + register);
			return;
		}
		const local = Local.GPR + (size === 8 ? register & 3 : register);
		const shift = size === 8 && register >= 4 ? 8 : 0;
		const mask = size === 8 ? 0xff : 0xffff;
		body.get(local);
		this.binary(Wasm.AND, ~(mask << shift));
		this.value(value);
		this.binary(Wasm.AND, mask);
		if (shift > 0) this.binary(Wasm.SHL, shift);
		body.op(Wasm.OR);
		body.set(local);
	}

	// Expressions: each leaves an i32
	private value(e: Expr): void {
		const { body } = this;
		switch (e.op) {
			case 'const':
				body.const(e.value);
				return;
			case 'temp':
				body.get(this.temp(`t${e.id}`));
				return;
			case 'word':
				body.const(e.name === 'imm' ? this.words.immediate : e.name === 'next' ? this.words.next : this.words.eip);
				return;
			case 'gpr':
				this.getRegister(this.register(e.where), e.size);
				return;
			case 'cond':
				this.condition(e.cc);
				return;
			case 'carry':
				body.get(Local.CARRY);
				return;
			case 'result':
				body.get(Local.RESULT);
				return;
			case 'stride':
				// bytes, or minus that when DF (bit 10) is set: bytes - (DF << 1) * bytes
				body.const(e.bytes);
				body.const(EFLAGS_W * 4);
				body.memory(Wasm.LOAD, 0);
				this.binary(Wasm.SHR_U, 10);
				this.binary(Wasm.AND, 1);
				this.binary(Wasm.MUL, e.bytes * 2);
				body.op(Wasm.SUB);
				return;
			case 'sp':
				body.get(Local.GPR + 4);
				if (e.delta !== 0) this.binary(Wasm.ADD, e.delta);
				return;
			case 'vscalar':
				this.vectors.scalar(e);
				return;
			case 'clz':
				this.value(e.a);
				body.op(Wasm.CLZ);
				return;
			case 'select':
				this.value(e.a);
				this.value(e.b);
				this.value(e.c);
				body.op(Wasm.SELECT);
				return;
			case 'probed':
				body.get(this.temp(`q${e.id}`));
				body.memory(loadOf(e.size), 0);
				return;
			case 'binary':
				if (e.fn === 'mulhu' || e.fn === 'mulhs') {
					const extend = e.fn === 'mulhu' ? Wasm.EXTEND_U : Wasm.EXTEND_S;
					this.value(e.a);
					body.op(extend);
					this.value(e.b);
					body.op(extend);
					body.op(Wasm.MUL64);
					body.const64(32);
					body.op(Wasm.SHR_U64);
					body.op(Wasm.WRAP);
					return;
				}
				this.value(e.a);
				this.value(e.b);
				body.op(BINARY[e.fn]);
		}
	}

	/** A condition code as 0 or 1; the same formulas over the lazy words as in T0. */
	private condition(cc: number): void {
		const { body } = this;
		const { RESULT, CARRY } = Local;
		const negative = (): void => this.binary(Wasm.LT_S, 0);
		const zero = (): void => {
			body.get(RESULT);
			body.op(Wasm.EQZ);
		};
		/** OF at bit 31: carry ^ carry << 1. */
		const overflow = (): void => {
			body.get(CARRY);
			body.get(CARRY);
			this.binary(Wasm.SHL, 1);
			body.op(Wasm.XOR);
		};
		/** SF at bit 31: result ^ carry << 31. */
		const sign = (): void => {
			body.get(RESULT);
			body.get(CARRY);
			this.binary(Wasm.SHL, 31);
			body.op(Wasm.XOR);
		};
		switch (cc >> 1) {
			case 0:
				overflow();
				negative();
				break;
			case 1:
				body.get(CARRY);
				negative();
				break;
			case 2:
				zero();
				break;
			case 3:
				body.get(CARRY);
				negative();
				zero();
				body.op(Wasm.OR);
				break;
			case 4:
				sign();
				negative();
				break;
			case 5:
				body.const(0x9669);
				body.get(RESULT);
				body.get(RESULT);
				this.binary(Wasm.SHR_U, 4);
				body.op(Wasm.XOR);
				this.binary(Wasm.AND, 15);
				body.op(Wasm.SHR_U);
				body.get(CARRY);
				this.binary(Wasm.SHR_U, 1);
				body.op(Wasm.XOR);
				this.binary(Wasm.AND, 1);
				break;
			default:
				sign();
				overflow();
				body.op(Wasm.XOR);
				negative();
				if (cc >> 1 === 7) {
					zero();
					body.op(Wasm.OR);
				}
		}
		if (cc & 1) body.op(Wasm.EQZ);
	}
}

const BINARY = {
	add: Wasm.ADD,
	sub: Wasm.SUB,
	mul: Wasm.MUL,
	and: Wasm.AND,
	or: Wasm.OR,
	xor: Wasm.XOR,
	shl: Wasm.SHL,
	shr: Wasm.SHR_U,
	sar: Wasm.SHR_S,
	eq: Wasm.EQ,
	ne: Wasm.NE,
	lt: Wasm.LT_S,
	ltu: Wasm.LT_U,
} as const;

function loadOf(size: Size): number {
	return size === 32 ? Wasm.LOAD : size === 16 ? Wasm.LOAD16_U : Wasm.LOAD8_U;
}
