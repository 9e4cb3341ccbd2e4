/**
 * Our processor in the oracle's small world: runs one case and says whether it did what the hardware did.
 */
import { Access, type CpuPersona, type LiveCpu, Stop } from '../../src/cpu/contract.ts';
import { createCpu, createTranslatingCpu } from '../../src/cpu/cpu.ts';
import { PI_66 } from '../../src/cpu/fpu/tables.ts';
import type { GuestMemory } from '../../src/cpu/memory.ts';
import type { TranslatorCounts } from '../../src/cpu/translator/translator.ts';
import { type CpuState, type Descriptor, FXSAVE_BYTES, Vector } from '../../src/events/cpu.ts';
import type { PageLookup } from '../../src/reducers/pages.ts';
import { compareState, compareStop, guestSelector, hex, isFault } from './compare.ts';
import type { CaseMask } from './masks.ts';
import {
	CASE_WORDS,
	CaseFlag,
	CaseWord,
	DESCRIPTORS,
	descriptorOf,
	FIRST_COMPARED,
	fxWords,
	NOP,
	OUTCOME_WORDS,
	OutcomeWord,
	PAGES,
	STACK16,
	seededPages,
	segmentBase,
} from './protocol.ts';
import { compareSteps, type Registers } from './steps.ts';

const TF = 0x100;
const INT3 = 0xcc;
/** More than any case that runs to its end needs. */
const WHOLE_STEPS = 1 << 16;
/** FPU, TSC, CX8, CMOV, CLFSH, MMX, FXSR, SSE, SSE2; in ecx SSE3 and SSSE3: whatever a row asks for before it does nothing, or something. */
const FEATURES = 0x0788a111 | 0x10;
const SSE3 = 1 | (1 << 9);
const PERSONA: CpuPersona = {
	cpuid: [
		[0, -1, 1, 0, 0, 0],
		[1, -1, 0x633, 0, SSE3, FEATURES],
	],
	userCs: 0x73,
	userDs: 0x7b,
};

/** Which printer of the IR executes the cases: the interpreter, or the translator to WebAssembly (what it does not translate is T0's). */
export type Engine = 't0' | 'wasm';
/** A case has one step to run. */
const ONE_BY_ONE = { blocks: 4, steps: 1, visits: 0 };

/** How to run a case on our side. */
export interface How {
	/** With TF set, as the hardware does: for rows that show TF or change it. */
	readonly stepped: boolean;
	/** The row loads ss: the trap of a single step waits for the next instruction. */
	readonly shadow: boolean;
	/** Through `record`; the steps must then say what happened. */
	readonly recorded: boolean;
	/** With the writable pages in the write TLB, as after a store: sealing has emptied it, and quick stores want to be seen too. */
	readonly warm: boolean;
}

/** How a case went. `unsupported`: ours stopped with UNSUPPORTED where the hardware has the instruction. */
export type Verdict = 'same' | 'differs' | 'unsupported';

/** The processor with the small world mapped. One per worker. */
export class Guest {
	private readonly cpu: LiveCpu;
	private pages: Uint8Array[] = [];
	private seed = -1;
	private codeAt = 0;
	private codeLength = 0;
	private readonly code = new Uint8Array(16);
	private readonly fx = new Uint8Array(FXSAVE_BYTES);
	/** Lines about what differed, filled when a verdict is 'differs'. */
	readonly differences: string[] = [];

	/** What translated code did; undefined with the interpreter. */
	readonly counts: TranslatorCounts | undefined;

	constructor(engine: Engine) {
		if (engine === 't0') this.cpu = createCpu(PERSONA, PI_66);
		else {
			const { cpu, counts } = createTranslatingCpu(PERSONA, ONE_BY_ONE, PI_66);
			this.cpu = cpu;
			this.counts = counts;
		}
	}

	/** Maps the memory a seed describes. */
	private world(seed: number): void {
		this.seed = seed;
		this.pages = seededPages(seed);
		const lookups = new Map<number, PageLookup>();
		PAGES.forEach(({ address, access }, index) => {
			lookups.set(address >>> 12, { access, object: 1, index, bytes: this.pages[index], bus: false });
		});
		const tls: Descriptor[] = [0, 1, 2].map(() => ({ a: 0, b: 0 }));
		const ldt: Descriptor[] = [];
		for (const d of DESCRIPTORS) (d.tls ? tls : ldt)[d.entry] = descriptorOf(d);
		const state: CpuState = {
			...{ eax: 0, ecx: 0, edx: 0, ebx: 0, esp: 0, ebp: 0, esi: 0, edi: 0, eip: 0, eflags: 0x202 },
			...{ es: 0x7b, cs: 0x73, ss: 0x7b, ds: 0x7b, fs: 0, gs: 0 },
			fx: this.fx,
			fpuUsed: true,
			debugreg: [0, 0, 0, 0, 0, 0, 0, 0],
		};
		this.cpu.load(state, { tls, ldt }, { lookup: (vpn) => lookups.get(vpn) }, false);
		this.codeLength = 0;
	}

	/** Runs the case at `at` of `words` and compares with the outcome at `out` of `outcomes`. */
	run(seed: number, words: Uint32Array, at: number, outcomes: Uint32Array, out: number, mask: CaseMask, how: How): Verdict {
		if (seed !== this.seed) this.world(seed);
		const { cpu, differences } = this;
		differences.length = 0;
		const fx = fxWords(words[at]);
		this.placeCode(words, at);
		const patchEnd = this.applyPatches(words, at);
		if (how.warm) this.warm();
		const whole = (words[at] & CaseFlag.WHOLE) !== 0;
		const trapped = how.stepped && !whole ? TF : 0;
		const registers = this.registers(words, at, fx > 0 ? patchEnd : 0, trapped);
		cpu.patch(registers);
		const budget = whole ? WHOLE_STEPS : 1;
		let stop = how.recorded ? cpu.record(budget, 0) : cpu.run(budget, 0);
		const columns = how.recorded ? cpu.takeSteps(1, 0) : undefined;
		const { retired } = cpu;
		const stepsEnd = columns && cpu.save();
		const written = this.written(columns ? outcomes[out] >>> 24 : 0, outcomes, out);
		const head = outcomes[out];
		// after loading ss the trap comes one instruction later: the NOP behind, or its fault
		if (how.shadow && !whole && stop === Stop.BUDGET && this.shadowed(words, at, outcomes, out)) stop = cpu.run(1, 0);
		const unsupported = stop === Stop.UNSUPPORTED;
		const verdict = compareStop(cpu, stop, outcomes, out, mask, differences);
		// #XM leaves its flags in MXCSR: they come with the fault, since the instruction has done nothing
		if (cpu.fault?.mxcsr) cpu.patch({ fx: withMxcsr(cpu.save().fx, cpu.fault.mxcsr) });
		if (verdict) compareState(cpu.save(), outcomes, out, mask, trapped, fx, differences);
		if (mask.slot && !isFault((head >>> 16) & 0xff)) this.ignoreSlot(outcomes, out);
		const clean = this.compareMemory(outcomes, out, mask.result || (mask.partial && isFault((head >>> 16) & 0xff)));
		if (columns && stepsEnd && clean && differences.length === 0) {
			const before = (address: number) => this.byteBefore(words, at, address);
			const seeded = (address: number) => this.byteSeeded(address);
			differences.push(...compareSteps(columns, retired, registers, stepsEnd, before, seeded, written));
		}
		this.restore(outcomes, out, clean);
		if (differences.length === 0) return 'same';
		return unsupported && ((head >>> 16) & 0xff) !== Vector.UD ? 'unsupported' : 'differs';
	}

	private shadowed(words: Uint32Array, at: number, outcomes: Uint32Array, out: number): boolean {
		const end = (words[at + CaseWord.EIP] + ((words[at] >>> 8) & 15)) >>> 0;
		if (this.cpu.eip !== end) return false;
		const eip = outcomes[out + OutcomeWord.EIP];
		return isFault((outcomes[out] >>> 16) & 0xff) ? eip === end : eip === end + 1;
	}

	private placeCode(words: Uint32Array, at: number): void {
		const length = (words[at] >>> 8) & 15;
		const linear = words[at + CaseWord.CODE_LINEAR];
		const { code } = this;
		const behind = words[at] & CaseFlag.WHOLE ? INT3 : NOP;
		let same = linear === this.codeAt && length === this.codeLength;
		for (let i = 0; i < 16; i++) {
			const byte = i < length ? (words[at + CaseWord.CODE + (i >> 2)] >>> ((i & 3) * 8)) & 0xff : i === length ? behind : NOP;
			if (code[i] !== byte) same = false;
			code[i] = byte;
		}
		if (same) return;
		if (this.codeLength > 0) this.writeCode(this.codeAt, NOPS);
		this.writeCode(linear, code);
		this.codeAt = linear;
		this.codeLength = length;
	}

	private writeCode(linear: number, bytes: Uint8Array): void {
		const room = PAGES[1].address + 4096 - linear;
		this.cpu.memory.write(linear, room < bytes.length ? bytes.subarray(0, room) : bytes, true);
	}

	private warm(): void {
		const memory = this.cpu.memory as GuestMemory;
		for (const { address, access } of PAGES) if (access & Access.WRITE) memory.ws(address, 1);
	}

	/** Writes the case's memory contents, as far as they lie in the compared pages; returns the word after them. */
	private applyPatches(words: Uint32Array, at: number): number {
		let p = at + CASE_WORDS;
		for (let n = (words[at] >>> 16) & 15; n > 0; n--) {
			const address = words[p];
			const length = words[p + 1];
			const bytes = new Uint8Array(words.buffer, words.byteOffset + (p + 2) * 4, length);
			this.writeClipped(address, bytes);
			p += 2 + ((length + 3) >> 2);
		}
		return p;
	}

	private writeClipped(address: number, bytes: Uint8Array): void {
		for (let done = 0; done < bytes.length; ) {
			const at = (address + done) >>> 0;
			const n = Math.min(bytes.length - done, 4096 - (at & 4095));
			const page = PAGES.findIndex((p) => p.address === (at & -4096) >>> 0);
			if (page >= FIRST_COMPARED) this.cpu.memory.write(at, bytes.subarray(done, done + n), true);
			done += n;
		}
	}

	/** Our memory where the hardware's changed. */
	private written(runs: number, outcomes: Uint32Array, out: number): Map<number, number> {
		const written = new Map<number, number>();
		for (let i = 0; i < runs; i++) {
			const address = outcomes[out + OUTCOME_WORDS + i * 2];
			const bytes = this.cpu.memory.read(address, 4);
			if (bytes) written.set(address, new DataView(bytes.buffer).getUint32(0, true));
		}
		return written;
	}

	private byteSeeded(address: number): number {
		const page = PAGES.findIndex((p) => p.address === (address & -4096) >>> 0);
		return page < 0 ? 0 : this.pages[page][address & 4095];
	}

	/** A byte of memory before the case ran: the last patch that covers it, or the seed's. */
	private byteBefore(words: Uint32Array, at: number, address: number): number {
		let byte = this.byteSeeded(address);
		let p = at + CASE_WORDS;
		for (let n = (words[at] >>> 16) & 15; n > 0; n--) {
			const offset = address - words[p];
			if (offset >= 0 && offset < words[p + 1]) byte = (words[p + 2 + (offset >> 2)] >>> ((offset & 3) * 8)) & 0xff;
			p += 2 + ((words[p + 1] + 3) >> 2);
		}
		return byte;
	}

	/** The case's registers as the guest sees them. */
	private registers(words: Uint32Array, at: number, fxAt: number, trapped: number): Registers {
		const g = at + CaseWord.GPRS;
		const esCs = words[at + CaseWord.ES_CS];
		const ssDs = words[at + CaseWord.SS_DS];
		const fsGs = words[at + CaseWord.FS_GS];
		const registers = {
			eax: words[g],
			ecx: words[g + 1],
			edx: words[g + 2],
			ebx: words[g + 3],
			esp: words[g + 4],
			ebp: words[g + 5],
			esi: words[g + 6],
			edi: words[g + 7],
			eip: words[at + CaseWord.EIP],
			eflags: words[at + CaseWord.EFLAGS] | trapped,
			es: guestSelector(esCs & 0xffff),
			cs: guestSelector(esCs >>> 16),
			ss: guestSelector(ssDs & 0xffff),
			ds: guestSelector(ssDs >>> 16),
			fs: guestSelector(fsGs & 0xffff),
			gs: guestSelector(fsGs >>> 16),
		};
		if (fxAt === 0) return registers;
		const fx = new Uint8Array(FXSAVE_BYTES);
		fx.set(new Uint8Array(words.buffer, words.byteOffset + fxAt * 4, fxWords(words[at]) * 4));
		return { ...registers, fx };
	}

	/** Writes what the hardware left in the upper half of the stack's top slot, so that it does not count. */
	private ignoreSlot(outcomes: Uint32Array, out: number): void {
		const ss = outcomes[out + OutcomeWord.SS_DS] & 0xffff;
		const esp = outcomes[out + OutcomeWord.GPRS + 4];
		const top = (segmentBase(ss) + (ss === STACK16 ? esp & 0xffff : esp)) >>> 0;
		for (let i = 2; i < 4; i++) {
			const at = (top + i) >>> 0;
			const page = PAGES.findIndex((p) => p.address === (at & -4096) >>> 0);
			if (page < FIRST_COMPARED) continue;
			let byte = this.pages[page][at & 4095];
			for (let r = outcomes[out] >>> 24; r > 0; r--) {
				const run = out + OUTCOME_WORDS + r * 2 - 2;
				if (outcomes[run] === (at & -4) >>> 0) byte = (outcomes[run + 1] >>> ((at & 3) * 8)) & 0xff;
			}
			this.cpu.memory.write(at, new Uint8Array([byte]), true);
		}
	}

	/** Compares every dirty page with what the hardware left; true when all are as expected. */
	private compareMemory(outcomes: Uint32Array, out: number, undefinedResult: boolean): boolean {
		const { cpu, differences, pages } = this;
		const runs = outcomes[out] >>> 24;
		if (cpu.memory.dirtyCount === 0 && runs === 0) return true;
		let seen = 0;
		let clean = true;
		for (const dirty of cpu.memory.seal()) {
			if (dirty.index < FIRST_COMPARED) continue;
			const base = PAGES[dirty.index].address;
			const view = new DataView(dirty.bytes.buffer, dirty.bytes.byteOffset);
			const original = new DataView(pages[dirty.index].buffer);
			// undo what the hardware changed as well: what is left over differs
			for (let i = 0; i < runs; i++) {
				const address = outcomes[out + OUTCOME_WORDS + i * 2];
				if ((address & -4096) >>> 0 !== base) continue;
				seen++;
				const want = outcomes[out + OUTCOME_WORDS + i * 2 + 1];
				const got = view.getUint32(address & 4095, true);
				if (got !== want && !undefinedResult) differences.push(`[${hex(address)}] ${hex(want)}, got ${hex(got)}`);
				if (got !== want) clean = false;
				view.setUint32(address & 4095, original.getUint32(address & 4095, true), true);
			}
			if (Buffer.compare(dirty.bytes, pages[dirty.index]) === 0) continue;
			clean = false;
			for (let i = 0; i < 4096; i += 4) {
				const [got, want] = [view.getUint32(i, true), original.getUint32(i, true)];
				if (got !== want && !undefinedResult) differences.push(`[${hex(base + i)}] ${hex(want)} (unchanged), got ${hex(got)}`);
			}
		}
		if (seen !== runs && !undefinedResult) {
			differences.push(`memory: ${runs} dwords change, ours changed other pages`);
			clean = false;
		}
		return clean;
	}

	/** Puts memory back as the seed says. */
	private restore(outcomes: Uint32Array, out: number, clean: boolean): void {
		const { cpu } = this;
		if (!clean) {
			cpu.memory.drop(1, FIRST_COMPARED, PAGES.length);
			return;
		}
		for (let i = outcomes[out] >>> 24; i > 0; i--) {
			const address = outcomes[out + OUTCOME_WORDS + i * 2 - 2];
			const page = PAGES.findIndex((p) => p.address === (address & -4096) >>> 0);
			cpu.memory.write(address, this.pages[page].subarray(address & 4095, (address & 4095) + 4), true);
		}
	}
}

/** The image with more flags in MXCSR. */
function withMxcsr(image: Uint8Array, flags: number): Uint8Array {
	const fx = image.slice();
	fx[24] |= flags;
	return fx;
}

const NOPS = new Uint8Array(16).fill(NOP);
