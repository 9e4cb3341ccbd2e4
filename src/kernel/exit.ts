/** The end of a thread group by a signal or exit_group(2) (kernel/exit.c do_group_exit). */
import type { Decision } from './decision.ts';

/** Ends every task of the deciding task's group. @param status as wait4 shows it: code << 8, or the signal's number. */
export function exitGroup(d: Decision, status: number): void {
	const { group, mm } = d.task;
	d.emit({ kind: 'group/exit', group, status });
	for (const task of Object.values(d.state.tasks)) {
		if (task.group !== group || task.state === 'zombie' || task.state === 'dead') continue;
		d.emit({ kind: 'task/exit', task: task.pid, status, zombie: task.pid === task.tgid });
	}
	if (mm !== 0 && Object.values(d.state.tasks).every((t) => t.mm !== mm)) d.emit({ kind: 'mm/drop', mm });
}
