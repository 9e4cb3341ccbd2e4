/** The x87 against a sample recorded on a processor, and the laws of its helpers. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { HelperContext } from '../../../src/cpu/context.ts';
import { Fpu } from '../../../src/cpu/fpu/fpu.ts';
import { newInsn } from '../../../src/cpu/insn.ts';
import { x87Rows } from '../../../src/cpu/isa/x87.ts';
import { compare, describe } from './compare.ts';
import { Harness, OUT, RECORD } from './harness.ts';
import { readSample } from './sample.ts';

test('agrees with the processor on the stored sample', () => {
	const { count, input, output } = readSample();
	const harness = new Harness();
	const mine = new DataView(new ArrayBuffer(count * RECORD));
	const differences: string[] = [];
	const seen = new Set<number>();
	for (let i = 0; i < count; i++) {
		const at = i * RECORD;
		const op = input.getUint16(at);
		harness.run(input, mine, at);
		if (compare(mine, output, at, op) !== '') differences.push(describe(input, mine, output, at, op));
		seen.add(op);
	}
	assert.is(differences.slice(0, 5).join('\n'), '');
	assert.ok(count > 5000 && seen.size > 300, `a sample of ${count} records, ${seen.size} opcodes`);
});

test('a comparison that must fail', () => {
	const { input, output } = readSample();
	const harness = new Harness();
	const mine = new DataView(new ArrayBuffer(RECORD));
	harness.run(input, mine, 0);
	assert.is(compare(mine, output, 0), '');
	for (const place of [
		0,
		OUT.EFLAGS,
		OUT.EAX,
		OUT.IMAGE,
		OUT.IMAGE + 4,
		OUT.IMAGE + 8,
		OUT.IMAGE + 28,
		OUT.IMAGE + 107,
		OUT.MEM,
	]) {
		mine.setUint8(place, mine.getUint8(place) ^ 1);
		assert.is.not(compare(mine, output, 0), '', `byte ${place}`);
		mine.setUint8(place, mine.getUint8(place) ^ 1);
	}
});

class PageFault extends Error {}

test('a page fault leaves no trace in the x87', () => {
	const refuse = (): never => {
		throw new PageFault();
	};
	const block = new ArrayBuffer(512);
	const fpu = new Fpu(block, 0);
	const insn = newInsn();
	const context = {
		fpu,
		insn,
		eip: 1,
		persona: { cpuid: [[1, -1, 0, 0, 1, 1 << 24]] },
		selector: () => 2,
		offset: () => 0x2000,
		address: () => 0x2000,
		probe: refuse,
		read16: refuse,
		read32: refuse,
		write16: refuse,
		write32: refuse,
		useFpu: () => {
			throw new Error('used');
		},
	} as unknown as HelperContext;
	let tried = 0;
	for (const row of x87Rows) {
		if (row.mod !== 'mem') continue;
		for (const full of [false, true]) {
			// A full stack with an inexact ST(0); or an empty one, whose store is a masked underflow.
			const words = new Int32Array(block);
			words.fill(0);
			fpu.h[0] = 0x37f;
			if (full) {
				words.fill(0x3ffe, 8, 40);
				words[1] = 0xff;
				words[9] = -2;
			}
			const before = words.slice();
			insn.opcode = row.opcode;
			insn.modrm = ((row.ext ?? 0) << 3) | 6;
			assert.throws(
				() => row.helper!(context),
				(e: unknown) => e instanceof PageFault,
				row.name,
			);
			assert.equal(words, before, `${row.name} ${row.form}`);
			tried++;
		}
	}
	assert.ok(tried > 100);
});

test('fxsave and fxrstor carry everything', () => {
	const bytes = new Uint8Array(1024);
	const memory = new DataView(bytes.buffer);
	for (let i = 0; i < 512; i++) bytes[i] = (i * 37 + 11) & 0xff;
	const area = new Int32Array(bytes.buffer, 0, 128);
	const fpu = new Fpu(bytes.buffer, 0);
	area[0] = 0x3a411340; // an unmasked exception pending, so that the pointers are stored
	fpu.summarise();
	area[1] = 0x01234500 | 0x5a;
	area[3] &= 0xffff;
	area[5] &= 0xffff;
	area[6] = 0x1f80;
	area[7] = 0xffff;
	for (let i = 8; i < 40; i += 4) {
		area[i + 2] &= 0xffff;
		area[i + 3] = 0;
	}
	area.fill(0, 72);
	area[1] &= ~0xff00;
	const before = area.slice();
	const run = (name: string, cpuid: number): void =>
		x87Rows.find((r) => r.name === name)!.helper!({
			fpu,
			persona: { cpuid: [[1, -1, 0, 0, 0, cpuid]] },
			address: () => 512,
			probe: () => {},
			read32: (a: number) => memory.getUint32(a, true),
			write32: (a: number, v: number) => memory.setUint32(a, v, true),
			useFpu: () => {},
			unsupported: () => {
				throw new PageFault();
			},
		} as unknown as HelperContext);
	run('fxsave', 1 << 24);
	area.fill(0, 0, 7);
	area.fill(0, 8, 128);
	run('fxrstor', 1 << 24);
	assert.equal(area, before);
	assert.throws(() => run('fxsave', 0));
});

test.run();
