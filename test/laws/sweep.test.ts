/**
 * The law of a checkpoint: wherever a run of one process is frozen, dumped and restarted, it is the run that never stopped.
 * 500 steps of every trace, by a seed; every event of every trace is `replay sweep TRACE --events --sample 500`.
 */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { formatPosition } from '../../src/replay/position.ts';
import { Rerun } from '../../src/replay/rerun.ts';
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

test('positions: a number of places next to events is a share of each kind', () => {
	const { trace } = samples().find((s) => s.name === 'signals.msgpack')!;
	const kinds = new Map<string, string>();
	let at = { steps: 0, k: 0 };
	const run = Rerun.fromStart(trace, 'runs', (event) => {
		if (event.kind !== 'cpu/run') kinds.set(formatPosition(at), event.kind);
		at = event.kind === 'cpu/run' ? { steps: at.steps + event.steps, k: 0 } : { steps: at.steps, k: at.k + 1 };
	});
	run.advance(trace.end!.steps + 1);
	run.machine.close();
	const all = positionsOf(trace, { events: true }).map(formatPosition);
	const few = positionsOf(trace, { events: 60 }).map(formatPosition);
	assert.is(few.length, 60);
	assert.equal(
		few.filter((at) => !all.includes(at)),
		[],
	);
	assert.equal(new Set(few.map((at) => kinds.get(at)).filter((kind) => kind !== undefined)), new Set(kinds.values()));
	assert.is.not(few.join(' '), positionsOf(trace, { events: 60, seed: 2 }).map(formatPosition).join(' '));
	assert.equal(positionsOf(trace, { events: 1_000_000 }).map(formatPosition), all);
});

test.run();
