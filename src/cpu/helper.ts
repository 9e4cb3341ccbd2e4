/** The HelperContext of a processor: what instructions written as one function work on. */
import { Vector } from '../events/cpu.ts';
import type { CodeCache } from './code.ts';
import type { HelperContext } from './context.ts';
import { type CpuPersona, Stop } from './contract.ts';
import { arithFlags, flagCarry, flagResult } from './flags.ts';
import { Fpu } from './fpu/fpu.ts';
import { type Insn, newInsn } from './insn.ts';
import { STRIDE, Word } from './interpreter.ts';
import { Flag } from './isa/row.ts';
import {
	BUDGET_W, EFLAGS_W, FAULT_MXCSR_W, FAULT_W, FLAG_CARRY_W, FLAG_RESULT_W, FPU_USED_W, FX, LEFT_W, STOP_W,
} from './layout.ts'; // biome-ignore format: a list
import { GUEST_FAULT, type GuestMemory } from './memory.ts';
import { type Segments, SS } from './segments.ts';
import { Simd } from './simd/simd.ts';

const ESP = 4;

export class Helper implements HelperContext {
	readonly bytes: Uint8Array;
	readonly words: Int32Array;
	readonly view: DataView;
	readonly fpu: Fpu;
	readonly simd: Simd;
	readonly persona: CpuPersona;
	insn: Insn = newInsn();
	eip = 0;
	next = 0;
	/** RDTSC at the start of the slice, and the slice's steps. */
	tscBase = 0;
	slice = 0;
	private readonly memory: GuestMemory;
	private readonly segments: Segments;
	private readonly code: CodeCache;
	private target = 0;
	private redirected = false;
	/** Set by an instruction after which a single step does not trap. */
	inhibited = false;
	/** Set when segments changed: decoded code behind the instruction may be of another mode. */
	stale = false;

	constructor(memory: GuestMemory, segments: Segments, code: CodeCache, persona: CpuPersona) {
		this.bytes = memory.bytes;
		this.words = memory.words;
		this.view = memory.view;
		this.fpu = new Fpu(memory.words.buffer, FX);
		this.simd = new Simd(memory.words.buffer, (flags) => this.raiseXm(flags));
		this.memory = memory;
		this.segments = segments;
		this.code = code;
		this.persona = persona;
	}

	/** Runs a helper as the instruction of record p; returns the next record. */
	execute(p: number, insn: Insn, helper: (x: HelperContext) => void): number {
		this.insn = insn;
		this.eip = this.code.code[p + Word.EIP] >>> 0;
		this.next = this.code.code[p + Word.NEXT] >>> 0;
		this.redirected = false;
		this.stale = false;
		helper(this);
		if (this.redirected) return this.code.indirect(this.target | 0);
		return this.stale ? this.code.indirect(this.next | 0) : p + STRIDE;
	}

	get tsc(): number {
		return this.tscBase + this.slice - this.words[BUDGET_W];
	}
	get ldtr(): number {
		return this.segments.ldtr;
	}

	gpr8(i: number): number {
		return this.bytes[(i & 3) * 4 + (i >> 2)];
	}
	gpr16(i: number): number {
		return this.words[i] & 0xffff;
	}
	gpr32(i: number): number {
		return this.words[i] >>> 0;
	}
	setGpr8(i: number, value: number): void {
		this.bytes[(i & 3) * 4 + (i >> 2)] = value;
	}
	setGpr16(i: number, value: number): void {
		this.words[i] = (this.words[i] & ~0xffff) | (value & 0xffff);
	}
	setGpr32(i: number, value: number): void {
		this.words[i] = value;
	}

	eflags(): number {
		return (this.words[EFLAGS_W] | arithFlags(this.words[FLAG_RESULT_W], this.words[FLAG_CARRY_W])) >>> 0;
	}
	setFlags(mask: number, value: number): void {
		const { words } = this;
		if (mask & Flag.ARITH) {
			const arith = (arithFlags(words[FLAG_RESULT_W], words[FLAG_CARRY_W]) & ~mask) | (value & mask);
			words[FLAG_RESULT_W] = flagResult(arith);
			words[FLAG_CARRY_W] = flagCarry(arith);
		}
		const rest = mask & ~Flag.ARITH;
		if (rest === 0) return;
		const before = words[EFLAGS_W];
		words[EFLAGS_W] = (before & ~rest) | (value & rest);
		const changed = before ^ words[EFLAGS_W];
		if (changed & Flag.AC) this.segments.update();
		if (changed & (Flag.TF | Flag.RF)) this.stop(Stop.BUDGET);
	}

	offset(): number {
		const i = this.insn;
		const { words } = this;
		const sum = (words[i.base] + (words[i.index] << i.scale) + i.displacement) | 0;
		return i.addressSize === 16 ? sum & 0xffff : sum >>> 0;
	}
	selector(segment: number): number {
		return this.segments.selector(segment);
	}
	address(size: number, write: boolean, delta = 0): number {
		const offset = this.offset() + delta;
		return this.linear(this.insn.segment, this.insn.addressSize === 16 ? offset & 0xffff : offset, size, write);
	}
	linear(segment: number, offset: number, size: number, write: boolean): number {
		return this.segments.linear(segment, offset | 0, size, write);
	}
	read8(linear: number): number {
		return this.memory.read8(linear);
	}
	read16(linear: number): number {
		return this.memory.read16(linear);
	}
	read32(linear: number): number {
		return this.memory.read32(linear);
	}
	probe(linear: number, size: number): void {
		this.memory.probe(linear, size);
	}
	write8(linear: number, value: number): void {
		this.memory.write8(linear, value);
	}
	write16(linear: number, value: number): void {
		this.memory.write16(linear, value);
	}
	write32(linear: number, value: number): void {
		this.memory.write32(linear, value);
	}

	readOperand(size: number): number {
		const { insn } = this;
		if (insn.mod === 3) return size === 8 ? this.gpr8(insn.rm) : size === 16 ? this.gpr16(insn.rm) : this.gpr32(insn.rm);
		const at = this.address(size >> 3, false);
		return size === 8 ? this.read8(at) : size === 16 ? this.read16(at) : this.read32(at);
	}
	writableOperand(size: number): number {
		if (this.insn.mod === 3) return 0;
		const at = this.address(size >> 3, true);
		this.memory.probeOperand(at, size >> 3);
		return at;
	}
	writeOperand(size: number, value: number, at: number): void {
		const { insn } = this;
		if (insn.mod === 3) {
			if (size === 8) this.setGpr8(insn.rm, value);
			else if (size === 16) this.setGpr16(insn.rm, value);
			else this.setGpr32(insn.rm, value);
		} else if (size === 8) this.write8(at, value);
		else if (size === 16) this.write16(at, value);
		else this.write32(at, value);
	}

	stack(delta: number, size: number, write: boolean): number {
		return this.linear(SS, this.stackOffset(this.words[ESP] + delta), size, write);
	}
	moveStack(delta: number): void {
		this.setStack(this.words[ESP] + delta);
	}
	setStack(value: number): void {
		if (this.segments.bigStack) this.setGpr32(ESP, value);
		else this.setGpr16(ESP, value);
	}
	stackOffset(offset: number): number {
		return this.segments.bigStack ? offset >>> 0 : offset & 0xffff;
	}

	loadSegment(segment: number, selector: number): void {
		this.segments.loadData(segment, selector);
	}
	checkSegment(segment: number, selector: number): void {
		this.segments.checkData(segment, selector);
	}
	checkFar(selector: number, offset: number): number {
		return this.segments.checkCode(selector, offset, false);
	}
	checkFarReturn(selector: number, offset: number): number {
		return this.segments.checkCode(selector, offset, true);
	}
	farJump(selector: number, offset: number): void {
		const checked = this.segments.checkCode(selector, offset, false);
		this.segments.loadCode(checked);
		this.jump(offset);
	}
	descriptor(selector: number): { readonly a: number; readonly b: number } | undefined {
		return this.segments.descriptor(selector);
	}

	raise(vector: number, error = 0): never {
		return this.memory.raise(vector, error);
	}
	/** #XM: MXCSR's new flags go with the fault, since nothing of the instruction has happened. */
	private raiseXm(flags: number): never {
		this.words[FAULT_MXCSR_W] = flags;
		return this.memory.raise(Vector.XM, 0);
	}
	trap(vector: number): void {
		this.words[FAULT_W] = vector;
		this.words[FAULT_W + 1] = 0;
		this.words[FAULT_W + 2] = 0;
		this.words[FAULT_W + 3] = 0;
		this.stop(Stop.FAULT);
	}
	inhibit(): void {
		this.inhibited = true;
	}
	unsupported(): never {
		this.words[STOP_W] = Stop.UNSUPPORTED;
		throw GUEST_FAULT;
	}
	stop(code: number): void {
		const { words } = this;
		if (words[STOP_W] === 0) words[STOP_W] = code;
		if (words[BUDGET_W] > 1) {
			words[LEFT_W] = words[BUDGET_W] - 1;
			words[BUDGET_W] = 1;
		}
	}
	jump(eip: number): void {
		this.within(eip);
		this.target = eip;
		this.redirected = true;
	}
	useFpu(): void {
		this.words[FPU_USED_W] = 1;
	}

	/** Effective address of record p's memory operand. */
	readonly recordOffset = (p: number): number => {
		const { code } = this.code;
		const e = code[p + Word.ADDRESS];
		const sum = (this.words[e & 15] + (this.words[(e >> 4) & 15] << (e >>> 30)) + code[p + Word.DISPLACEMENT]) | 0;
		return e & (1 << 11) ? sum & 0xffff : sum;
	};
	readonly recordDelta = (p: number, delta: number): number => {
		const offset = (this.recordOffset(p) + delta) | 0;
		return this.code.code[p + Word.ADDRESS] & (1 << 11) ? offset & 0xffff : offset;
	};
	readonly recordAddress = (p: number, bytes: number, write: boolean): number =>
		this.segments.linear((this.code.code[p + Word.ADDRESS] >> 8) & 7, this.recordOffset(p), bytes, write);
	readonly within = (eip: number): void => {
		if (eip >>> 0 > this.code.csLimit) this.raise(Vector.GP, 0);
	};
	readonly stackTop = (delta: number): number => this.stackOffset(this.words[ESP] + delta) | 0;
	readonly stackMove = (delta: number): void => this.moveStack(delta);
}

/** High halves of 64-bit products. */
export function mulhu(a: number, b: number): number {
	const al = a & 0xffff;
	const ah = a >>> 16;
	const bl = b & 0xffff;
	const bh = b >>> 16;
	const low = al * bl;
	const middle = ah * bl + (low >>> 16);
	const cross = al * bh + (middle & 0xffff);
	return (ah * bh + Math.floor(middle / 65536) + Math.floor(cross / 65536)) | 0;
}
export function mulhs(a: number, b: number): number {
	return (mulhu(a, b) - (a < 0 ? b : 0) - (b < 0 ? a : 0)) | 0;
}
