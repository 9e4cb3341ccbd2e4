/** Scheduling policies and parameters (kernel/sched/core.c of Linux 6.1), and the one processor that tasks may run on. */
import type { SchedPolicy, Task } from '../../events/entities.ts';
import { Errno } from '../abi/errno.ts';
import { RLIMIT } from '../abi/mm.ts';
import { encodeNs, TIMESPEC32, TIMESPEC64, type TimeFormat } from '../abi/time.ts';
import { viewOf } from '../abi/words.ts';
import type { Decision } from '../decision.ts';
import { unsupported } from '../fail.ts';
import { taskOrOwn } from '../pids.ts';
import type { Handler, SyscallRow } from '../row.ts';
import { isFirst, isRealtime, Policy, RR_QUANTUM_NS, renewQuantum } from '../schedule.ts';
import { clampNice, isAllowedNice, isOwner } from './nice.ts';

/** SCHED_RESET_ON_FORK, or'ed to a policy. */
const RESET_ON_FORK = 0x40000000;
const POLICIES: readonly number[] = Object.values(Policy);
const MAX_PRIORITY = 99;
/** Flags of struct sched_attr. */
const FLAG = { RESET_ON_FORK: 1, KEEP_POLICY: 8, KEEP_PARAMS: 0x10, UTIL_CLAMP: 0x60, ALL: 0x7f } as const;
/** Bytes of the first struct sched_attr, and of 6.1's, which has two words for util clamps. */
const ATTR_BYTES = 48;
const ATTR_BYTES_NOW = 56;
const PAGE = 4096;
/** Bytes of the processor mask of a kernel for few processors. */
const MASK_BYTES = 4;

/** NORMAL and BATCH, whose nice value is a parameter. */
const isFair = (policy: number): boolean => policy === Policy.NORMAL || policy === Policy.BATCH;

/** struct sched_attr, as far as it matters here. */
interface Attr {
	/** -1: as it is. */
	readonly policy: number;
	readonly flags: number;
	readonly nice: number;
	readonly priority: number;
	/** ns, for DEADLINE. */
	readonly runtime: bigint;
	readonly deadline: bigint;
	readonly period: bigint;
}

/** Who else may run and need not wait for the caller comes first. */
const yieldCall: Handler = (d) => {
	if (!isFirst(d.state, d.pid)) d.emit({ kind: 'sched/yield', task: d.pid });
	return 0;
};

/* ---- setting ---- */

/** user_check_sched_setscheduler: what only root may do. */
function isPrivileged(d: Decision, task: Task, policy: number, attr: Attr, resetOnFork: boolean): boolean {
	const { sched, nice } = task;
	const [most] = d.state.groups[task.group].rlimits[RLIMIT.RTPRIO];
	if (isFair(policy) && attr.nice < nice && !isAllowedNice(d, task, attr.nice)) return true;
	if (isRealtime(policy)) {
		if (policy !== sched.policy && most === 0) return true;
		if (attr.priority > sched.priority && attr.priority > most) return true;
	}
	if (policy === Policy.DEADLINE || !isOwner(d, task)) return true;
	// IDLE is as a nice value of 20.
	if (sched.policy === Policy.IDLE && policy !== Policy.IDLE && !isAllowedNice(d, task, nice)) return true;
	return sched.resetOnFork && !resetOnFork;
}

/** __checkparam_dl. */
function isDeadline({ runtime, deadline, period }: Attr): boolean {
	const whole = period === 0n ? deadline : period;
	if (deadline === 0n || runtime < 1024n || deadline >= 1n << 63n || period >= 1n << 63n) return false;
	return whole >= deadline && deadline >= runtime && whole >= 100_000n && whole <= 4_194_304_000n;
}

/** __sched_setscheduler. */
function setScheduler(d: Decision, task: Task, attr: Attr): number {
	const { sched } = task;
	const keeps = attr.policy < 0;
	const policy = keeps ? sched.policy : attr.policy;
	const resetOnFork = keeps ? sched.resetOnFork : (attr.flags & FLAG.RESET_ON_FORK) !== 0;
	if (!POLICIES.includes(policy) || attr.flags & ~FLAG.ALL || attr.priority > MAX_PRIORITY) return -Errno.EINVAL;
	if (policy === Policy.DEADLINE && !isDeadline(attr)) return -Errno.EINVAL;
	if (isRealtime(policy) !== (attr.priority !== 0)) return -Errno.EINVAL;
	if (d.task.creds.euid !== 0 && isPrivileged(d, task, policy, attr, resetOnFork)) return -Errno.EPERM;
	if (attr.flags & FLAG.UTIL_CLAMP) return unsupported(d, 'util clamps of sched_setattr', Errno.EOPNOTSUPP);
	if (policy === Policy.DEADLINE) return unsupported(d, 'SCHED_DEADLINE', Errno.EBUSY);
	if (attr.flags & FLAG.KEEP_PARAMS) return change(d, task, { ...sched, resetOnFork }, task.nice);
	const { priority } = attr;
	const { times } = task;
	const since = isRealtime(sched.policy) ? sched.since : times.steps;
	const next = {
		policy,
		priority,
		resetOnFork,
		slice: policy === sched.policy ? sched.slice : 0,
		since: isRealtime(policy) ? since : 0,
	};
	return change(d, task, next, isFair(policy) ? attr.nice : task.nice);
}

function change(d: Decision, { pid, sched, nice }: Task, to: SchedPolicy, toNice: number): number {
	const same = (Object.keys(to) as (keyof SchedPolicy)[]).every((field) => to[field] === sched[field]);
	if (!same || nice !== toNice) d.emit({ kind: 'task/set', task: pid, fields: { sched: to, nice: toNice } });
	const other = to.policy !== sched.policy && (isRealtime(to.policy) || isRealtime(sched.policy));
	// It goes on with a quantum of its new kind.
	if (other && d.state.scheduler.current === pid) d.emit(renewQuantum(d.state));
	return 0;
}

/** struct sched_param: one int. @param policy -1: as it is */
function setParam(d: Decision, pid: number, policy: number, param: number): number {
	if (param === 0 || (pid | 0) < 0) return -Errno.EINVAL;
	const priority = d.u32(param);
	if (priority === undefined) return -Errno.EFAULT;
	const task = taskOrOwn(d, pid);
	if (task === undefined) return -Errno.ESRCH;
	const flags = policy >= 0 && policy & RESET_ON_FORK ? FLAG.RESET_ON_FORK : 0;
	const plain = policy < 0 ? policy : policy & ~RESET_ON_FORK;
	return setScheduler(d, task, { policy: plain, flags, nice: task.nice, priority, runtime: 0n, deadline: 0n, period: 0n });
}

const setscheduler: Handler = (d, [pid, policy, param]) => ((policy | 0) < 0 ? -Errno.EINVAL : setParam(d, pid, policy, param));

const setparam: Handler = (d, [pid, param]) => setParam(d, pid, -1, param);

/** sched_copy_attr: the struct, whatever its size, or -errno; a size that is no size is answered with ours. */
function readAttr(d: Decision, pointer: number): Attr | number {
	const said = d.u32(pointer);
	if (said === undefined) return -Errno.EFAULT;
	const size = said === 0 ? ATTR_BYTES : said;
	const bytes = size < ATTR_BYTES || size > PAGE ? null : d.read(pointer, size);
	if (bytes === undefined) return -Errno.EFAULT;
	if (bytes === null || bytes.subarray(ATTR_BYTES_NOW).some((b) => b !== 0)) {
		d.writeU32(pointer, ATTR_BYTES_NOW);
		return -Errno.E2BIG;
	}
	const v = viewOf(bytes);
	const flags = v.getBigUint64(8, true);
	if (flags & BigInt(FLAG.UTIL_CLAMP) && size < ATTR_BYTES_NOW) return -Errno.EINVAL;
	return {
		policy: v.getInt32(4, true),
		// A flag that nobody knows stays one.
		flags: flags > FLAG.ALL ? ~FLAG.ALL : Number(flags),
		nice: clampNice(v.getInt32(16, true)),
		priority: v.getUint32(20, true),
		runtime: v.getBigUint64(24, true),
		deadline: v.getBigUint64(32, true),
		period: v.getBigUint64(40, true),
	};
}

const setattr: Handler = (d, [pid, pointer, flags]) => {
	if (pointer === 0 || (pid | 0) < 0 || flags !== 0) return -Errno.EINVAL;
	const attr = readAttr(d, pointer);
	if (typeof attr === 'number') return attr;
	if (attr.policy < 0) return -Errno.EINVAL;
	const task = taskOrOwn(d, pid);
	if (task === undefined) return -Errno.ESRCH;
	const { sched, nice } = task;
	const own = isRealtime(sched.policy) ? { priority: sched.priority } : { nice };
	const policy = attr.flags & FLAG.KEEP_POLICY ? -1 : attr.policy;
	return setScheduler(d, task, { ...attr, policy, ...(attr.flags & FLAG.KEEP_PARAMS ? own : {}) });
};

/* ---- asking ---- */

const getattr: Handler = (d, [pid, pointer, size, flags]) => {
	if (pointer === 0 || (pid | 0) < 0 || size > PAGE || size < ATTR_BYTES || flags !== 0) return -Errno.EINVAL;
	const task = taskOrOwn(d, pid);
	if (task === undefined) return -Errno.ESRCH;
	const { policy, priority, resetOnFork } = task.sched;
	const bytes = new Uint8Array(Math.min(size, ATTR_BYTES_NOW));
	const v = viewOf(bytes);
	v.setUint32(0, bytes.length, true);
	v.setUint32(4, policy, true);
	v.setUint32(8, resetOnFork ? FLAG.RESET_ON_FORK : 0, true);
	if (isRealtime(policy)) v.setUint32(20, priority, true);
	else v.setInt32(16, task.nice, true);
	return d.write(pointer, bytes) ? 0 : -Errno.EFAULT;
};

const getscheduler: Handler = (d, [pid]) => {
	if ((pid | 0) < 0) return -Errno.EINVAL;
	const sched = taskOrOwn(d, pid)?.sched;
	return sched === undefined ? -Errno.ESRCH : sched.policy | (sched.resetOnFork ? RESET_ON_FORK : 0);
};

const getparam: Handler = (d, [pid, param]) => {
	if (param === 0 || (pid | 0) < 0) return -Errno.EINVAL;
	const task = taskOrOwn(d, pid);
	if (task === undefined) return -Errno.ESRCH;
	return d.writeU32(param, task.sched.priority) ? 0 : -Errno.EFAULT;
};

/** Lowest or highest priority of a policy. */
const bound =
	(realtime: number): Handler =>
	(_d, [policy]) =>
		!POLICIES.includes(policy) ? -Errno.EINVAL : isRealtime(policy) ? realtime : 0;

/** The quantum as a time; 0 for SCHED_FIFO, which has none. */
const interval =
	(format: TimeFormat): Handler =>
	(d, [pid, pointer]) => {
		if ((pid | 0) < 0) return -Errno.EINVAL;
		const task = taskOrOwn(d, pid);
		if (task === undefined) return -Errno.ESRCH;
		const { quantum, nsPerStep } = d.state.persona;
		const { policy } = task.sched;
		const ns = policy === Policy.RR ? RR_QUANTUM_NS : policy === Policy.FIFO ? 0 : quantum * nsPerStep;
		return d.write(pointer, encodeNs(ns, format)) ? 0 : -Errno.EFAULT;
	};

/* ---- processors ---- */

const getaffinity: Handler = (d, [pid, length, mask]) => {
	if (length < MASK_BYTES || length % 4 !== 0) return -Errno.EINVAL;
	if (taskOrOwn(d, pid) === undefined) return -Errno.ESRCH;
	return d.writeU32(mask, 1) ? MASK_BYTES : -Errno.EFAULT;
};

const setaffinity: Handler = (d, [pid, length, mask]) => {
	const bytes = d.read(mask, Math.min(length, MASK_BYTES));
	if (bytes === undefined) return -Errno.EFAULT;
	const task = taskOrOwn(d, pid);
	if (task === undefined) return -Errno.ESRCH;
	if (!isOwner(d, task)) return -Errno.EPERM;
	return bytes.length > 0 && bytes[0] & 1 ? 0 : -Errno.EINVAL;
};

const ONE_CPU = 'one processor';
const NOT_ALL = 'no SCHED_DEADLINE';
const QUANTUM = 'of the normal policies the machine’s quantum';

export const schedRows: readonly SyscallRow[] = [
	{ nr: 154, name: 'sched_setparam', args: ['pid', 'addr'], support: 'full', handler: setparam },
	{ nr: 155, name: 'sched_getparam', args: ['pid', 'addr'], support: 'full', handler: getparam },
	{
		nr: 156,
		name: 'sched_setscheduler',
		args: ['pid', 'enum:SCHED', 'addr'],
		support: 'full',
		handler: setscheduler,
	},
	{ nr: 157, name: 'sched_getscheduler', args: ['pid'], support: 'full', handler: getscheduler },
	{ nr: 158, name: 'sched_yield', args: [], support: 'full', handler: yieldCall },
	{ nr: 159, name: 'sched_get_priority_max', args: ['enum:SCHED'], support: 'full', handler: bound(MAX_PRIORITY) },
	{ nr: 160, name: 'sched_get_priority_min', args: ['enum:SCHED'], support: 'full', handler: bound(1) },
	{
		nr: 161,
		name: 'sched_rr_get_interval',
		args: ['pid', 'addr'],
		support: 'full',
		note: QUANTUM,
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
		nr: 351,
		name: 'sched_setattr',
		args: ['pid', 'struct:sched_attr', 'hex'],
		support: 'partial',
		note: NOT_ALL,
		handler: setattr,
	},
	{
		nr: 352,
		name: 'sched_getattr',
		args: ['pid', 'struct:sched_attr-out', 'size', 'hex'],
		support: 'full',
		handler: getattr,
	},
	{
		nr: 423,
		name: 'sched_rr_get_interval_time64',
		args: ['pid', 'addr'],
		support: 'full',
		note: QUANTUM,
		handler: interval(TIMESPEC64),
	},
];
