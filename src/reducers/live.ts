/**
 * What the live machine folds into its state between events, without immer: these run at every system call.
 * Each is the same function of the state as the event it stands for; the laws compare them.
 */
import type { CpuState } from '../events/cpu.ts';
import type { Entry } from '../events/entities.ts';
import type { PageEffect } from '../events/event.ts';
import { copyTask, type Writable } from './draft.ts';
import type { MachineState } from './state.ts';

/** The counters of a `cpu/run`: steps retired by a task, and how the last one entered the kernel. */
export function countSteps(state: MachineState, pid: number, steps: number, entry: Entry): MachineState {
	const { clock, tasks, scheduler } = state;
	const task = copyTask(tasks[pid]);
	task.entry = entry;
	task.times = { ...task.times, steps: task.times.steps + steps };
	return {
		...state,
		clock: { ...clock, steps: clock.steps + steps },
		tasks: { ...tasks, [pid]: task },
		scheduler: { ...scheduler, left: scheduler.left - steps },
	};
}

/** What syscall/enter does to a task. */
export function enterCall(state: MachineState, pid: number, nr: number, regs: Partial<CpuState>): MachineState {
	const task = copyTask(state.tasks[pid]);
	if (Object.keys(regs).length > 0) task.cpu = { ...task.cpu, ...regs };
	task.entry = 'none';
	task.origAx = nr;
	return { ...state, tasks: { ...state.tasks, [pid]: task } };
}

/** What a call that changed nothing but registers leaves: syscall/enter and syscall/exit taken together. */
export function settleCall(state: MachineState, pid: number): MachineState {
	const task = copyTask(state.tasks[pid]);
	settle(task);
	return { ...state, tasks: { ...state.tasks, [pid]: task } };
}

function settle(task: Writable<MachineState['tasks'][number]>): void {
	task.entry = 'none';
	task.origAx = -1;
	task.wait = null;
	task.restartBlock = null;
}

/** The effect of a `cpu/run`: registers at its end and the pages it dirtied. */
export function applyEffect(state: MachineState, pid: number, cpu: CpuState, pages: readonly PageEffect[]): MachineState {
	const task = copyTask(state.tasks[pid]);
	task.cpu = cpu;
	return { ...applyPages(state, pages), tasks: { ...state.tasks, [pid]: task } };
}

/** Pages that were written. */
export function applyPages(state: MachineState, pages: readonly PageEffect[]): MachineState {
	if (pages.length === 0) return state;
	const byObject = new Map<number, [number, Uint8Array][]>();
	for (const page of pages) {
		const list = byObject.get(page.object);
		if (list) list.push([page.index, page.bytes]);
		else byObject.set(page.object, [[page.index, page.bytes]]);
	}
	const objects: Record<number, MachineState['objects'][number]> = { ...state.objects };
	for (const [id, list] of byObject) objects[id] = { ...objects[id], pages: objects[id].pages.with(list) };
	return { ...state, objects };
}

/**
 * The state of a live machine, its own until it is shared: a task that runs is counted again and again, and only the first
 * time makes copies; what comes then writes to those copies, which nobody else has seen.
 */
export class LiveState {
	#state: MachineState;
	/** Task whose entity, like the state itself, its clock, scheduler and table of tasks, is a copy made here; 0 = none. */
	#own = 0;

	constructor(state: MachineState) {
		this.#state = state;
	}

	/** The state to look at: its counters are valid up to the next change. */
	get current(): MachineState {
		return this.#state;
	}

	/** The state as a value: no more written to. */
	share(): MachineState {
		this.#own = 0;
		return this.#state;
	}

	/** What events made of it. */
	replace(state: MachineState): void {
		this.#own = 0;
		this.#state = state;
	}

	/** As `countSteps`. */
	count(pid: number, steps: number, entry: Entry): void {
		if (this.#own !== pid) {
			this.#state = countSteps(this.#state, pid, steps, entry);
			this.#own = pid;
			return;
		}
		const { clock, scheduler, tasks } = this.#state;
		const task = tasks[pid] as Writable<MachineState['tasks'][number]>;
		(clock as Writable<typeof clock>).steps += steps;
		(scheduler as Writable<typeof scheduler>).left -= steps;
		(task.times as Writable<typeof task.times>).steps += steps;
		task.entry = entry;
	}

	/** Registers of a task that are newer than its entity's. */
	setRegisters(pid: number, cpu: CpuState): void {
		if (this.#own === pid) (this.#state.tasks[pid] as Writable<MachineState['tasks'][number]>).cpu = cpu;
		else this.replace(applyEffect(this.#state, pid, cpu, []));
	}

	/** As `settleCall`. */
	settle(pid: number): void {
		if (this.#own !== pid) {
			this.#state = settleCall(this.#state, pid);
			return;
		}
		settle(this.#state.tasks[pid]);
	}
}
