/** Who waits for which child (kernel/exit.c eligible_child, eligible_pid), and waking them when one changes. */
import type { Task, WaitOn } from '../events/entities.ts';
import type { MachineState } from '../reducers/state.ts';
import { Sig } from './abi/signal.ts';
import { WAIT } from './abi/wait.ts';
import type { Decision } from './decision.ts';
import { isTraced } from './signal-queue.ts';

export type ChildWait = Extract<WaitOn, { kind: 'child' }>;

/** Whether a wait is for this child. @param traced the waiter's group traces it: of any kind it is meant then */
export function isAwaited(state: MachineState, child: Task, { which, id, options }: ChildWait, traced: boolean): boolean {
	if (which === WAIT.P_PID && child.pid !== id) return false;
	if (which === WAIT.P_PGID && state.groups[child.group].pgrp !== id) return false;
	if (traced || options & WAIT.__WALL) return true;
	// A clone child is one that does not send SIGCHLD.
	return (child.exitSignal !== Sig.SIGCHLD) === ((options & WAIT.__WCLONE) !== 0);
}

/** Whether a task's tracer is in this thread group. */
export function tracedBy(state: MachineState, task: Task, tgid: number): boolean {
	return isTraced(task) && state.tasks[task.trace.tracer].tgid === tgid;
}

/** Something happened to a child: who of its parent's or tracer's group sleeps for it looks again (__wake_up_parent). */
export function fireChildWaits(d: Decision, child: Task, to: number): void {
	const { state } = d;
	const parent = state.tasks[to];
	if (parent === undefined) return;
	const traced = tracedBy(state, child, parent.tgid);
	for (const pid of state.groups[parent.group].threads) {
		const { wait } = state.tasks[pid];
		const index = wait?.on.findIndex((on) => on.kind === 'child' && isAwaited(state, child, on, traced)) ?? -1;
		if (index >= 0 && wait?.fired === -1) d.emit({ kind: 'wait/fire', task: pid, index });
	}
}
