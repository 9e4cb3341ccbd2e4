/**
 * A planted restart that thaws too early: the root runs when its own objects are taken up, before its children are there. What it has become
 * is expressed as restore events and as what is lent, so that the restored machine is a trace like any other.
 */
import type { Rules } from '../cpt/rules.ts';
import { rootPid } from '../cpt/v2/tree.ts';
import type { RestoreEvent } from '../events/restore.ts';
import { checkReferences } from '../reducers/invariants.ts';
import { restoreState } from '../reducers/restore.ts';
import type { MachineState } from '../reducers/state.ts';
import { Machine } from './machine.ts';

/** How the root comes out of it: undefined where it cannot run alone, or nothing is pending for it. */
function alone(
	base: MachineState,
	events: readonly RestoreEvent[],
	residual: MachineState,
	steps: number,
): MachineState | undefined {
	const pid = rootPid(residual);
	const last = events.findIndex((e) => e.kind === 'restore/object' && e.effect.kind === 'registers' && e.effect.task === pid);
	const end = events.at(-1);
	if (last < 0 || end?.kind !== 'restore/end') return undefined;
	const scheduler = { ...end.scheduler, current: pid, queue: [] };
	const root = restoreState(base, [...events.slice(0, last + 1), { ...end, scheduler }]);
	const task = root.tasks[pid];
	const group = root.groups[task.group];
	if (task.pending.length + group.pending.length === 0 || task.state === 'stopped') return undefined;
	const own = { ...root, groups: { ...root.groups, [group.id]: { ...group, threads: [pid] } } };
	if (checkReferences(own).length > 0) return undefined;
	const machine = new Machine(own, 'runs', () => {});
	machine.thaw('kernel');
	machine.advance(root.clock.steps + steps);
	machine.flush();
	const ran = machine.snapshot();
	machine.close();
	return ran.tasks[pid]?.mm === task.mm ? ran : undefined;
}

/** The rules of a restart in which the root has run `steps` steps alone. */
export function runsEarly(base: MachineState, events: readonly RestoreEvent[], residual: MachineState, steps: number): Rules {
	const ran = alone(base, events, residual, steps);
	if (ran === undefined) return {};
	const pid = rootPid(residual);
	const { cpu, pending, blocked, savedMask, state, origAx, entry, wait, restartBlock, mm, group } = ran.tasks[pid];
	const { object } = ran.mms[mm];
	return {
		residual: (lent) => ({
			...lent,
			tasks: { ...lent.tasks, [pid]: { ...lent.tasks[pid], pending, blocked, savedMask } },
			groups: { ...lent.groups, [group]: { ...lent.groups[group], pending: ran.groups[group].pending } },
		}),
		restored: (effect) => {
			if (effect.kind === 'fpu' && effect.task === pid) return { ...effect, fx: cpu.fx };
			if (effect.kind !== 'registers' || effect.task !== pid) return effect;
			const { fx: _, fpuUsed: __, ...regs } = cpu;
			return { ...effect, regs, state, origAx, entry, wait, restartBlock };
		},
		end: (restored) => {
			const before = restored.objects[object].pages;
			return [...ran.objects[object].pages.changes(before)].flatMap(([index, , bytes]): RestoreEvent[] =>
				bytes === undefined
					? []
					: [
							{
								kind: 'restore/object',
								number: 0,
								name: 'PAGES',
								offset: 0,
								length: 0,
								effect: { kind: 'pages', object, index, bytes },
							},
						],
			);
		},
	};
}
