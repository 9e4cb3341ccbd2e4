/**
 * The second printer of the IR: its encoder, and every recorded sample run by translated code as far as that goes. Random
 * programs run through both printers in steps.test.ts; the oracle compares with hardware (../oracle/sample.test.ts).
 */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createCpu, createTranslatingCpu } from '../../src/cpu/cpu.ts';
import { Body, Wasm } from '../../src/cpu/translator/encoder.ts';
import type { MachineEvent } from '../../src/events/event.ts';
import { Rerun } from '../../src/replay/rerun.ts';
import { samples } from '../laws/traces.ts';
import { CODE, DATA, machine, PERSONA } from './machine.ts';
import { randomOf } from './programs.ts';

declare const WebAssembly: {
	readonly Module: new (bytes: Uint8Array) => object;
	readonly Instance: new (module: object, imports: object) => { readonly exports: { f(...n: number[]): number } };
	readonly Memory: new (limits: { initial: number; maximum: number }) => { readonly buffer: ArrayBuffer };
};

/** The function of a body, over a fresh memory of one page. */
function run(parameters: number, build: (body: Body) => void): (...n: number[]) => number {
	const body = new Body();
	build(body);
	const m = new WebAssembly.Memory({ initial: 1, maximum: 1 });
	return new WebAssembly.Instance(new WebAssembly.Module(body.module(parameters, 1)), { m: { m } }).exports.f;
}

test('numbers of every length come through', () => {
	for (const n of [0, 1, -1, 63, 64, -64, -65, 127, 128, 8191, 8192, -8192, -8193, 0x7fffffff, -0x80000000, 0x12345678, -4096])
		assert.is(run(0, (b) => b.const(n))(), n);
});

test('labels are counted from where a branch stands', () => {
	// Which of four blocks a number leads to
	const f = run(1, (b) => {
		const blocks = [b.block(), b.block(), b.block()];
		b.get(0);
		b.brTable([blocks[2], blocks[1], blocks[0]]);
		for (const [i] of blocks.entries()) {
			b.end();
			b.const(i * 11);
			b.op(Wasm.RETURN);
		}
		b.const(0);
	});
	assert.equal(
		[0, 1, 2, 3, -1].map((n) => f(n)),
		[0, 11, 22, 22, 22],
	);
});

for (const { name, trace } of samples()) {
	if (trace.header.grain !== 'inputs') continue;
	test(`${name}: translated code makes the recorded run`, () => {
		const { cpuid, userCs, userDs } = trace.header.persona;
		const { cpu, counts } = createTranslatingCpu({ cpuid, userCs, userDs }, { blocks: 64, steps: 64, visits: 2 });
		const runs = (with_?: typeof cpu): MachineEvent[] => {
			const events: MachineEvent[] = [];
			const rerun = Rerun.fromStart(trace, 'runs', (event) => events.push(event), with_);
			rerun.advance(Number.MAX_SAFE_INTEGER);
			return events;
		};
		const [want, got] = [runs(), runs(cpu)];
		const at = want.findIndex((event, i) => JSON.stringify(event, bigints) !== JSON.stringify(got[i], bigints));
		assert.is(at, -1, `event ${at}: ${JSON.stringify(want[at], bigints)}, got ${JSON.stringify(got[at], bigints)}`);
		assert.is(got.length, want.length);
		const { translated, precise } = counts;
		if (precise < 100) return;
		assert.ok(translated * 8 > precise, `${translated} steps translated, ${precise} by T0`);
	});
}

test("arithmetic in floating point is the interpreter's, where it is quiet and where it is not", () => {
	const { cpu: translating, counts } = createTranslatingCpu(PERSONA, { blocks: 4, steps: 1, visits: 0 });
	const interpreting = createCpu(PERSONA);
	const random = randomOf(20081019);
	for (const opcode of [0x51, 0x58, 0x59, 0x5c, 0x5e]) {
		for (const prefix of [[], [0x66], [0xf2], [0xf3]]) {
			// OP xmm0, xmm1; OP xmm2, [esi]
			const code = [...prefix, 0x0f, opcode, 0xc1, ...prefix, 0x0f, opcode, 0x16];
			const before = counts.translated;
			for (let n = 0; n < 60; n++) {
				const fx = fxImage(random, n % 8 === 0, opcode === 0x51);
				const operand = fx.slice(192, 208);
				const [a, b] = [interpreting, translating].map((cpu) => {
					machine(code, { fx, esi: DATA, eip: CODE }, cpu);
					cpu.memory.write(DATA, operand);
					const stops = [cpu.run(1, 0), cpu.run(1, 0)];
					return { stops, fault: cpu.fault, fx: [...cpu.save().fx] };
				});
				assert.equal(b, a, `${code.map((byte) => byte.toString(16)).join(' ')}, case ${n}`);
			}
			assert.ok(counts.translated - before > 40, `${counts.translated - before} steps of 0f ${opcode.toString(16)} translated`);
		}
	}
});

/** An image with PE set, all masked, and numbers of middling size in xmm0..xmm3 (as doubles and as singles), or anything at all. */
function fxImage(random: () => number, anything: boolean, positive: boolean): Uint8Array {
	const fx = new Uint8Array(512);
	const view = new DataView(fx.buffer);
	view.setUint16(0, 0x37f, true);
	view.setUint32(24, anything ? 0x1f80 | (random() & 0x6000) : 0x1fa0, true);
	for (let i = 0; i < 16; i++) {
		const word = anything
			? random()
			: ((random() & (positive ? 0x7fffff : 0x807fffff)) | (0x3e800000 + (random() & 0x03800000))) >>> 0;
		view.setUint32(160 + i * 4, random() % 12 === 0 ? 0 : word, true);
	}
	return fx;
}

const bigints = (_: string, value: unknown): unknown => (typeof value === 'bigint' ? `${value}n` : value);

test.run();
