/**
 * The law of a checkpoint: wherever a run of one process is frozen, dumped and restarted, it is the run that never stopped.
 * 500 steps of every trace, by a seed; every event of every trace is `replay sweep TRACE --events --sample 500`.
 */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { formatPosition } from '../../src/replay/position.ts';
import { positionsOf, sweep } from '../../src/replay/sweep.ts';
import { samples } from './traces.ts';

const SAMPLE = 500;
const SEED = 20081018;
console.log(`seed ${SEED}`);

for (const { name, trace } of samples()) {
	// A v2 image of several processes is not swept: what it drops of them is known, and no defect of this restart.
	if ((trace.end?.tasks.length ?? 0) > 1) continue;
	test(`${name}: checkpoint, restart, the same state`, () => {
		const positions = positionsOf(trace, { sample: SAMPLE, seed: SEED });
		const { rows, freezes, equal } = sweep(trace, positions);
		const unequal = rows.map(
			(r) => `replay bisect traces/${name} --at ${formatPosition(r.at)}: ${r.verdict}, ${r.causes.join(', ')}`,
		);
		assert.equal(unequal, []);
		assert.is(equal, freezes);
		assert.ok(freezes > 0);
	});
}

test('positions: events, steps, samples, bounds, each once and in order', () => {
	const { trace } = samples().find((s) => s.name === 'tiny.msgpack')!;
	const text = (options: object) => positionsOf(trace, options).map(formatPosition).join(' ');
	assert.is(text({ every: 4 }), '0 4 8');
	assert.is(text({ every: 4, from: { steps: 1, k: 0 } }), '1 5 9');
	assert.is(text({ every: 1, from: { steps: 2, k: 0 }, to: { steps: 4, k: 0 } }), '2 3 4');
	assert.match(text({ events: true }), /^\d+ \d+\.1 \d+\.2 /);
	assert.is(text({ sample: 3, seed: 7 }), text({ sample: 3, seed: 7 }));
	assert.is(positionsOf(trace, { sample: 1000 }).length, trace.end!.steps + 1);
});

test.run();
