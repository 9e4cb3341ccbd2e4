/** Nice values (kernel/sys.c, kernel/sched/core.c of Linux 6.1): they are kept and inherited; nobody runs longer for them. */
import type { Task } from '../../events/entities.ts';
import { Errno } from '../abi/errno.ts';
import { RLIMIT } from '../abi/mm.ts';
import type { Decision } from '../decision.ts';
import { numberOf, pidOf, taskOrOwn } from '../pids.ts';
import type { Handler, SyscallRow } from '../row.ts';

const MIN_NICE = -20;
const MAX_NICE = 19;
const PRIO_PROCESS = 0;
const PRIO_USER = 2;

export const clampNice = (nice: number): number => Math.max(MIN_NICE, Math.min(MAX_NICE, nice));

/** is_nice_reduction: whether RLIMIT_NICE lets a task have that value. */
export function isAllowedNice(d: Decision, task: Task, nice: number): boolean {
	return 20 - nice <= d.state.groups[task.group].rlimits[RLIMIT.NICE][0];
}

/** Whether the caller may change how a task is scheduled as far as users go: its owner may, and root. */
export function isOwner(d: Decision, { creds }: Task): boolean {
	const { euid } = d.task.creds;
	return euid === 0 || euid === creds.euid || euid === creds.uid;
}

/** can_nice: root may, others only to where RLIMIT_NICE lets them. */
function mayNice(d: Decision, task: Task, nice: number): boolean {
	return nice >= task.nice || d.task.creds.euid === 0 || isAllowedNice(d, task, nice);
}

/** Tasks that get/setpriority speak of; `who` 0 = the caller, its process group, its user. */
function meant(d: Decision, which: number, who: number): readonly Task[] {
	if (which === PRIO_PROCESS) return [taskOrOwn(d, who)].filter((t) => t !== undefined);
	const { tasks, groups } = d.state;
	if (which === PRIO_USER) {
		const uid = who === 0 ? d.task.creds.uid : who;
		return Object.values(tasks).filter((t) => t.creds.uid === uid && numberOf(d, t.pid) !== 0);
	}
	const pgrp = who === 0 ? d.group.pgrp : pidOf(d, who);
	return Object.values(tasks).filter((t) => groups[t.group].pgrp === pgrp);
}

/** The answer is 20 - nice, so that it is never negative. */
const getpriority: Handler = (d, [which, who]) => {
	if (which > PRIO_USER) return -Errno.EINVAL;
	const tasks = meant(d, which, who);
	return tasks.length === 0 ? -Errno.ESRCH : Math.max(...tasks.map((t) => 20 - t.nice));
};

/** Who may not be changed is left out, and the last such is the result. */
const setpriority: Handler = (d, [which, who, value]) => {
	if (which > PRIO_USER) return -Errno.EINVAL;
	const nice = clampNice(value | 0);
	const tasks = meant(d, which, who);
	if (tasks.length === 0) return -Errno.ESRCH;
	let result = 0;
	for (const t of tasks) {
		if (!isOwner(d, t)) result = -Errno.EPERM;
		else if (!mayNice(d, t, nice)) result = -Errno.EACCES;
		else if (t.nice !== nice) d.emit({ kind: 'task/set', task: t.pid, fields: { nice } });
	}
	return result;
};

const niceCall: Handler = (d, [increment]) => {
	const step = Math.max(-40, Math.min(40, increment | 0));
	const nice = clampNice(d.task.nice + step);
	if (step < 0 && !mayNice(d, d.task, nice)) return -Errno.EPERM;
	d.emit({ kind: 'task/set', task: d.pid, fields: { nice } });
	return 0;
};

export const niceRows: readonly SyscallRow[] = [
	{ nr: 34, name: 'nice', args: ['int'], support: 'full', handler: niceCall },
	{ nr: 96, name: 'getpriority', args: ['enum:PRIO', 'int'], support: 'full', handler: getpriority },
	{ nr: 97, name: 'setpriority', args: ['enum:PRIO', 'int', 'int'], support: 'full', handler: setpriority },
];
