/**
 * Laws of running: it does not matter how a run is sliced, what caches hold, or whether steps are recorded; and the recorded
 * steps, reduced over the state at the start, give the state at the end.
 */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { LiveCpu } from '../../src/cpu/contract.ts';
import { createCpu, createTranslatingCpu } from '../../src/cpu/cpu.ts';
import { type CpuState, GPR_NAMES, SEGMENT_NAMES } from '../../src/events/cpu.ts';
import { stepEvents } from '../../src/events/steps.ts';
import { CODE, DATA, initialState, machine, PERSONA, STACK } from './machine.ts';
import { program, randomOf } from './programs.ts';

const STEPS = 3000;
const EVENTS = 400;
const seed = Number(process.env.SEED ?? 20081018);

interface World {
	readonly code: number[];
	readonly starts: number[];
	readonly state: CpuState;
}

function world(n: number): World {
	const random = randomOf(seed + n);
	const { code, starts } = program(random, 3000);
	const state = initialState({
		eax: random(), ecx: random() % 40, edx: random(), ebx: random(), ebp: STACK + 0x900, esi: DATA + 0x1000, edi: DATA + 0x2000,
		eflags: 0x202 | (random() & 0x8d5) | (random() % 4 === 0 ? 0x400 : 0),
	}); // biome-ignore format: registers in rows
	return { code, starts, state };
}

/** What happened in a run: stops, and the state and memory at the end. */
interface Outcome {
	readonly log: string[];
	readonly end: CpuState;
	readonly memory: string;
}

const REGIONS = [
	[CODE, 8192],
	[DATA, 16384],
	[STACK, 4096],
] as const;

function memoryOf(cpu: LiveCpu): Uint8Array[] {
	return REGIONS.map(([at, bytes]) => cpu.memory.read(at, bytes)!);
}
const text = (parts: readonly Uint8Array[]): string => parts.map((p) => Buffer.from(p).toString('base64')).join();

/** Drives a processor through a world: where it stops, goes on at another instruction. */
function drive(
	w: World,
	cpu: LiveCpu,
	step: (budget: number, done: number) => number,
	chunk: (left: number) => number,
	moved?: (eip: number) => void,
): Outcome {
	const log: string[] = [];
	let done = 0;
	for (let events = 0; done < STEPS && events < EVENTS; ) {
		const stop = step(chunk(STEPS - done), done);
		done += cpu.retired;
		if (stop === 0) continue;
		log.push(`${done} ${stop} ${cpu.eip.toString(16)} ${JSON.stringify(cpu.fault)}`);
		events++;
		const eip = CODE + w.starts[(done * 7 + events * 13) % w.starts.length];
		// Whatever the program did to its stack, segments and TF, it goes on
		const again: Partial<CpuState> = {
			eip,
			esp: STACK + 0x800,
			ss: 0x7b,
			ds: 0x7b,
			es: 0x7b,
			cs: 0x73,
			eflags: cpu.save().eflags & ~0x40100,
		};
		cpu.patch(again);
		moved?.(eip);
	}
	return { log, end: cpu.save(), memory: text(memoryOf(cpu)) };
}

function same(a: Outcome, b: Outcome, what: string): void {
	const i = a.log.findIndex((line, k) => line !== b.log[k]);
	assert.is(i >= 0 ? `${a.log[i]} | ${b.log[i]}` : '', '', `${what}: stop ${i}`);
	assert.equal(b.end, a.end, what);
	assert.is(b.memory === a.memory, true, `${what}: memory`);
}

const shared = createCpu(PERSONA);
const other = createCpu(PERSONA);
function open(w: World, cpu = shared): LiveCpu {
	machine(w.code, w.state, cpu);
	return cpu;
}

console.log(`seed ${seed}`);

test('slicing a run does not change it', () => {
	for (let n = 0; n < 16; n++) {
		const w = world(n);
		const cpu = open(w);
		const whole = drive(w, cpu, (b, d) => cpu.run(b, d), (left) => left);
		open(w);
		same(whole, drive(w, cpu, (b, d) => cpu.run(b, d), () => 1), `program ${n} step by step`);
		open(w);
		const random = randomOf(n);
		same(whole, drive(w, cpu, (b, d) => cpu.run(b, d), (left) => Math.min(left, 1 + (random() % 50))), `program ${n} in slices`);
	} // biome-ignore format: short
});

test('translated code does what the interpreter does, whole and in slices', () => {
	let translated = 0;
	for (const limits of [
		{ blocks: 64, steps: 64, visits: 2 },
		{ blocks: 3, steps: 2, visits: 0 },
	]) {
		const { cpu: translating, counts } = createTranslatingCpu(PERSONA, limits);
		for (let n = 20; n < 32; n++) {
			const w = world(n);
			const random = randomOf(n);
			const run = (chunk: (left: number) => number): Outcome => {
				open(w, translating);
				return drive(w, translating, (b, d) => translating.run(b, d), chunk);
			};
			open(w);
			const whole = drive(w, shared, (b, d) => shared.run(b, d), (left) => left);
			same(whole, run((left) => left), `program ${n} translated`);
			same(whole, run((left) => Math.min(left, 1 + (random() % 20))), `program ${n} translated, in slices`);
		}
		translated += counts.translated;
	} // biome-ignore format: short
	assert.ok(translated > 10_000, `${translated} steps in translated code`);
});

test('forgetting caches and sealing does not change a run', () => {
	for (let n = 40; n < 48; n++) {
		const w = world(n);
		const cpu = open(w);
		const whole = drive(
			w,
			cpu,
			(b, d) => cpu.run(b, d),
			(left) => left,
		);
		open(w);
		const random = randomOf(n);
		const disturbed = drive(
			w,
			cpu,
			(b, d) => {
				const what = random() % 6;
				if (what === 0) cpu.memory.flush(0, 2 ** 32);
				if (what === 1) cpu.memory.seal();
				if (what === 2) cpu.memory.flush(CODE, CODE + 4096);
				return cpu.run(b, d);
			},
			(left) => Math.min(left, 1 + (random() % 40)),
		);
		same(whole, disturbed, `program ${n}`);
	}
});

test('recorded steps reduce to the state that running reaches', () => {
	for (let n = 60; n < 76; n++) {
		const w = world(n);
		const cpu = open(w);
		const whole = drive(
			w,
			cpu,
			(b, d) => cpu.run(b, d),
			(left) => left,
		);
		const recorder = open(w, other);
		const model = new Model(w, recorder);
		const random = randomOf(n);
		const recorded = drive(
			w,
			recorder,
			(b, d) => {
				const stop = recorder.record(b, d);
				const retired = recorder.retired;
				model.apply(recorder, d, retired);
				return stop;
			},
			(left) => Math.min(left, 1 + (random() % 300)),
			() => model.adopt(recorder.save()),
		);
		same(whole, recorded, `program ${n} recorded`);
		assert.is(text(model.memory) === recorded.memory, true, `program ${n}: memory of the reduced steps`);
	}
});

/** A plain machine that only applies steps. */
class Model {
	state: Record<string, number>;
	fx: Uint8Array;
	fpuUsed: boolean;
	readonly memory: Uint8Array[];

	constructor(w: World, cpu: LiveCpu) {
		this.state = {};
		this.fx = new Uint8Array(512);
		this.fpuUsed = false;
		this.memory = memoryOf(cpu).map((m) => m.slice());
		this.adopt(w.state);
	}
	adopt(state: CpuState): void {
		const { fx, fpuUsed, debugreg: _, ...registers } = state;
		this.state = { ...registers };
		this.fx = fx.slice();
		this.fpuUsed = fpuUsed;
	}
	apply(cpu: LiveCpu, first: number, retired: number): void {
		const columns = cpu.takeSteps(7, first);
		assert.is(columns.count, retired, 'as many steps as retired');
		let position = first;
		for (const step of stepEvents(columns)) {
			const where = `step ${position} at ${step.eip.toString(16)}: ${Buffer.from(step.bytes).toString('hex')}`;
			assert.is(step.position, position++);
			assert.is(step.eip, this.state.eip, `${where}: eip`);
			for (const [i, value] of step.gprs) this.state[GPR_NAMES[i]] = value;
			if (step.eflags !== undefined) this.state.eflags = step.eflags;
			this.state.eip = step.next;
			for (const [i, selector] of step.segments) this.state[SEGMENT_NAMES[i]] = selector;
			for (const [i, value] of step.fx) new DataView(this.fx.buffer).setUint32(i * 4, value, true);
			if (step.fpuUsed) this.fpuUsed = true;
			for (const { address, bytes } of step.writes) for (let i = 0; i < bytes.length; i++) this.write(address + i, bytes[i]);
		}
		const { fx, fpuUsed, debugreg: _, ...registers } = cpu.save();
		assert.equal(this.state, registers, `registers after ${position} steps`);
		assert.equal(this.fx, fx, 'fx');
		assert.is(this.fpuUsed, fpuUsed);
	}
	private write(address: number, byte: number): void {
		const at = REGIONS.findIndex(([start, bytes]) => address >= start && address < start + bytes);
		this.memory[at][address - REGIONS[at][0]] = byte;
	}
}

test('long rep movs and stos go the same way whole, in slices and step by step', () => {
	for (let n = 0; n < 60; n++) {
		const random = randomOf(seed + 1000 + n);
		const op = [0xa4, 0xa5, 0xaa, 0xab][n % 4];
		const code = [...(random() % 8 === 0 ? [0xfd] : []), 0xf3, op, 0xcd, 0x80];
		const from = DATA + (random() % 0x1800);
		const near = random() % 2 === 0 ? from + (random() % 32) - 16 : DATA + 0x1800 + (random() % 0x1800);
		const state = initialState({ eax: random(), ecx: random() % 2500, esi: from, edi: near });
		const results = [0, 1, 2, 3].map((mode) => {
			machine(code, state, shared);
			shared.memory.write(
				DATA,
				Uint8Array.from({ length: 16384 }, (_, i) => (i * 7 + (i >> 8)) & 255),
			);
			const log: string[] = [];
			let done = 0;
			const chunk = randomOf(n);
			for (let stop = 0; stop === 0; ) {
				const budget = mode === 0 ? 10000 : mode === 1 ? 1 : 1 + (chunk() % 700);
				stop = mode === 3 ? shared.record(budget, 0) : shared.run(budget, 0);
				done += shared.retired;
				if (mode === 3) assert.is(shared.takeSteps(1, 0).count, shared.retired);
				if (stop !== 0) log.push(`${done} ${stop} ${JSON.stringify(shared.fault)}`);
			}
			return { log, end: shared.save(), memory: text(memoryOf(shared)) };
		});
		for (const mode of [1, 2, 3]) same(results[0], results[mode], `case ${n} mode ${mode}`);
	}
});

test('the check value follows the state', () => {
	const w = world(1);
	const cpu = open(w);
	cpu.run(100, 0);
	const check = cpu.check();
	const state = cpu.save();
	cpu.patch({ eax: (state.eax ^ 1) >>> 0 });
	assert.is.not(cpu.check(), check);
	cpu.patch(state);
	assert.is(cpu.check(), check);
	assert.equal(cpu.save(), state);
});

test.run();
