/**
 * What the rest of the machine may ask of the processor, and what the processor asks of it.
 * `cpu/cpu.ts` implements `LiveCpu`; `reducers/address-space.ts` implements `Pager` over an immutable state.
 */
import type { CpuState, Descriptor, Fault } from '../events/cpu.ts';
import type { StepColumns } from '../events/steps.ts';
import type { PageLookup, Pager } from '../reducers/pages.ts';

export type { PageLookup, Pager };

/** Kinds of access, as bits: also the permission bits of a page. */
export const Access = { READ: 1, WRITE: 2, EXEC: 4 } as const;

/** A page that changed since the last seal: a fresh copy, never written again. */
export interface DirtyPage {
	readonly object: number;
	readonly index: number;
	readonly bytes: Uint8Array;
}

/** Descriptor tables of the running task: GDT entries 6..8 (TLS) and the LDT of its mm. */
export interface DescriptorTables {
	readonly tls: readonly Descriptor[];
	/** LDT entries by index; holes are {a:0,b:0}. */
	readonly ldt: readonly Descriptor[];
}

/** What CPUID and RDTSC answer, from the persona. */
export interface CpuPersona {
	/** CPUID leaves: [eax in, ecx in (or -1 for any), eax, ebx, ecx, edx], all u32. Unknown leaves answer the highest basic leaf. */
	readonly cpuid: readonly (readonly [number, number, number, number, number, number])[];
	/** Kernel code and data selectors of user mode: cs 0x73, ss 0x7b. */
	readonly userCs: number;
	readonly userDs: number;
	/** GDT entry of the first of three TLS descriptors: 6 of an i386 kernel (the default), 12 of an x86-64 one. */
	readonly firstTls?: number;
}

/** Why `run` came back. */
export const Stop = {
	/** The budget is used up. */
	BUDGET: 0,
	/** `int 0x80` retired; eip is after it. */
	INT80: 1,
	/** `sysenter` retired; eip is after it (the kernel sets the landing address). */
	SYSENTER: 2,
	/** The instruction at eip raised `fault`; nothing of it happened, it is not counted. #BP and #OF: eip after the instruction, which counts as retired (traps). An instruction breakpoint is #DB here. */
	FAULT: 3,
	/** The bytes at eip are no instruction this processor has: the guest gets #UD, the trace an `unsupported` event. */
	UNSUPPORTED: 4,
	/** #DB after the step that just retired: TF, a data breakpoint, int1. `fault.error` holds the bits DR6 reports. */
	DEBUG: 5,
} as const;

/**
 * Vector of the fault by which an instruction stops before it writes to a page for which there is no room. No processor has it:
 * the machine makes room and the instruction is tried again, or it is the end of a task.
 */
export const NO_MEMORY = 256;

/** Guest memory of the running address space, live. */
export interface LiveMemory {
	/** Copies [address, address+length) or returns undefined at the first byte that is not mapped readable. */
	read(address: number, length: number): Uint8Array | undefined;
	/**
	 * A kernel write, by the same routine that serves a write-TLB miss. False (nothing written) if any byte is not writable.
	 * `force` ignores the VMA's write permission (exec, ptrace), never the mapping's absence.
	 */
	write(address: number, bytes: Uint8Array, force?: boolean): boolean;
	/** As `write`, into the address space that `pager` resolves: any, loaded or not. */
	writeFor(pager: Pager, address: number, bytes: Uint8Array, force?: boolean): boolean;
	/** Whether a page of the object lives in a frame. */
	holds(object: number): boolean;
	/** Copies out the pages dirtied since the last seal, sorted by object then index, and notices the next write to each again. */
	seal(): DirtyPage[];
	/** Number of pages that `seal` would return now. */
	readonly dirtyCount: number;
	/** Pages that the running task may yet touch for the first time before it stops with NO_MEMORY; the kernel may go below 0. */
	room: number;
	/** Of the dirty pages those that the state does not have at all. */
	readonly fresh: number;
	/** Forgets cached translations of [start, end) (linear bytes) and the code decoded there: after any change of mappings. */
	flush(start: number, end: number): void;
	/** Drops frames of an object with index in [from, to), dirty or not: after unmap, truncate, or when the state changed under it (a kernel write to a file that is mapped). */
	drop(object: number, from: number, to: number): void;
	/** Bytes of a page of an object when it lives in a frame (it may be newer than the state's): a copy; undefined otherwise. */
	peek(object: number, index: number): Uint8Array | undefined;
}

/** A processor with one task loaded: the draft of that task's registers and of its memory. */
export interface LiveCpu {
	readonly memory: LiveMemory;
	/** Loads a task; forgets all frames if `pager` belongs to another snapshot unless `keepFrames` says the state is the same machine's. */
	load(state: CpuState, tables: DescriptorTables, pager: Pager, keepFrames: boolean): void;
	/** Forgets memory, code and steps not taken: what is loaded next is another machine's. */
	reset(): void;
	/** Forgets the code decoded in the address space of a pager: it ended, or its mappings changed while another was loaded. */
	forget(pager: Pager): void;
	/** The mappings changed (same task): use this pager from now on. The caller also calls `memory.flush` for the ranges that changed. */
	setPager(pager: Pager): void;
	/** The descriptor tables changed: hidden parts of loaded segments are read again. A selector that is no longer valid becomes 0, as the kernel's exit path does. */
	setTables(tables: DescriptorTables): void;
	/** The registers as an immutable value. */
	save(): CpuState;
	/** Sets some registers (a system call's result, a signal frame). */
	patch(registers: Partial<CpuState>): void;
	/** One register without making a whole CpuState (0..7, u32); eip. */
	gpr(index: number): number;
	readonly eip: number;
	/** 32-bit check value over all registers (u32): cheap, the same for equal CpuStates. */
	check(): number;
	/**
	 * Runs at most `budget` steps (0 < budget ≤ 2^30). `tsc` is RDTSC's value at the first step (it grows by one a step).
	 * Returns a Stop code; `retired` then holds the number of steps retired, `fault` the fault.
	 */
	run(budget: number, tsc: number): number;
	/** As `run`, and keeps every step: `takeSteps` returns them. Stops early (BUDGET) when the log is full. */
	record(budget: number, tsc: number): number;
	/** The steps recorded since the last call, materialised; `first` is the machine position of the first. */
	takeSteps(task: number, first: number): StepColumns;
	readonly retired: number;
	readonly fault: Fault | undefined;
	/** Instruction bytes at eip, up to 15, for an `unsupported` event. */
	bytesAtEip(): Uint8Array;
}
