/** Events of tasks: their life, their calls, what they wait for, the scheduler. */
import type { CpuState } from './cpu.ts';
import type {
	Credentials,
	FdTable,
	FsStruct,
	ITimer,
	RestartBlock,
	Sighand,
	Task,
	TaskTimes,
	ThreadGroup,
	Tracing,
	Wait,
	WaitOn,
} from './entities.ts';

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
	| 'noNewPrivs'
	| 'nice'
	| 'sched'
	| 'timerSlack'
	| 'personality'
	| 'trap'
	| 'restartBlock'
	| 'mm'
	| 'ppid'
	| 'exitSignal'
	| 'vforkParent'
	| 'origAx'
	| 'trace'
	| 'ns'
> & { readonly creds: Credentials };

export type GroupFields = Pick<
	ThreadGroup,
	'pgrp' | 'session' | 'tty' | 'oldPgrp' | 'rlimits' | 'subreaper' | 'report' | 'timers' | 'nextTimer'
>;

export type TaskEvent =
	/** A task appears, with what only it refers to so far. Its group's list of threads gets it at its end. */
	| {
			readonly kind: 'task/new';
			readonly task: number;
			readonly value: Task;
			/** Its pid was asked for: where the next one is looked for stays. */
			readonly placed?: boolean;
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
	/** A task that ended leaves the tables. `group` waited for it (0: nobody had to) and `times` are that group's childTimes now. */
	| { readonly kind: 'task/reap'; readonly task: number; readonly group: number; readonly times: TaskTimes | null }
	/** A thread that executes a program takes the pid of its group, whose other threads are gone. */
	| { readonly kind: 'task/rename'; readonly task: number; readonly to: number }
	/** A pid (of a task, a process group or a session) gets a number in a pid namespace. */
	| {
			readonly kind: 'pid/enter';
			readonly ns: number;
			readonly pid: number;
			readonly nr: number;
			/** Where the next one is looked for. */
			readonly next: number;
	  }
	/** Nobody has the pid any more: a pid namespace forgets it. */
	| { readonly kind: 'pid/leave'; readonly ns: number; readonly pid: number }
	/** The task no longer shares what is given here: copies of its own. */
	| {
			readonly kind: 'task/unshare';
			readonly task: number;
			readonly sighand?: Sighand;
			readonly fdTable?: FdTable;
			readonly fs?: FsStruct;
	  }
	/** The group's stop has come to this thread. */
	| { readonly kind: 'task/stop'; readonly task: number }
	/** A traced task stops for its tracer; `regs`: ax as the tracer sees it. */
	| { readonly kind: 'trace/stop'; readonly task: number; readonly trace: Tracing; readonly regs: RegisterPatch }
	/** It may go on from the stop in `trace`, or (null) nobody traces it any more. `regs`: TF for a single step. */
	| { readonly kind: 'trace/resume'; readonly task: number; readonly trace: Tracing | null; readonly regs: RegisterPatch }
	/** Somebody answers a wait: place `index` of its `on`. The task goes on with its next task/wake. */
	| { readonly kind: 'wait/fire'; readonly task: number; readonly index: number }
	/** A waiter moves to the end of another queue (futex requeue). */
	| { readonly kind: 'wait/move'; readonly task: number; readonly on: readonly WaitOn[] }
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
			/** What the instruction changed though it was refused: #XM sets its flags in MXCSR. Absent: nothing. */
			readonly regs?: RegisterPatch;
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
	/** It touches a page for which the machine has no memory. `used`, `limit`: pages. The signal follows as signal/post. */
	| { readonly kind: 'task/oom'; readonly task: number; readonly used: number; readonly limit: number }
	/** The task that has the processor gives up the rest of its quantum. */
	| { readonly kind: 'sched/yield'; readonly task: number }
	/** `from` goes to the end of the queue if it may run; `to` leaves it. */
	| {
			readonly kind: 'sched/switch';
			readonly from: number;
			readonly to: number;
			readonly quantum: number;
			/** The scheduler's generator afterwards, and what priorities are drawn from. */
			readonly rng: number;
			readonly epoch: number;
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
