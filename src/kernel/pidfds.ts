/** What stands behind a descriptor of a process (kernel/pid.c, kernel/fork.c pidfd_fops of Linux 6.1). */
import type { Anon, Task } from '../events/entities.ts';
import type { MachineState } from '../reducers/state.ts';
import { isAlive } from './signal-queue.ts';

export type Pidfd = Anon & { readonly kind: 'pidfd' };

/** The leader of its thread group; undefined once that was waited for. */
export function processOf({ groups, tasks }: MachineState, { group }: Pidfd): Task | undefined {
	return group === 0 ? undefined : tasks[groups[group].tgid];
}

/** Whether all threads have ended (thread_group_exited): it polls readable. */
export function hasExited({ groups, tasks }: MachineState, { group }: Pidfd): boolean {
	return group === 0 || groups[group].threads.every((pid) => !isAlive(tasks[pid]));
}
