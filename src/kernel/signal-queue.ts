/**
 * Pending signals: the queues, who a group's signal is for, taking one off (kernel/signal.c of Linux 6.1). Sending one is
 * signal-send.ts; what a taken signal does is signals.ts.
 */
import type { SigAction, SigInfo, SigSet, Task, Tracing } from '../events/entities.ts';
import type { MachineState } from '../reducers/state.ts';
import { siginfo } from './abi/siginfo.ts';
import { Code, hasSignal, IGNORED_SIGNALS, SIG_DFL, SIG_IGN, Sig, SYNCHRONOUS, sigmask, UNBLOCKABLE } from './abi/signal.ts';
import type { Decision } from './decision.ts';
import { isInit, numberOf } from './pids.ts';

/** The siginfo of a signal from the kernel itself (SEND_SIG_PRIV): SI_KERNEL, nothing else. */
export function kernelInfo(signo: number): SigInfo {
	return siginfo({ signo, code: Code.SI_KERNEL });
}

/** The siginfo of a signal that the deciding task sends: SI_USER for kill, SI_TKILL for tkill and tgkill. */
export function userInfo(d: Decision, signo: number, code: number = Code.SI_USER): SigInfo {
	const { tgid, creds } = d.task;
	return siginfo({ signo, code, pid: numberOf(d, tgid), uid: creds.uid });
}

export function actionOf(state: MachineState, task: Task, signo: number): SigAction {
	return state.sighands[task.sighand].actions[signo];
}

/** Whether somebody traces a task. One that was let go of, and has not left its last stop, is not traced. */
export function isTraced(task: Task): task is Task & { readonly trace: Tracing } {
	return task.trace !== null && task.trace.tracer !== 0;
}

/**
 * Whether the signal does nothing when it is taken: SIG_IGN, a default action that is none, or one that init is spared; a tracer
 * sees it all the same.
 */
export function isIgnored(state: MachineState, task: Task, signo: number, outside = true): boolean {
	if (isTraced(task) && signo !== Sig.SIGKILL) return false;
	const { handler } = actionOf(state, task, signo);
	if (handler !== SIG_DFL) return handler === SIG_IGN;
	return hasSignal(IGNORED_SIGNALS, signo) || isSpared(state, task, signo, outside);
}

/**
 * Whether a task is the init of a pid namespace and is spared the signal's default action (SIGNAL_UNKILLABLE). SIGKILL and SIGSTOP
 * are for it, too, from `outside` its namespace.
 */
export function isSpared(state: MachineState, task: Task, signo: number, outside = true): boolean {
	return isInit(state, task) && !(outside && hasSignal(UNBLOCKABLE, signo));
}

/** Whether a task has not ended. */
export function isAlive(task: Task): boolean {
	return task.state !== 'zombie' && task.state !== 'dead';
}

/**
 * The thread that takes a signal sent to its whole group (complete_signal): the leader if it wants it, else the thread that has
 * been there longest and does. It is found again whenever masks have changed, so nobody keeps a signal from others by blocking it.
 */
export function signalTarget(state: MachineState, group: number, signo: number): number {
	const { threads, tgid } = state.groups[group];
	const wants = (pid: number): boolean => {
		const task = state.tasks[pid];
		return task !== undefined && isAlive(task) && (!hasSignal(task.blocked, signo) || waitsFor(task, signo));
	};
	return wants(tgid) ? tgid : (threads.find(wants) ?? 0);
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

/** sigtimedwait keeps what it waits for blocked (real_blocked), so it is not ignored. */
export function waitsFor(task: Task, signo: number): boolean {
	return task.wait !== null && hasSignal(task.wait.signals, signo);
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
 * thread, then the group's (those it is the target of; with `any`, as who asks for them does, all); in a queue those that faults also send first, then by number, then by arrival.
 */
export function takeSignal(d: Decision, blocked: SigSet, any = false): SigInfo | null {
	const own = d.task.pending;
	const fault = own.findIndex((q) => q.code > 0 && hasSignal(SYNCHRONOUS & ~blocked, q.signo));
	const found: Found | null =
		fault >= 0
			? { group: false, index: fault, info: own[fault] }
			: (nextIn(own, blocked, false) ?? nextIn(mine(d, any), blocked, true));
	if (found === null) return null;
	const { group, index, info } = found;
	d.emit({ kind: 'signal/take', task: d.pid, group, index, signo: info.signo });
	if (info.code !== Code.SI_TIMER) return info;
	// A timer's signal tells of the expiries while it waited.
	const timer = d.group.timers.find((t) => t.id === info.extra[0]);
	return timer === undefined ? info : { ...info, extra: [timer.id, timer.overrun] };
}

/** The group's queue, without what another thread is to take. Places stay as they are. */
function mine(d: Decision, any: boolean): readonly (SigInfo | null)[] {
	const { pending, threads } = d.group;
	if (any || threads.length === 1) return pending;
	return pending.map((info) => (signalTarget(d.state, d.task.group, info.signo) === d.pid ? info : null));
}

function nextIn(queue: readonly (SigInfo | null)[], blocked: SigSet, group: boolean): Found | null {
	let best: Found | null = null;
	const rank = (signo: number): number => (hasSignal(SYNCHRONOUS, signo) ? signo : signo + 100);
	for (const [index, info] of queue.entries()) {
		if (info === null || hasSignal(blocked, info.signo)) continue;
		if (best === null || rank(info.signo) < rank(best.info.signo)) best = { group, index, info };
	}
	return best;
}
