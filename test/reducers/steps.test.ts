import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { GPR_NAMES, SEGMENT_NAMES } from '../../src/events/cpu.ts';
import { type StepColumns, StepMask, stepEvents } from '../../src/events/steps.ts';
import { readState } from '../../src/reducers/address-space.ts';
import { checkColumns } from '../../src/reducers/columns.ts';
import { freezeStates, reduce } from '../../src/reducers/reduce.ts';
import type { MachineState } from '../../src/reducers/state.ts';
import { StepDraft, stepsEffect } from '../../src/reducers/steps.ts';
import { seededRandom } from '../laws/leaves.ts';
import { CODE, DATA, SHARED, testMachine } from './machine.ts';
import { sampleColumns } from './samples.ts';
import { randomColumns } from './valid-events.ts';

/** The slow way: every step on its own, its writes as kernel writes. */
function naive(state: MachineState, columns: StepColumns): MachineState {
	for (const step of stepEvents(columns)) {
		for (const { address, bytes } of step.writes) {
			state = reduce(state, [{ kind: 'memory/write', mm: 1, address, bytes, force: true }]);
		}
		const task = state.tasks[columns.task];
		const cpu: Record<string, unknown> = { ...task.cpu, eip: step.next };
		for (const [r, value] of step.gprs) cpu[GPR_NAMES[r]] = value;
		if (step.eflags !== undefined) cpu.eflags = step.eflags;
		for (const [segment, selector] of step.segments) cpu[SEGMENT_NAMES[segment]] = selector;
		const fx = new Uint8Array(task.cpu.fx);
		for (const [i, value] of step.fx) new DataView(fx.buffer).setUint32(i * 4, value, true);
		cpu.fx = fx;
		if (step.fpuUsed) cpu.fpuUsed = true;
		state = {
			...state,
			clock: { ...state.clock, steps: state.clock.steps + 1 },
			scheduler: { ...state.scheduler, left: state.scheduler.left - 1 },
			tasks: {
				...state.tasks,
				[columns.task]: {
					...task,
					cpu: cpu as unknown as typeof task.cpu,
					times: { ...task.times, steps: task.times.steps + 1 },
				},
			},
		};
	}
	return state;
}

test('law: steps in columns reduce to what they reduce to one by one', () => {
	freezeStates(true);
	fc.assert(
		fc.property(fc.nat(), fc.integer({ min: 1, max: 60 }), (seed, count) => {
			const state = testMachine();
			const columns = randomColumns(state, 1, count, seededRandom(seed));
			assert.is(checkColumns(columns), undefined);
			assert.equal(reduce(state, [{ kind: 'cpu/steps', task: 1, columns, entry: 'none' }]), naive(state, columns));
		}),
		{ numRuns: 300 },
	);
	freezeStates(false);
});

test('a steps event is the run that carries its effect', () => {
	const state = testMachine();
	const columns = sampleColumns();
	const effect = stepsEffect(state, columns);
	assert.equal(
		reduce(state, [{ kind: 'cpu/steps', task: 1, columns, entry: 'int80' }]),
		reduce(state, [{ kind: 'cpu/run', task: 1, steps: 3, check: 0, entry: 'int80', effect }]),
	);
	const { cpu } = effect;
	assert.equal(
		[cpu.eax, cpu.edx, cpu.eflags, cpu.eip, cpu.es, cpu.fpuUsed],
		[0xffffffff, 5, 0x246, CODE, 0x33, true].with(0, cpu.eax),
	);
	assert.equal([...effect.pages[0].bytes.subarray(0, 4)], [1, 0xaa, 0xbb, 4]);
});

test('a draft goes on batch after batch, from any step, and shows memory on the way', () => {
	const state = testMachine();
	const columns = sampleColumns();
	const draft = new StepDraft(state, 1);
	const word = draft.apply(columns, 0, 1);
	assert.equal([...draft.read(DATA, 4)!], [1, 2, 3, 4]);
	draft.apply(columns, 1, 3, word);
	assert.equal([...draft.read(DATA, 4)!], [1, 0xaa, 0xbb, 4]);
	assert.equal(draft.finish(), stepsEffect(state, columns));
	assert.is(draft.read(0x1000, 1), undefined);
});

test('two mappings of one page are one page', () => {
	const state = testMachine();
	const [shared] = state.mms[1].vmas.slice(3, 4);
	const again = { ...shared, start: SHARED + 0x100000, end: SHARED + 0x102000 };
	const both = reduce(state, [{ kind: 'mm/map', mm: 1, vma: again }]);
	const columns: StepColumns = {
		...sampleColumns(),
		count: 2,
		site: Uint32Array.of(0, 0),
		mask: Uint16Array.of(StepMask.MEMORY, StepMask.MEMORY),
		words: Uint32Array.of(1, SHARED, 4, 0x04030201, 1, again.start + 2, 1, 9),
	};
	const after = reduce(both, [{ kind: 'cpu/steps', task: 1, columns, entry: 'none' }]);
	for (const start of [SHARED, again.start]) assert.equal([...readState(after, after.mms[1], start, 4)!], [1, 2, 9, 4]);
	assert.throws(
		() =>
			reduce(both, [
				{ kind: 'cpu/steps', task: 1, columns: { ...columns, words: columns.words.with(1, 0x1000) }, entry: 'none' },
			]),
		/not mapped/,
	);
});

test.run();
