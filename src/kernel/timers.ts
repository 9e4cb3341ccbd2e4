/** Time that does something: interval timers (kernel/time/itimer.c), and the times tasks use. */
import type { ITimer, TaskTimes, ThreadGroup } from '../events/entities.ts';
import type { MachineState } from '../reducers/state.ts';
import { addTimes } from '../reducers/task.ts';
import { Sig } from './abi/signal.ts';
import type { Decision } from './decision.ts';
import { isAlive, kernelInfo } from './signal-queue.ts';
import { postSignal } from './signal-send.ts';

export type TimerName = keyof ThreadGroup['itimers'];
export const TIMER_NAMES: readonly TimerName[] = ['real', 'virtual', 'prof'];
const TIMER_SIGNALS = { real: Sig.SIGALRM, virtual: Sig.SIGVTALRM, prof: Sig.SIGPROF } as const;

export const DISARMED: ITimer = { expires: null, interval: 0 };

/** CLOCK_MONOTONIC of a state, ns. */
export function monotonicNs(state: MachineState): number {
	const { persona, clock } = state;
	return persona.bootNs + clock.steps * persona.nsPerStep + clock.skewNs;
}

export const NO_TIMES: TaskTimes = { steps: 0, startNs: 0, nvcsw: 0, nivcsw: 0, minFlt: 0, majFlt: 0 };

/** What a thread group used: its threads, those that are gone included. */
export function groupTimes(state: MachineState, id: number): TaskTimes {
	const { threads, threadTimes, tgid } = state.groups[id];
	let sum = threadTimes;
	for (const pid of threads) {
		const task = state.tasks[pid];
		// A thread that ended is in the sum already; the leader never is.
		if (pid === tgid || task.state !== 'dead') sum = addTimes(sum, task.times);
	}
	return sum;
}

/** CPU time of a thread group, ns: all of it user time. */
export function groupCpuNs(state: MachineState, group: number): number {
	return groupTimes(state, group).steps * state.persona.nsPerStep;
}

/** The clock a timer counts on, ns. */
export function timerClock(state: MachineState, group: number, which: TimerName): number {
	return which === 'real' ? monotonicNs(state) : groupCpuNs(state, group);
}

/**
 * Monotonic ns at which a CPU-time timer of the group that has the processor fires, if it runs from now on; null = there is none.
 * Other groups' timers stand still.
 */
export function nextCpuDeadline(state: MachineState): number | null {
	const running = state.tasks[state.scheduler.current];
	if (running?.state !== 'running') return null;
	const { virtual, prof } = state.groups[running.group].itimers;
	let next: number | null = null;
	for (const { expires } of [virtual, prof]) {
		if (expires === null) continue;
		const at = monotonicNs(state) + expires - groupCpuNs(state, running.group);
		if (next === null || at < next) next = at;
	}
	return next;
}

/** Fires every interval timer whose time has come: timer/expire, then its signal to the group, in order of group and timer. */
export function expireTimers(d: Decision): void {
	const { state } = d;
	for (const group of Object.values(state.groups)) {
		for (const which of TIMER_NAMES) {
			const { expires, interval } = group.itimers[which];
			const now = timerClock(state, group.id, which);
			if (expires === null || expires > now) continue;
			// The next expiry stays on the grid of the first; those missed meanwhile are not made up for.
			const value =
				interval === 0 ? DISARMED : { expires: expires + interval * (Math.floor((now - expires) / interval) + 1), interval };
			d.emit({ kind: 'timer/expire', group: group.id, which, value });
			const alive = group.threads.find((pid) => isAlive(state.tasks[pid]));
			if (alive !== undefined) postSignal(d, alive, true, kernelInfo(TIMER_SIGNALS[which]));
		}
	}
}
