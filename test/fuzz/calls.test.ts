/**
 * Programs that make calls at random over namespaces, mounts, processes, signals, ptrace and files: whatever they do, the recording
 * comes to an end, the replay is equal, and so is the restart at every place that is tried. `SEEDS=FROM-TO` tries others.
 */
import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { NoOutside } from '../../src/replay/outside.ts';
import { formatPosition } from '../../src/replay/position.ts';
import { record } from '../../src/replay/record.ts';
import { positionsOf, sweep } from '../../src/replay/sweep.ts';
import { Trace } from '../../src/replay/trace.ts';
import { verify } from '../../src/replay/verify.ts';

const program = readFileSync(new URL('bin/calls', import.meta.url));
const [first = 1, last = first] = (process.env.SEEDS ?? '1-16').split('-').map(Number);
const CALLS = 120;
const PLACES = 12;

for (let seed = first; seed <= last; seed++) {
	test(`seed ${seed}`, async () => {
		const argv = ['/calls', String(seed), String(CALLS)];
		const outside = new NoOutside();
		const { bytes } = await record({
			path: '/calls',
			program,
			argv,
			streams: ['null', 'pipe', 'pipe'],
			outside,
			maxSteps: 2_000_000,
		});
		const trace = new Trace(bytes);
		assert.is(verify(trace).mismatch, null);
		const swept = sweep(trace, positionsOf(trace, { events: PLACES, seed }));
		assert.equal(
			swept.rows.map(({ at, causes, message }) => [formatPosition(at), causes, message]),
			[],
		);
	});
}

test.run();
