/** Events of tasks: their life, their calls, what they wait for, the scheduler. */
import type { CpuState } from './cpu.ts';
import type { Credentials, FdTable, FsStruct, ITimer, RestartBlock, Sighand, Task, ThreadGroup, Wait } from './entities.ts';

/** Registers an event sets in the task it names. */
export type RegisterPatch = Partial<CpuState>;

/** Fields of a task that a call may simply set. */
export type TaskFields = Pick<
	Task,
	| 'comm'
	| 'tls'
	| 'altstack'
	| 'setTid'
	| 'clearTid'
	| 'robustList'
	| 'robustListLen'
	| 'rseq'
	| 'pdeathSignal'
	| 'flags'
	| 'dumpable'
	| 'noNewPrivs'
	| 'nice'
	| 'personality'
	| 'trap'
	| 'restartBlock'
	| 'mm'
> & { readonly creds: Credentials };

export type GroupFields = Pick<ThreadGroup, 'pgrp' | 'session' | 'tty' | 'rlimits' | 'subreaper'>;

export type TaskEvent =
	/** A task appears, with what only it refers to so far. */
	| {
			readonly kind: 'task/new';
			readonly task: number;
			readonly value: Task;
			readonly group?: ThreadGroup;
			readonly sighand?: Sighand;
			readonly fdTable?: FdTable;
			readonly fs?: FsStruct;
	  }
	/** `regs`: selectors that a change of descriptors made invalid become 0, as the way back to user mode makes them. */
	| { readonly kind: 'task/set'; readonly task: number; readonly fields: Partial<TaskFields>; readonly regs?: RegisterPatch }
	| { readonly kind: 'group/set'; readonly group: number; readonly fields: Partial<GroupFields> }
	/** execve: a new mm (made by mm/new before it), signal handlers reset, new registers. */
	| {
			readonly kind: 'task/exec';
			readonly task: number;
			readonly mm: number;
			readonly comm: string;
			readonly path: string;
			readonly regs: RegisterPatch;
	  }
	/** The task goes to sleep inside the call `nr`; regs hold ax = the restart code. */
	| {
			readonly kind: 'task/block';
			readonly task: number;
			readonly nr: number;
			readonly wait: Wait;
			readonly restartBlock: RestartBlock | null;
			readonly regs: RegisterPatch;
	  }
	/** It may go on: what it waited for is there, its deadline passed, or a signal came. */
	| { readonly kind: 'task/wake'; readonly task: number; readonly reason: 'ready' | 'timeout' | 'signal' }
	/** The task ends with this wait status (status << 8, or the signal, | 0x80 with a core). */
	| { readonly kind: 'task/exit'; readonly task: number; readonly status: number; readonly zombie: boolean }
	| { readonly kind: 'group/exit'; readonly group: number; readonly status: number }
	| {
			readonly kind: 'syscall/enter';
			readonly task: number;
			readonly nr: number;
			readonly args: readonly number[];
			readonly regs: RegisterPatch;
	  }
	/** `result` i32 as ax gets it; `regs` holds it too. orig_ax becomes -1, but for a Restart code: then signal/deliver or signal/restart ends the call. */
	| {
			readonly kind: 'syscall/exit';
			readonly task: number;
			readonly nr: number;
			readonly result: number;
			readonly regs: RegisterPatch;
	  }
	/** The processor refused an instruction (or trapped after one); clears Task.entry; the kernel's answer follows (a signal, a grown stack). */
	| {
			readonly kind: 'cpu/fault';
			readonly task: number;
			readonly vector: number;
			/** Error code; of #DB the bits that DR6 reports (events/debug.ts). */
			readonly error: number;
			readonly address: number;
			readonly eip: number;
			/** Beyond the end of a mapped file. */
			readonly bus: boolean;
	  }
	/** What this machine cannot do, by name: a call, or an instruction with its bytes. Never silence. */
	| {
			readonly kind: 'unsupported';
			readonly task: number;
			readonly what: 'syscall' | 'instruction' | 'feature';
			readonly name: string;
			readonly eip: number;
			readonly bytes: Uint8Array;
	  }
	| {
			readonly kind: 'sched/switch';
			readonly from: number;
			readonly to: number;
			readonly quantum: number;
			readonly queue: readonly number[];
	  }
	/** Nothing could run: virtual time jumps ahead by `ns`. */
	| { readonly kind: 'clock/skip'; readonly ns: number }
	| { readonly kind: 'clock/set'; readonly realOffsetNs: bigint }
	| { readonly kind: 'prng/advance'; readonly words: readonly [number, number, number, number] }
	| { readonly kind: 'timer/set'; readonly group: number; readonly which: 'real' | 'virtual' | 'prof'; readonly value: ITimer }
	/** A timer fired; `value` is what it is armed to now. The signal follows as signal/post. */
	| { readonly kind: 'timer/expire'; readonly group: number; readonly which: 'real' | 'virtual' | 'prof'; readonly value: ITimer }
	/** Nothing will ever run again. */
	| { readonly kind: 'machine/end' };
