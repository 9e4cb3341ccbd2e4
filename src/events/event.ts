/**
 * The union of all events. An event is an immutable fact with its effect in it: a reducer applies it without decoding an
 * instruction or knowing a system call number. Grouped by file; `catalogue.ts` has a row for each.
 */
import type { CpuState } from './cpu.ts';
import type { Entry } from './entities.ts';
import type { FileEvent } from './files.ts';
import type { InputEvent } from './input.ts';
import type { IpcEvent } from './ipc.ts';
import type { MemoryEvent } from './memory.ts';
import type { MountEvent } from './mounts.ts';
import type { RestoreEvent } from './restore.ts';
import type { SignalEvent } from './signals.ts';
import type { StepColumns, StepEvent } from './steps.ts';
import type { TaskEvent } from './task.ts';
import type { TtyEvent } from './tty.ts';

export type { StepColumns, StepEvent };

/** A page changed by a run: a fresh copy, never written again. */
export interface PageEffect {
	readonly object: number;
	readonly index: number;
	readonly bytes: Uint8Array;
}

/** A stretch of steps of one task between two other events. */
export interface RunEvent {
	readonly kind: 'cpu/run';
	readonly task: number;
	/** Steps retired, > 0. */
	readonly steps: number;
	/** Check value of the task's registers at the end (u32, LiveCpu.check). */
	readonly check: number;
	/** How its last step entered the kernel (Task.entry). */
	readonly entry: Entry;
	/**
	 * The effect: registers at the end and pages dirtied. Present in memory where a state is to be reduced; a trace of grain
	 * `inputs` does not keep it (it is derived by running), one of grain `steps` keeps every step instead.
	 */
	readonly effect?: { readonly cpu: CpuState; readonly pages: readonly PageEffect[] };
}

/** The steps themselves, in columns: grain `steps`, and windows of any trace. Reduces as its cpu/run would. */
export interface StepsEvent {
	readonly kind: 'cpu/steps';
	readonly task: number;
	readonly columns: StepColumns;
	/** How the last step entered the kernel (Task.entry). */
	readonly entry: Entry;
}

/** Events that the kernel decides or the outside brings: all but the processor's. */
export type KernelEvent =
	| TaskEvent
	| MemoryEvent
	| FileEvent
	| MountEvent
	| IpcEvent
	| TtyEvent
	| SignalEvent
	| InputEvent
	| RestoreEvent;

export type MachineEvent = RunEvent | StepsEvent | KernelEvent;

export type EventKind = MachineEvent['kind'];
