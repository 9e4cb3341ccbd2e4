/**
 * What the clocks of clock_gettime(2) show (kernel/time/posix-timers.c, posix-cpu-timers.c). Time is a function of the
 * steps and of virtual waiting; realtime adds the persona's epoch and what clock_settime changed.
 */
import type { Task } from '../events/entities.ts';
import { Clock, TICK_NSEC } from './abi/time.ts';
import type { Decision } from './decision.ts';
import { taskOrOwn } from './pids.ts';
import { cpuClockId, groupCpuNs } from './timers.ts';

/** A clock as the calls need it. */
export interface ClockSource {
	/** Its time, ns. */
	readonly now: (d: Decision) => bigint;
	/** What clock_getres says, ns. */
	readonly resolution: number;
	/** Whether clock_nanosleep takes it: realtime's deadlines follow realtime. */
	readonly sleeps: boolean;
	/** Whether clock_settime sets it (for root). */
	readonly settable: boolean;
}

const monotonic = (d: Decision): bigint => BigInt(Math.floor(d.now));
const realtime = (d: Decision): bigint => d.realNow;
const coarse = (ns: bigint): bigint => ns - (ns % BigInt(TICK_NSEC));
const threadCpu = (d: Decision, task: Task): bigint => BigInt(Math.floor(task.times.steps * d.state.persona.nsPerStep));
const groupCpu = (d: Decision, group: number): bigint => BigInt(Math.floor(groupCpuNs(d.state, group)));

const SOURCES: { readonly [id: number]: ClockSource } = {
	[Clock.CLOCK_REALTIME]: { now: realtime, resolution: 1, sleeps: true, settable: true },
	[Clock.CLOCK_MONOTONIC]: { now: monotonic, resolution: 1, sleeps: true, settable: false },
	[Clock.CLOCK_PROCESS_CPUTIME_ID]: { now: (d) => groupCpu(d, d.task.group), resolution: 1, sleeps: false, settable: false },
	[Clock.CLOCK_THREAD_CPUTIME_ID]: { now: (d) => threadCpu(d, d.task), resolution: 1, sleeps: false, settable: false },
	[Clock.CLOCK_MONOTONIC_RAW]: { now: monotonic, resolution: 1, sleeps: false, settable: false },
	[Clock.CLOCK_REALTIME_COARSE]: { now: (d) => coarse(d.realNow), resolution: TICK_NSEC, sleeps: false, settable: false },
	[Clock.CLOCK_MONOTONIC_COARSE]: { now: (d) => coarse(monotonic(d)), resolution: TICK_NSEC, sleeps: false, settable: false },
	[Clock.CLOCK_BOOTTIME]: { now: monotonic, resolution: 1, sleeps: true, settable: false },
	// No time daemon has set the offset to UTC.
	[Clock.CLOCK_TAI]: { now: realtime, resolution: 1, sleeps: true, settable: false },
};

/** Whether deadlines on the clock move when realtime is set. */
export function isRealtime(id: number): boolean {
	return id === Clock.CLOCK_REALTIME || id === Clock.CLOCK_TAI;
}

/** The clocks that could wake a suspended machine. This one has no real-time clock device: they cannot be read (EINVAL). */
export function isAlarm(id: number): boolean {
	return id === Clock.CLOCK_REALTIME_ALARM || id === Clock.CLOCK_BOOTTIME_ALARM;
}

/** The clock of an id (i32), or undefined (EINVAL). Negative ids are CPU clocks: ~pid << 3, bit 2 = of a thread, bits 0..1 = kind. */
export function clockSource(d: Decision, id: number): ClockSource | undefined {
	return id >= 0 ? SOURCES[id] : cpuClock(d, id);
}

/** Whose CPU time a negative id is; undefined: nobody's that may be asked (pid_for_clock). */
function cpuOwner(d: Decision, id: number): { readonly task: Task; readonly ofThread: boolean } | undefined {
	if ((id & 3) === 3) return undefined;
	const nr = ~(id >> 3);
	const task = taskOrOwn(d, nr);
	const ofThread = (id & 4) !== 0;
	if (task === undefined || task.state === 'dead') return undefined;
	if (ofThread ? task.group !== d.task.group : task.tgid !== task.pid && nr !== 0) return undefined;
	return { task, ofThread };
}

/** The CPU clock a timer of this id counts on, as `cpuClockNs` knows it; undefined (EINVAL): there is none. */
export function cpuTimerClock(d: Decision, id: number): number | undefined {
	if (id === Clock.CLOCK_PROCESS_CPUTIME_ID) return cpuClockId(d.task.tgid, false);
	if (id === Clock.CLOCK_THREAD_CPUTIME_ID) return cpuClockId(d.pid, true);
	const owner = cpuOwner(d, id);
	return owner && cpuClockId(owner.ofThread ? owner.task.pid : owner.task.tgid, owner.ofThread);
}

function cpuClock(d: Decision, id: number): ClockSource | undefined {
	const owner = cpuOwner(d, id);
	if (owner === undefined) return undefined;
	const { task, ofThread } = owner;
	const kind = id & 3;
	// Kinds: 0 user and system time, 1 user time, 2 what the scheduler counted. All time here is user time.
	return {
		now: (decision) => (ofThread ? threadCpu(decision, task) : groupCpu(decision, task.group)),
		resolution: kind === 2 ? 1 : TICK_NSEC,
		sleeps: false,
		settable: false,
	};
}
