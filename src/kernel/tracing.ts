/** ptrace(2), the tracee's side: where it stops, what its tracer is told, how it goes on (kernel/ptrace.c, signal.c of Linux 6.1). */
import type { SigInfo, Task, TraceStop, Tracing } from '../events/entities.ts';
import type { RegisterPatch } from '../events/task.ts';
import { PtraceEvent, PtraceOption, SYSGOOD } from './abi/ptrace.ts';
import { siginfo, siginfoLayout } from './abi/siginfo.ts';
import { Code, Sig } from './abi/signal.ts';
import { type Decision, STOPPED, type Stopped } from './decision.ts';
import { exitGroup, exitTask } from './exit.ts';
import { numberIn, numberOf } from './pids.ts';
import { isTraced, kernelInfo } from './signal-queue.ts';
import { groupStopped, postSignal, tellOfStop } from './signal-send.ts';
import { withoutStep } from './tracees.ts';

export { PtraceEvent } from './abi/ptrace.ts';

/** Somebody begins to trace a task. */
export function traced(tracer: number, seized: boolean, options: number): Tracing {
	return {
		tracer,
		seized,
		options,
		syscall: false,
		step: false,
		emulate: false,
		forcedTf: false,
		released: false,
		interrupt: false,
		listening: false,
		message: 0,
		stop: null,
	};
}

/** The siginfo of a stop that is no signal's: who stops, as every kind of siginfo has it in its first two words. */
export function notice(d: Decision, signo: number, code: number, task: Task = d.task): SigInfo {
	const { creds } = task;
	const pid = numberIn(d.state, task.pidNs, task.pid);
	if (siginfoLayout(signo, code) === 'fault') return siginfo({ signo, code, address: pid, extra: [creds.uid] });
	return siginfo({ signo, code, pid, uid: creds.uid });
}

/** The deciding task stops and its tracer is told (ptrace_stop). */
export function stopTraced(
	d: Decision,
	at: TraceStop['at'],
	code: number,
	info: SigInfo | null,
	more: { readonly result?: number; readonly message?: number; readonly regs?: RegisterPatch } = {},
): void {
	const { trace } = d.task;
	if (trace === null) throw new Error('internal error: a task stops for nobody');
	const { result = 0, message = trace.message, regs = {} } = more;
	const stop = { at, code, info, result };
	const inGroup = at === 'group';
	const released = trace.released || (inGroup && d.group.stopSignal !== 0);
	const now = { ...trace, message, released, interrupt: false, listening: false, stop };
	d.emit({ kind: 'trace/stop', task: d.pid, trace: now, regs });
	tellOfStop(d, d.task, trace.tracer, inGroup ? Code.CLD_STOPPED : Code.CLD_TRAPPED, code & 0x7f);
}

/** The group's stop comes to the deciding task, which is traced (do_jobctl_trap). */
export function stopWithGroup(d: Decision): void {
	const { stopSignal } = d.group;
	const code = isTraced(d.task) && d.task.trace.seized ? stopSignal | (PtraceEvent.STOP << 8) : stopSignal;
	stopTraced(d, 'group', code, code === stopSignal ? null : notice(d, stopSignal, code));
	groupStopped(d);
}

/** The deciding task stops because its tracer asked for it, or is to know of its group's stop (JOBCTL_TRAP_STOP, TRAP_NOTIFY). */
export function stopAsAsked(d: Decision): void {
	const signo = d.group.stopSignal === 0 ? Sig.SIGTRAP : d.group.stopSignal;
	const code = signo | (PtraceEvent.STOP << 8);
	stopTraced(d, 'group', code, notice(d, signo, code));
}

/** A stop at a call's entry or exit: SIGTRAP, which TRACESYSGOOD tells from others. */
export function stopAtCall(d: Decision, at: 'enter' | 'emulate' | 'leave', regs: RegisterPatch): void {
	const code = Sig.SIGTRAP | (wants(d.task, PtraceOption.TRACESYSGOOD) ? SYSGOOD : 0);
	stopTraced(d, at, code, notice(d, Sig.SIGTRAP, code), { regs, message: SyscallStop[at] });
}

/** What PTRACE_GETEVENTMSG says at a call (PTRACE_EVENTMSG_SYSCALL_*). */
const SyscallStop = { enter: 1, emulate: 1, leave: 2 } as const;

/** The number of a pid as the deciding task's tracer sees it. */
export function numberForTracer(d: Decision, pid: number): number {
	const tracer = isTraced(d.task) ? d.state.tasks[d.task.trace.tracer] : undefined;
	return tracer === undefined ? pid : numberIn(d.state, tracer.pidNs, pid);
}

/** Whether its tracer asked for something by an option. */
export function wants(task: Task, option: number): boolean {
	return isTraced(task) && (task.trace.options & option) !== 0;
}

/** A stop inside a call that goes on to `result`, or (`end`, `end-group`) before the end with that status (ptrace_event). */
export function stopForEvent(
	d: Decision,
	event: number,
	message: number,
	result: number,
	at: TraceStop['at'] = 'event',
): Stopped {
	const code = Sig.SIGTRAP | (event << 8);
	stopTraced(d, at, code, notice(d, Sig.SIGTRAP, code), { message, result });
	return STOPPED;
}

/** The deciding task (`end-group`: with its group) ends; its tracer may want to see it before (PTRACE_O_TRACEEXIT). */
export function leave(d: Decision, at: 'end' | 'end-group', status: number): Stopped | undefined {
	if (wants(d.task, PtraceOption.TRACEEXIT) && status !== Sig.SIGKILL)
		return stopForEvent(d, PtraceEvent.EXIT, status, status, at);
	if (at === 'end') exitTask(d, status);
	else exitGroup(d, status);
	return undefined;
}

/** A call that is stepped over is reported when it is over (user_single_step_report). */
export function reportStep(d: Decision): void {
	const { task } = d;
	if (task.state !== 'running' || !isTraced(task) || !task.trace.step || task.trace.emulate) return;
	d.emit({ kind: 'task/set', task: d.pid, fields: { trap: { ...task.trap, number: 1, error: 0 } } });
	postSignal(d, d.pid, false, { ...siginfo({ signo: Sig.SIGTRAP, code: Code.TRAP_BRKPT, address: d.regs.eip }), forced: true });
}

/** A signal's frame is made without the step. */
export function stopStepping(d: Decision): void {
	const { trace } = d.task;
	if (trace === null) return;
	const off = withoutStep(trace, d.regs.eflags);
	d.emit({ kind: 'task/set', task: d.pid, fields: { trace: off.trace }, regs: off.regs });
}

/** The signal that a task goes on with from its stop at one (ptrace_signal): its own, another, or none. */
export function chosenSignal(d: Decision, stop: TraceStop): SigInfo | null {
	const { code, info } = stop;
	if (code === 0) return null;
	if (info?.signo === code) return info;
	const { tracer } = d.task.trace ?? { tracer: 0 };
	const { tgid = 0, creds = { uid: 0 } } = d.state.tasks[tracer] ?? {};
	return siginfo({ signo: code, code: Code.SI_USER, pid: numberOf(d, tgid), uid: creds.uid });
}

/** Signals that a tracer gave with a stop that was at none (ptrace_report_syscall). */
export function sendChosen(d: Decision, stop: TraceStop): void {
	if (stop.code !== 0) postSignal(d, d.pid, false, kernelInfo(stop.code));
}
