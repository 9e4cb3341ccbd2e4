/** Speed of the x87's helpers under a minimal context: `node --import tsx test/cpu/fpu/bench.ts`. Numbers vary with the machine's load. */
import type { HelperContext } from '../../../src/cpu/context.ts';
import { Fpu } from '../../../src/cpu/fpu/fpu.ts';
import { newInsn } from '../../../src/cpu/insn.ts';
import { x87Rows } from '../../../src/cpu/isa/x87.ts';

class Context {
	readonly block = new ArrayBuffer(4096);
	readonly fpu = new Fpu(this.block, 0);
	readonly words = new Int32Array(this.block, 2048, 512);
	readonly insn = newInsn();
	eip = 0;
	at = 0;
	flags = 0;
	selector(n: number): number {
		return this.words[400 + n];
	}
	offset(): number {
		return this.at;
	}
	address(): number {
		return this.at;
	}
	read16(a: number): number {
		return this.words[a >> 2] & 0xffff;
	}
	read32(a: number): number {
		return this.words[a >> 2] >>> 0;
	}
	write16(a: number, v: number): void {
		this.words[a >> 2] = v;
	}
	write32(a: number, v: number): void {
		this.words[a >> 2] = v;
	}
	probe(): void {}
	useFpu(): void {
		this.words[410] = 1;
	}
	eflags(): number {
		return this.flags;
	}
	setFlags(mask: number, value: number): void {
		this.flags = (this.flags & ~mask) | value;
	}
}

const context = new Context();
const doubles = new Float64Array(context.block, 2048, 16);

/** Opcode, modrm, address of the memory operand. */
type Step = readonly [number, number, number];
const PROGRAMS: Readonly<Record<string, readonly Step[]>> = {
	fnop: [[0xd9, 0xd0, 0]],
	'fld fstp m64': [[0xdd, 0x06, 8], [0xdd, 0x1e, 24]],
	'fld fmul fadd fstp m64': [[0xdd, 0x06, 0], [0xdc, 0x0e, 8], [0xdc, 0x06, 16], [0xdd, 0x1e, 24]],
	'fld fld fmulp fstp': [[0xdd, 0x06, 0], [0xdd, 0x06, 8], [0xde, 0xc9, 0], [0xdd, 0x1e, 24]],
	'fld fld fadd st fxch fstp fstp': [[0xdd, 0x06, 0], [0xdd, 0x06, 8], [0xd8, 0xc1, 0], [0xd9, 0xc9, 0], [0xdd, 0x1e, 24], [0xdd, 0x1e, 32]],
	'fld fdiv fstp': [[0xdd, 0x06, 0], [0xdc, 0x36, 8], [0xdd, 0x1e, 24]],
	'fld fsqrt fstp': [[0xdd, 0x06, 8], [0xd9, 0xfa, 8], [0xdd, 0x1e, 24]],
	'fxch': [[0xd9, 0xc9, 0]],
	'fild fcomi fistp': [[0xdb, 0x06, 40], [0xdb, 0xf0, 8], [0xdb, 0x1e, 24]],
	'fld frndint fstp': [[0xdd, 0x06, 8], [0xd9, 0xfc, 8], [0xdd, 0x1e, 24]],
}; // biome-ignore format: one program a line

function find(opcode: number, modrm: number): (x: HelperContext) => void {
	const mod = modrm >= 0xc0 ? 'reg' : 'mem';
	const row = x87Rows.find(
		(r) => r.opcode === opcode && r.ext === ((modrm >> 3) & 7) && r.mod === mod && (r.rm ?? modrm & 7) === (modrm & 7),
	);
	return row!.helper!;
}

interface Prepared {
	readonly opcode: number;
	readonly modrm: number;
	readonly at: number;
	readonly helper: (x: HelperContext) => void;
}

function run(list: readonly Prepared[], loops: number): void {
	const { insn } = context;
	for (let i = 0; i < loops; i++) {
		for (let j = 0; j < list.length; j++) {
			const step = list[j];
			insn.opcode = step.opcode;
			insn.modrm = step.modrm;
			insn.rm = step.modrm & 7;
			context.at = step.at;
			context.eip = j;
			step.helper(context as unknown as HelperContext);
		}
	}
}

const best = new Map<string, number>();
for (let round = 0; round < 12; round++) {
	for (const [name, steps] of Object.entries(PROGRAMS)) {
		const list = steps.map(([opcode, modrm, at]) => ({ opcode, modrm, at, helper: find(opcode, modrm) }));
		context.fpu.h[0] = 0x37f;
		doubles.set([1.25, 3.7, 0.1]);
		context.words[10] = 77;
		const loops = Math.floor(3e5 / list.length);
		const start = process.hrtime.bigint();
		run(list, loops);
		const ns = Number(process.hrtime.bigint() - start) / loops / list.length;
		best.set(name, Math.min(ns, best.get(name) ?? Number.POSITIVE_INFINITY));
	}
}
for (const [name, ns] of best)
	console.log(`${name.padEnd(32)} ${ns.toFixed(1).padStart(6)} ns  ${(1000 / ns).toFixed(1).padStart(5)} MIPS`);
