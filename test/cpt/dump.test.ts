/** What a dump refuses, by name: states whose tasks make no tree, and those that v2 cannot hold. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { DumpError, dump } from '../../src/cpt/v2/dump.ts';
import { readImage } from '../../src/cpt/v2/framing.ts';
import { RESIDUALS } from '../../src/cpt/v2/provenance.ts';
import { remainders } from '../../src/cpt/v2/remainder.ts';
import { restart, restartBase } from '../../src/cpt/v2/restart.ts';
import { dumpOrder } from '../../src/cpt/v2/tree.ts';
import { equalStates } from '../../src/reducers/diff.ts';
import { checkInvariants } from '../../src/reducers/invariants.ts';
import { restoreState } from '../../src/reducers/restore.ts';
import type { MachineState, Task } from '../../src/reducers/state.ts';
import { freezeAt } from '../../src/replay/checkpoint.ts';
import type { Trace } from '../../src/replay/trace.ts';
import { samples } from '../laws/traces.ts';

function frozen(name: string, wanted: (state: MachineState) => boolean): MachineState {
	const { trace } = samples().find((s) => s.name === `${name}.msgpack`) ?? (assert.unreachable(name) as never);
	const { steps } = (trace as Trace).end!;
	for (let at = 0; at < steps; at += 100) {
		const state = freezeAt(trace, { steps: at, k: 0 })?.state;
		if (state !== undefined && wanted(state)) return state;
	}
	throw new Error(`${name} never comes to such a state`);
}

const tree = frozen('frozen-tree', (state) => Object.keys(state.tasks).length >= 5);
const withTask = (pid: number, fields: Partial<Task>, state = tree): MachineState => ({
	...state,
	tasks: { ...state.tasks, [pid]: { ...state.tasks[pid], ...fields } },
});
const refused = (state: MachineState, object: string, why: RegExp) => {
	try {
		dump(state);
	} catch (error) {
		assert.instance(error, DumpError);
		assert.is((error as DumpError).object, object);
		assert.match((error as DumpError).message, why);
		return;
	}
	assert.unreachable(`${object}: not refused`);
};

test('a tree is dumped whole, each task once, root first', () => {
	const order = dumpOrder(tree).map((task) => task.pid);
	assert.equal(
		[...order].sort((a, b) => a - b),
		Object.keys(tree.tasks).map(Number),
	);
	const dumped = dump(tree).objects.filter((object) => object.name === 'TASK');
	assert.equal(
		dumped.map((object) => object.subject.task.pid),
		order,
	);
});

test('what a state has and no image holds is named, each under a part that is borrowed', () => {
	const parts = new Set(RESIDUALS.map(({ part }) => part));
	for (const { part, each } of remainders(tree)) assert.ok(parts.has(part) && each.length > 0, part);
	const [first] = Object.values(tree.tasks);
	const one = { signo: 10, errno: 0, code: 0, pid: 0, uid: 0, value: 0, address: 0, extra: [], forced: false };
	const count = (state: MachineState) => remainders(state).find(({ what }) => what === 'pending signal')?.each ?? [];
	assert.equal(
		count(withTask(first.pid, { pending: [one, one] })),
		[...count(tree), `10 of ${first.pid}`, `10 of ${first.pid}`].sort(),
	);
	const child = Object.values(tree.tasks).at(-1)!;
	const shared = remainders(withTask(child.pid, { mm: first.mm, tgid: child.pid }));
	assert.equal(shared.find(({ what }) => what === 'shared address space')?.each, [`of ${first.pid}, ${child.pid}`]);
});

test('tasks that make no tree are refused, and the dump comes to an end', () => {
	const [root, child, other] = Object.keys(tree.tasks).map(Number);
	refused(withTask(child, { ppid: child }), `TASK ${child}`, /not below the root/);
	refused(withTask(child, { ppid: other }, withTask(other, { ppid: child })), `TASK ${child}`, /not below the root/);
	refused(withTask(root, { ppid: root }), `TASK ${root}`, /below itself/);
	refused(withTask(root, { ppid: child }), `TASK ${root}`, /below two others, or below itself/);
});

test('the memory of a process whose first thread has ended stands with that thread, and is the others’', () => {
	const gone = ({ tasks }: MachineState) => {
		const [root, ...others] = Object.values(tasks);
		return (
			root.mm === 0 && others.some((t) => t.mm === 0 && t.tgid === t.pid && others.some((o) => o.ppid === root.pid && o.mm !== 0))
		);
	};
	const state = frozen('leader-gone', gone);
	const { bytes } = dump(state);
	const objects = readImage(bytes);
	const root = objects.find((o) => o.name === 'TASK')!;
	assert.equal(
		objects.filter((o) => o.parent === root).map((o) => o.name),
		['MM', 'TASK', 'TASK'],
	);
	const restored = restoreState(restartBase(state), [...restart(bytes, { residual: state })]);
	assert.is(restored.tasks[root.num('cpt_pid')].mm, 0);
	assert.equal(checkInvariants(restored), []);
	assert.ok(equalStates(restored, { ...state, freezer: 'frozen' }));

	const mm = objects.find((o) => o.name === 'MM')!;
	const thread = objects.find((o) => o.name === 'TASK' && o.parent === root)!;
	const without = new Uint8Array([...bytes.subarray(0, mm.offset), ...bytes.subarray(thread.offset)]);
	assert.throws(() => [...restart(without, { residual: state })], /TASK.*cpt_tgid.*a process that has memory/);
});

test.run();
