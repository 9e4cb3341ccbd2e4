/**
 * Who runs next, and for how long: first come, first served, for a quantum of steps that the seed varies. With `chaos` as rr's
 * chaos mode (Scheduler.cc): now and then a quantum is very short, and tasks get priorities at random that are drawn again later.
 */
import type { KernelEvent } from '../events/event.ts';
import type { MachineState, Scheduler } from '../reducers/state.ts';

/** One of these many quanta is short, at most these steps long; priorities are drawn again at one of these many switches. */
const CHAOS = { SHORT_ONE_IN: 8, SHORT_STEPS: 100, REDRAW_ONE_IN: 32, LOW_ONE_IN: 4 } as const;

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

/** The next switch, or nothing when the current task stays. */
export function decideSchedule(state: MachineState): readonly KernelEvent[] {
	const { scheduler, tasks, persona } = state;
	const { current, left, queue, chaos } = scheduler;
	const runs = current !== 0 && tasks[current]?.state === 'running';
	if (runs && (left > 0 || queue.length === 0)) return [];
	if (!runs && queue.length === 0) {
		if (current === 0) return [];
		return [{ kind: 'sched/switch', from: current, to: 0, quantum: 0, rng: scheduler.rng, epoch: scheduler.epoch }];
	}
	let rng = next(scheduler.rng);
	let { epoch } = scheduler;
	let to = queue[0];
	let quantum = Math.max(1, Math.floor(persona.quantum / 2)) + (rng % persona.quantum);
	if (chaos) {
		if (rng % CHAOS.REDRAW_ONE_IN === 0) epoch = next(rng ^ epoch) >>> 0;
		const all = runs ? [...queue, current] : queue;
		const high = all.filter((pid) => !isLow(epoch, pid));
		const among = high.length > 0 ? high : all;
		rng = next(rng);
		to = among[rng % among.length];
		rng = next(rng);
		quantum = 1 + ((rng >>> 4) % (rng % CHAOS.SHORT_ONE_IN === 0 ? CHAOS.SHORT_STEPS : persona.quantum));
	}
	return [{ kind: 'sched/switch', from: current, to, quantum, rng, epoch }];
}
