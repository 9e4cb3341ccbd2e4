/** Reducers of the processor's events. */
import type { PageEffect, RunEvent, StepsEvent } from '../events/event.ts';
import type { StateDraft } from './draft.ts';
import { entity, plain } from './draft.ts';
import type { MachineState } from './state.ts';
import { stepsEffect } from './steps.ts';

export type CpuEvent = RunEvent | StepsEvent;

/** The run that single steps add up to. Their check value is nobody's business here. */
export function runOf(state: MachineState, e: StepsEvent): RunEvent {
	const { task, columns, entry } = e;
	return { kind: 'cpu/run', task, steps: columns.count, check: 0, entry, effect: stepsEffect(state, columns) };
}

export function reduceRun(d: StateDraft, e: RunEvent): void {
	const task = entity(d, 'tasks', e.task);
	d.clock.steps += e.steps;
	d.scheduler.left -= e.steps;
	const times = plain(task.times);
	task.times = { ...times, steps: times.steps + e.steps };
	task.entry = e.entry;
	// Without its effect only time passes: the live machine has the registers and the pages.
	if (e.effect === undefined) return;
	task.cpu = e.effect.cpu;
	writePages(d, e.effect.pages);
}

/** Neighbours of one object are entered together. */
function writePages(d: StateDraft, pages: readonly PageEffect[]): void {
	for (let i = 0; i < pages.length; ) {
		const { object } = pages[i];
		const changes: [number, Uint8Array][] = [];
		for (; i < pages.length && pages[i].object === object; i++) changes.push([pages[i].index, pages[i].bytes]);
		const target = entity(d, 'objects', object);
		target.pages = target.pages.with(changes);
	}
}
