/**
 * Runs one x87 row on a given state, without a processor around it, in the record format of native.c.
 * Record layouts: see native.c. Both sides put the data pointer as OPERAND_POINTER where it points at the memory operand.
 */
import type { HelperContext } from '../../../src/cpu/context.ts';
import { loadAll, storeAll } from '../../../src/cpu/fpu/environment.ts';
import { Fpu } from '../../../src/cpu/fpu/fpu.ts';
import { PI_66 } from '../../../src/cpu/fpu/tables.ts';
import { type Insn, newInsn } from '../../../src/cpu/insn.ts';
import type { Row } from '../../../src/cpu/isa/row.ts';
import { x87Rows } from '../../../src/cpu/isa/x87.ts';

export const RECORD = 256;
/** Bytes of the memory operand. */
export const MEMORY = 128;
export const OPERAND_POINTER = 0xeeee0000;
const IN = { OP: 0, PREFIX: 2, EFLAGS: 4, IMAGE: 8, MEM: 116 } as const;
export const OUT = { MF: 0, EFLAGS: 4, EAX: 8, IMAGE: 12, MEM: 120 } as const;
const OPERAND = 0x1000;
const SIGFPE = 8;
const SIGILL = 4;

class Stop extends Error {
	readonly signal: number;
	constructor(signal: number) {
		super(`signal ${signal}`);
		this.signal = signal;
	}
}

/** The row that x87 opcode bytes select. */
function findRow(opcode: number, modrm: number): Row | undefined {
	const mod = modrm >= 0xc0 ? 'reg' : 'mem';
	const reg = (modrm >> 3) & 7;
	const rows = x87Rows.filter((r) => r.opcode === opcode && (r.ext ?? reg) === reg && (r.mod ?? mod) === mod);
	return rows.find((r) => r.rm === (modrm & 7)) ?? rows.find((r) => r.rm === undefined);
}

/** A processor made of an x87, some memory, eflags and eax. */
export class Harness {
	private readonly block = new ArrayBuffer(512);
	private readonly mem = new DataView(new ArrayBuffer(512));
	private readonly fpu = new Fpu(this.block, 0);
	private readonly insn: Insn = newInsn();
	private flags = 0;
	private eax = 0;
	private readonly rows = new Map<number, Row | undefined>();
	private readonly context: HelperContext;

	constructor() {
		const { mem, fpu, insn } = this;
		fpu.reduceWith(PI_66);
		const part = {
			fpu,
			insn,
			eip: 0x8048000,
			persona: { cpuid: [[1, -1, 0, 0, 1, 0]], userCs: 0x73, userDs: 0x7b },
			selector: (n: number) => (n === 1 ? 0x23 : 0x2b),
			offset: () => OPERAND_POINTER,
			address: () => OPERAND,
			read16: (a: number) => mem.getUint16(a - OPERAND, true),
			read32: (a: number) => mem.getUint32(a - OPERAND, true),
			write16: (a: number, v: number) => mem.setUint16(a - OPERAND, v, true),
			write32: (a: number, v: number) => mem.setUint32(a - OPERAND, v, true),
			probe: () => {},
			eflags: () => this.flags,
			setFlags: (mask: number, value: number) => {
				this.flags = (this.flags & ~mask) | (value & mask);
			},
			setGpr16: (_n: number, value: number) => {
				this.eax = (this.eax & ~0xffff) | value;
			},
			raise: () => {
				throw new Stop(SIGFPE);
			},
			unsupported: () => {
				throw new Stop(SIGILL);
			},
			useFpu: () => {},
		};
		this.context = part as unknown as HelperContext;
	}

	/** Runs the record at `at` of `input` into the record at the same place of `output`. */
	run(input: DataView, output: DataView, at: number): void {
		const { fpu, insn, mem } = this;
		const opcode = input.getUint8(at + IN.OP);
		const modrm = input.getUint8(at + IN.OP + 1);
		const prefix = input.getUint8(at + IN.PREFIX);
		for (let i = 0; i < RECORD; i += 4) output.setUint32(at + i, 0);
		for (let i = 0; i < MEMORY; i += 4) mem.setUint32(i, input.getUint32(at + IN.MEM + i));
		loadAll(fpu, new DataView(input.buffer, input.byteOffset + at + IN.IMAGE, 108), true);
		this.flags = input.getUint32(at + IN.EFLAGS, true);
		this.eax = 0x12345678;
		insn.opcode = opcode;
		insn.modrm = modrm;
		insn.reg = (modrm >> 3) & 7;
		insn.rm = modrm & 7;
		insn.operandSize = prefix ? 16 : 32;
		const key = (opcode << 8) | modrm;
		if (!this.rows.has(key)) this.rows.set(key, findRow(opcode, modrm));
		const row = this.rows.get(key);
		try {
			if (row === undefined) throw new Stop(SIGILL);
			row.helper!(this.context);
		} catch (e) {
			if (!(e instanceof Stop)) throw e;
			output.setUint8(at, e.signal);
			return;
		}
		output.setUint32(at + OUT.EFLAGS, this.flags & 0x8d5, true);
		output.setUint32(at + OUT.EAX, this.eax, true);
		storeAll(fpu, new DataView(output.buffer, output.byteOffset + at + OUT.IMAGE, 108), true);
		for (let i = 0; i < MEMORY; i += 4) output.setUint32(at + OUT.MEM + i, mem.getUint32(i));
	}
}
