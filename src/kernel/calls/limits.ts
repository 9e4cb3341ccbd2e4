/** Resource limits and usage (kernel/sys.c of Linux 6.1): getrlimit and its kin, getrusage. */
import type { TaskTimes } from '../../events/entities.ts';
import { Errno } from '../abi/errno.ts';
import { RLIM_INFINITY, RLIM_NLIMITS, RLIMIT } from '../abi/mm.ts';
import { encodeNs, TIMEVAL32 } from '../abi/time.ts';
import { setWords, viewOf } from '../abi/words.ts';
import type { Decision } from '../decision.ts';
import { taskOrOwn } from '../pids.ts';
import type { Handler, SyscallRow } from '../row.ts';
import { groupTimes } from '../timers.ts';

/** fs.nr_open: no task may have more descriptors. */
const NR_OPEN = 1048576;

/** A limit of the calling group, or another task's by pid. */
function limitsOf(d: Decision, pid: number) {
	const task = taskOrOwn(d, pid);
	return task && d.state.groups[task.group];
}

/** check_prlimit_permission: of another process only its own user's, unless root. */
function mayLimit(d: Decision, pid: number): boolean {
	const own = d.task.creds;
	const { creds, group } = taskOrOwn(d, pid) ?? d.task;
	if (group === d.task.group || own.euid === 0) return true;
	const users = [creds.uid, creds.euid, creds.suid].every((uid) => uid === own.uid);
	return users && [creds.gid, creds.egid, creds.sgid].every((gid) => gid === own.gid);
}

function setLimit(d: Decision, pid: number, resource: number, soft: number, hard: number): number {
	const group = limitsOf(d, pid);
	if (group === undefined) return -Errno.ESRCH;
	if (soft > hard) return -Errno.EINVAL;
	const root = d.task.creds.euid === 0;
	if (resource === RLIMIT.NOFILE && hard > NR_OPEN) return -Errno.EPERM;
	if (hard > group.rlimits[resource][1] && !root) return -Errno.EPERM;
	const rlimits = group.rlimits.map((l, i): readonly [number, number] => (i === resource ? [soft, hard] : l));
	d.emit({ kind: 'group/set', group: group.id, fields: { rlimits } });
	return 0;
}

function getLimit(d: Decision, resource: number, pointer: number, largest: number): number {
	if (resource >= RLIM_NLIMITS) return -Errno.EINVAL;
	const bytes = new Uint8Array(8);
	setWords(
		viewOf(bytes),
		0,
		d.group.rlimits[resource].map((l) => Math.min(l, largest)),
	);
	return d.write(pointer, bytes) ? 0 : -Errno.EFAULT;
}

/** The oldest getrlimit knows no number above 2^31 - 1. */
const oldGetrlimit: Handler = (d, [resource, pointer]) => getLimit(d, resource, pointer, 0x7fffffff);
const ugetrlimit: Handler = (d, [resource, pointer]) => getLimit(d, resource, pointer, RLIM_INFINITY);

const setrlimit: Handler = (d, [resource, pointer]) => {
	const bytes = d.read(pointer, 8);
	if (bytes === undefined) return -Errno.EFAULT;
	if (resource >= RLIM_NLIMITS) return -Errno.EINVAL;
	const view = viewOf(bytes);
	return setLimit(d, 0, resource, view.getUint32(0, true), view.getUint32(4, true));
};

/** rlim64 has 64 bits; what does not fit 32 is infinity. */
const prlimit64: Handler = (d, [pid, resource, newLimit, oldLimit]) => {
	let wanted: readonly [number, number] | undefined;
	if (newLimit !== 0) {
		const bytes = d.read(newLimit, 16);
		if (bytes === undefined) return -Errno.EFAULT;
		const view = viewOf(bytes);
		const narrow = (at: number): number => (view.getUint32(at + 4, true) !== 0 ? RLIM_INFINITY : view.getUint32(at, true));
		wanted = [narrow(0), narrow(8)];
	}
	if (resource >= RLIM_NLIMITS) return -Errno.EINVAL;
	const group = limitsOf(d, pid);
	if (group === undefined) return -Errno.ESRCH;
	if (!mayLimit(d, pid)) return -Errno.EPERM;
	const old = group.rlimits[resource];
	const error = wanted ? setLimit(d, pid, resource, wanted[0], wanted[1]) : 0;
	if (error !== 0 || oldLimit === 0) return error;
	const bytes = new Uint8Array(16);
	const high = (l: number): number => (l === RLIM_INFINITY ? RLIM_INFINITY : 0);
	setWords(viewOf(bytes), 0, [old[0], high(old[0]), old[1], high(old[1])]);
	return d.write(oldLimit, bytes) ? 0 : -Errno.EFAULT;
};

const RUSAGE_SELF = 0;
const RUSAGE_CHILDREN = 0xffffffff;
const RUSAGE_THREAD = 1;

/** struct rusage: two timevals, then 14 longs. All time is user time: a call takes none. */
const getrusage: Handler = (d, [who, pointer]) => {
	const times = whose(d, who);
	if (times === undefined) return -Errno.EINVAL;
	const mapped = who === RUSAGE_CHILDREN ? 0 : d.mm.vmas.reduce((n, v) => n + v.end - v.start, 0);
	return d.write(pointer, rusageBytes(d, times, mapped)) ? 0 : -Errno.EFAULT;
};

/** struct rusage of these times. @param mapped what stands for the resident set, bytes */
export function rusageBytes(d: Decision, times: TaskTimes, mapped: number): Uint8Array {
	const bytes = new Uint8Array(72);
	bytes.set(encodeNs(times.steps * d.state.persona.nsPerStep, TIMEVAL32), 0);
	const view = viewOf(bytes);
	view.setUint32(16, mapped / 1024, true);
	setWords(view, 32, [times.minFlt, times.majFlt]);
	setWords(view, 64, [times.nvcsw, times.nivcsw]);
	return bytes;
}

function whose(d: Decision, who: number): TaskTimes | undefined {
	if (who === RUSAGE_CHILDREN) return d.group.childTimes;
	if (who === RUSAGE_SELF) return groupTimes(d.state, d.task.group);
	return who === RUSAGE_THREAD ? d.task.times : undefined;
}

export const limitRows: readonly SyscallRow[] = [
	{
		nr: 75,
		name: 'setrlimit',
		args: ['enum:RLIMIT', 'struct:rlimit'],
		support: 'full',
		handler: setrlimit,
	},
	{ nr: 76, name: 'getrlimit', args: ['enum:RLIMIT', 'struct:rlimit-out'], support: 'full', handler: oldGetrlimit },
	{
		nr: 77,
		name: 'getrusage',
		args: ['enum:RUSAGE', 'addr'],
		support: 'partial',
		note: 'ru_maxrss is what is mapped, all time is user time',
		handler: getrusage,
	},
	{ nr: 191, name: 'ugetrlimit', args: ['enum:RLIMIT', 'struct:rlimit-out'], support: 'full', handler: ugetrlimit },
	{
		nr: 340,
		name: 'prlimit64',
		args: ['pid', 'enum:RLIMIT', 'struct:rlimit64', 'struct:rlimit64-out'],
		support: 'full',
		handler: prlimit64,
	},
];
