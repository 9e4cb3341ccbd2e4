/**
 * The kernel's decisions, one function for each kind of thing it decides about. Each takes a view, returns the events,
 * and changes nothing; or says which input it needs first.
 */
import type { Fault } from '../events/cpu.ts';
import { Vector } from '../events/cpu.ts';
import { dr6Of } from '../events/debug.ts';
import type { KernelEvent } from '../events/event.ts';
import { callName } from './abi/call-numbers.ts';
import { Errno } from './abi/errno.ts';
import { Decision, isNeed, type KernelView, type NeedInput, type Outcome } from './decision.ts';
import { forceFault } from './faults.ts';
import type { SyscallRow } from './row.ts';
import { returnToUser } from './signals.ts';
import { stackGrowth } from './stack.ts';
import { syscallRow } from './syscalls.ts';
import { expireTimers } from './timers.ts';
import { VDSO_SYMBOLS } from './vdso.ts';
import { isReady } from './waits.ts';

/** What a decision came to. */
export type Decided = { readonly kind: 'decided'; readonly events: readonly KernelEvent[] } | NeedInput;

function decided(d: Decision): Decided {
	return { kind: 'decided', events: d.events };
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
	const row = syscallRow(eax);
	return finish(d, eax, row, row === undefined ? unknownCall(d, eax) : row.handler(d, args, null));
}

/** A number without a row: said aloud, then -ENOSYS. */
function unknownCall(d: Decision, nr: number): Outcome {
	d.emit({ kind: 'unsupported', task: d.pid, what: 'syscall', name: callName(nr), eip: d.regs.eip, bytes: new Uint8Array(0) });
	return -Errno.ENOSYS;
}

/** Turns a handler's outcome into events, up to the return to user mode. */
function finish(d: Decision, nr: number, row: SyscallRow | undefined, outcome: Outcome): Decided {
	if (isNeed(outcome)) return outcome;
	if (typeof outcome === 'number') {
		if (row?.support === 'none') unknownCall(d, nr);
		d.emit({ kind: 'syscall/exit', task: d.pid, nr, result: outcome, regs: { eax: outcome >>> 0 } });
	} else if (outcome.kind === 'block') {
		const { restartBlock } = outcome;
		const wait = { ...outcome.wait, order: d.state.scheduler.order, fired: -1 };
		d.emit({ kind: 'task/block', task: d.pid, nr, wait, restartBlock, regs: { eax: wait.restart >>> 0 } });
		return decided(d);
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
	const row = syscallRow(nr);
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

/** Timers whose time has come, then what their signals do to the task on the CPU. */
export function decideTimers(view: KernelView, pid: number): Decided {
	const d = new Decision(view, pid);
	expireTimers(d);
	if (view.state.scheduler.current === pid && view.state.tasks[pid].state === 'running') returnToUser(d);
	return decided(d);
}

/** Signals that came from outside while the task was in user mode. */
export function decideSignals(view: KernelView, pid: number): Decided {
	const d = new Decision(view, pid);
	returnToUser(d);
	return decided(d);
}
