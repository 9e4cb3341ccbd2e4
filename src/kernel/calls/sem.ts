/** System V semaphores: semget, semctl, semop, semtimedop (ipc/sem.c of Linux 6.1). */
import type { SemOp, SemSet } from '../../events/ipc.ts';
import { Restart } from '../../reducers/state.ts';
import { Errno } from '../abi/errno.ts';
import { CTL, ipcId, packSemInfo, packSemSet, SEM_CTL, SEM_LIMIT, SEM_UNDO } from '../abi/ipc.ts';
import { type TimeFormat, timeNs, validTime } from '../abi/time.ts';
import { viewOf } from '../abi/words.ts';
import type { Decision, Outcome } from '../decision.ts';
import {
	allowed,
	changedPerm,
	getIpc,
	highestSlot,
	ipcNs,
	newPerm,
	objectsOf,
	obtain,
	obtainToChange,
	READ,
	readSettings,
	tell,
	WRITE,
} from '../ipc.ts';
import { numberOf } from '../pids.ts';
import type { Resume } from '../row.ts';
import { needUndoList, operate, removeSet, setValues, sleepersOf, tryOps } from '../semaphores.ts';

export function semget(d: Decision, key: number, count: number, flags: number): number {
	if ((count | 0) < 0 || count > SEM_LIMIT.msl) return -Errno.EINVAL;
	return getIpc(
		d,
		'sem',
		key,
		flags,
		(o) => o.sems.length < count,
		() => newSet(d, key, count, flags),
	);
}

function newSet(d: Decision, key: number, count: number, flags: number): number {
	if (count === 0) return -Errno.EINVAL;
	const used = objectsOf(d.state, 'sem', ipcNs(d)).reduce((n, o) => n + o.sems.length, 0);
	if (used + count > SEM_LIMIT.mns) return -Errno.ENOSPC;
	const perm = newPerm(d, 'sem', key, flags, SEM_LIMIT.mni);
	if (typeof perm === 'number') return perm;
	const set: SemSet = { ...perm, kind: 'sem', sems: new Array(count).fill({ value: 0, pid: 0 }), otime: 0 };
	d.emit({ kind: 'ipc/new', ipc: set });
	return ipcId(set);
}

/** @param arg the union: a value, or an address. @param wide whether structs have the newer layout (IPC_64) */
export function semctl(d: Decision, id: number, num: number, command: number, arg: number, wide: boolean): number {
	if ((id | 0) < 0) return -Errno.EINVAL;
	switch (command) {
		case CTL.INFO:
		case SEM_CTL.INFO: {
			const all = objectsOf(d.state, 'sem', ipcNs(d));
			const used = command === CTL.INFO ? null : ([all.length, all.reduce((n, o) => n + o.sems.length, 0)] as const);
			return tell(d, arg, packSemInfo(used), highestSlot(d, 'sem'));
		}
		case CTL.STAT:
		case SEM_CTL.STAT:
		case SEM_CTL.STAT_ANY: {
			const set = obtain(d, 'sem', id, command !== CTL.STAT);
			if (typeof set === 'number') return set;
			if (command !== SEM_CTL.STAT_ANY && !allowed(d.task, set, READ)) return -Errno.EACCES;
			return tell(d, arg, packSemSet(set, wide), command === CTL.STAT ? 0 : ipcId(set));
		}
		case SEM_CTL.SETVAL: {
			if ((arg | 0) < 0 || arg > SEM_LIMIT.vmx) return -Errno.ERANGE;
			const set = obtain(d, 'sem', id);
			if (typeof set === 'number') return set;
			if (num >= set.sems.length) return -Errno.EINVAL;
			if (!allowed(d.task, set, WRITE)) return -Errno.EACCES;
			setValues(d, set, num, [arg]);
			return 0;
		}
		case SEM_CTL.GETALL:
		case SEM_CTL.SETALL:
		case SEM_CTL.GETVAL:
		case SEM_CTL.GETPID:
		case SEM_CTL.GETNCNT:
		case SEM_CTL.GETZCNT:
			return values(d, id, num, command, arg);
		case CTL.SET: {
			const settings = readSettings(d, 'sem', arg, wide);
			if (typeof settings === 'number') return settings;
			const set = obtainToChange(d, 'sem', id);
			if (typeof set === 'number') return set;
			const fields = changedPerm(d, set, settings);
			if (fields === undefined) return -Errno.EINVAL;
			d.emit({ kind: 'ipc/set', ipc: set.id, fields });
			return 0;
		}
		case CTL.RMID: {
			const set = obtainToChange(d, 'sem', id);
			if (typeof set === 'number') return set;
			removeSet(d, set);
			return 0;
		}
		default:
			return -Errno.EINVAL;
	}
}

/** semctl_main: values and who waits for them. */
function values(d: Decision, id: number, num: number, command: number, at: number): number {
	const set = obtain(d, 'sem', id);
	if (typeof set === 'number') return set;
	const { sems } = set;
	if (!allowed(d.task, set, command === SEM_CTL.SETALL ? WRITE : READ)) return -Errno.EACCES;
	if (command === SEM_CTL.GETALL) {
		const bytes = new Uint8Array(sems.length * 2);
		sems.forEach(({ value }, i) => void viewOf(bytes).setUint16(i * 2, value, true));
		return tell(d, at, bytes, 0);
	}
	if (command === SEM_CTL.SETALL) {
		const bytes = d.read(at, sems.length * 2);
		if (bytes === undefined) return -Errno.EFAULT;
		const all = sems.map((_, i) => viewOf(bytes).getUint16(i * 2, true));
		if (all.some((value) => value > SEM_LIMIT.vmx)) return -Errno.ERANGE;
		setValues(d, set, 0, all);
		return 0;
	}
	if (num >= sems.length) return -Errno.EINVAL;
	if (command === SEM_CTL.GETVAL) return sems[num].value;
	if (command === SEM_CTL.GETPID) return numberOf(d, sems[num].pid);
	return waiting(d, set, num, command === SEM_CTL.GETZCNT);
}

/** count_semcnt: sleepers whose first impossible operation is on a semaphore, and waits for zero or for more. */
function waiting(d: Decision, set: SemSet, num: number, zero: boolean): number {
	return sleepersOf(d, set).filter(({ ops }) => {
		const tried = tryOps(set, ops, undefined);
		return 'blocking' in tried && tried.blocking.num === num && (tried.blocking.op === 0) === zero;
	}).length;
}

/** Bytes of struct sembuf. */
const SEMBUF = 6;

/** @param timeout where it is, and its layout; null = none */
export function semtimedop(
	d: Decision,
	id: number,
	at: number,
	count: number,
	timeout: { readonly at: number; readonly format: TimeFormat } | null,
	resume: Resume | null,
): Outcome {
	if (resume !== null) return goOn(resume);
	let ns: number | null = null;
	let valid = true;
	if (timeout !== null && timeout.at !== 0) {
		const bytes = d.read(timeout.at, timeout.format.bytes);
		if (bytes === undefined) return -Errno.EFAULT;
		const time = timeout.format.decode(bytes);
		valid = validTime(time, timeout.format);
		ns = timeNs(time, timeout.format);
	}
	if (count > SEM_LIMIT.opm) return -Errno.E2BIG;
	if (count < 1) return -Errno.EINVAL;
	const bytes = d.read(at, count * SEMBUF);
	if (bytes === undefined) return -Errno.EFAULT;
	if ((id | 0) < 0 || !valid) return -Errno.EINVAL;
	const v = viewOf(bytes);
	const ops = Array.from({ length: count }, (_, i): SemOp => {
		const from = i * SEMBUF;
		return { num: v.getUint16(from, true), op: v.getInt16(from + 2, true), flags: v.getUint16(from + 4, true) };
	});
	const set = obtain(d, 'sem', id);
	if (typeof set === 'number') return set;
	if (ops.some(({ num }) => num >= set.sems.length)) return -Errno.EFBIG;
	if (!allowed(d.task, set, ops.some(({ op }) => op !== 0) ? WRITE : READ)) return -Errno.EACCES;
	if (ops.some(({ flags }) => flags & SEM_UNDO)) needUndoList(d);
	const result = operate(d, set, ops);
	if (result !== null) return result;
	const deadline = ns === null ? null : Math.min(d.now + ns, Number.MAX_SAFE_INTEGER);
	const on = [{ kind: 'semop' as const, ns: set.ns, ipc: id, ops, result: 0 }];
	return { kind: 'block', wait: { on, deadline, restart: Restart.NOHAND, signals: 0n }, restartBlock: null };
}

/** The sleep is over: whoever made the operations possible has made them. A signal ends it with EINTR whatever its handler says. */
function goOn({ reason, wait }: Resume): number {
	if (reason === 'signal') return -Errno.EINTR;
	if (reason === 'timeout') return -Errno.EAGAIN;
	const [on] = wait.on;
	return on?.kind === 'semop' ? on.result : -Errno.EIDRM;
}
