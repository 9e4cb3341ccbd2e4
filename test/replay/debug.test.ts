/** Debug registers of a state (a restored image has them) through the whole machine: signals, frames, RF over sigreturn. */
import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { MachineEvent } from '../../src/events/event.ts';
import { symbols } from '../../src/kernel/elf.ts';
import { reduce } from '../../src/reducers/reduce.ts';
import type { MachineState } from '../../src/reducers/state.ts';
import { bootTrace } from '../../src/replay/boot.ts';
import type { Detail } from '../../src/replay/machine.ts';
import { NoOutside } from '../../src/replay/outside.ts';
import { record } from '../../src/replay/record.ts';
import { Rerun } from '../../src/replay/rerun.ts';
import { Trace } from '../../src/replay/trace.ts';
import { guestPath } from '../guests/manifest.ts';

const program = readFileSync(guestPath('watched'));
const path = '/guests/watched';
const { bytes } = await record({ path, program, argv: [path], streams: ['null', 'pipe', 'pipe'], outside: new NoOutside() });
const trace = new Trace(bytes);
const address = (name: string): number => symbols(program).find((s) => s.name === name)!.address;

function run(
	debugreg: readonly number[],
	detail: Detail,
): { output: string; events: MachineEvent[]; before: MachineState; after: MachineState } {
	const booted = bootTrace(trace);
	const pid = booted.scheduler.current || Number(Object.keys(booted.tasks)[0]);
	const task = booted.tasks[pid];
	const before = { ...booted, tasks: { ...booted.tasks, [pid]: { ...task, cpu: { ...task.cpu, debugreg } } } };
	const events: MachineEvent[] = [];
	const rerun = new Rerun(trace, before, detail, (event) => events.push(event));
	assert.is(rerun.advance(Number.MAX_SAFE_INTEGER), 'ended');
	const output = events.flatMap((e) => (e.kind === 'stream/output' ? [Buffer.from(e.bytes).toString()] : [])).join('');
	return { output, events, before, after: rerun.machine.snapshot() };
}
/** DR7 fields of breakpoint n: enabled, kind (0 execution, 1 write, 3 access), length code. */
const armed = (n: number, kind: number, length: number): number => (1 << (2 * n)) | ((kind | (length << 2)) << (16 + 4 * n));
/** Where watched.c maps the word it writes. */
const WORD = 0x20000000;
const both = [WORD, address('watched_call'), 0, 0, 0, 0, 0, armed(0, 1, 3) | armed(1, 0, 0)];

test('no breakpoint, no trap', () => {
	assert.is(run([0, 0, 0, 0, 0, 0, 0, 0], 'runs').output, 'sum 14, traps 0\n');
	// Addresses alone do nothing
	assert.is(run([both[0], both[1], 0, 0, 0, 0, 0, 0], 'runs').output, 'sum 14, traps 0\n');
});

test('a write after it, an instruction before it, each once', () => {
	const { output } = run(both, 'runs');
	const write = 'code 4 trapno 1 RF 0\n';
	const call = 'code 4 trapno 1 RF 1 at the call\n';
	assert.is(output, `sum 14, traps 6\n${(write + call).repeat(3)}`);
});

test('reads too, but not those of the kernel', () => {
	const { output } = run([both[0], 0, 0, 0, 0, 0, 0, armed(0, 3, 3)], 'runs');
	assert.is(output, `sum 14, traps 4\n${'code 4 trapno 1 RF 0\n'.repeat(4)}`);
});

test('steps reduce to the same states, and dr6 says what the last exception was', () => {
	const { events, before, after, output } = run(both, 'steps');
	assert.is(output, run(both, 'runs').output);
	const traps = events.flatMap((e) => (e.kind === 'task/set' && e.regs?.debugreg ? [e.regs.debugreg[6]] : []));
	assert.equal(traps, [1, 2, 1, 2, 1, 2]);
	let state = before;
	for (const event of events) state = event.kind === 'machine/end' ? state : reduce(state, [event]);
	const [pid] = Object.keys(after.tasks).map(Number);
	assert.equal(state.tasks[pid]?.cpu, after.tasks[pid]?.cpu);
});

test.run();
