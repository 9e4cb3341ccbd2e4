/**
 * Debug registers against what a real processor does: `debug.native.txt` is what `debug.native.c` printed for the snippets of
 * `debug.cases.txt` (AMD family 25, Linux 6.18). The loop here does with a stop what the kernel and the tracer did there.
 */
import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type LiveCpu, Stop } from '../../src/cpu/contract.ts';
import { createCpu } from '../../src/cpu/cpu.ts';
import { Vector } from '../../src/events/cpu.ts';
import { Dr6 } from '../../src/events/debug.ts';
import { initialState, PERSONA, RWX, TestPager } from './machine.ts';

const CODE = 0x10000000;
const DATA = 0x20000000;
const RF = 0x10000;
const read = (name: string): string => readFileSync(new URL(name, import.meta.url), 'utf8');

interface Case {
	readonly name: string;
	readonly debugreg: readonly number[];
	readonly code: readonly number[];
}
const CASES: readonly Case[] = read('./debug.cases.txt')
	.split('\n')
	.filter((line) => line !== '' && !line.startsWith('#'))
	.map((line) => {
		const [name, ...numbers] = line.split(' ');
		const [dr7, dr0, dr1, dr2, dr3, ...code] = numbers.map((n) => Number.parseInt(n, 16));
		return { name, debugreg: [dr0, dr1, dr2, dr3, 0, 0, 0, dr7], code };
	});

function load({ name, debugreg, code }: Case): LiveCpu {
	const pager = new TestPager();
	const page = new Uint8Array(4096).fill(0x90);
	page.set([...code, 0xcc]);
	pager.map(CODE, 4096, RWX, page);
	pager.map(
		DATA,
		8192,
		3,
		Uint8Array.from({ length: 8192 }, (_, i) => i),
	);
	const cpu = createCpu(PERSONA);
	const state = initialState({
		...{ eip: CODE, eax: 0x01020304, ecx: 3, esi: DATA, edi: DATA, esp: DATA + 0x1800, debugreg },
		eflags: name.startsWith('step') ? 0x302 : 0x202,
	});
	cpu.load(state, { tls: [], ldt: [] }, pager, false);
	return cpu;
}

/** Runs a snippet to its int3 or fault: the lines that the native program prints. */
function trace(c: Case, record: boolean): string[] {
	const cpu = load(c);
	const lines = [c.name];
	for (let stops = 0; stops < 40; ) {
		const stop = record ? cpu.record(1000, 0) : cpu.run(1000, 0);
		if (record) cpu.takeSteps(1, 0);
		if (stop === Stop.BUDGET) continue;
		const { fault } = cpu;
		const eip = (cpu.eip - CODE).toString(16);
		if (!fault || fault.vector !== Vector.DB) {
			lines.push(`  end ${eip} signal ${fault?.vector === Vector.PF ? 11 : 5}`);
			break;
		}
		stops++;
		const code = fault.error & Dr6.BS ? 2 : fault.error & Dr6.TRAPS ? 4 : 1;
		lines.push(`  ${eip} dr6 ${fault.error.toString(16)} code ${code} ecx ${cpu.gpr(1).toString(16)}`);
		// An instruction breakpoint: the kernel's answer sets RF
		if (stop === Stop.FAULT) cpu.patch({ eflags: cpu.save().eflags | RF });
	}
	return lines;
}

const native = read('./debug.native.txt')
	.trimEnd()
	.split(/\n(?! )/);
for (const record of [false, true]) {
	CASES.forEach((c, i) => {
		test(`${c.name}${record ? ', recorded' : ''}`, () => assert.equal(trace(c, record), native[i].split('\n')));
	});
}

test('an instruction breakpoint stops a repeated instruction before each turn', () => {
	const c = { name: 'rep', debugreg: [CODE, 0, 0, 0, 0, 0, 0, 1], code: [0xf3, 0xab, 0x40] };
	assert.equal(trace(c, false), ['rep', ...[3, 2, 1].map((n) => `  0 dr6 1 code 4 ecx ${n}`), '  end 4 signal 5']);
});

test('pages enter the TLBs again when the breakpoint is gone', () => {
	const cpu = load({ name: 'x', debugreg: [DATA, 0, 0, 0, 0, 0, 0, 0xf0001], code: [0x8b, 0x06, 0x8b, 0x06, 0x8b, 0x06] });
	assert.is(cpu.run(10, 0), Stop.DEBUG);
	cpu.patch({ debugreg: [DATA, 0, 0, 0, 0, 0, 1, 0] });
	assert.is(cpu.run(2, 0), Stop.BUDGET);
	assert.is(cpu.save().debugreg[6], 1);
});

test.run();
