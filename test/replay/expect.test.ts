/** expectSameRun: passes where the restarted run is the same, and fails with the report where it is not. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
	type Dumper,
	dump,
	expectSameRun,
	openTrace,
	plant,
	type Restarter,
	type RestoreEvent,
	restart,
	SameRunError,
} from '../../src/index.ts';

const sort = openTrace('traces/sort.msgpack');

/** The shipped restart with a change of each register event. */
function withRegisters(change: (regs: { readonly [name: string]: unknown }) => object): Restarter {
	return function* (image, context) {
		for (const event of restart(image, context)) {
			const registers = event.kind === 'restore/object' && event.effect.kind === 'registers';
			if (!registers) yield event;
			else yield { ...event, effect: { ...event.effect, regs: change({ ...event.effect.regs }) } } as RestoreEvent;
		}
	};
}

function failure(use: () => unknown): SameRunError {
	try {
		use();
	} catch (error) {
		if (error instanceof SameRunError) return error;
		throw error;
	}
	return assert.unreachable('it passed') as never;
}

test('the shipped restart, and one that wraps it, do the same', () => {
	assert.is(expectSameRun(sort, 400_000).verdict, 'equal');
	assert.is(
		expectSameRun(
			sort,
			'400000',
			withRegisters((regs) => regs),
		).verdict,
		'equal',
	);
});

test('a mistake is named in the message and in the report', () => {
	const wrong = withRegisters((regs) => ({ ...regs, edi: 0x10 }));
	const error = failure(() => expectSameRun(sort, 400_000, wrong, { name: 'sort.msgpack' }));
	assert.is(error.name, 'AssertionError');
	assert.is(error.code, 'ERR_ASSERTION');
	assert.match(error.message, /^the restarted run differs\n\ncheckpoint {2}step 400000 · pid 2 "sort"/);
	assert.match(error.message, /\n {12}X86_REGS\.cpt_di {2}pid 2 · object 14 · byte 0x[\da-f]+ · wanted 8, got 0x10\n/);
	assert.match(error.message, /◀ expected: eax ← 080497c8/);
	assert.match(error.message, /see it {6}replay checkpoint sort.msgpack --at 400000 -o sort.cpt/);
	assert.is(error.report.causes[0].field, 'cpt_di');
	assert.is(error.report.outcome?.original.kind, 'ended');
});

test('what nothing depends on is no failure, and is listed', () => {
	const report = expectSameRun(
		sort,
		400_000,
		withRegisters((regs) => ({ ...regs, debugreg: [0x1000, 0, 0, 0, 0, 0, 0, 0] })),
	);
	assert.is(report.verdict, 'harmless');
	assert.match(report.harmless[0].text, /debugreg/);
});

test('whatever a restarter throws is a refusal', () => {
	const throws: Restarter = function* (image, context) {
		for (const event of restart(image, context)) {
			yield event;
			if (event.kind === 'restore/object' && event.name === 'MM') throw new RangeError('no room');
		}
	};
	const { report, message } = failure(() => expectSameRun(sort, 400_000, throws));
	assert.is(report.verdict, 'refused');
	assert.match(message, /REFUSED by the restart: RESTARTER after #2 MM at byte 0x148: RangeError: no room/);
});

/** Events that make no machine, and what is said of them. */
const NONE: readonly (readonly [name: string, restarter: Restarter, message: RegExp])[] = [
	['nothing', () => [], /it has no task/],
	['no events', () => [{ kind: 'cpu/run' }] as never, /a restore\/object or restore\/end wanted, "cpu\/run" got/],
	['null', () => [null] as never, /a restore\/object or restore\/end wanted, undefined got/],
	[
		'pages of nobody',
		(image, context) => [...restart(image, context)].filter((e) => !('effect' in e) || e.effect.kind !== 'mm'),
		/RESTARTER/,
	],
	[
		'a task twice',
		(image, context) => [...restart(image, context)].flatMap((e) => ('effect' in e && e.effect.kind === 'task' ? [e, e] : [e])),
		/RESTARTER/,
	],
];
for (const [name, restarter, message] of NONE) {
	test(`a restarter that gives ${name}`, () => {
		assert.match(failure(() => expectSameRun(sort, 400_000, restarter)).message, message);
	});
}

test("somebody's dump: its image is restored, its failure is the dump's", () => {
	const dirty: Dumper = (state, rules) => {
		const bytes = Uint8Array.from(dump(state, rules).bytes);
		bytes[bytes.length - 1] = 7;
		return { bytes };
	};
	const report = expectSameRun(sort, 400_000, undefined, { dumper: dirty });
	assert.is(report.verdict, 'harmless');
	assert.is(report.image[0].field, '(padding)');
	const throws: Dumper = () => {
		throw new Error('disk full');
	};
	const failed = failure(() => expectSameRun(sort, 400_000, undefined, { dumper: throws }));
	assert.match(failed.message, /REFUSED by the dump: DUMPER: disk full/);
});

test('planted defects: rules', () => {
	const window = openTrace('traces/window.msgpack');
	assert.is(expectSameRun(window, '102.3').verdict, 'equal');
	const { rules, names } = plant(['pause-window']);
	const { report } = failure(() => expectSameRun(window, '102.3', undefined, { rules, defects: names }));
	assert.is(report.causes[0].part, 'restart policy');
	assert.equal(report.outcome?.restored.kind, 'asleep');
});

test('a position that is not there', () => {
	assert.throws(() => expectSameRun(sort, 99_999_999), /does not come to this position/);
});

test.run();
