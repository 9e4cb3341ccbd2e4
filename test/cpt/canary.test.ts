/**
 * The canary: what may be borrowed is a fixed table (RESIDUALS), and everything else travels in the image. Every leaf of a
 * state that the table does not name is corrupted, once in what is dumped and once in what is lent.
 */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ImageError } from '../../src/cpt/error.ts';
import { DumpError, dump } from '../../src/cpt/v2/dump.ts';
import { RestartError } from '../../src/cpt/v2/progress.ts';
import { matches, provenance } from '../../src/cpt/v2/provenance.ts';
import { JIFFY_NS } from '../../src/cpt/v2/task-fields.ts';
import { decodeState, encodeState } from '../../src/reducers/codec.ts';
import { diffAligned } from '../../src/reducers/diff.ts';
import { checkInvariants } from '../../src/reducers/invariants.ts';
import { PAGE_SIZE } from '../../src/reducers/pages.ts';
import { formatPath, type Path } from '../../src/reducers/path.ts';
import type { MachineState, Task } from '../../src/reducers/state.ts';
import { freezeAt } from '../../src/replay/checkpoint.ts';
import { restore } from '../../src/replay/restart.ts';
import { type Mutation, mutateLeaves } from '../laws/leaves.ts';
import { random, samples, seed } from '../laws/traces.ts';

const SEED = seed();
/** Leaves of each kind of path that are corrupted at a position. */
const PER_KIND = 2;

/** What was restored, thawed like the original; undefined when the dump or the restart refused it. */
function through(dumped: MachineState, lent: MachineState): MachineState | undefined {
	try {
		return { ...restore(dump(dumped).bytes, { residual: lent }).state, freezer: dumped.freezer };
	} catch (error) {
		if (error instanceof DumpError || error instanceof ImageError || error instanceof RestartError) return undefined;
		throw error;
	}
}

const paths = (a: MachineState, b: MachineState) => diffAligned(a, b).map((d) => formatPath(d.path));

function* corrupted(state: MachineState, salt: number): Generator<Mutation> {
	for (const mutation of mutateLeaves(state, SEED + salt, PER_KIND)) {
		if (!mutation.excluded && isHeld(mutation, state) && isState(mutation.state)) yield mutation;
	}
	yield* inUnits(state);
}

/** Whether a machine can be in this state at all: the codec takes it and nothing refers to what is not there. */
function isState(state: MachineState): boolean {
	// No kernel has a longer name (TASK_COMM_LEN).
	if (Object.values(state.tasks).some((t) => t.comm.length > 15)) return false;
	try {
		return checkInvariants(decodeState(encodeState(state))).length === 0;
	} catch {
		return false;
	}
}

/** Paths at which one more means nothing, since the state counts in other units there: `inUnits` changes them. */
const OTHER_UNITS = ['tasks.*.times.steps', 'tasks.*.flags', 'mms.*.vmas.*.start', 'mms.*.vmas.*.end'];

/** Whether the image holds what is at a path. Of pages and paths it depends on what they are of. */
function isHeld({ path }: Mutation, state: MachineState): boolean {
	const { held, residual } = provenance(path);
	const [top, id, field, index, member] = path;
	// A whole table of entities is none of its leaves; that something refers to each of them is an invariant.
	if (path.length === 1) return false;
	assert.ok(held || residual, `${formatPath(path)}: neither held nor residual`);
	if (OTHER_UNITS.some((pattern) => matches(path, pattern))) return false;
	if (top === 'objects' && field === 'pages') return state.objects[Number(id)].kind === 'private';
	if (top === 'mms' && field === 'vmas' && member === 'path') return state.mms[Number(id)].vmas[Number(index)].inode !== 0;
	return held !== undefined;
}

/** Changes of a page, a tick, a flag. */
function* inUnits(state: MachineState): Generator<Mutation> {
	const task = Object.values(state.tasks).find((t) => t.mm !== 0) as Task;
	const mm = state.mms[task.mm];
	const withTask = (what: string, path: Path, fields: Partial<Task>): Mutation => ({
		path: ['tasks', task.pid, ...path],
		what,
		excluded: false,
		state: { ...state, tasks: { ...state.tasks, [task.pid]: { ...task, ...fields } } },
	});
	const tick = JIFFY_NS / state.persona.nsPerStep;
	yield withTask('a tick more', ['times', 'steps'], { times: { ...task.times, steps: task.times.steps + tick } });
	for (const pf of [0x40, 0x100, 0x200, 0x400]) yield withTask(`flag ${pf}`, ['flags'], { flags: task.flags ^ pf });
	for (const [i, vma] of mm.vmas.entries()) {
		const shorter = { ...vma, end: vma.end - PAGE_SIZE };
		if (shorter.end === vma.start) continue;
		const vmas = mm.vmas.with(i, shorter);
		const path = ['mms', mm.id, 'vmas', i, 'end'];
		yield { path, what: 'a page less', excluded: false, state: { ...state, mms: { ...state.mms, [mm.id]: { ...mm, vmas } } } };
	}
}

for (const { name, trace } of samples()) {
	test(`${name}: what is not residual travels in the image, and nothing of it is borrowed`, () => {
		const next = random(SEED);
		const seen = { travelled: 0, refused: 0, kept: 0 };
		for (let i = 0; i < 2; i++) {
			const freeze = freezeAt(trace, { steps: Math.floor(next() * (trace.end?.steps ?? 0)), k: 0 });
			if (freeze === undefined) continue;
			const { state } = freeze;
			assert.equal(paths(state, through(state, state)!), [], 'restored whole');
			for (const mutation of corrupted(state, i)) {
				const where = `${formatPath(mutation.path)}: ${mutation.what}, at step ${freeze.at.steps}`;
				const restored = through(mutation.state, state);
				if (restored === undefined) seen.refused++;
				else {
					assert.ok(paths(state, restored).length > 0, `dumped with another ${where}, and not seen`);
					seen.travelled++;
				}
				// Steps within the tick are borrowed, so another lender makes another number of the same tick.
				if (matches(mutation.path, 'tasks.*.times.steps')) continue;
				// A lender that sleeps in another call has no wait to lend: what then happens to the call is said in restart-registers.ts.
				if (matches(mutation.path, 'tasks.*.origAx') && state.tasks[Number(mutation.path[1])].state === 'sleeping') continue;
				const again = through(state, mutation.state);
				if (again !== undefined) {
					assert.equal(paths(state, again), [], `borrowed: ${where}`);
					seen.kept++;
				}
			}
		}
		console.log(`note ${name}: ${JSON.stringify(seen)}`);
		assert.ok(seen.travelled > 60 && seen.kept > 60, JSON.stringify(seen));
	});
}

test.run();
