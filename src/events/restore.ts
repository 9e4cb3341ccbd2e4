/**
 * Events of the freezer, of a dump and of a restart. But for what a guest asks of the checkpoint module (`module/…`), none of them
 * is decided by the machine: somebody outside freezes it, reads it, or fills an empty one from an image, so a trace keeps them
 * whole and a replay feeds them again.
 */
import type { CpuState, Descriptor } from './cpu.ts';
import type {
	FdTable,
	FsStruct,
	MemoryObject,
	Mm,
	RestartBlock,
	Scheduler,
	Sighand,
	Task,
	ThreadGroup,
	Vma,
	Wait,
} from './entities.ts';

/** What one object of an image makes of a machine that is being restored. */
export type Restored =
	/** An object that only frames others (the head, a path). */
	| { readonly kind: 'nothing' }
	/** A task appears, frozen, with what only it refers to. */
	| {
			readonly kind: 'task';
			readonly value: Task;
			readonly group: ThreadGroup | null;
			readonly sighand: Sighand | null;
			readonly fdTable: FdTable | null;
			readonly fs: FsStruct | null;
	  }
	/** Its address space, without mappings; task 0: that of a process whose first thread has ended, for the threads that come. */
	| { readonly kind: 'mm'; readonly task: number; readonly mm: Mm; readonly object: MemoryObject }
	/** It has the address space of a task before it, as its lender does (CLONE_VM); task 0 as above. */
	| { readonly kind: 'join'; readonly task: number; readonly mm: number }
	| { readonly kind: 'vma'; readonly mm: number; readonly vma: Vma }
	/** Whole pages of an object from page `index` on. The bytes may be a view of the image; they never change. */
	| { readonly kind: 'pages'; readonly object: number; readonly index: number; readonly bytes: Uint8Array }
	/** `count` pages of zeros. */
	| { readonly kind: 'zeros'; readonly object: number; readonly index: number; readonly count: number }
	| { readonly kind: 'ldt'; readonly mm: number; readonly ldt: readonly Descriptor[] }
	| { readonly kind: 'fpu'; readonly task: number; readonly fx: Uint8Array }
	/** Registers, and where in the kernel the task is. */
	| {
			readonly kind: 'registers';
			readonly task: number;
			readonly regs: Partial<CpuState>;
			readonly state: Task['state'];
			readonly origAx: number;
			readonly entry: Task['entry'];
			readonly wait: Wait | null;
			readonly restartBlock: RestartBlock | null;
	  };

export type RestoreEvent =
	/** The container is frozen, being dumped (then it refuses a thaw), or runs. */
	| { readonly kind: 'freezer/set'; readonly state: 'thawed' | 'frozen' | 'checkpointing' }
	/** An object was written into an image: number and name there, offset and length in bytes. Changes nothing. */
	| {
			readonly kind: 'checkpoint/object';
			readonly number: number;
			readonly name: string;
			readonly offset: number;
			readonly length: number;
	  }
	/** An object of an image was taken up: number and name there, offset and length in bytes, and its effect. */
	| {
			readonly kind: 'restore/object';
			readonly number: number;
			readonly name: string;
			readonly offset: number;
			readonly length: number;
			readonly effect: Restored;
	  }
	/** The checkpoint module made an image for a guest (checkpoint(2) of the 2008 patches); `left`: what it cannot hold. Changes nothing. */
	| {
			readonly kind: 'module/checkpoint';
			readonly task: number;
			readonly root: number;
			readonly objects: number;
			readonly length: number;
			readonly result: number;
			readonly why: string;
			readonly left: readonly string[];
	  }
	/** It made a tree of an image for a guest (restart(2)). Changes nothing: tasks and memory come by events of their own. */
	| {
			readonly kind: 'module/restart';
			readonly task: number;
			readonly root: number;
			readonly objects: number;
			readonly length: number;
			readonly result: number;
			readonly why: string;
	  }
	/** Every object was taken up: who is on the processor, and what CLOCK_REALTIME is ahead (a declared downtime in it). */
	| { readonly kind: 'restore/end'; readonly scheduler: Scheduler; readonly realOffsetNs: bigint; readonly skewNs: number };
