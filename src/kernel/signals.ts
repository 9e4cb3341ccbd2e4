/**
 * The way back to user mode: pending signals act, an interrupted call is ended or taken up again
 * (arch/x86/kernel/signal.c arch_do_signal_or_restart, kernel/signal.c get_signal; Linux 6.1).
 */
import type { SigAction, SigInfo, Task } from '../events/entities.ts';
import { Restart } from '../reducers/state.ts';
import { Errno } from './abi/errno.ts';
import {
	CORE_SIGNALS,
	hasSignal,
	IGNORED_SIGNALS,
	NO_ALTSTACK,
	Sa,
	SIG_DFL,
	SIG_IGN,
	Sig,
	Ss,
	STOP_SIGNALS,
	sigmask,
	UNBLOCKABLE,
} from './abi/signal.ts';
import type { Decision } from './decision.ts';
import { isOrphaned } from './job-control.ts';
import { buildFrame } from './sigframe.ts';
import { actionOf, isSpared, isTraced, kernelInfo, setBlocked, takeSignal } from './signal-queue.ts';
import { forceSignal, stopThread } from './signal-send.ts';
import { leave, notice, stopAsAsked, stopStepping, stopTraced, stopWithGroup } from './tracing.ts';

export { kernelInfo, pendingSet, setBlocked, takeSignal, userInfo } from './signal-queue.ts';
export { forceSignal, postSignal } from './signal-send.ts';

const RESTARTS: ReadonlySet<number> = new Set(Object.values(Restart));

/**
 * What the kernel does before the deciding task runs in user mode again. Emits nothing when there is nothing to do.
 * Afterwards the task is `running` with its call over (orig_ax -1), or stopped (then to be called again once it is
 * continued, or let go on by its tracer), or gone.
 * @param seen a signal that its tracer has seen: what it does is done first
 */
export function returnToUser(d: Decision, seen: SigInfo | null = null): void {
	if (seen === null && isQuiet(d)) return;
	for (let shown = seen; ; shown = null) {
		const task: Task | undefined = d.state.tasks[d.pid];
		if (task?.state !== 'running') return;
		if (shown === null && standsStill(d)) return;
		const info = shown ?? takeSignal(d, task.blocked);
		if (info === null) break;
		if (shown === null && isTraced(task) && info.signo !== Sig.SIGKILL) {
			stopTraced(d, 'signal', info.signo, info);
			return;
		}
		const action = actionOf(d.state, task, info.signo);
		if (action.handler === SIG_IGN || (action.handler === SIG_DFL && !info.forced && isSpared(d.state, task, info.signo))) {
			d.emit({ kind: 'signal/default', task: d.pid, signo: info.signo, action: 'ignore' });
		} else if (action.handler === SIG_DFL) {
			actByDefault(d, info.signo);
		} else {
			enterHandler(d, info, action);
		}
	}
	if (interrupted(d)) takeUpAgain(d);
	const { savedMask } = d.task;
	if (savedMask !== null) setBlocked(d, savedMask, null);
}

/** Whether the deciding task stops with its group, or because its tracer wants it to. */
function standsStill(d: Decision): boolean {
	const { task } = d;
	if (d.group.stopSignal !== 0 && !(isTraced(task) && task.trace.released)) {
		if (isTraced(task)) stopWithGroup(d);
		else stopThread(d);
		return true;
	}
	if (!isTraced(task) || !task.trace.interrupt) return false;
	stopAsAsked(d);
	return true;
}

/** Whether nothing can be pending: seen from the state before, without reducing the decision's events. */
function isQuiet(d: Decision): boolean {
	const { tasks, groups } = d.view.state;
	const task = tasks[d.pid];
	const { pending, stopSignal } = groups[task.group];
	if (task.trace !== null || task.pending.length > 0 || pending.length > 0 || task.savedMask !== null || stopSignal !== 0)
		return false;
	let inside = task.origAx >= 0;
	for (const e of d.events) {
		if (e.kind.startsWith('signal/') || e.kind === 'task/exit') return false;
		if (e.kind === 'syscall/exit') inside = RESTARTS.has(e.result);
	}
	return !inside;
}

function interrupted(d: Decision): boolean {
	return d.task.origAx >= 0 && RESTARTS.has(d.regs.eax | 0);
}

/** No handler ran: back to the instruction, which makes the same call or (with a restart block) restart_syscall. */
function takeUpAgain(d: Decision): void {
	const eax = (d.regs.eax | 0) === Restart.BLOCK ? 0 : d.task.origAx;
	d.emit({ kind: 'signal/restart', task: d.pid, regs: { eax, eip: (d.regs.eip - 2) >>> 0 } });
}

/** A handler will run: the call returns EINTR, or its frame goes back to the instruction. */
function leaveCall(d: Decision, action: SigAction): void {
	const code = d.regs.eax | 0;
	const again = code === Restart.NOINTR || (code === Restart.SYS && (action.flags & Sa.RESTART) !== 0);
	const regs = again ? { eax: d.task.origAx, eip: (d.regs.eip - 2) >>> 0 } : { eax: -Errno.EINTR >>> 0 };
	d.emit({ kind: 'signal/restart', task: d.pid, regs });
}

function enterHandler(d: Decision, info: SigInfo, action: SigAction): void {
	const { signo } = info;
	const { sighand } = d.task;
	if (action.flags & Sa.RESETHAND) {
		d.emit({ kind: 'signal/action', sighand, signo, action: { ...action, handler: SIG_DFL } });
	}
	if (interrupted(d)) leaveCall(d, action);
	const stepping = isTraced(d.task) && d.task.trace.step;
	if (stepping) stopStepping(d);
	const { blocked, savedMask, altstack } = d.task;
	const entered = buildFrame(d, info, action, savedMask ?? blocked);
	if (entered === null) {
		// No room for the frame: SIGSEGV; for want of room for its own handler the end.
		forceSignal(d, kernelInfo(Sig.SIGSEGV), signo === Sig.SIGSEGV);
		return;
	}
	const added = action.mask | (action.flags & Sa.NODEFER ? 0n : sigmask(signo));
	d.emit({
		kind: 'signal/deliver',
		task: d.pid,
		signo,
		handler: action.handler,
		frame: entered.frame,
		blocked: (blocked | added) & ~UNBLOCKABLE,
		altstack: altstack.flags & Ss.AUTODISARM ? NO_ALTSTACK : altstack,
		regs: entered.regs,
	});
	if (stepping) stopTraced(d, 'frame', Sig.SIGTRAP, notice(d, Sig.SIGTRAP, Sig.SIGTRAP));
}

function actByDefault(d: Decision, signo: number): void {
	const action = defaultAction(d, signo);
	d.emit({ kind: 'signal/default', task: d.pid, signo, action });
	// This machine writes no core files, so the status never has the core bit (0x80).
	if (action === 'terminate' || action === 'core') leave(d, 'end-group', signo);
}

function defaultAction(d: Decision, signo: number): 'ignore' | 'terminate' | 'core' | 'stop' {
	if (hasSignal(IGNORED_SIGNALS, signo)) return 'ignore';
	if (hasSignal(STOP_SIGNALS, signo)) return signo !== Sig.SIGSTOP && orphaned(d) ? 'ignore' : 'stop';
	return hasSignal(CORE_SIGNALS, signo) ? 'core' : 'terminate';
}

/** Whether nobody outside the process group could continue it (is_current_pgrp_orphaned): terminal stops are ignored then. */
function orphaned(d: Decision): boolean {
	const { pgrp, session } = d.group;
	return isOrphaned(d.state, pgrp, session, 0);
}
