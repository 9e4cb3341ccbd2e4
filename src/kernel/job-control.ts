/** Process groups: members, and groups that nobody could continue any more (kernel/exit.c of Linux 6.1). */
import type { Task, ThreadGroup } from '../events/entities.ts';
import type { MachineState } from '../reducers/state.ts';
import { Sig } from './abi/signal.ts';
import type { Decision } from './decision.ts';
import { isAlive, kernelInfo } from './signal-queue.ts';
import { postSignal } from './signal-send.ts';

/** Thread groups of a process group, by the pid of their leaders. */
export function membersOf(state: MachineState, pgrp: number): readonly ThreadGroup[] {
	return Object.values(state.groups)
		.filter((g) => g.pgrp === pgrp)
		.sort((a, b) => a.tgid - b.tgid);
}

/** Whether a thread group has ended, though its leader may still wait to be reaped. */
export function isGone(state: MachineState, group: ThreadGroup): boolean {
	return group.threads.every((pid) => !isAlive(state.tasks[pid]));
}

/** How a thread group ended, as wait4 shows it: by exit_group, a signal, or its last thread's exit (synchronize_group_exit). */
export function endStatus(state: MachineState, leader: Task): number {
	return state.groups[leader.group].groupExit ?? leader.exitStatus;
}

/**
 * Whether no member has a parent in another group of the session (will_become_orphaned_pgrp): nobody could continue it.
 * @param ignored a thread group that does not count, as it is about to end; 0 = none
 */
export function isOrphaned(state: MachineState, pgrp: number, session: number, ignored: number): boolean {
	return !membersOf(state, pgrp).some((group) => {
		if (group.id === ignored || isGone(state, group)) return false;
		const parent = state.tasks[state.tasks[group.tgid].ppid];
		if (parent === undefined) return false;
		const above = state.groups[parent.group];
		return above.pgrp !== pgrp && above.session === session;
	});
}

/** Process groups of `session` that became orphaned and have a stopped member: SIGHUP, then SIGCONT (POSIX 3.2.2.2). */
export function hangUpOrphans(d: Decision, pgrps: ReadonlySet<number>, session: number, ignored: number): void {
	for (const pgrp of [...pgrps].sort((a, b) => a - b)) {
		const members = membersOf(d.state, pgrp).filter((g) => g.session === session && g.id !== ignored);
		if (!members.some((g) => g.stopSignal !== 0) || !isOrphaned(d.state, pgrp, session, ignored)) continue;
		for (const signo of [Sig.SIGHUP, Sig.SIGCONT]) {
			for (const group of members) postSignal(d, group.tgid, true, kernelInfo(signo));
		}
	}
}
