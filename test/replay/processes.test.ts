// Several processes: the schedule is the seed's, chaos replays too, and a deadlock says who waits for what.
import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { NoOutside } from '../../src/replay/outside.ts';
import { type RecordOptions, record } from '../../src/replay/record.ts';
import { Rerun } from '../../src/replay/rerun.ts';
import { Trace } from '../../src/replay/trace.ts';
import { verify } from '../../src/replay/verify.ts';
import { guestPath } from '../guests/manifest.ts';

async function run(guest: string, options: Partial<RecordOptions> = {}) {
	const outside = new NoOutside();
	const path = `/guests/${guest}`;
	const program = readFileSync(guestPath(guest));
	const result = await record({ path, program, streams: ['null', 'pipe', 'pipe'], outside, maxSteps: 20_000_000, ...options });
	return { ...result, output: outside.text(1) };
}

/** Who gets the processor from whom, and for how long. */
function switches(bytes: Uint8Array): string {
	const found: string[] = [];
	const rerun = Rerun.fromStart(new Trace(bytes), 'runs', (e) => {
		if (e.kind === 'sched/switch') found.push(`${e.from}>${e.to}:${e.quantum}`);
	});
	rerun.advance(Number.POSITIVE_INFINITY);
	return found.join(' ');
}

test('the same seed makes the same trace, another seed another schedule', async () => {
	const one = await run('pipe_atomic', { seed: 7 });
	assert.ok(Buffer.from(one.bytes).equals(Buffer.from((await run('pipe_atomic', { seed: 7 })).bytes)));
	const other = await run('pipe_atomic', { seed: 8 });
	assert.is(other.output, one.output);
	assert.is.not(switches(other.bytes), switches(one.bytes));
});

test('chaos: other interleavings, in the header, and replayed exactly', async () => {
	const plain = await run('thread_join');
	for (const seed of [1, 2, 3]) {
		const { bytes, output } = await run('thread_join', { seed, chaos: true });
		assert.is(output, plain.output);
		const trace = new Trace(bytes);
		assert.is(trace.header.chaos, true);
		assert.is(verify(trace).mismatch, null);
		assert.ok(switches(bytes).split(' ').length > switches(plain.bytes).split(' ').length, `seed ${seed} switches more often`);
	}
});

test('realtime tasks run by priority, whatever the seed, and chaos too', async () => {
	const plain = await run('sched_fifo');
	assert.match(plain.output, /^by priority: mcbad$/m);
	for (const seed of [1, 2]) {
		assert.is((await run('sched_fifo', { seed })).output, plain.output);
		const { bytes, output } = await run('sched_fifo', { seed, chaos: true });
		assert.is(output, plain.output);
		assert.is(verify(new Trace(bytes)).mismatch, null);
	}
});

test('a deadlock is told: who waits for what, and who could end it', async () => {
	const told: (readonly string[])[] = [];
	const { end } = await run('deadlock', { onDeadlock: (lines) => told.push(lines) });
	assert.is(end.end, 'idle');
	assert.is(told.length, 1);
	const [[parent, child]] = told;
	assert.match(parent, /^pid 2 deadlock: read waits for bytes in pipe:\[\d+\], which pid 2 and pid 3 may write$/);
	assert.match(child, /^pid 3 deadlock: read waits for bytes in pipe:\[\d+\], which pid 2 and pid 3 may write$/);
	assert.is((await run('deadlock', { argv: ['deadlock', 'break'] })).output, 'over 0\n');
});

test('a deadlock over semaphores and messages says which, and whose end would break it', async () => {
	const told: (readonly string[])[] = [];
	await run('ipc_deadlock', { onDeadlock: (lines) => told.push(lines) });
	assert.equal(told[0].slice(1), [
		'pid 3 ipc_deadlock: semtimedop_time64 waits for semaphore 1 of set 0 to be 1 or more (it is 0, pid 4 changed it last, pid 4 would give back at the end)',
		'pid 4 ipc_deadlock: semtimedop_time64 waits for semaphore 0 of set 0 to be 1 or more (it is 0, pid 3 changed it last, pid 3 would give back at the end)',
		'pid 5 ipc_deadlock: msgrcv waits for a message of type 9 in message queue 0',
		'pid 6 ipc_deadlock: msgsnd waits for room for 16 bytes in message queue 0 (1 messages, 16 of 20 bytes)',
	]);
});

test('who computes while another is ended by a timer has its registers in the state after it', async () => {
	const trace = new Trace((await run('dies_asleep')).bytes);
	let at = 0;
	const first = Rerun.fromStart(trace, 'runs', (e) => {
		if (e.kind === 'task/exit' && at === 0) at = first.machine.steps;
	});
	first.advance(Number.POSITIVE_INFINITY);
	const states = [false, true].map((early) => {
		const { machine } = Rerun.fromStart(trace, 'runs', () => {});
		machine.advance(at);
		// A snapshot taken before brings registers in that nobody else asked for.
		if (early) machine.snapshot();
		machine.advance(at, true);
		return machine.snapshot();
	});
	assert.is(states[0].tasks[3], undefined);
	assert.equal(states[0].tasks[4].cpu, states[1].tasks[4].cpu);
});

test('a thousand processes and two hundred threads come to their end', async () => {
	for (const [what, count] of [
		['processes', '1000'],
		['threads', '200'],
	]) {
		const { end, output } = await run('bench_processes', { argv: ['bench', what, count] });
		assert.is(end.end, 'ended');
		assert.is(output, 'ok all went well\n');
	}
});

test.run();
