/** The processor's contract: why it stops, what counts as a step, time, identity, descriptors. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type LiveCpu, Stop } from '../../src/cpu/contract.ts';
import { createCpu } from '../../src/cpu/cpu.ts';
import { effectsOf } from '../../src/cpu/effects.ts';
import { Builder } from '../../src/cpu/ir.ts';
import { Flag, ROWS } from '../../src/cpu/isa/index.ts';
import { stepEvents } from '../../src/events/steps.ts';
import { CODE, DATA, initialState, machine, PERSONA } from './machine.ts';

const cpu: LiveCpu = createCpu(PERSONA);
function start(code: number[], more = {}): LiveCpu {
	machine(code, more, cpu);
	return cpu;
}

test('stops say why, and eip and the count are exact', () => {
	start([0x90, 0x90, 0xcd, 0x80, 0x90]);
	assert.is(cpu.run(2, 0), Stop.BUDGET);
	assert.is(cpu.retired, 2);
	assert.is(cpu.run(9, 0), Stop.INT80);
	assert.is(cpu.retired, 1);
	assert.is(cpu.eip, CODE + 4);
	start([0x0f, 0x34]);
	assert.is(cpu.run(9, 0), Stop.SYSENTER);
	assert.is(cpu.eip, CODE + 2);
});

test('a fault does not count, a trap does', () => {
	start([0x40, 0x0f, 0x0b]);
	assert.is(cpu.run(9, 0), Stop.FAULT);
	assert.is(cpu.retired, 1);
	assert.is(cpu.eip, CODE + 1);
	assert.equal(cpu.fault, { vector: 6, error: 0, address: 0, bus: false });
	start([0x40, 0xcc]);
	assert.is(cpu.run(9, 0), Stop.FAULT);
	assert.is(cpu.retired, 2);
	assert.is(cpu.eip, CODE + 2);
	assert.is(cpu.fault!.vector, 3);
	start([0xf4]);
	assert.is(cpu.run(9, 0), Stop.FAULT);
	assert.equal(cpu.fault, { vector: 13, error: 0, address: 0, bus: false });
	start([0xcd, 0x21]);
	cpu.run(9, 0);
	assert.is(cpu.fault!.error, 0x21 * 8 + 2);
	start([0x31, 0xc9, 0xf7, 0xf1]);
	cpu.run(9, 0);
	assert.is(cpu.fault!.vector, 0);
});

test('a vector store over code, across pages, through both loops', () => {
	const le = (v: number): number[] => [v & 255, (v >>> 8) & 255, (v >>> 16) & 255, v >>> 24];
	// movups [CODE+16],xmm0; jmp +7; (16:) mov eax,5; nops; (32:) movups [DATA+4088],xmm0; movups xmm1,[DATA+4088]
	const code = [0x0f, 0x11, 0x05, ...le(CODE + 16), 0xeb, 7, ...Array<number>(7).fill(0x90), 0xb8, ...le(5)];
	code.push(...Array<number>(11).fill(0x90), 0x0f, 0x11, 0x05, ...le(DATA + 4088), 0x0f, 0x10, 0x0d, ...le(DATA + 4088));
	const fx = new Uint8Array(512);
	fx.set([0x80, 0x1f], 24);
	const stored = [0xb8, ...le(7), ...Array<number>(11).fill(0x90)];
	fx.set(stored, 160);
	for (const run of ['run', 'record'] as const) {
		start(code, { fx, eip: CODE + 16 });
		assert.is(cpu[run](2, 0), Stop.BUDGET);
		assert.is(cpu.gpr(0), 5);
		cpu.patch({ eip: CODE });
		assert.is(cpu[run](3 + 11 + 2, 0), Stop.BUDGET);
		assert.is(cpu.gpr(0), 7, run);
		assert.equal([...cpu.memory.read(DATA + 4088, 16)!], stored);
		assert.equal([...cpu.save().fx.subarray(176, 192)], stored);
		if (run === 'run') continue;
		const steps = [...stepEvents(cpu.takeSteps(1, 0))];
		const written = steps.flatMap((step) => step.writes.map((w) => [w.address, ...w.bytes]));
		assert.is(written.length, 8, 'two stores of four dwords');
		assert.equal(
			steps.at(-1)?.fx.map(([index]) => index),
			[44, 45, 46, 47],
		);
	}
});

test('an unknown instruction is unsupported, a wrong lock prefix is #UD', () => {
	start([0x0f, 0xff ^ 0xf5, 1, 2, 3]); // 0f 0a
	assert.is(cpu.run(9, 0), Stop.UNSUPPORTED);
	assert.is(cpu.retired, 0);
	assert.equal([...cpu.bytesAtEip().subarray(0, 5)], [0x0f, 0x0a, 1, 2, 3]);
	start([0xf2, 0x0f, 0x7c, 0xc1]); // haddps: SSE3, which this persona does not offer
	assert.is(cpu.run(9, 0), Stop.UNSUPPORTED);
	start([0xf0, 0x01, 0xc0]);
	assert.is(cpu.run(9, 0), Stop.FAULT);
	assert.is(cpu.fault!.vector, 6);
});

test('TF stops after each step; popf that sets it lets one more pass', () => {
	start([0x90, 0x90], { eflags: 0x302 });
	assert.is(cpu.run(9, 0), Stop.DEBUG);
	assert.is(cpu.retired, 1);
	assert.is(cpu.fault!.vector, 1);
	// push 0x302; popf; nop; nop
	start([0x68, 2, 3, 0, 0, 0x9d, 0x90, 0x90]);
	assert.is(cpu.run(9, 0), Stop.DEBUG);
	assert.is(cpu.retired, 3);
	start([0xf3, 0xaa], { eflags: 0x302, ecx: 3, edi: DATA });
	assert.is(cpu.run(9, 0), Stop.DEBUG);
	assert.is(cpu.gpr(1), 2);
	assert.is(cpu.eip, CODE);
});

test('a REP counts one step an iteration, and one when there is nothing to do', () => {
	start([0xf3, 0xaa, 0xcd, 0x80], { ecx: 5, edi: DATA });
	cpu.run(99, 0);
	assert.is(cpu.retired, 6);
	start([0xf3, 0xaa, 0xcd, 0x80], { ecx: 0, edi: DATA });
	cpu.run(99, 0);
	assert.is(cpu.retired, 2);
	start([0xf3, 0xa4], { ecx: 5, esi: DATA, edi: DATA + 16384 - 2 });
	assert.is(cpu.run(99, 0), Stop.FAULT);
	assert.is(cpu.retired, 2);
	assert.is(cpu.gpr(1), 3);
	assert.is(cpu.eip, CODE);
});

test('rdtsc is the position, cpuid the persona', () => {
	start([0x90, 0x90, 0x0f, 0x31, 0xcd, 0x80]);
	cpu.run(99, 0x500000000);
	assert.is(cpu.gpr(0), 2);
	assert.is(cpu.gpr(2), 5);
	start([0x0f, 0xa2, 0xcd, 0x80], { eax: 0 });
	cpu.run(99, 0);
	assert.is(cpu.gpr(3), 0x756e6547);
	start([0x0f, 0xa2, 0xcd, 0x80], { eax: 77 });
	cpu.run(99, 0);
	assert.is(cpu.gpr(0), 0x6b1, 'an unknown leaf answers the highest');
});

test('user mode cannot change IF and IOPL', () => {
	start([0x68, 0x02, 0x30, 0, 0, 0x9d, 0x9c, 0x58, 0xcd, 0x80]); // push 0x3002; popf; pushf; pop eax
	cpu.run(99, 0);
	assert.is(cpu.gpr(0), 0x202);
});

test('TLS segments have a base; their selectors go when the descriptor does', () => {
	const { pager } = machine([0x65, 0xa1, 4, 0, 0, 0, 0xcd, 0x80], {}, cpu);
	const base = DATA + 0x100;
	// 32-bit writable data, DPL 3, limit in pages
	const tls = [{ a: ((base & 0xffff) << 16) | 0xffff, b: (base & 0xff000000) | 0x00cff200 | ((base >>> 16) & 0xff) }];
	cpu.load(initialState({ gs: 0x33 }), { tls, ldt: [] }, pager, false);
	cpu.memory.write(base + 4, Uint8Array.of(1, 2, 3, 4));
	assert.is(cpu.run(99, 0), Stop.INT80);
	assert.is(cpu.gpr(0), 0x04030201);
	cpu.setTables({ tls: [{ a: 0, b: 0 }], ldt: [] });
	assert.is(cpu.save().gs, 0);
	cpu.patch({ eip: CODE });
	assert.is(cpu.run(99, 0), Stop.FAULT);
	assert.equal(cpu.fault, { vector: 13, error: 0, address: 0, bus: false });
});

test('an operand over the end of a flat segment is #GP, #SS on the stack', () => {
	start([0xa1, 0xfe, 0xff, 0xff, 0xff]);
	cpu.run(1, 0);
	assert.equal(cpu.fault, { vector: 13, error: 0, address: 0, bus: false });
	start([0x50], { esp: 2 });
	cpu.run(1, 0);
	assert.equal(cpu.fault, { vector: 12, error: 0, address: 0, bus: false });
	start([0x8b, 0x45, 0x00], { ebp: 0xfffffffd });
	cpu.run(1, 0);
	assert.is(cpu.fault!.vector, 12);
	start([0xa0, 0xff, 0xff, 0xff, 0xff]);
	cpu.run(1, 0);
	assert.equal(cpu.fault, { vector: 14, error: 4, address: 0xffffffff, bus: false });
});

test('alignment is checked when AC is set', () => {
	start([0xa1, 1, 0xc0, 4, 8, 0xcd, 0x80], { eflags: 0x40202 });
	cpu.run(1, 0);
	assert.equal(cpu.fault, { vector: 17, error: 0, address: 0, bus: false });
	start([0xa1, 1, 0xc0, 4, 8, 0xcd, 0x80]);
	assert.is(cpu.run(9, 0), Stop.INT80);
});

test('equal machines give equal states, whichever way the flags came about', () => {
	start([0x31, 0xc0, 0xcd, 0x80]); // xor eax,eax
	cpu.run(9, 0);
	const a = cpu.save();
	const check = cpu.check();
	start([0x68, 0x46, 2, 0, 0, 0x9d, 0xcd, 0x80]); // the same flags by popf
	cpu.run(9, 0);
	cpu.patch({ eip: a.eip });
	assert.equal(cpu.save(), a);
	assert.is(cpu.check(), check);
});

test('the log stops a recording when it is full, and goes on after it is taken', () => {
	start([0xff, 0x05, 0, 0xc0, 4, 8, 0xeb, 0xf8]);
	let steps = 0;
	for (let i = 0; i < 3; i++) {
		assert.is(cpu.record(2 ** 30, 0), Stop.BUDGET);
		assert.ok(cpu.retired > 100_000);
		assert.is(cpu.record(10, 0), Stop.BUDGET);
		assert.is(cpu.retired, 0, 'no room');
		const columns = cpu.takeSteps(3, steps);
		steps += columns.count;
		assert.is(columns.siteEip.length, 2);
	}
	assert.is(new DataView(cpu.memory.read(DATA, 4)!.buffer).getUint32(0, true), Math.ceil(steps / 2));
});

test('the IR says what an instruction reads and writes', () => {
	const of = (opcode: number, memory: boolean): ReturnType<typeof effectsOf> => {
		const row = ROWS.find((r) => r.opcode === opcode)!;
		return effectsOf(new Builder(row, { operandSize: 32, memory, rep: 0, addressSize: 32 }).body);
	};
	const add = of(0x01, true);
	assert.equal([add.reads, add.gprs, add.stores, add.loads, add.flags], [[{ where: 'b', size: 32 }], [], [4], [4], true]);
	const jb = of(0x72, false);
	assert.equal([jb.readsFlags, jb.flags, jb.gprs], [Flag.CF, false, []]);
	const push = of(0x50, false);
	assert.equal(push.gprs, [{ where: 4, size: 32 }]);
});

test.run();
