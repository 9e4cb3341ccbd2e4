/** Restart policies: `kernel` is the run that never stopped; `user` is, unless a signal comes in the gap; `eintr` returns. */
import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { MachineEvent } from '../../../src/events/event.ts';
import { bisect } from '../../../src/replay/bisect/bisect.ts';
import type { Position } from '../../../src/replay/position.ts';
import { Rerun } from '../../../src/replay/rerun.ts';
import { Trace } from '../../../src/replay/trace.ts';

const trace = new Trace(readFileSync('traces/pause.msgpack'));

/** The position right after the first event of a kind from step `from` on. */
function after(kind: string, from = 0): Position {
	let found: Position | undefined;
	let at = { steps: 0, k: 0 };
	const run = Rerun.fromStart(trace, 'runs', (event: MachineEvent) => {
		const { steps } = run.machine;
		at = { steps, k: at.steps === steps ? at.k + 1 : 1 };
		if (event.kind === kind && steps >= from) found ??= at;
	});
	run.advance(from + 10_000);
	run.machine.close();
	assert.ok(found, kind);
	return found!;
}

const asleep = after('task/block');
const expired = after('timer/expire');

test('kernel: equal at every moment of the sleep', () => {
	for (let k = asleep.k; k < expired.k + 6; k++) {
		assert.is(bisect(trace, { steps: asleep.steps, k }).verdict, 'equal', `${asleep.steps}.${k}`);
	}
});

test('user: the call is entered again, and nothing else is different', () => {
	const report = bisect(trace, asleep, { policy: 'user' });
	assert.is(report.verdict, 'equal');
	assert.ok(report.equalSteps > 1000, 'the whole run was compared');
});

test('user: a signal in the gap is handled before the call is entered', () => {
	const report = bisect(trace, expired, { policy: 'user' });
	assert.is(report.verdict, 'differs');
	assert.is(report.first?.original?.event.kind, 'task/wake');
	assert.is(report.first?.restored?.event.kind, 'signal/take');
	assert.equal(report.causes, [{ part: 'restart policy', want: 'kernel', got: 'user' }]);
});

test('eintr: the call returns at once', () => {
	const report = bisect(trace, asleep, { policy: 'eintr' });
	assert.is(report.verdict, 'differs');
	assert.is(report.first?.restored?.event.kind, 'cpu/step');
	assert.is(report.first?.original?.event.kind, 'clock/skip');
});

test.run();
