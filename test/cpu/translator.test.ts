/**
 * The second printer of the IR: its encoder, and every recorded sample run by translated code as far as that goes. Random
 * programs run through both printers in steps.test.ts; the oracle compares with hardware (../oracle/sample.test.ts).
 */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { createTranslatingCpu } from '../../src/cpu/cpu.ts';
import { Body, Wasm } from '../../src/cpu/translator/encoder.ts';
import type { MachineEvent } from '../../src/events/event.ts';
import { Rerun } from '../../src/replay/rerun.ts';
import { samples } from '../laws/traces.ts';

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
		const { cpu, counts } = createTranslatingCpu({ cpuid, userCs, userDs }, { blocks: 64, steps: 64 });
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
		assert.ok(counts.translated * 8 > counts.precise, `${counts.translated} steps translated, ${counts.precise} by T0`);
	});
}

const bigints = (_: string, value: unknown): unknown => (typeof value === 'bigint' ? `${value}n` : value);

test.run();
