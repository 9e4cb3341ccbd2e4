/**
 * Reducers of the scheduler: who may run stands in one list, those of higher realtime priority first, of one priority in the order
 * in which they came to it (kernel/sched/rt.c of Linux 6.1).
 */
import { assert } from '../events/assert.ts';
import type { SchedPolicy } from '../events/entities.ts';
import type { TaskEvent } from '../events/task.ts';
import type { StateDraft } from './draft.ts';
import { entity, plain } from './draft.ts';

const SCHED_RR = 2;

/** A task may run from now on: it goes behind those of its priority unless it has the processor. */
export function mayRun(d: StateDraft, pid: number): void {
	const { sched, times } = d.tasks[pid];
	if (sched.priority > 0) entity(d, 'tasks', pid).sched = { ...plain(sched), since: times.steps };
	if (pid !== d.scheduler.current) enqueue(d, pid, false);
}

/** @param first before those of its priority, not behind them */
function enqueue(d: StateDraft, pid: number, first: boolean): void {
	const queue = plain(d.scheduler.queue);
	const priority = (other: number) => d.tasks[other].sched.priority;
	const own = priority(pid);
	let at = queue.length;
	while (at > 0 && (priority(queue[at - 1]) < own || (first && priority(queue[at - 1]) === own))) at--;
	d.scheduler.queue = [...queue.slice(0, at), pid, ...queue.slice(at)];
}

/** A task may not run any more: it stopped or ended while it waited for the processor. */
export function mayNotRun(d: StateDraft, pid: number): void {
	const queue = plain(d.scheduler.queue);
	if (queue.includes(pid)) d.scheduler.queue = queue.filter((p) => p !== pid);
}

/** A task is scheduled in another way: it goes behind those of its new priority, or before them if it had a higher one. */
export function reschedule(d: StateDraft, pid: number, before: SchedPolicy): void {
	if (!plain(d.scheduler.queue).includes(pid)) return;
	mayNotRun(d, pid);
	enqueue(d, pid, d.tasks[pid].sched.priority < before.priority);
}

/** The task has another pid, or (`to` 0) is not there any more. */
export function renameScheduled(d: StateDraft, pid: number, to: number): void {
	const { scheduler } = d;
	if (scheduler.current === pid) scheduler.current = to;
	if (to === 0) mayNotRun(d, pid);
	else scheduler.queue = plain(scheduler.queue).map((p) => (p === pid ? to : p));
}

/** Another task gets the processor: it leaves the queue; who had it goes there if it may run, before its equals if it was preempted. */
export function switchTo(d: StateDraft, e: Extract<TaskEvent, { kind: 'sched/switch' }>): void {
	const { scheduler } = d;
	assert(scheduler.current === e.from, 'a switch is from the task that has the processor');
	const { left } = scheduler;
	mayNotRun(d, e.to);
	const leaves = e.from !== e.to && d.tasks[e.from] !== undefined;
	const runs = leaves && d.tasks[e.from].state === 'running';
	if (runs) enqueue(d, e.from, left > 0 && d.tasks[e.from].sched.priority > 0);
	scheduler.current = e.to;
	scheduler.left = e.quantum;
	scheduler.rng = e.rng;
	scheduler.epoch = e.epoch;
	if (d.tasks[e.to]?.sched.slice > 0) setSlice(d, e.to, 0);
	if (!leaves) return;
	if (d.tasks[e.from].sched.policy === SCHED_RR) setSlice(d, e.from, Math.max(0, left));
	const from = entity(d, 'tasks', e.from);
	// Linux counts a switch as involuntary when the task could have gone on (kernel/sched/core.c __schedule).
	const times = plain(from.times);
	from.times = runs ? { ...times, nivcsw: times.nivcsw + 1 } : { ...times, nvcsw: times.nvcsw + 1 };
}

function setSlice(d: StateDraft, pid: number, slice: number): void {
	const task = entity(d, 'tasks', pid);
	task.sched = { ...plain(task.sched), slice };
}
