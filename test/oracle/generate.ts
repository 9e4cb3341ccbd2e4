/**
 * Random cases: one encoding of a row crossed with several register, flag, segment and memory contents. Memory operands are
 * aimed: a register or the displacement is solved for, so that most accesses hit the mapped pages, some cross a page or hit a
 * hole or the read-only page, and none comes near native.c's own memory.
 */
import { Encoding, encode, type OracleRow, selector } from './encode.ts';
import { putFx, putOperand } from './float.ts';
import { chooseSegments, codePlace, dataPlace, stackPlace } from './places.ts';
import {
	type BatchWriter,
	CASE_WORDS,
	CaseFlag,
	CaseWord,
	FLAT_CODE,
	FX_WORDS,
	ldtSelector,
	MAX_BATCH_WORDS,
	offLimits,
	SSE_WORDS,
	STACK16,
	segmentBase,
} from './protocol.ts';
import type { Random } from './random.ts';
import { isVector, putVector, putXmm } from './vector.ts';

const ARITHMETIC = 0x8d5;
const DF = 0x400;
/** Alignment checks. Not with enter: AMD also checks the dword at the new top of the stack. */
const AC = 0x40000;
const ES = 0;
const CS = 1;
const SS = 2;
const DS = 3;

/** Rows that read or write selectors: they run with LDT selectors only, which are the same natively and in the guest. */
export function usesSelectors(row: OracleRow): boolean {
	return /\b(Sw|Ap|Mp|ES|CS|SS|DS|FS|GS)\b/.test(row.form) ||
		/^(retf|iret|lds|les|lfs|lgs|lss|lar|lsl|verr|verw|arpl|int)/.test(row.name)
		? true
		: [0x06, 0x07, 0x0e, 0x16, 0x17, 0x1e, 0x1f, 0x0fa0, 0x0fa1, 0x0fa8, 0x0fa9].includes(row.opcode);
}

const POPS = /^(pop|ret|iret|leave)/;
const STACK_FRAMES = /^(enter|leave)/;
/** Rows that may come second in a pair (no stack, no branch, no segment), and those that come first. */
const PAIRED =
	/^(add|adc|sub|sbb|and|or|xor|cmp|test|inc|dec|neg|not|mul|imul|shl|shr|sal|sar|rol|ror|rcl|rcr|shld|shrd|bt|bts|btr|btc|bsf|bsr|set.*|cmov.*|cmpxchg|xadd|xchg|mov|movzx|movsx|bswap|lahf|sahf|cmc|clc|stc|cld|std|daa|das|aaa|aas|aad|cbw|cwd|salc)$/;
const PRODUCERS = /^(add|adc|sub|sbb|cmp|inc|dec|neg|xadd|cmpxchg|sahf|cmc|clc|stc)$/;
/** Whether the row may come second in a pair; it needs a form without memory. */
const pairs = (row: OracleRow): boolean =>
	PAIRED.test(row.name) && !usesSelectors(row) && !/\b[OM]/.test(row.form) && row.mod !== 'mem';
const BIT_STRINGS = /^bt[src]?$/;

/** Makes cases for rows. One per worker: it keeps scratch space. */
export class Generator {
	private readonly random: Random;
	private readonly encoding = new Encoding();
	private readonly second = new Encoding();
	private readonly gpr = new Uint32Array(8);
	private readonly segment = new Uint32Array(6);
	private readonly scratch = new DataView(new ArrayBuffer(64));
	/** Instructions that leave all flags defined, to run before another one. */
	private readonly producers: readonly OracleRow[];
	private whole = false;
	private words!: Uint32Array;
	private patchAt = 0;
	private patches = 0;
	private place = 0;

	constructor(random: Random, rows: readonly OracleRow[]) {
		this.random = random;
		this.producers = rows.filter((row) => PRODUCERS.test(row.name));
	}

	/** Writes up to `variants` cases of one random encoding of the row. Returns how many; fewer when the batch is full. */
	group(batch: BatchWriter, row: OracleRow, variants: number): number {
		const { random, encoding } = this;
		this.whole = false;
		if (row.rep) this.whole = random.chance(35);
		if (this.producers.length > 0 && pairs(row) && random.chance(25)) this.encodePair(row);
		else encode(random, row, encoding, 15, random.chance(8));
		this.words = batch.words;
		this.place = codePlace(this.random, encoding.length);
		// an absolute address is the same for the whole group
		if (encoding.memory && encoding.base < 0 && encoding.index < 0) encoding.setDisplacement(dataPlace(this.random));
		let made = 0;
		for (let tries = 0; made < variants && tries < variants * 4 && batch.at < MAX_BATCH_WORDS; tries++) {
			const length = this.oneCase(batch.at);
			if (length === 0) continue;
			batch.at += length;
			batch.cases++;
			made++;
		}
		return made;
	}

	/** A flag-setting instruction, then the row's with register operands: flags go from one to the other. */
	private encodePair(row: OracleRow): void {
		const { random, encoding, second } = this;
		this.whole = true;
		encode(random, random.pick(this.producers), encoding, 8);
		do encode(random, row, second);
		while (second.memory || second.length + encoding.length > 15);
		encoding.bytes.set(second.bytes.subarray(0, second.length), encoding.length);
		encoding.length += second.length;
	}

	/** Writes one case at word `at`; returns its length, or 0 when it would come near native.c's memory. */
	private oneCase(at: number): number {
		const { random, encoding: e, gpr, segment, words } = this;
		const { row } = e;
		const codeBase = () => segmentBase(segment[CS]);
		chooseSegments(random, segment, usesSelectors(row), e.address16, e.code16);
		for (let i = 0; i < 8; i++) gpr[i] = random.operand();
		const stackBase = segmentBase(segment[SS]);
		const small = segment[SS] === STACK16;
		/** A stack pointer; of a 16-bit stack only the low half counts. */
		const pointer = (): number => {
			const offset = stackPlace(this.random) - stackBase;
			return small ? (random.u32() & 0xffff0000) | (offset & 0xffff) : offset;
		};
		const top = (register: number): number => ((small ? gpr[register] & 0xffff : gpr[register]) + stackBase) >>> 0;
		gpr[4] = pointer();
		if (STACK_FRAMES.test(row.name)) gpr[5] = pointer();
		this.patchAt = at + CASE_WORDS;
		this.patches = 0;
		this.specialRegisters();
		if (/^maskmov/.test(row.name)) gpr[7] = this.offsetOf(dataPlace(random), segment[e.segment]);
		if (row.form.includes('X') || row.form.includes('Y') || row.rep) this.strings();
		let linear = 0;
		if (e.memory) {
			let target = dataPlace(this.random);
			if (row.align && random.chance(92)) target &= -16;
			this.aim(target >>> 0);
			linear = this.linear();
			if (BIT_STRINGS.test(row.name) && row.ext === undefined && this.bitStringOffLimits(linear)) return 0;
			if (offLimits(linear)) return 0;
			if (usesSelectors(row) || random.chance(65)) this.patchMemory(linear);
		} else if (row.name.startsWith('xlat')) {
			const seg = e.segment;
			gpr[3] = dataPlace(this.random) - segmentBase(segment[seg]);
			if (
				offLimits(
					(segmentBase(segment[seg]) + (e.address16 ? (gpr[3] + (gpr[0] & 0xff)) & 0xffff : gpr[3] + (gpr[0] & 0xff))) >>> 0,
				)
			)
				return 0;
		}
		const stack = top(4);
		if (offLimits(stack) || (STACK_FRAMES.test(row.name) && offLimits(top(5)))) return 0;
		if (POPS.test(row.name)) this.patchStack(row.name === 'leave' ? top(5) : stack);

		const fx = row.fx === true || row.opcode === 0x9b;
		const vector = fx && isVector(row);
		words[at] =
			(fx ? CaseFlag.FX : 0) |
			(vector ? CaseFlag.SSE : 0) |
			(this.whole ? CaseFlag.WHOLE : 0) |
			(e.length << 8) |
			(this.patches << 16);
		words[at + CaseWord.EIP] = this.place - codeBase();
		for (let i = 0; i < 4; i++)
			words[at + CaseWord.CODE + i] =
				e.bytes[i * 4] | (e.bytes[i * 4 + 1] << 8) | (e.bytes[i * 4 + 2] << 16) | (e.bytes[i * 4 + 3] << 24);
		// bytes beyond the instruction are left over from longer ones: nobody may see them
		const last = CaseWord.CODE + (e.length >> 2);
		if (e.length < 16) words[at + last] &= (1 << ((e.length & 3) * 8)) - 1;
		for (let i = last + 1; i < CaseWord.GPRS; i++) words[at + i] = 0;
		for (let i = 0; i < 8; i++) words[at + CaseWord.GPRS + i] = gpr[i];
		const flags = random.u32();
		words[at + CaseWord.EFLAGS] =
			0x202 |
			(flags & ARITHMETIC) |
			(flags >>> 28 < (row.rep ? 5 : 1) ? DF : 0) |
			(row.name !== 'enter' && random.chance(3) ? AC : 0);
		words[at + CaseWord.ES_CS] = segment[ES] | (segment[CS] << 16);
		words[at + CaseWord.SS_DS] = segment[SS] | (segment[DS] << 16);
		words[at + CaseWord.FS_GS] = segment[4] | (segment[5] << 16);
		words[at + CaseWord.CODE_LINEAR] = this.place;
		if (fx) {
			putFx(random, words, this.patchAt);
			if (vector) putXmm(random, row, words, this.patchAt);
			this.patchAt += vector ? SSE_WORDS : FX_WORDS;
		}
		return this.patchAt - at;
	}

	/** Register values that make a row do something interesting more often than chance would. */
	private specialRegisters(): void {
		const { random, encoding: e, gpr } = this;
		const { name } = e.row;
		if (/^i?div$/.test(name) && random.chance(70)) {
			// a quotient that fits: a high half smaller than the divisor
			gpr[2] = random.chance(50) ? random.below(8) : gpr[2] >>> random.below(32);
			if (random.chance(30)) gpr[2] = (gpr[0] & 0x80000000) >> 31;
			if (random.chance(50)) gpr[0] = ((gpr[0] & 0xffff00ff) | ((gpr[0] & 0x80 ? 0xff : 0) << 8)) >>> 0;
			else if (random.below(2) === 0) gpr[0] &= 0xffff07ff;
		}
		if (name.startsWith('cmpxchg') && e.mod === 3 && random.chance(50)) gpr[0] = gpr[e.rm];
		if (/^(loop|jcxz|jecxz)/.test(name) && random.chance(60)) gpr[1] = random.pick([0, 1, 2, 0x10000, 0x10001]);
		if (usesSelectors(e.row) && e.mod === 3) {
			gpr[e.rm] = (random.u32() & 0xffff0000) | selector(random);
			if (name === 'arpl') gpr[e.reg] = (random.u32() & 0xffff0000) | selector(random);
		}
		if (BIT_STRINGS.test(name) && e.memory && random.chance(60)) {
			gpr[e.reg] = random.chance(50) ? random.below(256) : random.below(0x10000) - 0x8000;
		}
	}

	private strings(): void {
		const { random, encoding: e, gpr, segment } = this;
		const source = dataPlace(this.random);
		const destination = random.chance(25) ? source + random.below(9) - 4 : dataPlace(this.random);
		gpr[6] = this.offsetOf(source, segment[e.segment]);
		gpr[7] = this.offsetOf(destination, segment[ES]);
		// a whole run changes at most 255 dwords
		if (this.whole) gpr[1] = random.chance(80) ? random.below(64) : random.below(240);
		else if (random.chance(85)) gpr[1] = random.pick([0, 1, 2, 3, 5, 0x10000, 0x10002]);
		if (offLimits((gpr[6] + segmentBase(segment[e.segment])) >>> 0)) gpr[6] = 0x100;
		if (offLimits((gpr[7] + segmentBase(segment[ES])) >>> 0)) gpr[7] = 0x100;
		if (random.chance(50)) {
			const value = random.chance(50) ? gpr[0] : random.operand();
			this.scratch.setUint32(0, value, true);
			this.patch(source, 4);
			if (random.chance(70)) this.patch(destination, 4);
		}
	}

	private offsetOf(linear: number, seg: number): number {
		const offset = (linear - segmentBase(seg)) >>> 0;
		return this.encoding.address16 ? (offset & 0xffff) + ((this.random.u32() & 0xffff) << 16) : offset;
	}

	/** Changes the base or index register so that the operand is at a linear address, as nearly as the form allows. */
	private aim(target: number): void {
		const { encoding: e, gpr, segment } = this;
		if (e.base < 0 && e.index < 0) return;
		const offset = target - segmentBase(segment[e.segment]) - e.displacement;
		if (e.address16) {
			const solved = e.index < 0 ? offset : offset - gpr[e.index];
			const from = gpr[e.base] & 0xffff0000;
			gpr[e.base] = from | (solved & 0xffff);
			return;
		}
		if (e.index < 0) gpr[e.base] = offset;
		else if (e.base < 0) gpr[e.index] = ((offset >>> 0) >>> e.scale) | (this.random.below(1 << e.scale) << (32 - e.scale));
		else if (e.base !== e.index) gpr[e.base] = offset - (gpr[e.index] << e.scale);
		else gpr[e.base] = Math.floor((offset >>> 0) / (1 + (1 << e.scale)));
	}

	/** Linear address of the memory operand with the registers as they are. */
	private linear(): number {
		const { encoding: e, gpr, segment } = this;
		let offset = e.displacement;
		if (e.base >= 0) offset += gpr[e.base];
		if (e.index >= 0) offset += gpr[e.index] << e.scale;
		if (e.address16) offset &= 0xffff;
		return (offset + segmentBase(segment[e.segment])) >>> 0;
	}

	private bitStringOffLimits(linear: number): boolean {
		const { encoding: e, gpr } = this;
		const bit = e.operand16 ? (gpr[e.reg] << 16) >> 16 : gpr[e.reg] | 0;
		return offLimits((linear + (bit >> 3)) >>> 0);
	}

	/** Puts something fitting into the memory operand. */
	private patchMemory(linear: number): void {
		const { random, encoding: e, gpr, scratch } = this;
		const { name, opcode } = e.row;
		let bytes = random.chance(30) ? 8 : 4;
		scratch.setUint32(0, random.operand(), true);
		scratch.setUint32(4, random.operand(), true);
		if (isVector(e.row)) bytes = putVector(random, scratch, 0, e.row);
		else if (opcode >= 0xd8 && opcode <= 0xdf) bytes = putOperand(random, scratch, 0, opcode, e.reg);
		else if (/\bMp\b/.test(e.row.form)) {
			scratch.setUint16(e.operand16 ? 2 : 4, selector(random), true);
			bytes = 8;
		} else if (usesSelectors(e.row)) scratch.setUint16(0, selector(random), true);
		else if (name === 'bound') {
			const low = (gpr[e.reg] | 0) - random.below(3);
			if (e.operand16) scratch.setUint32(0, (low & 0xffff) | ((low + random.below(6) - 1) << 16), true);
			else {
				scratch.setInt32(0, low, true);
				scratch.setInt32(4, low + random.below(6) - 1, true);
			}
			bytes = 8;
		} else if (name === 'cmpxchg8b' && random.chance(60)) {
			scratch.setUint32(0, gpr[0], true);
			scratch.setUint32(4, gpr[2], true);
			bytes = 8;
		} else if (name === 'cmpxchg' && random.chance(50)) scratch.setUint32(0, gpr[0], true);
		this.patch(linear, bytes);
	}

	/** Puts what a pop, return or iret takes on the stack: offsets, selectors, flags. */
	private patchStack(linear: number): void {
		const { random, encoding: e, scratch } = this;
		const width = e.operand16 ? 2 : 4;
		const { name } = e.row;
		for (let i = 0; i < 12; i += 4) scratch.setUint32(i, random.operand(), true);
		const put = (slot: number, value: number) =>
			width === 2 ? scratch.setUint16(slot * 2, value, true) : scratch.setUint32(slot * 4, value, true);
		// flags: everything but VM, which iret may not set at privilege 3 anyway; TF as often as not
		const flags = random.u32() & (random.chance(80) ? 0xcd5 | (random.u32() & 0x100) : 0x3d7fff);
		if (name.startsWith('popf')) put(0, flags);
		else if (name.startsWith('iret')) {
			put(1, random.chance(75) ? random.pick([FLAT_CODE, ldtSelector(7), ldtSelector(8)]) : selector(random));
			put(2, flags);
		} else if (name.startsWith('retf')) put(1, random.chance(75) ? random.pick([FLAT_CODE, ldtSelector(7)]) : selector(random));
		else if (usesSelectors(e.row)) put(0, selector(random));
		this.patch(linear, 12);
	}

	/** Adds the first bytes of the scratch space as contents of memory. */
	private patch(linear: number, bytes: number): void {
		if (this.patches === 15) return;
		const { words, scratch } = this;
		words[this.patchAt++] = linear;
		words[this.patchAt++] = bytes;
		for (let i = 0; i < bytes; i += 4) words[this.patchAt++] = scratch.getUint32(i, true);
		this.patches++;
	}
}
