/** What the guest may see of the machine that does not change while it runs. Part of the trace header and of the state. */

/** One CPUID answer: [eax in, ecx in (-1: any), eax, ebx, ecx, edx], all u32 but the -1. */
export type CpuidLeaf = readonly [number, number, number, number, number, number];

export interface Persona {
	/** uname(2) fields. */
	readonly sysname: string;
	readonly nodename: string;
	readonly release: string;
	readonly version: string;
	readonly machine: string;
	readonly domainname: string;
	/** major, minor, sublevel of the kernel: cpt_image_major … */
	readonly kernel: readonly [number, number, number];
	/** CPUID leaves; any other leaf answers the highest basic leaf. */
	readonly cpuid: readonly CpuidLeaf[];
	/** User selectors of an i386 kernel: cs 0x73, ds and ss 0x7b. */
	readonly userCs: number;
	readonly userDs: number;
	/** Virtual nanoseconds one step takes. The TSC grows by `tscPerNs` a nanosecond. */
	readonly nsPerStep: number;
	readonly tscPerNs: number;
	/** CLOCK_REALTIME at the first step, ns since 1970 (`--epoch`). */
	readonly epochNs: bigint;
	/** CLOCK_MONOTONIC and CLOCK_BOOTTIME at the first step, ns. */
	readonly bootNs: number;
	/** Pid of the first task. */
	readonly firstPid: number;
	/** Steps a task may run before the scheduler looks again. */
	readonly quantum: number;
	/** Bytes of memory sysinfo(2) shows. */
	readonly memoryBytes: number;
	/**
	 * The checkpoint module of the 2008 patches is loaded: calls 334 and 335 are its own. What it does wrong, by names of the
	 * catalogue of defects (`NAME` or `NAME=ARG`); empty: nothing. Absent: not loaded.
	 */
	readonly checkpointModule?: readonly string[] | undefined;
}
