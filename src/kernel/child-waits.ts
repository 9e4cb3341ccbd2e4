/** Who waits for which child (kernel/exit.c eligible_child, eligible_pid), and waking them when one changes. */
import type { Task, WaitOn } from '../events/entities.ts';
import type { MachineState } from '../reducers/state.ts';
import { Sig } from './abi/signal.ts';
import { WAIT } from './abi/wait.ts';
import type { Decision } from './decision.ts';

export type ChildWait = Extract<WaitOn, { kind: 'child' }>;

/** Whether a wait is for this child: the leader of its group, a child of the waiter's. */
export function isAwaited(state: MachineState, child: Task, { which, id, options }: ChildWait): boolean {
	if (which === WAIT.P_PID && child.pid !== id) return false;
	if (which === WAIT.P_PGID && state.groups[child.group].pgrp !== id) return false;
	if (options & WAIT.__WALL) return true;
	// A clone child is one that does not send SIGCHLD.
	return (child.exitSignal !== Sig.SIGCHLD) === ((options & WAIT.__WCLONE) !== 0);
}

/** Something happened to a child: who sleeps for it looks again (__wake_up_parent). */
export function fireChildWaits(d: Decision, child: Task): void {
	const { state } = d;
	const parent = state.tasks[child.ppid];
	if (parent === undefined) return;
	for (const pid of state.groups[parent.group].threads) {
		const { wait } = state.tasks[pid];
		const index = wait?.on.findIndex((on) => on.kind === 'child' && isAwaited(state, child, on)) ?? -1;
		if (index >= 0 && wait?.fired === -1) d.emit({ kind: 'wait/fire', task: pid, index });
	}
}
