/** How the live machine folds events and counts into its state: the same as `reduce` does; what was shared stays as it was. */
import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { KernelEvent } from '../../src/events/event.ts';
import { encodeEvent, encodeState } from '../../src/reducers/codec.ts';
import { countSteps, LiveState, settleCall } from '../../src/reducers/live.ts';
import { fold, freezeStates, reduce } from '../../src/reducers/reduce.ts';
import type { MachineState } from '../../src/reducers/state.ts';
import { pack } from '../../src/replay/pack.ts';
import { seededRandom } from '../laws/leaves.ts';
import { testMachine } from './machine.ts';
import { randomEvents } from './valid-events.ts';

test('law: folding by hand is reducing, and nothing given is written', () => {
	fc.assert(
		fc.property(fc.nat(), fc.integer({ min: 1, max: 7 }), (seed, batch) => {
			const start = testMachine();
			const events = randomEvents(start, 60, seededRandom(seed)).filter((e) => e.kind !== 'cpu/steps') as KernelEvent[];
			const before = pack([encodeState(start), events.map(encodeEvent)]);
			// Reduced states are frozen: a write to what was not copied first would throw.
			freezeStates(true);
			let state = start;
			for (let i = 0; i < events.length; i += batch) {
				const some = events.slice(i, i + batch);
				const reduced = reduce(state, some);
				assert.equal(fold(state, some), reduced);
				state = reduced;
			}
			freezeStates(false);
			assert.equal(pack([encodeState(start), events.map(encodeEvent)]), before);
		}),
		{ numRuns: 200 },
	);
});

test('counting in place is counting', () => {
	const live = new LiveState(testMachine());
	let pure = testMachine();
	for (const [steps, entry] of [
		[7, 'none'],
		[1, 'int80'],
		[2 ** 31, 'sysenter'],
		[3, 'none'],
	] as const) {
		live.count(1, steps, entry);
		pure = countSteps(pure, 1, steps, entry);
		assert.equal(live.current, pure);
		live.settle(1);
		pure = settleCall(pure, 1);
		assert.equal(live.current, pure);
	}
});

test('law: counting between folds is counting, and writes to nothing that was given or shared', () => {
	fc.assert(
		fc.property(fc.nat(), fc.integer({ min: 1, max: 5 }), (seed, batch) => {
			const random = seededRandom(seed);
			const start = testMachine();
			const events = randomEvents(start, 60, random).filter((e) => e.kind !== 'cpu/steps') as KernelEvent[];
			const given = pack([encodeState(start), events.map(encodeEvent)]);
			const live = new LiveState(start);
			let pure = start;
			const shared: [MachineState, Uint8Array][] = [];
			for (let i = 0; i < events.length; i += batch) {
				const some = events.slice(i, i + batch);
				live.become(fold(live.current, some));
				pure = reduce(pure, some);
				const pids = Object.keys(pure.tasks).map(Number);
				if (pids.length === 0) break;
				const pid = pids[random(pids.length)];
				for (let n = random(3); n > 0; n--) {
					live.count(pid, n, 'int80');
					pure = countSteps(pure, pid, n, 'int80');
				}
				if (random(4) === 0) shared.push([live.share(), pack(encodeState(pure))]);
				if (random(4) === 0) {
					live.settle(pid);
					pure = settleCall(pure, pid);
				}
				assert.equal(live.current, pure);
			}
			for (const [state, before] of shared) assert.equal(pack(encodeState(state)), before);
			assert.equal(pack([encodeState(start), events.map(encodeEvent)]), given);
		}),
		{ numRuns: 200 },
	);
});

test('a state that was given away or came in is never written to', () => {
	const first = testMachine();
	const untouched = JSON.stringify(first, bigints);
	const live = new LiveState(first);
	live.settle(1);
	live.count(1, 5, 'int80');
	live.count(1, 6, 'int80');
	assert.is(JSON.stringify(first, bigints), untouched);
	const shared = live.share();
	const before = JSON.stringify(shared, bigints);
	live.count(1, 7, 'none');
	live.settle(1);
	assert.is(JSON.stringify(shared, bigints), before);
	live.replace(shared);
	live.settle(1);
	live.count(1, 8, 'int80');
	assert.is(JSON.stringify(shared, bigints), before);
	assert.is(live.current.clock.steps, shared.clock.steps + 8);
});

function bigints(_key: string, value: unknown): unknown {
	return typeof value === 'bigint' ? `${value}n` : value;
}

test.run();
