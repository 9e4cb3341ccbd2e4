/**
 * Pending signals: sending one, forcing one, taking one off its queue (kernel/signal.c of Linux 6.1).
 * What a taken signal does is signals.ts.
 */
import type { SigAction, SigInfo, SigSet, Task } from '../events/entities.ts';
import type { MachineState } from '../reducers/state.ts';
import { Errno } from './abi/errno.ts';
import { RLIMIT } from './abi/mm.ts';
import { siginfo } from './abi/siginfo.ts';
import {
	Code,
	hasSignal,
	IGNORED_SIGNALS,
	SIG_DFL,
	SIG_IGN,
	SIGRTMIN,
	Sig,
	STOP_SIGNALS,
	SYNCHRONOUS,
	sigmask,
	sigset,
	UNBLOCKABLE,
} from './abi/signal.ts';
import type { Decision } from './decision.ts';

/** The siginfo of a signal from the kernel itself (SEND_SIG_PRIV): SI_KERNEL, nothing else. */
export function kernelInfo(signo: number): SigInfo {
	return siginfo({ signo, code: Code.SI_KERNEL });
}

/** The siginfo of a signal that a task sends: SI_USER for kill, SI_TKILL for tkill and tgkill. */
export function userInfo(sender: Task, signo: number, code: number = Code.SI_USER): SigInfo {
	return siginfo({ signo, code, pid: sender.tgid, uid: sender.creds.uid });
}

export function actionOf(state: MachineState, task: Task, signo: number): SigAction {
	return state.sighands[task.sighand].actions[signo];
}

/** Whether the signal does nothing when it is taken: SIG_IGN, or a default action that is none. */
export function isIgnored(state: MachineState, task: Task, signo: number): boolean {
	const { handler } = actionOf(state, task, signo);
	return handler === SIG_IGN || (handler === SIG_DFL && hasSignal(IGNORED_SIGNALS, signo));
}

/** The signals that wait for a task, in its own queue or its group's. */
export function pendingSet(state: MachineState, task: Task): SigSet {
	return setOf(task.pending) | setOf(state.groups[task.group].pending);
}

export function setOf(queue: readonly SigInfo[]): SigSet {
	let set = 0n;
	for (const info of queue) set |= sigmask(info.signo);
	return set;
}

/**
 * Sends a signal to a task (`group`: to its thread group) as send_signal does: a continue takes pending stops away and the
 * other way round, an ignored one vanishes, a standard one that is pending already is not queued twice.
 * Returns 0, or -EAGAIN when RLIMIT_SIGPENDING is used up by a queued one (`code` < 0: sigqueue, timers).
 */
export function postSignal(d: Decision, pid: number, group: boolean, info: SigInfo): number {
	const task = d.state.tasks[pid];
	if (task.state === 'dead' || task.state === 'zombie') return 0;
	const { signo } = info;
	if (hasSignal(STOP_SIGNALS, signo)) flush(d, pid, sigset(Sig.SIGCONT));
	else if (signo === Sig.SIGCONT) flush(d, pid, STOP_SIGNALS);
	if ((signo === Sig.SIGCONT || signo === Sig.SIGKILL) && task.state === 'stopped') {
		d.emit({ kind: 'signal/default', task: pid, signo, action: 'continue' });
	}
	if (!hasSignal(task.blocked, signo) && !waitsFor(task, signo) && isIgnored(d.state, task, signo)) return 0;
	const queue = group ? d.state.groups[task.group].pending : d.state.tasks[pid].pending;
	if (signo < SIGRTMIN && queue.some((q) => q.signo === signo)) return 0;
	if (signo >= SIGRTMIN && queue.length >= d.state.groups[task.group].rlimits[RLIMIT.SIGPENDING][0]) {
		if (info.code !== Code.SI_USER) return -Errno.EAGAIN;
		// kill(2) may not fail for want of memory: what cannot be queued is sent without its siginfo, once.
		if (queue.some((q) => q.signo === signo)) return 0;
		info = siginfo({ signo, code: Code.SI_USER });
	}
	d.emit({ kind: 'signal/post', task: pid, group, info });
	return 0;
}

/** sigtimedwait keeps what it waits for blocked (real_blocked), so it is not ignored. */
function waitsFor(task: Task, signo: number): boolean {
	return task.wait !== null && hasSignal(task.wait.signals, signo);
}

/** Takes signals of a set off every queue of the group, if there are any. */
export function flush(d: Decision, pid: number, set: SigSet): void {
	const { state } = d;
	const { group } = state.tasks[pid];
	const members = Object.values(state.tasks).filter((t) => t.group === group);
	const pending = members.reduce((all, t) => all | setOf(t.pending), setOf(state.groups[group].pending));
	if (pending & set) d.emit({ kind: 'signal/flush', task: pid, set });
}

/**
 * Sends a signal that may be neither blocked nor ignored (force_sig_info): if it is, its action becomes the default.
 * `fatal`: the action becomes the default in any case (force_fatal_sig).
 */
export function forceSignal(d: Decision, info: SigInfo, fatal = false): void {
	const { task } = d;
	const { signo } = info;
	const action = actionOf(d.state, task, signo);
	const blocked = hasSignal(task.blocked, signo);
	if ((blocked || fatal || action.handler === SIG_IGN) && action.handler !== SIG_DFL) {
		d.emit({ kind: 'signal/action', sighand: task.sighand, signo, action: { ...action, handler: SIG_DFL } });
	}
	if (blocked) {
		d.emit({ kind: 'signal/mask', task: d.pid, blocked: task.blocked & ~sigmask(signo), saved: task.savedMask });
	}
	postSignal(d, d.pid, false, { ...info, forced: true });
}

/** Sets the deciding task's mask; SIGKILL and SIGSTOP cannot be blocked. Nothing is emitted when nothing changes. */
export function setBlocked(d: Decision, set: SigSet, saved: SigSet | null = d.task.savedMask): void {
	const blocked = set & ~UNBLOCKABLE;
	const { task } = d;
	if (blocked !== task.blocked || saved !== task.savedMask) {
		d.emit({ kind: 'signal/mask', task: d.pid, blocked, saved });
	}
}

/** A pending signal and where it stands. */
interface Found {
	readonly group: boolean;
	readonly index: number;
	readonly info: SigInfo;
}

/**
 * Takes the next signal that is not in `blocked` off its queue: first a fault's (in the order they came), then those of the
 * thread, then the group's; in a queue those that faults also send first, then by number, then by arrival.
 */
export function takeSignal(d: Decision, blocked: SigSet): SigInfo | null {
	const own = d.task.pending;
	const fault = own.findIndex((q) => q.code > 0 && hasSignal(SYNCHRONOUS & ~blocked, q.signo));
	const found: Found | null =
		fault >= 0
			? { group: false, index: fault, info: own[fault] }
			: (nextIn(own, blocked, false) ?? nextIn(d.group.pending, blocked, true));
	if (found === null) return null;
	const { group, index, info } = found;
	d.emit({ kind: 'signal/take', task: d.pid, group, index, signo: info.signo });
	return info;
}

function nextIn(queue: readonly SigInfo[], blocked: SigSet, group: boolean): Found | null {
	let best = -1;
	const rank = (signo: number): number => (hasSignal(SYNCHRONOUS, signo) ? signo : signo + 100);
	queue.forEach((q, i) => {
		if (hasSignal(blocked, q.signo)) return;
		if (best < 0 || rank(q.signo) < rank(queue[best].signo)) best = i;
	});
	return best < 0 ? null : { group, index: best, info: queue[best] };
}
