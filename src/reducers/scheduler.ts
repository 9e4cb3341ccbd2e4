/** Reducers of the scheduler: who may run stands in one list, in the order in which they came to it. */
import { assert } from '../events/assert.ts';
import type { TaskEvent } from '../events/task.ts';
import type { StateDraft } from './draft.ts';
import { entity, plain } from './draft.ts';

/** A task may run from now on: it goes to the end of the queue unless it has the processor. */
export function mayRun(d: StateDraft, pid: number): void {
	const { current, queue } = d.scheduler;
	if (pid !== current) d.scheduler.queue = [...plain(queue), pid];
}

/** A task may not run any more: it stopped or ended while it waited for the processor. */
export function mayNotRun(d: StateDraft, pid: number): void {
	const queue = plain(d.scheduler.queue);
	if (queue.includes(pid)) d.scheduler.queue = queue.filter((p) => p !== pid);
}

/** The task has another pid, or (`to` 0) is not there any more. */
export function renameScheduled(d: StateDraft, pid: number, to: number): void {
	const { scheduler } = d;
	if (scheduler.current === pid) scheduler.current = to;
	if (to === 0) mayNotRun(d, pid);
	else scheduler.queue = plain(scheduler.queue).map((p) => (p === pid ? to : p));
}

/** Another task gets the processor: it leaves the queue; who had it goes to its end if it may run. */
export function switchTo(d: StateDraft, e: Extract<TaskEvent, { kind: 'sched/switch' }>): void {
	const { scheduler } = d;
	assert(scheduler.current === e.from, 'a switch is from the task that has the processor');
	const left = plain(scheduler.queue).filter((pid) => pid !== e.to);
	const runs = e.from !== 0 && e.from !== e.to && d.tasks[e.from]?.state === 'running';
	scheduler.queue = runs ? [...left, e.from] : left;
	scheduler.current = e.to;
	scheduler.left = e.quantum;
	scheduler.rng = e.rng;
	scheduler.epoch = e.epoch;
	if (e.from === e.to || d.tasks[e.from] === undefined) return;
	const from = entity(d, 'tasks', e.from);
	// Linux counts a switch as involuntary when the task could have gone on (kernel/sched/core.c __schedule).
	const times = plain(from.times);
	from.times = runs ? { ...times, nivcsw: times.nivcsw + 1 } : { ...times, nvcsw: times.nvcsw + 1 };
}
