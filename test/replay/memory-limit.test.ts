/** The machine's memory ends: who is killed, at which step, in every replay and from every keyframe; and what files may take. */
import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { record } from '../../src/index.ts';
import { heldPages } from '../../src/kernel/memory-limit.ts';
import type { MachineState } from '../../src/reducers/state.ts';
import { bootTrace } from '../../src/replay/boot.ts';
import { Rerun, stateAt } from '../../src/replay/rerun.ts';
import { Trace } from '../../src/replay/trace.ts';
import { verify } from '../../src/replay/verify.ts';

const MIB = 1024 * 1024;
const hog = (...args: number[]) => ({
	path: '/memory_hog',
	program: readFileSync('test/guests/bin/memory_hog'),
	argv: ['memory_hog', ...args.map(String)],
});

/** Who is killed for memory in a run from a state on, and at which step. */
function endsFrom(trace: Trace, from: MachineState) {
	const ends: { readonly steps: number; readonly task: number; readonly used: number; readonly limit: number }[] = [];
	const run: Rerun = new Rerun(trace, from, 'runs', (event) => {
		if (event.kind === 'task/oom')
			ends.push({ steps: run.machine.steps, task: event.task, used: event.used, limit: event.limit });
	});
	run.advance(Number.POSITIVE_INFINITY);
	run.machine.close();
	return ends;
}

test('a task that touches more than there is is killed, at the very same step in every run; the others go on', async () => {
	const killed: string[] = [];
	const { bytes, state } = await record({ ...hog(3, 40), memoryBytes: 16 * MIB, onNoMemory: (comm) => killed.push(comm) });
	assert.equal(killed, ['memory_hog', 'memory_hog', 'memory_hog']);
	assert.is(state.tasks[2].exitStatus, 0);
	const trace = new Trace(bytes);
	assert.is(verify(trace).mismatch, null);
	const whole = endsFrom(trace, bootTrace(trace));
	assert.equal(
		whole.map(({ used, limit }) => [used, limit]),
		[
			[4096, 4096],
			[4096, 4096],
			[4096, 4096],
		],
	);
	// From a state in the middle of a hog the same comes, though its processor knows nothing of the pages so far.
	const { steps } = trace.end ?? { steps: 0 };
	for (let i = 1; i < 12; i++) {
		const at = Math.floor((steps * i) / 12);
		const from = stateAt(trace, { steps: at, k: 0 })!;
		assert.ok(heldPages(from) <= 4096);
		assert.equal(
			endsFrom(trace, from),
			whole.filter((end) => end.steps >= at),
		);
	}
});

test('as much as there is may be touched, and is there again after its owner', async () => {
	const { state } = await record({ ...hog(5, 12), memoryBytes: 16 * MIB });
	assert.is(state.tasks[2].exitStatus, 0);
	assert.ok(heldPages(state) < 100);
});

test.run();
