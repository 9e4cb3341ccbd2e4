/**
 * The kernel's decisions, one function for each kind of thing it decides about. Each takes a view, returns the events,
 * and changes nothing; or says which input it needs first.
 */
import type { Fault } from '../events/cpu.ts';
import { Vector } from '../events/cpu.ts';
import { dr6Of } from '../events/debug.ts';
import type { SigInfo, TraceStop } from '../events/entities.ts';
import type { KernelEvent } from '../events/event.ts';
import { callName } from './abi/call-numbers.ts';
import { Errno } from './abi/errno.ts';
import { hasSignal, Sig } from './abi/signal.ts';
import { afterEvent } from './calls/clone.ts';
import { Decision, isNeed, type KernelView, type NeedInput, type NeedModule, type Outcome } from './decision.ts';
import { exitGroup, exitTask } from './exit.ts';
import { forceFault } from './faults.ts';
import { killForMemory } from './memory-limit.ts';
import type { SyscallRow } from './row.ts';
import { isAlive, isTraced } from './signal-queue.ts';
import { postSignal } from './signal-send.ts';
import { returnToUser } from './signals.ts';
import { stackGrowth } from './stack.ts';
import { syscallRow } from './syscalls.ts';
import { expireTimers } from './timers.ts';
import { chosenSignal, reportStep, sendChosen, stopAtCall } from './tracing.ts';
import { closeMasters } from './tty/terminal.ts';
import { VDSO_SYMBOLS } from './vdso.ts';
import { isReady } from './waits.ts';

/** What a decision came to. */
export type Decided =
	| {
			readonly kind: 'decided';
			readonly events: readonly KernelEvent[];
			/** Where they come from: it may know already what they make of the state. */
			readonly from: Pick<Decision, 'begun' | 'made'>;
	  }
	| NeedInput
	| NeedModule;

function decided(d: Decision): Decided {
	return { kind: 'decided', events: d.events, from: d };
}

/** A task entered the kernel with its last step: a call or a trap (Task.entry). */
export function decideEntry(view: KernelView, pid: number): Decided {
	const entry = view.state.tasks[pid].entry;
	const d = new Decision(view, pid);
	if (entry === 'int80' || entry === 'sysenter') return decideCall(d, entry);
	const vector = entry === 'bp' ? Vector.BP : entry === 'of' ? Vector.OF : Vector.DB;
	forceFault(d, { vector, error: dr6Of(entry) ?? 0, address: 0, bus: false });
	returnToUser(d);
	return decided(d);
}

function decideCall(d: Decision, entry: 'int80' | 'sysenter'): Decided {
	const { eax, ebx, ecx, edx, esi, edi, ebp, esp } = d.regs;
	let args = [ebx, ecx, edx, esi, edi, ebp];
	let regs = {};
	if (entry === 'sysenter') {
		// The i386 fast call keeps the user's esp in ebp and the sixth argument at its top (arch/x86/entry/common.c).
		const sixth = d.u32(ebp);
		regs = { esp: ebp, ebp: sixth ?? esp, eip: (d.mm.vdso + VDSO_SYMBOLS.landing) >>> 0 };
		if (sixth === undefined) {
			d.emit({ kind: 'syscall/enter', task: d.pid, nr: eax, args, regs });
			return finish(d, eax, undefined, -Errno.EFAULT);
		}
		args = [ebx, ecx, edx, esi, edi, sixth];
	}
	d.emit({ kind: 'syscall/enter', task: d.pid, nr: eax, args, regs });
	const trace = d.isUntraced || !isTraced(d.task) ? null : d.task.trace;
	if (trace?.syscall || trace?.emulate) {
		stopAtCall(d, trace.emulate ? 'emulate' : 'enter', { eax: -Errno.ENOSYS >>> 0 });
		return decided(d);
	}
	return makeCall(d, eax, args);
}

function makeCall(d: Decision, nr: number, args: readonly number[]): Decided {
	const row = syscallRow(nr, d.persona);
	return finish(d, nr, row, row === undefined ? unknownCall(d, nr) : row.handler(d, args, null));
}

/** A task goes on from the stop in which its tracer, if it still has one, let it go. */
function goOn(d: Decision, stop: TraceStop): Decided {
	const { trace } = d.task;
	const signal = chosenSignal(d, stop);
	const left = trace === null || trace.tracer === 0 ? null : { ...trace, stop: null };
	d.emit({ kind: 'task/set', task: d.pid, fields: { trace: left } });
	const { origAx } = d.task;
	switch (stop.at) {
		case 'enter': {
			sendChosen(d, stop);
			const { eax, ebx, ecx, edx, esi, edi, ebp } = d.regs;
			// No call has the number -1: the tracer took it away, and ax is what it made of it.
			if (origAx === -1) return finish(d, origAx, undefined, eax | 0);
			if (d.task.pending.some((q) => q.signo === Sig.SIGKILL)) return finish(d, origAx, undefined, -Errno.EINTR);
			return makeCall(d, origAx, [ebx, ecx, edx, esi, edi, ebp]);
		}
		case 'emulate':
			sendChosen(d, stop);
			return finish(d, origAx, undefined, d.regs.eax | 0);
		case 'leave': {
			sendChosen(d, stop);
			const result = d.regs.eax | 0;
			if (origAx >= 0) d.emit({ kind: 'syscall/exit', task: d.pid, nr: origAx, result, regs: {} });
			reportStep(d);
			break;
		}
		case 'event':
			return finish(d, origAx, syscallRow(origAx, d.persona), afterEvent(d, stop.result));
		case 'end':
		case 'end-group':
			if (stop.at === 'end') exitTask(d, stop.result);
			else exitGroup(d, stop.result);
			return decided(d);
		case 'signal':
			resumeSignal(d, signal);
			return decided(d);
		default:
	}
	returnToUser(d);
	return decided(d);
}

/** A signal that its tracer has seen acts, or (blocked meanwhile) waits again. */
function resumeSignal(d: Decision, signal: SigInfo | null): void {
	if (signal !== null && hasSignal(d.task.blocked, signal.signo)) {
		postSignal(d, d.pid, false, signal);
		returnToUser(d);
	} else returnToUser(d, signal);
}

/** A number without a row: said aloud, then -ENOSYS. */
function unknownCall(d: Decision, nr: number): Outcome {
	d.emit({
		kind: 'unsupported',
		task: d.pid,
		what: 'syscall',
		name: callName(nr, d.persona),
		eip: d.regs.eip,
		bytes: new Uint8Array(0),
	});
	return -Errno.ENOSYS;
}

/** Turns a handler's outcome into events, up to the return to user mode. */
function finish(d: Decision, nr: number, row: SyscallRow | undefined, outcome: Outcome): Decided {
	if (isNeed(outcome)) return outcome;
	if (typeof outcome === 'object' && outcome.kind === 'module') return outcome;
	if (typeof outcome === 'number') {
		if (row?.support === 'none') unknownCall(d, nr);
		if (!d.isUntraced && isTraced(d.task) && d.task.trace.syscall) {
			stopAtCall(d, 'leave', { eax: outcome >>> 0 });
			return decided(d);
		}
		d.emit({ kind: 'syscall/exit', task: d.pid, nr: nr >>> 0, result: outcome, regs: { eax: outcome >>> 0 } });
	} else if (outcome.kind === 'stopped') {
		return decided(d);
	} else if (outcome.kind === 'block') {
		const { restartBlock } = outcome;
		const { on, deadline, restart, signals } = outcome.wait;
		const wait = { on, deadline, restart, signals, order: d.state.scheduler.order, fired: -1 };
		d.emit({ kind: 'task/block', task: d.pid, nr, wait, restartBlock, regs: { eax: wait.restart >>> 0 } });
		return decided(d);
	}
	closeMasters(d);
	const task = d.isUntraced ? undefined : d.state.tasks[d.pid];
	if (task !== undefined && isTraced(task) && isAlive(task)) {
		if (typeof outcome !== 'number' && task.trace.syscall) {
			stopAtCall(d, 'leave', {});
			return decided(d);
		}
		reportStep(d);
	}
	returnToUser(d);
	return decided(d);
}

/** A sleeping task may go on (`isReady` said so): its call is looked at again. */
export function decideResume(view: KernelView, pid: number): Decided {
	const d = new Decision(view, pid);
	const task = view.state.tasks[pid];
	const reason = isReady(view.state, task);
	const { wait } = task;
	if (reason === null || wait === null) throw new Error('internal error: resumed a task that is not ready');
	d.emit({ kind: 'task/wake', task: pid, reason });
	const nr = task.origAx;
	const { ebx, ecx, edx, esi, edi, ebp } = d.regs;
	const row = syscallRow(nr, d.persona);
	if (row === undefined) throw new Error('internal error: a task sleeps in an unknown call');
	if (reason === 'signal' && !row.onSignal) return finish(d, nr, row, wait.restart);
	return finish(d, nr, row, row.handler(d, [ebx, ecx, edx, esi, edi, ebp], { reason, wait }));
}

/** The instruction at eip raised a fault; `bytes` when this processor does not have it at all. */
export function decideFault(view: KernelView, pid: number, fault: Fault, bytes: Uint8Array | null): Decided {
	const d = new Decision(view, pid);
	if (bytes !== null) {
		d.emit({ kind: 'unsupported', task: pid, what: 'instruction', name: 'unknown opcode', eip: d.regs.eip, bytes });
	}
	if (fault.vector === Vector.PF && !fault.bus) {
		const growth = stackGrowth(view.state, d.mm, d.group, fault.address);
		if (growth) {
			d.emit(growth);
			return decided(d);
		}
	}
	forceFault(d, fault);
	returnToUser(d);
	return decided(d);
}

/** The running task touched a page for which there is no memory. @param used pages in use */
export function decideNoMemory(view: KernelView, pid: number, used: number): Decided {
	const d = new Decision(view, pid);
	killForMemory(d, used);
	returnToUser(d);
	return decided(d);
}

/** Timers whose time has come, then what their signals do to the task on the CPU. */
export function decideTimers(view: KernelView, pid: number): Decided {
	const d = new Decision(view, pid);
	const { state, trace } = view.state.tasks[pid];
	expireTimers(d);
	if (view.state.scheduler.current === pid && state === 'running' && !trace?.stop) returnToUser(d);
	return decided(d);
}

/** Signals that came from outside while the task was in user mode; or its tracer let it go on. */
export function decideSignals(view: KernelView, pid: number): Decided {
	const d = new Decision(view, pid);
	const stop = view.state.tasks[pid].trace?.stop;
	if (stop) return goOn(d, stop);
	returnToUser(d);
	return decided(d);
}
