/** Scheduling parameters (kernel/sched/core.c of Linux 6.1): one processor, the normal policy, nice values that are kept. */
import { Errno } from '../abi/errno.ts';
import { encodeNs, TIMESPEC32, TIMESPEC64, type TimeFormat } from '../abi/time.ts';
import type { Decision } from '../decision.ts';
import { numberOf, pidOf, taskOrOwn } from '../pids.ts';
import type { Handler, SyscallRow } from '../row.ts';

const Policy = { NORMAL: 0, FIFO: 1, RR: 2, BATCH: 3, IDLE: 5, DEADLINE: 6 } as const;
/** SCHED_RESET_ON_FORK, or'ed to a policy. */
const RESET_ON_FORK = 0x40000000;
const isNormal = (policy: number): boolean => policy === Policy.NORMAL || policy === Policy.BATCH || policy === Policy.IDLE;
const MIN_NICE = -20;
const MAX_NICE = 19;
const PRIO_PROCESS = 0;
const PRIO_USER = 2;
const RLIMIT_NICE = 13;
/** Bytes of the processor mask of a kernel for few processors. */
const MASK_BYTES = 4;

/** Tasks that get/setpriority speak of; `who` 0 = the caller, its process group, its user. */
function meant(d: Decision, which: number, who: number) {
	if (which === PRIO_PROCESS) return [taskOrOwn(d, who)].filter((t) => t !== undefined);
	const { tasks, groups } = d.state;
	if (which === PRIO_USER) {
		const uid = who === 0 ? d.task.creds.uid : who;
		return Object.values(tasks).filter((t) => t.creds.uid === uid && numberOf(d, t.pid) !== 0);
	}
	const pgrp = who === 0 ? d.group.pgrp : pidOf(d, who);
	return Object.values(tasks).filter((t) => groups[t.group].pgrp === pgrp);
}

/** can_nice: root may, others only to where RLIMIT_NICE lets them. */
function mayNice(d: Decision, nice: number): boolean {
	return nice >= d.task.nice || d.task.creds.euid === 0 || 20 - nice <= d.group.rlimits[RLIMIT_NICE][0];
}

/** The answer is 20 - nice, so that it is never negative. */
const getpriority: Handler = (d, [which, who]) => {
	if (which > PRIO_USER) return -Errno.EINVAL;
	const tasks = meant(d, which, who);
	return tasks.length === 0 ? -Errno.ESRCH : Math.max(...tasks.map((t) => 20 - t.nice));
};

const setpriority: Handler = (d, [which, who, value]) => {
	if (which > PRIO_USER) return -Errno.EINVAL;
	const nice = Math.max(MIN_NICE, Math.min(MAX_NICE, value | 0));
	const tasks = meant(d, which, who);
	if (tasks.length === 0) return -Errno.ESRCH;
	if (!mayNice(d, nice)) return -Errno.EACCES;
	for (const t of tasks) d.emit({ kind: 'task/set', task: t.pid, fields: { nice } });
	return 0;
};

const niceCall: Handler = (d, [increment]) => {
	const step = Math.max(-40, Math.min(40, increment | 0));
	const nice = Math.max(MIN_NICE, Math.min(MAX_NICE, d.task.nice + step));
	if (step < 0 && !mayNice(d, nice)) return -Errno.EPERM;
	d.emit({ kind: 'task/set', task: d.pid, fields: { nice } });
	return 0;
};

/** Who else may run comes first. */
const yieldCall: Handler = (d) => {
	if (d.state.scheduler.queue.length > 0) d.emit({ kind: 'sched/yield', task: d.pid });
	return 0;
};

const getaffinity: Handler = (d, [pid, length, mask]) => {
	if (length < MASK_BYTES || length % 4 !== 0) return -Errno.EINVAL;
	if (taskOrOwn(d, pid) === undefined) return -Errno.ESRCH;
	return d.writeU32(mask, 1) ? MASK_BYTES : -Errno.EFAULT;
};

const setaffinity: Handler = (d, [pid, length, mask]) => {
	const bytes = d.read(mask, Math.min(length, MASK_BYTES));
	if (bytes === undefined) return -Errno.EFAULT;
	if (taskOrOwn(d, pid) === undefined) return -Errno.ESRCH;
	return bytes.length > 0 && bytes[0] & 1 ? 0 : -Errno.EINVAL;
};

/** struct sched_param: one int. Only the normal policies, whose priority is 0. */
const setscheduler: Handler = (d, [pid, policy, param]) => {
	if (param === 0 || (pid | 0) < 0 || (policy | 0) < 0) return -Errno.EINVAL;
	return setParam(d, pid, policy & ~RESET_ON_FORK, param);
};

const setparam: Handler = (d, [pid, param]) =>
	param === 0 || (pid | 0) < 0 ? -Errno.EINVAL : setParam(d, pid, Policy.NORMAL, param);

function setParam(d: Decision, pid: number, policy: number, param: number): number {
	const priority = d.u32(param);
	if (priority === undefined) return -Errno.EFAULT;
	if (taskOrOwn(d, pid) === undefined) return -Errno.ESRCH;
	if (isNormal(policy)) return priority === 0 ? 0 : -Errno.EINVAL;
	if (policy !== Policy.FIFO && policy !== Policy.RR) return -Errno.EINVAL;
	if (priority < 1 || priority > 99) return -Errno.EINVAL;
	const name = policy === Policy.RR ? 'SCHED_RR' : 'SCHED_FIFO';
	if (d.task.creds.euid === 0) {
		d.emit({ kind: 'unsupported', task: d.pid, what: 'feature', name, eip: d.regs.eip, bytes: new Uint8Array(0) });
	}
	return -Errno.EPERM;
}

const getscheduler: Handler = (d, [pid]) =>
	(pid | 0) < 0 ? -Errno.EINVAL : taskOrOwn(d, pid) === undefined ? -Errno.ESRCH : Policy.NORMAL;

const getparam: Handler = (d, [pid, param]) => {
	if (param === 0 || (pid | 0) < 0) return -Errno.EINVAL;
	if (taskOrOwn(d, pid) === undefined) return -Errno.ESRCH;
	return d.writeU32(param, 0) ? 0 : -Errno.EFAULT;
};

/** Lowest or highest priority of a policy. */
const bound =
	(realtime: number): Handler =>
	(_d, [policy]) =>
		policy === Policy.FIFO || policy === Policy.RR
			? realtime
			: isNormal(policy) || policy === Policy.DEADLINE
				? 0
				: -Errno.EINVAL;

/** The quantum as a time. */
const interval =
	(format: TimeFormat): Handler =>
	(d, [pid, pointer]) => {
		if ((pid | 0) < 0) return -Errno.EINVAL;
		if (taskOrOwn(d, pid) === undefined) return -Errno.ESRCH;
		const { quantum, nsPerStep } = d.state.persona;
		return d.write(pointer, encodeNs(quantum * nsPerStep, format)) ? 0 : -Errno.EFAULT;
	};

const ONE_CPU = 'one processor';
const NO_RT = 'no realtime policies';

export const schedRows: readonly SyscallRow[] = [
	{ nr: 34, name: 'nice', args: ['int'], support: 'full', handler: niceCall },
	{ nr: 96, name: 'getpriority', args: ['enum:PRIO', 'int'], support: 'full', handler: getpriority },
	{ nr: 97, name: 'setpriority', args: ['enum:PRIO', 'int', 'int'], support: 'full', handler: setpriority },
	{ nr: 154, name: 'sched_setparam', args: ['pid', 'addr'], support: 'partial', note: NO_RT, handler: setparam },
	{ nr: 155, name: 'sched_getparam', args: ['pid', 'addr'], support: 'full', handler: getparam },
	{
		nr: 156,
		name: 'sched_setscheduler',
		args: ['pid', 'enum:SCHED', 'addr'],
		support: 'partial',
		note: NO_RT,
		handler: setscheduler,
	},
	{ nr: 157, name: 'sched_getscheduler', args: ['pid'], support: 'partial', note: NO_RT, handler: getscheduler },
	{ nr: 158, name: 'sched_yield', args: [], support: 'full', handler: yieldCall },
	{ nr: 159, name: 'sched_get_priority_max', args: ['enum:SCHED'], support: 'full', handler: bound(99) },
	{ nr: 160, name: 'sched_get_priority_min', args: ['enum:SCHED'], support: 'full', handler: bound(1) },
	{
		nr: 161,
		name: 'sched_rr_get_interval',
		args: ['pid', 'addr'],
		support: 'partial',
		note: 'the quantum',
		handler: interval(TIMESPEC32),
	},
	{
		nr: 241,
		name: 'sched_setaffinity',
		args: ['pid', 'size', 'addr'],
		support: 'partial',
		note: ONE_CPU,
		handler: setaffinity,
	},
	{
		nr: 242,
		name: 'sched_getaffinity',
		args: ['pid', 'size', 'addr'],
		support: 'partial',
		note: ONE_CPU,
		handler: getaffinity,
	},
	{
		nr: 423,
		name: 'sched_rr_get_interval_time64',
		args: ['pid', 'addr'],
		support: 'partial',
		note: 'the quantum',
		handler: interval(TIMESPEC64),
	},
];
