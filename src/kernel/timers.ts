/** Time that does something: interval timers and the deadlines of sleeping tasks (kernel/time/itimer.c). */
import type { ITimer, ThreadGroup } from '../events/entities.ts';
import type { MachineState } from '../reducers/state.ts';
import { Sig } from './abi/signal.ts';
import type { Decision } from './decision.ts';
import { kernelInfo, postSignal } from './signal-queue.ts';

export type TimerName = keyof ThreadGroup['itimers'];
export const TIMER_NAMES: readonly TimerName[] = ['real', 'virtual', 'prof'];
const TIMER_SIGNALS = { real: Sig.SIGALRM, virtual: Sig.SIGVTALRM, prof: Sig.SIGPROF } as const;

export const DISARMED: ITimer = { expires: null, interval: 0 };

/** CLOCK_MONOTONIC of a state, ns. */
export function monotonicNs(state: MachineState): number {
	const { persona, clock } = state;
	return persona.bootNs + clock.steps * persona.nsPerStep + clock.skewNs;
}

/** CPU time of a thread group, ns: all of it user time. */
export function groupCpuNs(state: MachineState, group: number): number {
	let steps = 0;
	for (const task of Object.values(state.tasks)) if (task.group === group) steps += task.times.steps;
	return steps * state.persona.nsPerStep;
}

/** The clock a timer counts on, ns. */
export function timerClock(state: MachineState, group: number, which: TimerName): number {
	return which === 'real' ? monotonicNs(state) : groupCpuNs(state, group);
}

/**
 * Monotonic ns of the next thing that time will do: a deadline of a sleeping task, an interval timer; null = nothing.
 * CPU-time timers count as if their group ran from now on, and only for the group that is on the CPU.
 */
export function nextDeadline(state: MachineState): number | null {
	const now = monotonicNs(state);
	const running = state.tasks[state.scheduler.current];
	const onCpu = running?.state === 'running' ? running.group : 0;
	let next: number | null = null;
	const consider = (at: number | null | undefined): void => {
		if (at !== null && at !== undefined && (next === null || at < next)) next = at;
	};
	for (const task of Object.values(state.tasks)) if (task.state === 'sleeping') consider(task.wait?.deadline);
	for (const group of Object.values(state.groups)) {
		const { real, virtual, prof } = group.itimers;
		consider(real.expires);
		if (group.id !== onCpu) continue;
		for (const timer of [virtual, prof]) {
			if (timer.expires !== null) consider(now + timer.expires - groupCpuNs(state, group.id));
		}
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
			const alive = Object.values(state.tasks).find((t) => t.group === group.id && t.state !== 'dead' && t.state !== 'zombie');
			if (alive !== undefined) postSignal(d, alive.pid, true, kernelInfo(TIMER_SIGNALS[which]));
		}
	}
}
