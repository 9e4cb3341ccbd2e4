/** The tasks that somebody traces: letting go of them, and the end of one (kernel/ptrace.c, exit.c of Linux 6.1). */
import type { Tracing } from '../events/entities.ts';
import type { RegisterPatch } from '../events/task.ts';
import { PtraceOption } from './abi/ptrace.ts';
import { EFLAGS_TF } from './abi/sigcontext.ts';
import { Sig } from './abi/signal.ts';
import type { Decision } from './decision.ts';
import { isAlive, isTraced, kernelInfo } from './signal-queue.ts';
import { postSignal } from './signal-send.ts';

/** The flags without a step that the tracer asked for, and what the tracing becomes (user_disable_single_step). */
export function withoutStep(trace: Tracing, eflags: number): { readonly trace: Tracing; readonly regs: RegisterPatch } {
	const regs = trace.forcedTf ? { eflags: (eflags & ~EFLAGS_TF) >>> 0 } : {};
	return { trace: { ...trace, step: false, forcedTf: false }, regs };
}

/** A task is let go of: what it stopped for goes on without a tracer (__ptrace_unlink). */
export function release(d: Decision, pid: number, signo: number | undefined): void {
	const { trace, state } = d.state.tasks[pid];
	if (trace === null) return;
	const off = withoutStep(trace, d.view.regs(pid).eflags);
	const { stop } = trace;
	if (state !== 'traced' && stop === null) {
		d.emit({ kind: 'task/set', task: pid, fields: { trace: null }, regs: off.regs });
		return;
	}
	const left = stop && { ...stop, code: signo ?? stop.code };
	const trace0 = {
		...off.trace,
		tracer: 0,
		seized: false,
		options: 0,
		syscall: false,
		emulate: false,
		interrupt: false,
		listening: false,
		stop: left,
	};
	d.emit({ kind: 'trace/resume', task: pid, trace: trace0, regs: off.regs });
}

/** The tracer ends: its tracees go on without it, or are killed (exit_ptrace). @returns those that had ended before it */
export function releaseAll(d: Decision, tracer: number): readonly number[] {
	const ended: number[] = [];
	for (const task of Object.values(d.state.tasks)) {
		if (!isTraced(task) || task.trace.tracer !== tracer) continue;
		if (!isAlive(task)) {
			d.emit({ kind: 'task/set', task: task.pid, fields: { trace: null } });
			ended.push(task.pid);
			continue;
		}
		const kill = (task.trace.options & PtraceOption.EXITKILL) !== 0;
		release(d, task.pid, undefined);
		if (kill) postSignal(d, task.pid, true, kernelInfo(Sig.SIGKILL));
	}
	return ended;
}
