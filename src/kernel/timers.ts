/** Time that does something: interval timers (kernel/time/itimer.c), and the times tasks use. */
import type { Anon, ITimer, PosixTimer, Task, TaskTimes, ThreadGroup } from '../events/entities.ts';
import type { MachineState } from '../reducers/state.ts';
import { addTimes } from '../reducers/task.ts';
import { RLIM_INFINITY, RLIMIT } from './abi/mm.ts';
import { siginfo } from './abi/siginfo.ts';
import { Code, Sig } from './abi/signal.ts';
import { NSEC_PER_SEC, NSEC_PER_USEC } from './abi/time.ts';
import type { Decision } from './decision.ts';
import { isAlive, kernelInfo } from './signal-queue.ts';
import { postSignal } from './signal-send.ts';

export type TimerName = keyof ThreadGroup['itimers'];
export const TIMER_NAMES: readonly TimerName[] = ['real', 'virtual', 'prof'];
const TIMER_SIGNALS = { real: Sig.SIGALRM, virtual: Sig.SIGVTALRM, prof: Sig.SIGPROF } as const;

/** sigev_notify (include/uapi/asm-generic/siginfo.h). */
export const SIGEV = { SIGNAL: 0, NONE: 1, THREAD: 2, THREAD_ID: 4 } as const;

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

/** The id of the CPU clock of a process or thread, by its pid: the kind that the scheduler counts (MAKE_PROCESS_CPUCLOCK). */
export function cpuClockId(pid: number, ofThread: boolean): number {
	return (~pid << 3) | (ofThread ? 4 : 0) | 2;
}

/** What such a clock shows, ns; null when who it is of is gone. */
function cpuClockNs(state: MachineState, id: number): number | null {
	const task = state.tasks[~(id >> 3)];
	if (task === undefined || task.state === 'dead') return null;
	return id & 4 ? task.times.steps * state.persona.nsPerStep : groupCpuNs(state, task.group);
}

/** The time a POSIX timer counts on, ns: monotonic time or, of a negative id, a CPU clock's; null when that is gone. */
export function posixTimerNow(state: MachineState, clock: number): number | null {
	return clock < 0 ? cpuClockNs(state, clock) : monotonicNs(state);
}

/** Whether a CPU clock runs while this task does. */
function runsWith(clock: number, running: Task): boolean {
	const pid = ~(clock >> 3);
	return pid === (clock & 4 ? running.pid : running.tgid);
}

/** The clock a timer counts on, ns. */
export function timerClock(state: MachineState, group: number, which: TimerName): number {
	return which === 'real' ? monotonicNs(state) : groupCpuNs(state, group);
}

/**
 * Monotonic ns at which a timer of the CPU time of the task that has the processor fires, if it runs from now on; null = there is
 * none. Others' CPU time stands still. @param groups those that may have POSIX timers of CPU time
 */
export function nextCpuDeadline(state: MachineState, groups: Iterable<number>): number | null {
	const running = state.tasks[state.scheduler.current];
	if (running?.state !== 'running') return null;
	const { itimers, rlimits } = state.groups[running.group];
	let next: number | null = null;
	for (const expires of [itimers.virtual.expires, itimers.prof.expires, limitNs(rlimits[RLIMIT.CPU], NSEC_PER_SEC)]) {
		if (expires === null) continue;
		const at = monotonicNs(state) + expires - groupCpuNs(state, running.group);
		if (next === null || at < next) next = at;
	}
	for (const id of groups) {
		for (const { clock, expires } of state.groups[id]?.timers ?? []) {
			if (clock >= 0 || expires === null || !runsWith(clock, running)) continue;
			const at = monotonicNs(state) + expires - (cpuClockNs(state, clock) ?? 0);
			if (next === null || at < next) next = at;
		}
	}
	const limit = running.sched.priority > 0 ? limitNs(rlimits[RLIMIT.RTTIME], NSEC_PER_USEC) : null;
	if (limit === null) return next;
	const at = monotonicNs(state) + limit - sleeplessNs(state, running);
	return next === null || at < next ? at : next;
}

/** CPU time since a realtime task woke last, ns. */
function sleeplessNs(state: MachineState, { times, sched }: Task): number {
	return (times.steps - sched.since) * state.persona.nsPerStep;
}

/**
 * Time at which a limit next acts, ns; null = never. Without a soft limit the hard one is not looked at, as in Linux.
 * @param unit of the limit, ns
 */
function limitNs([soft, hard]: readonly [number, number], unit: number): number | null {
	return soft === RLIM_INFINITY ? null : Math.min(soft, hard) * unit;
}

/** RLIMIT_CPU of the group that runs, and RLIMIT_RTTIME of a realtime task: time without a sleep (check_process_timers, check_thread_timers). */
function expireLimits(d: Decision): void {
	const { state } = d;
	const running = state.tasks[state.scheduler.current];
	if (running?.state !== 'running') return;
	if (running.sched.priority > 0) expireLimit(d, running, RLIMIT.RTTIME, sleeplessNs(state, running), NSEC_PER_USEC);
	expireLimit(d, running, RLIMIT.CPU, groupCpuNs(state, running.group), NSEC_PER_SEC);
}

/** SIGXCPU at the soft limit, which moves on by a second, SIGKILL at the hard one. */
function expireLimit(d: Decision, { pid, group }: Task, limit: number, used: number, unit: number): void {
	const { rlimits } = d.state.groups[group];
	const [soft, hard] = rlimits[limit];
	const at = limitNs(rlimits[limit], unit);
	if (at === null || at > used) return;
	if (hard !== RLIM_INFINITY && hard * unit <= used) {
		postSignal(d, pid, true, kernelInfo(Sig.SIGKILL));
		return;
	}
	postSignal(d, pid, true, kernelInfo(Sig.SIGXCPU));
	const moved: readonly [number, number] = [soft + NSEC_PER_SEC / unit, hard];
	d.emit({ kind: 'group/set', group, fields: { rlimits: rlimits.map((l, i) => (i === limit ? moved : l)) } });
}

/** Fires every timer whose time has come: of each group, then timerfds, in order of group and timer. */
export function expireTimers(d: Decision): void {
	expireItimers(d);
	expireLimits(d);
	for (const { id } of Object.values(d.state.groups)) expirePosixTimers(d, id);
	const now = monotonicNs(d.state);
	for (const anon of Object.values(d.state.anons)) if (anon.kind === 'timerfd') expireTimerfd(d, anon, now);
}

/** How often a timer fired until now, and when it fires next. Null: it did not. */
function fired(
	timer: { readonly expires: number | null; readonly interval: number },
	now: number,
): (ITimer & { readonly times: number }) | null {
	const { expires, interval } = timer;
	if (expires === null || expires > now) return null;
	if (interval === 0) return { expires: null, interval, times: 1 };
	const times = Math.floor((now - expires) / interval) + 1;
	return { expires: expires + interval * times, interval, times };
}

function expireTimerfd(d: Decision, anon: Anon & { kind: 'timerfd' }, now: number): void {
	const next = fired(anon, now);
	if (next === null) return;
	const wakes = { ...anon.wakes, read: anon.wakes.read + 1 };
	d.emit({ kind: 'anon/set', anon: { ...anon, expires: next.expires, ticks: anon.ticks + next.times, wakes } });
}

/** POSIX timers of a group: a signal that still waits is not sent again, what came meanwhile is its overrun. */
export function expirePosixTimers(d: Decision, id: number): void {
	for (const timer of d.state.groups[id].timers) {
		const now = posixTimerNow(d.state, timer.clock);
		const next = now === null ? null : fired(timer, now);
		if (next === null) continue;
		const { state } = d;
		const group = state.groups[id];
		const alive = group.threads.find((pid) => isAlive(state.tasks[pid]));
		const to = timer.notify & SIGEV.THREAD_ID ? timer.tid : alive;
		const target = to === undefined ? undefined : state.tasks[to];
		const sends = timer.notify !== SIGEV.NONE && target !== undefined && isAlive(target);
		const waiting =
			sends && [...target.pending, ...group.pending].some((i) => i.code === Code.SI_TIMER && i.extra[0] === timer.id);
		const overrun = waiting ? timer.overrun + next.times : next.times - 1;
		const after: PosixTimer = { ...timer, expires: alive === undefined ? null : next.expires, overrun };
		const timers = group.timers.map((t) => (t.id === timer.id ? after : t));
		d.emit({ kind: 'group/set', group: id, fields: { timers } });
		if (!sends || waiting) continue;
		const info = siginfo({ signo: timer.signo, code: Code.SI_TIMER, value: timer.value, extra: [timer.id, overrun] });
		postSignal(d, target.pid, !(timer.notify & SIGEV.THREAD_ID), info);
	}
}

/** Interval timers: timer/expire, then the signal to the group. */
function expireItimers(d: Decision): void {
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
