/**
 * Who runs next, and for how long: first come, first served, for a quantum of steps that the seed varies. With `chaos` as rr's
 * chaos mode (Scheduler.cc): now and then a quantum is very short, and tasks get priorities at random that are drawn again later.
 * Realtime tasks (kernel/sched/rt.c of Linux 6.1) come before all others, and at once; among equals those of SCHED_FIFO have no
 * quantum, those of SCHED_RR a long one. `chaos` leaves their order alone, and gives SCHED_RR the quanta of all others.
 */
import type { SchedPolicy, Task } from '../events/entities.ts';
import type { KernelEvent } from '../events/event.ts';
import type { MachineState, Scheduler } from '../reducers/state.ts';

/** One of these many quanta is short, at most these steps long; priorities are drawn again at one of these many switches. */
const CHAOS = { SHORT_ONE_IN: 8, SHORT_STEPS: 100, REDRAW_ONE_IN: 32, LOW_ONE_IN: 4 } as const;

/** Scheduling policies (include/uapi/linux/sched.h). */
export const Policy = { NORMAL: 0, FIFO: 1, RR: 2, BATCH: 3, IDLE: 5, DEADLINE: 6 } as const;
export const NORMAL: SchedPolicy = { policy: Policy.NORMAL, priority: 0, resetOnFork: false, slice: 0, since: 0 };
export const isRealtime = (policy: number): boolean => policy === Policy.FIFO || policy === Policy.RR;
/** What a new task has of its creator's (sched_fork). */
export function inheritedPolicy({ nice, sched }: Task): Pick<Task, 'nice' | 'sched'> {
	const own = { ...sched, slice: 0, since: 0 };
	if (!sched.resetOnFork) return { nice, sched: own };
	return isRealtime(sched.policy)
		? { nice: 0, sched: NORMAL }
		: { nice: Math.max(0, nice), sched: { ...own, resetOnFork: false } };
}

/** The quantum of SCHED_RR (RR_TIMESLICE), ns. */
export const RR_QUANTUM_NS = 100_000_000;
/** Steps of a quantum that does not end. */
const ENDLESS = 2 ** 52;

/** xorshift32 (Marsaglia): the next word, never 0. */
function next(word: number): number {
	let x = word;
	x ^= x << 13;
	x ^= x >>> 17;
	x ^= x << 5;
	return x >>> 0;
}

/** The scheduler of a machine that has no tasks yet. */
export function seedScheduler(seed: number, chaos: boolean): Scheduler {
	const mixed = (Math.imul(seed ^ Math.floor(seed / 2 ** 32), 0x9e3779b1) ^ 0x5bd1e995) >>> 0;
	const rng = next(mixed === 0 ? 1 : mixed);
	return { current: 0, left: 0, queue: [], rng, order: 1, chaos, epoch: chaos ? next(rng) : 0 };
}

/** Whether a task has to wait for those of high priority. */
function isLow(epoch: number, pid: number): boolean {
	const mixed = Math.imul(epoch ^ Math.imul(pid, 0x85ebca6b), 0xc2b2ae35) >>> 0;
	return (mixed >>> 8) % CHAOS.LOW_ONE_IN === 0;
}

/** Whether a task does not have to wait for another that may run: nobody's priority is higher. */
export function isFirst({ scheduler, tasks }: MachineState, pid: number): boolean {
	const [next] = scheduler.queue;
	return next === undefined || tasks[next].sched.priority < tasks[pid].sched.priority;
}

/** The next switch, or nothing when the current task stays. */
export function decideSchedule(state: MachineState): readonly KernelEvent[] {
	const { scheduler, tasks } = state;
	const { current, left, queue } = scheduler;
	const runs = current !== 0 && tasks[current]?.state === 'running';
	if (queue.length === 0) {
		if (runs || current === 0) return [];
		return [{ kind: 'sched/switch', from: current, to: 0, quantum: 0, rng: scheduler.rng, epoch: scheduler.epoch }];
	}
	if (!runs) return [switchAmong(state, queue)];
	const above = tasks[queue[0]].sched.priority - tasks[current].sched.priority;
	if (above <= 0 && left > 0) return [];
	return [above < 0 ? renewQuantum(state) : switchAmong(state, above > 0 ? queue : [...queue, current])];
}

/** The task that has the processor keeps it for a new quantum. */
export function renewQuantum(state: MachineState): KernelEvent {
	return switchAmong(state, [state.scheduler.current]);
}

/** Who of these goes on: the first, or with `chaos` any, but realtime tasks keep their order. */
function switchAmong(state: MachineState, pids: readonly number[]): KernelEvent {
	const { scheduler, tasks, persona } = state;
	let rng = next(scheduler.rng);
	let { epoch } = scheduler;
	let [to] = pids;
	const base = tasks[to].sched.policy === Policy.RR ? Math.ceil(RR_QUANTUM_NS / persona.nsPerStep) : persona.quantum;
	let quantum = Math.max(1, Math.floor(base / 2)) + (rng % base);
	if (scheduler.chaos) {
		if (rng % CHAOS.REDRAW_ONE_IN === 0) epoch = next(rng ^ epoch) >>> 0;
		const all = tasks[to].sched.priority > 0 ? [to] : pids;
		const high = all.filter((pid) => !isLow(epoch, pid));
		const among = high.length > 0 ? high : all;
		rng = next(rng);
		to = among[rng % among.length];
		rng = next(rng);
		quantum = 1 + ((rng >>> 4) % (rng % CHAOS.SHORT_ONE_IN === 0 ? CHAOS.SHORT_STEPS : persona.quantum));
	}
	const { policy, slice } = tasks[to].sched;
	if (policy === Policy.FIFO) quantum = ENDLESS;
	else if (slice > 0) quantum = slice;
	return { kind: 'sched/switch', from: scheduler.current, to, quantum, rng, epoch };
}
