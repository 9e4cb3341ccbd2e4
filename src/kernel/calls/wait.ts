/** Waiting for children: wait4, waitpid, waitid (kernel/exit.c of Linux 6.1). */
import type { Task } from '../../events/entities.ts';
import { Restart } from '../../reducers/state.ts';
import { addTimes } from '../../reducers/task.ts';
import { Errno } from '../abi/errno.ts';
import { Code, Sig } from '../abi/signal.ts';
import { CONTINUED_STATUS, stoppedStatus, WAIT } from '../abi/wait.ts';
import { setWords, viewOf } from '../abi/words.ts';
import { type ChildWait, isAwaited, tracedBy } from '../child-waits.ts';
import type { Decision, Outcome } from '../decision.ts';
import { isWaitable, reapChild, reapTracee } from '../exit.ts';
import { endStatus } from '../job-control.ts';
import { processOf } from '../pidfds.ts';
import { numberOf, pidOf } from '../pids.ts';
import type { Handler, SyscallRow } from '../row.ts';
import { isTraced } from '../signal-queue.ts';
import { groupTimes } from '../timers.ts';
import { rusageBytes } from './limits.ts';
import { isNonblocking, pidfdAt } from './pidfd.ts';

/** What a wait found. */
interface Found {
	readonly child: Task;
	/** The child's number, as the waiter sees it. */
	readonly nr: number;
	/** Of waitid: CLD_*, and the exit code or signal. */
	readonly code: number;
	readonly status: number;
	/** The status word of wait4. */
	readonly word: number;
	/** struct rusage of the child with what it waited for. */
	readonly usage: Uint8Array;
}

const WAIT4_OPTIONS = WAIT.WNOHANG | WAIT.WUNTRACED | WAIT.WCONTINUED | WAIT.__WNOTHREAD | WAIT.__WCLONE | WAIT.__WALL;
const WAITID_EVENTS = WAIT.WEXITED | WAIT.WSTOPPED | WAIT.WCONTINUED;
const WAITID_OPTIONS = WAITID_EVENTS | WAIT.WNOHANG | WAIT.WNOWAIT | WAIT.__WNOTHREAD | WAIT.__WCLONE | WAIT.__WALL;

/** do_wait: takes what there is of a child, or -ECHILD, or null: there are such children, and nothing happened to them. */
function look(d: Decision, on: ChildWait): Found | number | null {
	let any = false;
	for (const child of Object.values(d.state.tasks)) {
		const traced =
			on.options & WAIT.__WNOTHREAD ? isTraced(child) && child.trace.tracer === d.pid : tracedBy(d.state, child, d.task.tgid);
		const own = child.ppid === d.task.tgid && child.pid === child.tgid;
		if (!(own || traced) || !isAwaited(d.state, child, on, traced)) continue;
		if (hasEnded(d, child, traced)) {
			// Of one that has ended nothing else is seen: who does not ask for it has no such child.
			if (on.options & WAIT.WEXITED) return ended(d, child, on.options);
			continue;
		}
		any = true;
		const found = stopped(d, child, on.options, traced) ?? wentOn(d, child, on.options);
		if (found !== undefined) return found;
	}
	return any ? null : -Errno.ECHILD;
}

function found(d: Decision, child: Task, code: number, status: number, word: number): Found {
	const times = addTimes(groupTimes(d.state, child.group), d.state.groups[child.group].childTimes);
	return { child, nr: numberOf(d, child.pid), code, status, word, usage: rusageBytes(d, times, 0) };
}

/** Whether it can be waited for as one that has ended: a leader once its last thread is gone, who is traced by its tracer first. */
function hasEnded(d: Decision, child: Task, traced: boolean): boolean {
	if (child.state !== 'zombie' || (isTraced(child) && !traced)) return false;
	return child.pid !== child.tgid || isWaitable(d.state, d.state.groups[child.group]);
}

function ended(d: Decision, child: Task, options: number): Found {
	const word = endStatus(d.state, child);
	const signal = word & 0x7f;
	const code = signal === 0 ? Code.CLD_EXITED : word & 0x80 ? Code.CLD_DUMPED : Code.CLD_KILLED;
	const result = found(d, child, code, signal === 0 ? (word >> 8) & 0xff : signal, word);
	if (options & WAIT.WNOWAIT) return result;
	if (child.pid !== child.tgid || child.ppid !== d.task.tgid) reapTracee(d, child.pid);
	else reapChild(d, child.pid);
	return result;
}

/** Of a tracee its own stops are seen, whatever the options, and not its group's. */
function stopped(d: Decision, child: Task, options: number, traced: boolean): Found | undefined {
	if (traced) return stoppedForTracer(d, child, options);
	const { report, stopSignal } = d.state.groups[child.group];
	if (!(options & WAIT.WSTOPPED) || report !== 'stopped' || stopSignal === 0) return undefined;
	if (!(options & WAIT.WNOWAIT)) d.emit({ kind: 'group/set', group: child.group, fields: { report: 'none' } });
	return found(d, child, Code.CLD_STOPPED, stopSignal, stoppedStatus(stopSignal));
}

function stoppedForTracer(d: Decision, child: Task, options: number): Found | undefined {
	const { state, trace } = child;
	if (state !== 'traced' || trace === null || trace.stop === null || trace.stop.code === 0) return undefined;
	const { code } = trace.stop;
	const stop = { ...trace.stop, code: 0 };
	if (!(options & WAIT.WNOWAIT)) d.emit({ kind: 'task/set', task: child.pid, fields: { trace: { ...trace, stop } } });
	return found(d, child, Code.CLD_TRAPPED, code, stoppedStatus(code));
}

function wentOn(d: Decision, child: Task, options: number): Found | undefined {
	if (!(options & WAIT.WCONTINUED) || d.state.groups[child.group].report !== 'continued') return undefined;
	if (!(options & WAIT.WNOWAIT)) d.emit({ kind: 'group/set', group: child.group, fields: { report: 'none' } });
	return found(d, child, Code.CLD_CONTINUED, Sig.SIGCONT, CONTINUED_STATUS);
}

/** Found, an error, `null` for WNOHANG with nothing there, or the wait. */
function wait(d: Decision, on: ChildWait): Found | number | null | Extract<Outcome, { kind: 'block' }> {
	const result = look(d, on);
	if (result !== null) return result;
	if (on.options & WAIT.WNOHANG) return null;
	const request = { on: [on], deadline: null, restart: Restart.SYS, signals: 0n };
	return { kind: 'block', wait: request, restartBlock: null };
}

/** The kind of id that wait4's pid means: a child, anyone of a process group, of the caller's, anyone. */
function meant(d: Decision, pid: number, options: number): ChildWait {
	const on = (which: number, id: number): ChildWait => ({ kind: 'child', which, id, options });
	if (pid === -1) return on(WAIT.P_ALL, 0);
	if (pid < 0) return on(WAIT.P_PGID, pidOf(d, -pid));
	return pid === 0 ? on(WAIT.P_PGID, d.group.pgrp) : on(WAIT.P_PID, pidOf(d, pid));
}

function wait4(d: Decision, pid: number, status: number, options: number, rusage: number): Outcome {
	if (options & ~WAIT4_OPTIONS) return -Errno.EINVAL;
	if (pid === -0x80000000) return -Errno.ESRCH;
	const result = wait(d, meant(d, pid, (options | WAIT.WEXITED) >>> 0));
	if (result === null) return 0;
	if (typeof result === 'number' || 'kind' in result) return result;
	if (status !== 0 && !d.writeU32(status, result.word)) return -Errno.EFAULT;
	if (rusage !== 0 && !d.write(rusage, result.usage)) return -Errno.EFAULT;
	return result.nr;
}

/** siginfo_t of waitid: signo, errno, code, pid, uid, status; all 0 when nothing was there. */
function waitInfo(result: Found | null): Uint8Array {
	const bytes = new Uint8Array(24);
	if (result === null) return bytes;
	const { child, nr, code, status } = result;
	setWords(viewOf(bytes), 0, [Sig.SIGCHLD, 0, code, nr, child.creds.uid, status]);
	return bytes;
}

const waitid: Handler = (d, args, resume) => {
	const [, , info, , rusage] = args;
	return told(d, resume?.reason === 'signal' ? resume.wait.restart : waitFor(d, args), info, rusage);
};

function waitFor(d: Decision, [which, idArg, , options]: readonly number[]): ReturnType<typeof wait> {
	if (options & ~WAITID_OPTIONS || !(options & WAITID_EVENTS)) return -Errno.EINVAL;
	const id = idArg | 0;
	if (which > WAIT.P_PIDFD || (which === WAIT.P_PID && id <= 0) || (which === WAIT.P_PGID && id < 0)) return -Errno.EINVAL;
	if (which === WAIT.P_PIDFD) return waitPidfd(d, id, options);
	const meantId = which === WAIT.P_ALL ? 0 : which === WAIT.P_PGID && id === 0 ? d.group.pgrp : pidOf(d, id);
	return wait(d, { kind: 'child', which, id: meantId, options });
}

/** P_PIDFD: the child behind a descriptor; with PIDFD_NONBLOCK, EAGAIN instead of a sleep. */
function waitPidfd(d: Decision, fd: number, options: number): ReturnType<typeof wait> {
	if (fd < 0) return -Errno.EINVAL;
	const pidfd = pidfdAt(d, fd);
	if (typeof pidfd === 'number') return pidfd;
	const child = processOf(d.state, pidfd);
	if (child === undefined) return -Errno.ECHILD;
	const flags = isNonblocking(d, fd) ? options | WAIT.WNOHANG : options;
	const result = wait(d, { kind: 'child', which: WAIT.P_PID, id: child.pid, options: flags });
	return result === null && !(options & WAIT.WNOHANG) ? -Errno.EAGAIN : result;
}

/** What waitid answers to what it found. An error is told in its siginfo, too: by zeros. */
function told(d: Decision, result: ReturnType<typeof wait>, info: number, rusage: number): Outcome {
	if (typeof result === 'object' && result !== null && 'kind' in result) return result;
	const found = typeof result === 'number' ? null : result;
	if (found !== null && rusage !== 0 && !d.write(rusage, found.usage)) return -Errno.EFAULT;
	if (info !== 0 && !d.write(info, waitInfo(found))) return -Errno.EFAULT;
	return typeof result === 'number' ? result : 0;
}

export const waitRows: readonly SyscallRow[] = [
	{
		nr: 7,
		name: 'waitpid',
		args: ['pid', 'status-out', 'flags:wait4'],
		support: 'full',
		handler: (d, [pid, status, options]) => wait4(d, pid | 0, status, options, 0),
	},
	{
		nr: 114,
		name: 'wait4',
		args: ['pid', 'status-out', 'flags:wait4', 'addr'],
		support: 'full',
		handler: (d, [pid, status, options, rusage]) => wait4(d, pid | 0, status, options, rusage),
	},
	{
		nr: 284,
		name: 'waitid',
		args: ['enum:P', 'pid', 'struct:siginfo-out', 'flags:waitid', 'addr'],
		support: 'full',
		handler: waitid,
		onSignal: true,
	},
];
