/**
 * Sending signals (kernel/signal.c of Linux 6.1), and what goes with it: a group that stops or goes on, its parent being told.
 */
import type { SigInfo, SigSet, Task, Tracing } from '../events/entities.ts';
import { Errno } from './abi/errno.ts';
import { RLIMIT } from './abi/mm.ts';
import { type SigInfoLayout, siginfo, siginfoLayout } from './abi/siginfo.ts';
import { Code, hasSignal, Sa, SIG_DFL, SIG_IGN, SIGRTMIN, Sig, STOP_SIGNALS, sigmask, sigset } from './abi/signal.ts';
import { CLOCK_TICK_NS } from './abi/time.ts';
import { fireChildWaits } from './child-waits.ts';
import type { Decision } from './decision.ts';
import { numberIn } from './pids.ts';
import { actionOf, isAlive, isIgnored, isSpared, isTraced, setOf, waitsFor } from './signal-queue.ts';
import { groupTimes } from './timers.ts';

/** The members of siginfo that say who sent it (has_si_pid_and_uid). */
const NAMES_SENDER: ReadonlySet<SigInfoLayout> = new Set(['kill', 'child', 'rt']);

/**
 * Sends a signal to a task (`group`: to its thread group) as send_signal does: a continue takes pending stops away and the
 * other way round, an ignored one vanishes, a standard one that is pending already is not queued twice.
 * Returns 0, or -EAGAIN when RLIMIT_SIGPENDING is used up by a queued one (`code` < 0: sigqueue, timers).
 */
export function postSignal(d: Decision, pid: number, group: boolean, info: SigInfo): number {
	const task = d.state.tasks[pid];
	// What is for a process whose first thread has ended is for the others.
	if (!(group ? hasLiving(d, task.group) : isAlive(task))) return 0;
	const { signo } = info;
	if (hasSignal(STOP_SIGNALS, signo)) flush(d, pid, sigset(Sig.SIGCONT));
	else if (signo === Sig.SIGCONT) flush(d, pid, STOP_SIGNALS);
	if ((signo === Sig.SIGCONT || signo === Sig.SIGKILL) && d.state.groups[task.group].stopSignal !== 0)
		continueGroup(d, pid, signo);
	if (signo === Sig.SIGCONT) notifyTracers(d, pid);
	if (signo === Sig.SIGKILL) leaveTraceStops(d, pid);
	const outside = info.code === Code.SI_KERNEL || numberIn(d.state, task.pidNs, d.pid) === 0;
	const wanted = hasSignal(task.blocked, signo) || waitsFor(task, signo) || (info.forced && isSpared(d.state, task, signo));
	if (!wanted && isIgnored(d.state, task, signo, outside)) return 0;
	// Of a sender that is not seen from there nothing is said.
	if (outside && NAMES_SENDER.has(siginfoLayout(signo, info.code))) info = { ...info, pid: 0 };
	const queue = group ? d.state.groups[task.group].pending : d.state.tasks[pid].pending;
	if (signo < SIGRTMIN && queue.some((q) => q.signo === signo)) return 0;
	if (signo >= SIGRTMIN && isQueueFull(d, task)) {
		if (info.code !== Code.SI_USER) return -Errno.EAGAIN;
		// kill(2) may not fail for want of memory: what cannot be queued is sent without its siginfo, once.
		if (queue.some((q) => q.signo === signo)) return 0;
		info = siginfo({ signo, code: Code.SI_USER });
	}
	d.emit({ kind: 'signal/post', task: pid, group, info });
	return 0;
}

/** Whether a thread of a group lives; its first one may have ended. */
function hasLiving({ state }: Decision, group: number): boolean {
	return state.groups[group].threads.some((pid) => isAlive(state.tasks[pid]));
}

/** Whether RLIMIT_SIGPENDING of a task is used up by what is queued for its user's tasks, all of them. */
function isQueueFull(d: Decision, { creds, group }: Task): boolean {
	const { tasks, groups } = d.state;
	const [limit] = groups[group].rlimits[RLIMIT.SIGPENDING];
	let queued = 0;
	const counted = new Set<number>();
	for (const other of Object.values(tasks)) {
		if (other.creds.uid !== creds.uid) continue;
		queued += other.pending.length;
		if (!counted.has(other.group)) queued += groups[other.group].pending.length;
		counted.add(other.group);
	}
	return queued >= limit;
}

/** Takes signals of a set off every queue of the group, if there are any. */
export function flush(d: Decision, pid: number, set: SigSet): void {
	const { state } = d;
	const { pending: shared, threads } = state.groups[state.tasks[pid].group];
	const pending = threads.reduce((all, t) => all | setOf(state.tasks[t].pending), setOf(shared));
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

/** Threads that stand still for a tracer go on, to their end. */
function leaveTraceStops(d: Decision, pid: number): void {
	for (const thread of d.state.groups[d.state.tasks[pid].group].threads) {
		const { state, trace } = d.state.tasks[thread];
		if (state !== 'traced' || trace === null) continue;
		const stop = trace.stop && { ...trace.stop, code: 0 };
		d.emit({ kind: 'trace/resume', task: thread, trace: { ...trace, stop }, regs: {} });
	}
}

/** Threads whose tracer seized them stop to say that SIGCONT came, be they stopped or not (ptrace_trap_notify). */
function notifyTracers(d: Decision, pid: number): void {
	for (const thread of d.state.groups[d.state.tasks[pid].group].threads) {
		const task = d.state.tasks[thread];
		if (isTraced(task) && task.trace.seized && isAlive(task)) askToStop(d, task);
	}
}

/** A tracee is to stop where it next leaves the kernel; one whose tracer listens does so now. */
export function askToStop(d: Decision, { pid, trace }: Task & { readonly trace: Tracing }): void {
	const asked = { ...trace, interrupt: true };
	if (trace.listening) d.emit({ kind: 'trace/resume', task: pid, trace: { ...asked, listening: false }, regs: {} });
	else d.emit({ kind: 'task/set', task: pid, fields: { trace: asked } });
}

/** A stopped group goes on: by SIGCONT, of which its parent is told, or because it is killed. */
function continueGroup(d: Decision, pid: number, signo: number): void {
	d.emit({ kind: 'signal/default', task: pid, signo, action: 'continue' });
	if (signo !== Sig.SIGCONT) return;
	const { group } = d.state.tasks[pid];
	d.emit({ kind: 'group/set', group, fields: { report: 'continued' } });
	const leader = d.state.tasks[d.state.groups[group].tgid];
	tellOfStop(d, leader, leader.ppid, Code.CLD_CONTINUED, Sig.SIGCONT);
}

/** The group's stop comes to the deciding thread (do_signal_stop). */
export function stopThread(d: Decision): void {
	d.emit({ kind: 'task/stop', task: d.pid });
	groupStopped(d);
}

/** The parent is told of a group's stop when the deciding thread was the last that ran; not one that traces it, who was told. */
export function groupStopped(d: Decision): void {
	const { group } = d.task;
	const { threads, tgid, stopSignal } = d.group;
	const runs = (pid: number) => d.state.tasks[pid].state === 'running' || d.state.tasks[pid].state === 'sleeping';
	if (threads.some(runs)) return;
	d.emit({ kind: 'group/set', group, fields: { report: 'stopped' } });
	const leader = d.state.tasks[tgid];
	if (!isTraced(d.task) || d.state.tasks[d.task.trace.tracer].tgid !== leader.ppid)
		tellOfStop(d, leader, leader.ppid, Code.CLD_STOPPED, stopSignal);
}

/**
 * SIGCHLD of a stop or a continue to a parent or a tracer, unless it does not want it; who waits for it wakes
 * (do_notify_parent_cldstop).
 */
export function tellOfStop(d: Decision, child: Task, to: number, code: number, status: number): void {
	const parent = d.state.tasks[to];
	if (parent === undefined || !hasLiving(d, parent.group)) return;
	const { handler, flags } = actionOf(d.state, parent, Sig.SIGCHLD);
	const info = childInfo(d, child, parent, code, status);
	if (handler !== SIG_IGN && !(flags & Sa.NOCLDSTOP)) postSignal(d, parent.pid, true, info);
	fireChildWaits(d, child, to);
}

/** siginfo of SIGCHLD: the child's number as its parent or tracer sees it, uid, status, and the times it took in clock ticks. All time is user time. */
export function childInfo(
	d: Decision,
	child: Task,
	to: Task,
	code: number,
	status: number,
	signo: number = Sig.SIGCHLD,
): SigInfo {
	const ticks = Math.floor((groupTimes(d.state, child.group).steps * d.state.persona.nsPerStep) / CLOCK_TICK_NS);
	const pid = numberIn(d.state, to.pidNs, child.pid);
	return siginfo({ signo, code, pid, uid: child.creds.uid, extra: [status, ticks, 0] });
}
